//! The server side.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake};
use std::time::{Duration, Instant};

use samehost_transport_api::{Address, Options, Registry};

#[cfg(feature = "http1")]
use super::Transcoder;
use super::meeting::Meeting;
use super::{Around, Hub, Interrupted, Patience, ServerCall};
use crate::call::bridge::{Accept, Accepts};
use crate::call::crew;
use crate::call::roster::Service;
use crate::call::server::{Host, Serve, ServerCore, StartServing};
use crate::call::timers::{Timer, Timers, weakly};
use crate::surface::{Limits, Status, bridges, default_registry, with_credentials};

/// How threads serve calls by a handler; see [`ServerBuilder::serve_on_threads`].
pub(super) fn by_threads(
    inline: bool,
    around: Around,
    handler: impl Fn(ServerCall) + Send + Sync + 'static,
) -> Service {
    Service { serve: Arc::new(move |call| handler(ServerCall::new(call))), inline, around }
}

/// How a loop serves calls by a handler; see [`ServerBuilder::serve_on_hub`].
pub(super) fn by_hub(handler: impl Fn(ServerCall) + Send + Sync + 'static) -> Serve {
    Arc::new(move |calls| calls.into_iter().for_each(|call| handler(ServerCall::new(call))))
}

/// Serves calls on any number of addresses. Dropped, it shuts down at once.
pub struct Server {
    shared: Arc<Shared>,
    limits: Limits,
    registry: Registry,
    options: Options,
    credentials: Options,
    spin_limit: Option<Duration>,
    bridges: Accepts,
    host: Arc<dyn Fn() -> Host + Send + Sync>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    meeting: Arc<Meeting>,
}

#[derive(Default)]
struct State {
    cores: Vec<Arc<ServerCore>>,
    started: bool,
    stopped: bool,
    /// Connections that came before the start.
    early: Vec<Box<dyn FnOnce() + Send>>,
    /// When the open calls fail.
    grace: Option<(Instant, Timer)>,
}

/// Makes a [`Server`]. Sizes are in bytes.
#[must_use]
pub struct ServerBuilder {
    limits: Limits,
    registry: Registry,
    options: Options,
    /// For TLS, where there are some.
    credentials: Options,
    hello_timeout: Duration,
    spin_limit: Option<Duration>,
    /// Takes clients that speak JSON.
    json: Option<Box<dyn Accept>>,
}

impl Default for ServerBuilder {
    fn default() -> ServerBuilder {
        ServerBuilder {
            limits: Limits { gzip: true, ..Limits::default() },
            registry: default_registry(),
            options: Options::new(),
            credentials: Options::new(),
            hello_timeout: Duration::from_secs(5),
            spin_limit: None,
            json: None,
        }
    }
}

impl ServerBuilder {
    /// The largest message that this side takes, compressed or not; by default as much as the transport has for its
    /// own, 64 MiB within the host.
    pub fn max_inbound_message_size(mut self, bytes: u32) -> Self {
        self.limits.max_inbound_message_size = bytes;
        self
    }

    /// The largest metadata that this side takes, from 256 bytes to 32 KiB; 8 KiB by default.
    pub fn max_inbound_metadata_size(mut self, bytes: u32) -> Self {
        self.limits.max_inbound_metadata_size = bytes;
        self
    }

    /// How many calls one client may have open at once; 4,096 by default. Further ones wait at the client.
    pub fn max_concurrent_calls(mut self, calls: u32) -> Self {
        self.limits.max_streams = calls;
        self
    }

    /// How much a client may send of each stream before it is read; 1 MiB by default.
    pub fn initial_credit(mut self, bytes: u32) -> Self {
        self.limits.initial_credit = bytes;
        self
    }

    /// How long a client may take to say HELLO; 5 s by default.
    pub fn hello_timeout(mut self, timeout: Duration) -> Self {
        self.hello_timeout = timeout;
        self
    }

    /// How long a wait for the clients may look again and again before it sleeps, at most a millisecond; zero for not
    /// at all. By default 50 microseconds, or what the environment says in `SAMEHOST_SPIN_MICROS`. A wait looks only
    /// while that was of use lately; with one processor it lets others run instead, twice at most.
    pub fn spin_limit(mut self, limit: Duration) -> Self {
        self.spin_limit = Some(limit);
        self
    }

    /// The transports to choose from by the address's scheme; those of this crate by default.
    pub fn registry(mut self, registry: Registry) -> Self {
        self.registry = registry;
        self
    }

    /// Settings of the transport, such as `UnixOptions`.
    pub fn transport_options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Takes calls of JSON over HTTP/1.1 as well, as curl makes them: to unary methods whose types this knows.
    #[cfg(feature = "http1")]
    pub fn json(mut self, transcoder: Arc<dyn Transcoder>) -> Self {
        self.json = Some(Box::new(crate::json::Json(transcoder)));
        self
    }

    /// Credentials for TLS, which `tcp:` addresses take: what to show of this side, and whom to take. Clients come by TLS
    /// alone then, of whatever protocol; a handler finds a client's certificates, where it was asked for them, as
    /// [`PeerCertificates`](crate::PeerCertificates) of its call's peer.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::ServerTls) -> Self {
        self.credentials = Options::new().with(tls);
        self
    }

    /// A server whose threads read the connections. With `inline` the handler may take its time: it is run by the
    /// thread that read its call, which has given up reading before, and another one takes that over where it takes
    /// long. Otherwise it is quick, and hands the call on.
    pub fn serve_on_threads(
        self,
        inline: bool,
        around: Around,
        handler: impl Fn(ServerCall) + Send + Sync + 'static,
    ) -> Server {
        let (service, hello_timeout) = (by_threads(inline, around, handler), self.hello_timeout);
        self.server(Arc::new(move || crew::host(service.clone(), hello_timeout)))
    }

    /// A server whose connections an event loop moves. The handler is called there, and is quick.
    pub fn serve_on_hub(self, hub: Hub, handler: impl Fn(ServerCall) + Send + Sync + 'static) -> Server {
        let (serve, hello_timeout) = (by_hub(handler), self.hello_timeout);
        self.server(Arc::new(move || hub.host(serve.clone(), hello_timeout)))
    }

    fn server(self, host: Arc<dyn Fn() -> Host + Send + Sync>) -> Server {
        let ServerBuilder { limits, registry, options, credentials, spin_limit, json, .. } = self;
        let (shared, bridges) = (Arc::default(), bridges(json));
        Server { shared, limits, registry, options, credentials, spin_limit, bridges, host }
    }
}

impl Server {
    /// Takes an address; answers the one that a client can use. Clients can connect from now on, and wait until
    /// the start.
    ///
    /// # Errors
    /// Why the address cannot be listened on.
    pub fn listen(&self, address: &str) -> Result<String, Status> {
        self.listen_with(address, &self.credentials)
    }

    /// The same by TLS, with credentials for this address alone.
    ///
    /// # Errors
    /// As [`listen`](Server::listen); INVALID_ARGUMENT where the address does not take them, or they cannot be used.
    #[cfg(feature = "tls")]
    pub fn listen_by_tls(&self, address: &str, tls: crate::ServerTls) -> Result<String, Status> {
        self.listen_with(address, &Options::new().with(tls))
    }

    fn listen_with(&self, address: &str, credentials: &Options) -> Result<String, Status> {
        let parsed: Address = address.parse()?;
        let transport = self.registry.find(&parsed)?;
        let options = with_credentials(&parsed, transport, &self.options, credentials)?;
        let listener = transport.listener(&parsed, &options)?;
        let limits = self.limits.over(transport);
        let settings = limits.settings(address);
        let core = ServerCore::bind(listener, settings, self.spin_limit, self.bridges.clone(), self.host())?;
        let address = core.address().to_owned();
        let mut state = self.shared.lock();
        let stopped = state.stopped;
        state.cores.push(core.clone());
        drop(state);
        self.shared.meeting.wake_by_ref();
        if stopped {
            core.shut_down(true);
        }
        Ok(address)
    }

    /// A host that keeps what comes before the start.
    fn host(&self) -> Host {
        let (host, shared) = ((self.host)(), Arc::downgrade(&self.shared));
        Box::new(move || {
            let (driver, start) = host();
            let shared = shared.clone();
            let start_in_time = move |session, link, open| {
                let Some(shared) = shared.upgrade() else { return };
                let mut state = shared.lock();
                if state.started {
                    drop(state);
                    start(session, link, open);
                } else if !state.stopped {
                    state.early.push(Box::new(move || start(session, link, open)));
                }
            };
            (driver, Box::new(start_in_time) as StartServing)
        })
    }

    /// Begins to serve. May be repeated.
    pub fn start(&self) {
        let early = {
            let mut state = self.shared.lock();
            state.started = true;
            std::mem::take(&mut state.early)
        };
        early.into_iter().for_each(|start| start());
    }

    /// Takes no more calls. Open ones go on for so long and fail then with UNAVAILABLE; a shorter grace than an earlier
    /// one shortens it.
    pub fn stop(&self, grace: Duration) {
        let at = Instant::now().checked_add(grace);
        let (cores, early) = {
            let mut state = self.shared.lock();
            state.stopped = true;
            (state.cores.clone(), std::mem::take(&mut state.early))
        };
        // They were never served: their links close.
        drop(early);
        cores.iter().for_each(|core| core.shut_down(grace.is_zero()));
        self.shared.meeting.wake_by_ref();
        let Some(at) = at.filter(|_| !grace.is_zero()) else { return };
        let mut state = self.shared.lock();
        if state.grace.as_ref().is_none_or(|(known, _)| at < *known) {
            let timer = Timers::get().at(at, weakly(&self.shared, |shared| shared.shut_down_now()));
            let before = state.grace.replace((at, timer));
            drop(state);
            drop(before);
        }
    }

    /// Ready when the server was stopped, or can take no more connections for good, and the last one is closed.
    ///
    /// # Errors
    /// Why no address can be listened on any longer, where nobody has stopped the server.
    pub fn poll_terminated(&self, cx: &Context<'_>) -> Poll<Result<(), Status>> {
        self.shared.meeting.join(cx);
        let state = self.shared.lock();
        let (cores, stopped) = (state.cores.clone(), state.stopped);
        drop(state);
        let mut results = Vec::new();
        for core in &cores {
            match core.poll_terminated(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(result) => results.push(result),
            }
        }
        let well = stopped || results.iter().any(Result::is_ok);
        match results.into_iter().find_map(Result::err) {
            Some(why) if !well => Poll::Ready(Err(why.into())),
            None if cores.is_empty() && !stopped => Poll::Pending,
            _ => Poll::Ready(Ok(())),
        }
    }

    /// Waits as [`poll_terminated`](Server::poll_terminated) polls; `None` when the time is over.
    ///
    /// # Errors
    /// Where the patience was told to stop.
    pub fn wait_terminated(
        &self,
        mut patience: Patience<'_>,
    ) -> Result<Option<Result<(), Status>>, Interrupted> {
        patience.wait(&mut (), |(), cx| self.poll_terminated(cx), |(), pause| pause.at(None))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shut_down_now(&self) {
        let cores = self.lock().cores.clone();
        cores.iter().for_each(|core| core.shut_down(true));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}
