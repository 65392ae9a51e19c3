//! How long a client takes to say the head of a request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout_at;

/// What a connection does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Nothing is said, which may be for as long as the client likes.
    Idle,
    /// The head of a request has begun to come.
    Head(Instant),
    Call,
}

/// Follows what a connection does. Clones are of the same one.
#[derive(Clone)]
pub(super) struct Pace(Arc<watch::Sender<Doing>>);

impl Pace {
    /// Of a connection whose first bytes have come.
    pub(super) fn new() -> Pace {
        Pace(Arc::new(watch::Sender::new(Doing::Head(Instant::now()))))
    }

    /// Bytes have come.
    pub(super) fn heard(&self) {
        self.0.send_if_modified(|doing| {
            let begins = *doing == Doing::Idle;
            if begins {
                *doing = Doing::Head(Instant::now());
            }
            begins
        });
    }

    /// A head is whole, and its request is served.
    pub(super) fn begin(&self) {
        self.0.send_replace(Doing::Call);
    }

    /// A request was answered.
    pub(super) fn end(&self) {
        self.0.send_replace(Doing::Idle);
    }

    /// Ready when a head takes longer than this.
    pub(super) async fn late(&self, patience: Duration) {
        let mut doing = self.0.subscribe();
        loop {
            let now = *doing.borrow_and_update();
            // The sender is this one's own.
            match now {
                Doing::Head(since) => {
                    if timeout_at((since + patience).into(), doing.changed()).await.is_err() {
                        return;
                    }
                }
                Doing::Idle | Doing::Call => drop(doing.changed().await),
            }
        }
    }
}
