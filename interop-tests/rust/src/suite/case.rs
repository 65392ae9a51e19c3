//! A case and its steps.

use std::collections::HashMap;

use serde::Deserialize;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};
use tonic::metadata::{BinaryMetadataKey, BinaryMetadataValue};

use super::{Expectation, Mismatch};
use crate::TEST_KEY;

/// A case of the suites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it is called, on the command line too.
    pub name: String,
    /// What it shows, for people.
    pub shows: String,
    /// What must be so that it shows anything.
    #[serde(default)]
    pub needs: Vec<String>,
    /// What is done, one after the other.
    pub steps: Vec<Step>,
}

/// One step of a case: a kind and what that kind takes. The README of the interop tests says what
/// each field means.
#[allow(missing_docs)] // there
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub kind: String,
    pub method: Option<String>,
    #[serde(default)]
    pub requests: Vec<usize>,
    pub responses: Option<Vec<usize>>,
    #[serde(default)]
    pub compressed: Vec<bool>,
    #[serde(default)]
    pub says_compressed: Vec<bool>,
    #[serde(default)]
    pub wants_compressed: Vec<bool>,
    pub half_close: Option<bool>,
    #[serde(default)]
    pub metadata: Vec<Entry>,
    pub status: Option<EchoedStatus>,
    pub deadline_ms: Option<u64>,
    pub channel: Option<Limits>,
    pub count: Option<u32>,
    pub at_once: Option<u32>,
    pub threads: Option<u32>,
    #[serde(default)]
    pub sees: HashMap<String, Vec<String>>,
    pub side: Option<String>,
    #[serde(default)]
    pub bytes: usize,
    #[serde(default)]
    pub request_bytes: usize,
    #[serde(default)]
    pub response_bytes: usize,
    #[serde(default)]
    pub message_bytes: usize,
    pub offers: Option<bool>,
    pub depth: Option<u32>,
    pub back_deadline_ms: Option<u32>,
    pub back_code: Option<String>,
    pub back_text: Option<String>,
    pub peer: Option<String>,
    pub address: Option<String>,
    #[serde(default)]
    pub expect: Expectation,
}

/// A pair of metadata; its value is a text, bytes in hex, or so many times the letter x.
#[allow(missing_docs)]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub key: String,
    pub text: Option<String>,
    pub hex: Option<String>,
    pub fill: Option<usize>,
}

/// The status that the server is asked for.
#[allow(missing_docs)]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EchoedStatus {
    pub code: i32,
    pub message: String,
}

/// A channel of its own, with these limits.
#[allow(missing_docs)]
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub max_message_bytes: Option<u32>,
    pub max_metadata_bytes: Option<u32>,
    pub connect_timeout_ms: Option<u64>,
    pub hello_timeout_ms: Option<u64>,
}

impl Step {
    /// The size of the message at this place of `requests`, 0 where there is none.
    pub fn request(&self, at: usize) -> usize {
        self.requests.get(at).copied().unwrap_or(0)
    }

    /// The sizes of the answers.
    pub fn responses(&self) -> &[usize] {
        self.responses.as_deref().unwrap_or_default()
    }

    /// The metadata to send, and a key by which the server knows the call.
    ///
    /// # Errors
    /// Where it is none.
    pub fn metadata(&self, key: Option<&str>) -> Result<MetadataMap, Mismatch> {
        let mut sent = MetadataMap::new();
        for entry in &self.metadata {
            entry.put_into(&mut sent)?;
        }
        if let Some(key) = key {
            sent.insert(TEST_KEY, key.parse().map_err(invalid)?);
        }
        Ok(sent)
    }
}

impl Entry {
    /// Appends the pair.
    ///
    /// # Errors
    /// Where it is no metadata.
    pub fn put_into(&self, metadata: &mut MetadataMap) -> Result<(), Mismatch> {
        if let Some(hex) = &self.hex {
            let key = BinaryMetadataKey::from_bytes(self.key.as_bytes()).map_err(invalid)?;
            metadata.append_bin(key, BinaryMetadataValue::from_bytes(&from_hex(hex)?));
        } else {
            let key = AsciiMetadataKey::from_bytes(self.key.as_bytes()).map_err(invalid)?;
            let text = self.fill.map(|times| "x".repeat(times)).or(self.text.clone()).unwrap_or_default();
            metadata.append(key, AsciiMetadataValue::try_from(text).map_err(invalid)?);
        }
        Ok(())
    }
}

fn from_hex(hex: &str) -> Result<Vec<u8>, Mismatch> {
    let byte = |at: usize| hex.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    (0..hex.len()).step_by(2).map(|at| byte(at).ok_or_else(|| Mismatch(format!("{hex} is no hex")))).collect()
}

fn invalid(error: impl std::fmt::Display) -> Mismatch {
    Mismatch(format!("the suite has metadata that is none: {error}"))
}
