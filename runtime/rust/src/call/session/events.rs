//! Where the events of a connection go.

use super::{After, Incoming, Notice, State};
use crate::connection::{Arrivals, Cause, ConnectionState, Event, Status, StreamId, Waiters};

impl State {
    /// Puts every event where it belongs.
    pub(super) fn hand_out(&mut self, after: &mut After) {
        if self.connection.closed().is_some() && self.explained.is_none() {
            // Nobody is told of the end before the transport has been asked about it.
            after.attend = true;
            return;
        }
        while let Some(event) = self.connection.next_event() {
            match event {
                Event::Opened { stream, path, deadline_nanos, metadata } => {
                    self.connection.own(stream, Waiters::new(None, None));
                    let whole = self.connection.take_request(stream);
                    if whole.is_none() {
                        self.connection.request(stream, 1);
                    }
                    self.incoming.push(Incoming { stream, path, deadline_nanos, metadata, whole });
                    after.attend = true;
                }
                Event::Arrived { stream } if after.own == Some(stream) => {}
                Event::Arrived { stream } => match self.connection.owned(stream) {
                    Some((inbox, waiters)) if inbox.is_finished() => waiters.wake_all(&mut after.wakes),
                    Some((_, waiters)) => waiters.wake_reader(&mut after.wakes),
                    None => self.connection.take_arrivals(stream, &mut Arrivals::default()),
                },
                Event::Reset { stream, code, text, refused, cause } => {
                    let (code, text) = match (&self.explained, cause) {
                        (Some(error), Cause::Connection) => (error.code(), error.to_string()),
                        _ => (code, text),
                    };
                    let written = self.written;
                    let unsent = |waiters: &Waiters| cause == Cause::Connection && waiters.is_unsent(written);
                    self.tell_reset(
                        stream,
                        Status::of(code, text),
                        |waiters| refused || unsent(waiters),
                        after,
                    );
                }
                Event::Ready { stream } => {
                    if let Some((_, waiters)) = self.connection.owned(stream) {
                        waiters.wake_writer(&mut after.wakes);
                    }
                }
                Event::GoAway { .. } => self.drain(after),
                Event::Hello { .. } | Event::CanOpen => self.next_opener(after),
                Event::Pong { .. } => {}
                Event::Closed(_) => {
                    self.openers.all(&mut after.wakes);
                    after.notice = Some(Notice::Over);
                    after.attend = true;
                }
            }
        }
    }

    /// No stream is opened any more, as one side has said.
    pub(super) fn drain(&mut self, after: &mut After) {
        self.openers.all(&mut after.wakes);
        after.notice.get_or_insert(Notice::Draining);
    }

    /// Tells the owner of a stream that it ended without a status; whether it was `refused` goes by who waits there.
    fn tell_reset(
        &mut self,
        stream: StreamId,
        status: Status,
        refused: impl Fn(&Waiters) -> bool,
        after: &mut After,
    ) {
        let Some((_, waiters)) = self.connection.owned(stream) else { return };
        waiters.wake_all(&mut after.wakes);
        let refused = refused(waiters);
        self.connection.conclude(stream, status, refused);
    }

    /// The next one that waits for its turn to open has it, where one can be opened.
    pub(super) fn next_opener(&mut self, after: &mut After) {
        if self.connection.state() == ConnectionState::Open && self.connection.can_open() {
            after.wakes.extend(self.openers.next());
        }
    }
}
