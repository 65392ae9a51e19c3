//! What connections cost over which nobody calls. One check alone, as it counts what the process spends.
#![cfg(all(feature = "tonic", target_os = "linux"))] // the server is of that surface

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Obedient, SOON, ask, client, soon};
use rustix::time::{ClockId, clock_gettime};
use samehost::{Channel, Server, blocking, raw};
use samehost_test_stubs::Answer;
use samehost_test_stubs::echo_server::EchoServer;

/// A quarter of them for tasks, a quarter for threads, and as many of each that offer services.
const CONNECTIONS: usize = 100;

/// Of the two seconds in which it is measured.
const MOST: Duration = Duration::from_millis(10);

fn spent() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}

fn ask_from_a_thread(address: &str) -> blocking::Channel {
    let channel = blocking::Channel::for_address(address).unwrap();
    let options = blocking::CallOptions::new().timeout(SOON);
    channel.unary::<_, Answer>("samehost.test.v1.Echo/Say", &ask("once"), &options).unwrap();
    channel
}

/// A channel of threads that offers something.
fn offer_from_a_thread(address: &str) -> raw::Channel {
    let builder = raw::Channel::builder(address).serve_on_threads(true, Arc::new(|run| run()), drop);
    let channel = builder.build().unwrap();
    let options = raw::CallOptions { timeout: Some(SOON), ..raw::CallOptions::default() };
    let message = prost::Message::encode_to_vec(&ask("once")).into();
    let path = "/samehost.test.v1.Echo/Say";
    let outcome = channel.unary(path, options, message, raw::Patience::endless()).unwrap();
    assert!(outcome.message.is_some());
    channel
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_idle_connections_use_no_processor() {
    for scheme in ["unix", "shm"] {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("{scheme}:{}", folder.path().join("s").display());
        let echo = EchoServer::new(Obedient::default());
        let server = Server::builder().add_service(echo).bind(&address).unwrap();
        let (mut of_tasks, mut of_threads) = (Vec::new(), Vec::new());
        for _ in 0..CONNECTIONS / 4 {
            let offered = EchoServer::new(Obedient::default());
            for builder in [Channel::builder(&*address), Channel::builder(&*address).add_service(offered)] {
                let channel = builder.build().unwrap();
                soon(client(channel.clone()).say(ask("once"))).await.unwrap();
                of_tasks.push(channel);
            }
            let address = address.clone();
            let both = move || (ask_from_a_thread(&address), offer_from_a_thread(&address));
            of_threads.push(tokio::task::spawn_blocking(both).await.unwrap());
        }
        // What the last call has woken goes to sleep, soon.
        let patience = Instant::now() + SOON;
        let mut used = Duration::MAX;
        while used > MOST && Instant::now() < patience {
            let before = spent();
            tokio::time::sleep(Duration::from_secs(2)).await;
            used = spent() - before;
        }
        assert!(used <= MOST, "{used:?} in two seconds of both ends of {CONNECTIONS} over {scheme}");
        server.shutdown_now();
    }
}
