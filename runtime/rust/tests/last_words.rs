//! What a server has sent before its call fails is read by a client that takes its time.
#![cfg(feature = "tonic")] // the contract is of that surface

mod common;
mod wire;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::{SOON, ask, client, soon};
use prost::Message;
use samehost::raw::{self, Patience};
use samehost::{Channel, Code, ConnectivityState, blocking};
use samehost_test_stubs::{Answer, Ask};
use wire::{PREFACE, frame, header};

/// How a server goes on after three messages.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Reset,
    Link,
    InsideAMessage,
    GoAway,
    Nonsense,
}

const ENDS: [End; 5] = [End::Reset, End::Link, End::InsideAMessage, End::GoAway, End::Nonsense];

impl End {
    fn frames(self) -> Vec<u8> {
        match self {
            End::Reset => frame(6, 0, 1, 14, b"worn"),
            End::Link => Vec::new(),
            End::InsideAMessage => [&*header(4, 2, 1, 0, 100), &[8]].concat(),
            End::GoAway => frame(9, 0, 0, 1, &[8, 0, 0, 0, b'n', b'o']),
            End::Nonsense => frame(99, 0, 0, 0, b""),
        }
    }

    fn code(self) -> Code {
        match self {
            End::GoAway | End::Nonsense => Code::Internal,
            _ => Code::Unavailable,
        }
    }
}

/// A server that answers one call with three messages, and ends it so.
struct Server {
    end: End,
    address: String,
    serving: Option<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

/// Reads on until the peer has said this.
fn hear(link: &mut UnixStream, said: &[u8]) {
    let mut heard: Vec<u8> = Vec::new();
    while !heard.windows(said.len()).any(|part| part == said) {
        let mut some = [0; 1024];
        let count = link.read(&mut some).unwrap();
        assert!(count > 0, "it has not said {said:?}");
        heard.extend(&some[..count]);
    }
}

impl Server {
    fn start(end: End) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener = UnixListener::bind(&path).unwrap();
        let serving = thread::spawn(move || {
            let (mut link, _) = listener.accept().unwrap();
            drop(listener);
            link.write_all(&[PREFACE, &frame(1, 0, 0, 0, &[8, 1, 16, 1])].concat()).unwrap();
            hear(&mut link, b"Chat");
            let mut answer = frame(3, 0, 1, 0, &[0, 0]);
            for count in 1..=3 {
                answer.extend(frame(4, 2, 1, 0, &Answer { data: Vec::new(), count }.encode_to_vec()));
            }
            answer.extend(end.frames());
            link.write_all(&answer).unwrap();
            if end == End::Reset {
                hear(&mut link, b"Say");
                link.write_all(&frame(5, 0, 3, 5, &[0, 0, 0, 0])).unwrap();
                // Until the client has gone.
                let _ = link.read_to_end(&mut Vec::new());
            }
        });
        let address = format!("unix:{}", path.display());
        Server { end, address, serving: Some(serving), _folder: folder }
    }

    /// Whether the client knows of the end: what comes behind a RESET shows that it has come.
    fn has_ended(&self, state: ConnectivityState, say: impl FnOnce() -> Code) -> bool {
        match self.end {
            End::Reset => say() == Code::NotFound,
            _ => state != ConnectivityState::Ready,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ended = self.serving.take().map(JoinHandle::join);
        assert!(thread::panicking() || ended.is_some_and(|ended| ended.is_ok()));
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_of_tonics_gives_all_of_it() {
    for end in ENDS {
        let server = Server::start(end);
        let channel = Channel::for_address(&server.address).unwrap();
        let asks = tokio_stream::iter([ask("go")]);
        let mut answers = soon(client(channel.clone()).chat(asks)).await.unwrap().into_inner();
        assert_eq!(soon(answers.message()).await.unwrap().unwrap().count, 1, "{end:?}");
        if end == End::Reset {
            let status = soon(client(channel.clone()).say(ask("are you there?"))).await.unwrap_err();
            assert_eq!(status.code(), tonic::Code::NotFound);
        } else {
            common::until("the end is known", || channel.state() != ConnectivityState::Ready).await;
        }
        for count in 2..=3 {
            assert_eq!(soon(answers.message()).await.unwrap().unwrap().count, count, "{end:?}");
        }
        let status = soon(answers.message()).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::from_i32(end.code() as i32), "{end:?}");
    }
}

#[test]
fn a_thread_reads_all_of_it() {
    for end in ENDS {
        let server = Server::start(end);
        let channel = blocking::Channel::for_address(&server.address).unwrap();
        let options = blocking::CallOptions::new().timeout(SOON);
        let say = || {
            let method = "samehost.test.v1.Echo/Say";
            channel.unary::<_, Answer>(method, &ask("are you there?"), &options).unwrap_err().code()
        };
        let mut chat: blocking::Call<Ask, Answer> = channel.call("samehost.test.v1.Echo/Chat", &options);
        chat.send(&ask("go")).unwrap();
        assert_eq!(chat.next().unwrap().unwrap().count, 1, "{end:?}");
        until("the end is known", || server.has_ended(channel.state(), say));
        assert!(chat.send(&ask("too late")).is_err(), "{end:?}: the other half is over");
        for count in 2..=3 {
            assert_eq!(chat.next().unwrap().unwrap().count, count, "{end:?}");
        }
        assert_eq!(chat.next().unwrap_err().code(), end.code(), "{end:?}");
        drop((chat, channel));
    }
}

/// A raw call that has received its first message, and has an end before it that it does not know.
fn unread(server: &Server, options: raw::CallOptions) -> (raw::Channel, raw::Call) {
    let channel = raw::Channel::builder(&*server.address).build().unwrap();
    let chat = channel.call("/samehost.test.v1.Echo/Chat", options);
    chat.send("go".into(), false, false).unwrap();
    assert!(next(&chat).is_some());
    let say = || {
        let options = raw::CallOptions { timeout: Some(SOON), ..raw::CallOptions::default() };
        let said = channel.unary("/samehost.test.v1.Echo/Say", options, "?".into(), Patience::endless());
        said.unwrap().status.code()
    };
    until("the end is known", || server.has_ended(channel.state(), say));
    (channel, chat)
}

fn next(call: &raw::Call) -> Option<bytes::Bytes> {
    call.wait(Patience::endless(), |call, cx| call.poll_message(cx)).unwrap().unwrap()
}

fn outcome(call: &raw::Call) -> Arc<raw::Outcome> {
    call.wait(Patience::endless(), |call, cx| call.poll_outcome(cx)).unwrap().unwrap()
}

fn in_time() -> raw::CallOptions {
    raw::CallOptions { timeout: Some(SOON), ..raw::CallOptions::default() }
}

#[test]
fn a_raw_call_gives_all_of_it_and_takes_nothing_meanwhile() {
    for end in ENDS {
        let server = Server::start(end);
        let (_channel, chat) = unread(&server, in_time());
        assert!(chat.wait_ready(Patience::endless()).unwrap().unwrap().is_err(), "{end:?}");
        assert!(next(&chat).is_some() && next(&chat).is_some(), "{end:?}");
        assert_eq!(next(&chat), None);
        assert_eq!(outcome(&chat).status.code(), end.code(), "{end:?}");
    }
}

#[test]
fn whoever_cancels_is_told_nothing_else() {
    for end in ENDS {
        let server = Server::start(end);
        let (_channel, chat) = unread(&server, in_time());
        assert!(chat.cancel("enough"), "{end:?}: it is not over yet");
        assert_eq!((next(&chat), outcome(&chat).status.code()), (None, Code::Cancelled), "{end:?}");
    }
}

#[test]
fn a_deadline_ends_a_call_that_nobody_reads() {
    for end in ENDS {
        let server = Server::start(end);
        let timeout = Some(Duration::from_secs(1));
        let (_channel, chat) = unread(&server, raw::CallOptions { timeout, ..in_time() });
        until("the deadline has passed", || chat.outcome().is_some());
        assert_eq!((next(&chat), outcome(&chat).status.code()), (None, Code::DeadlineExceeded), "{end:?}");
    }
}

#[test]
fn a_channel_that_is_shut_down_at_once_ends_it() {
    let server = Server::start(End::Reset);
    let (channel, chat) = unread(&server, in_time());
    channel.shut_down(true);
    assert_eq!((next(&chat), outcome(&chat).status.code()), (None, Code::Unavailable));
}
