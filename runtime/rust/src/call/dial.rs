//! Making a connection: the thread that connects and waits for the peer's HELLO.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use samehost_transport_api::{Connector, Fault, Interest, Link, LinkError, end_of};

use super::backoff::Backoff;
use super::bridge::Connect;
use super::channel::ChannelCore;
use super::session::{Driver, Notice, Session, Taken};
use crate::connection::{Settings, Side};
use crate::wire::Limits;

/// Prepares the driver of a new session; what it answers starts it, once the peer has said HELLO. It
/// is made where a connection is first needed, in the context of the caller.
pub(crate) type Starter = Arc<dyn Fn() -> (Box<dyn Driver>, Start) + Send + Sync>;

/// Starts the driver of a session.
pub(crate) type Start = Box<dyn FnOnce(Arc<Session>, Arc<dyn Link>) + Send>;

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

/// Tries to connect until it succeeds, or until no call waits for it.
pub(super) fn run(channel: &Arc<ChannelCore>, dialer: &Dialer) {
    while let Some(starter) = channel.may_dial() {
        // A transport may be somebody else's: what panics there must not keep calls waiting.
        let connected = catch_unwind(AssertUnwindSafe(|| connect(channel, dialer, &starter)));
        match connected.unwrap_or_else(|_| Err(panicked(channel))) {
            Ok((session, start, link)) => {
                start(session.clone(), link);
                if !channel.dial_ended(dialer, Ok(session.clone())) {
                    session.shut_down(&Fault::ChannelShutdown.with(&[&channel.address()]));
                } else if session.has_ended() {
                    channel.noticed(&session, Notice::Over);
                }
            }
            Err(error) => {
                tracing::debug!(address = channel.address(), %error, "connecting failed");
                channel.dial_ended(dialer, Err(error));
            }
        }
    }
}

fn panicked(channel: &ChannelCore) -> LinkError {
    channel.greeting(None);
    // The panic hook has had its text, which may hold secrets: it goes no further.
    Fault::ConnectFailed.with(&[&channel.address(), &"the transport", &"it has panicked"])
}

type Connected = (Arc<Session>, Start, Arc<dyn Link>);

fn connect(channel: &Arc<ChannelCore>, dialer: &Dialer, starter: &Starter) -> Result<Connected, LinkError> {
    let link = || dialer.connector.connect(dialer.connect_timeout);
    match (connect_over(channel, dialer, starter, link()?), dialer.bridge) {
        (Err(error), Some(bridge)) if error.fault() == Fault::PeerHttp2 => {
            let client =
                Limits::of(&dialer.connection.hello).expect("they are allowed, for it has said them");
            let (patience, wanted) = (dialer.connector.hello_timeout(), || channel.greeting(None));
            let link = bridge.connect(link()?, client, patience, &wanted)?;
            connect_over(channel, dialer, starter, link)
        }
        (connected, _) => connected,
    }
}

fn connect_over(
    channel: &Arc<ChannelCore>,
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
    let owner: Weak<ChannelCore> = Arc::downgrade(channel);
    let observer = Box::new(move |session: &Arc<Session>, notice| {
        if let Some(channel) = owner.upgrade() {
            channel.noticed(session, notice);
        }
    });
    let (peer, medium) = (link.peer().clone(), link.medium().into());
    let (driver, start) = starter();
    let session = Session::new(Side::Connector, settings, peer, medium, driver, observer);
    greet(channel, &session, &link, dialer.connector.hello_timeout())?;
    Ok((session, start, link))
}

/// Exchanges HELLO, on this thread.
fn greet(
    channel: &ChannelCore,
    session: &Arc<Session>,
    link: &Arc<dyn Link>,
    timeout: Duration,
) -> Result<(), LinkError> {
    let deadline = end_of(timeout);
    let mut buffer = vec![0; 8 << 10];
    let result = loop {
        if !channel.greeting(Some(link)) {
            session.abandon(Fault::ChannelShutdown.with(&[&channel.address()]));
        }
        let left = session.write(&**link);
        let taken = session.read(&**link, &mut buffer);
        if session.has_ended() {
            session.explain(&**link);
            // What is left to say is said as far as there is room for it.
            session.write(&**link);
            break Err(session.error().unwrap_or_else(|| Fault::LinkClosed.with(&[&channel.address()])));
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
    channel.greeting(None);
    result
}
