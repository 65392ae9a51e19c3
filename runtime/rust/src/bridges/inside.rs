//! A client that speaks another protocol, as one of the server's in this process.

use std::error::Error;
use std::pin::{Pin, pin};
use std::sync::Arc;
#[cfg(feature = "http1")]
use std::sync::Weak;
use std::sync::atomic::{AtomicU64, Ordering};

use samehost_transport_api::{Fault, Link, Peer};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::{LAST_WORDS, LinkIo, before, settings};
use crate::call::bridge::Open;
use crate::call::channel::ChannelHandle;
use crate::call::connectivity::ConnectivityState;
use crate::call::session::Session;
use crate::call::task::TaskDriver;
use crate::connection::Side;
use crate::surface::tonic::Channel;

/// The client's calls within this process, by a channel to the server at the other end of a pair.
pub(crate) struct Inside {
    session: Arc<Session>,
    driving: JoinHandle<()>,
    channel: Channel,
}

impl Inside {
    /// Within the runtime of bridges.
    pub(crate) fn over(far: Arc<dyn Link>, peer: &Peer) -> Inside {
        let driver = TaskDriver::default();
        let (own, quiet) = (Box::new(driver.clone()), Box::new(|_: &Arc<Session>, _| {}));
        let session = Session::new(Side::Connector, settings(peer), peer.clone(), "".into(), own, quiet);
        let driving = tokio::spawn(driver.drive(session.clone(), far));
        let channel = Channel::back(ChannelHandle::back_to(&session));
        Inside { session, driving, channel }
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Ready when the server takes no more calls.
    pub(crate) async fn draining(channel: Channel) {
        channel.state_changed(ConnectivityState::Ready).await;
    }

    /// Ends what is still open.
    async fn close(self) {
        self.session.shut_down(&Fault::LinkClosed.with(&[&self.session.peer().address]));
        if !self.driving.is_finished() {
            let _ = timeout(LAST_WORDS, self.driving).await;
        }
    }
}

/// How long a client may read what it was answered, once the server has gone.
pub(crate) struct LastWords {
    written: Arc<AtomicU64>,
    /// Held by each answer that is being made.
    making: Arc<()>,
    open: Box<dyn Open>,
}

impl LastWords {
    /// Of a client at the other end of a link.
    pub(crate) fn of(link: &LinkIo, open: Box<dyn Open>) -> LastWords {
        LastWords { written: link.written(), making: Arc::default(), open }
    }

    /// What is held for as long as an answer is made, which nobody can read before.
    #[cfg(feature = "http1")]
    pub(crate) fn making(&self) -> Weak<()> {
        Arc::downgrade(&self.making)
    }

    /// Ends with the connection: a client that goes on reading has all of it, unless the server is in a hurry.
    async fn read<C>(&self, mut connection: Pin<&mut C>) -> hyper::Result<()>
    where
        C: Future<Output = hyper::Result<()>>,
    {
        loop {
            let before = self.written.load(Ordering::Relaxed);
            match timeout(LAST_WORDS, connection.as_mut()).await {
                Ok(ended) => return ended,
                Err(_) if self.open.is_hurried() => return Ok(()),
                Err(_) if Arc::strong_count(&self.making) > 1 => {}
                Err(_) if self.written.load(Ordering::Relaxed) == before => return Ok(()),
                Err(_) => {}
            }
        }
    }
}

/// Serves a client by a connection of hyper's until it has gone, or the server has. While `wanted` lasts calls may come;
/// its error ends the connection at once. `drain` has the connection end with the calls that are open.
pub(crate) async fn serve<C>(
    mut inside: Inside,
    connection: C,
    drain: fn(Pin<&mut C>),
    wanted: impl Future<Output = Result<(), String>>,
    last_words: &LastWords,
) -> Result<(), String>
where
    C: Future<Output = hyper::Result<()>>,
{
    let ended = {
        let mut connection = pin!(connection);
        match before(connection.as_mut(), pin!(wanted)).await {
            Ok(ended) => judged(ended),
            Err(Err(late)) => Err(late),
            Err(Ok(())) => {
                drain(connection.as_mut());
                match before(connection.as_mut(), Pin::new(&mut inside.driving)).await {
                    Ok(ended) => judged(ended),
                    // A client that does not read its last words goes without them.
                    Err(_) => judged(last_words.read(connection).await),
                }
            }
        }
    };
    inside.close().await;
    ended
}

/// A client that breaks a rule of HTTP is worth a line; that one goes is not.
fn judged(ended: hyper::Result<()>) -> Result<(), String> {
    let Err(error) = ended else { return Ok(()) };
    match error.source() {
        None if error.is_incomplete_message() => Ok(()),
        Some(cause) if cause.is::<std::io::Error>() => Ok(()),
        Some(cause) if cause.downcast_ref::<h2::Error>().is_some_and(h2::Error::is_io) => Ok(()),
        Some(cause) => Err(format!("{error}: {cause}")),
        None => Err(error.to_string()),
    }
}
