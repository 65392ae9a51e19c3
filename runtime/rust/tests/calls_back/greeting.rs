//! A server that calls as soon as it has greeted: its call comes along with its HELLO.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::thread::JoinHandle;

use samehost::raw::Channel;
use tempfile::TempDir;

use crate::sides::{SOON, Side, offering};
use crate::wire::{PREFACE, frame};

const STATUS: u8 = 5;

/// A server written by hand that calls a method with a message as its first words, and answers how that call ended.
fn calling(path: &'static str, message: &'static [u8]) -> (JoinHandle<Vec<u8>>, String, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("s");
    let address = format!("unix:{}", at.display());
    let listener = UnixListener::bind(at).unwrap();
    let server = std::thread::spawn(move || {
        let (mut link, _) = listener.accept().unwrap();
        link.set_read_timeout(Some(SOON)).unwrap();
        let open = [&(path.len() as u16).to_le_bytes(), path.as_bytes(), &[0, 0], message].concat();
        let says = [PREFACE, &frame(1, 0, 0, 0, &[8, 1, 16, 1]), &frame(2, 7, 2, 1, &open)].concat();
        link.write_all(&says).unwrap();
        link.read_exact(&mut [0; 8]).unwrap();
        loop {
            let mut header = [0; 16];
            link.read_exact(&mut header).unwrap();
            let mut payload = vec![0; u32::from_le_bytes(header[..4].try_into().unwrap()) as usize];
            link.read_exact(&mut payload).unwrap();
            if header[4] == STATUS {
                assert_eq!(header[8..12], [2, 0, 0, 0], "the stream");
                return payload;
            }
        }
    });
    (server, address, folder)
}

fn ends_with(answer: &[u8], text: &[u8]) -> bool {
    answer.windows(text.len()).any(|part| part == text)
}

#[test]
fn a_call_that_comes_with_hello_is_served_by_threads() {
    for inline in [true, false] {
        let (server, address, _folder) = calling("/t.T/Echo", b"first words");
        let (side, _) = Side::new();
        let channel = offering(Channel::builder(address), &side, inline);
        channel.connect();
        assert!(ends_with(&server.join().unwrap(), b"first words"));
    }
}

#[test]
fn a_call_that_comes_with_hello_is_refused_where_nothing_is_offered() {
    let (server, address, _folder) = calling("/t.T/Echo", b"first words");
    let channel = Channel::builder(address).build().unwrap();
    channel.connect();
    assert!(ends_with(&server.join().unwrap(), b"Method not found: t.T/Echo"));
}

#[cfg(feature = "tonic")]
#[tokio::test]
async fn a_call_that_comes_with_hello_is_served_by_tasks_and_by_threads_for_them() {
    use samehost_test_stubs::echo_server::EchoServer;

    for by_threads in [true, false] {
        // A message of one field, whose text is an order of `Word`.
        let (server, address, _folder) = calling("/samehost.test.v1.Echo/Say", b"\x0a\x10echo first words");
        let builder = samehost::Channel::builder(address);
        let builder = builder.add_service(EchoServer::new(crate::echoes::Word::default()));
        let builder = if by_threads { builder.read_by_threads() } else { builder };
        let channel = builder.build().unwrap();
        channel.connect();
        let answer = tokio::task::spawn_blocking(move || server.join().unwrap()).await.unwrap();
        assert!(ends_with(&answer, b"first words"));
    }
}
