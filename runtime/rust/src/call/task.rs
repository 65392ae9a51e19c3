//! The driver of tokio: one task a connection reads and writes its link.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use samehost_transport_api::{Fault, Link};
use tokio::runtime::RuntimeFlavor;

use super::polled::Polled;
use super::server::{Serve, serve_or_refuse};
use super::session::{Driver, Session, Start, Starter, Taken};

const BUFFER_BYTES: usize = 64 << 10;
/// So many reads in a row before other tasks have their turn.
const READS_A_TURN: usize = 16;
/// How long a peer may take to read the last words.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Wakes the task of a session when there is something for it to do.
#[derive(Clone, Default)]
pub(crate) struct TaskDriver {
    task: Arc<Mutex<Option<Waker>>>,
    /// A call waits for its answer, and the task has not looked for it yet.
    awaited: Arc<AtomicBool>,
    /// All tasks of the runtime are on one thread.
    one_thread: bool,
    /// How the peer's calls are served, where they are.
    serve: Option<Serve>,
}

impl Driver for TaskDriver {
    fn attend(&self, _session: &Arc<Session>) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(task) = task {
            task.wake();
        }
    }

    /// The task looks for the answer before the runtime sleeps, once those others have had their turn that could have
    /// it now: to wake a processor takes longer than a small call. On a runtime of several threads this would wake
    /// others of them.
    fn awaited(&self) {
        if self.one_thread
            && !self.awaited.swap(true, Ordering::Relaxed)
            && let Some(task) = &*self.task.lock().unwrap_or_else(PoisonError::into_inner)
        {
            task.wake_by_ref();
        }
    }
}

impl TaskDriver {
    /// Starts sessions on the runtime of the caller. Where their channel offers services, `serve` is called by the task
    /// of a session, and returns quickly.
    pub(crate) fn starter(serve: Option<Serve>) -> Starter {
        let runtime = tokio::runtime::Handle::current();
        let one_thread = runtime.runtime_flavor() == RuntimeFlavor::CurrentThread;
        Arc::new(move || {
            let (serve, runtime) = (serve.clone(), runtime.clone());
            let driver = TaskDriver { one_thread, serve, ..TaskDriver::default() };
            let start = {
                let driver = driver.clone();
                move |session: Arc<Session>, link| {
                    runtime.spawn(driver.drive(session, link));
                }
            };
            (Box::new(driver) as Box<dyn Driver>, Box::new(start) as Start)
        })
    }

    /// The driver of a session whose peer's calls are served so, where they are.
    #[cfg(feature = "http2")]
    pub(crate) fn serving(serve: Option<Serve>) -> TaskDriver {
        TaskDriver { serve, ..TaskDriver::default() }
    }

    fn register(&self, waker: &Waker) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *task {
            Some(known) => known.clone_from(waker),
            None => *task = Some(waker.clone()),
        }
    }

    /// Moves the bytes of a session until it is over. Must run on a runtime with I/O and time.
    pub(crate) fn drive(self, session: Arc<Session>, link: Arc<dyn Link>) -> impl Future<Output = ()> + Send {
        // Where a runtime drops the task, even before it has begun, nobody may wait for ever.
        let guard = Guard(session.clone());
        session.write_directly(link.clone(), true);
        async move {
            let _guard = guard;
            self.run(session, link).await;
        }
    }

    async fn run(self, session: Arc<Session>, link: Arc<dyn Link>) {
        let polled = match Polled::over(&*link) {
            Ok(polled) => polled,
            Err(error) => {
                let address = &link.peer().address;
                return session.abandon(Fault::LinkFailed.with(&[address, &"epoll", &error]));
            }
        };
        let mut turns = Turns {
            session: &session,
            link: &*link,
            serve: self.serve.as_ref(),
            polled,
            buffer: vec![0; BUFFER_BYTES],
            fresh: true,
            looks: false,
            ended: false,
        };
        std::future::poll_fn(|cx| {
            self.register(cx.waker());
            // Over a link that never looks it stays awaited, and nobody wakes this task for it again.
            turns.looks = turns.link.can_look() && self.awaited.swap(false, Ordering::Relaxed);
            turns.poll(cx)
        })
        .await;
        if !session.explain_at_once() {
            // What the transport knows of the end may take it a while to learn.
            let (asked, of) = (session.clone(), link.clone());
            if tokio::task::spawn_blocking(move || asked.explain(&*of)).await.is_err() {
                return;
            }
        }
        // A peer that does not read its last words goes without them.
        let _ = tokio::time::timeout(LAST_WORDS, std::future::poll_fn(|cx| turns.poll_written(cx))).await;
    }
}

/// Ends the session when its task is dropped.
struct Guard(Arc<Session>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.stop_writing_directly();
        if !self.0.is_over() {
            self.0.abandon(Fault::LinkClosed.with(&[&self.0.peer().address]));
        }
    }
}

struct Turns<'a> {
    session: &'a Arc<Session>,
    link: &'a dyn Link,
    serve: Option<&'a Serve>,
    polled: Polled,
    buffer: Vec<u8>,
    /// Nothing was read yet, or not to the end: a link may hold bytes of which its descriptor does not tell.
    fresh: bool,
    /// Somebody waits for an answer, which may be about to come.
    looks: bool,
    /// Nothing more is read.
    ended: bool,
}

impl Turns<'_> {
    /// Takes in what there is, and writes in one go what that brought about. Ready when the
    /// connection has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut reads = 0;
        loop {
            let mut progress = false;
            if !self.ended {
                progress |= self.poll_read(cx, &mut reads).is_ready();
                serve_or_refuse(self.serve, self.session, self.session.take_incoming());
            }
            progress |= self.poll_write(cx).is_ready();
            if self.session.has_ended() {
                return Poll::Ready(());
            }
            // Of a link that is broken all is read, whatever its descriptor says.
            self.fresh |= self.session.is_broken();
            progress |= self.fresh;
            if reads >= READS_A_TURN {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if !progress {
                return Poll::Pending;
            }
        }
    }

    /// Pending when there is nothing to read, and this task is woken once there is.
    fn poll_read(&mut self, cx: &mut Context<'_>, reads: &mut usize) -> Poll<()> {
        let mut guard = match std::mem::take(&mut self.fresh) {
            true => None,
            false => match self.polled.read().poll_read_ready(cx) {
                Poll::Ready(guard) => Some(guard),
                // What others have had read, they work on first.
                Poll::Pending if std::mem::take(&mut self.looks) && *reads == 0 && self.link.look() => None,
                Poll::Pending => return Poll::Pending,
            },
        };
        loop {
            match self.session.read(self.link, &mut self.buffer) {
                Taken::Some => {
                    *reads += 1;
                    if *reads >= READS_A_TURN {
                        // Who was not told of what there is will not be told of what is left.
                        self.fresh |= guard.is_none();
                        return Poll::Ready(());
                    }
                }
                Taken::Nothing => {
                    // Only what was seen before this guard was taken is cleared: nothing is missed.
                    if let Some(Ok(guard)) = &mut guard {
                        guard.clear_ready();
                    }
                    return Poll::Ready(());
                }
                Taken::End => {
                    self.ended = true;
                    return Poll::Ready(());
                }
            }
        }
    }

    /// Pending when there is nothing to write, or no room, and then this task is woken once there is.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.session.write(self.link) {
            return Poll::Pending;
        }
        let guard = ready!(self.polled.write().poll_write_ready(cx));
        if self.session.write(self.link)
            && let Ok(mut guard) = guard
        {
            guard.clear_ready();
        }
        Poll::Ready(())
    }

    /// Ready when everything is written, or cannot be.
    fn poll_written(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.session.write(self.link) {
            let guard = ready!(self.polled.write().poll_write_ready(cx));
            if self.session.write(self.link)
                && let Ok(mut guard) = guard
            {
                guard.clear_ready();
            }
        }
        Poll::Ready(())
    }
}
