//! A server's connections on one address: accepted, served, drained and closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use samehost_transport_api::{Acceptor, Fault, FirstBytes, Link, LinkError, Listener, shown};

use super::bridge::{Accept, Accepts, Open};
use super::server_call::{ServerCall, refuse};
use super::session::{Driver, Incoming, Session};
use crate::connection::{Settings, Side};
use crate::wire::{self, FirstWord, GoAwayCode};

/// How long a client may take to say HELLO.
pub(crate) const HELLO_TIMEOUT: Duration = Duration::from_secs(5);

/// What a client's first record of TLS begins with, of any version.
const TLS_HANDSHAKE: [u8; 2] = [0x16, 3];

/// Serves the calls that came together on one connection.
pub(crate) type Serve = Arc<dyn Fn(Vec<ServerCall>) + Send + Sync>;

/// Hands on the calls that have come on a connection. Where nobody serves them there, which is where it was made
/// without services to offer, they are refused.
pub(super) fn serve_or_refuse(serve: Option<&Serve>, session: &Arc<Session>, incoming: Vec<Incoming>) {
    match serve {
        _ if incoming.is_empty() => {}
        Some(serve) => serve(incoming.into_iter().map(|call| ServerCall::new(session, call)).collect()),
        None => refuse(session, incoming),
    }
}

/// Prepares the driver of an accepted connection; what it answers starts it. It is called by a listener's threads.
pub(crate) type Host = Box<dyn Fn() -> (Box<dyn Driver>, StartServing) + Send + Sync>;

/// Starts the driver of an accepted connection. The guard is dropped when that has closed the link.
pub(crate) type StartServing = Box<dyn FnOnce(Arc<Session>, Arc<dyn Link>, OpenSession) + Send>;

/// A server's connections on one address; who moves their bytes is its host's to say.
///
/// ```text
///   LISTENING --- shut down, or the listener has ended ---> CLOSING --- last connection closed ---> TERMINATED
/// ```
pub(crate) struct ServerCore {
    listener: Box<dyn Listener>,
    settings: Settings,
    /// How long a wait for a client may look before it sleeps; `None` is as usual.
    spin_limit: Option<Duration>,
    address: OnceLock<String>,
    host: Host,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<u64, Arc<Session>>,
    last: u64,
    /// How many clients there are that speak another protocol: their connections outlive their sessions.
    bridged: usize,
    /// Why no more connections are taken.
    closing: Option<Closing>,
    /// Whether those that there are end at once.
    hurried: bool,
    watchers: Vec<Waker>,
}

#[derive(Clone)]
enum Closing {
    ShutDown,
    Ended(LinkError),
}

impl ServerCore {
    /// Begins to listen.
    pub(crate) fn bind(
        listener: Box<dyn Listener>,
        settings: Settings,
        spin_limit: Option<Duration>,
        bridges: Accepts,
        host: Host,
    ) -> Result<Arc<ServerCore>, LinkError> {
        let core = Arc::new(ServerCore {
            listener,
            settings,
            spin_limit,
            address: OnceLock::new(),
            host,
            state: Mutex::default(),
        });
        core.listener.start(Arc::new(Reception { core: Arc::downgrade(&core), bridges }))?;
        core.address.get_or_init(|| core.listener.address());
        Ok(core)
    }

    /// The address that a client can use.
    pub(crate) fn address(&self) -> &str {
        self.address.get_or_init(|| self.listener.address())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes no more calls. Those that are open go on, or with `now` fail at once.
    pub(crate) fn shut_down(&self, now: bool) {
        self.close(Closing::ShutDown);
        let error = Fault::ServerShutdown.with(&[&self.address()]);
        let sessions: Vec<_> = {
            let mut state = self.lock();
            state.hurried |= now;
            state.sessions.values().cloned().collect()
        };
        for session in sessions {
            match now {
                true => session.shut_down(&error),
                false => session.go_away("the server is shutting down"),
            }
        }
    }

    fn close(&self, closing: Closing) {
        self.lock().closing.get_or_insert(closing);
        self.listener.close();
        self.wake_watchers();
    }

    fn wake_watchers(&self) {
        let watchers = {
            let mut state = self.lock();
            match state.closing.is_some() && state.has_nobody() {
                true => std::mem::take(&mut state.watchers),
                false => Vec::new(),
            }
        };
        watchers.into_iter().for_each(Waker::wake);
    }

    /// Ready when no more connections are taken and the last one is closed.
    pub(crate) fn poll_terminated(&self, cx: &Context<'_>) -> Poll<Result<(), LinkError>> {
        let mut state = self.lock();
        match &state.closing {
            Some(closing) if state.has_nobody() => Poll::Ready(match closing {
                Closing::ShutDown => Ok(()),
                // A process that serves its host alone has done its work when the host has gone.
                Closing::Ended(why) if why.fault() == Fault::StdioEnded => Ok(()),
                Closing::Ended(why) => Err(why.clone()),
            }),
            _ => {
                state.watchers.retain(|known| !known.will_wake(cx.waker()));
                state.watchers.push(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// Takes a client that speaks another protocol.
    fn accept_over(self: &Arc<Self>, bridge: &dyn Accept, link: Arc<dyn Link>) {
        let limits = wire::Limits::of(&self.settings.hello).expect("they are allowed, for it listens");
        self.lock().bridged += 1;
        match bridge.accept(link, limits, Box::new(OpenBridge(self.clone()))) {
            Ok(link) => self.accept(link),
            Err(error) => tracing::warn!(%error, "a connection was refused"),
        }
    }

    fn accept(self: &Arc<Self>, link: Arc<dyn Link>) {
        let mut settings = self.settings.clone();
        settings.address = link.peer().address.to_string();
        if let Some(limit) = self.spin_limit {
            link.limit_spin(limit);
        }
        let (driver, start) = (self.host)();
        let (peer, medium) = (link.peer().clone(), link.medium().into());
        let session = Session::new(Side::Acceptor, settings, peer, medium, driver, Box::new(|_, _| {}));
        let id = {
            let mut state = self.lock();
            if state.closing.is_some() {
                // It came too late: the link closes when it is dropped.
                return;
            }
            state.last += 1;
            let id = state.last;
            state.sessions.insert(id, session.clone());
            id
        };
        start(session, link, OpenSession { core: self.clone(), id });
    }
}

impl State {
    /// Whether no client is connected.
    fn has_nobody(&self) -> bool {
        self.sessions.is_empty() && self.bridged == 0
    }
}

/// See [`Open`].
struct OpenBridge(Arc<ServerCore>);

impl Open for OpenBridge {
    fn is_hurried(&self) -> bool {
        self.0.lock().hurried
    }
}

impl Drop for OpenBridge {
    fn drop(&mut self) {
        self.0.lock().bridged -= 1;
        self.0.wake_watchers();
    }
}

/// Takes a session off its server's list when it is dropped.
pub(crate) struct OpenSession {
    core: Arc<ServerCore>,
    id: u64,
}

impl Drop for OpenSession {
    fn drop(&mut self) {
        self.core.lock().sessions.remove(&self.id);
        self.core.wake_watchers();
    }
}

/// What a listener tells its server.
struct Reception {
    core: Weak<ServerCore>,
    bridges: Accepts,
}

impl Acceptor for Reception {
    fn judge(&self, bytes: &[u8]) -> FirstBytes {
        match wire::judge(bytes) {
            FirstWord::Yes => FirstBytes::Yes,
            FirstWord::No(_) => {
                let answers = || self.bridges.iter().map(|bridge| bridge.judge(bytes));
                let found = [FirstBytes::Yes, FirstBytes::More];
                found.into_iter().find(|one| answers().any(|answer| answer == *one)).unwrap_or(FirstBytes::No)
            }
            FirstWord::More => FirstBytes::More,
        }
    }

    fn fault_of(&self, address: &str, bytes: &[u8]) -> LinkError {
        match wire::judge(bytes) {
            FirstWord::No(fault @ (Fault::PeerHttp2 | Fault::PeerHttp1)) => fault.with(&[&address]),
            _ if bytes.starts_with(&TLS_HANDSHAKE) => Fault::PeerTls.with(&[&address]),
            _ => Fault::PeerNonsense.with(&[&address, &shown(bytes)]),
        }
    }

    fn accepted(&self, link: Arc<dyn Link>, first: &[u8]) {
        let Some(core) = self.core.upgrade() else { return };
        match self.bridges.iter().find(|bridge| bridge.judge(first) == FirstBytes::Yes) {
            Some(bridge) => core.accept_over(&**bridge, link),
            None => core.accept(link),
        }
    }

    fn refused(&self, why: LinkError) {
        tracing::warn!(error = %why, "a connection was refused");
    }

    fn farewell(&self, why: &LinkError) -> Vec<u8> {
        if !matches!(why.fault(), Fault::UserRefused | Fault::TlsExpected) {
            // Who speaks another protocol would not understand.
            return Vec::new();
        }
        // The reader says itself which address it is.
        let text = why.to_string();
        let reason = text.split_once(": ").map_or(&*text, |(_, reason)| reason);
        wire::farewell(GoAwayCode::Refused, reason)
    }

    fn ended(&self, why: LinkError) {
        if let Some(core) = self.core.upgrade() {
            tracing::info!(error = %why, "the listener has ended");
            core.close(Closing::Ended(why));
        }
    }
}
