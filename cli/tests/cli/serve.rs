//! `samehost serve`: everything that a call is goes through it.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, test_kill_process};
use tempfile::TempDir;

use crate::common::{
    Program, Served, ended, kill, samehost, samehost_reading, serve, serving, started, until,
};

const SAY: &str = "samehost.test.v1.Echo/Say";
const COLLECT: &str = "samehost.test.v1.Echo/Collect";
const REPEAT: &str = "samehost.test.v1.Echo/Repeat";
const CHAT: &str = "samehost.test.v1.Echo/Chat";
/// Keeps its caller waiting for ever.
const FOR_EVER: &str = r#"{"order": {"waitMillis": 4294967295}}"#;

/// A worker over stdio that serves what a server serves: the program itself.
fn worker(served: &Served) -> String {
    format!("stdio:{} serve stdio: --to {}", env!("CARGO_BIN_EXE_samehost"), served.address)
}

/// The program passes calls on to somewhere, until the test is over.
struct Passing {
    program: Program,
    address: String,
    folder: TempDir,
}

impl Passing {
    fn to(address: &str) -> Passing {
        let folder = tempfile::tempdir().unwrap();
        let own = format!("unix:{}/p", folder.path().display());
        let (program, address) = serving(&[&own, "--to", address]);
        assert_eq!(address, own);
        Passing { program, address, folder }
    }

    fn stop(&self) {
        kill(&self.program, Signal::TERM);
    }

    /// Waits until it has ended well and removed its socket.
    fn ended(self) {
        let done = ended(self.program);
        assert_eq!((done.code, &*done.err), (Some(0), ""), "{done:?}");
        let left: Vec<_> =
            self.folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["p.lock"], "the lock stays, as with every server");
    }
}

#[test]
fn calls_of_every_kind_pass_through_a_socket_and_a_child() {
    let served = serve();
    let passing = Passing::to(&worker(&served));
    let to = &*passing.address;
    assert!(samehost(&["list", to]).well().contains("samehost.test.v1.Echo\n"));
    assert_eq!(
        samehost(&["call", to, SAY, r#"{"data": "aGk="}"#]).well(),
        "{\"data\":\"aGk=\",\"count\":\"1\"}\n"
    );
    assert_eq!(samehost_reading(&["call", to, COLLECT, "-"], "{} {} {}").well(), "{\"count\":\"3\"}\n");
    let repeated = samehost(&["call", to, REPEAT, r#"{"order": {"count": 300, "bytes": 1000}}"#]).well();
    assert_eq!(repeated.lines().count(), 300);
    assert!(repeated.ends_with("\"count\":\"300\"}\n"), "{repeated}");
    assert_eq!(samehost(&["call", to, CHAT, "{} {}"]).well(), "{\"count\":\"1\"}\n".repeat(2));
    passing.stop();
    passing.ended();
}

#[test]
fn every_address_is_served_called_and_examined() {
    let served = serve();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display();
    let name = format!("unix-abstract:samehost-cli-{}", std::process::id());
    let addresses = [&*format!("shm:{path}/m"), &format!("fifo:{path}/f"), "tcp:127.0.0.1:0", &name];
    for address in addresses {
        let (passing, address) = serving(&[address, "--to", &served.address]);
        assert_eq!(samehost(&["call", &address, SAY]).well(), "{\"count\":\"1\"}\n", "{address}");
        let seen = samehost(&["doctor", &address]).well();
        assert!(seen.contains("HELLO of samehost-rust") && seen.contains("health: SERVING"), "{seen}");
        drop(passing);
    }
}

#[test]
fn metadata_status_details_and_compression_pass() {
    let served = serve();
    let passing = Passing::to(&worker(&served));
    let tired = r#"{"order": {"code": 5, "text": "no keys"}}"#;
    let direct = samehost(&["call", &served.address, SAY, tired]).failed(64 + 5);
    assert_eq!(samehost(&["call", &passing.address, SAY, tired]).failed(64 + 5), direct);
    let told =
        samehost(&["call", &passing.address, SAY, "-v", "-H", "x-a: b", "-H", "x-b-bin: AQI", "--gzip"]);
    for line in ["< x-a: b", "< x-b-bin: AQI", "< seen-encoding: gzip", "< grpc-encoding: gzip"] {
        assert!(told.err.contains(line), "{line}: {told:?}");
    }
    let told = samehost(&["call", &passing.address, SAY, "-v"]);
    assert!(!told.err.contains("seen-encoding") && !told.err.contains("seen-timeout"), "{told:?}");
    let told = samehost(&["call", &passing.address, SAY, "-v", "--deadline", "20s"]);
    assert!(told.err.contains("< seen-timeout: 1"), "{told:?}");
}

#[test]
fn each_answer_comes_before_the_next_request() {
    use std::io::{BufRead, BufReader};
    let served = serve();
    let passing = Passing::to(&served.address);
    let mut child = started(&["call", &passing.address, CHAT, "-"]);
    let (mut input, mut output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for _ in 0..3 {
        input.write_all(b"{}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer, "{\"count\":\"1\"}\n");
    }
    drop(input);
    assert_eq!(ended(child).code, Some(0));
}

#[test]
fn deadlines_and_cancellations_pass() {
    let served = serve();
    let passing = Passing::to(&worker(&served));
    let told = samehost(&["call", &passing.address, SAY, FOR_EVER, "--deadline", "300ms"]).failed(64 + 4);
    assert!(told.starts_with("DEADLINE_EXCEEDED"), "{told}");
    served.idle();
    for (method, request, signal) in
        [(SAY, FOR_EVER, Signal::INT), (COLLECT, "-", Signal::KILL), (REPEAT, FOR_EVER, Signal::KILL)]
    {
        let mut child = started(&["call", &passing.address, method, request]);
        let _input = child.stdin.take();
        until("its handler runs", || served.runs());
        kill(&child, signal);
        ended(child);
        served.idle();
    }
}

#[test]
fn who_reads_slowly_is_sent_no_more_than_there_is_room_for() {
    let served = serve();
    let passing = Passing::to(&served.address);
    let many = r#"{"order": {"count": 200, "bytes": 1000000}}"#;
    let mut child = started(&["call", &passing.address, REPEAT, many]);
    let mut before = 0;
    until("the stream stands still", || {
        thread::sleep(Duration::from_millis(500));
        let now = served.answered();
        std::mem::replace(&mut before, now) == now && now > 0
    });
    assert!(before < 20, "{before} MB are on their way");
    child.kill().unwrap();
    ended(child);
    served.idle();
}

#[test]
fn who_sends_fast_is_taken_no_more_than_there_is_room_for() {
    let served = serve();
    let passing = Passing::to(&served.address);
    let mut child = started(&["call", &passing.address, COLLECT, "-"]);
    let mut input = child.stdin.take().unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let sending = thread::spawn({
        let sent = sent.clone();
        move || {
            // The handler takes this one, and never another one.
            input.write_all(FOR_EVER.as_bytes()).unwrap();
            let data = "A".repeat(1 << 20);
            while write!(input, "{{\"data\": \"{data}\"}}").is_ok() {
                sent.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    until("the stream stands still", || {
        let before = sent.load(Ordering::SeqCst);
        thread::sleep(Duration::from_millis(500));
        sent.load(Ordering::SeqCst) == before && before > 0
    });
    assert!(sent.load(Ordering::SeqCst) < 20, "{sent:?} MB are on their way");
    kill(&child, Signal::INT);
    assert_eq!(ended(child).code, Some(64 + 1));
    sending.join().unwrap();
    served.idle();
}

#[test]
fn a_port_beyond_this_host_takes_a_word() {
    let served = serve();
    let anywhere = ["tcp:0.0.0.0:0", "--to", &*served.address];
    let told = samehost(&[&["serve"], &anywhere[..]].concat()).failed(64 + 3);
    assert!(told.contains("plain text"), "{told}");
    let (passing, address) = serving(&[&anywhere[..], &["--plain-text-beyond-host"]].concat());
    let told = samehost(&["call", &address, SAY]).failed(64 + 3);
    assert!(told.contains("plain text"), "{told}");
    assert_eq!(samehost(&["call", &address, SAY, "--plain-text-beyond-host"]).well(), "{\"count\":\"1\"}\n");
    drop(passing);
}

#[test]
fn calls_that_are_open_at_the_end_go_on_and_no_child_is_left() {
    let served = serve();
    let passing = Passing::to(&worker(&served));
    let mut child = started(&["call", &passing.address, COLLECT, "-"]);
    let input = child.stdin.take();
    until("its handler runs", || served.runs());
    let worker = child_of(&passing.program).expect("the worker");
    passing.stop();
    until("the address is free", || !passing.folder.path().join("p").exists());
    assert!(test_kill_process(worker).is_ok());
    drop(input);
    assert_eq!(ended(child).well(), "{}\n");
    passing.ended();
    assert!(test_kill_process(worker).is_err());
}

#[test]
fn open_calls_fail_when_the_grace_is_over() {
    let served = serve();
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}/p", folder.path().display());
    let (passing, _) = serving(&[&address, "--to", &served.address, "--grace", "100ms"]);
    let child = started(&["call", &address, SAY, FOR_EVER]);
    until("its handler runs", || served.runs());
    kill(&passing, Signal::INT);
    let told = ended(child).failed(64 + 14);
    assert!(told.starts_with("UNAVAILABLE"), "{told}");
    assert_eq!(ended(passing).code, Some(0));
    served.idle();
}

#[test]
fn a_worker_that_was_killed_fails_its_calls_and_is_started_again() {
    let served = serve();
    let passing = Passing::to(&worker(&served));
    assert!(samehost(&["call", &passing.address, SAY]).well().contains("count"));
    let child = started(&["call", &passing.address, SAY, FOR_EVER]);
    until("its handler runs", || served.runs());
    let first = child_of(&passing.program).expect("the worker");
    rustix::process::kill_process(first, Signal::KILL).unwrap();
    let told = ended(child).failed(64 + 14);
    assert!(told.contains("was killed by signal 9") || told.contains("signal"), "{told}");
    served.idle();
    assert!(samehost(&["call", &passing.address, SAY]).well().contains("count"));
    assert_ne!(child_of(&passing.program), Some(first));
}

#[test]
fn what_stands_in_the_way_of_serving_is_told() {
    let served = serve();
    let told = samehost(&["serve", &served.address, "--to", "unix:/none"]).failed(64 + 6);
    assert!(told.contains("the address is in use"), "{told}");
    let told = samehost(&["serve", "unix:/none/at/all", "--to", "nowhere"]).failed(64 + 3);
    assert!(told.contains("it has no scheme"), "{told}");
    let passing = Passing::to("unix:/none/here");
    let told = samehost(&["call", &passing.address, SAY]).failed(64 + 14);
    assert!(told.contains("connecting to unix:/none/here: no such file"), "{told}");
}

/// Calls that are stopped by their caller at any time leave nothing in the program's way.
#[test]
fn many_calls_at_once_pass() {
    let served = serve();
    let passing = Passing::to(&worker(&served));
    let (tell, told) = channel();
    for number in 0..8 {
        let (tell, address) = (tell.clone(), passing.address.clone());
        thread::spawn(move || {
            let method = [SAY, COLLECT, REPEAT, CHAT][number % 4];
            tell.send(samehost(&["call", &address, method, "{}"]).code).unwrap();
        });
    }
    drop(tell);
    assert_eq!(told.iter().collect::<Vec<_>>(), [Some(0); 8]);
}

/// The first child of a process.
fn child_of(parent: &Program) -> Option<Pid> {
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", parent.id())).ok()?;
    let tasks = std::fs::read_dir(format!("/proc/{}/task", parent.id())).ok()?;
    let of_tasks = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("children")).ok());
    let all = of_tasks.chain([children]).collect::<Vec<_>>().join(" ");
    Pid::from_raw(all.split_whitespace().next()?.parse().ok()?)
}
