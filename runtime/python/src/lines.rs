//! Lines on their way to Python: what children write to their standard error, and the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use samehost::raw::Tender;

use crate::callbacks::tender;

/// So many lines wait for their callback at most.
const MOST_LINES: usize = 1024;

/// Hands lines to a callback, by the thread of callbacks: who has them has something else to see to. Where the
/// callback does not keep up, lines are dropped, and it is told how many where they are missing.
#[derive(Default)]
pub(crate) struct Lines {
    waiting: AtomicUsize,
    dropped: AtomicUsize,
    /// Whose lines are counted: the counts that a fork has copied are of no use.
    tender: AtomicPtr<Tender>,
}

impl Lines {
    /// Has a line taken by a function; or, for the first of those that are dropped, what is said of them.
    pub fn hand<Line: Send + 'static>(
        self: &Arc<Lines>,
        line: impl FnOnce() -> Line,
        of_dropped: impl FnOnce(String) -> Line + Send + 'static,
        take: impl FnOnce(Line) + Send + 'static,
    ) {
        let (lines, tender) = (self.clone(), tender());
        let own = Arc::as_ptr(tender).cast_mut();
        if self.tender.swap(own, Ordering::Relaxed) != own {
            self.waiting.store(0, Ordering::Relaxed);
            self.dropped.store(0, Ordering::Relaxed);
        }
        // What comes while the word of dropped lines waits is dropped as well: so it stands where they would have stood.
        let is_full = self.waiting.load(Ordering::Relaxed) >= MOST_LINES;
        if is_full || self.dropped.load(Ordering::Relaxed) > 0 {
            if self.dropped.fetch_add(1, Ordering::Relaxed) == 0 {
                tender.tend(async move {
                    let count = lines.dropped.swap(0, Ordering::Relaxed);
                    take(of_dropped(format!(
                        "({count} lines were dropped here, as more came than were taken)"
                    )));
                });
            }
            return;
        }
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let line = line();
        tender.tend(async move {
            lines.waiting.fetch_sub(1, Ordering::Relaxed);
            take(line);
        });
    }
}
