//! Metadata: pairs of Python's and Rust's.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString, PyTuple};
use samehost::Metadata;

use crate::status;

/// The keys of compression, which is seen to below the application.
const OWN: [&str; 2] = ["grpc-encoding", "grpc-accept-encoding"];

/// The pairs of an iterable.
pub(crate) fn incoming(pairs: Option<&Bound<'_, PyAny>>) -> PyResult<Metadata> {
    let mut metadata = Metadata::new();
    let Some(pairs) = pairs.filter(|pairs| !pairs.is_none()) else { return Ok(metadata) };
    let none = |what: &Bound<'_, PyAny>| {
        PyTypeError::new_err(format!(
            "metadata is pairs of a key (str) and a value (str or bytes), not {what:?}"
        ))
    };
    for pair in pairs.try_iter()? {
        let pair = pair?;
        let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract().map_err(|_| none(&pair))?;
        let (Ok(key), text, bytes) =
            (key.cast::<PyString>(), value.cast::<PyString>(), value.cast::<PyBytes>())
        else {
            return Err(none(&pair));
        };
        let key = key.to_cow()?;
        if OWN.contains(&&*key) {
            continue;
        }
        let pushed = match (text, bytes) {
            (Ok(text), _) => metadata.push(&key, text.to_cow()?.as_bytes()),
            (_, Ok(bytes)) => metadata.push(&key, bytes.as_bytes()),
            _ => return Err(none(&pair)),
        };
        pushed.map_err(|error| status::raised(pairs.py(), &error))?;
    }
    Ok(metadata)
}

/// The pairs as a tuple.
pub(crate) fn outgoing<'py>(py: Python<'py>, metadata: &Metadata) -> PyResult<Bound<'py, PyTuple>> {
    let mut pairs = Vec::new();
    for (key, value) in metadata.iter().filter(|(key, _)| !OWN.contains(key)) {
        let pair = if key.ends_with("-bin") {
            (key, PyBytes::new(py, value)).into_pyobject(py)?
        } else {
            (key, &*String::from_utf8_lossy(value)).into_pyobject(py)?
        };
        pairs.push(pair);
    }
    PyTuple::new(py, pairs)
}
