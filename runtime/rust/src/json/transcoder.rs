//! Messages between JSON and bytes, whoever knows their types.

use bytes::Bytes;

use crate::surface::Status;

/// Knows the types of methods, and so turns JSON into messages and back. It is called by any thread, also by several at
/// the same time.
pub trait Transcoder: Send + Sync {
    /// Whether a method takes one message and answers one; `None` where that is not known.
    fn is_unary(&self, path: &str) -> Option<bool>;

    /// The message of a request that is this JSON, to a method with a path such as `/demo.Greeter/Hello`.
    ///
    /// # Errors
    /// INVALID_ARGUMENT with what the parser says; UNIMPLEMENTED where the method's types are not known, with why.
    fn request(&self, path: &str, json: &[u8]) -> Result<Bytes, Status>;

    /// The message of a response as JSON.
    ///
    /// # Errors
    /// INTERNAL where it is no message of the method's type.
    fn response(&self, path: &str, message: &[u8]) -> Result<Bytes, Status>;

    /// Up to how many bytes take a moment only. What may take longer has a thread of its own for as long.
    fn quick_bytes(&self) -> usize {
        0
    }
}
