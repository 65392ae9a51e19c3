//! The driver of threads where calls are served: who runs the handlers of a connection.

use std::sync::Arc;
use std::time::Duration;

use samehost_transport_api::{Fault, Link};

use super::reader::{Reader, ThreadDriver};
use super::roster::{Roster, Service, Work};
use super::server::{Host, StartServing};
use super::server_call::ServerCall;
use super::session::{Driver, Incoming, Session, Start, Starter};

/// What handlers find where the system's default is smaller.
const STACK_BYTES: usize = 8 << 20;

/// Serves accepted connections by threads of their own.
pub(crate) fn host(service: Service, hello_timeout: Duration) -> Host {
    Box::new(move || {
        let (crew, driver) = Crew::prepare(&service, hello_timeout);
        let start = move |session: Arc<Session>, link: Arc<dyn Link>, open| {
            crew.roster.begin(open);
            crew.start(&session, link);
        };
        (driver, Box::new(start) as StartServing)
    })
}

/// Starts the sessions of a channel that offers services: its calls, and those of the peer, go by threads.
pub(crate) fn starter(service: Service) -> Starter {
    Arc::new(move || {
        let (crew, driver) = Crew::prepare(&service, Duration::ZERO);
        // Whoever has connected has had the peer's HELLO.
        crew.roster.is_greeted();
        let start = move |session: Arc<Session>, link| crew.start(&session, link);
        (driver, Box::new(start) as Start)
    })
}

/// The threads of one connection whose calls are served here. One of them reads. When a call has come it lays the
/// reader role down and runs the handler itself; most are over before anybody else would have woken
/// up. While there is traffic an idle thread looks once a millisecond whether something was left: a
/// role that nobody has, a call that nobody runs. So a handler may take its time, and holds up nobody.
///
/// ```text
///               a call has come                      over, and nobody reads
///   READING --------------------> runs the handler --------------------------> READING
///      ^                                 |
///      | left for a tick                 | over, and another thread reads
///      |                                 v
///      +------------------------------ IDLE --- 10 s ---> ends
/// ```
struct Crew {
    roster: Arc<Roster>,
    reader: Arc<Reader>,
}

impl Crew {
    fn prepare(service: &Service, hello_timeout: Duration) -> (Crew, Box<dyn Driver>) {
        let roster = Arc::new(Roster::new(service, hello_timeout));
        let reader = Reader::of_crew(roster.clone(), spawn);
        let driver = Box::new(ThreadDriver(reader.clone()));
        (Crew { roster, reader }, driver)
    }

    fn start(&self, session: &Arc<Session>, link: Arc<dyn Link>) {
        self.reader.start(session, link);
        spawn(&self.roster, &self.reader, session, true);
    }

    fn run(&self, session: &Arc<Session>, works: bool) {
        let (roster, reader) = (&*self.roster, &self.reader);
        if !works && !roster.rest(|| reader.is_free()) {
            return;
        }
        let mut calls = Vec::new();
        loop {
            // Most often one thread does all.
            while !roster.has_calls() && reader.read_for_crew(session, &mut calls) {
                self.run_read(session, &mut calls);
            }
            match roster.next(|| reader.is_free()) {
                Work::Serve(call) => {
                    if !roster.leave_behind() {
                        spawn(&self.roster, reader, session, false);
                    }
                    roster.serve(call);
                }
                Work::Read => {}
                Work::Nothing => return,
            }
        }
    }

    /// Runs the calls that this thread has read, those aside that another thread takes meanwhile.
    fn run_read(&self, session: &Arc<Session>, calls: &mut Vec<Incoming>) {
        let roster = &*self.roster;
        if calls.len() <= 1 || !roster.service().inline {
            return calls.drain(..).for_each(|call| roster.serve(ServerCall::new(session, call)));
        }
        // Their answers go out together, but not where another thread reads: it would sleep on them. Who begins to
        // read from here on uncorks them.
        session.cork();
        if !self.reader.is_free() {
            session.uncork();
        }
        roster.take(session, calls.drain(..));
        while let Some(call) = roster.next_call() {
            roster.has_begun_a_turn();
            roster.serve(call);
        }
        session.uncork();
    }
}

/// Starts a thread, which begins with work or idle.
fn spawn(roster: &Arc<Roster>, reader: &Arc<Reader>, session: &Arc<Session>, works: bool) {
    let crew = Crew { roster: roster.clone(), reader: reader.clone() };
    let of = session.clone();
    let run = move || {
        let around = crew.roster.service().around.clone();
        around(&mut || crew.run(&of, works));
    };
    let thread = std::thread::Builder::new().name("samehost-serve".to_owned()).stack_size(STACK_BYTES);
    if let Err(error) = thread.spawn(run) {
        tracing::warn!(%error, "no thread to serve with");
        if works {
            let address = &session.peer().address;
            session.abandon(Fault::LinkFailed.with(&[address, &"starting a thread", &error]));
            roster.end();
        }
    }
}
