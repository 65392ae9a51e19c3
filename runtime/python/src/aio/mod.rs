//! The same for an event loop: asyncio watches the links' descriptors itself, and no thread takes part in a call.

mod call;
mod channel;
mod event_loop;
mod future;
mod server;
mod server_call;

use pyo3::prelude::*;

pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<event_loop::Loop>()?;
    module.add_class::<channel::AioChannel>()?;
    module.add_class::<call::AioCall>()?;
    module.add_class::<server::AioServer>()?;
    module.add_class::<server_call::AioServerCall>()
}
