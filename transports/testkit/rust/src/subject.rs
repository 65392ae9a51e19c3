//! What is under test.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use samehost_transport_api::Link;

use crate::Ends;

/// How long one promise may take; generous, as the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(180);

/// A kind of link under test, and what it is able to.
#[derive(Clone, Copy)]
pub struct Subject {
    /// Makes the two ends of a new link.
    pub make: fn() -> Ends,
    /// Whether its ends know the process at the other end.
    pub knows_process: bool,
    /// Whether its ends know the user at the other end.
    pub knows_user: bool,
}

/// Held for reading by whoever makes links, and for writing by whoever counts descriptors.
static DESCRIPTORS: RwLock<()> = RwLock::new(());

impl Subject {
    /// Links that are made so, with every ability.
    pub fn of(make: fn() -> Ends) -> Subject {
        Subject { make, knows_process: true, knows_user: true }
    }

    /// Tries a promise on a new link, once from either end.
    pub(crate) fn try_either_end(self, promise: impl Fn(Arc<dyn Link>, Arc<dyn Link>) + Send + 'static) {
        patiently(move || {
            let _shared = DESCRIPTORS.read().unwrap_or_else(PoisonError::into_inner);
            let Ends { left, right, keep } = (self.make)();
            promise(left, right);
            drop(keep);
            let Ends { left, right, keep } = (self.make)();
            promise(right, left);
            drop(keep);
        });
    }

    /// Tries a promise while nobody else makes links.
    pub(crate) fn alone(self, promise: impl Fn(fn() -> Ends) + Send + 'static) {
        patiently(move || {
            let _alone = DESCRIPTORS.write().unwrap_or_else(PoisonError::into_inner);
            promise(self.make);
        });
    }
}

/// Runs a promise on a thread of its own, so that one that hangs fails.
fn patiently(promise: impl FnOnce() + Send + 'static) {
    let (over, told) = channel();
    let thread = thread::spawn(move || {
        promise();
        over.send(()).expect("somebody waits");
    });
    match told.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("it hangs"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            if let Err(failure) = thread.join() {
                std::panic::resume_unwind(failure);
            }
        }
    }
}
