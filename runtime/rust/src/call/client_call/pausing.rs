//! How a thread waits for the answers of its call.

use super::{ClientCall, Stage};
use crate::call::blocking::Pause;
use crate::call::session::{Own, Until};
use crate::connection::{Message, Status};
use crate::wire::MetadataBlock;

impl ClientCall<'_> {
    /// Pauses on this thread, as an answer is pending: what arrives is taken as this thread reads it.
    pub(crate) fn pause(&mut self, pause: Pause<'_>) {
        self.pause_until(pause, Until::Some);
    }

    /// As [`pause`](ClientCall::pause), for who waits for one message and the end of the call.
    pub(crate) fn pause_for_all(&mut self, pause: Pause<'_>) {
        self.pause_until(pause, Until::All);
    }

    fn pause_until(&mut self, pause: Pause<'_>, until: Until) {
        let Stage::Open(session, stream) = &self.stage else { return pause.at(self.session()) };
        let mut own = Some(Own::new(*stream, &mut self.arrived, until));
        pause.at_stream(Some(session), &mut own);
        if own.is_some_and(|own| own.is_forgotten()) {
            self.has_arrived();
        }
    }

    /// The response of a call that went well and has one message, where all of that is here; nothing follows it.
    #[inline]
    pub(crate) fn take_response(&mut self) -> Option<(MetadataBlock, Message, Status)> {
        let Stage::Arrived(_) = &self.stage else { return None };
        let response = self.arrived.take_response()?;
        self.end(&response.2, None);
        Some(response)
    }
}
