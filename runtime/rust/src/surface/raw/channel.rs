//! The client side.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use samehost_transport_api::{Options, Peer, Registry};

use super::call::Call;
use super::options::CallOptions;
use super::outcome::Outcome;
use super::server::{by_hub, by_threads};
use super::unary::unary;
use super::{Around, Hub, Interrupted, Patience, ServerCall, outgoing};
use crate::call::backoff::Backoff;
use crate::call::blocking::starter;
use crate::call::channel::ChannelHandle;
use crate::call::client_call::ClientCall;
use crate::call::connectivity::ConnectivityState;
use crate::call::crew;
use crate::call::dial::MakeStarter;
use crate::call::roster::Service;
use crate::call::server::Serve;
use crate::surface::{Route, StateWatch, Status};

/// The way to one server. It connects at the first call, on a thread that ends with the try, and again when
/// it has to. Clones are cheap and share the connection; when the last one is dropped the channel closes once
/// its calls are over.
#[derive(Clone)]
pub struct Channel {
    pub(super) handle: Arc<ChannelHandle>,
    pub(super) wait_for_ready: bool,
    pub(super) max_message: u32,
}

impl Channel {
    /// A channel to an address, to be configured.
    pub fn builder(address: impl Into<String>) -> ChannelBuilder {
        ChannelBuilder { route: Route::to(address.into()), moved: MovedBy::Callers }
    }

    /// Begins a call of a method, `/package.Service/Method`. It goes out when it is waited for or polled.
    pub fn call(&self, path: &str, options: CallOptions) -> Call {
        let gzip = options.gzip;
        let request = options.request(path.to_owned().into(), self.wait_for_ready);
        Call::new(ClientCall::new(self.handle.clone(), request), gzip, self.max_message)
    }

    /// One message there, one message back, on this thread. A channel of a [`Hub`] has no use for it.
    ///
    /// # Errors
    /// Where the patience was told to stop; the call is cancelled then.
    pub fn unary(
        &self,
        path: &str,
        options: CallOptions,
        message: Bytes,
        patience: Patience<'_>,
    ) -> Result<Outcome, Interrupted> {
        let message = outgoing(message, options.gzip);
        let request = options.request(path.into(), self.wait_for_ready);
        unary(ClientCall::of_one(self.handle.clone(), request, message), self.max_message, patience)
    }

    /// The address that this channel was made for.
    pub fn address(&self) -> &str {
        self.handle.address()
    }

    /// Whether there is a connection.
    pub fn state(&self) -> ConnectivityState {
        self.handle.connectivity()
    }

    /// What carries the bytes of the connection, for people, where the address leaves that open: shared
    /// memory, or the socket and why. Nothing also where there is no connection.
    pub fn medium(&self) -> Option<Arc<str>> {
        self.handle.connected().map(|session| session.medium.clone()).filter(|text| !text.is_empty())
    }

    /// Who and what is at the other end of the connection, as far as the operating system vouches for it. Nothing where
    /// there is no connection.
    pub fn peer(&self) -> Option<Peer> {
        self.handle.connected().map(|session| session.peer().clone())
    }

    /// Connects, if nothing is connected or about to be.
    pub fn connect(&self) {
        self.handle.connect();
    }

    /// Ready when the state is another one than `from`.
    pub fn poll_state(&self, from: ConnectivityState, cx: &Context<'_>) -> Poll<ConnectivityState> {
        self.handle.poll_change(from, cx)
    }

    /// Watches the state without keeping the channel open.
    pub fn state_watch(&self) -> StateWatch {
        StateWatch::of(&self.handle)
    }

    /// Waits until the state is another one than `from`; `None` when the time is over.
    ///
    /// # Errors
    /// Where the patience was told to stop.
    pub fn wait_for_state(
        &self,
        from: ConnectivityState,
        mut patience: Patience<'_>,
    ) -> Result<Option<ConnectivityState>, Interrupted> {
        patience.wait(&mut (), |(), cx| self.handle.poll_change(from, cx), |(), pause| pause.at(None))
    }

    /// Takes no more calls, for all clones. Those that are open go on, or with `now` fail with UNAVAILABLE.
    pub fn shut_down(&self, now: bool) {
        self.handle.shut_down(now);
    }
}

/// Makes a [`Channel`]. Sizes are in bytes; a limit outside its range is an error of `build`.
#[must_use]
#[derive(Clone)]
pub struct ChannelBuilder {
    route: Route,
    moved: MovedBy,
}

/// Who moves the bytes, and serves what the server calls back.
#[derive(Clone)]
enum MovedBy {
    /// The threads that wait; nothing is served.
    Callers,
    Threads(Service),
    Hub(Hub, Option<Serve>),
}

impl ChannelBuilder {
    /// The largest message that this side takes, compressed or not; by default as much as the transport has for its
    /// own, 64 MiB within the host.
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

    /// Whether calls wait for a connection as long as it takes, where they do not say otherwise; they do not by default.
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

    /// The event loop that moves the bytes, instead of the threads that wait.
    pub fn on_hub(mut self, hub: Hub) -> Self {
        self.moved = MovedBy::Hub(hub, None);
        self
    }

    /// Serves what the server [calls back](ServerCall::caller), over each connection that the channel makes, as
    /// [`ServerBuilder::serve_on_threads`](super::ServerBuilder::serve_on_threads) does. Threads of its own read a
    /// connection whenever no caller does.
    pub fn serve_on_threads(
        mut self,
        inline: bool,
        around: Around,
        handler: impl Fn(ServerCall) + Send + Sync + 'static,
    ) -> Self {
        self.moved = MovedBy::Threads(by_threads(inline, around, handler));
        self
    }

    /// As [`on_hub`](ChannelBuilder::on_hub), and serves what the server [calls back](ServerCall::caller), over each
    /// connection that the channel makes. The handler is called by the event loop, and is quick.
    pub fn serve_on_hub(mut self, hub: Hub, handler: impl Fn(ServerCall) + Send + Sync + 'static) -> Self {
        self.moved = MovedBy::Hub(hub, Some(by_hub(handler)));
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
        let make_starter: MakeStarter = match self.moved {
            MovedBy::Callers => Box::new(starter),
            MovedBy::Threads(service) => Box::new(move || crew::starter(service.clone())),
            MovedBy::Hub(hub, serve) => Box::new(move || hub.starter(serve.clone())),
        };
        let (handle, max_message) = self.route.channel(make_starter)?;
        Ok(Channel { handle, wait_for_ready, max_message })
    }
}
