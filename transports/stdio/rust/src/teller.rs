//! The thread that tells the application of a child's lines.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::StderrLines;

/// So many lines wait for a consumer that takes its time, before no more are read.
const MOST_UNTOLD: usize = 256;

/// Hands lines on to a consumer, by a thread that there is from the first line on: what the consumer does must not keep
/// whoever has the child's end to see to. It ends with this, once all lines are told.
pub(crate) struct Teller {
    consumer: StderrLines,
    lines: Option<Sender<String>>,
    untold: Arc<AtomicUsize>,
    /// The consumer has panicked, or there is no thread to call it: nothing more is told.
    silent: bool,
}

impl Teller {
    pub fn to(consumer: StderrLines) -> Teller {
        Teller { consumer, lines: None, untold: Arc::default(), silent: false }
    }

    /// Whether so many lines wait to be told that no more should come.
    pub fn is_behind(&self) -> bool {
        !self.silent && self.untold.load(Ordering::Relaxed) >= MOST_UNTOLD
    }

    pub fn tell(&mut self, line: String) {
        if self.lines.is_none() && !self.silent {
            self.lines = self.started();
        }
        self.untold.fetch_add(1, Ordering::Relaxed);
        self.silent = self.lines.as_ref().is_none_or(|lines| lines.send(line).is_err());
    }

    fn started(&self) -> Option<Sender<String>> {
        let (lines, told) = channel::<String>();
        let (consumer, untold) = (self.consumer.clone(), self.untold.clone());
        let thread = thread::Builder::new().name("samehost-stderr".to_owned()).spawn(move || {
            while let Ok(line) = told.recv() {
                // The hook has told of a panic already; one that panics is not called again.
                if catch_unwind(AssertUnwindSafe(|| consumer(&line))).is_err() {
                    break;
                }
                untold.fetch_sub(1, Ordering::Relaxed);
            }
            // In this order: what is sent from here on fails, and holds up nobody.
            drop(told);
            untold.store(0, Ordering::Relaxed);
        });
        match thread {
            Ok(_) => Some(lines),
            Err(error) => {
                tracing::warn!(%error, "no thread to tell of a child's lines");
                None
            }
        }
    }
}
