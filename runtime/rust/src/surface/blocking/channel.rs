//! The client side for threads.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use prost::Message;
use samehost_transport_api::{Options, Registry};

use super::call::encoded;
use super::unary::unary;
use super::{Call, CallOptions, Response};
use crate::call::backoff::Backoff;
use crate::call::blocking::starter;
use crate::call::channel::ChannelHandle;
use crate::call::client_call::ClientCall;
use crate::call::connectivity::ConnectivityState;
use crate::call::outgoing::Request;
use crate::connection;
use crate::surface::proto::{Encoded, with_encoded};
use crate::surface::{Route, Status};

/// The way to one server, for threads. It connects at the first call and again when it has to, as
/// [`samehost::Channel`](crate) does. Any number of threads may call at once over the one
/// connection; one of those that wait reads it for all. Clones are cheap and share the connection; when the
/// last one is dropped the channel closes once its calls are over.
#[derive(Clone)]
pub struct Channel {
    handle: Arc<ChannelHandle>,
    wait_for_ready: bool,
    max_message_bytes: u32,
}

impl Channel {
    /// A channel to an address such as `unix:/run/app.sock`, with all defaults.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where the address is none, or no transport has its scheme.
    pub fn for_address(address: &str) -> Result<Channel, Status> {
        Channel::builder(address).build()
    }

    /// A channel to an address, to be configured.
    pub fn builder(address: impl Into<String>) -> ChannelBuilder {
        ChannelBuilder { route: Route::to(address.into()) }
    }

    /// Begins a call of a method, `package.Service/Method`. Nothing is sent yet.
    pub fn call<Q: Message, A: Message + Default>(&self, method: &str, options: &CallOptions) -> Call<Q, A> {
        let call =
            ClientCall::new(self.handle.clone(), self.request(path(method).into_owned().into(), options));
        Call::new(call, options.sends_compressed, self.max_message_bytes)
    }

    fn request<'p>(&self, path: Cow<'p, str>, options: &CallOptions) -> Request<'p> {
        Request {
            path,
            metadata: options.headers(),
            deadline: options.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
            wait_for_ready: options.wait_for_ready.unwrap_or(self.wait_for_ready),
        }
    }

    /// One message there, one message back.
    ///
    /// # Errors
    /// The outcome of the call, where it is not OK.
    pub fn unary<Q: Message, A: Message + Default>(
        &self,
        method: &str,
        message: &Q,
        options: &CallOptions,
    ) -> Result<Response<A>, Status> {
        let request = self.request(path(method), options);
        if options.sends_compressed {
            let message = encoded(message, true);
            return unary(ClientCall::of_one(self.handle.clone(), request, message), self.max_message_bytes);
        }
        with_encoded(message, |message| {
            let call = match message {
                Encoded::Lent(bytes) => ClientCall::of_lent(self.handle.clone(), request, bytes),
                Encoded::Own(bytes) => {
                    let message = connection::Message { bytes, compressed: false };
                    ClientCall::of_one(self.handle.clone(), request, message)
                }
            };
            unary(call, self.max_message_bytes)
        })
    }

    /// One message there, and any number back, by [`Call::next`].
    pub fn server_streaming<Q: Message, A: Message + Default>(
        &self,
        method: &str,
        message: &Q,
        options: &CallOptions,
    ) -> Call<Q, A> {
        let mut call = self.call(method, options);
        // A call that has just begun is not over.
        let sent = call.send_last(message);
        debug_assert!(sent.is_ok());
        call
    }

    /// The address that this channel was made for.
    pub fn address(&self) -> &str {
        self.handle.address()
    }

    /// Whether there is a connection. The end of one that nobody uses is seen at its next use.
    pub fn state(&self) -> ConnectivityState {
        self.handle.connectivity()
    }

    /// Takes no more calls, for all clones; open calls go on.
    pub fn shutdown(&self) {
        self.handle.shut_down(false);
    }

    /// Takes no more calls, for all clones; open calls fail with UNAVAILABLE.
    pub fn shutdown_now(&self) {
        self.handle.shut_down(true);
    }
}

/// The path of a method.
fn path(method: &str) -> Cow<'_, str> {
    match method.starts_with('/') {
        true => method.into(),
        false => format!("/{method}").into(),
    }
}

/// Makes a [`Channel`]. Sizes are in bytes.
#[must_use]
pub struct ChannelBuilder {
    route: Route,
}

impl ChannelBuilder {
    /// The largest message that this side takes, as it travels and unpacked; 64 MiB by default, 4 MiB on tcp.
    pub fn max_inbound_message_size(mut self, bytes: u32) -> Self {
        self.route.limits.max_inbound_message_size = bytes;
        self
    }

    /// The largest headers or trailers that this side takes, from 256 bytes to 32 KiB; 8 KiB by default.
    pub fn max_inbound_metadata_size(mut self, bytes: u32) -> Self {
        self.route.limits.max_inbound_metadata_size = bytes;
        self
    }

    /// How much a server may send of each stream before it is read; 1 MiB by default.
    pub fn initial_credit(mut self, bytes: u32) -> Self {
        self.route.limits.initial_credit = bytes;
        self
    }

    /// How long a try to connect may take until the server accepts; 5 s by default.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.route.connect_timeout = timeout;
        self
    }

    /// The wait after a first try to connect that failed, and the longest one; 100 ms and 5 s by default.
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.route.backoff = Backoff { first, longest };
        self
    }

    /// Whether calls wait for a connection as long as it takes, instead of failing when connecting
    /// fails; they do not by default.
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.route.wait_for_ready = wait;
        self
    }

    /// How long a wait for the server may look again and again before it sleeps, at most a millisecond; zero for not
    /// at all. By default 50 microseconds, or what the environment says in `SAMEHOST_SPIN_MICROS`. A wait looks only
    /// while that was of use lately; with one processor it lets others run instead, twice at most.
    pub fn spin_limit(mut self, limit: Duration) -> Self {
        self.route.spin_limit = Some(limit);
        self
    }

    /// The transports to choose from by the address's scheme; those of this crate by default.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.route.registry = registry;
        self
    }

    /// Settings of the transport, such as `UnixOptions`.
    pub fn transport_options(mut self, options: Options) -> Self {
        self.route.options = options;
        self
    }

    /// Credentials for TLS, which a `tcp:` address takes: whom to trust, and what to show of this side.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::ClientTls) -> Self {
        self.route.credentials = Options::new().with(tls);
        self
    }

    /// The channel. Nothing is connected yet.
    ///
    /// # Errors
    /// INVALID_ARGUMENT where the address is none, no transport has its scheme, or credentials cannot be used.
    pub fn build(self) -> Result<Channel, Status> {
        let wait_for_ready = self.route.wait_for_ready;
        let (handle, max_message_bytes) = self.route.channel(Box::new(starter))?;
        Ok(Channel { handle, wait_for_ready, max_message_bytes })
    }
}
