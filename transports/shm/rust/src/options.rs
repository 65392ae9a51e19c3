//! Settings.

/// Settings of shared memory, for channels and servers; those of the socket are
/// [`UnixOptions`](samehost_transport_unix::UnixOptions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShmOptions {
    /// How large the ring of each direction is, in bytes; 1 MiB by default. A power of two between
    /// 64 KiB and 64 MiB; other sizes are rounded up. The smaller wish of the two sides is taken.
    pub ring_bytes: u32,
    /// Whether a client that gets no shared memory fails instead of going on over the socket; false
    /// by default.
    pub strict: bool,
}

impl Default for ShmOptions {
    fn default() -> ShmOptions {
        ShmOptions { ring_bytes: 1 << 20, strict: false }
    }
}
