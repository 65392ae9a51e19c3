//! The layers of the crate: surface over call over wire over the transports' interface. A module
//! imports only what is under it; what is pure stays so.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            // What tests use is theirs to choose.
            let text = text.split("#[cfg(test)]").next().unwrap().to_owned();
            found.push((path, text));
        }
    }
    found
}

/// The lines of code, without comments, in which one of the words stands.
fn lines_with(sources: &[(PathBuf, String)], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources {
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if words.iter().any(|word| code.contains(word)) {
                found.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    found
}

fn of(part: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(part);
    let found = sources(&folder);
    assert!(!found.is_empty(), "there are sources in {part}");
    found
}

const NONE: [String; 0] = [];

#[test]
fn the_wire_knows_nothing_above_it() {
    assert_eq!(lines_with(&of("wire"), &["crate::call", "crate::surface", "tonic", "tokio", "http::"]), NONE);
}

#[test]
fn the_wire_and_the_connection_do_no_io_know_no_clock_and_no_threads() {
    let words = [
        "std::io",
        "std::net",
        "std::time",
        "Instant",
        "std::thread",
        "Mutex",
        "Atomic",
        "Duration",
        "std::fs",
    ];
    assert_eq!(lines_with(&of("wire"), &words), NONE);
    assert_eq!(lines_with(&of("call/connection"), &words), NONE);
    let pure =
        ["ids", "methods", "queue", "receiving", "rejection", "sending", "stream", "event", "settings"];
    let call: Vec<_> = of("call")
        .into_iter()
        .filter(|(path, _)| pure.iter().any(|name| path.ends_with(format!("call/{name}.rs"))))
        .collect();
    assert_eq!(call.len(), pure.len());
    assert_eq!(lines_with(&call, &words), NONE);
}

#[test]
fn calls_know_nothing_of_the_surface() {
    assert_eq!(
        lines_with(
            &of("call"),
            &[
                "crate::surface",
                "crate::bridges",
                "crate::http2",
                "crate::json",
                "tonic::",
                "http::",
                "prost",
                "http_body"
            ]
        ),
        NONE
    );
}

#[test]
fn tokio_is_known_to_its_driver_and_its_surface_alone() {
    let tokio = lines_with(&of("call"), &["tokio::"]);
    let its = |line: &&String| ["call/task.rs", "call/polled.rs"].iter().any(|name| line.contains(name));
    let elsewhere: Vec<_> = tokio.iter().filter(|line| !its(line)).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
    assert_eq!(lines_with(&of("surface/blocking"), &["tokio", "tonic::"]), NONE);
    assert_eq!(lines_with(&of("surface/raw"), &["tokio", "tonic::", "prost"]), NONE);
}

#[test]
fn no_transport_is_known_by_name_but_to_the_registry_of_the_surface() {
    let words = ["samehost_transport_unix", "samehost_transport_stdio"];
    assert_eq!(lines_with(&of("call"), &words), NONE);
    assert_eq!(lines_with(&of("wire"), &words), NONE);
    let surface = lines_with(&of("surface"), &words);
    assert!(surface.iter().all(|line| line.contains("surface/options.rs")), "{surface:#?}");
}
