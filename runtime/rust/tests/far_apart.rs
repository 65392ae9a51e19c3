//! Blocking calls a millisecond apart: hardly anybody is woken but the two threads that take part. One check alone, as
//! it counts how often the threads of the process sleep.
#![cfg(all(feature = "tonic", target_os = "linux"))] // the server is of that surface

mod common;

use std::collections::HashMap;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use common::{Obedient, SOON, ask};
use samehost::{Server, blocking};
use samehost_test_stubs::Answer;
use samehost_test_stubs::echo_server::EchoServer;

const CALLS: u32 = 400;
const APART: Duration = Duration::from_millis(1);

/// A look every two milliseconds is too often.
const MOST_APART: Duration = Duration::from_millis(2);

/// How often each thread of ours has gone to sleep so far.
fn sleeps() -> HashMap<String, u64> {
    let mut sleeps = HashMap::new();
    for thread in fs::read_dir("/proc/self/task").unwrap().flatten() {
        // None of a thread that has ended just now.
        let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
        let field = |name| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        if let (Some(name), Some(count)) = (field("Name:"), field("voluntary_ctxt_switches:"))
            && name.starts_with("samehost-")
        {
            sleeps.insert(format!("{name} {}", thread.file_name().display()), count.parse().unwrap());
        }
    }
    sleeps
}

/// How often threads have slept that take no part in the calls, and how often they may.
fn sleeps_in_vain(channel: &blocking::Channel) -> (Vec<(String, u64)>, u64) {
    let options = blocking::CallOptions::new().timeout(SOON);
    let (before, began) = (sleeps(), Instant::now());
    for call in 1..=CALLS {
        channel.unary::<_, Answer>("samehost.test.v1.Echo/Say", &ask("a"), &options).unwrap();
        sleep((call * APART).saturating_sub(began.elapsed()));
    }
    let most = (began.elapsed().as_nanos() / MOST_APART.as_nanos()).try_into().unwrap();
    let mut slept: Vec<_> = sleeps()
        .into_iter()
        .map(|(thread, count)| {
            let before = before.get(&thread).unwrap_or(&0);
            (thread, count - before)
        })
        .collect();
    slept.sort_by_key(|(_, count)| *count);
    // The one that reads at the server, and runs the handlers.
    assert!(slept.pop().unwrap().0.starts_with("samehost-serve"));
    (slept, most)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_far_apart_wake_nobody_in_vain() {
    for scheme in ["unix", "shm"] {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("{scheme}:{}", folder.path().join("s").display());
        let echo = EchoServer::new(Obedient::default());
        let server = Server::builder().add_service(echo).bind(&address).unwrap();
        let call = move || {
            let channel = blocking::Channel::for_address(&address).unwrap();
            let patience = Instant::now() + SOON;
            loop {
                // A busy machine may hold up a handler at any time, and another thread then reads.
                let (slept, most) = sleeps_in_vain(&channel);
                if slept.iter().map(|(_, count)| count).sum::<u64>() <= most {
                    return;
                }
                assert!(Instant::now() < patience, "{slept:?}, above {most} over {scheme}");
            }
        };
        tokio::task::spawn_blocking(call).await.unwrap();
        server.shutdown_now();
    }
}
