//! What is left behind by channels and servers: nothing. One test alone, as it counts what the process has.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::process::{descriptors, threads};
use common::{Obedient, Over, Pair, ask, client, order, soon, until};
use samehost::{Channel, blocking, raw};
use samehost_test_stubs::echo_server::EchoServer;
use samehost_test_stubs::{Answer, Order};

async fn use_everything() {
    let pair = Pair::serve(Over::Unix);
    let channel = pair.channel();
    soon(client(channel.clone()).say(ask("hi"))).await.unwrap();
    // A stream that nobody reads to its end, a call that is cancelled, and one that expires.
    let request = order(Order { count: 100_000, bytes: 1000, ..Order::default() });
    let mut answers = soon(client(channel.clone()).repeat(request)).await.unwrap().into_inner();
    soon(answers.message()).await.unwrap();
    let mut waiting = client(channel.clone());
    let call =
        tokio::spawn(
            async move { waiting.say(order(Order { wait_millis: u32::MAX, ..Order::default() })).await },
        );
    tokio::task::yield_now().await;
    call.abort();
    let (registry, address) = (pair.registry.clone(), pair.address.clone());
    let threaded = tokio::task::spawn_blocking(move || {
        let channel = blocking::Channel::builder(address).registry(registry).build().unwrap();
        let options = blocking::CallOptions::new().timeout(common::SOON);
        channel.unary::<_, Answer>("samehost.test.v1.Echo/Say", &ask("hi"), &options).unwrap();
        // A call that is open while nobody waits for it has the background read.
        let request = order(Order { count: 100_000, bytes: 1000, ..Order::default() });
        let mut open: blocking::Call<_, Answer> =
            channel.server_streaming("samehost.test.v1.Echo/Repeat", &request, &options);
        open.next().unwrap();
        let short = blocking::CallOptions::new().timeout(Duration::from_millis(5));
        let request = order(Order { wait_millis: u32::MAX, ..Order::default() });
        channel.unary::<_, Answer>("samehost.test.v1.Echo/Say", &request, &short).unwrap_err();
    });
    soon(threaded).await.unwrap();
    drop((answers, channel));
    pair.idle().await;
    pair.server.shutdown();
    soon(pair.server.terminated()).await.unwrap();
}

/// Has every kind of client called back, by a server that keeps the way to it; the calls back are open when the clients
/// and the server go.
async fn call_back() {
    const SAY: &str = "/samehost.test.v1.Echo/Say";
    let folder = tempfile::tempdir().unwrap();
    let (kept, (offered, held)) = (Arc::new(Mutex::new(Vec::new())), (Obedient::default(), Arc::new(())));
    let (keep, has) = (kept.clone(), held.clone());
    let server = raw::ServerBuilder::default().serve_on_threads(true, Arc::new(|run| run()), move |call| {
        let _ = &has;
        let never = order(Order { wait_millis: u32::MAX, ..Order::default() });
        let back = call.caller().call(SAY, raw::CallOptions::default());
        back.send(prost::Message::encode_to_vec(&never).into(), true, true).unwrap();
        let _ = back.wait(raw::Patience::endless().until(Some(Instant::now())), raw::Call::poll_message);
        keep.lock().unwrap().push((call, back));
    });
    let address = server.listen(&format!("unix:{}/s", folder.path().display())).unwrap();
    server.start();
    let builder = || Channel::builder(&*address).add_service(EchoServer::new(offered.clone()));
    let channels = [builder().build().unwrap(), builder().read_by_threads().build().unwrap()];
    let calls = channels.map(|channel| tokio::spawn(async move { client(channel).say(ask("hi")).await }));
    until("all are called back", || offered.running.load(Ordering::SeqCst) == 2).await;
    // A handler goes on for a moment once its call back has begun.
    until("all are kept", || kept.lock().unwrap().len() == 2).await;
    let kept = std::mem::take(&mut *kept.lock().unwrap());
    let callers: Vec<_> = kept.iter().map(|(call, _)| call.caller()).collect();
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    until("the handlers are dropped", || kept.iter().all(|(call, _)| call.is_over())).await;
    drop((kept, server));
    until("what was offered is dropped", || Arc::strong_count(&offered.running) == 1).await;
    until("what was served is dropped", || Arc::strong_count(&held) == 1).await;
    // These do not keep their connections.
    drop(callers);
}

#[tokio::test]
async fn no_descriptor_task_or_thread_is_left_behind() {
    use_everything().await;
    call_back().await;
    until("the threads end", || threads().is_empty()).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    until("the tasks end", || tasks() == 0).await;
    let before = descriptors();
    for _ in 0..5 {
        use_everything().await;
        call_back().await;
    }
    until("the threads end", || threads().is_empty()).await;
    until("the tasks end", || tasks() == 0).await;
    until("the descriptors are closed", || descriptors() <= before).await;
}
