//! What the two ends of a call learn of what carries it.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::sync::{Arc, Mutex};

use common::{Obedient, ask, soon};
use samehost::{Channel, Medium, Registry, Server, UnixTransport};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use tonic::Request;

/// A call to a server at a Unix socket, which has memory to give or not; answers what the client
/// and the server were told, and the client's address.
async fn told(scheme: &str, has_memory: bool) -> (Option<Medium>, Option<Medium>, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let seen = Arc::new(Mutex::new(None));
    let noting = seen.clone();
    let interceptor = move |request: Request<()>| {
        *noting.lock().unwrap() = Some(request.extensions().get::<Medium>().cloned());
        Ok(request)
    };
    let mut builder =
        Server::builder().add_service(EchoServer::with_interceptor(Obedient::default(), interceptor));
    if !has_memory {
        builder = builder.registry(Registry::new().with(UnixTransport::new()));
    }
    let server = builder.bind(&format!("unix:{}", path.display())).unwrap();
    let address = format!("{scheme}:{}", path.display());
    let mut client = EchoClient::new(Channel::for_address(&address).unwrap());
    let response = soon(client.say(ask("hi"))).await.unwrap();
    let client_was_told = response.extensions().get::<Medium>().cloned();
    server.shutdown();
    let server_was_told = seen.lock().unwrap().take().expect("the server has seen the call");
    (client_was_told, server_was_told, address)
}

#[tokio::test]
async fn both_ends_of_a_call_through_shared_memory_are_told_so() {
    let (client, server, _) = told("shm", true).await;
    assert_eq!(client.as_ref().map(Medium::as_str), Some("shared memory, 1048576 bytes each way"));
    assert_eq!(server, client);
}

#[tokio::test]
async fn a_client_whose_server_has_no_memory_to_give_is_told_so_and_why() {
    let (client, server, address) = told("shm", false).await;
    let text = client.expect("the client is told").to_string();
    assert!(text.contains(&address), "{text}");
    assert_eq!(server, None);
}

#[tokio::test]
async fn an_address_that_leaves_nothing_open_says_nothing() {
    let (client, server, _) = told("unix", true).await;
    assert_eq!((client, server), (None, None));
}
