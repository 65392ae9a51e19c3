//! A request on its way: what a call begins with, and its messages.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::session::{OpenRequest, Session};
use crate::connection::{Content, Message, OpenError, Place, Status, StreamId};
use crate::wire::MetadataBlock;

/// So many bytes of messages are kept before the stream is open, and until the call is known to
/// have reached a handler; beyond the first message, that is.
const KEPT_BYTES: usize = 256 << 10;

/// What a call begins with.
pub(crate) struct Request<'p> {
    pub(crate) path: Cow<'p, str>,
    pub(crate) metadata: MetadataBlock,
    pub(crate) deadline: Option<Instant>,
    /// Waits for a connection as long as it takes.
    pub(crate) wait_for_ready: bool,
}

impl Request<'_> {
    /// What opens a stream for it, now.
    pub(super) fn opening<'a>(&'a self, message: Option<Content<'a>>, end: bool) -> OpenRequest<'a> {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        OpenRequest {
            path: &self.path,
            metadata: &self.metadata,
            deadline_nanos: left.map(|left| u64::try_from(left.as_nanos()).unwrap_or(u64::MAX)),
            message,
            end,
        }
    }
}

/// The messages of a request on their way. They are kept, without being copied, until the call is
/// known to have reached a handler: so it can be tried again. Used by whoever sends, which may be
/// another task than the one that awaits the answer.
#[derive(Default)]
pub(crate) struct Outgoing {
    state: Mutex<Sending>,
}

#[derive(Default)]
struct Sending {
    stream: Option<(Arc<Session>, StreamId)>,
    kept: Vec<Message>,
    kept_bytes: usize,
    /// Not all that was sent is kept.
    committed: bool,
    half_closed: bool,
    over: bool,
    /// Who waits for room.
    waiting: Option<Waker>,
    /// Why the caller cannot go on with its request.
    failure: Option<Status>,
    /// Who awaits the answer.
    owner: Option<Waker>,
}

/// The call is over: nothing more is sent.
#[derive(Debug)]
pub(crate) struct CallOver;

impl Outgoing {
    fn lock(&self) -> MutexGuard<'_, Sending> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session that the messages go to, once the stream is open.
    pub(crate) fn session(&self) -> Option<Arc<Session>> {
        self.lock().stream.as_ref().map(|(session, _)| session.clone())
    }

    /// Ready when there is room for a message. On a stream that is over, and may be tried again, it
    /// is pending until the owner of the call has seen to that.
    pub(crate) fn poll_ready(&self, cx: &Context<'_>) -> Poll<Result<(), CallOver>> {
        let mut sending = self.lock();
        if sending.over || sending.failure.is_some() {
            return Poll::Ready(Err(CallOver));
        }
        match &sending.stream {
            Some((session, stream)) => match session.poll_ready(*stream, cx) {
                Poll::Ready(Ok(())) => return Poll::Ready(Ok(())),
                Poll::Ready(Err(_)) if sending.committed => return Poll::Ready(Err(CallOver)),
                Poll::Ready(Err(_)) | Poll::Pending => {}
            },
            None if sending.kept.is_empty() || sending.kept_bytes < KEPT_BYTES => {
                return Poll::Ready(Ok(()));
            }
            None => {}
        }
        sending.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Ready when the call is over.
    pub(crate) fn poll_over(&self, cx: &Context<'_>) -> Poll<()> {
        let mut sending = self.lock();
        if sending.over {
            return Poll::Ready(());
        }
        sending.waiting = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Sends a message; `end`: it is the last one.
    pub(crate) fn send(&self, message: Message, end: bool) -> Result<(), CallOver> {
        let mut sending = self.lock();
        if sending.over {
            return Err(CallOver);
        }
        assert!(!sending.half_closed, "no message follows the last one");
        sending.half_closed = end;
        let bytes = message.bytes.len();
        let keeps = sending.kept.is_empty() || sending.kept_bytes + bytes <= KEPT_BYTES;
        let Some((session, stream)) = sending.stream.clone() else {
            if !sending.committed {
                sending.kept_bytes += bytes;
                sending.kept.push(message);
            }
            return Ok(());
        };
        if !sending.committed && keeps {
            sending.kept_bytes += bytes;
            sending.kept.push(message.clone());
        } else {
            sending.commit();
        }
        drop(sending);
        // Whether the stream is over is for the owner of the call to find out.
        let _ = session.send_message(stream, message, end);
        Ok(())
    }

    /// Whether no further message is sent.
    pub(crate) fn is_half_closed(&self) -> bool {
        self.lock().half_closed
    }

    /// Sends no further message.
    pub(crate) fn half_close(&self) {
        let mut sending = self.lock();
        if !std::mem::replace(&mut sending.half_closed, true)
            && let Some((session, stream)) = sending.stream.clone()
        {
            drop(sending);
            let _ = session.half_close(stream);
        }
    }

    /// The caller cannot go on with its request: its call ends with this status.
    pub(crate) fn fail(&self, status: Status) {
        let mut sending = self.lock();
        sending.failure.get_or_insert(status);
        let waiting = [sending.owner.take(), sending.waiting.take()];
        drop(sending);
        waiting.into_iter().flatten().for_each(Waker::wake);
    }

    /// Why the caller gave up, if it did.
    pub(super) fn poll_failure(&self, cx: &Context<'_>) -> Poll<Status> {
        let mut sending = self.lock();
        match sending.failure.take() {
            Some(status) => Poll::Ready(status),
            None if sending.over => Poll::Pending,
            None => {
                sending.owner = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Opens the stream with all that is kept.
    pub(super) fn open(
        &self,
        session: &Arc<Session>,
        place: &mut Place,
        request: &Request<'_>,
        cx: &Context<'_>,
    ) -> Result<StreamId, OpenError> {
        let mut sending = self.lock();
        let end = sending.half_closed && sending.kept.len() <= 1;
        let stream =
            session.open(request.opening(sending.kept.first().map(Content::Shared), end), place, cx)?;
        let last = sending.kept.len();
        for (index, message) in sending.kept.iter().enumerate().skip(1) {
            let _ = session.send_message(stream, message.clone(), sending.half_closed && index + 1 == last);
        }
        sending.stream = Some((session.clone(), stream));
        let waiting = sending.waiting.take();
        drop(sending);
        if let Some(waker) = waiting {
            waker.wake();
        }
        Ok(stream)
    }

    /// Makes ready for another stream; `false` where not all was kept.
    pub(super) fn rewind(&self) -> bool {
        let mut sending = self.lock();
        if !sending.committed {
            sending.stream = None;
        }
        !sending.committed
    }

    /// The call has reached its handler, and is not tried again: whoever waits for that looks anew.
    pub(super) fn commit(&self) {
        let mut sending = self.lock();
        sending.commit();
        let waiting = sending.waiting.take();
        drop(sending);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }

    pub(super) fn end(&self) {
        let mut sending = self.lock();
        sending.over = true;
        sending.stream = None;
        sending.commit();
        let waiting = sending.waiting.take();
        drop(sending);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl Sending {
    fn commit(&mut self) {
        self.committed = true;
        self.kept = Vec::new();
        self.kept_bytes = 0;
    }
}
