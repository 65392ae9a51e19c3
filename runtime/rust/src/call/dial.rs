//! Making a connection: the thread that connects and waits for the peer's HELLO.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use samehost_transport_api::{Fault, Interest, Link, LinkError, end_of};

use super::Side;
use super::channel::{ChannelCore, Start, Starter};
use super::session::{Notice, Session, Taken};

/// Tries to connect until it succeeds, or until no call waits for it.
pub(super) fn run(channel: &Arc<ChannelCore>) {
    while let Some(starter) = channel.may_dial() {
        // A transport may be somebody else's: what panics there must not keep calls waiting.
        let connected = catch_unwind(AssertUnwindSafe(|| connect(channel, &starter)));
        match connected.unwrap_or_else(|_| Err(panicked(channel))) {
            Ok((session, start, link)) => {
                start(session.clone(), link);
                if !channel.dial_ended(Ok(session.clone())) {
                    session.shut_down(&Fault::ChannelShutdown.with(&[&channel.address()]));
                } else if session.has_ended() {
                    channel.noticed(&session, Notice::Over);
                }
            }
            Err(error) => {
                tracing::debug!(address = channel.address(), %error, "connecting failed");
                channel.dial_ended(Err(error));
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

fn connect(channel: &Arc<ChannelCore>, starter: &Starter) -> Result<Connected, LinkError> {
    let link = channel.connector.connect(channel.settings.connect_timeout)?;
    if let Some(limit) = channel.settings.spin_limit {
        link.limit_spin(limit);
    }
    let mut settings = channel.settings.connection.clone();
    settings.address = link.peer().address.to_string();
    settings.noise_bytes = channel.connector.noise_limit();
    let owner: Weak<ChannelCore> = Arc::downgrade(channel);
    let observer = Box::new(move |session: &Arc<Session>, notice| {
        if let Some(channel) = owner.upgrade() {
            channel.noticed(session, notice);
        }
    });
    let (peer, medium) = (link.peer().clone(), link.medium().into());
    let (driver, start) = starter();
    let session = Session::new(Side::Connector, settings, peer, medium, driver, observer);
    greet(channel, &session, &link, channel.connector.hello_timeout())?;
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
