//! Callers over shared memory that are killed in the middle of calls and of half-written frames. One check
//! alone, as it counts what the process has; the callers are this very program, started again.
#![cfg(all(feature = "tonic", target_os = "linux"))] // the server is of that surface

mod common;
mod wire;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use common::{Obedient, SOON, ask, client, soon, until};
use samehost::transport::{Link, LinkError, Read, Transport};
use samehost::{Channel, Options, Server, ShmOptions, ShmTransport};
use samehost_test_stubs::echo_server::EchoServer;
use samehost_transport_testkit::{read_all, write_all};
use wire::{PREFACE, header};

/// Where a doomed caller connects to, and how often.
const ADDRESS: &str = "SAMEHOST_TEST_DOOMED";
const LINKS: &str = "SAMEHOST_TEST_DOOMED_LINKS";

/// What it says when all its links are in the middle of something.
const READY: &str = "in the middle";

/// Processes with one link each, and such with many, all of which end at once.
const ALONE: usize = 200;
const CROWDS: usize = 8;
const CROWD: usize = 100;

const DATA: usize = 10_000;

/// One link whose other end is left in the lurch.
struct Caller {
    link: Arc<dyn Link>,
    stream: u32,
}

type Outcome = Result<(), LinkError>;

impl Caller {
    /// The OPEN of a unary call: END, MESSAGE and, of the first one, PATH; no metadata.
    fn call(&mut self) -> Vec<u8> {
        let first = self.stream == 0;
        self.stream = if first { 1 } else { self.stream + 2 };
        let path: &[u8] = b"/samehost.test.v1.Echo/Say";
        let mut payload = if first { [&[path.len() as u8, 0], path].concat() } else { Vec::new() };
        payload.extend([0, 0]);
        payload.extend(prost::Message::encode_to_vec(&ask([1; DATA])));
        let flags = if first { 7 } else { 3 };
        [&header(2, flags, self.stream, 1, payload.len()), &*payload].concat()
    }

    fn say_call(&mut self) -> Outcome {
        let call = self.call();
        write_all(&*self.link, &call)
    }

    fn run(mut self, kind: usize, all: &Barrier) -> Outcome {
        let hello = [8, 1, 16, 1];
        write_all(&*self.link, &[PREFACE, &*header(1, 0, 0, 0, hello.len()), &hello].concat())?;
        self.say_call()?;
        // More than its HELLO: the call is being answered.
        read_all(&*self.link, &mut [0; DATA])?;
        all.wait();
        match kind % 3 {
            // Half a frame.
            0 => {
                let call = self.call();
                write_all(&*self.link, &call[..DATA / 2])
            }
            // Calls without end, whose answers are read.
            1 => loop {
                self.say_call()?;
                while matches!(self.link.read(&mut [0; 4 * DATA])?, Read::Bytes(_)) {}
            },
            // Calls until both rings are full, as nothing is read.
            _ => loop {
                self.say_call()?;
            },
        }
    }
}

/// Calls until it is killed where this program was started as such a caller, and does nothing otherwise.
#[test]
fn be_doomed() {
    let (Ok(address), Ok(links)) = (std::env::var(ADDRESS), std::env::var(LINKS)) else { return };
    let links: usize = links.parse().unwrap();
    let options = Options::new().with(ShmOptions { ring_bytes: 64 << 10, strict: true });
    let connector = ShmTransport::new().connector(&address.parse().unwrap(), &options).unwrap();
    let all = Arc::new(Barrier::new(links + 1));
    for number in 0..links {
        let caller = Caller { link: connector.connect(SOON).unwrap(), stream: 0 };
        let (all, kind) = (all.clone(), number + std::process::id() as usize);
        thread::spawn(move || caller.run(kind, &all));
    }
    all.wait();
    writeln!(std::io::stdout(), "{READY}").unwrap();
    thread::sleep(Duration::MAX);
}

/// Starts a process with so many links, and kills it once each of them is in the middle of something.
fn kill_one(address: &str, links: usize) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "be_doomed", "--nocapture"]).env(ADDRESS, address).env(LINKS, links.to_string());
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(process.stdout.take().unwrap()).lines();
    let ready = said.map_while(Result::ok).any(|line| line.ends_with(READY));
    // Sooner or later: anything may be half done.
    static TURN: AtomicU64 = AtomicU64::new(0);
    thread::sleep(Duration::from_micros(TURN.fetch_add(1, Ordering::Relaxed) % 20 * 500));
    process.kill().unwrap();
    process.wait().unwrap();
    assert!(ready, "a caller ended before it was killed");
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

fn rings() -> usize {
    std::fs::read_to_string("/proc/self/maps").unwrap().matches("memfd:samehost").count()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_callers_that_are_killed_leave_no_descriptor_mapping_task_handler_or_file() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("shm:{}", folder.path().join("s").display());
    let service = Obedient::default();
    let server = Server::builder().add_service(EchoServer::new(service.clone())).bind(&address).unwrap();
    let mut bystander = client(Channel::for_address(&address).unwrap());
    soon(bystander.say(ask("before"))).await.unwrap();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = (descriptors(), rings(), files(folder.path()), tasks());
    let killing: Vec<_> = (0..4)
        .map(|part| {
            let address = address.clone();
            tokio::task::spawn_blocking(move || {
                for number in 0..(ALONE + CROWDS) / 4 {
                    kill_one(&address, if number < CROWDS / 4 { CROWD } else { 1 });
                }
                part
            })
        })
        .collect();
    for one in killing {
        while !one.is_finished() {
            soon(bystander.say(ask("meanwhile"))).await.unwrap();
        }
        one.await.unwrap();
    }
    until("the handlers are dropped", || service.running.load(Ordering::SeqCst) == 0).await;
    until("the descriptors are closed", || descriptors() <= before.0).await;
    until("the rings are unmapped", || rings() <= before.1).await;
    until("the tasks end", || tasks() <= before.3).await;
    assert_eq!(files(folder.path()), before.2);
    soon(client(Channel::for_address(&address).unwrap()).say(ask("after"))).await.unwrap();
    assert!(service.seen.load(Ordering::SeqCst) > ALONE + CROWDS * CROWD);
    server.shutdown_now();
}
