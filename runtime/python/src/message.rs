//! Messages: Python's bytes and Rust's.

use bytes::Bytes;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyMemoryView};

/// So many bytes are copied rather than kept with their owner.
const COPIED_BYTES: usize = 16 << 10;

/// A message as it is sent. Large `bytes` are not copied; whatever else has a buffer is.
pub(crate) fn incoming(message: &Bound<'_, PyAny>) -> PyResult<Bytes> {
    if let Ok(bytes) = message.cast_exact::<PyBytes>() {
        let short = bytes.as_bytes();
        if short.len() <= COPIED_BYTES {
            return Ok(Bytes::copy_from_slice(short));
        }
        return Ok(Bytes::from_owner(PyBackedBytes::from(bytes.clone())));
    }
    let Ok(view) = PyMemoryView::from(message) else {
        let what = message.get_type();
        return Err(PyTypeError::new_err(format!("a message is bytes, not {}", what.qualname()?)));
    };
    let bytes = view.call_method0("tobytes")?;
    Ok(Bytes::copy_from_slice(bytes.cast::<PyBytes>()?.as_bytes()))
}

/// A message that was received.
pub(crate) fn outgoing<'py>(py: Python<'py>, message: &[u8]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, message)
}
