//! The native half of Python's package `samehost`: a thin layer over [`samehost::raw`]. It knows neither grpc nor
//! protobuf; `_native.pyi` is its contract. What may wait releases the GIL, and no lock of Rust's is held while
//! the GIL is waited for.

mod aio;
mod arguments;
mod call;
mod callbacks;
mod certificate;
mod channel;
mod fork;
mod handlers;
mod json;
mod lines;
mod log;
mod message;
mod metadata;
mod options;
mod outcome;
mod process;
mod server;
mod server_call;
mod status;
mod tls;
mod unary;
mod waiting;
mod way;

use pyo3::prelude::*;
use samehost::ConnectivityState;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("StatusError", status::class(py)?)?;
    module.add_class::<outcome::Outcome>()?;
    module.add_class::<server_call::Peer>()?;
    module.add_class::<tls::ChannelCredentials>()?;
    module.add_class::<tls::ServerCredentials>()?;
    module.add_class::<channel::Channel>()?;
    module.add_class::<channel::Watch>()?;
    module.add_class::<call::Call>()?;
    module.add_class::<unary::UnaryMethod>()?;
    module.add_class::<server::Server>()?;
    module.add_class::<server_call::ServerCall>()?;
    aio::add_to(module)?;
    module.add_function(wrap_pyfunction!(process::take_standard_streams, module)?)?;
    module.add_function(wrap_pyfunction!(status::fault, module)?)?;
    module.add_function(wrap_pyfunction!(log::log_to, module)?)?;
    module.add_function(wrap_pyfunction!(waiting::settle, module)?)?;
    for (name, state) in [
        ("IDLE", ConnectivityState::Idle),
        ("CONNECTING", ConnectivityState::Connecting),
        ("READY", ConnectivityState::Ready),
        ("TRANSIENT_FAILURE", ConnectivityState::TransientFailure),
        ("SHUTDOWN", ConnectivityState::Shutdown),
    ] {
        module.add(name, channel::number(state))?;
    }
    module.add("version", env!("CARGO_PKG_VERSION"))?;
    process::register(module)
}
