//! How long a thread waits, and what it looks after meanwhile.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::call::blocking::{Pause, block_on};

/// How often a thread that waits looks whether it should stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long a thread waits, and what it looks after meanwhile.
#[must_use]
pub struct Patience<'a> {
    until: Option<Instant>,
    goes_on: Option<&'a mut dyn FnMut() -> bool>,
    /// When that is asked next.
    look: Option<Instant>,
}

/// The waiting was given up: what was asked whether to go on said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

impl<'a> Patience<'a> {
    /// Waits as long as it takes.
    pub fn endless() -> Patience<'static> {
        Patience { until: None, goes_on: None, look: None }
    }

    /// Waits until then; `None`: as long as it takes.
    pub fn until(self, until: Option<Instant>) -> Patience<'a> {
        Patience { until, ..self }
    }

    /// Asks every 50 ms or so whether to go on.
    pub fn asking<'b>(self, goes_on: &'b mut dyn FnMut() -> bool) -> Patience<'b> {
        Patience { until: self.until, goes_on: Some(goes_on), look: None }
    }

    pub(super) fn at_most(self, until: Option<Instant>) -> Patience<'a> {
        let until = match (self.until, until) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        Patience { until, ..self }
    }

    /// The waiting has begun just now, at this time.
    pub(super) fn since(self, now: Instant) -> Patience<'a> {
        Patience { look: Some(now + LOOK), ..self }
    }

    /// Waits until something is ready, `None` when the time is over; meanwhile the thread pauses as it is told.
    pub(super) fn wait<P, T>(
        &mut self,
        polled: &mut P,
        mut poll: impl FnMut(&mut P, &Context<'_>) -> Poll<T>,
        mut pause: impl FnMut(&mut P, Pause<'_>),
    ) -> Result<Option<T>, Interrupted> {
        loop {
            let Some(goes_on) = &mut self.goes_on else {
                return Ok(block_on(polled, self.until, &mut poll, &mut pause));
            };
            let look = self.look.take().unwrap_or_else(|| Instant::now() + LOOK);
            let until = self.until.map_or(look, |until| until.min(look));
            if let Some(ready) = block_on(polled, Some(until), &mut poll, &mut pause) {
                return Ok(Some(ready));
            }
            if !goes_on() {
                return Err(Interrupted);
            }
            if self.until.is_some_and(|until| Instant::now() >= until) {
                return Ok(None);
            }
        }
    }
}
