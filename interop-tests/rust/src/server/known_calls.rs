//! The calls that clients gave a key to.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::proto::control::HowEndedResponse;
use crate::proto::control::how_ended_response::State;

#[derive(Clone, Copy, Default)]
struct Entry {
    state: State,
    code: u32,
    released: bool,
}

/// The calls that clients gave a key to: what became of each, and which may go on.
#[derive(Default)]
pub(super) struct KnownCalls {
    entries: Mutex<HashMap<String, Entry>>,
    changed: Notify,
}

impl KnownCalls {
    /// A call with this key has come. It counts as cancelled when the answer is dropped before it ended.
    pub(super) fn opened(self: &Arc<Self>, key: String) -> OpenCall {
        self.change(&key, |entry| entry.state = State::Open);
        OpenCall { calls: self.clone(), key }
    }

    /// Lets the call go on, now or when it comes.
    pub(super) fn release(&self, key: &str) {
        self.change(key, |entry| entry.released = true);
    }

    /// Waits until the call may go on.
    pub(super) async fn released(&self, key: &str) {
        loop {
            let changed = self.changed.notified();
            if self.entry(key).released {
                return;
            }
            changed.await;
        }
    }

    /// What became of a call; waits until it is open, or over, for at most so long.
    pub(super) async fn how_ended(&self, key: &str, over: bool, wait: Duration) -> HowEndedResponse {
        let end = Instant::now() + wait;
        loop {
            let changed = self.changed.notified();
            let entry = self.entry(key);
            let reached = match entry.state {
                State::Unknown => false,
                State::Open => !over,
                State::Ended | State::Cancelled => true,
            };
            if reached || tokio::time::timeout_at(end, changed).await.is_err() {
                return HowEndedResponse { state: entry.state.into(), code: entry.code };
            }
        }
    }

    fn entry(&self, key: &str) -> Entry {
        self.locked().get(key).copied().unwrap_or_default()
    }

    fn change(&self, key: &str, change: impl FnOnce(&mut Entry)) {
        change(self.locked().entry(key.to_owned()).or_default());
        self.changed.notify_waiters();
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call with a key, while it lasts.
pub(super) struct OpenCall {
    calls: Arc<KnownCalls>,
    key: String,
}

impl OpenCall {
    /// Its handler has ended it; what comes later does not count.
    pub(super) fn ended(&self, code: u32) {
        self.over(State::Ended, code);
    }

    fn over(&self, state: State, code: u32) {
        self.calls.change(&self.key, |entry| {
            if entry.state == State::Open {
                (entry.state, entry.code) = (state, code);
            }
        });
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        self.over(State::Cancelled, tonic::Code::Cancelled as u32);
    }
}
