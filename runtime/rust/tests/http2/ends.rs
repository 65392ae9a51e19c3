//! How connections of HTTP/2 end, and calls with them.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use samehost::{Channel, ConnectivityState, Options, UnixOptions};
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use tokio::net::UnixListener as Listener;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::Code;
use tonic::transport::Server;

use crate::cases::running;
use crate::common::{Obedient, SOON, ask, order, soon, until};
use crate::stock::{BOTH, Ours, Over, Place, Stock};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const GOAWAY: u8 = 7;
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

fn for_ever() -> samehost_test_stubs::Ask {
    order(Order { wait_millis: u32::MAX, ..Order::default() })
}

#[tokio::test]
async fn a_server_that_shuts_down_answers_what_is_open() {
    for over in BOTH {
        let ours = Ours::serve(over);
        let mut client = ours.client();
        let open = order(Order { wait_millis: 300, ..Order::default() });
        let open = tokio::spawn(async move { client.say(open).await });
        until("the handler runs", || running(&ours.service) == 1).await;
        ours.server.shutdown();
        assert_eq!(soon(open).await.unwrap().unwrap().into_inner().data, b"data");
        soon(ours.server.terminated()).await.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_shuts_down_at_once_fails_what_is_open_and_says_so() {
    for over in BOTH {
        let ours = Ours::serve(over);
        let mut client = ours.client();
        let open = tokio::spawn(async move { client.say(for_ever()).await });
        until("the handler runs", || running(&ours.service) == 1).await;
        ours.server.shutdown_now();
        let status = soon(open).await.unwrap().unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        assert!(status.message().ends_with(": the server was shut down."), "{status}");
        soon(ours.server.terminated()).await.unwrap();
        until("the handler is dropped", || running(&ours.service) == 0).await;
    }
}

/// So many answers that not all of them are on their way at the same time.
fn many() -> samehost_test_stubs::Ask {
    order(Order { count: 50, bytes: 10_000, ..Order::default() })
}

#[tokio::test]
async fn a_client_that_reads_slowly_has_all_that_is_answered_though_the_server_shuts_down() {
    let ours = Ours::serve(Over::Unix);
    let endpoint = ours.endpoint().initial_stream_window_size(65_535);
    let mut client = EchoClient::new(endpoint.connect_lazy());
    let mut answers = soon(client.repeat(many())).await.unwrap().into_inner();
    soon(answers.message()).await.unwrap().unwrap();
    until("the handler has answered", || running(&ours.service) == 0).await;
    ours.server.shutdown();
    for _ in 1..50 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        soon(answers.message()).await.unwrap().expect("an answer");
    }
    assert!(soon(answers.message()).await.unwrap().is_none());
    soon(ours.server.terminated()).await.unwrap();
}

#[tokio::test]
async fn a_client_that_reads_nothing_any_more_does_not_keep_the_server() {
    let ours = Ours::serve(Over::Unix);
    let mut client = UnixStream::connect(ours.path()).unwrap();
    client.write_all(&[PREFACE, SETTINGS].concat()).unwrap();
    let mut said = vec![0; 9];
    client.read_exact(&mut said).unwrap();
    ours.server.shutdown();
    let began = Instant::now();
    soon(ours.server.terminated()).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
    // The end of its connection was waited for.
    client.set_nonblocking(true).unwrap();
    client.read_to_end(&mut said).unwrap();
    let kinds = std::iter::successors(Some(&said[..]), |frame| {
        let length = u32::from_be_bytes([0, frame[0], frame[1], frame[2]]) as usize;
        Some(&frame[9 + length..]).filter(|rest| !rest.is_empty())
    });
    assert!(kinds.map(|frame| frame[3]).any(|kind| kind == GOAWAY), "{said:?}");
}

#[tokio::test]
async fn a_client_that_says_no_more_than_its_preface_is_closed_after_a_while() {
    let ours = Ours::serve(Over::Unix);
    let began = Instant::now();
    let mut client = UnixStream::connect(ours.path()).unwrap();
    client.write_all(PREFACE).unwrap();
    let read = tokio::task::spawn_blocking(move || client.read_to_end(&mut Vec::new()));
    let _ = soon(read).await.unwrap();
    assert!(began.elapsed() > Duration::from_secs(4));
    soon(ours.client().say(ask("alive"))).await.unwrap();
}

#[tokio::test]
async fn a_client_that_dies_takes_its_calls_with_it() {
    for over in BOTH {
        let ours = Ours::serve(over);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let endpoint = ours.endpoint();
        runtime.spawn(async move { EchoClient::new(endpoint.connect_lazy()).say(for_ever()).await });
        until("the handler runs", || running(&ours.service) == 1).await;
        // Its sockets are closed without a word of HTTP/2.
        runtime.shutdown_background();
        ours_is_idle(&ours).await;
        ours.server.shutdown();
        soon(ours.server.terminated()).await.unwrap();
    }
}

async fn ours_is_idle(ours: &Ours) {
    until("the handler is dropped", || running(&ours.service) == 0).await;
}

#[tokio::test]
async fn nonsense_behind_the_preface_ends_its_connection_alone() {
    let ours = Ours::serve(Over::Unix);
    let noise: Vec<u8> = (0..5096_u32).map(|at| ((at * 7919) >> 3) as u8).collect();
    let endless = [0xFF; 64];
    for says in [&noise[..], b"GET / HTTP/1.1\r\n\r\n", &endless] {
        let mut client = UnixStream::connect(ours.path()).unwrap();
        client.write_all(&[PREFACE, says].concat()).unwrap();
        let read = tokio::task::spawn_blocking(move || client.read_to_end(&mut Vec::new()));
        // A reset is an end as well.
        let _ = soon(read).await.unwrap();
        soon(ours.client().say(ask("alive"))).await.unwrap();
    }
    ours.server.shutdown();
    soon(ours.server.terminated()).await.unwrap();
}

#[tokio::test]
async fn a_stock_server_that_shuts_down_answers_what_is_open_and_its_successor_the_next_call() {
    let mut stock = Stock::serve(Over::Unix).await;
    let channel = stock.channel();
    let mut client = EchoClient::new(channel.clone());
    soon(client.say(ask("hi"))).await.unwrap();
    let mut open = client.clone();
    let open =
        tokio::spawn(async move { open.say(order(Order { wait_millis: 500, ..Order::default() })).await });
    until("the handler runs", || running(&stock.service) == 1).await;
    drop(stock.stop.take());
    // GOAWAY comes while the call is open.
    soon(channel.state_changed(ConnectivityState::Ready)).await;
    assert_eq!(running(&stock.service), 1);
    assert_eq!(soon(open).await.unwrap().unwrap().into_inner().data, b"data");
    soon(&mut stock.task).await.unwrap();
    let path = stock.address.strip_prefix("unix:").unwrap();
    std::fs::remove_file(path).unwrap();
    let service = EchoServer::new(Obedient::default());
    let incoming = UnixListenerStream::new(Listener::bind(path).unwrap());
    let next = tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    soon(client.say(ask("again"))).await.unwrap();
    next.abort();
}

/// Whether a client that has said this has begun a request.
fn has_asked(said: &[u8]) -> bool {
    let mut rest = said.get(PREFACE.len()..).unwrap_or_default();
    while let [a, b, c, kind, ..] = *rest {
        if kind == HEADERS {
            return true;
        }
        rest = rest.get(9 + u32::from_be_bytes([0, a, b, c]) as usize..).unwrap_or_default();
    }
    false
}

/// A connection by which a request has come, of HTTP/2: our preface was answered before.
fn asked(listener: &UnixListener) -> UnixStream {
    drop(listener.accept().unwrap().0.write_all(SETTINGS));
    let (mut link, _) = listener.accept().unwrap();
    link.write_all(SETTINGS).unwrap();
    let mut said = Vec::new();
    while !has_asked(&said) {
        let mut some = [0; 4096];
        let read = link.read(&mut some).unwrap();
        said.extend(&some[..read]);
    }
    link
}

#[tokio::test]
async fn a_call_that_a_server_which_goes_away_has_not_taken_is_made_at_its_successor() {
    let goes = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let refuses = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0";
    for says in [&goes[..], refuses] {
        let stock = Stock::serve(Over::Unix).await;
        let place = Place::new(Over::Unix);
        let listener = UnixListener::bind(place.address.strip_prefix("unix:").unwrap()).unwrap();
        let to = stock.address.strip_prefix("unix:").unwrap().to_owned();
        thread::spawn(move || {
            let mut link = asked(&listener);
            link.write_all(says).unwrap();
            let cuts = relay(listener, to);
            let _ = link.read_to_end(&mut Vec::new());
            cuts.iter().for_each(drop);
        });
        let mut client = EchoClient::new(Channel::for_address(&place.address).unwrap());
        assert_eq!(soon(client.say(ask("hi"))).await.unwrap().into_inner().data, b"hi");
    }
}

#[tokio::test]
async fn a_stream_that_a_server_resets_fails_its_call_with_the_reason() {
    for (reason, code, name) in [(2, Code::Internal, "INTERNAL_ERROR"), (8, Code::Cancelled, "CANCEL")] {
        let place = Place::new(Over::Unix);
        let listener = UnixListener::bind(place.address.strip_prefix("unix:").unwrap()).unwrap();
        thread::spawn(move || {
            let mut link = asked(&listener);
            link.write_all(&[&b"\0\0\x04\x03\0\0\0\0\x01\0\0\0"[..], &[reason]].concat()).unwrap();
            let _ = link.read_to_end(&mut Vec::new());
        });
        let mut client = EchoClient::new(Channel::for_address(&place.address).unwrap());
        let status = soon(client.say(ask("hi"))).await.unwrap_err();
        assert_eq!(status.code(), code);
        let text = format!("{}: the peer has reset the call's stream: {name}.", place.address);
        assert_eq!(status.message(), text);
    }
}

#[tokio::test]
async fn an_answer_without_a_status_is_named_as_the_servers_fault() {
    let place = Place::new(Over::Unix);
    let listener = UnixListener::bind(place.address.strip_prefix("unix:").unwrap()).unwrap();
    thread::spawn(move || {
        let mut link = asked(&listener);
        // HPACK: 200 by its place in the table, and a literal content-type.
        let block = [&b"\x88\x0F\x10\x10"[..], b"application/grpc"].concat();
        link.write_all(&[&[0, 0, block.len() as u8, HEADERS, 5, 0, 0, 0, 1], &block[..]].concat()).unwrap();
        let _ = link.read_to_end(&mut Vec::new());
    });
    let mut client = EchoClient::new(Channel::for_address(&place.address).unwrap());
    let status = soon(client.say(ask("hi"))).await.unwrap_err();
    assert_eq!(status.code(), Code::Unknown);
    let text = format!("{}: the server's answer is not gRPC's: it has no status", place.address);
    assert_eq!(status.message(), text);
}

/// Hands on what comes to a path to a server, and gives the connections, so that they can be cut.
fn relay(listener: UnixListener, to: String) -> Receiver<[UnixStream; 2]> {
    let (tell, cuts) = channel();
    thread::spawn(move || {
        while let Ok((client, _)) = listener.accept() {
            let server = UnixStream::connect(&to).unwrap();
            let ends = [&client, &server].map(|end| end.try_clone().unwrap());
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from, &mut to).map(|_| to.shutdown(Shutdown::Both)));
            let (mut from, mut to) = (server, client);
            thread::spawn(move || std::io::copy(&mut from, &mut to).map(|_| to.shutdown(Shutdown::Both)));
            if tell.send(ends).is_err() {
                return;
            }
        }
    });
    cuts
}

#[tokio::test]
async fn a_stock_server_that_dies_fails_what_is_open_and_the_next_call_connects_anew() {
    let stock = Stock::serve(Over::Unix).await;
    let place = Place::new(Over::Unix);
    let listener = UnixListener::bind(place.address.strip_prefix("unix:").unwrap()).unwrap();
    let cuts = relay(listener, stock.address.strip_prefix("unix:").unwrap().to_owned());
    let mut client = EchoClient::new(Channel::for_address(&place.address).unwrap());
    soon(client.say(ask("hi"))).await.unwrap();
    let mut open = client.clone();
    let open = tokio::spawn(async move { open.say(for_ever()).await });
    until("the handler runs", || running(&stock.service) == 1).await;
    for ends in cuts.try_iter() {
        for end in ends {
            end.shutdown(Shutdown::Both).unwrap();
        }
    }
    let status = soon(open).await.unwrap().unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let text = format!("{}: the peer ended the connection with calls open.", place.address);
    assert!(status.message().starts_with(&text), "{status}");
    soon(client.say(ask("again"))).await.unwrap();
}

#[tokio::test]
async fn what_a_stock_server_has_answered_before_it_goes_is_read_as_late_as_one_likes() {
    let mut stock = Stock::serve(Over::Unix).await;
    let mut client = stock.client();
    // More than the channel takes by itself.
    let many = order(Order { count: 50, bytes: 30_000, ..Order::default() });
    let mut answers = soon(client.repeat(many)).await.unwrap().into_inner();
    until("the handler has answered", || running(&stock.service) == 0).await;
    drop(stock.stop.take());
    soon(&mut stock.task).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    for _ in 0..50 {
        soon(answers.message()).await.unwrap().expect("an answer");
    }
    assert!(soon(answers.message()).await.unwrap().is_none());
}

/// What a call gives where the first connection is answered by SETTINGS, and the second one by this; it stays open, or
/// not.
async fn answered_by(says: &'static [u8], closes: bool) -> (tonic::Status, String) {
    let place = Place::new(Over::Unix);
    let listener = UnixListener::bind(place.address.strip_prefix("unix:").unwrap()).unwrap();
    thread::spawn(move || {
        let answer = |says: &[u8], closes: bool| {
            let (mut link, _) = listener.accept().unwrap();
            link.write_all(says).unwrap();
            if !closes {
                let _ = link.read_to_end(&mut Vec::new());
            }
        };
        answer(SETTINGS, false);
        answer(says, closes);
    });
    let options = UnixOptions { hello_timeout: Duration::from_millis(500), ..UnixOptions::default() };
    let channel =
        Channel::builder(&*place.address).transport_options(Options::new().with(options)).build().unwrap();
    let status = soon(EchoClient::new(channel).say(ask("hi"))).await.unwrap_err();
    (status, place.address.clone())
}

#[tokio::test]
async fn a_channel_that_is_shut_down_does_not_wait_for_settings() {
    let place = Place::new(Over::Unix);
    let listener = UnixListener::bind(place.address.strip_prefix("unix:").unwrap()).unwrap();
    let options = Options::new().with(UnixOptions { hello_timeout: 4 * SOON, ..UnixOptions::default() });
    let channel = Channel::builder(&*place.address).transport_options(options).build().unwrap();
    let mut client = EchoClient::new(channel.clone());
    let call = tokio::spawn(async move { client.say(ask("hi")).await });
    let closed = tokio::task::spawn_blocking(move || {
        drop(listener.accept().unwrap().0.write_all(SETTINGS));
        let (mut mute, _) = listener.accept().unwrap();
        mute.read_exact(&mut [0; 24]).unwrap();
        channel.shutdown();
        mute.read_to_end(&mut Vec::new()).unwrap();
    });
    soon(closed).await.unwrap();
    assert_eq!(soon(call).await.unwrap().unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn a_server_of_http2_that_says_no_settings_is_named() {
    for (closes, why) in
        [(false, "no SETTINGS came within 0.5 s"), (true, "the server has ended the connection")]
    {
        let (status, address) = answered_by(b"", closes).await;
        assert_eq!(status.code(), Code::Unavailable);
        assert_eq!(status.message(), format!("connecting to {address}: HTTP/2 failed: {why}."));
    }
}

#[tokio::test]
async fn a_server_of_http2_that_ends_or_says_nonsense_behind_its_settings_fails_the_call() {
    for says in [SETTINGS, b"\0\0\0\x04\0\0\0\0\0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"] {
        let (status, address) = answered_by(says, true).await;
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        // The end may be seen before the call goes out.
        let begins = [format!("{address}: "), format!("connecting to {address}: HTTP/2 failed: ")];
        assert!(begins.iter().any(|begin| status.message().starts_with(begin)), "{status}");
    }
}
