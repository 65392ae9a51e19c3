//! A thousand connections to one server, over which nobody calls for a while. One check alone, as it counts what the
//! process has.
#![cfg(all(feature = "tonic", target_os = "linux"))] // the server is of that surface

mod common;

use std::fs;
use std::time::Duration;

use common::process::{descriptors, threads};
use common::{Obedient, SOON, ask, client, soon, until};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use samehost::{Channel, Server, blocking};
use samehost_test_stubs::Answer;
use samehost_test_stubs::echo_server::EchoServer;

/// Half of them for tasks, half for threads.
const CONNECTIONS: usize = 1000;

/// Of both ends together: sockets, what wakes their readers, and the memory that they share.
const MOST_DESCRIPTORS: usize = 8;

/// Of the server: who reads, and for ten seconds who would have gone on.
const MOST_THREADS: usize = 2;

/// Of both ends together, besides what is mapped and the stacks of threads that have not been touched.
const MOST_BYTES: usize = 160_000;

/// Of the server and of the process.
const FEW: usize = 10;

/// What is in memory and is no file's.
fn bytes() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    anonymous.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
}

fn ask_from_a_thread(channel: &blocking::Channel) {
    let options = blocking::CallOptions::new().timeout(SOON);
    channel.unary::<_, Answer>("samehost.test.v1.Echo/Say", &ask("once"), &options).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_idle_connections_have_little_and_each_is_as_good_as_new_afterwards() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
    for scheme in ["unix", "shm"] {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("{scheme}:{}", folder.path().join("s").display());
        let (descriptors_before, bytes_before) = (descriptors(), bytes());
        let server =
            Server::builder().add_service(EchoServer::new(Obedient::default())).bind(&address).unwrap();
        let (mut of_tasks, mut of_threads) = (Vec::new(), Vec::new());
        for _ in 0..CONNECTIONS / 2 {
            let channel = Channel::for_address(&address).unwrap();
            soon(client(channel.clone()).say(ask("once"))).await.unwrap();
            of_tasks.push(channel);
            let channel = blocking::Channel::for_address(&address).unwrap();
            tokio::task::block_in_place(|| ask_from_a_thread(&channel));
            of_threads.push(channel);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let idle = [threads().len(), descriptors() - descriptors_before, bytes() - bytes_before];
        for (has, most) in idle.into_iter().zip([MOST_THREADS, MOST_DESCRIPTORS, MOST_BYTES]) {
            assert!(has <= most * CONNECTIONS + FEW, "{idle:?} threads, descriptors, bytes over {scheme}");
        }
        let asked = of_tasks.iter().map(|channel| {
            let mut client = client(channel.clone());
            tokio::spawn(async move { client.say(ask("again")).await })
        });
        for answer in asked.collect::<Vec<_>>() {
            soon(answer).await.unwrap().unwrap();
        }
        tokio::task::block_in_place(|| of_threads.iter().for_each(ask_from_a_thread));
        server.shutdown();
        soon(server.terminated()).await.unwrap();
        drop((server, of_tasks, of_threads));
        until("the threads end", || threads().is_empty()).await;
        until("the descriptors are closed", || descriptors() <= descriptors_before).await;
        assert!(!folder.path().join("s").exists());
    }
}
