//! Calls on an event loop of the application's: here one that polls.
#![cfg(target_os = "linux")] // as the tests of its transport's descriptors

mod event_loop;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use event_loop::{EventLoop, SOON, flag, spawn};
use samehost::raw::{Answer, CallOptions, Channel, Server, ServerBuilder, ServerCall};
use samehost::{Code, Status};

fn serve(on: &EventLoop, address: &str) -> (Server, String) {
    let hub = on.hub.clone();
    let server =
        ServerBuilder::default().serve_on_hub(on.hub.clone(), move |call| spawn(&hub, echo(Arc::new(call))));
    let address = server.listen(address).unwrap();
    server.start();
    (server, address)
}

/// Gives each message of a call back.
async fn echo(call: Arc<ServerCall>) {
    let next = || std::future::poll_fn(|cx| call.poll_message(cx));
    while let Ok(Some(message)) = next().await {
        if std::future::poll_fn(|cx| call.poll_ready(cx)).await.is_err() || !call.send(message, true) {
            return;
        }
    }
    let answer = Answer { status: Status::new(Code::Ok, ""), headers: None, message: None, compress: true };
    // A caller that has gone wants no answer.
    let _ = call.answer(answer);
}

#[test]
fn a_loop_serves_and_calls_itself_with_messages_larger_than_any_buffer() {
    let folder = tempfile::tempdir().unwrap();
    let mut on = EventLoop::new();
    let (server, address) = serve(&on, &format!("unix:{}/s", folder.path().display()));
    let channel = on.channel(&address);
    let (done, is_done) = flag();
    on.spawn(async move {
        let call = channel.call("/t.T/Echo", CallOptions { timeout: Some(SOON), ..CallOptions::default() });
        for size in [0, 1, 5_000_000, 10] {
            std::future::poll_fn(|cx| call.poll_ready(cx)).await.unwrap();
            call.send(vec![7; size].into(), false, true).unwrap();
            assert_eq!(std::future::poll_fn(|cx| call.poll_message(cx)).await.unwrap(), vec![7; size]);
        }
        call.half_close();
        assert_eq!(std::future::poll_fn(|cx| call.poll_message(cx)).await, None);
        assert_eq!(call.outcome().unwrap().status.code(), Code::Ok);
        done.store(true, Ordering::SeqCst);
    });
    on.run_until("the call is over", is_done);
    server.stop(Duration::ZERO);
    let terminated = || server.poll_terminated(&Context::from_waker(Waker::noop())).is_ready();
    on.look_until("the server's connection is closed", terminated);
    assert!(on.watched.len() <= 1, "of two ends one may be about to close");
}

#[test]
fn what_one_turn_leaves_unread_is_read_by_the_next_though_no_descriptor_tells_again() {
    let folder = tempfile::tempdir().unwrap();
    let (mut serving, mut calling) = (EventLoop::new(), EventLoop::new());
    let (_server, address) = serve(&serving, &format!("shm:{}/s", folder.path().display()));
    let channel = calling.channel(&address);
    let answered = Arc::new(AtomicUsize::new(0));
    const CALLS: usize = 200;
    for _ in 0..CALLS {
        let (channel, answered) = (channel.clone(), answered.clone());
        calling.spawn(async move {
            let call = channel.call("/t.T/Echo", CallOptions::default());
            std::future::poll_fn(|cx| call.poll_ready(cx)).await.unwrap();
            call.send(vec![7; 20_000].into(), true, true).unwrap();
            assert!(std::future::poll_fn(|cx| call.poll_message(cx)).await.is_some());
            answered.fetch_add(1, Ordering::SeqCst);
        });
    }
    let deadline = Instant::now() + SOON;
    while answered.load(Ordering::SeqCst) < CALLS {
        assert!(Instant::now() < deadline, "{answered:?} of {CALLS}");
        // Each runs long enough for the other one's memory to be full.
        for _ in 0..8 {
            serving.turn_if_ready();
        }
        for _ in 0..8 {
            calling.turn_if_ready();
        }
    }
}

#[test]
fn tasks_are_woken_by_other_threads_and_by_deadlines() {
    let folder = tempfile::tempdir().unwrap();
    let mut on = EventLoop::new();
    let (_server, address) = serve(&on, &format!("unix:{}/s", folder.path().display()));
    let channel = on.channel(&address);
    for by_deadline in [false, true] {
        let timeout = by_deadline.then_some(Duration::from_millis(50));
        let call = Arc::new(channel.call("/t.T/Echo", CallOptions { timeout, ..CallOptions::default() }));
        let (waits, other) = (call.clone(), call.clone());
        let (tell, told) = channel_of_codes();
        on.spawn(async move {
            let outcome = std::future::poll_fn(|cx| waits.poll_outcome(cx)).await;
            tell.send(outcome.status.code()).unwrap();
        });
        let canceller = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            !by_deadline && other.cancel("from another thread")
        });
        let mut seen = None;
        while seen.is_none() {
            on.turn();
            seen = told.try_recv().ok();
        }
        assert_eq!(canceller.join().unwrap(), !by_deadline);
        let expected = if by_deadline { Code::DeadlineExceeded } else { Code::Cancelled };
        assert_eq!(seen, Some(expected));
    }
}

fn channel_of_codes() -> (std::sync::mpsc::Sender<Code>, std::sync::mpsc::Receiver<Code>) {
    channel()
}

#[test]
fn closing_a_hub_ends_its_links_and_fails_their_calls() {
    let folder = tempfile::tempdir().unwrap();
    let mut on = EventLoop::new();
    let (_server, address) = serve(&on, &format!("unix:{}/s", folder.path().display()));
    let channel = on.channel(&address);
    let call = Arc::new(channel.call("/t.T/Echo", CallOptions::default()));
    let waits = call.clone();
    on.spawn(async move {
        std::future::poll_fn(|cx| waits.poll_message(cx)).await;
    });
    on.run_until("both ends are watched", || channel.state() == samehost::ConnectivityState::Ready);
    on.hub.close();
    on.run_until("the call has failed", || call.outcome().is_some());
    assert_eq!(call.outcome().unwrap().status.code(), Code::Unavailable);
    while !on.watched.is_empty() {
        on.turn();
    }
}

#[test]
fn a_link_whose_peer_does_not_read_is_watched_for_room() {
    let folder = tempfile::tempdir().unwrap();
    let (mut serving, mut calling) = (EventLoop::new(), EventLoop::new());
    let (_server, address) = serve(&serving, &format!("unix:{}/s", folder.path().display()));
    let channel = calling.channel(&address);
    let (done, is_done) = flag();
    calling.spawn(async move {
        let call = channel.call("/t.T/Echo", CallOptions::default());
        std::future::poll_fn(|cx| call.poll_ready(cx)).await.unwrap();
        call.send(vec![7; 1 << 20].into(), false, true).unwrap();
        std::future::poll_fn(|cx| call.poll_message(cx)).await.unwrap();
        done.store(true, Ordering::SeqCst);
    });
    // Only until it is connected is the other side moved.
    let deadline = Instant::now() + SOON;
    while !calling.watched.iter().any(|link| link.wants_room()) {
        assert!(Instant::now() < deadline);
        if calling.watched.is_empty() {
            serving.turn_if_ready();
        }
        calling.turn_if_ready();
    }
    while !is_done() {
        assert!(Instant::now() < deadline);
        serving.turn_if_ready();
        calling.turn_if_ready();
    }
    assert!(!calling.watched.iter().any(|link| link.wants_room()));
}

#[test]
fn a_peer_that_says_nothing_is_turned_away_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let mut on = EventLoop::new();
    let server = ServerBuilder::default()
        .hello_timeout(Duration::from_millis(50))
        .serve_on_hub(on.hub.clone(), |_| panic!("there is no call"));
    server.listen(&format!("unix:{}", path.display())).unwrap();
    server.start();
    // The preface, and no HELLO behind it.
    let peer = std::os::unix::net::UnixStream::connect(path).unwrap();
    let preface = samehost_preface();
    rustix::io::write(&peer, &preface).unwrap();
    peer.set_nonblocking(true).unwrap();
    let ended = || {
        let mut bytes = [0; 256];
        loop {
            match rustix::io::read(&peer, &mut bytes) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    };
    on.look_until("the silent peer is turned away", ended);
}

/// The first bytes of any connection, as a real client says them.
fn samehost_preface() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let channel = Channel::builder(format!("unix:{}", path.display())).build().unwrap();
    channel.connect();
    let (mut peer, _) = listener.accept().unwrap();
    let mut preface = vec![0; 8];
    std::io::Read::read_exact(&mut peer, &mut preface).unwrap();
    channel.shut_down(true);
    preface
}

#[test]
fn a_poll_without_news_is_pending() {
    let on = EventLoop::new();
    let channel = on.channel("unix:/nowhere");
    let call =
        channel.call("/t.T/Echo", CallOptions { wait_for_ready: Some(true), ..CallOptions::default() });
    assert!(matches!(call.poll_message(&Context::from_waker(Waker::noop())), Poll::Pending));
}
