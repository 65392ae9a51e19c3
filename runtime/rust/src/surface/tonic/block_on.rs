//! A thread that waits for a future, and reads the connection meanwhile.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use crate::call::park::Parker;
use crate::call::session::Session;

/// What the calls that a thread polls wait for.
#[derive(Default)]
struct Waits {
    session: Option<Arc<Session>>,
    until: Option<Instant>,
}

thread_local! {
    /// `None` where no future is polled by [`block_on`].
    static WAITS: RefCell<Option<Waits>> = const { RefCell::new(None) };

    /// The parker of a wait that is over, for the next one; a wait inside of another one has its own.
    static SPARE: Cell<Option<(Arc<Parker>, Waker)>> = const { Cell::new(None) };
}

/// Waits for a future on this thread, such as the call of a stock stub, over a channel that
/// [threads read](super::ChannelBuilder::read_by_threads). Meanwhile this thread reads the connection itself: no
/// other one has to wake it up. What needs a runtime of its own is to be called inside of one (`Handle::enter`).
///
/// ```no_run
/// # use samehost_test_stubs::{Ask, echo_client::EchoClient};
/// let channel = samehost::Channel::builder("shm:/run/app.sock").read_by_threads().build()?;
/// let mut client = EchoClient::new(channel);
/// let answer = samehost::block_on(client.say(Ask::default()))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let (parker, waker) = SPARE.take().unwrap_or_else(|| {
        let parker = Parker::new();
        (parker.clone(), parker.into())
    });
    let output = wait_with(&parker, &waker, future);
    SPARE.set(Some((parker, waker)));
    output
}

fn wait_with<F: Future>(parker: &Arc<Parker>, waker: &Waker, future: F) -> F::Output {
    let mut cx = Context::from_waker(waker);
    let mut future = pin!(future);
    loop {
        parker.begin();
        let noting = Noting::begin();
        let poll = future.as_mut().poll(&mut cx);
        let Waits { session, until } = noting.end();
        if let Poll::Ready(output) = poll {
            return output;
        }
        match session {
            Some(session) => session.wait(parker, until, &mut None),
            None => parker.park(until),
        }
    }
}

/// Notes, if this thread polls in [`block_on`], when a call that is pending has to be polled again by itself. `false`:
/// it does not, and a timer is needed.
pub(super) fn wait_until(deadline: Instant) -> bool {
    WAITS.with_borrow_mut(|waits| match waits {
        Some(waits) => {
            waits.until = Some(waits.until.map_or(deadline, |until| until.min(deadline)));
            true
        }
        None => false,
    })
}

/// Sees to it that the session of a call that is pending is read: by this thread, if it polls in [`block_on`] and
/// reads no other one, or in the background, or by the task that reads it always.
pub(super) fn wait_for(session: &Arc<Session>) {
    if !session.is_read_by_callers() {
        return session.awaited();
    }
    let noted = WAITS.with_borrow_mut(|waits| match waits {
        Some(waits) => Arc::ptr_eq(waits.session.get_or_insert_with(|| session.clone()), session),
        None => false,
    });
    if !noted {
        session.read_on();
    }
}

/// Takes notes until it is dropped; whoever waits around this one goes on with his own then.
struct Noting {
    around: Option<Waits>,
}

impl Noting {
    fn begin() -> Noting {
        Noting { around: WAITS.replace(Some(Waits::default())) }
    }

    fn end(self) -> Waits {
        WAITS.take().unwrap_or_default()
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        WAITS.set(self.around.take());
    }
}
