//! Calls as bytes, on an event loop of the application's: both ends are on the same one, and nobody may wait there.

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use samehost::raw::{Answer, Channel, Hub, Server, ServerBuilder, ServerCall};
use samehost::{Code, Status};
use tempfile::TempDir;

use crate::event_loop::{EventLoop, flag, spawn};
use crate::sides::{Both, SOON, in_time, ok, unary};

/// The caller that was told to be kept.
type Kept = Arc<Mutex<Option<Channel>>>;

async fn ask(channel: &Channel, path: &str, message: impl Into<Bytes>) -> String {
    let call = channel.call(path, in_time());
    if poll_fn(|cx| call.poll_ready(cx)).await.is_ok() {
        // A call that is over meanwhile tells its outcome below.
        let _ = call.send(message.into(), true, true);
    }
    let outcome = poll_fn(|cx| call.poll_single(cx)).await;
    match &outcome.message {
        Some(message) => String::from_utf8(message.to_vec()).unwrap(),
        None => format!("{:?} {}", outcome.status.code(), outcome.status.message()),
    }
}

/// Does what the method's name says.
async fn serve(call: ServerCall, kept: Kept) {
    let message = poll_fn(|cx| call.poll_message(cx)).await.unwrap().unwrap();
    let asked = String::from_utf8(message.to_vec()).unwrap();
    let answered = match call.path() {
        "/t.T/Echo" => asked,
        "/t.T/Back" => ask(&call.caller(), "/t.T/Echo", asked).await,
        "/t.T/Nest" => match asked.parse::<u32>().unwrap() {
            0 => "down".to_owned(),
            depth => format!("{depth} {}", ask(&call.caller(), "/t.T/Nest", (depth - 1).to_string()).await),
        },
        "/t.T/Keep" => {
            *kept.lock().unwrap() = Some(call.caller());
            "kept".to_owned()
        }
        path => panic!("{path} is called"),
    };
    let (status, message) = (Status::new(Code::Ok, ""), Some(answered.into()));
    // A caller that has gone wants no answer.
    let _ = call.answer(Answer { status, headers: None, message, compress: true });
}

fn handler(hub: &Hub, kept: &Kept) -> impl Fn(ServerCall) + Send + Sync + 'static {
    let (hub, kept) = (hub.clone(), kept.clone());
    move |call| spawn(&hub, serve(call, kept.clone()))
}

struct Looped {
    on: EventLoop,
    kept: Kept,
    server: Server,
    address: String,
    channel: Channel,
    _folder: TempDir,
}

impl Looped {
    fn new() -> Looped {
        let (on, kept, folder) = (EventLoop::new(), Kept::default(), tempfile::tempdir().unwrap());
        let server = ServerBuilder::default().serve_on_hub(on.hub.clone(), handler(&on.hub, &kept));
        let address = server.listen(&format!("unix:{}/s", folder.path().display())).unwrap();
        server.start();
        let offered = handler(&on.hub, &Kept::default());
        let channel = Channel::builder(&*address).serve_on_hub(on.hub.clone(), offered).build().unwrap();
        Looped { on, kept, server, address, channel, _folder: folder }
    }

    fn answer(&mut self, channel: &Channel, path: &'static str, asked: &'static str) -> String {
        let (channel, (done, is_done)) = (channel.clone(), flag());
        let answered = Arc::new(Mutex::new(String::new()));
        let told = answered.clone();
        self.on.spawn(async move {
            *told.lock().unwrap() = ask(&channel, path, asked).await;
            done.store(true, Ordering::SeqCst);
        });
        self.on.run_until(path, is_done);
        answered.lock().unwrap().clone()
    }
}

#[test]
fn a_loop_is_called_back_by_itself_to_any_depth() {
    let mut looped = Looped::new();
    let channel = looped.channel.clone();
    assert_eq!(looped.answer(&channel, "/t.T/Back", "hello"), "hello");
    assert_eq!(looped.answer(&channel, "/t.T/Nest", "7"), "7 6 5 4 3 2 1 down");
}

#[test]
fn many_are_called_back_at_once() {
    let mut looped = Looped::new();
    let answered = Arc::new(AtomicUsize::new(0));
    const CALLS: usize = 200;
    for number in 0..CALLS {
        let (channel, answered) = (looped.channel.clone(), answered.clone());
        looped.on.spawn(async move {
            let asked = number.to_string();
            assert_eq!(ask(&channel, "/t.T/Back", asked.clone()).await, asked);
            answered.fetch_add(1, Ordering::SeqCst);
        });
    }
    looped.on.run_until("all are answered", || answered.load(Ordering::SeqCst) == CALLS);
}

#[test]
fn a_kept_channel_reaches_an_idle_client_until_either_side_shuts_down() {
    for by_client in [true, false] {
        let mut looped = Looped::new();
        let channel = looped.channel.clone();
        assert_eq!(looped.answer(&channel, "/t.T/Keep", ""), "kept");
        let kept = looped.kept.lock().unwrap().clone().unwrap();
        assert_eq!(looped.answer(&kept, "/t.T/Echo", "later"), "later");
        match by_client {
            true => channel.shut_down(false),
            false => looped.server.stop(SOON),
        }
        let mut seen = String::new();
        for _ in 0..100 {
            // The client's word may be on its way.
            seen = looped.answer(&kept, "/t.T/Echo", "too late");
            if seen != "too late" {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        let gone = samehost::transport::Fault::CallerGone.text(&[&looped.address]);
        assert_eq!(seen, format!("Unavailable {gone}"));
    }
}

#[test]
fn a_client_on_a_loop_that_offers_nothing_says_so() {
    let mut looped = Looped::new();
    let bare = looped.on.channel(&looped.address);
    assert_eq!(looped.answer(&bare, "/t.T/Back", "x"), "Unimplemented Method not found: t.T/Echo");
}

#[test]
fn a_loop_and_threads_call_each_other_back() {
    let (both, mut on) = (Both::new(), EventLoop::new());
    let offered = handler(&on.hub, &Kept::default());
    let channel = Channel::builder(&*both.address).serve_on_hub(on.hub.clone(), offered).build().unwrap();
    let (done, is_done) = flag();
    on.spawn(async move {
        // Threads call the loop back.
        assert_eq!(ask(&channel, "/t.T/Back", "/t.T/Echo hello").await, "Ok hello");
        assert_eq!(ask(&channel, "/t.T/Nest", "7").await, "7 6 5 4 3 2 1 down");
        done.store(true, Ordering::SeqCst);
    });
    on.run_until("the loop is called back", is_done);

    // The loop calls threads back.
    let server = ServerBuilder::default().serve_on_hub(on.hub.clone(), handler(&on.hub, &Kept::default()));
    let folder = tempfile::tempdir().unwrap();
    let address = server.listen(&format!("unix:{}/s", folder.path().display())).unwrap();
    server.start();
    let channel = crate::sides::offering(Channel::builder(&*address), &both.calling, true);
    let asking = thread::spawn(move || {
        assert_eq!(unary(&channel, "/t.T/Back", b"hello"), ok("hello"));
        assert_eq!(unary(&channel, "/t.T/Nest", b"6"), ok("6 5 4 3 2 1 down"));
    });
    on.look_until("threads are called back", || asking.is_finished());
    asking.join().unwrap();
}
