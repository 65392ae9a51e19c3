//! Calls as bytes, between threads: what the bindings stand on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use samehost::raw::{
    Answer, Call, CallOptions, Channel, Patience, Server, ServerBuilder, ServerCall, Tender,
};
use samehost::{Code, Metadata, Status};
use tempfile::TempDir;

/// Generous: the machine may be busy.
const SOON: Duration = Duration::from_secs(30);

/// A service that does what the method's name says.
struct Obedient {
    released: Mutex<bool>,
    changed: Condvar,
    running: AtomicUsize,
    told: Mutex<Sender<String>>,
}

impl Obedient {
    fn new() -> (Arc<Obedient>, Receiver<String>) {
        let (tell, told) = channel();
        let obedient = Obedient {
            released: Mutex::new(false),
            changed: Condvar::new(),
            running: AtomicUsize::new(0),
            told: Mutex::new(tell),
        };
        (Arc::new(obedient), told)
    }

    fn release(&self) {
        *self.released.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn tell(&self, text: impl Into<String>) {
        // Whoever does not listen any more has seen enough.
        let _ = self.told.lock().unwrap().send(text.into());
    }

    fn serve(&self, call: &ServerCall) {
        self.running.fetch_add(1, Ordering::SeqCst);
        match call.path() {
            "/t.T/Echo" => answer(call, received(call).ok().flatten().as_deref()),
            "/t.T/Count" => {
                let mut count = 0;
                while received(call).unwrap().is_some() {
                    count += 1;
                }
                answer(call, Some(count.to_string().as_bytes()));
            }
            "/t.T/Chat" => loop {
                match received(call) {
                    Ok(Some(message)) => {
                        call.set_compression(true);
                        let ready = call.wait(Patience::endless(), |call, cx| call.poll_ready(cx)).unwrap();
                        assert_eq!(ready.unwrap().is_ok(), call.send(message, true));
                    }
                    Ok(None) => return answer(call, None),
                    Err(status) => return self.tell(format!("{:?}", status.code())),
                }
            },
            "/t.T/Hold" => {
                let released = self.released.lock().unwrap();
                drop(self.changed.wait_timeout_while(released, SOON, |released| !*released).unwrap());
                answer(call, Some(b"released"));
            }
            "/t.T/Watch" => {
                let over = call.wait(Patience::endless().until(later(SOON)), |call, cx| call.poll_over(cx));
                self.tell(format!("over {} {}", over.unwrap().is_some(), call.was_cancelled()));
            }
            _ => {}
        }
        self.running.fetch_sub(1, Ordering::SeqCst);
    }
}

fn later(time: Duration) -> Option<Instant> {
    Some(Instant::now() + time)
}

fn received(call: &ServerCall) -> Result<Option<bytes::Bytes>, Status> {
    call.wait(Patience::endless(), |call, cx| call.poll_message(cx)).unwrap().unwrap()
}

fn answer(call: &ServerCall, message: Option<&[u8]>) {
    let message = message.map(bytes::Bytes::copy_from_slice);
    let status = Status::new(Code::Ok, "");
    // A caller that has gone wants no answer.
    let _ = call.answer(Answer { status, headers: None, message, compress: true });
}

struct Served {
    obedient: Arc<Obedient>,
    told: Receiver<String>,
    server: Server,
    address: String,
    _folder: TempDir,
}

fn serve_with(builder: ServerBuilder) -> Served {
    let (obedient, told) = Obedient::new();
    let folder = tempfile::tempdir().unwrap();
    let service = obedient.clone();
    let server = builder.serve_on_threads(true, Arc::new(|run| run()), move |call| service.serve(&call));
    let address = server.listen(&format!("unix:{}/s", folder.path().display())).unwrap();
    server.start();
    Served { obedient, told, server, address, _folder: folder }
}

fn serve() -> Served {
    serve_with(ServerBuilder::default())
}

impl Served {
    fn channel(&self) -> Channel {
        Channel::builder(&*self.address).build().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.obedient.release();
    }
}

fn in_time() -> CallOptions {
    CallOptions { timeout: Some(SOON), ..CallOptions::default() }
}

fn unary(channel: &Channel, path: &str, message: &[u8]) -> (Code, Option<bytes::Bytes>) {
    let message = bytes::Bytes::copy_from_slice(message);
    let outcome = channel.unary(path, in_time(), message, Patience::endless()).unwrap();
    (outcome.status.code(), outcome.message)
}

fn next(call: &Call) -> Option<bytes::Bytes> {
    call.wait(Patience::endless(), |call, cx| call.poll_message(cx)).unwrap().unwrap()
}

fn send(call: &Call, message: impl Into<bytes::Bytes>) {
    call.wait_ready(Patience::endless()).unwrap().unwrap().unwrap();
    call.send(message.into(), false, true).unwrap();
}

fn outcome(call: &Call) -> Arc<samehost::raw::Outcome> {
    call.wait(Patience::endless(), |call, cx| call.poll_outcome(cx)).unwrap().unwrap()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn every_kind_of_call_is_answered() {
    let served = serve();
    let channel = served.channel();
    assert_eq!(channel.peer(), None);
    for number in 0..20u8 {
        assert_eq!(unary(&channel, "/t.T/Echo", &[number]), (Code::Ok, Some(vec![number].into())));
    }
    assert_eq!(channel.peer().unwrap().process_id, Some(std::process::id()));
    let count = channel.call("/t.T/Count", in_time());
    (0..100).for_each(|_| send(&count, "one more"));
    count.half_close();
    assert_eq!(next(&count).unwrap(), "100");
    assert_eq!(next(&count), None);
    assert_eq!(outcome(&count).status.code(), Code::Ok);

    let chat = channel.call("/t.T/Chat", CallOptions { gzip: true, ..in_time() });
    for size in [0, 1, 100_000, 3_000_000] {
        send(&chat, vec![7; size]);
        assert_eq!(next(&chat).unwrap(), vec![7; size]);
    }
    chat.half_close();
    assert_eq!(next(&chat), None);
    assert_eq!(unary(&channel, "/t.T/Nothing", b"").0, Code::Unknown);
}

#[test]
fn handlers_that_take_long_hold_up_nobody_on_their_connection() {
    let served = serve();
    let channel = served.channel();
    thread::scope(|scope| {
        let held: Vec<_> =
            (0..20).map(|_| scope.spawn(|| unary(&channel, "/t.T/Hold", b"").1.unwrap())).collect();
        until("all are held at once", || served.obedient.running.load(Ordering::SeqCst) == 20);
        for number in 0..20u8 {
            assert_eq!(unary(&channel, "/t.T/Echo", &[number]).1.unwrap(), vec![number]);
        }
        served.obedient.release();
        held.into_iter().for_each(|held| assert_eq!(held.join().unwrap(), "released"));
    });
}

#[test]
fn handlers_that_wait_for_messages_read_for_all() {
    let served = serve();
    let channel = served.channel();
    let chats: Vec<_> = (0..10).map(|_| channel.call("/t.T/Chat", in_time())).collect();
    for round in 0..10u8 {
        for chat in &chats {
            send(chat, vec![round]);
        }
        for chat in &chats {
            assert_eq!(next(chat).unwrap(), vec![round]);
        }
        assert_eq!(unary(&channel, "/t.T/Echo", b"beside").1.unwrap(), "beside");
    }
}

#[test]
fn a_thousand_calls_at_once_have_each_their_own_answer() {
    let served = serve();
    let channel = served.channel();
    let calls: Vec<_> = (0..1000u32)
        .map(|number| {
            let call = channel.call("/t.T/Echo", in_time());
            call.send(number.to_string().into(), true, true).unwrap();
            let _ = call.poll_opened(&Context::from_waker(Waker::noop()));
            call
        })
        .collect();
    for (number, call) in calls.iter().enumerate() {
        let single = call.wait(Patience::endless(), |call, cx| call.poll_single(cx)).unwrap().unwrap();
        assert_eq!(single.message.as_ref().unwrap(), &*number.to_string());
    }
}

#[test]
fn a_cancellation_reaches_a_handler_that_waits() {
    let served = serve();
    let channel = served.channel();
    let chat = channel.call("/t.T/Chat", in_time());
    send(&chat, "hello");
    assert_eq!(next(&chat).unwrap(), "hello");
    assert!(chat.cancel("enough"));
    assert!(!chat.cancel("again"));
    assert_eq!(outcome(&chat).status.message(), "the call was cancelled by its caller: enough");
    assert_eq!(served.told.recv_timeout(SOON).unwrap(), "Cancelled");

    let watch = channel.call("/t.T/Watch", in_time());
    watch.send("".into(), true, true).unwrap();
    let _ = watch.poll_opened(&Context::from_waker(Waker::noop()));
    drop(watch);
    assert_eq!(served.told.recv_timeout(SOON).unwrap(), "over true true");
}

#[test]
fn a_deadline_passes_on_both_sides_though_nobody_waits() {
    let served = serve();
    let (tell, told) = channel::<Code>();
    let channel = served.channel();
    assert_eq!(unary(&channel, "/t.T/Echo", b"").0, Code::Ok);
    let timeout = Some(Duration::from_secs(1)); // to reach the handler on a busy machine
    let call = Arc::new(channel.call("/t.T/Watch", CallOptions { timeout, ..CallOptions::default() }));
    call.send("".into(), true, true).unwrap();
    let tender = Tender::new(Arc::new(|run| run()));
    let tended = call.tended(Call::poll_outcome);
    tender.tend(async move { tell.send(tended.await.status.code()).unwrap() });
    assert_eq!(told.recv_timeout(SOON).unwrap(), Code::DeadlineExceeded);
    assert_eq!(served.told.recv_timeout(SOON).unwrap(), "over true true");
}

#[test]
fn a_call_that_is_tended_is_answered_though_no_thread_waits() {
    let served = serve();
    let call = Arc::new(served.channel().call("/t.T/Echo", in_time()));
    call.send("hello".into(), true, true).unwrap();
    let (tell, told) = channel();
    let tended = call.tended(Call::poll_single);
    Tender::new(Arc::new(|run| run())).tend(async move { tell.send(tended.await).unwrap() });
    assert_eq!(told.recv_timeout(SOON).unwrap().message.as_ref().unwrap(), "hello");
}

#[test]
fn a_message_that_unpacks_to_more_than_the_servers_limit_is_refused() {
    let served = serve_with(ServerBuilder::default().max_inbound_message_size(10_000));
    let channel = served.channel();
    let options = CallOptions { gzip: true, ..in_time() };
    let bomb = channel.unary("/t.T/Echo", options, vec![0; 1 << 20].into(), Patience::endless()).unwrap();
    assert_eq!(bomb.status.code(), Code::ResourceExhausted);
    assert!(bomb.status.message().contains("maximum inbound message size"), "{}", bomb.status);
    assert_eq!(unary(&channel, "/t.T/Echo", b"small").0, Code::Ok);
}

#[test]
fn whoever_connects_before_the_start_is_served_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let (obedient, _told) = Obedient::new();
    let server = ServerBuilder::default().serve_on_threads(true, Arc::new(|run| run()), move |call| {
        obedient.serve(&call);
    });
    let address = server.listen(&format!("unix:{}/s", folder.path().display())).unwrap();
    let early = thread::spawn(move || {
        let channel = Channel::builder(address).build().unwrap();
        unary(&channel, "/t.T/Echo", b"early")
    });
    thread::sleep(Duration::from_millis(50));
    assert!(!early.is_finished());
    server.start();
    assert_eq!(early.join().unwrap(), (Code::Ok, Some("early".into())));
}

#[test]
fn a_server_that_stops_lets_open_calls_go_on_for_its_grace_and_no_longer() {
    let served = serve();
    let channel = served.channel();
    let chat = channel.call("/t.T/Chat", in_time());
    send(&chat, "before");
    assert_eq!(next(&chat).unwrap(), "before");
    served.server.stop(SOON * 10);
    send(&chat, "after");
    assert_eq!(next(&chat).unwrap(), "after");
    assert!(
        served.server.wait_terminated(Patience::endless().until(Some(Instant::now()))).unwrap().is_none()
    );
    served.server.stop(Duration::from_millis(20));
    assert_eq!(next(&chat), None);
    assert_eq!(outcome(&chat).status.code(), Code::Unavailable);
    served.server.wait_terminated(Patience::endless().until(later(SOON))).unwrap().unwrap().unwrap();
}

#[test]
fn a_wait_ends_in_time_though_its_thread_reads_for_others() {
    let served = serve();
    let (channel, soon) = (served.channel(), later(Duration::from_millis(50)));
    let held = channel.call("/t.T/Chat", in_time());
    let waits = thread::spawn(move || held.wait(Patience::endless().until(soon), Call::poll_message));
    until("the wait ends", || unary(&channel, "/t.T/Echo", b"").0 == Code::Ok && waits.is_finished());
    assert_eq!(waits.join().unwrap(), Ok(None));
}

#[test]
fn who_asks_whether_to_go_on_can_stop_a_wait() {
    let served = serve();
    let channel = served.channel();
    let mut asked = 0;
    let mut goes_on = || {
        asked += 1;
        asked < 3
    };
    let waited = channel.unary("/t.T/Watch", in_time(), "".into(), Patience::endless().asking(&mut goes_on));
    assert!(waited.is_err());
    assert_eq!(asked, 3);
    assert_eq!(served.told.recv_timeout(SOON).unwrap(), "over true true");
}

#[test]
fn headers_messages_and_trailers_come_in_their_order_and_mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (tell, told) = channel::<String>();
    let tell = Mutex::new(tell);
    let server = ServerBuilder::default().serve_on_threads(true, Arc::new(|run| run()), move |call| {
        let pairs = |text: &str| {
            let mut pairs = Metadata::new();
            pairs.push("key", text).unwrap();
            pairs
        };
        assert_eq!(call.metadata().get("key"), Some(&b"asked"[..]));
        assert_eq!(call.send_headers(pairs("headers")), Ok(true));
        let again = call.send_headers(pairs("again")).unwrap_err();
        let status = Status::new(Code::Aborted, "on purpose").with_metadata(pairs("trailers"));
        let late = Answer { status, headers: Some(pairs("late")), message: None, compress: true };
        let mistake = call.answer(late).unwrap_err();
        tell.lock().unwrap().send(format!("{}; {}", again.0, mistake.0)).unwrap();
        let status = Status::new(Code::Aborted, "on purpose").with_metadata(pairs("trailers"));
        let answer = Answer { status, headers: None, message: Some("last".into()), compress: true };
        assert_eq!(call.answer(answer), Ok(true));
    });
    let address = server.listen(&format!("unix:{}/s", folder.path().display())).unwrap();
    server.start();
    let mut metadata = Metadata::new();
    metadata.push("key", "asked").unwrap();
    let call =
        Channel::builder(address).build().unwrap().call("/a.B/C", CallOptions { metadata, ..in_time() });
    call.half_close();
    let headers = call.wait(Patience::endless(), |call, cx| call.poll_headers(cx)).unwrap().unwrap();
    assert_eq!(headers.get("key"), Some(&b"headers"[..]));
    assert_eq!(next(&call).unwrap(), "last");
    assert_eq!(next(&call), None);
    let status = outcome(&call).status.clone();
    assert_eq!((status.code(), status.message()), (Code::Aborted, "on purpose"));
    assert_eq!(status.metadata().get("key"), Some(&b"trailers"[..]));
    let mistakes = told.recv_timeout(SOON).unwrap();
    assert_eq!(mistakes, "headers are sent once, and before the first message; headers are sent once");
}
