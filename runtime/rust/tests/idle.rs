//! What connections cost over which nobody calls. One check alone, as it counts what the process spends.
#![cfg(all(feature = "tonic", target_os = "linux"))] // the server is of that surface

mod common;

use std::time::{Duration, Instant};

use common::{Obedient, SOON, ask, client, soon};
use rustix::time::{ClockId, clock_gettime};
use samehost::{Channel, Server, blocking};
use samehost_test_stubs::Answer;
use samehost_test_stubs::echo_server::EchoServer;

/// Half of them for tasks, half for threads.
const CONNECTIONS: usize = 100;

/// Of the two seconds in which it is measured.
const MOST: Duration = Duration::from_millis(10);

fn spent() -> Duration {
    clock_gettime(ClockId::ProcessCPUTime).try_into().unwrap()
}

fn ask_from_a_thread(address: &str) -> blocking::Channel {
    let channel = blocking::Channel::for_address(address).unwrap();
    let options = blocking::CallOptions::new().timeout(SOON);
    channel.unary::<_, Answer>("samehost.test.v1.Echo/Say", &ask("once"), &options).unwrap();
    channel
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_idle_connections_use_no_processor() {
    for scheme in ["unix", "shm"] {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("{scheme}:{}", folder.path().join("s").display());
        let echo = EchoServer::new(Obedient::default());
        let server = Server::builder().add_service(echo).bind(&address).unwrap();
        let (mut of_tasks, mut of_threads) = (Vec::new(), Vec::new());
        for _ in 0..CONNECTIONS / 2 {
            let channel = Channel::for_address(&address).unwrap();
            soon(client(channel.clone()).say(ask("once"))).await.unwrap();
            of_tasks.push(channel);
            let address = address.clone();
            of_threads.push(tokio::task::spawn_blocking(move || ask_from_a_thread(&address)).await.unwrap());
        }
        // What the last call has woken goes to sleep, soon.
        let patience = Instant::now() + SOON;
        let mut used = Duration::MAX;
        while used > MOST && Instant::now() < patience {
            let before = spent();
            tokio::time::sleep(Duration::from_secs(2)).await;
            used = spent() - before;
        }
        assert!(used <= MOST, "{used:?} in two seconds of both ends of {CONNECTIONS} over {scheme}");
        server.shutdown_now();
    }
}
