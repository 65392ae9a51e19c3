//! Calls by stock stubs of tonic.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samehost::transport::Fault;
use samehost::{Channel, ConnectivityState, Peer, Server};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use tonic::{Code, Request, Status};

use crate::echoes::{Echoes, Word, ask, say, serve};
use crate::sides::SOON;

/// Fails where something does not come to its end.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.expect("it ends in time")
}

/// Waits until something holds that nothing tells of.
async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn gone(echoes: &Echoes) -> String {
    Fault::CallerGone.text(&[&echoes.address])
}

fn runtimes() -> [tokio::runtime::Runtime; 2] {
    let of_one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let of_two = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    [of_one, of_two]
}

#[test]
fn all_kinds_of_calls_go_back_and_to_any_depth() {
    for runtime in runtimes() {
        runtime.block_on(async {
            for scheme in ["unix", "shm"] {
                let echoes = Echoes::over(scheme, |builder| builder);
                let channel = &echoes.channel;
                assert_eq!(soon(say(channel, "back echo hello")).await.unwrap(), "hello");
                assert_eq!(soon(say(channel, "kinds")).await.unwrap(), "2000034");
                assert_eq!(soon(say(channel, "back kinds")).await.unwrap(), "2000034");
                for _ in 0..20 {
                    assert_eq!(soon(say(channel, "nest 7")).await.unwrap(), "7 6 5 4 3 2 1 down");
                }
                let pid = format!("Some({})", std::process::id());
                assert_eq!(soon(say(channel, "back pid")).await.unwrap(), pid);
            }
        });
    }
}

#[test]
fn many_call_and_call_back_at_once() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let echoes = Echoes::new();
            let kept = echoes.kept().await;
            let all: Vec<_> = (0..64)
                .map(|number| {
                    let channel = if number % 2 == 0 { echoes.channel.clone() } else { kept.clone() };
                    tokio::spawn(async move {
                        for round in 0..20 {
                            let text = format!("{number} {round}");
                            assert_eq!(say(&channel, format!("back echo {text}")).await.unwrap(), text);
                            assert_eq!(say(&channel, format!("echo {text}")).await.unwrap(), text);
                        }
                    })
                })
                .collect();
            for one in all {
                soon(one).await.unwrap();
            }
        });
    }
}

#[tokio::test]
async fn a_callers_channel_is_kept_and_used_while_the_client_does_nothing() {
    let echoes = Echoes::new();
    let kept = echoes.kept().await;
    for _ in 0..3 {
        // Nobody waits for a call of the client's own.
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(soon(say(&kept, "nest 2")).await.unwrap(), "2 1 down");
    }
    assert_eq!((kept.state(), kept.address()), (ConnectivityState::Ready, &*echoes.address));
}

#[tokio::test]
async fn to_drop_or_shut_down_a_callers_channel_ends_nothing() {
    let echoes = Echoes::new();
    let kept = echoes.kept().await;
    kept.shutdown_now();
    kept.connect();
    assert_eq!(soon(say(&kept, "echo still")).await.unwrap(), "still");
    drop((kept, echoes.serving.kept.lock().unwrap().take()));
    assert_eq!(soon(say(&echoes.channel, "back echo again")).await.unwrap(), "again");
}

#[tokio::test]
async fn deadlines_and_cancellations_reach_handlers_of_calls_back_and_the_other_way_round() {
    let echoes = Echoes::new();
    let kept = echoes.kept().await;
    let mut request = Request::new(ask("never"));
    request.set_timeout(Duration::from_millis(200));
    let status = soon(EchoClient::new(kept.clone()).say(request)).await.unwrap_err();
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    until("the handler is dropped", || echoes.calling.is_running(0)).await;

    let call = tokio::spawn(async move { say(&kept, "never").await });
    until("it is there", || echoes.calling.is_running(1)).await;
    call.abort();
    until("the handler is dropped", || echoes.calling.is_running(0)).await;

    // A handler whose call is cancelled is dropped, and its call back with it.
    let channel = echoes.channel.clone();
    let call = tokio::spawn(async move { say(&channel, "back never").await });
    until("it is called back", || echoes.calling.is_running(1)).await;
    call.abort();
    until("both are dropped", || echoes.calling.is_running(0) && echoes.serving.is_running(0)).await;
}

#[tokio::test]
async fn calls_back_that_are_open_go_on_after_a_shutdown_and_no_new_one_begins() {
    for by_client in [true, false] {
        let echoes = Echoes::new();
        let kept = echoes.kept().await;
        let of = kept.clone();
        let held = tokio::spawn(async move { say(&of, "hold").await });
        until("it is there", || echoes.calling.is_running(1)).await;
        match by_client {
            true => echoes.channel.shutdown(),
            false => echoes.server.shutdown(),
        }
        let state = soon(kept.state_changed(ConnectivityState::Ready)).await;
        assert_eq!(state, ConnectivityState::Shutdown);
        for wait in [false, true] {
            let mut request = Request::new(ask("echo too late"));
            request.extensions_mut().insert(samehost::WaitForReady(wait));
            let status = soon(EchoClient::new(kept.clone()).say(request)).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::Unavailable, &*gone(&echoes)));
        }
        assert!(!held.is_finished());
        echoes.calling.releases.add_permits(1);
        assert_eq!(soon(held).await.unwrap().unwrap(), "released");
        if !by_client {
            soon(echoes.server.terminated()).await.unwrap();
        }
        let status = soon(say(&kept, "echo too late")).await.unwrap_err();
        assert_eq!(status.message(), gone(&echoes));
    }
}

#[tokio::test]
async fn a_shutdown_at_once_ends_the_calls_of_both_directions() {
    for by_client in [true, false] {
        let echoes = Echoes::new();
        let kept = echoes.kept().await;
        let channel = echoes.channel.clone();
        let of = kept.clone();
        let calls = [
            tokio::spawn(async move { say(&channel, "never").await }),
            tokio::spawn(async move { say(&of, "never").await }),
        ];
        let running = |handlers| {
            move |echoes: &Echoes| echoes.calling.is_running(handlers) && echoes.serving.is_running(handlers)
        };
        until("both are there", || running(1)(&echoes)).await;
        match by_client {
            true => echoes.channel.shutdown_now(),
            false => echoes.server.shutdown_now(),
        }
        for call in calls {
            let status = soon(call).await.unwrap().unwrap_err();
            assert_eq!(status.code(), Code::Unavailable, "{status}");
        }
        until("both are dropped", || running(0)(&echoes)).await;
        assert_eq!(soon(say(&kept, "echo")).await.unwrap_err().message(), gone(&echoes));
    }
}

#[tokio::test]
async fn a_client_that_offers_nothing_says_so() {
    let echoes = Echoes::new();
    let bare = Channel::for_address(&echoes.address).unwrap();
    let status = soon(say(&bare, "back echo hello")).await.unwrap_err();
    assert_eq!(status.code(), Code::Unimplemented);
    assert_eq!(status.message(), "Method not found: samehost.test.v1.Echo/Say");
}

#[tokio::test]
async fn what_comes_back_is_held_to_the_servers_limit() {
    let echoes = Echoes::new();
    let kept = echoes.kept().await;
    let status = soon(say(&kept, format!("long {}", 11 << 20))).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    assert_eq!(soon(say(&kept, "long 1000")).await.unwrap().len(), 1000);
}

#[tokio::test]
async fn the_next_connection_offers_again() {
    let echoes = Echoes::new();
    assert_eq!(soon(say(&echoes.channel, "back echo one")).await.unwrap(), "one");
    echoes.server.shutdown_now();
    soon(echoes.server.terminated()).await.unwrap();
    let _next = serve(&Word::default(), &echoes.address);
    let mut request = Request::new(ask("back echo two"));
    request.extensions_mut().insert(samehost::WaitForReady(true));
    let answer = soon(EchoClient::new(echoes.channel.clone()).say(request)).await.unwrap();
    assert_eq!(answer.into_inner().data, b"two");
}

#[test]
fn handlers_may_wait_on_the_threads_of_a_connection() {
    // On both sides, of one runtime that has a single thread and does nothing.
    let [runtime, _] = runtimes();
    let _inside = runtime.enter();
    let echoes = Echoes::over("unix", samehost::ChannelBuilder::read_by_threads);
    for _ in 0..20 {
        let nested = "wait wait wait wait wait wait wait echo deep";
        assert_eq!(samehost::block_on(say(&echoes.channel, nested)).unwrap(), "deep");
    }
}

#[test]
fn a_handler_that_waits_on_its_thread_keeps_nobody_from_being_served() {
    let [_, runtime] = runtimes();
    runtime.block_on(async {
        let echoes = Echoes::new();
        let kept = echoes.kept().await;
        // At the server that is a thread of the connection, at the client one of the runtime.
        let turns = [(&echoes.channel, "wait hold", &echoes.calling), (&kept, "block hold", &echoes.serving)];
        for (channel, order, waits_for) in turns {
            let channel = channel.clone();
            let waits = tokio::spawn(async move { say(&channel, order).await });
            until("both are there", || echoes.calling.is_running(1) && echoes.serving.is_running(1)).await;
            for _ in 0..20 {
                assert_eq!(soon(say(&echoes.channel, "echo beside")).await.unwrap(), "beside");
                assert_eq!(soon(say(&kept, "echo beside")).await.unwrap(), "beside");
            }
            assert!(!waits.is_finished());
            waits_for.releases.add_permits(1);
            assert_eq!(soon(waits).await.unwrap().unwrap(), "released");
        }
    });
}

#[tokio::test]
async fn each_client_is_called_back_over_its_own_connection() {
    let echoes = Echoes::new();
    let words = [Word::default(), Word::default()];
    let channels = words
        .clone()
        .map(|word| Channel::builder(&*echoes.address).add_service(EchoServer::new(word)).build().unwrap());
    for (channel, word) in channels.iter().zip(&words).cycle().take(4) {
        word.kept.lock().unwrap().take();
        assert_eq!(soon(say(channel, "back keep")).await.unwrap(), "kept");
        assert!(word.kept.lock().unwrap().is_some());
    }
    let callers = words.map(|word| word.kept());
    drop(channels);
    for caller in callers {
        // What one client has kept ends with its channel alone.
        soon(caller.state_changed(ConnectivityState::Ready)).await;
    }
    assert_eq!(soon(say(&echoes.channel, "back echo still")).await.unwrap(), "still");
}

#[tokio::test]
async fn interceptors_find_the_caller_and_requests_of_other_origin_have_none() {
    let seen = Arc::new(Mutex::new(None));
    let keep = seen.clone();
    let echo = EchoServer::with_interceptor(Word::default(), move |request: Request<()>| {
        *keep.lock().unwrap() = samehost::caller(&request);
        Ok::<_, Status>(request)
    });
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}/s", folder.path().display());
    let _server = Server::builder().add_service(echo).bind(&address).unwrap();
    let offered = EchoServer::new(Word::default());
    let channel = Channel::builder(&*address).add_service(offered).build().unwrap();
    assert_eq!(soon(say(&channel, "back echo through it")).await.unwrap(), "through it");
    let caller = seen.lock().unwrap().clone().unwrap();
    assert_eq!(soon(say(&caller, "echo hello")).await.unwrap(), "hello");

    let mut foreign = Request::new(());
    assert!(samehost::caller(&foreign).is_none());
    foreign.extensions_mut().insert(Peer::at(&*address));
    assert!(samehost::caller(&foreign).is_none());
}
