//! A server and a client of threads that serve each other, and do what the method's name says.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use samehost::raw::{
    Answer, Call, CallOptions, Channel, ChannelBuilder, Patience, Server, ServerBuilder, ServerCall,
};
use samehost::transport::Fault;
use samehost::{Code, Status};
use tempfile::TempDir;

/// Generous: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(30);

/// What either side serves: it does what the method's name says.
pub struct Side {
    released: Mutex<bool>,
    changed: Condvar,
    pub running: AtomicUsize,
    /// The channel of the caller that was told to be kept.
    pub kept: Mutex<Option<Channel>>,
    told: Mutex<Sender<String>>,
}

/// Counts a handler until it is over, be it by a panic.
struct Running<'a>(&'a Side);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Side {
    pub fn new() -> (Arc<Side>, Receiver<String>) {
        let (tell, told) = channel();
        let side = Side {
            released: Mutex::default(),
            changed: Condvar::new(),
            running: AtomicUsize::new(0),
            kept: Mutex::default(),
            told: Mutex::new(tell),
        };
        (Arc::new(side), told)
    }

    pub fn release(&self) {
        *self.released.lock().unwrap() = true;
        self.changed.notify_all();
    }

    fn await_release(&self) {
        let released = self.released.lock().unwrap();
        drop(self.changed.wait_timeout_while(released, SOON, |released| !*released).unwrap());
    }

    pub fn has_kept(&self) -> bool {
        self.kept.lock().unwrap().is_some()
    }

    pub fn kept(&self) -> Channel {
        self.kept.lock().unwrap().clone().unwrap()
    }

    fn tell(&self, text: impl Into<String>) {
        // Whoever does not listen any more has seen enough.
        let _ = self.told.lock().unwrap().send(text.into());
    }

    fn serve(&self, call: &ServerCall) {
        self.running.fetch_add(1, Ordering::SeqCst);
        let _running = Running(self);
        self.obey(call);
    }

    fn obey(&self, call: &ServerCall) {
        match call.path() {
            "/t.T/Echo" => {
                call.set_compression(true);
                answer(call, &received(call).unwrap_or_default());
            }
            "/t.T/Mood" => answer(call, call.metadata().get("mood").unwrap_or_default()),
            "/t.T/Pid" => answer(call, format!("{:?}", call.peer().process_id).as_bytes()),
            // Calls back the method that the request names, with what follows it.
            "/t.T/Back" => {
                let asked = received(call).unwrap();
                let at = asked.iter().position(|&byte| byte == b' ').unwrap();
                let path = std::str::from_utf8(&asked[..at]).unwrap();
                let (code, text) = unary(&call.caller(), path, &asked.slice(at + 1..));
                answer(call, format!("{code:?} {text}").as_bytes());
            }
            "/t.T/Nest" => {
                let depth: u32 = std::str::from_utf8(&received(call).unwrap()).unwrap().parse().unwrap();
                let below = match depth {
                    0 => "down".to_owned(),
                    _ => unary(&call.caller(), "/t.T/Nest", (depth - 1).to_string().as_bytes()).1,
                };
                answer(call, format!("{depth} {below}").as_bytes());
            }
            "/t.T/Streams" => {
                let caller = call.caller();
                let chat = caller.call("/t.T/Chat", in_time());
                for size in [0, 1, 100_000, 3_000_000] {
                    send(&chat, vec![7; size]);
                    assert_eq!(next(&chat).unwrap(), vec![7; size]);
                }
                chat.half_close();
                assert_eq!(next(&chat), None);
                let count = caller.call("/t.T/Count", in_time());
                (0..100).for_each(|_| send(&count, "one more"));
                count.half_close();
                answer(call, &next(&count).unwrap());
            }
            "/t.T/Chat" => {
                while let Some(message) = received(call) {
                    call.wait(Patience::endless(), |call, cx| call.poll_ready(cx)).unwrap().unwrap().unwrap();
                    assert!(call.send(message, true));
                }
                end(call, Code::Ok, "", None);
            }
            "/t.T/Count" => {
                let mut count = 0;
                while received(call).is_some() {
                    count += 1;
                }
                answer(call, count.to_string().as_bytes());
            }
            "/t.T/Keep" => {
                *self.kept.lock().unwrap() = Some(call.caller());
                answer(call, b"kept");
            }
            "/t.T/Hold" => {
                self.await_release();
                answer(call, b"released");
            }
            // Asks for its caller when it is released, and not before.
            "/t.T/AskLate" => {
                self.await_release();
                let caller = call.caller();
                let state = caller.state();
                answer(call, format!("{state:?} {:?}", unary(&caller, "/t.T/Echo", b"").0).as_bytes());
            }
            "/t.T/Watch" => {
                let over = call.wait(Patience::endless().until(later()), |call, cx| call.poll_over(cx));
                self.tell(format!("over {} {}", over.unwrap().is_some(), call.was_cancelled()));
            }
            // Calls Watch back, and gives that up when its own call is over.
            "/t.T/BackToWatch" => {
                let watch = call.caller().call("/t.T/Watch", in_time());
                // A caller that has gone meanwhile ends this call as well.
                let _ = watch.wait_ready(Patience::endless()).unwrap();
                let _ = watch.send("".into(), true, true);
                call.wait(Patience::endless().until(later()), |call, cx| call.poll_over(cx)).unwrap();
            }
            path => end(call, Code::Unimplemented, &format!("no {path} here"), None),
        }
    }
}

pub fn later() -> Option<Instant> {
    Some(Instant::now() + SOON)
}

/// The next message, if one comes.
fn received(call: &ServerCall) -> Option<Bytes> {
    call.wait(Patience::endless(), |call, cx| call.poll_message(cx)).unwrap().unwrap().ok().flatten()
}

fn answer(call: &ServerCall, message: &[u8]) {
    end(call, Code::Ok, "", Some(Bytes::copy_from_slice(message)));
}

fn end(call: &ServerCall, code: Code, text: &str, message: Option<Bytes>) {
    // A caller that has gone wants no answer.
    let _ = call.answer(Answer { status: Status::new(code, text), headers: None, message, compress: true });
}

pub fn in_time() -> CallOptions {
    CallOptions { timeout: Some(SOON), ..CallOptions::default() }
}

/// The outcome's code, and its message or else its text.
pub fn unary(channel: &Channel, path: &str, message: &[u8]) -> (Code, String) {
    within(channel, path, message, in_time())
}

pub fn within(channel: &Channel, path: &str, message: &[u8], options: CallOptions) -> (Code, String) {
    let message = Bytes::copy_from_slice(message);
    let outcome = channel.unary(path, options, message, Patience::endless()).unwrap();
    let text = match &outcome.message {
        Some(message) => String::from_utf8(message.to_vec()).unwrap(),
        None => outcome.status.message().to_owned(),
    };
    (outcome.status.code(), text)
}

pub fn ok(text: impl Into<String>) -> (Code, String) {
    (Code::Ok, text.into())
}

pub fn next(call: &Call) -> Option<Bytes> {
    call.wait(Patience::endless(), |call, cx| call.poll_message(cx)).unwrap().unwrap()
}

pub fn send(call: &Call, message: impl Into<Bytes>) {
    call.wait_ready(Patience::endless()).unwrap().unwrap().unwrap();
    call.send(message.into(), false, true).unwrap();
}

pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A server and a client that serve each other.
pub struct Both {
    pub server: Server,
    pub serving: Arc<Side>,
    pub channel: Channel,
    pub calling: Arc<Side>,
    pub told: Receiver<String>,
    pub address: String,
    _folder: TempDir,
}

impl Both {
    pub fn new() -> Both {
        Both::over("unix", true, |builder| builder)
    }

    /// With `inline` handlers are run by the threads that read.
    pub fn over(scheme: &str, inline: bool, configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Both {
        let folder = tempfile::tempdir().unwrap();
        let (serving, _) = Side::new();
        let server =
            configure(ServerBuilder::default()).serve_on_threads(inline, around(), run(&serving, inline));
        let address = server.listen(&format!("{scheme}:{}/s", folder.path().display())).unwrap();
        server.start();
        let (calling, told) = Side::new();
        let builder = Channel::builder(&*address).backoff(Duration::from_millis(5), SOON);
        let channel = offering(builder, &calling, inline);
        Both { server, serving, channel, calling, told, address, _folder: folder }
    }

    pub fn gone(&self) -> (Code, String) {
        (Code::Unavailable, Fault::CallerGone.text(&[&self.address]))
    }
}

impl Drop for Both {
    fn drop(&mut self) {
        self.serving.release();
        self.calling.release();
    }
}

pub fn around() -> samehost::raw::Around {
    Arc::new(|run| run())
}

/// A handler that serves a call itself, or on a thread of its own.
pub fn run(side: &Arc<Side>, inline: bool) -> impl Fn(ServerCall) + Send + Sync + 'static {
    let side = side.clone();
    move |call| {
        if inline {
            return side.serve(&call);
        }
        let side = side.clone();
        thread::spawn(move || side.serve(&call));
    }
}

pub fn offering(builder: ChannelBuilder, side: &Arc<Side>, inline: bool) -> Channel {
    builder.serve_on_threads(inline, around(), run(side, inline)).build().unwrap()
}
