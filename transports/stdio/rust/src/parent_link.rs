//! The host's end of a link to a child.

#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::{Errno, Result};
use samehost_transport_api::{Descriptors, Fault, Interest, Link, LinkError, Peer, Read};
#[cfg(target_os = "linux")]
use samehost_transport_posix::PrivateFd;
use samehost_transport_posix::{FdLink, errno_text};

use crate::child::{Child, Report};

/// How long to wait for a child's end and its last words.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much of what a child printed is shown.
const SHOWN: usize = 200;

/// The host's end of a link to a child, over two pipes. Dropping it ends the child, by its keeper.
///
/// It ends with the child: what the child wrote is read, then the end, though one who has inherited
/// its standard output may hold the pipe open.
pub(crate) struct ParentLink {
    link: FdLink,
    child: Arc<Child>,
    /// Readable when the pipe is, or when the child has ended: for event loops.
    #[cfg(target_os = "linux")]
    readable: PrivateFd,
    hello_timeout: Duration,
}

impl ParentLink {
    pub fn new(link: FdLink, child: Arc<Child>, hello_timeout: Duration) -> Result<ParentLink> {
        Ok(ParentLink {
            #[cfg(target_os = "linux")]
            readable: readable(&link, &child)?,
            link,
            child,
            hello_timeout,
        })
    }
}

#[cfg(target_os = "linux")]
fn readable(link: &FdLink, child: &Child) -> Result<PrivateFd> {
    use rustix::event::epoll::{CreateFlags, EventData, EventFlags, add, create};
    let readable = create(CreateFlags::CLOEXEC)?;
    add(&readable, link, EventData::new_u64(0), EventFlags::IN)?;
    add(&readable, &child.end, EventData::new_u64(1), EventFlags::IN)?;
    Ok(readable.into())
}

impl Link for ParentLink {
    fn read(&self, buffer: &mut [u8]) -> std::result::Result<Read, LinkError> {
        // Asked first: an empty pipe then has nothing more of the child's.
        let over = self.child.is_over();
        match self.link.read(buffer)? {
            Read::Empty if over => Ok(Read::End),
            read => Ok(read),
        }
    }

    fn write(&self, bytes: &[u8]) -> std::result::Result<usize, LinkError> {
        if self.child.is_over() {
            // Fails as the pipe would if nobody else held it.
            let broken = errno_text(Errno::PIPE);
            return Err(Fault::LinkFailed.with(&[&self.peer().address, &"write", &broken]));
        }
        self.link.write(bytes)
    }

    fn wait(
        &self,
        interest: Interest,
        timeout: Option<Duration>,
    ) -> std::result::Result<Interest, LinkError> {
        // The child's end wakes it, and is then told by either operation.
        let over = self.child.is_over();
        let ready = self.link.wait(interest, if over { Some(Duration::ZERO) } else { timeout })?;
        Ok(if self.child.is_over() { interest } else { ready })
    }

    fn wake(&self) {
        self.link.wake();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        let pipes = self.link.descriptors();
        #[cfg(target_os = "linux")]
        return Descriptors { read: self.readable.as_fd(), ..pipes };
        #[cfg(not(target_os = "linux"))]
        return pipes;
    }

    fn peer(&self) -> &Peer {
        self.link.peer()
    }

    fn limit_spin(&self, limit: Duration) {
        self.link.limit_spin(limit);
    }

    fn explain(&self, failure: LinkError) -> LinkError {
        if !is_end(&failure) {
            return failure;
        }
        let (address, pid) = (&self.peer().address, self.child.pid);
        let Report { ending, stderr } = self.child.report_of_the_end(PATIENCE);
        match ending {
            Some(ending) => Fault::ChildGone.with(&[address, &pid, &ending, &stderr]),
            None if failure.fault() == Fault::LinkFailed => failure,
            None => Fault::ChildClosed.with(&[address, &pid, &stderr]),
        }
    }

    fn explain_silence(&self, failure: LinkError, skipped: &[u8], skipped_bytes: u64) -> LinkError {
        let (address, pid) = (&self.peer().address, self.child.pid);
        let shown = shown(skipped, skipped_bytes);
        match failure.fault() {
            Fault::PeerNonsense | Fault::PeerHttp1 | Fault::PeerHttp2 => {
                let Report { stderr, .. } = self.child.report();
                Fault::ChildNoise.with(&[address, &pid, &skipped_bytes, &shown, &stderr])
            }
            Fault::PeerSilent if !self.child.is_over() => {
                let Report { stderr, .. } = self.child.report();
                let seconds = self.hello_timeout.as_secs_f64();
                Fault::ChildSilent.with(&[address, &pid, &seconds, &shown, &stderr])
            }
            _ if is_end(&failure) => {
                let Report { ending, stderr } = self.child.report_of_the_end(PATIENCE);
                let ended = match ending {
                    Some(ending) => ending.to_string(),
                    None => "closed its standard output".to_owned(),
                };
                Fault::ChildGoneBeforeHello.with(&[address, &pid, &ended, &shown, &stderr])
            }
            _ => failure,
        }
    }
}

impl Drop for ParentLink {
    fn drop(&mut self) {
        // The pipes are closed right after this.
        self.child.link_was_dropped();
    }
}

/// Whether a failure says that the child has gone, or might.
fn is_end(failure: &LinkError) -> bool {
    matches!(
        failure.fault(),
        Fault::LinkEnded
            | Fault::LinkTruncated
            | Fault::LinkFailed
            | Fault::PeerGoneBeforeHello
            | Fault::PeerSilent
    )
}

/// What a child printed, for people, on one line.
fn shown(skipped: &[u8], skipped_bytes: u64) -> String {
    let text = String::from_utf8_lossy(skipped);
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    if plain.is_empty() && skipped_bytes == 0 {
        return "nothing".to_owned();
    }
    let beginning: String = plain.chars().take(SHOWN).collect();
    let whole = beginning.len() == plain.len() && skipped_bytes <= skipped.len() as u64;
    format!("\"{beginning}{}\"", if whole { "" } else { " ..." })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_beginning_of_what_was_printed_on_one_line() {
        assert_eq!(shown(b"", 0), "nothing");
        assert_eq!(shown(b"Starting...\n", 12), "\"Starting...\"");
        assert_eq!(shown(b"one\ntwo\x07", 8), "\"one two\"");
        assert_eq!(shown(b"y\ny\n", 65_537), "\"y y ...\"");
        assert_eq!(shown(&[b'x'; 300], 300), format!("\"{} ...\"", "x".repeat(200)));
        assert_eq!(shown(b"\n", 1), "\"\"");
    }
}
