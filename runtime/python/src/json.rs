//! Messages as JSON, for clients that speak HTTP/1.1: Python's own protobuf knows their types, by `samehost._json`.

use std::sync::Arc;

use bytes::Bytes;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyModule};
use samehost::transport::Code;
use samehost::{Status, raw};

use crate::waiting::Inside;
use crate::{message, status};

/// Turns messages into JSON and back, on threads of the bridge's.
struct ByProtobuf;

pub(crate) fn transcoder() -> Arc<dyn raw::Transcoder> {
    Arc::new(ByProtobuf)
}

/// The module, which imports protobuf: not before it is needed.
fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    MODULE
        .get_or_try_init(py, || py.import("samehost._json").map(Bound::unbind))
        .map(|module| module.bind(py))
}

/// Does this with the GIL. What it raises and is no status stays here.
fn with<T>(work: impl FnOnce(Python<'_>) -> PyResult<T>) -> Result<T, Status> {
    let ends = || Status::new(Code::Unavailable, "the server's interpreter shuts down");
    let _inside = Inside::enter_in_time().ok_or_else(ends)?;
    let done = Python::try_attach(|py| {
        work(py).map_err(|error| {
            status::told_by(py, &error).unwrap_or_else(|| {
                error.write_unraisable(py, None);
                Status::new(Code::Internal, "the message cannot be turned into JSON or out of it")
            })
        })
    });
    done.unwrap_or_else(|| Err(ends()))
}

fn convert(function: &'static str, path: &str, bytes: &[u8]) -> Result<Bytes, Status> {
    with(|py| {
        let converted = module(py)?.call_method1(function, (path, PyBytes::new(py, bytes)))?;
        message::incoming(&converted)
    })
}

impl raw::Transcoder for ByProtobuf {
    /// Known where protobuf was imported, by whoever made the stubs.
    fn is_unary(&self, path: &str) -> Option<bool> {
        let known = with(|py| {
            let modules = py.import("sys")?.getattr(intern!(py, "modules"))?;
            match modules.contains("google.protobuf.descriptor_pool")? {
                true => module(py)?.call_method1(intern!(py, "is_unary"), (path,))?.extract(),
                false => Ok(None),
            }
        });
        known.unwrap_or(None)
    }

    fn request(&self, path: &str, json: &[u8]) -> Result<Bytes, Status> {
        convert("request", path, json)
    }

    fn response(&self, path: &str, message: &[u8]) -> Result<Bytes, Status> {
        convert("response", path, message)
    }
}
