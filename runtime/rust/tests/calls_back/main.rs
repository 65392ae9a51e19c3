//! Handlers that call their callers back, over the connections by which they were called.

#[cfg(feature = "tonic")]
mod echoes;
#[cfg(target_os = "linux")] // as the tests of its transport's descriptors
#[path = "../event_loop/mod.rs"]
mod event_loop;
mod greeting;
#[cfg(target_os = "linux")]
mod hub;
mod killed;
mod sides;
#[cfg(feature = "tonic")]
mod tasks;
mod threads;
#[path = "../wire/mod.rs"]
mod wire;
