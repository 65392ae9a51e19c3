//! `samehost doctor`: each thing that can be wrong is told, and what to do.

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustix::fs::{FlockOperation, flock};
use samehost::raw::ServerBuilder;
use samehost::{Registry, UnixTransport};

use crate::common::{Done, Reflects, begun, ended, samehost, serve, serve_with};

/// What it sees where all is well.
fn well(words: &[&str]) -> String {
    let seen = samehost(words).well();
    assert!(!seen.contains("WRONG"), "{seen}");
    seen
}

/// What it sees where something is wrong.
fn wrong(done: Done) -> String {
    assert_eq!((done.code, &*done.err), (Some(1), ""), "{done:?}");
    assert_eq!(done.out.matches("  WRONG ").count(), 1, "{done:?}");
    done.out
}

fn assert_all(seen: &str, parts: &[&str]) {
    for part in parts {
        assert!(seen.contains(part), "{part}: {seen}");
    }
}

#[test]
fn this_host_is_looked_at() {
    let seen = well(&["doctor"]);
    assert_all(&seen, &["this host\n", "Linux", "processor", "memfd", "descriptors", "SAMEHOST_SPIN_MICROS"]);
    let told = |micros: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_samehost"));
        let output = command.arg("doctor").env("SAMEHOST_SPIN_MICROS", micros).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, seen) = told("20");
    assert!(code == Some(0) && seen.contains("ok       SAMEHOST_SPIN_MICROS=20"), "{seen}");
    let (code, seen) = told("fast");
    assert!(code == Some(1) && seen.contains("WRONG    SAMEHOST_SPIN_MICROS=fast is no number"), "{seen}");
}

#[test]
fn a_healthy_server_is_told_with_all_that_it_is() {
    let served = serve();
    let path = served.address.strip_prefix("unix:").unwrap();
    let seen = well(&["doctor", &served.address]);
    let pid = format!("pid {} (", std::process::id());
    assert_all(
        &seen,
        &[
            &format!("ok       {path} is a socket of user "),
            "mode 0600",
            &format!("ok       its lock is held by {pid}"),
            &format!("ok       {pid}"),
            "ok       HELLO of samehost-rust/0.1.0: version 1 of the wire, messages of up to 64 MiB, gzip",
            "ok       a call there and back takes ",
            "ok       health: SERVING",
            "ok       reflection: grpc.reflection.v1.ServerReflection, samehost.test.v1.Echo",
        ],
    );
    assert!(!seen.contains("warning"), "{seen}");
    let shared = well(&["doctor", &served.address.replace("unix:", "shm:")]);
    assert!(shared.contains("ok       medium: shared memory, "), "{shared}");

    served.serves_not();
    let seen = wrong(samehost(&["doctor", &served.address]));
    assert!(seen.contains("health: NOT_SERVING"), "{seen}");
}

#[test]
fn a_server_without_reflection_is_well() {
    let served = serve_with(Reflects::Nothing);
    assert!(well(&["doctor", &served.address]).contains("s: the server offers no reflection"));
}

#[test]
fn a_connection_that_stays_on_the_socket_is_warned_of_and_so_is_a_server_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::new().with(UnixTransport::new());
    // A call that is dropped fails.
    let server =
        ServerBuilder::default().registry(registry).serve_on_threads(true, Arc::new(|run| run()), drop);
    let address = server.listen(&format!("unix:{}/s", folder.path().display())).unwrap();
    server.start();
    let seen = well(&["doctor", &address.replace("unix:", "shm:")]);
    assert_all(
        &seen,
        &[
            "warning  medium: shm:",
            "no shared memory (",
            "warning  health: UNKNOWN: Application error",
            "s: the server's reflection failed",
            "--proto FILE -I FOLDER or --descriptor-set FILE.; UNKNOWN: Application error",
        ],
    );
}

#[test]
fn a_child_is_started_and_asked() {
    let served = serve();
    let program = env!("CARGO_BIN_EXE_samehost");
    let seen = well(&["doctor", &format!("stdio:{program} serve stdio: --to {}", served.address)]);
    assert_all(&seen, &[&format!("({program} serve stdio:"), "HELLO of samehost-rust", "health: SERVING"]);
    let ended = wrong(samehost(&["doctor", "stdio:sh -c 'exit 7'"]));
    assert!(ended.contains("exited with status 7 before it said HELLO"), "{ended}");
}

#[test]
fn what_is_not_there_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| format!("unix:{}/{name}", folder.path().display());
    let missing = wrong(samehost(&["doctor", &at("s")]));
    assert!(missing.contains("/s is not there. Is the server running?"), "{missing}");
    let no_folder = wrong(samehost(&["doctor", &at("none/s")]));
    assert!(no_folder.contains("there is no folder "), "{no_folder}");
    let fifo = wrong(samehost(&["doctor", &at("s").replace("unix:", "fifo:")]));
    assert!(fifo.contains("It creates this FIFO when it starts."), "{fifo}");
    let long = wrong(samehost(&["doctor", &at(&"s".repeat(200))]));
    assert!(long.contains("a socket's has at most 107"), "{long}");
    let port = wrong(samehost(&["doctor", "tcp:127.0.0.1:1"]));
    assert!(port.contains("Nobody listens there"), "{port}");
    let address = wrong(samehost(&["doctor", "nowhere"]));
    assert!(address.contains("it has no scheme"), "{address}");
}

#[test]
fn what_is_no_socket_is_told() {
    let served = serve();
    let file = served.file("file", "");
    let seen = wrong(samehost(&["doctor", &format!("unix:{file}")]));
    assert!(seen.contains("file is a regular file, no socket"), "{seen}");
    let seen = wrong(samehost(&["doctor", &served.address.replace("unix:", "fifo:")]));
    assert!(seen.contains("s is a socket, no FIFO"), "{seen}");
}

#[test]
fn a_stale_socket_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    let seen = wrong(samehost(&["doctor", &format!("unix:{}", path.display())]));
    assert_all(&seen, &["warning  nobody in sight holds its lock", "ECONNREFUSED", "Start it again"]);
}

#[test]
fn a_lock_that_somebody_else_holds_is_told_with_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    drop(UnixListener::bind(&path).unwrap());
    let lock = File::create(folder.path().join("s.lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let address = format!("unix:{}", path.display());
    let held = format!("held by pid {} (", std::process::id());
    let seen = wrong(samehost(&["doctor", &address]));
    assert_all(&seen, &[&held, "ECONNREFUSED"]);
    std::fs::remove_file(&path).unwrap();
    let done = samehost(&["doctor", &address]);
    assert_eq!(done.code, Some(1));
    assert_all(&done.out, &["is not there", &held, "no server can start here"]);
}

/// Answers each connection with these bytes once something has come, and leaves it open until its peer goes.
fn answering(path: &Path, answer: &'static [u8]) {
    let listener = UnixListener::bind(path).unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            thread::spawn(move || {
                let mut buffer = [0; 1024];
                while socket.read(&mut buffer).is_ok_and(|bytes| bytes > 0) {
                    // Who has gone needs no answer.
                    let _ = socket.write_all(answer);
                }
            });
        }
    });
}

#[test]
fn a_socket_where_something_else_answers_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let (silent, mail) = (folder.path().join("silent"), folder.path().join("mail"));
    answering(&silent, b"");
    let seen = wrong(samehost(&["doctor", &format!("unix:{}", silent.display()), "--patience", "200ms"]));
    assert_all(&seen, &["said no HELLO within 0.2", "or is none of samehost"]);
    answering(&mail, b"220 mail\r\n");
    let seen = wrong(samehost(&["doctor", &format!("unix:{}", mail.display())]));
    assert!(seen.contains("does not speak the samehost wire; its first bytes are \"220 mail\""), "{seen}");
}

#[test]
fn a_missing_permission_is_told() {
    let served = serve();
    let socket = Path::new(served.address.strip_prefix("unix:").unwrap());
    let folder = socket.parent().unwrap();
    let allow = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    // To root all is permitted, so another user looks.
    let is_root = rustix::process::geteuid().is_root();
    allow(folder, 0o755);
    if !is_root {
        allow(socket, 0);
    }
    let seen = wrong(as_nobody(is_root, &served.address));
    assert_all(&seen, &["s is a socket of user ", "may not connect to it", "have the server allow others"]);
    allow(folder, if is_root { 0o700 } else { 0 });
    let seen = wrong(as_nobody(is_root, &served.address));
    allow(folder, 0o700);
    assert!(seen.contains("a folder above it is closed to user "), "{seen}");
}

/// The doctor, which nobody runs where this is root.
fn as_nobody(is_root: bool, address: &str) -> Done {
    // Where nobody may not go, the program may be.
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("samehost");
    // By another process: one that this one forks meanwhile would keep the copy open for writing.
    let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_samehost")).arg(&program).status().unwrap();
    assert!(copied.success());
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let mut command = Command::new(program);
    if is_root {
        command.uid(65_534).gid(65_534);
    }
    ended(begun(command.args(["doctor", address])))
}
