//! How a call must end.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Deserialize;
use tonic::metadata::{KeyRef, MetadataMap};
use tonic::{Code, Status};

use super::{Catalogue, Entry};

/// Something is not as a case expects it: what was expected and what was found.
#[derive(Clone, Debug)]
pub struct Mismatch(pub String);

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Mismatch {
    fn from(error: E) -> Mismatch {
        Mismatch(error.to_string())
    }
}

/// Says so unless it holds.
///
/// # Errors
/// Unless it holds.
pub fn unless(holds: bool, message: impl FnOnce() -> String) -> Result<(), Mismatch> {
    if holds { Ok(()) } else { Err(Mismatch(message())) }
}

/// How a call must end. What is absent is not looked at.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// The name of the status code; OK when absent.
    pub code: Option<String>,
    /// What the status text must contain.
    pub text: Option<String>,
    /// What the status text must be.
    pub text_is: Option<String>,
    /// The fault of the catalogue whose text it must be, by the name of the transport; "*" for others.
    pub fault: Option<HashMap<String, String>>,
    /// What must stand at placeholders of that text.
    #[serde(default)]
    pub values: HashMap<String, String>,
    /// What the response headers must hold, in this order.
    pub headers: Option<Vec<Entry>>,
    /// What the trailers must hold, in this order.
    pub trailers: Option<Vec<Entry>>,
    /// What the server must say of how the call ended for its handler.
    pub ended: Option<String>,
}

impl Expectation {
    /// Checks a status against all that is said of it but `fault`.
    ///
    /// # Errors
    /// Where it is another.
    pub fn check(&self, status: &Status) -> Result<(), Mismatch> {
        let expected = self.code.as_deref().unwrap_or("OK");
        unless(code_name(status.code()) == expected, || {
            format!("expected {expected}, but got {}", shown(status))
        })?;
        if let Some(text) = &self.text {
            unless(status.message().contains(text), || {
                format!("expected a text with \"{text}\", but got {}", shown(status))
            })?;
        }
        if let Some(text) = &self.text_is {
            unless(status.message() == text, || {
                format!("expected the text \"{text}\", but got {}", shown(status))
            })?;
        }
        Ok(())
    }

    /// Checks the text of a status against the catalogue of faults.
    ///
    /// # Errors
    /// Where it is not that fault's.
    pub fn check_fault(
        &self,
        status: &Status,
        transport: &str,
        address: &str,
        catalogue: &Catalogue,
    ) -> Result<(), Mismatch> {
        let Some(name) = self.fault.as_ref().and_then(|all| all.get(transport).or_else(|| all.get("*")))
        else {
            return Ok(());
        };
        let mut values = self.values.clone();
        values.entry("address".to_owned()).or_insert_with(|| address.to_owned());
        let matches = catalogue.matches(name, &values, status)?;
        unless(matches, || format!("expected the fault {name}, but got {}", shown(status)))
    }

    /// Checks headers and trailers.
    ///
    /// # Errors
    /// Where one is missing, surplus, changed, or out of order.
    pub fn check_metadata(&self, headers: &MetadataMap, trailers: &MetadataMap) -> Result<(), Mismatch> {
        check_values("headers", self.headers.as_deref(), headers)?;
        check_values("trailers", self.trailers.as_deref(), trailers)
    }
}

fn check_values(place: &str, expected: Option<&[Entry]>, actual: &MetadataMap) -> Result<(), Mismatch> {
    let mut wanted = MetadataMap::new();
    for entry in expected.unwrap_or_default() {
        entry.put_into(&mut wanted)?;
    }
    for key in keys(&wanted) {
        let (wanted, got) = (values(&wanted, &key), values(actual, &key));
        unless(wanted == got, || format!("expected {key}={wanted:?} in the {place}, but got {got:?}"))?;
    }
    Ok(())
}

fn keys(metadata: &MetadataMap) -> HashSet<String> {
    let name = |key: KeyRef<'_>| match key {
        KeyRef::Ascii(key) => key.to_string(),
        KeyRef::Binary(key) => key.to_string(),
    };
    metadata.keys().map(name).collect()
}

fn values(metadata: &MetadataMap, key: &str) -> Vec<Vec<u8>> {
    if key.ends_with("-bin") {
        let bytes = |value: &tonic::metadata::BinaryMetadataValue| {
            value.to_bytes().map_or_else(|_| b"?".to_vec(), Into::into)
        };
        metadata.get_all_bin(key).into_iter().map(bytes).collect()
    } else {
        metadata.get_all(key).into_iter().map(|value| value.as_bytes().to_vec()).collect()
    }
}

/// gRPC's name of a code.
pub fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// A status for people.
pub fn shown(status: &Status) -> String {
    format!("{} \"{}\"", code_name(status.code()), status.message())
}
