//! Making a connection: the thread that connects and waits for the peer's HELLO.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use samehost_transport_api::{Connector, Fault, Interest, Link, LinkError, end_of};

use super::backoff::Backoff;
use super::bridge::Connect;
use super::session::{Notice, Session, Start, Starter, Taken};
use crate::connection::{Settings, Side};
use crate::wire::Limits;

/// Makes a [`Starter`], in the context of the caller.
pub(crate) type MakeStarter = Box<dyn Fn() -> Starter + Send + Sync>;

/// What the connections of a channel are made with.
pub(crate) struct Dialer {
    pub(crate) connector: Box<dyn Connector>,
    pub(crate) make_starter: MakeStarter,
    pub(crate) connection: Settings,
    pub(crate) connect_timeout: Duration,
    pub(crate) backoff: Backoff,
    /// How long a wait for the peer may look before it sleeps; `None` is as usual.
    pub(crate) spin_limit: Option<Duration>,
    /// Reaches servers that speak another protocol.
    pub(crate) bridge: Option<&'static dyn Connect>,
}

/// Who wants connections, and has them.
pub(super) trait Owner: Send + Sync + 'static {
    /// Where to, for the texts of faults.
    fn address(&self) -> &str;

    /// What the dialing thread does next: it connects, once the backoff is over, or ends.
    fn may_dial(&self) -> Option<Starter>;

    /// The link of a try to connect waits for HELLO; answers whether it is still wanted.
    fn greeting(&self, link: Option<&Arc<dyn Link>>) -> bool;

    /// A try to connect has ended; answers whether its session is wanted.
    fn dial_ended(&self, dialer: &Dialer, result: Result<Arc<Session>, LinkError>) -> bool;

    /// A session ended, or takes no more calls.
    fn noticed(&self, session: &Arc<Session>, notice: Notice);
}

/// Tries to connect until it succeeds, or until no call waits for it.
pub(super) fn run(owner: &Arc<impl Owner>, dialer: &Dialer) {
    while let Some(starter) = owner.may_dial() {
        // A transport may be somebody else's: what panics there must not keep calls waiting.
        let connected = catch_unwind(AssertUnwindSafe(|| connect(owner, dialer, &starter)));
        match connected.unwrap_or_else(|_| Err(panicked(&**owner))) {
            Ok((session, start, link)) => {
                start(session.clone(), link);
                if !owner.dial_ended(dialer, Ok(session.clone())) {
                    session.shut_down(&Fault::ChannelShutdown.with(&[&owner.address()]));
                } else if session.has_ended() {
                    owner.noticed(&session, Notice::Over);
                }
            }
            Err(error) => {
                tracing::debug!(address = owner.address(), %error, "connecting failed");
                owner.dial_ended(dialer, Err(error));
            }
        }
    }
}

fn panicked(owner: &impl Owner) -> LinkError {
    owner.greeting(None);
    // The panic hook has had its text, which may hold secrets: it goes no further.
    Fault::ConnectFailed.with(&[&owner.address(), &"the transport", &"it has panicked"])
}

type Connected = (Arc<Session>, Start, Arc<dyn Link>);

fn connect(owner: &Arc<impl Owner>, dialer: &Dialer, starter: &Starter) -> Result<Connected, LinkError> {
    let link = || dialer.connector.connect(dialer.connect_timeout);
    match (connect_over(owner, dialer, starter, link()?), dialer.bridge) {
        (Err(error), Some(bridge)) if error.fault() == Fault::PeerHttp2 => {
            let client =
                Limits::of(&dialer.connection.hello).expect("they are allowed, for it has said them");
            let (patience, wanted) = (dialer.connector.hello_timeout(), || owner.greeting(None));
            let link = bridge.connect(link()?, client, patience, &wanted)?;
            connect_over(owner, dialer, starter, link)
        }
        (connected, _) => connected,
    }
}

fn connect_over(
    owner: &Arc<impl Owner>,
    dialer: &Dialer,
    starter: &Starter,
    link: Arc<dyn Link>,
) -> Result<Connected, LinkError> {
    if let Some(limit) = dialer.spin_limit {
        link.limit_spin(limit);
    }
    let mut settings = dialer.connection.clone();
    settings.address = link.peer().address.to_string();
    settings.noise_bytes = dialer.connector.noise_limit();
    let told = Arc::downgrade(owner);
    let observer = Box::new(move |session: &Arc<Session>, notice| {
        if let Some(owner) = told.upgrade() {
            owner.noticed(session, notice);
        }
    });
    let (peer, medium) = (link.peer().clone(), link.medium().into());
    let (driver, start) = starter();
    let session = Session::new(Side::Connector, settings, peer, medium, driver, observer);
    greet(&**owner, &session, &link, dialer.connector.hello_timeout())?;
    Ok((session, start, link))
}

/// Exchanges HELLO, on this thread.
fn greet(
    owner: &impl Owner,
    session: &Arc<Session>,
    link: &Arc<dyn Link>,
    timeout: Duration,
) -> Result<(), LinkError> {
    let deadline = end_of(timeout);
    let mut buffer = vec![0; 8 << 10];
    let result = loop {
        if !owner.greeting(Some(link)) {
            session.abandon(Fault::ChannelShutdown.with(&[&owner.address()]));
        }
        let left = session.write(&**link);
        let taken = session.read(&**link, &mut buffer);
        if session.has_ended() {
            session.explain(&**link);
            // What is left to say is said as far as there is room for it.
            session.write(&**link);
            break Err(session.error().unwrap_or_else(|| Fault::LinkClosed.with(&[&owner.address()])));
        }
        if let Some((pid, namespace)) = session.hello() {
            link.peer_said_hello(pid, namespace);
            break Ok(());
        }
        if taken == Taken::Some {
            continue;
        }
        let now = Instant::now();
        if now >= deadline {
            session.hello_timeout(timeout.as_secs_f64());
        } else if let Err(error) = link.wait(Interest { read: true, write: left }, Some(deadline - now)) {
            session.abandon(error);
        }
    };
    owner.greeting(None);
    result
}
