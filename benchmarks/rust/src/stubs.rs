//! Calls by clients that are futures: tonic's stock ones, and ours that take their place.

use std::future::Future;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tonic::transport::Channel;
use tonic::{Response, Status, Streaming};

use crate::Failure;
use crate::measured::Measured;
use crate::orders::{Client, Order, cannot, check, connections};
use crate::pacing;
use crate::proto::{Payload, Wanted, echo_client as ours};
use crate::stock::echo_client as stock;
use crate::threads::{THREADS, messages, touch};

/// What all these clients have alike.
pub trait Calls: Clone + Send + 'static {
    fn unary(&mut self, payload: Payload) -> impl Future<Output = Result<Response<Payload>, Status>> + Send;

    fn stream(
        &mut self,
        wanted: Wanted,
    ) -> impl Future<Output = Result<Response<Streaming<Payload>>, Status>> + Send;
}

macro_rules! calls {
    ($($client:ty),*) => {$(
        impl Calls for $client {
            async fn unary(&mut self, payload: Payload) -> Result<Response<Payload>, Status> {
                self.unary(payload).await
            }

            async fn stream(&mut self, wanted: Wanted) -> Result<Response<Streaming<Payload>>, Status> {
                self.stream(wanted).await
            }
        }
    )*};
}

calls!(ours::EchoClient<samehost::Channel>, stock::EchoClient<samehost::Channel>, stock::EchoClient<Channel>);

/// Who waits for one call at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// A runtime of one thread.
    Runtime,
    /// This thread, by `samehost::block_on`.
    Thread,
}

/// A client, and the runtime that its connection lives in.
struct Stub<C> {
    runtime: Runtime,
    client: C,
}

/// Calls from one thread and, where a case wants that, over a connection of their own from many.
pub struct Stubs<C> {
    connect: Box<dyn Fn() -> Result<C, Failure>>,
    waiting: Waiting,
    one: Stub<C>,
    many: Option<Stub<C>>,
    connected: Vec<C>,
}

impl<C: Calls> Stubs<C> {
    /// Makes a client when it is wanted, always inside the runtime that is to carry it.
    pub fn over(
        waiting: Waiting,
        connect: impl Fn() -> Result<C, Failure> + 'static,
    ) -> Result<Stubs<C>, Failure> {
        let one = stub(Builder::new_current_thread().enable_all().build()?, &connect)?;
        Ok(Stubs { connect: Box::new(connect), waiting, one, many: None, connected: Vec::new() })
    }

    fn one_after_the_other(&mut self, order: &Order) -> Result<Measured, Failure> {
        let Stub { runtime, client } = &self.one;
        wait(self.waiting, runtime, calls(client.clone(), order.size, Instant::now() + order.time))
    }

    fn paced(&mut self, order: &Order) -> Result<Measured, Failure> {
        let Stub { runtime, client } = &mut self.one;
        pacing::paced(order.time, || wait(self.waiting, runtime, call(client, order.size)))
    }

    /// So many calls in flight, from the one thread or from as many as there are processors.
    fn in_flight(
        &mut self,
        order: &Order,
        calls_at_once: usize,
        from_many: bool,
    ) -> Result<Measured, Failure> {
        if from_many && self.many.is_none() {
            let runtime = Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
            self.many = Some(stub(runtime, &self.connect)?);
        }
        let Stub { runtime, client } = if from_many { self.many.as_ref() } else { None }.unwrap_or(&self.one);
        let end = Instant::now() + order.time;
        runtime.block_on(async {
            let mut measured = Measured::new();
            let mut running = JoinSet::new();
            for _ in 0..calls_at_once {
                running.spawn(calls(client.clone(), order.size, end));
            }
            while let Some(one) = running.join_next().await {
                measured.join(&one??);
            }
            Ok(measured)
        })
    }

    fn connections(&mut self, order: &Order) -> Result<Measured, Failure> {
        let (runtime, waiting) = (&self.one.runtime, self.waiting);
        let connect = || {
            let _inside = runtime.enter();
            (self.connect)()
        };
        connections(order, &mut self.connected, connect, |one, size| wait(waiting, runtime, call(one, size)))
    }

    /// A message is a call here, and its time that since the message before.
    fn streams(&mut self, order: &Order) -> Result<Measured, Failure> {
        let Stub { runtime, client } = &mut self.one;
        let wanted = Wanted { size: i32::try_from(order.size)?, messages: messages(order.size) };
        let mut measured = Measured::new();
        let mut before = Instant::now();
        let end = before + order.time;
        wait(self.waiting, runtime, async {
            while before < end {
                let mut answers = client.stream(wanted).await?.into_inner();
                while let Some(message) = answers.message().await? {
                    check(message.body.len(), order.size)?;
                    touch(&message.body);
                    let after = Instant::now();
                    measured.record(after - before);
                    before = after;
                }
            }
            Ok(measured)
        })
    }
}

impl<C: Calls> Client for Stubs<C> {
    fn run(&mut self, order: &Order) -> Result<Measured, Failure> {
        match &*order.case {
            "unary" => self.one_after_the_other(order),
            "unary-paced" => self.paced(order),
            "unary-8" => self.in_flight(order, 8, false),
            "unary-64" => self.in_flight(order, 64, false),
            "unary-8-threads" => self.in_flight(order, 8, true),
            "unary-64-threads" => self.in_flight(order, 64, true),
            "connect" => self.connections(order),
            "stream" => self.streams(order),
            _ => Err(cannot(order)),
        }
    }
}

fn stub<C>(runtime: Runtime, connect: &dyn Fn() -> Result<C, Failure>) -> Result<Stub<C>, Failure> {
    let inside = runtime.enter();
    let client = connect()?;
    drop(inside);
    Ok(Stub { runtime, client })
}

fn wait<F: Future>(waiting: Waiting, runtime: &Runtime, future: F) -> F::Output {
    match waiting {
        Waiting::Runtime => runtime.block_on(future),
        Waiting::Thread => samehost::block_on(future),
    }
}

async fn call(client: &mut impl Calls, size: usize) -> Result<(), Failure> {
    let answer = client.unary(Payload { body: vec![1; size] }).await?;
    check(answer.get_ref().body.len(), size)
}

async fn calls(mut client: impl Calls, size: usize, end: Instant) -> Result<Measured, Failure> {
    let mut measured = Measured::new();
    let mut before = Instant::now();
    while before < end {
        call(&mut client, size).await?;
        let after = Instant::now();
        measured.record(after - before);
        before = after;
    }
    Ok(measured)
}
