//! One call of a thread's.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Instant;

use prost::Message;
use samehost_transport_api::{Code, Fault, LinkError};

use crate::call::blocking::block_on;
use crate::call::client_call::{Answer, ClientCall};
use crate::call::outgoing::{CallOver, Outgoing};
use crate::connection;
use crate::surface::{Metadata, Status, gzip, proto};

/// A message and what came with it.
#[derive(Clone, Debug)]
pub struct Response<A> {
    /// The answer.
    pub message: A,
    /// What the server sent before it.
    pub headers: Metadata,
    /// What the server sent after it.
    pub trailers: Metadata,
}

/// One call, of any of the four kinds: messages of type `Q` go, messages of type `A` come. Its
/// methods wait on the calling thread. Dropped before its end, it is cancelled.
pub struct Call<Q, A> {
    // Dropped first: a call that is dropped is cancelled, and not half-closed before.
    receiver: Receiver<A>,
    sender: Sender<Q>,
}

impl<Q: Message, A: Message + Default> Call<Q, A> {
    pub(super) fn new(
        (call, outgoing): (ClientCall<'static>, Arc<Outgoing>),
        compresses: bool,
        max_message_bytes: u32,
    ) -> Call<Q, A> {
        let until = call.deadline();
        let sender = Sender { outgoing, until, may_compress: compresses, compresses, kind: PhantomData };
        let receiver = Receiver { call, max_message_bytes, headers: None, outcome: None, kind: PhantomData };
        Call { sender, receiver }
    }

    /// Sends a message: waits for a connection and for room. An error says that the call is over;
    /// the outcome is what [`next`](Call::next) answers.
    pub fn send(&mut self, message: &Q) -> Result<(), Ended> {
        let until = self.sender.until;
        let call = &mut self.receiver.call;
        block_on(call, until, |call, cx| call.poll_sendable(cx), |call, pause| pause.at(call.session()))
            .unwrap_or(Err(CallOver))
            .and_then(|()| self.sender.outgoing.send(self.sender.encoded(message), false))
            .map_err(|CallOver| Ended)
    }

    /// Sends a message and nothing after it, without waiting: with the first message this is one
    /// frame. It goes out as soon as there is a connection and somebody waits for the answer.
    pub fn send_last(&mut self, message: &Q) -> Result<(), Ended> {
        self.sender.outgoing.send(self.sender.encoded(message), true).map_err(|CallOver| Ended)
    }

    /// Whether the messages from here on are compressed, in a call that was told to
    /// [`send_compressed`](super::CallOptions::send_compressed); in others none is.
    pub fn compress(&mut self, compress: bool) {
        self.sender.compress(compress);
    }

    /// Sends no further message.
    pub fn half_close(&mut self) {
        self.sender.outgoing.half_close();
    }

    /// Waits for the response's headers.
    ///
    /// # Errors
    /// The outcome of the call, where it ended without headers; OK is none.
    pub fn headers(&mut self) -> Result<Metadata, Status> {
        self.receiver.headers()
    }

    /// Waits for the next message; `None` when the call has ended well.
    ///
    /// # Errors
    /// The outcome of the call, where it is not OK.
    #[allow(clippy::should_implement_trait)] // errors come once, and a call is more than its messages
    pub fn next(&mut self) -> Result<Option<A>, Status> {
        self.receiver.next()
    }

    /// Sends nothing further, and waits for the one answer of a unary call or of a stream of requests.
    ///
    /// # Errors
    /// The outcome of the call, where it is not OK; INTERNAL where there is not one message.
    pub fn finish(mut self) -> Result<Response<A>, Status> {
        self.half_close();
        let message = self.next()?.ok_or_else(|| Fault::MessageMissing.with(&[&"the server"]))?;
        if self.next()?.is_some() {
            return Err(Fault::MessageSurplus.with(&[&"the server"]).into());
        }
        Ok(Response { message, headers: self.headers()?, trailers: self.trailers() })
    }

    /// The trailers, once the call has ended well.
    pub fn trailers(&self) -> Metadata {
        self.receiver.trailers()
    }

    /// Ends the call from another thread.
    pub fn canceller(&self) -> Canceller {
        Canceller { outgoing: self.sender.outgoing.clone() }
    }

    /// Two halves, for two threads.
    pub fn split(self) -> (Sender<Q>, Receiver<A>) {
        (self.sender, self.receiver)
    }
}

/// The call is over, so nothing more can be sent; its receiving half knows the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended;

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the call is over; its receiving half knows the outcome")
    }
}

impl std::error::Error for Ended {}

/// The sending half of a call. Dropped without [`half_close`](Sender::half_close) it cancels the call: the
/// server would take half of a stream for the whole.
pub struct Sender<Q> {
    outgoing: Arc<Outgoing>,
    until: Option<Instant>,
    /// The headers say that messages may be compressed.
    may_compress: bool,
    compresses: bool,
    kind: PhantomData<fn(Q)>,
}

impl<Q: Message> Sender<Q> {
    /// Sends a message: waits for room. The stream is opened by the receiving half, which must be waited on.
    pub fn send(&mut self, message: &Q) -> Result<(), Ended> {
        block_on(
            &mut self.outgoing,
            self.until,
            |outgoing, cx| outgoing.poll_ready(cx),
            |outgoing, pause| pause.at(outgoing.session().as_ref()),
        )
        .unwrap_or(Err(CallOver))
        .and_then(|()| self.outgoing.send(self.encoded(message), false))
        .map_err(|CallOver| Ended)
    }

    /// Whether the messages from here on are compressed: see [`Call::compress`].
    pub fn compress(&mut self, compress: bool) {
        self.compresses = compress && self.may_compress;
    }

    /// Sends no further message.
    pub fn half_close(self) {
        self.outgoing.half_close();
    }

    fn encoded(&self, message: &Q) -> connection::Message {
        encoded(message, self.compresses)
    }
}

impl<Q> Drop for Sender<Q> {
    fn drop(&mut self) {
        if !self.outgoing.is_half_closed() {
            let text = Fault::CallCancelled.text(&[&"its sending half was dropped"]);
            self.outgoing.fail(connection::Status::of(Code::Cancelled, text));
        }
    }
}

/// The receiving half of a call. Dropped before its end, it cancels the call.
pub struct Receiver<A> {
    call: ClientCall<'static>,
    max_message_bytes: u32,
    headers: Option<Metadata>,
    outcome: Option<connection::Status>,
    kind: PhantomData<fn() -> A>,
}

impl<A: Message + Default> Receiver<A> {
    fn answer(&mut self) -> Answer {
        let until = self.call.deadline();
        let answer =
            block_on(&mut self.call, until, |call, cx| call.poll_answer(cx), |call, pause| call.pause(pause));
        match answer {
            Some(Some(answer)) => answer,
            Some(None) => Answer::Status(connection::Status::of(
                Code::Cancelled,
                Fault::CallCancelled.text(&[&"it is over"]),
            )),
            None => Answer::Status(self.call.expire()),
        }
    }

    /// Waits for the response's headers: see [`Call::headers`].
    pub fn headers(&mut self) -> Result<Metadata, Status> {
        while self.headers.is_none() && self.outcome.is_none() {
            match self.answer() {
                Answer::Headers(headers) => self.headers = Some(Metadata::received(headers)),
                Answer::Status(status) => self.outcome = Some(status),
                Answer::Message(_) => unreachable!("headers come before messages"),
            }
        }
        match (&self.headers, &self.outcome) {
            (Some(headers), _) => Ok(headers.clone()),
            (None, Some(status)) if status.code != Code::Ok => Err(status.clone().into()),
            (None, _) => Ok(Metadata::new()),
        }
    }

    /// Waits for the next message: see [`Call::next`].
    #[allow(clippy::should_implement_trait)] // as in `Call`
    pub fn next(&mut self) -> Result<Option<A>, Status> {
        while self.outcome.is_none() {
            match self.answer() {
                Answer::Headers(headers) => self.headers = Some(Metadata::received(headers)),
                Answer::Status(status) => self.outcome = Some(status),
                Answer::Message(message) => return self.decoded(message).map(Some),
            }
        }
        match &self.outcome {
            Some(status) if status.code != Code::Ok => Err(status.clone().into()),
            _ => Ok(None),
        }
    }

    fn decoded(&mut self, message: connection::Message) -> Result<A, Status> {
        decoded(message, self.max_message_bytes).map_err(|error| {
            let status = connection::Status::of(error.code(), error.to_string());
            self.call.fail(&status);
            self.outcome = Some(status.clone());
            status.into()
        })
    }

    /// The trailers, once the call has ended well.
    pub fn trailers(&self) -> Metadata {
        Metadata::received(self.outcome.as_ref().map(|status| status.trailers().clone()).unwrap_or_default())
    }
}

/// A message as it travels.
pub(super) fn encoded(message: &impl Message, compresses: bool) -> connection::Message {
    let bytes = proto::encoded(message);
    let bytes = if compresses { gzip::compressed(&bytes) } else { bytes };
    connection::Message { bytes, compressed: compresses }
}

/// A message as the application has it.
pub(super) fn decoded<A: Message + Default>(
    message: connection::Message,
    max_message_bytes: u32,
) -> Result<A, LinkError> {
    let bytes = match message.compressed {
        // That it is gzip, and no other method, was seen when it arrived.
        true => gzip::decompressed(&message.bytes, max_message_bytes, "client")?,
        false => message.bytes,
    };
    A::decode(bytes).map_err(|error| Fault::MessageUndecodable.with(&[&"the server", &error]))
}

/// Ends a call from another thread.
#[derive(Clone)]
pub struct Canceller {
    outgoing: Arc<Outgoing>,
}

impl Canceller {
    /// The call fails with CANCELLED; a thread that waits for it wakes up. Does nothing when it is over.
    pub fn cancel(&self, reason: &str) {
        self.outgoing.fail(connection::Status::of(Code::Cancelled, Fault::CallCancelled.text(&[&reason])));
    }
}
