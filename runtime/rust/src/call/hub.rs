//! The driver of an event loop: the links are watched by a loop of the application's.

use std::os::fd::{AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use samehost_transport_api::{Fault, Link};

use super::server::{Host, OpenSession, Serve, StartServing, serve_or_refuse};
use super::session::{Driver, Session, Starter, Taken};
use super::timers::{Timer, Timers, weakly};

const BUFFER_BYTES: usize = 64 << 10;
/// So many reads in a row before the loop's other business has its turn.
const READS_A_TURN: usize = 16;

/// What a loop runs because it was woken: a future that may be ready.
pub trait HubTask: Send + Sync {
    /// Looks again. Called on the loop's thread.
    fn run(self: Arc<Self>);
}

/// The links that one event loop moves. The loop watches their descriptors and calls [`HubLink::turn`] when
/// one is ready; other threads make links and wake tasks, and ring the loop's bell for that.
///
/// ```text
///   the loop:     on_ready(link): link.turn()            what it has read wakes tasks
///                 on_bell():      hub.hear(); for link in hub.take_news() { link.turn(), watch it as it wants }
///                 at the end of either:  for task in hub.take_woken() { task.run() }
/// ```
#[derive(Clone)]
pub struct Hub {
    shared: Arc<Shared>,
}

struct Shared {
    bell: Box<dyn Fn() + Send + Sync>,
    /// The loop will look by itself: nobody need ring.
    looks: AtomicBool,
    state: Mutex<State>,
    buffer: Mutex<Vec<u8>>,
}

#[derive(Default)]
struct State {
    news: Vec<Arc<HubLink>>,
    /// Links that have more to read than one turn takes.
    unfinished: Vec<Arc<HubLink>>,
    woken: Vec<Arc<dyn HubTask>>,
    links: Vec<Weak<HubLink>>,
    closed: bool,
}

impl Hub {
    /// A hub whose loop is rung for by `bell`, from any thread.
    pub fn new(bell: impl Fn() + Send + Sync + 'static) -> Hub {
        let shared = Shared {
            bell: Box::new(bell),
            looks: AtomicBool::new(false),
            state: Mutex::default(),
            buffer: Mutex::new(vec![0; BUFFER_BYTES]),
        };
        Hub { shared: Arc::new(shared) }
    }

    /// From now on the loop looks by itself, and the bell is not rung; `false`: so it does already.
    pub fn begin_look(&self) -> bool {
        !self.shared.looks.swap(true, Ordering::SeqCst)
    }

    /// The bell is rung again. What came before is to be taken after this.
    pub fn end_look(&self) {
        self.shared.looks.store(false, Ordering::SeqCst);
    }

    /// The bell has rung: links that have not read all that is there are among the news as well.
    pub fn hear(&self) {
        let state = &mut *self.shared.lock();
        state.news.append(&mut state.unfinished);
    }

    /// The links that are new, or want to be watched otherwise, or have ended.
    pub fn take_news(&self) -> Vec<Arc<HubLink>> {
        std::mem::take(&mut self.shared.lock().news)
    }

    /// Whether there is something to take.
    pub fn has_something(&self) -> bool {
        let state = self.shared.lock();
        !state.news.is_empty() || !state.woken.is_empty()
    }

    /// The tasks that were woken.
    pub fn take_woken(&self) -> Vec<Arc<dyn HubTask>> {
        std::mem::take(&mut self.shared.lock().woken)
    }

    /// Has a task run by the loop, soon. From any thread.
    pub fn wake(&self, task: Arc<dyn HubTask>) {
        self.shared.lock().woken.push(task);
        self.shared.ring();
    }

    /// Ends every link: their calls fail. What is made from now on fails as well.
    pub fn close(&self) {
        let links = {
            let mut state = self.shared.lock();
            state.closed = true;
            std::mem::take(&mut state.links)
        };
        for link in links.iter().filter_map(Weak::upgrade) {
            link.abandon();
            let mut state = self.shared.lock();
            state.news.push(link);
        }
        self.shared.ring();
    }

    /// Starts the sessions of a channel. Where it offers services, `serve` is called on the loop, and returns quickly.
    pub(crate) fn starter(&self, serve: Option<Serve>) -> Starter {
        let hub = self.clone();
        Arc::new(move || {
            let lane = HubLink::new(&hub, serve.clone(), None);
            let driver = Box::new(HubDriver(lane.clone())) as Box<dyn Driver>;
            (driver, Box::new(move |session, link| lane.start(session, link, None)))
        })
    }

    /// Serves accepted connections on the loop: `serve` is called there, and returns quickly.
    pub(crate) fn host(&self, serve: Serve, hello_timeout: Duration) -> Host {
        let hub = self.clone();
        Box::new(move || {
            let lane = HubLink::new(&hub, Some(serve.clone()), Some(hello_timeout));
            let driver = Box::new(HubDriver(lane.clone())) as Box<dyn Driver>;
            let start = move |session, link, open| lane.start(session, link, Some(open));
            (driver, Box::new(start) as StartServing)
        })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        if !self.looks.load(Ordering::SeqCst) {
            (self.bell)();
        }
    }
}

/// One link of a [`Hub`]. But for waking, it is the loop's thread's alone.
pub struct HubLink {
    hub: Arc<Shared>,
    /// How the peer's calls are served, where they are.
    serve: Option<Serve>,
    /// How long its HELLO may take; `None` where it was connected to.
    hello_timeout: Option<Duration>,
    state: Mutex<LinkState>,
    /// Some output had no room: the loop watches for it.
    wants_room: AtomicBool,
    over: AtomicBool,
}

#[derive(Default)]
struct LinkState {
    /// With the session, from the start until it is closed.
    link: Option<(Arc<Session>, Arc<dyn Link>)>,
    open: Option<OpenSession>,
    /// Until HELLO has come.
    hello: Option<Timer>,
    awaits_hello: bool,
}

struct HubDriver(Arc<HubLink>);

impl Driver for HubDriver {
    fn attend(&self, session: &Arc<Session>) {
        if let Some((_, link)) = self.0.link() {
            let left = session.write(&*link);
            self.0.note(session, left);
        }
    }
}

impl HubLink {
    fn new(hub: &Hub, serve: Option<Serve>, hello_timeout: Option<Duration>) -> Arc<HubLink> {
        Arc::new(HubLink {
            hub: hub.shared.clone(),
            serve,
            hello_timeout,
            state: Mutex::default(),
            wants_room: AtomicBool::new(false),
            over: AtomicBool::new(false),
        })
    }

    fn lock(&self) -> MutexGuard<'_, LinkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn link(&self) -> Option<(Arc<Session>, Arc<dyn Link>)> {
        self.lock().link.clone()
    }

    fn start(self: &Arc<Self>, session: Arc<Session>, link: Arc<dyn Link>, open: Option<OpenSession>) {
        let hello = self.hello_timeout.and_then(|timeout| {
            let seconds = timeout.as_secs_f64();
            let time = Instant::now().checked_add(timeout)?;
            Some(Timers::get().at(time, weakly(&session, move |session| session.hello_timeout(seconds))))
        });
        let link = Some((session, link));
        *self.lock() = LinkState { link, open, hello, awaits_hello: self.hello_timeout.is_some() };
        let closed = {
            let mut state = self.hub.lock();
            state.links.retain(|link| link.strong_count() > 0);
            state.links.push(Arc::downgrade(self));
            state.news.push(self.clone());
            state.closed
        };
        if closed {
            self.abandon();
        }
        self.hub.ring();
    }

    /// Has the loop look at this link, where it must watch it otherwise or end it.
    fn note(self: &Arc<Self>, session: &Arc<Session>, left: bool) {
        let otherwise = self.wants_room.swap(left, Ordering::SeqCst) != left;
        if otherwise || session.has_ended() || session.is_broken() {
            self.hub.lock().news.push(self.clone());
            self.hub.ring();
        }
    }

    fn abandon(&self) {
        if let Some((session, _)) = self.link() {
            session.abandon(Fault::LinkClosed.with(&[&session.peer().address]));
            self.over.store(true, Ordering::SeqCst);
        }
    }

    /// The descriptors to watch for reading and for room; `None` when the link is closed.
    pub fn descriptors(&self) -> Option<(RawFd, RawFd)> {
        let state = self.lock();
        let fds = state.link.as_ref()?.1.descriptors();
        Some((fds.read.as_raw_fd(), fds.write.as_raw_fd()))
    }

    /// Whether to watch for room as well.
    pub fn wants_room(&self) -> bool {
        self.wants_room.load(Ordering::SeqCst)
    }

    /// Whether it has ended: to be watched no more, and then [`close`](HubLink::close)d.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Moves the bytes that can be moved.
    pub fn turn(self: &Arc<Self>) {
        let Some((session, link)) = self.link() else { return };
        let session = &session;
        let mut buffer = std::mem::take(&mut *self.hub.buffer.lock().unwrap_or_else(PoisonError::into_inner));
        buffer.resize(BUFFER_BYTES, 0);
        let mut unfinished = true;
        for _ in 0..READS_A_TURN {
            let taken = session.read(&*link, &mut buffer);
            serve_or_refuse(self.serve.as_ref(), session, session.take_incoming());
            unfinished = taken == Taken::Some;
            if !unfinished {
                break;
            }
        }
        if unfinished {
            // A descriptor tells of what is new, and need not tell again of what was left.
            self.hub.lock().unfinished.push(self.clone());
            (self.hub.bell)();
        }
        *self.hub.buffer.lock().unwrap_or_else(PoisonError::into_inner) = buffer;
        self.look_for_hello(session, &*link);
        let left = session.write(&*link);
        self.wants_room.store(left, Ordering::SeqCst);
        if session.is_broken() && !unfinished {
            // All that it has said is read before its end is told.
            self.hub.lock().unfinished.push(self.clone());
            (self.hub.bell)();
        }
        if session.has_ended() {
            self.over.store(true, Ordering::SeqCst);
        }
    }

    fn look_for_hello(&self, session: &Arc<Session>, link: &dyn Link) {
        let mut state = self.lock();
        if !state.awaits_hello {
            return;
        }
        if let Some((pid, namespace)) = session.hello() {
            state.awaits_hello = false;
            let timer = state.hello.take();
            drop(state);
            drop(timer);
            link.peer_said_hello(pid, namespace);
        }
    }

    /// Closes the link, which is watched no more. Where the transport has to be asked why it ended, a thread does that.
    pub fn close(&self) {
        let LinkState { link, open, hello, .. } = std::mem::take(&mut *self.lock());
        drop(hello);
        let Some((session, link)) = link else { return };
        let at_once = session.explain_at_once();
        let end = move || {
            session.explain(&*link);
            // What is left to say is said as far as there is room for it.
            session.write(&*link);
            // The link is closed before the connection counts as over.
            drop(link);
            drop(open);
        };
        if at_once {
            return end();
        }
        let thread = std::thread::Builder::new().name("samehost-end".to_owned());
        if let Err(error) = thread.spawn(end) {
            tracing::warn!(%error, "no thread to ask why a connection ended");
        }
    }
}
