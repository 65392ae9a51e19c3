//! A client that speaks HTTP/1.1, from its first bytes to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::server::conn::http1::{Builder, Connection};
use samehost_transport_api::{Link, LinkError, Read};
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::gateway::Gateway;
use super::pace::Pace;
use super::{MEDIUM, Transcoder};
use crate::bridges::{self, Inside, LAST_WORDS, LastWords, LinkIo, before};
use crate::call::bridge::Open;
use crate::call::polled::Polled;
use crate::call::server::HELLO_TIMEOUT;
use crate::wire::Limits;

/// Room in a head besides the metadata: for the request line, and HTTP's own headers.
const HEAD_ROOM: u32 = 4 << 10;
/// The shortest header, `a:` and the end of its line. Hyper takes a hundred headers, unless it is told how many.
const LINE_BYTES: usize = 4;
/// How much is read ahead of what is asked for.
const BUFFER_BYTES: usize = 64 << 10;

/// See [`Accept::accept`](crate::call::bridge::Accept::accept).
pub(super) fn accept(
    link: Arc<dyn Link>,
    server: Limits,
    transcoder: Arc<dyn Transcoder>,
    open: Box<dyn Open>,
) -> Result<Arc<dyn Link>, LinkError> {
    bridges::accept(link, MEDIUM, "HTTP/1.1", move |link, far| serve(link, far, server, transcoder, open))
}

/// Serves a client until it has gone, or the server, at the other end of the pair.
async fn serve(
    link: Arc<dyn Link>,
    far: Arc<dyn Link>,
    server: Limits,
    transcoder: Arc<dyn Transcoder>,
    open: Box<dyn Open>,
) -> Result<(), String> {
    let peer = link.peer().clone();
    let (_closer, closing) = oneshot::channel();
    let (pace, unread) = (Pace::new(), Arc::new(AtomicBool::new(false)));
    let heard = pace.clone();
    let listening = Box::new(move |_: &mut [u8]| heard.heard());
    let io = LinkIo::over(link.clone(), listening, closing).map_err(|error| error.to_string())?;
    let last_words = LastWords::of(&io, open);
    let inside = Inside::over(far, &peer);
    let channel = inside.channel().clone();
    let gateway = Gateway {
        channel: channel.clone(),
        transcoder,
        limit: server.max_message_bytes,
        of_network: peer.address.starts_with("tcp:") && !peer.tls,
        address: peer.address,
        pace: pace.clone(),
        unread: unread.clone(),
        making: last_words.making(),
    };
    let head_bytes = (server.max_metadata_bytes + HEAD_ROOM) as usize;
    let connection = Builder::new()
        .max_header_size(head_bytes)
        .max_headers(head_bytes / LINE_BYTES)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(io, gateway);
    let wanted = async move {
        let late = std::pin::pin!(pace.late(HELLO_TIMEOUT));
        match before(std::pin::pin!(Inside::draining(channel)), late).await {
            Ok(()) => Ok(()),
            Err(()) => Err(format!("a request was not whole within {} s", HELLO_TIMEOUT.as_secs())),
        }
    };
    let drain = |connection: Pin<&mut Connection<_, _>>| connection.graceful_shutdown();
    let ended = bridges::serve(inside, connection, drain, wanted, &last_words).await;
    if unread.load(Ordering::Relaxed) {
        let _ = timeout(LAST_WORDS, ignore(&*link)).await;
    }
    drop(link);
    ended
}

/// Reads what is still sent: a socket that is closed with bytes unread may take the last answer with it.
async fn ignore(link: &dyn Link) -> std::io::Result<()> {
    let polled = Polled::over(link)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let mut guard = polled.read().readable().await?;
        loop {
            match link.read(&mut buffer) {
                Ok(Read::Bytes(_)) => tokio::task::yield_now().await,
                Ok(Read::Empty) => break guard.clear_ready(),
                Ok(Read::End) | Err(_) => return Ok(()),
            }
        }
    }
}
