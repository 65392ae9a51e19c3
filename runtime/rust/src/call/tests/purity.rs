//! The wire and the state machines import no I/O, no clock, no threads, no locks.

use std::fs;
use std::path::{Path, PathBuf};

/// The pure part of `call`; what else stands there drives it.
const PURE: [&str; 14] = [
    "arrivals.rs",
    "by_id.rs",
    "connection",
    "event.rs",
    "ids.rs",
    "methods.rs",
    "queue.rs",
    "receiving.rs",
    "rejection.rs",
    "sending.rs",
    "settings.rs",
    "stream.rs",
    "waiters.rs",
    "waitlist.rs",
];

const FORBIDDEN: [&str; 14] = [
    "std::net",
    "std::os",
    "std::io",
    "std::fs",
    "std::process",
    "std::thread",
    "std::time",
    "std::env",
    "Mutex",
    "RwLock",
    "tokio",
    "tonic",
    "rustix",
    "println",
];

#[test]
fn the_wire_and_the_state_machines_are_pure() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = sources(&source.join("wire"));
    for name in PURE {
        let found = sources(&source.join("call").join(name));
        assert!(!found.is_empty(), "{name} is there");
        files.extend(found);
    }
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.ends_with("tests.rs")) {
        let text = fs::read_to_string(file).expect("a source");
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        for (number, line) in code.enumerate() {
            let words = FORBIDDEN.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("{}, line {number}: {word}", file.display())));
        }
    }
    assert_eq!(found, [""; 0], "what is pure stays pure");
}

/// The Rust sources at a path: itself, or all that is under it.
fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("a folder");
        entries.flat_map(|entry| sources(&entry.expect("an entry").path())).collect()
    } else if path.is_file() {
        vec![path.to_owned()]
    } else {
        Vec::new()
    }
}
