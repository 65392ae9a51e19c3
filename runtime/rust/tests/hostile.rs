//! Peers that do not keep to the wire: other protocols, nonsense, silence, the future, broken frames.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;
mod wire;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc;
use std::thread;

use common::{Over, Pair, ask, client, order, soon};
use samehost::Channel;
use samehost_test_stubs::{Answer, Ask, Order};
use tonic::Code;
use wire::{PREFACE, frame};

fn hello(min: u8, max: u8) -> Vec<u8> {
    [PREFACE, &frame(1, 0, 0, 0, &[8, min, 16, max, 26, 5, b's', b'm', b'o', b'k', b'e'])].concat()
}

/// What a client's call gives whose server reads its first bytes, says so much, waits for the end
/// of the client or closes.
async fn answered_by(says: Vec<u8>, closes: bool) -> (tonic::Status, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut link, _) = listener.accept().unwrap();
        let mut first = [0; 8];
        link.read_exact(&mut first).unwrap();
        link.write_all(&says).unwrap();
        if !closes {
            // Until the client gives up.
            let _ = link.read_to_end(&mut Vec::new());
        }
    });
    let address = format!("unix:{}", path.display());
    let channel = Channel::for_address(&address).unwrap();
    let status = soon(client(channel).say(ask("hi"))).await.unwrap_err();
    server.join().unwrap();
    (status, address)
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_named() {
    for (says, fault) in [
        #[cfg(not(feature = "http2"))]
        (&b"\0\0\0\x04\0\0\0\0\0"[..], "the peer speaks HTTP/2 (gRPC?)"),
        (&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "the peer speaks HTTP/1"),
        (
            b"220 mail.example ESMTP",
            "the peer does not speak the samehost wire; its first bytes are \"220 mail\"",
        ),
    ] {
        let (status, address) = answered_by(says.to_vec(), false).await;
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().starts_with(&format!("{address}: {fault}")), "{status}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_named_after_a_while() {
    let (status, address) = answered_by(Vec::new(), false).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert!(
        status.message().starts_with(&format!("{address}: the peer said no HELLO within 5 s")),
        "{status}"
    );
}

#[tokio::test]
async fn a_server_that_goes_before_its_hello_or_in_it_is_named() {
    let (status, _) = answered_by(Vec::new(), true).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("ended the connection before it said HELLO"), "{status}");
    let (status, _) = answered_by(hello(1, 1)[..20].to_vec(), true).await;
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.message().contains("in the middle of a frame"), "{status}");
}

#[tokio::test]
async fn a_server_from_the_future_is_named_with_both_ranges() {
    let (status, _) = answered_by(hello(7, 9), false).await;
    assert_eq!(status.code(), Code::Unavailable);
    let text = "no common version of the wire: this side speaks 1 to 1, the peer (smoke) 7 to 9.";
    assert!(status.message().contains(text), "{status}");
}

#[tokio::test]
async fn a_server_that_turns_us_away_says_why() {
    let goodbye = [&6u32.to_le_bytes()[..], b"not your house."].concat();
    let says = [PREFACE, &frame(9, 0, 0, 0, &goodbye)].concat();
    let (status, address) = answered_by(says, true).await;
    assert_eq!(status.code(), Code::PermissionDenied);
    let text = format!("{address}: the server turned this process away: not your house.");
    assert_eq!(status.message(), text);
}

#[tokio::test]
async fn a_server_that_breaks_a_rule_in_a_call_fails_it_with_internal() {
    let (status, _) = answered_by([hello(1, 1), frame(1, 0, 0, 0, &[8, 1, 16, 1])].concat(), false).await;
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("the peer broke the wire's rules (PROTOCOL_ERROR)"), "{status}");
}

#[tokio::test]
async fn a_server_that_ends_in_a_call_or_in_a_frame_fails_it_with_unavailable() {
    for (after, text) in [(&[][..], "ended the connection"), (&[9, 0, 0], "in the middle of a frame")] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let after = after.to_vec();
        let server = thread::spawn(move || {
            let (mut link, _) = listener.accept().unwrap();
            link.write_all(&hello(1, 1)).unwrap();
            // The client's preface, HELLO and OPEN: the path is at the end of what is waited for.
            let mut read: Vec<u8> = Vec::new();
            while !read.windows(3).any(|part| part == b"Say") {
                let mut some = [0; 1024];
                let count = link.read(&mut some).unwrap();
                assert!(count > 0);
                read.extend(&some[..count]);
            }
            link.write_all(&after).unwrap();
        });
        let channel = Channel::for_address(&format!("unix:{}", path.display())).unwrap();
        let status = soon(client(channel).say(ask("hi"))).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.message().contains(text), "{status}");
        server.join().unwrap();
    }
}

/// What a server answers to a client that says so much; the server must live on.
async fn asked_by(says: &[u8]) -> Vec<u8> {
    let pair = Pair::serve(Over::Unix);
    let mut link = UnixStream::connect(pair.address.strip_prefix("unix:").unwrap()).unwrap();
    link.write_all(says).unwrap();
    let read = tokio::task::spawn_blocking(move || {
        let mut answer = Vec::new();
        // A reset is an end as well.
        let _ = link.read_to_end(&mut answer);
        answer
    });
    let answer = soon(read).await.unwrap();
    soon(pair.client().say(ask("alive"))).await.unwrap();
    answer
}

/// The code of the last frame, which must be a GOAWAY.
fn goaway(answer: &[u8]) -> u32 {
    assert!(answer.starts_with(PREFACE), "{answer:x?}");
    let mut rest = &answer[8..];
    loop {
        let length = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
        let (frame, after) = rest.split_at(16 + length);
        if after.is_empty() {
            assert_eq!(frame[4], 9, "{frame:x?}");
            return u32::from_le_bytes(frame[16..20].try_into().unwrap());
        }
        rest = after;
    }
}

#[tokio::test]
async fn a_client_that_speaks_something_else_is_closed_without_a_word() {
    let strange = [
        #[cfg(not(feature = "http2"))]
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..],
        &b"PRI * HTTP/2.0\r\n\r\nNO"[..],
        b"GET / HTTP/1.1\r\n\r\n",
        b"hello?",
    ];
    for says in strange {
        assert!(asked_by(says).await.is_empty());
    }
}

#[tokio::test]
async fn a_client_that_breaks_a_rule_is_told_and_closed() {
    assert_eq!(goaway(&asked_by(&[hello(1, 1), frame(3, 0, 1, 0, &[0, 0])].concat()).await), 1);
    assert_eq!(goaway(&asked_by(&[hello(1, 1), frame(99, 0, 0, 0, &[])].concat()).await), 1);
    let mut large = frame(4, 0, 1, 0, &[]);
    large[..4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(goaway(&asked_by(&[hello(1, 1), large].concat()).await), 3);
    assert_eq!(goaway(&asked_by(&hello(7, 9)).await), 4);
}

#[tokio::test]
async fn a_client_that_says_no_hello_is_told_and_closed_after_a_while() {
    assert_eq!(goaway(&asked_by(PREFACE).await), 5);
}

#[tokio::test]
async fn a_client_that_goes_in_a_call_drops_its_handler() {
    let pair = Pair::serve(Over::Unix);
    let mut link = UnixStream::connect(pair.address.strip_prefix("unix:").unwrap()).unwrap();
    let path = b"/samehost.test.v1.Echo/Say";
    let message = prost::Message::encode_to_vec(&order(Order { wait_millis: u32::MAX, ..Order::default() }));
    let open = [&(path.len() as u16).to_le_bytes()[..], path, &[0, 0], &message].concat();
    link.write_all(&[hello(1, 1), frame(2, 7, 1, 1, &open)].concat()).unwrap();
    common::until("the handler runs", || pair.service.running.load(std::sync::atomic::Ordering::SeqCst) == 1)
        .await;
    drop(link);
    pair.idle().await;
}

#[tokio::test]
async fn a_call_that_is_refused_is_tried_once_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let server = thread::spawn(move || {
        let (mut link, _) = listener.accept().unwrap();
        link.read_exact(&mut [0; 8]).unwrap();
        link.write_all(&hello(1, 1)).unwrap();
        let (mut opened, mut header) = (0, [0; 16]);
        while link.read_exact(&mut header).is_ok() {
            let length = u32::from_le_bytes(header[..4].try_into().unwrap());
            link.read_exact(&mut vec![0; length as usize]).unwrap();
            if header[4] == 2 {
                opened += 1;
                let stream = u32::from_le_bytes(header[8..12].try_into().unwrap());
                link.write_all(&frame(6, 1, stream, 14, b"not now")).unwrap();
            }
        }
        opened
    });
    let channel = Channel::for_address(&format!("unix:{}", path.display())).unwrap();
    let status = soon(client(channel).say(ask("hi"))).await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::Unavailable, "not now"));
    let opened = tokio::task::spawn_blocking(|| server.join().unwrap());
    assert_eq!(soon(opened).await.unwrap(), 2);
}

/// A server that answers the first call by headers, and then, when it is told to, goes away and says why. What it takes is
/// told as it has gone.
fn leaving(path: &std::path::Path) -> (mpsc::Sender<()>, mpsc::Receiver<()>) {
    let listener = UnixListener::bind(path).unwrap();
    let ((go, told), (tell, gone)) = (mpsc::channel(), mpsc::channel());
    thread::spawn(move || {
        let (mut link, _) = listener.accept().unwrap();
        link.read_exact(&mut [0; 8]).unwrap();
        link.write_all(&hello(1, 1)).unwrap();
        let mut header = [0; 16];
        while header[4] != 2 {
            link.read_exact(&mut header).unwrap();
            let length = u32::from_le_bytes(header[..4].try_into().unwrap());
            link.read_exact(&mut vec![0; length as usize]).unwrap();
        }
        link.write_all(&frame(3, 0, 1, 0, &[0, 0])).unwrap();
        told.recv().unwrap();
        let goodbye = [&1u32.to_le_bytes()[..], b"not like this"].concat();
        link.write_all(&frame(9, 0, 0, 0, &goodbye)).unwrap();
        drop(link);
        tell.send(()).unwrap();
    });
    (go, gone)
}

#[tokio::test]
async fn a_client_that_writes_to_a_server_that_has_gone_still_learns_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let (go, gone) = leaving(&path);
    let channel = Channel::for_address(&format!("unix:{}", path.display())).unwrap();
    let (send, asks) = tokio::sync::mpsc::unbounded_channel();
    let asks = tokio_stream::wrappers::UnboundedReceiverStream::new(asks);
    let mut answers = soon(client(channel).chat(asks)).await.unwrap().into_inner();
    go.send(()).unwrap();
    // Nothing of this runtime runs meanwhile, so that what comes next is written before anything is read.
    gone.recv().unwrap();
    send.send(ask("hi")).unwrap();
    let status = soon(answers.message()).await.unwrap_err();
    assert_eq!(status.code(), Code::Internal);
    assert!(status.message().contains("not like this"), "{status}");
}

#[test]
fn a_thread_that_writes_to_a_server_that_has_gone_still_learns_why() {
    use samehost::blocking::{Call, CallOptions, Channel};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let (go, gone) = leaving(&path);
    let channel = Channel::for_address(&format!("unix:{}", path.display())).unwrap();
    let options = CallOptions::new().timeout(common::SOON);
    let mut chat: Call<Ask, Answer> = channel.call("samehost.test.v1.Echo/Chat", &options);
    chat.send(&ask("hi")).unwrap();
    chat.headers().unwrap();
    go.send(()).unwrap();
    gone.recv().unwrap();
    let _ = chat.send(&ask("hi"));
    let status = chat.next().unwrap_err();
    assert_eq!(status.code(), samehost::Code::Internal);
    assert!(status.message().contains("not like this"), "{status}");
}
