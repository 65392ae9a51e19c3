//! Stock clients call a server of ours.

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use samehost_test_stubs::echo_client::EchoClient;
use tonic::transport::Endpoint;

use crate::cases::Cases;
use crate::common::{ask, soon};
use crate::stock::{BOTH, Ours, Over};

#[tokio::test]
async fn every_kind_of_call() {
    for over in BOTH {
        Cases(Ours::serve(over).client()).four_kinds().await;
    }
}

#[tokio::test]
async fn metadata_and_statuses() {
    let ours = Ours::serve(Over::Unix);
    Cases(ours.client()).metadata().await;
    Cases(ours.client()).statuses().await;
}

#[tokio::test]
async fn large_messages_plain_and_compressed() {
    for over in BOTH {
        Cases(Ours::serve(over).client()).large().await;
    }
}

#[tokio::test]
async fn deadlines_and_cancels() {
    let ours = Ours::serve(Over::Unix);
    Cases(ours.client()).deadline(&ours.service).await;
    Cases(ours.client()).cancel(&ours.service).await;
}

#[tokio::test]
async fn a_reader_that_stops_has_the_writer_stop() {
    let ours = Ours::serve(Over::Unix);
    Cases(ours.client()).flow(&ours.service).await;
}

/// Hands on what comes to this path, to that one byte by byte at first.
fn in_single_bytes(from: UnixListener, to: std::path::PathBuf) {
    thread::spawn(move || {
        let (mut client, mut server) = (from.accept().unwrap().0, UnixStream::connect(to).unwrap());
        let (mut answers, mut back) = (server.try_clone().unwrap(), client.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut answers, &mut back));
        let mut first = [0; 24];
        client.read_exact(&mut first).unwrap();
        for byte in first {
            server.write_all(&[byte]).unwrap();
            thread::sleep(std::time::Duration::from_millis(1));
        }
        let _ = std::io::copy(&mut client, &mut server);
    });
}

#[tokio::test]
async fn a_preface_that_comes_byte_by_byte() {
    let ours = Ours::serve(Over::Unix);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slow");
    in_single_bytes(UnixListener::bind(&path).unwrap(), ours.path());
    let endpoint = Endpoint::from_shared(format!("unix:{}", path.display())).unwrap();
    let mut client = EchoClient::new(endpoint.connect_lazy());
    assert_eq!(soon(client.say(ask("slow"))).await.unwrap().into_inner().data, b"slow");
}
