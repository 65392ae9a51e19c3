//! Where clients' records arrive.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::io::{Errno, read, write};
use samehost_transport_api::{Fault, LinkError, Peer, shown};
use samehost_transport_posix::{PrivateFd, system_fault};
use samehost_transport_reception::{Arrival, Door, Ends};

use crate::pair::{InUse, NamedPair, Objection, sweep};
use crate::place::Place;
use crate::record::{ANSWER, Lines, Names};

/// How long leftovers may lie until the next client's coming is used to look for them.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// The rendezvous, as a door: it reads records, opens the pipes that they name, and answers.
///
/// ```text
///   a client                                     this
///   makes .NAME.*.up and .down
///   opens down to read
///   writes the record  ------ rendezvous ----->  opens up to read, then down to write
///                      <--------- down --------  answers: one byte
///   opens up to write, removes both names
///   says its first bytes -------- up --------->  hears them; removes the names if they are still there
/// ```
pub(crate) struct FifoDoor {
    place: Arc<Place>,
    fifo: PrivateFd,
    lines: Lines,
    in_use: InUse,
    swept: Instant,
}

impl FifoDoor {
    pub fn new(place: Arc<Place>, fifo: OwnedFd) -> FifoDoor {
        let in_use = InUse::default();
        sweep(&place, &in_use);
        FifoDoor { place, fifo: fifo.into(), lines: Lines::default(), in_use, swept: Instant::now() }
    }

    fn let_in(&self, names: Names) -> Result<Arrival, Objection> {
        let used = self.in_use.enter(NamedPair::find(&self.place, names)?)?;
        let opened = used.pair().open_for_server()?;
        match write(&opened.output, &[ANSWER]) {
            Ok(_) => {}
            Err(Errno::PIPE) => return Err(Objection::Gone),
            Err(errno) => return Err(Objection::Failed("write", errno)),
        }
        let peer = Peer {
            // It made FIFOs that only this user can have made.
            user_id: Some(rustix::process::geteuid().as_raw()),
            ..Peer::at(self.place.address.to_string())
        };
        let ends = Ends::Pipes { input: opened.input, output: Some(opened.output) };
        Ok(Arrival::Visitor { ends, peer, keep: Box::new(used), objection: None })
    }

    fn refused(&self, reason: &str) -> Arrival {
        Arrival::Refused(Fault::ClientRefused.with(&[&self.place.address, &reason]))
    }

    fn malformed(&self, line: &[u8]) -> Arrival {
        self.refused(&format!("its record is malformed, it begins with {}", shown(line)))
    }

    fn gone(&self) -> LinkError {
        Fault::PeerGoneBeforeHello.with(&[&self.place.address])
    }

    fn receive(&mut self, line: &[u8]) -> Arrival {
        let Some(names) = Names::read(&self.place.name, line) else { return self.malformed(line) };
        let arrival = match self.let_in(names) {
            Ok(arrival) => arrival,
            Err(Objection::Gone) => Arrival::Refused(self.gone()),
            Err(Objection::Wrong(why)) => self.refused(&why),
            Err(Objection::Failed(operation, errno)) => {
                Arrival::Refused(system_fault(Fault::LinkFailed, &self.place.address, operation, errno))
            }
        };
        if self.swept.elapsed() > SWEEP_INTERVAL {
            sweep(&self.place, &self.in_use);
            self.swept = Instant::now();
        }
        arrival
    }
}

impl Door for FifoDoor {
    fn next(&mut self) -> rustix::io::Result<Arrival> {
        loop {
            match self.lines.next() {
                Some(Ok(line)) => return Ok(self.receive(&line)),
                Some(Err(line)) => return Ok(self.malformed(&line)),
                None => {}
            }
            let mut buffer = [0; 4096];
            let count = read(&self.fifo, &mut buffer)?;
            self.lines.add(&buffer[..count]);
        }
    }
}

impl AsFd for FifoDoor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fifo.as_fd()
    }
}
