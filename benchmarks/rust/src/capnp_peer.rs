//! Cap'n Proto RPC over a Unix socket: client and server have one thread each, as its objects never leave theirs.

use std::rc::Rc;
use std::time::Instant;

use capnp_rpc::rpc_twoparty_capnp::Side;
use capnp_rpc::{RpcSystem, new_client, twoparty};
use futures::io::{BufReader, BufWriter};
use tokio::net::{UnixListener, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, LocalSet, spawn_local};
use tokio_util::compat::{TokioAsyncReadCompatExt, TokioAsyncWriteCompatExt};

use crate::Failure;
use crate::echo_capnp::echo;
use crate::measured::Measured;
use crate::orders::{Client, Order, cannot, check};
use crate::pacing;

/// The calling side, and the thread that its connection lives in.
pub struct Capnp {
    runtime: Runtime,
    tasks: LocalSet,
    client: echo::Client,
}

impl Capnp {
    pub fn connect(address: &str) -> Result<Capnp, Failure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let tasks = LocalSet::new();
        let client = tasks.block_on(&runtime, async {
            let mut system =
                RpcSystem::new(network(UnixStream::connect(path(address)?).await?, Side::Client), None);
            let client = system.bootstrap(Side::Server);
            spawn_local(system);
            Ok::<echo::Client, Failure>(client)
        })?;
        Ok(Capnp { runtime, tasks, client })
    }

    fn one_after_the_other(&self, order: &Order) -> Result<Measured, Failure> {
        self.tasks
            .block_on(&self.runtime, calls(self.client.clone(), order.size, Instant::now() + order.time))
    }

    fn paced(&self, order: &Order) -> Result<Measured, Failure> {
        pacing::paced(order.time, || self.tasks.block_on(&self.runtime, call(&self.client, order.size)))
    }

    fn in_flight(&self, order: &Order, calls_at_once: usize) -> Result<Measured, Failure> {
        let end = Instant::now() + order.time;
        self.tasks.block_on(&self.runtime, async {
            let mut measured = Measured::new();
            let mut running = JoinSet::new();
            for _ in 0..calls_at_once {
                running.spawn_local(calls(self.client.clone(), order.size, end));
            }
            while let Some(one) = running.join_next().await {
                measured.join(&one??);
            }
            Ok(measured)
        })
    }
}

impl Client for Capnp {
    fn run(&mut self, order: &Order) -> Result<Measured, Failure> {
        match &*order.case {
            "unary" => self.one_after_the_other(order),
            "unary-paced" => self.paced(order),
            "unary-8" => self.in_flight(order, 8),
            "unary-64" => self.in_flight(order, 64),
            _ => Err(cannot(order)),
        }
    }
}

async fn calls(client: echo::Client, size: usize, end: Instant) -> Result<Measured, Failure> {
    let mut measured = Measured::new();
    let mut before = Instant::now();
    while before < end {
        call(&client, size).await?;
        let after = Instant::now();
        measured.record(after - before);
        before = after;
    }
    Ok(measured)
}

async fn call(client: &echo::Client, size: usize) -> Result<(), Failure> {
    let mut request = client.unary_request();
    request.get().init_body(u32::try_from(size)?).fill(1);
    let answer = request.send().promise.await?;
    check(answer.get()?.get_body()?.len(), size)
}

struct Service;

impl echo::Server for Service {
    async fn unary(
        self: Rc<Self>,
        params: echo::UnaryParams,
        mut results: echo::UnaryResults,
    ) -> Result<(), capnp::Error> {
        results.get().set_body(params.get()?.get_body()?);
        Ok(())
    }
}

/// The answering side, until the process is killed; says that it is ready when a client can connect.
pub fn serve(address: &str, ready: impl FnOnce() -> std::io::Result<()>) -> Result<(), Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let listener = UnixListener::bind(path(address)?)?;
        ready()?;
        let service: echo::Client = new_client(Service);
        loop {
            let socket = listener.accept().await?.0;
            spawn_local(RpcSystem::new(network(socket, Side::Server), Some(service.clone().client)));
        }
    })
}

fn path(address: &str) -> Result<&str, Failure> {
    Ok(address.strip_prefix("unix:").ok_or("Cap'n Proto is measured over unix: alone")?)
}

fn network(socket: UnixStream, side: Side) -> Box<twoparty::VatNetwork<impl futures::AsyncRead + Unpin>> {
    let (input, output) = socket.into_split();
    let (input, output) = (BufReader::new(input.compat()), BufWriter::new(output.compat_write()));
    // One message of the largest case, and what is around it.
    let mut options = capnp::message::ReaderOptions::new();
    options.traversal_limit_in_words(None);
    Box::new(twoparty::VatNetwork::new(input, output, side, options))
}
