//! What a unary call allocates, both sides together: it is counted, as it does not depend on the machine's load.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use samehost::blocking::Channel;
use tokio::runtime::Runtime;
use tonic::{Request, Response, Status};

use proto::echo_blocking_client::EchoBlockingClient;

const WARM_UP: u64 = 10_000;
const CALLS: u64 = 10_000;
const SIZE: usize = 64;

mod proto {
    #![allow(dead_code)]
    tonic::include_proto!("samehost.bench");
}

#[global_allocator]
static COUNTING: Counting = Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

/// The system's allocator, counted.
struct Counting;

// SAFETY: hands everything on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size() as u64, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

struct Service;

#[tonic::async_trait]
impl proto::echo_server::Echo for Service {
    async fn unary(&self, request: Request<proto::Payload>) -> Result<Response<proto::Payload>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    type StreamStream = tokio_stream::Empty<Result<proto::Payload, Status>>;

    async fn stream(&self, _: Request<proto::Wanted>) -> Result<Response<Self::StreamStream>, Status> {
        Ok(Response::new(tokio_stream::empty()))
    }
}

/// Makes calls over shared memory with both ends in this process, and prints what each allocates.
pub fn print() {
    let folder = std::env::temp_dir().join(format!("samehost-micro-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder");
    let address = format!("shm:{}/micro.sock", folder.display());
    let runtime = Runtime::new().expect("a runtime");
    let inside = runtime.enter();
    let service = proto::echo_server::EchoServer::new(Service);
    let server = samehost::Server::builder().add_service(service).bind(&address).expect("a server");
    drop(inside);

    let channel = Channel::builder(&address).build().expect("a channel");
    let threads = EchoBlockingClient::new(channel.clone());
    let request = proto::Payload { body: vec![1; SIZE] };
    let call = || {
        assert_eq!(threads.unary(&request).expect("an answer").message.body.len(), SIZE);
    };
    report("our client for threads", call);

    let mut client = runtime.block_on(async {
        proto::echo_client::EchoClient::new(samehost::Channel::for_address(&address).expect("a channel"))
    });
    report("our client for tasks", || {
        let answer = runtime.block_on(client.unary(request.clone())).expect("an answer");
        assert_eq!(answer.get_ref().body.len(), SIZE);
    });

    server.shutdown();
    drop((channel, threads, client));
    runtime.block_on(server.terminated()).expect("an end");
    std::fs::remove_dir_all(&folder).expect("the folder's end");
}

fn report(what: &str, mut call: impl FnMut()) {
    (0..WARM_UP).for_each(|_| call());
    let before = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
    (0..CALLS).for_each(|_| call());
    let allocations = (ALLOCATIONS.load(Ordering::Relaxed) - before.0) as f64 / CALLS as f64;
    let bytes = (BYTES.load(Ordering::Relaxed) - before.1) as f64 / CALLS as f64;
    println!("a call of {SIZE} bytes over shm by {what}: {allocations:.1} allocations, {bytes:.0} bytes");
}
