//! The layers of the crate: surface over call over connection over wire over the transports' interface. A module
//! imports only what is under it; what is pure stays so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the crate, from below. Each of the first three knows nothing of those behind it.
const FOLDERS: [&str; 7] = ["wire", "connection", "call", "surface", "bridges", "http2", "json"];

/// The sources under a folder. What tests use is theirs to choose: they are none of these.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_stem().unwrap() == "tests" {
            continue;
        }
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
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

fn folder(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(part)
}

fn of(part: &str) -> Vec<(PathBuf, String)> {
    let found = sources(&folder(part));
    assert!(!found.is_empty(), "there are sources in {part}");
    found
}

const NONE: [String; 0] = [];

#[test]
fn a_layer_knows_nothing_of_those_above_it() {
    let folders = fs::read_dir(folder("")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
    folders.retain(|path| !FOLDERS.iter().any(|layer| path.ends_with(layer)));
    assert!(folders.is_empty(), "it is said which layers these are: {folders:?}");
    for (place, layer) in FOLDERS[..3].iter().enumerate() {
        let above = &FOLDERS[place + 1..];
        let words: Vec<_> =
            above.iter().flat_map(|name| [format!("crate::{name}"), format!("super::{name}")]).collect();
        let mut words: Vec<_> = words.iter().map(String::as_str).collect();
        // Names that stand together are not seen.
        words.extend(["crate::{", "crate::*", "tonic::", "http::", "prost", "http_body"]);
        assert_eq!(lines_with(&of(layer), &words), NONE);
    }
}

#[test]
fn the_wire_and_the_connection_do_no_io_know_no_clock_no_threads_and_no_locks() {
    let words = [
        "std::env",
        "std::fs",
        "std::io",
        "std::net",
        "std::os",
        "std::process",
        "std::thread",
        "std::time",
        "Atomic",
        "Duration",
        "Instant",
        "Mutex",
        "RwLock",
        "println",
        "rustix",
        "tokio",
        "tracing",
    ];
    for layer in &FOLDERS[..2] {
        assert_eq!(lines_with(&of(layer), &words), NONE);
    }
}

#[test]
fn the_modules_of_calls_import_each_other_in_one_direction() {
    let mut imports = BTreeMap::<String, BTreeSet<String>>::new();
    for (path, text) in of("call") {
        let place: Vec<_> = path.strip_prefix(folder("call")).unwrap().iter().collect();
        let module = place[0].to_str().unwrap().trim_end_matches(".rs").to_owned();
        let own = "super::".repeat(place.len());
        let found = imports.entry(module.clone()).or_default();
        for code in text.lines().map(|line| line.split("//").next().unwrap_or_default()) {
            for rest in [&own, "crate::call::"].iter().flat_map(|start| code.split(start).skip(1)) {
                let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                assert!(!name.is_empty(), "names that stand together are not seen: {code}");
                found.insert(name);
            }
        }
        found.remove(&module);
    }
    assert!(imports["crew"].contains("reader"), "{imports:#?}");
    let lowest = |left: &BTreeMap<String, BTreeSet<String>>| {
        let is_low = |uses: &BTreeSet<String>| !uses.iter().any(|name| left.contains_key(name));
        left.iter().find(|(_, uses)| is_low(uses)).map(|(module, _)| module.clone())
    };
    while let Some(module) = lowest(&imports) {
        imports.remove(&module);
    }
    assert!(imports.is_empty(), "these, or those that they import, import each other: {imports:#?}");
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
    assert_eq!(lines_with(&of("connection"), &words), NONE);
    assert_eq!(lines_with(&of("wire"), &words), NONE);
    let surface = lines_with(&of("surface"), &words);
    assert!(surface.iter().all(|line| line.contains("surface/options.rs")), "{surface:#?}");
}
