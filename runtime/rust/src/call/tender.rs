//! What is seen to for callers who do not wait: their calls go on, their callbacks are called.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

/// How long the thread stays without work.
const IDLENESS: Duration = Duration::from_secs(10);

/// Runs all that a thread of this crate does, from its beginning to its end: where a binding attaches the thread to its
/// own runtime, say.
pub type Around = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// One thread that sees to tasks of callers who do not wait, one after the other, and is there while
/// it is needed. Callbacks of the application run here, so a task must not be in anyone's way.
pub struct Tender {
    around: Around,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Arc<Task>>,
    runs: bool,
}

struct Task {
    tender: Arc<Tender>,
    queued: AtomicBool,
    /// `None` once it is done.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl Tender {
    /// A tender whose thread runs `around` all that it does.
    pub fn new(around: Around) -> Arc<Tender> {
        Arc::new(Tender { around, state: Mutex::default(), changed: Condvar::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to this until it is done.
    pub fn tend(self: &Arc<Self>, future: impl Future<Output = ()> + Send + 'static) {
        let future = Mutex::new(Some(Box::pin(future) as Pin<Box<_>>));
        let task = Arc::new(Task { tender: self.clone(), queued: AtomicBool::new(false), future });
        task.wake();
    }

    fn run(self: &Arc<Self>) {
        while let Some(task) = self.next() {
            task.poll();
        }
    }

    fn next(&self) -> Option<Arc<Task>> {
        let mut state = self.lock();
        loop {
            if let Some(task) = state.ready.pop_front() {
                return Some(task);
            }
            let wait = self.changed.wait_timeout(state, IDLENESS).unwrap_or_else(PoisonError::into_inner);
            state = wait.0;
            if wait.1.timed_out() && state.ready.is_empty() {
                state.runs = false;
                return None;
            }
        }
    }
}

impl Task {
    fn poll(self: &Arc<Self>) {
        self.queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(self.clone());
        let mut slot = self.future.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(future) = &mut *slot else { return };
        let poll = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut Context::from_waker(&waker))));
        if !matches!(poll, Ok(std::task::Poll::Pending)) {
            let done = slot.take();
            drop(slot);
            drop(done);
        }
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::SeqCst) {
            return;
        }
        let tender = self.tender.clone();
        let mut state = tender.lock();
        state.ready.push_back(self);
        if std::mem::replace(&mut state.runs, true) {
            drop(state);
            tender.changed.notify_one();
            return;
        }
        let run = tender.clone();
        let thread = std::thread::Builder::new().name("samehost-tend".to_owned());
        if let Err(error) = thread.spawn(move || (run.around.clone())(&mut || run.run())) {
            tracing::warn!(%error, "no thread for callbacks");
            state.runs = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::task::Poll;

    const SOON: Duration = Duration::from_secs(30);

    #[test]
    fn tasks_run_in_their_order_and_go_on_when_they_are_woken() {
        let tender = Tender::new(Arc::new(|run| run()));
        let (tell, told) = channel();
        let (give, given) = channel();
        let first = tell.clone();
        let mut begun = false;
        tender.tend(std::future::poll_fn(move |cx| {
            if std::mem::replace(&mut begun, true) {
                first.send("first").unwrap();
                return Poll::Ready(());
            }
            give.send(cx.waker().clone()).unwrap();
            Poll::Pending
        }));
        tender.tend(async move { tell.send("second").unwrap() });
        assert_eq!(told.recv_timeout(SOON), Ok("second"));
        given.recv_timeout(SOON).unwrap().wake();
        assert_eq!(told.recv_timeout(SOON), Ok("first"));
    }

    #[test]
    fn a_task_that_panics_is_alone_in_that() {
        let tender = Tender::new(Arc::new(|run| run()));
        let (tell, told) = channel();
        tender.tend(async { panic!("on purpose") });
        tender.tend(async move { tell.send(()).unwrap() });
        assert_eq!(told.recv_timeout(SOON), Ok(()));
    }
}
