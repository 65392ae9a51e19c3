//! Calls over one connection. The state machines here (`connection`, `stream`, and what they are
//! made of) are pure: no I/O, no clock, no threads, no locks. `session` puts a lock around one, its
//! drivers (`task` on tokio, `reader` for threads) move its bytes, `channel` and `server` make sessions, `client_call` and
//! `server_call` are one call each.

mod arrivals;
pub(crate) mod backoff;
pub(crate) mod blocking;
pub(crate) mod bridge;
#[cfg(test)]
mod by_hand;
mod by_id;
pub(crate) mod channel;
pub(crate) mod client_call;
mod connection;
pub(crate) mod connectivity;
pub(crate) mod crew;
pub(crate) mod dial;
mod event;
pub(crate) mod hub;
mod ids;
mod methods;
pub(crate) mod outgoing;
pub(crate) mod park;
#[cfg(feature = "tonic")]
pub(crate) mod polled;
mod queue;
pub(crate) mod reader;
mod receiving;
mod rejection;
mod sending;
pub(crate) mod server;
pub(crate) mod server_call;
pub(crate) mod session;
mod settings;
pub(crate) mod span;
mod status;
mod stream;
#[cfg(feature = "tonic")]
pub(crate) mod task;
pub(crate) mod tender;
pub(crate) mod timers;
mod waiters;
mod waitlist;

#[cfg(test)]
mod tests;

pub(crate) use connection::Connection;
pub(crate) use event::{Cause, Content, End, Event, Message};
pub(crate) use rejection::MESSAGE_OPTION;
pub(crate) use settings::Settings;
pub(crate) use status::Status;

/// The id of a stream on its connection: odd for the connector's, even for the acceptor's.
pub(crate) type StreamId = u32;

/// Which side of the link this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It made the link: a client of a socket, the parent of a child.
    Connector,
    /// It took the link.
    Acceptor,
}

/// Where a connection stands.
///
/// ```text
///           link up
///              |
///              v
///       AWAIT_PREFACE --- 8 bytes match ---> AWAIT_HELLO --- HELLO, versions meet ---> OPEN
///              |                                  |                                     |
///              | mismatch, end, timeout           | malformed, no version, timeout      | GOAWAY sent
///              |                                  |                                     | or received
///              v                                  v                                     v
///            CLOSED <--------------------------------------------------------------- DRAINING
///                      last stream over, end of the link, or a connection error
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConnectionState {
    AwaitPreface,
    AwaitHello,
    Open,
    Draining,
    Closed,
}

/// Why a stream was not opened; nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    /// `can_open` is false for the moment; `CanOpen` (or `Hello`) follows when it is true.
    NotNow,
    /// The connection is draining or closed: it will never open one again.
    Over,
    /// The call can never be sent: its path is none, or its metadata or message is above the peer's limit.
    Failed { code: samehost_transport_api::Code, text: String },
}

/// Why an action on a stream was not done; nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StreamError {
    /// The stream is over; an event says how, unless this side ended it.
    Gone,
    /// The action is out of order: a mistake of the caller's, which the text names.
    Order(&'static str),
}
