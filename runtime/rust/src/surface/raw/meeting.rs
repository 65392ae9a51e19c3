//! Several waiters where there is room for one.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

/// Several threads and tasks that wait for the same call, as one waker. All are woken by any news, and
/// look for themselves whether it is theirs.
#[derive(Default)]
pub(super) struct Meeting {
    waiting: Mutex<Vec<Waker>>,
}

impl Meeting {
    /// Waits as well: whoever is woken next is woken with this one.
    pub(super) fn join(&self, cx: &Context<'_>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !waiting.iter().any(|known| known.will_wake(cx.waker())) {
            waiting.push(cx.waker().clone());
        }
    }
}

impl Wake for Meeting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().for_each(Waker::wake);
    }
}
