//! What a runtime of one thread finds where it looks for an answer by itself: more than it reads in one turn.
#![cfg(feature = "tonic")]

mod common;

use std::time::Duration;

use common::{Obedient, ask, client, order, soon};
use samehost::{Channel, Server};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_server::EchoServer;

#[tokio::test]
async fn what_one_turn_leaves_unread_is_read_by_the_next_though_nobody_rings_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("shm:{}", folder.path().join("s").display());
    let server = Server::builder().add_service(EchoServer::new(Obedient::default())).bind(&address).unwrap();
    let channel = Channel::for_address(&address).unwrap();
    soon(client(channel.clone()).say(ask("connected"))).await.unwrap();
    let streams: Vec<_> = (0..2)
        .map(|_| {
            let mut client = client(channel.clone());
            tokio::spawn(async move {
                let request = order(Order { count: 1, bytes: 5_000_000, ..Order::default() });
                let (mut answers, mut bytes) = (client.repeat(request).await.unwrap().into_inner(), 0);
                while let Some(answer) = answers.message().await.unwrap() {
                    bytes += answer.data.len();
                }
                bytes
            })
        })
        .collect();
    // They are asked for; then the server fills the memory, while this thread has no eye for its doorbell.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    std::thread::sleep(Duration::from_millis(300));
    // This one looks.
    soon(client(channel).say(ask("and one more"))).await.unwrap();
    for stream in streams {
        assert_eq!(soon(stream).await.unwrap(), 5_000_000);
    }
    server.shutdown_now();
}
