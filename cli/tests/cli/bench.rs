//! `samehost bench`.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Done, Served, ended, kill, samehost, serve, started, until};

const SAY: &str = "samehost.test.v1.Echo/Say";
const REPEAT: &str = "samehost.test.v1.Echo/Repeat";

/// What it measured; it says to standard error at most how it was built.
fn measured(done: &Done) -> Value {
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.err.is_empty() || done.err.contains("without --release"), "{done:?}");
    serde_json::from_str(&done.out).unwrap()
}

fn bench(served: &Served, words: &[&str]) -> Done {
    samehost(&[&["bench", &*served.address, "--seconds", "0.5"], words].concat())
}

#[test]
fn calls_are_counted_and_timed() {
    let served = serve();
    let seen = measured(&bench(&served, &[SAY, r#"{"data": "aGk="}"#, "--at-once", "2", "--json"]));
    let (calls, seconds) = (seen["calls"].as_u64().unwrap(), seen["seconds"].as_f64().unwrap());
    assert!((0.5..5.0).contains(&seconds), "{seen}");
    let per_second = seen["calls_per_second"].as_f64().unwrap();
    assert!(calls > 0 && (per_second - calls as f64 / seconds).abs() < 1.0, "{seen}");
    assert_eq!((seen["answers"].as_u64(), seen["failures"].as_u64()), (Some(calls), Some(0)), "{seen}");
    let times: Vec<_> =
        ["p50", "p90", "p99", "max"].map(|name| seen["micros"][name].as_f64().unwrap()).into();
    // Two calls at once fill the time.
    let mean = 2e6 / per_second;
    assert!(times[0] < 2.0 * mean && times[3] > mean / 2.0 && times.is_sorted(), "{seen}");
    served.idle();

    let text = bench(&served, &[SAY]);
    assert_eq!(text.code, Some(0), "{text:?}");
    let pid = format!("(pid {}, uid ", std::process::id());
    for part in [" calls a second: ", " 1 at once, to unix:", &pid, "\np50 ", "max "] {
        assert!(text.out.contains(part), "{part}: {text:?}");
    }
}

#[test]
fn answers_of_a_stream_are_counted_too() {
    let served = serve();
    let seen = measured(&bench(&served, &[REPEAT, r#"{"order": {"count": 7}}"#, "--json"]));
    assert_eq!(seen["answers"].as_u64().unwrap(), 7 * seen["calls"].as_u64().unwrap(), "{seen}");
}

#[test]
fn no_more_calls_are_made_than_are_wanted() {
    let served = serve();
    let seen = measured(&bench(&served, &[SAY, "--rate", "100", "--at-once", "4", "--json"]));
    let calls = seen["calls"].as_u64().unwrap();
    // In half a second. A busy machine may be late: each of the four may begin then what was due just before.
    assert!((10..=55).contains(&calls), "{seen}");
}

/// Ten calls a second are due of a server that takes a fifth of one for each: they wait in line, and that counts.
#[test]
fn what_waits_in_line_counts() {
    let served = serve();
    let slow = r#"{"order": {"waitMillis": 200}}"#;
    let done = samehost(&["bench", &served.address, SAY, slow, "--rate", "10", "--seconds", "2", "--json"]);
    let longest = measured(&done)["micros"]["max"].as_f64().unwrap();
    assert!(longest > 500_000.0, "{done:?}");
}

#[test]
fn a_failure_is_told() {
    let served = serve();
    let told = bench(&served, &[SAY, r#"{"order": {"code": 5, "text": "no keys"}}"#]).failed(64 + 5);
    assert!(told.contains("NOT_FOUND: no keys"), "{told}");
    let told = bench(&served, &[SAY, "--at-once", "0"]).failed(2);
    assert!(told.contains("--at-once"), "{told}");
}

#[test]
fn what_no_clock_can_measure_is_refused() {
    let served = serve();
    for option in ["--rate", "--seconds"] {
        for number in ["1e-300", "0.0009", "0", "-1", "NaN", "inf", "1e300", "fast"] {
            let told = samehost(&["bench", &served.address, SAY, &format!("{option}={number}")]).failed(2);
            let why = format!("{number} is no number from 0.001 to 1000000000");
            assert!(told.contains(option) && told.contains(&why), "{told}");
        }
    }
    // One that is hardly any is a rate: its first call is due at once, and nobody waits for the second.
    let seen = measured(&bench(&served, &[SAY, "--rate", "0.001", "--at-once", "4", "--json"]));
    assert!(seen["calls"].as_u64().unwrap() <= 1, "{seen}");
}

#[test]
fn an_interrupt_ends_it_early_with_what_was_seen() {
    let served = serve();
    let began = Instant::now();
    let child = started(&["bench", &served.address, SAY, "--seconds", "100", "--json"]);
    until("it has called", || served.seen() > 10);
    std::thread::sleep(Duration::from_millis(1300));
    kill(&child, Signal::INT);
    let seen = measured(&ended(child));
    assert!(seen["seconds"].as_f64().unwrap() < 90.0 && seen["calls"].as_u64().unwrap() > 0, "{seen}");
    assert!(began.elapsed() < Duration::from_secs(90));
}
