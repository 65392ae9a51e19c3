//! Ctrl-C and SIGTERM: the first one asks to stop, a second SIGINT or SIGTERM ends the process at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use samehost::raw::Patience;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::failure::Failure;

/// Whether the process was asked to stop.
#[derive(Clone)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Catches both signals from now on; until then they end the process.
    pub fn catch() -> Result<Interrupt, Failure> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the one that asks does not end.
            flag::register_conditional_default(signal, asked.clone())
                .and_then(|_| flag::register(signal, asked.clone()))
                .map_err(|error| Failure::here(format!("catching signals: {error}")))?;
        }
        Ok(Interrupt(asked))
    }

    /// Whether it was.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits until something is ready, which `wait` is told to look for; nothing where the process was asked to stop.
    pub fn while_waiting<T, E>(&self, wait: impl FnOnce(Patience<'_>) -> Result<Option<T>, E>) -> Option<T> {
        let mut goes_on = || !self.is_asked();
        wait(Patience::endless().asking(&mut goes_on)).ok().flatten()
    }
}
