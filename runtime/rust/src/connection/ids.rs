//! Identifiers of streams: serial numbers that wrap.

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

/// Whether `id` is later than `other`, both of one side.
pub(super) fn is_later(id: StreamId, other: StreamId) -> bool {
    (1..1 << 31).contains(&id.wrapping_sub(other))
}

/// Whether streams with this id are opened by this side of the link.
pub(super) fn is_opened_by(id: StreamId, side: Side) -> bool {
    match side {
        Side::Connector => id % 2 == 1,
        Side::Acceptor => id.is_multiple_of(2),
    }
}

/// The usual id of the first stream that a side opens.
pub(super) fn first_of(side: Side) -> StreamId {
    match side {
        Side::Connector => 1,
        Side::Acceptor => 2,
    }
}

/// The id behind this one; 0 is none.
pub(super) fn after(id: StreamId) -> StreamId {
    match id.wrapping_add(2) {
        0 => 2,
        next => next,
    }
}
