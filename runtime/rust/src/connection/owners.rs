//! What the owners of streams do, beside what goes over the wire.

use super::arrivals::Arrivals;
use super::inbox::Inbox;
use super::stream::Stream;
use super::waiters::Waiters;
use super::{Connection, Status, StreamId};

impl Connection {
    /// A stream that was just opened, by either side, has an owner from now on: it is kept until it is
    /// [let go](Connection::let_go).
    pub(crate) fn own(&mut self, id: StreamId, waiters: Waiters) {
        let stream = match self.streams.get_mut(id) {
            Some(stream) => stream,
            None => self.streams.insert_with(id, Stream::ended_by_opener),
        };
        stream.waiters = Some(waiters);
    }

    /// A stream that this side has just opened has an owner from now on, who wants its first message.
    #[inline]
    pub(crate) fn own_opened(&mut self, id: StreamId, waiters: Waiters) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.waiters = Some(waiters);
            stream.inbox.request_first();
        }
    }

    /// A stream that has an owner, and who waits there.
    #[inline]
    pub(crate) fn owned(&mut self, id: StreamId) -> Option<(&mut Inbox, &mut Waiters)> {
        match self.streams.get_mut(id)? {
            Stream { inbox, waiters: Some(waiters), .. } => Some((inbox, waiters)),
            _ => None,
        }
    }

    /// The streams that have an owner, in no promised order.
    pub(crate) fn owned_ids(&self) -> impl Iterator<Item = StreamId> {
        self.streams.iter().filter(|(_, stream)| stream.waiters.is_some()).map(|(id, _)| id)
    }

    /// A stream has no owner any more; answers who waited there. If it is not over it goes on to its end, but nobody is
    /// told.
    #[inline]
    pub(crate) fn let_go(&mut self, id: StreamId) -> Option<Waiters> {
        let stream = self.streams.get_mut(id)?;
        let waiters = stream.waiters.take();
        // Nobody takes what it has to tell.
        if stream.is_over() {
            self.streams.remove(id);
        } else {
            stream.inbox.arrivals = Arrivals::default();
        }
        waiters
    }

    /// A stream that has ended without a status has this outcome, behind what its opener has received; answers whether
    /// anybody may take it.
    pub(crate) fn conclude(&mut self, id: StreamId, status: Status, refused: bool) -> bool {
        let Some(stream) = self.streams.get_mut(id) else { return false };
        stream.inbox.conclude(status, refused);
        true
    }

    /// Takes what has arrived at a stream into `arrived`, which is empty.
    pub(crate) fn take_arrivals(&mut self, id: StreamId, arrived: &mut Arrivals) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.inbox.arrivals.move_into(arrived);
        if stream.has_gone() {
            self.streams.remove(id);
        }
    }
}
