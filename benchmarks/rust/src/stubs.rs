//! Calls by tonic's stock stubs, over whichever channel.

use std::time::Instant;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::{Body as HttpBody, Bytes, StdError};

use crate::Failure;
use crate::measured::Measured;
use crate::orders::{Client, Order, cannot, check, connections};
use crate::pacing;
use crate::proto::echo_client::EchoClient;
use crate::proto::{Payload, Wanted};
use crate::threads::{THREADS, messages, touch};

/// A client, and the runtime that its connection lives in.
struct Stub<T> {
    runtime: Runtime,
    client: EchoClient<T>,
}

/// Calls from one thread and, where a case wants that, over a connection of their own from many.
pub struct Stubs<T> {
    channel: Box<dyn Fn() -> Result<T, Failure>>,
    one: Stub<T>,
    many: Option<Stub<T>>,
    connected: Vec<EchoClient<T>>,
}

impl<T> Stubs<T>
where
    T: GrpcService<Body> + Clone + Send + 'static,
    T::Error: Into<StdError>,
    T::Future: Send,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    /// Makes a channel when it is wanted, always inside the runtime that is to carry it.
    pub fn over(channel: impl Fn() -> Result<T, Failure> + 'static) -> Result<Stubs<T>, Failure> {
        let one = stub(Builder::new_current_thread().enable_all().build()?, &channel)?;
        Ok(Stubs { channel: Box::new(channel), one, many: None, connected: Vec::new() })
    }

    fn one_after_the_other(&mut self, order: &Order) -> Result<Measured, Failure> {
        let Stub { runtime, client } = &mut self.one;
        runtime.block_on(calls(client.clone(), order.size, Instant::now() + order.time))
    }

    fn paced(&mut self, order: &Order) -> Result<Measured, Failure> {
        let Stub { runtime, client } = &mut self.one;
        pacing::paced(order.time, || runtime.block_on(call(client, order.size)))
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
            self.many = Some(stub(runtime, &self.channel)?);
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
        let runtime = &self.one.runtime;
        let connect = || {
            let _inside = runtime.enter();
            Ok(EchoClient::new((self.channel)()?))
        };
        connections(order, &mut self.connected, connect, |one, size| runtime.block_on(call(one, size)))
    }

    /// A message is a call here, and its time that since the message before.
    fn streams(&mut self, order: &Order) -> Result<Measured, Failure> {
        let Stub { runtime, client } = &mut self.one;
        let wanted = Wanted { size: i32::try_from(order.size)?, messages: messages(order.size) };
        let mut measured = Measured::new();
        let mut before = Instant::now();
        let end = before + order.time;
        runtime.block_on(async {
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

impl<T> Client for Stubs<T>
where
    T: GrpcService<Body> + Clone + Send + 'static,
    T::Error: Into<StdError>,
    T::Future: Send,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
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

fn stub<T>(runtime: Runtime, channel: &dyn Fn() -> Result<T, Failure>) -> Result<Stub<T>, Failure>
where
    T: GrpcService<Body>,
    T::Error: Into<StdError>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    let inside = runtime.enter();
    let client = EchoClient::new(channel()?).max_decoding_message_size(usize::MAX);
    drop(inside);
    Ok(Stub { runtime, client })
}

async fn call<T>(client: &mut EchoClient<T>, size: usize) -> Result<(), Failure>
where
    T: GrpcService<Body>,
    T::Error: Into<StdError>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
    let answer = client.unary(Payload { body: vec![1; size] }).await?;
    check(answer.get_ref().body.len(), size)
}

async fn calls<T>(mut client: EchoClient<T>, size: usize, end: Instant) -> Result<Measured, Failure>
where
    T: GrpcService<Body>,
    T::Error: Into<StdError>,
    T::ResponseBody: HttpBody<Data = Bytes> + Send + 'static,
    <T::ResponseBody as HttpBody>::Error: Into<StdError> + Send,
{
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
