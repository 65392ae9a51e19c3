//! Unary calls of a generated server, from the frame straight to the handler. It builds nothing of HTTP's but the
//! metadata and the extensions that handlers are promised.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use prost::Message;
use tonic::codec::EnabledCompressionEncodings;
use tonic::metadata::MetadataMap;

use super::{decoded, missing, surplus, within};
use crate::call::server_call::{Messages, ServerCall};
use crate::connection;
use crate::surface::proto::{Encoded, with_encoded};
use crate::surface::tonic::body::broken_off;
use crate::surface::tonic::metadata::{has_status, to_block};
use crate::surface::tonic::told::{extensions, headers_of_plain};

/// A generated server, where it stands alone: its unary calls need no request of HTTP's. One that has an interceptor
/// or another layer before it is another type, and takes HTTP's requests.
pub trait Direct: Any + Send + Sync {
    /// What the server takes compressed, and sends so: where there is any, its calls go tonic's way.
    fn encodings(&self) -> [EnabledCompressionEncodings; 2];

    /// Begins a unary call; `None`, and nothing is done, where the path is that of none.
    fn begin(&self, call: DirectCall<'_>) -> Option<Answering>;
}

/// A handler at work: it answers its call.
pub struct Answering {
    handling: Pin<Box<dyn Handling + Send>>,
    max_encoding: Option<usize>,
}

impl Answering {
    /// Ready when the call is answered; an error is still to be told. The handler's own code is over by then, and what
    /// it had is dropped.
    pub(in crate::surface::tonic) fn poll(
        &mut self,
        call: &ServerCall,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), tonic::Status>> {
        self.handling.as_mut().poll_answer(call, self.max_encoding, cx)
    }
}

/// A handler at work, whatever the type of its message: its future is in a box as it is, and is not moved about in one
/// of ours.
trait Handling {
    fn poll_answer(
        self: Pin<&mut Self>,
        call: &ServerCall,
        max_encoding: Option<usize>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), tonic::Status>>;
}

impl<A, F> Handling for F
where
    A: Message,
    F: Future<Output = Result<tonic::Response<A>, tonic::Status>>,
{
    fn poll_answer(
        self: Pin<&mut Self>,
        call: &ServerCall,
        max_encoding: Option<usize>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), tonic::Status>> {
        self.poll(cx).map(|response| answer(call, response?, max_encoding))
    }
}

type Make = fn(&dyn Any) -> Option<Box<dyn Direct>>;

/// The generated servers of this process, by their types: whoever is given a service of any type finds here whether it
/// is one.
static KNOWN: Mutex<BTreeMap<TypeId, Make>> = Mutex::new(BTreeMap::new());

fn known() -> MutexGuard<'static, BTreeMap<TypeId, Make>> {
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a generated server known; it is called whenever one is made.
pub fn register<S: Direct + Clone>() {
    known()
        .entry(TypeId::of::<S>())
        .or_insert(|service| Some(Box::new(service.downcast_ref::<S>()?.clone())));
}

/// The direct way into a service, if it has one.
pub(in crate::surface::tonic) fn direct<S: Any>(service: &S) -> Option<Box<dyn Direct>> {
    let make = known().get(&TypeId::of::<S>()).copied()?;
    let direct = make(service)?;
    direct.encodings().into_iter().all(|mut any| any.pop().is_none()).then_some(direct)
}

/// A call that is about to begin.
pub struct DirectCall<'a>(&'a mut ServerCall);

impl DirectCall<'_> {
    /// The direct way of a call; `None` where it has to go tonic's.
    pub(in crate::surface::tonic) fn of(call: &mut ServerCall) -> Option<DirectCall<'_>> {
        call.metadata.get("grpc-encoding").is_none().then_some(DirectCall(call))
    }

    /// `/package.Service/Method`.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Begins the call: the handler runs once the request is there. The limits are those of the server, for what it
    /// receives and for what it sends.
    pub fn begin<Q, A, F>(
        self,
        (max_decoding, max_encoding): (Option<usize>, Option<usize>),
        handler: impl FnOnce(tonic::Request<Q>) -> F + Send + 'static,
    ) -> Answering
    where
        Q: Message + Default,
        A: Message + 'static,
        F: Future<Output = Result<tonic::Response<A>, tonic::Status>> + Send + 'static,
    {
        let (metadata, extensions) = (headers_of_plain(self.0), extensions(self.0));
        let request = move |message| {
            let message = decoded(message, max_decoding, "the client")?;
            Ok(tonic::Request::from_parts(MetadataMap::from_headers(metadata), extensions, message))
        };
        let handling: Pin<Box<dyn Handling + Send>> = match self.0.take_whole() {
            Some(message) => match request(message) {
                Ok(request) => Box::pin(handler(request)),
                Err(status) => Box::pin(ready(Err::<tonic::Response<A>, _>(status))),
            },
            None => {
                let mut messages = self.0.messages_of_watched();
                Box::pin(async move { handler(request(whole(&mut messages).await?)?).await })
            }
        };
        Answering { handling, max_encoding }
    }
}

fn answer<A: Message>(
    call: &ServerCall,
    response: tonic::Response<A>,
    max_encoding: Option<usize>,
) -> Result<(), tonic::Status> {
    let (metadata, message, _) = response.into_parts();
    within("encoded", message.encoded_len(), max_encoding.unwrap_or(usize::MAX))?;
    let headers = metadata.into_headers();
    if has_status(&headers) {
        // tonic's own way takes a status among the headers for the outcome.
        return Err(tonic::Status::from_header_map(&headers).expect("there is a status"));
    }
    let headers = to_block(headers)?;
    with_encoded(&message, |message| match message {
        Encoded::Lent(bytes) => call.respond(headers, bytes),
        Encoded::Own(bytes) => {
            let message = connection::Message { bytes, compressed: false };
            call.give_answer(Some(headers), Some(message), connection::Status::OK);
        }
    });
    Ok(())
}

/// The one message of a request, once that has ended.
async fn whole(messages: &mut Messages) -> Result<connection::Message, tonic::Status> {
    let message = match poll_fn(|cx| messages.poll_next(cx)).await {
        Some(message) => message.map_err(broken_off)?,
        None => return Err(missing("the client")),
    };
    match poll_fn(|cx| messages.poll_next(cx)).await {
        Some(Ok(_)) => Err(surplus("the client")),
        Some(Err(status)) => Err(broken_off(status)),
        None => Ok(message),
    }
}
