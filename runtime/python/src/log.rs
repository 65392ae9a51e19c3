//! What this side logs, handed on to Python.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

use pyo3::prelude::*;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::callbacks;
use crate::lines::Lines;

static TAKER: Mutex<Option<Arc<Taker>>> = Mutex::new(None);
static LISTENS: AtomicBool = AtomicBool::new(false);
static INSTALLED: Once = Once::new();

/// Has what this side logs handed on.
#[pyfunction]
#[pyo3(signature = (callback))]
pub(crate) fn log_to(callback: Option<Py<PyAny>>) {
    LISTENS.store(callback.is_some(), Ordering::Relaxed);
    let before = {
        let mut taker = TAKER.lock().unwrap_or_else(PoisonError::into_inner);
        let named = callback.map(|callback| Arc::new(Taker { callback, lines: Arc::default() }));
        std::mem::replace(&mut *taker, named)
    };
    // Dropped without the lock: it may be anything.
    drop(before);
    INSTALLED.call_once(|| {
        // Where another one is there already, it has the log.
        let _ = tracing::subscriber::set_global_default(Listener);
    });
}

/// Python's half, and what is on its way there.
struct Taker {
    callback: Py<PyAny>,
    lines: Arc<Lines>,
}

/// Whether this is an event of our crates: what others have to say, such as h2 of every frame, is no news of calls.
fn is_ours(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    metadata.is_event() && (target.starts_with("samehost") || target.starts_with("_native"))
}

/// Takes the crate's events, and none of its spans: Python has tracing of its own.
struct Listener;

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata) && LISTENS.load(Ordering::Relaxed)
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> tracing::subscriber::Interest {
        match is_ours(metadata) {
            true => tracing::subscriber::Interest::sometimes(),
            false => tracing::subscriber::Interest::never(),
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let taker = TAKER.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(taker) = taker else { return };
        let target = event.metadata().target().replace("::", ".");
        let told = target.clone();
        let line = || {
            let mut line = Line::default();
            event.record(&mut line);
            (level(*event.metadata().level()), target, line.message + &line.fields)
        };
        // The one who logs may have locks: it must not wait for the GIL.
        let lines = taker.lines.clone();
        let take =
            move |line: (u8, String, String)| callbacks::call(&taker.callback, |py| line.into_pyobject(py));
        lines.hand(line, |of_dropped| (WARNING, told, of_dropped), take);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

const WARNING: u8 = 30;

/// The number of a level in Python's logging.
fn level(level: Level) -> u8 {
    match level {
        Level::ERROR => 40,
        Level::WARN => WARNING,
        Level::INFO => 20,
        _ => 10,
    }
}

/// An event as one line: its message, then its fields.
#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing into a text does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}
