//! Whether a channel has a connection.

/// Whether a channel has a connection.
///
/// ```text
///           a call, or connect()             HELLO has arrived
///   IDLE ----------------------> CONNECTING -------------------> READY
///    ^ ^                          ^      |                        |
///    | | backoff over, nobody     |      | failed                 | the server goes, or goes away
///    | | waits                    |      v                        |
///    | +------------------------- | -- TRANSIENT_FAILURE          |
///    |          backoff over, a   +------+                        |
///    |          call waits                                        |
///    +------------------------------------------------------------+
///                any state --- shut down ---> SHUTDOWN
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectivityState {
    /// There is no connection, and none is needed.
    Idle,
    /// A connection is being made.
    Connecting,
    /// Calls go out.
    Ready,
    /// The last try to connect failed; the next one comes after a while, if a call needs it.
    TransientFailure,
    /// The channel was shut down.
    Shutdown,
}
