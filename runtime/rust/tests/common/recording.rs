//! A subscriber that keeps what spans and events it was told.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt};

/// A span as it was told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    id: u64,
    pub name: &'static str,
    pub parent: Option<&'static str>,
    pub fields: BTreeMap<&'static str, String>,
    pub closed: bool,
}

impl Told {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.fields.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.fields.insert(field.name(), format!("{value:?}"));
    }
}

/// The text of an event, and the span that it was in.
type ToldEvent = (String, Option<&'static str>);

/// What was told, in its order.
#[derive(Clone, Default)]
pub struct Recording {
    spans: Arc<Mutex<Vec<Told>>>,
    events: Arc<Mutex<Vec<ToldEvent>>>,
}

impl Recording {
    /// A subscriber that records here.
    pub fn subscriber(&self) -> impl Subscriber + Send + Sync + 'static {
        Registry::default().with(self.clone())
    }

    /// The spans of this name.
    pub fn spans(&self, name: &str) -> Vec<Told> {
        self.lock().iter().filter(|span| span.name == name).cloned().collect()
    }

    /// The one span of this name.
    pub fn span(&self, name: &str) -> Told {
        let spans = self.spans(name);
        assert_eq!(spans.len(), 1, "one {name}: {spans:?}");
        spans[0].clone()
    }

    /// The spans that events with this text were in.
    pub fn events(&self, text: &str) -> Vec<Option<&'static str>> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| event.0 == text).map(|event| event.1).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Told>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, id: &Id, change: impl FnOnce(&mut Told)) {
        // An id may be used again, once its span is closed.
        if let Some(told) = self.lock().iter_mut().rev().find(|told| told.id == id.into_u64()) {
            change(told);
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Recording {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let parent = context.span(id).and_then(|span| span.parent().map(|parent| parent.name()));
        let name = attributes.metadata().name();
        let mut told = Told { id: id.into_u64(), name, parent, ..Told::default() };
        attributes.record(&mut told);
        self.lock().push(told);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.change(id, |told| values.record(told));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let span = context.event_span(event).map(|span| span.name());
        let text = told.fields.remove("message").unwrap_or_default();
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push((text, span));
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.change(&id, |told| told.closed = true);
    }
}
