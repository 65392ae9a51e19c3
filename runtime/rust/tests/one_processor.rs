//! With one processor nobody sleeps while a call passes: whoever waits gives way to whoever has work to do.
#![cfg(all(target_os = "linux", feature = "tonic"))] // it counts by what Linux tells; the server is of that surface

mod common;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{SOON, ask};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use samehost::blocking::{CallOptions, Channel};
use samehost::{Code, raw};
use samehost_test_stubs::Answer;

/// Both ends sleep in each call where they do not give way.
const FEW: f64 = 0.5;

/// So many calls pass before others want the processor.
const CALLS: u32 = 50;

/// Nothing has asked yet how many processors there are, and the threads to come are where this one is.
fn stay_on_one_processor() {
    let all = sched_getaffinity(None).unwrap();
    let mut one = CpuSet::new();
    one.set((0..CpuSet::MAX_CPU).find(|&processor| all.is_set(processor)).unwrap());
    sched_setaffinity(None, &one).unwrap();
}

/// How often the threads of this process have gone to sleep.
fn sleeps() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    tasks
        .filter_map(|task| fs::read_to_string(task.path().join("status")).ok())
        .filter_map(|status| {
            status
                .lines()
                .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok())
        })
        .sum()
}

#[test]
fn calls_over_every_transport_pass_without_a_sleep() {
    stay_on_one_processor();
    let folder = tempfile::tempdir().unwrap();
    let at = |scheme: &str| format!("{scheme}:{}", folder.path().join(scheme).display());
    for address in [at("shm"), at("unix"), at("fifo"), "tcp:127.0.0.1:0".to_owned()] {
        let limit = Duration::from_millis(1);
        let server = raw::ServerBuilder::default().spin_limit(limit).serve_on_threads(
            true,
            Arc::new(|run| run()),
            |call| {
                call.fail(Code::Unimplemented, "there is nothing here");
            },
        );
        let address = server.listen(&address).unwrap();
        server.start();
        let channel = Channel::builder(&address).spin_limit(limit).build().unwrap();
        let call = || {
            let outcome = channel.unary::<_, Answer>("a.B/C", &ask("hi"), &CallOptions::new().timeout(SOON));
            assert_eq!(outcome.unwrap_err().code(), Code::Unimplemented, "over {address}");
        };
        // What else runs on this processor may keep it for longer than the limit, and then both ends sleep for a while.
        let (began, mut least) = (Instant::now(), f64::INFINITY);
        while least > FEW && began.elapsed() < SOON {
            let before = sleeps();
            (0..CALLS).for_each(|_| call());
            least = least.min((sleeps() - before) as f64 / f64::from(CALLS));
        }
        assert!(least <= FEW, "{least} sleeps in each call over {address}");
    }
}
