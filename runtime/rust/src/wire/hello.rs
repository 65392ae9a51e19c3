//! HELLO's payload: the message `samehost.v1.Hello`, by hand.

/// What a side says of itself. The numbers from `max_frame_bytes` on are what it is ready to
/// receive; zero stands for the default (see [`Limits`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) min_version: u32,
    pub(crate) max_version: u32,
    pub(crate) implementation: String,
    pub(crate) pid: u64,
    pub(crate) pid_namespace: u64,
    pub(crate) features: Vec<String>,
    pub(crate) max_frame_bytes: u32,
    pub(crate) initial_credit: u32,
    pub(crate) max_message_bytes: u32,
    pub(crate) max_metadata_bytes: u32,
    pub(crate) max_streams: u32,
    pub(crate) max_methods: u32,
}

/// The limits that a HELLO states, with the defaults in place of zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) max_frame_bytes: u32,
    pub(crate) initial_credit: u32,
    pub(crate) max_message_bytes: u32,
    pub(crate) max_metadata_bytes: u32,
    pub(crate) max_streams: u32,
    pub(crate) max_methods: u32,
}
