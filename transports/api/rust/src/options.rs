//! Settings for transports.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::Arc;

/// Settings that a channel or a server hands to its transport: at most one value of each type. A
/// transport declares a type for its settings and reads it here.
#[derive(Clone, Default)]
pub struct Options {
    values: HashMap<TypeId, Arc<dyn Any + Send + Sync>>,
}

impl Options {
    /// No settings: every one has its default.
    pub fn new() -> Options {
        Options::default()
    }

    /// These settings and one more; one of the same type is replaced.
    #[must_use]
    pub fn with<T: Any + Send + Sync>(mut self, value: T) -> Options {
        self.values.insert(TypeId::of::<T>(), Arc::new(value));
        self
    }

    /// These settings and others; where both have one of the same type, that of the others.
    #[must_use]
    pub fn and(mut self, others: &Options) -> Options {
        self.values.extend(others.values.iter().map(|(kind, value)| (*kind, value.clone())));
        self
    }

    /// Whether none was set.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value of a type, if one was set.
    pub fn get<T: Any + Send + Sync>(&self) -> Option<&T> {
        self.values.get(&TypeId::of::<T>())?.downcast_ref()
    }
}
