//! Calls as bytes, on threads.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use samehost::raw::{CallOptions, Channel, Patience, ServerBuilder};
use samehost::{Code, ConnectivityState, Metadata};

use crate::sides::{Both, SOON, Side, around, in_time, later, ok, run, send, unary, until, within};

#[test]
fn all_kinds_of_calls_go_back() {
    for inline in [true, false] {
        for scheme in ["unix", "shm"] {
            let both = Both::over(scheme, inline, |builder| builder);
            assert_eq!(unary(&both.channel, "/t.T/Back", b"/t.T/Echo hello"), ok("Ok hello"));
            assert_eq!(unary(&both.channel, "/t.T/Streams", b""), ok("100"));
            let pid = format!("Ok Some({})", std::process::id());
            assert_eq!(unary(&both.channel, "/t.T/Back", b"/t.T/Pid "), ok(pid));
        }
    }
}

#[test]
fn calls_back_are_called_back_to_any_depth() {
    for inline in [true, false] {
        let both = Both::over("unix", inline, |builder| builder);
        for _ in 0..20 {
            assert_eq!(unary(&both.channel, "/t.T/Nest", b"7"), ok("7 6 5 4 3 2 1 0 down"));
        }
    }
}

#[test]
fn a_handler_that_waits_for_its_call_back_keeps_nobody_from_being_served() {
    let both = Both::new();
    let (channel, kept) = (&both.channel, || both.serving.kept());
    assert_eq!(unary(channel, "/t.T/Keep", b""), ok("kept"));
    thread::scope(|scope| {
        // Each holds a thread of the server's and one of the client's.
        let held: Vec<_> =
            (0..10).map(|_| scope.spawn(|| unary(channel, "/t.T/Back", b"/t.T/Hold "))).collect();
        until("all are held at once", || both.calling.running.load(Ordering::SeqCst) == 10);
        for _ in 0..20 {
            assert_eq!(unary(channel, "/t.T/Nest", b"3"), ok("3 2 1 0 down"));
            assert_eq!(unary(&kept(), "/t.T/Echo", b"beside"), ok("beside"));
        }
        both.calling.release();
        held.into_iter().for_each(|held| assert_eq!(held.join().unwrap(), ok("Ok released")));
    });
}

#[test]
fn many_call_and_call_back_at_once() {
    let both = Both::new();
    assert_eq!(unary(&both.channel, "/t.T/Keep", b""), ok("kept"));
    let kept = both.serving.kept();
    thread::scope(|scope| {
        for number in 0..32 {
            let (there, back) = (both.channel.clone(), kept.clone());
            scope.spawn(move || {
                for round in 0..50 {
                    let (asked, channel) =
                        (format!("{number} {round}"), if number % 2 == 0 { &there } else { &back });
                    assert_eq!(unary(channel, "/t.T/Echo", asked.as_bytes()), ok(&*asked));
                    let asked = format!("/t.T/Echo {asked}");
                    let expected = format!("Ok {}", &asked[10..]);
                    assert_eq!(unary(channel, "/t.T/Back", asked.as_bytes()), ok(expected));
                }
            });
        }
    });
}

#[test]
fn a_callers_channel_is_kept_and_used_while_the_client_does_nothing() {
    let both = Both::new();
    assert_eq!(unary(&both.channel, "/t.T/Keep", b""), ok("kept"));
    for _ in 0..3 {
        // Nobody reads for a call of the client's own.
        thread::sleep(Duration::from_millis(50));
        assert_eq!(unary(&both.serving.kept(), "/t.T/Echo", b"later"), ok("later"));
        assert_eq!(unary(&both.serving.kept(), "/t.T/Nest", b"2"), ok("2 1 0 down"));
    }
    assert_eq!(both.serving.kept().state(), ConnectivityState::Ready);
    assert_eq!(both.serving.kept().address(), both.address);
}

#[test]
fn to_drop_or_shut_down_a_callers_channel_ends_nothing() {
    let both = Both::new();
    assert_eq!(unary(&both.channel, "/t.T/Keep", b""), ok("kept"));
    both.serving.kept().shut_down(true);
    both.serving.kept().connect();
    assert_eq!(unary(&both.serving.kept(), "/t.T/Echo", b"still"), ok("still"));
    drop(both.serving.kept.lock().unwrap().take());
    assert_eq!(unary(&both.channel, "/t.T/Back", b"/t.T/Echo again"), ok("Ok again"));
}

#[test]
fn deadlines_and_cancellations_reach_handlers_of_calls_back_and_the_other_way_round() {
    let both = Both::new();
    assert_eq!(unary(&both.channel, "/t.T/Keep", b""), ok("kept"));
    let timeout = Some(Duration::from_secs(1)); // to reach the handler on a busy machine
    let options = CallOptions { timeout, ..CallOptions::default() };
    let (code, text) = within(&both.serving.kept(), "/t.T/Watch", b"", options);
    assert_eq!(code, Code::DeadlineExceeded, "{text}");
    assert_eq!(both.told.recv_timeout(SOON).unwrap(), "over true true");

    let watch = both.serving.kept().call("/t.T/Watch", in_time());
    send(&watch, "");
    until("it is there", || both.calling.running.load(Ordering::SeqCst) == 1);
    assert!(watch.cancel("enough"));
    assert_eq!(both.told.recv_timeout(SOON).unwrap(), "over true true");

    // A handler whose call is cancelled gives up its call back.
    let there = both.channel.call("/t.T/BackToWatch", in_time());
    send(&there, "");
    until("it has called back", || both.calling.running.load(Ordering::SeqCst) == 1);
    there.cancel("enough");
    assert_eq!(both.told.recv_timeout(SOON).unwrap(), "over true true");
}

#[test]
fn calls_back_that_are_open_go_on_after_a_shutdown_and_no_new_one_begins() {
    for by_client in [true, false] {
        let both = Both::new();
        assert_eq!(unary(&both.channel, "/t.T/Keep", b""), ok("kept"));
        let kept = both.serving.kept();
        thread::scope(|scope| {
            let held = scope.spawn(|| unary(&kept, "/t.T/Hold", b""));
            until("it is there", || both.calling.running.load(Ordering::SeqCst) == 1);
            match by_client {
                true => both.channel.shut_down(false),
                false => both.server.stop(SOON),
            }
            until("the caller is gone", || kept.state() == ConnectivityState::Shutdown);
            for wait_for_ready in [None, Some(true)] {
                let options = CallOptions { wait_for_ready, ..in_time() };
                assert_eq!(within(&kept, "/t.T/Echo", b"", options), both.gone());
            }
            assert_eq!(both.calling.running.load(Ordering::SeqCst), 1);
            both.calling.release();
            assert_eq!(held.join().unwrap(), ok("released"));
        });
        assert_eq!(unary(&kept, "/t.T/Echo", b""), both.gone());
    }
}

#[test]
fn who_asks_for_the_caller_after_a_shutdown_finds_it_gone() {
    for by_client in [true, false] {
        let both = Both::new();
        thread::scope(|scope| {
            let late = scope.spawn(|| unary(&both.channel, "/t.T/AskLate", b""));
            until("it is there", || both.serving.running.load(Ordering::SeqCst) == 1);
            match by_client {
                true => both.channel.shut_down(false),
                false => both.server.stop(SOON),
            }
            // The client's word is on its way.
            thread::sleep(Duration::from_millis(100));
            both.serving.release();
            assert_eq!(late.join().unwrap(), ok("Shutdown Unavailable"));
        });
    }
}

#[test]
fn a_shutdown_at_once_ends_the_calls_of_both_directions() {
    for by_client in [true, false] {
        let both = Both::new();
        assert_eq!(unary(&both.channel, "/t.T/Keep", b""), ok("kept"));
        let (kept, there) = (both.serving.kept(), both.channel.call("/t.T/Watch", in_time()));
        send(&there, "");
        thread::scope(|scope| {
            let watched = scope.spawn(|| unary(&kept, "/t.T/Watch", b""));
            until("both are there", || {
                let running = |side: &Side| side.running.load(Ordering::SeqCst);
                running(&both.calling) + running(&both.serving) == 2
            });
            match by_client {
                true => both.channel.shut_down(true),
                false => both.server.stop(Duration::ZERO),
            }
            let (code, text) = watched.join().unwrap();
            assert_eq!(code, Code::Unavailable, "{text}");
            let outcome = there.wait(Patience::endless(), |call, cx| call.poll_outcome(cx)).unwrap().unwrap();
            assert_eq!(outcome.status.code(), Code::Unavailable, "{}", outcome.status);
            assert_eq!(both.told.recv_timeout(SOON).unwrap(), "over true true");
        });
        assert_eq!(unary(&kept, "/t.T/Echo", b""), both.gone());
        until("nothing runs", || both.serving.running.load(Ordering::SeqCst) == 0);
    }
}

#[test]
fn a_client_that_offers_nothing_says_so() {
    let both = Both::new();
    let bare = Channel::builder(&*both.address).build().unwrap();
    let expected = ok("Unimplemented Method not found: t.T/Echo");
    assert_eq!(unary(&bare, "/t.T/Back", b"/t.T/Echo hello"), expected);
    assert_eq!(unary(&bare, "/t.T/Echo", b"hello"), ok("hello"));
}

#[test]
fn what_comes_back_is_held_to_the_servers_limit_also_where_it_was_compressed() {
    let both = Both::over("unix", true, |builder| builder.max_inbound_message_size(10_000));
    assert_eq!(unary(&both.channel, "/t.T/Keep", b""), ok("kept"));
    // Nothing makes these bytes much less.
    let mut state = 1u64;
    let random = [(); 30_000].map(|()| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        b'a' + (state >> 60) as u8
    });
    for message in [&random[..], &[b'x'; 30_000]] {
        let (code, text) = unary(&both.serving.kept(), "/t.T/Echo", message);
        assert_eq!(code, Code::ResourceExhausted, "{text}");
        assert!(text.contains("10000 bytes"), "{text}");
    }
    assert_eq!(unary(&both.serving.kept(), "/t.T/Echo", b"small"), ok("small"));
}

#[test]
fn calls_back_take_metadata_along_and_may_be_compressed() {
    let both = Both::new();
    assert_eq!(unary(&both.channel, "/t.T/Keep", b""), ok("kept"));
    let mut metadata = Metadata::new();
    metadata.push("mood", "good").unwrap();
    let options = CallOptions { metadata, gzip: true, ..in_time() };
    assert_eq!(within(&both.serving.kept(), "/t.T/Mood", b"", options), ok("good"));
    let echo = both.serving.kept().call("/t.T/Echo", CallOptions { gzip: true, ..in_time() });
    echo.send(vec![b'x'; 100_000].into(), true, true).unwrap();
    let outcome = echo.wait(Patience::endless(), |call, cx| call.poll_single(cx)).unwrap().unwrap();
    assert_eq!(outcome.message.as_ref().unwrap().len(), 100_000);
    assert!(outcome.compressed);
}

#[test]
fn the_next_connection_offers_again() {
    let both = Both::new();
    assert_eq!(unary(&both.channel, "/t.T/Back", b"/t.T/Echo one"), ok("Ok one"));
    both.server.stop(Duration::ZERO);
    both.server.wait_terminated(Patience::endless().until(later())).unwrap().unwrap().unwrap();
    let (serving, _) = Side::new();
    let next = ServerBuilder::default().serve_on_threads(true, around(), run(&serving, true));
    next.listen(&both.address).unwrap();
    next.start();
    let options = CallOptions { wait_for_ready: Some(true), ..in_time() };
    assert_eq!(within(&both.channel, "/t.T/Back", b"/t.T/Echo two", options), ok("Ok two"));
}
