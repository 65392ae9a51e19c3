//! Who writes what several threads bring about at once.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use super::*;
use crate::call::session::moving::LEFT_BYTES;

const THREADS: u8 = 8;

/// A link that takes everything, and keeps each write.
struct Taking {
    writes: Mutex<Vec<Vec<u8>>>,
}

impl Script for Taking {
    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.writes.lock().unwrap().push(bytes.to_vec());
        Ok(bytes.len())
    }
}

/// An open session that writes to this link at once, which has taken nothing yet. Whoever waits for its lock does not
/// sleep.
fn session() -> (Arc<Session>, Arc<ByHand<Taking>>) {
    let hello = Hello { min_version: 1, max_version: 1, ..Hello::default() };
    let peer = Connection::new(Side::Connector, Settings::new("peer", hello.clone()));
    let (driver, observer) = (Box::new(NoDriver), Box::new(|_: &_, _| {}));
    let settings = Settings::new("here", hello);
    let mut session = Session::new(Side::Acceptor, settings, Peer::at("here"), "".into(), driver, observer);
    Arc::get_mut(&mut session).unwrap().looks = u32::MAX;
    let link = Arc::new(ByHand::link(Taking { writes: Mutex::default() }));
    session.write_directly(link.clone(), false);
    session.act(|state, _| state.connection.receive(peer.outbound()));
    link.writes.lock().unwrap().clear();
    (session, link)
}

fn ping(session: &Arc<Session>, bytes: u8) {
    session.act(|state, _| state.connection.ping([bytes; 8]));
}

fn until_spinning(session: &Session, threads: u32) {
    while session.spinning.load(Ordering::SeqCst) < threads {
        thread::yield_now();
    }
}

#[test]
fn what_all_bring_about_who_wait_for_one_is_written_at_once() {
    let (session, link) = session();
    thread::scope(|scope| {
        session.act(|state, _| {
            state.connection.ping([0; 8]);
            for thread in 1..THREADS {
                let session = &session;
                scope.spawn(move || ping(session, thread));
            }
            until_spinning(&session, u32::from(THREADS) - 1);
        });
    });
    let writes = link.writes.lock().unwrap();
    assert_eq!(writes.len(), 1, "{writes:?}");
    assert_eq!(writes[0].len(), usize::from(THREADS) * 24);
}

#[test]
fn little_is_left_to_others() {
    let (session, link) = session();
    let much = u32::try_from(LEFT_BYTES / 24 + 1).unwrap();
    thread::scope(|scope| {
        session.act(|state, _| {
            (0..much).for_each(|_| state.connection.ping([0; 8]));
            scope.spawn(|| ping(&session, 1));
            until_spinning(&session, 1);
        });
    });
    assert_eq!(link.writes.lock().unwrap().len(), 2);
}

#[test]
fn nothing_is_left_to_one_who_holds_back() {
    let (session, link) = session();
    let (holds_back, acts) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            session.cork();
            holds_back.wait();
            acts.wait();
            ping(&session, 1);
        });
        holds_back.wait();
        session.act(|state, _| {
            state.connection.ping([0; 8]);
            acts.wait();
            until_spinning(&session, 1);
        });
    });
    assert_eq!(link.writes.lock().unwrap().len(), 1, "and that of the other one is held back");
}

#[test]
fn nothing_is_left_to_one_who_sleeps() {
    let (mut session, link) = session();
    Arc::get_mut(&mut session).unwrap().looks = 0;
    let acts = Barrier::new(2);
    thread::scope(|scope| {
        session.act(|state, _| {
            state.connection.ping([0; 8]);
            scope.spawn(|| {
                acts.wait();
                ping(&session, 1);
            });
            acts.wait();
            thread::sleep(Duration::from_millis(20));
        });
    });
    assert_eq!(link.writes.lock().unwrap().len(), 2);
}

#[test]
fn nothing_is_left_for_good() {
    const ROUNDS: usize = 2000;
    let (session, link) = session();
    let (together, left) = (Barrier::new(THREADS.into()), AtomicBool::new(false));
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (session, together, left) = (&session, &together, &left);
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    ping(session, thread);
                    together.wait();
                    left.fetch_or(session.is_busy(), Ordering::SeqCst);
                    together.wait();
                }
            });
        }
    });
    assert!(!left.into_inner());
    let written: usize = link.writes.lock().unwrap().iter().map(Vec::len).sum();
    assert_eq!(written, ROUNDS * usize::from(THREADS) * 24);
}
