//! What the tests share: a service that does what it is told, a server and a channel on one address.
#![allow(dead_code)] // each test program uses its part

pub mod process;
pub mod recording;

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use samehost::{Channel, Registry, Server, ServerBuilder};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::{Echo, EchoServer};
use samehost_test_stubs::{Answer, Ask, Order};
use samehost_transport_testkit::PairTransport;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

/// Generous: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(30);

pub type Answers = Pin<Box<dyn Stream<Item = Result<Answer, Status>> + Send>>;

/// A service that does what it is told, and counts the handlers that run.
#[derive(Clone, Default)]
pub struct Obedient {
    pub running: Arc<AtomicUsize>,
    /// How many handlers there have been.
    pub seen: Arc<AtomicUsize>,
    /// How many streams of requests broke off, and how many came to their end.
    pub broken_off: Arc<AtomicUsize>,
    pub whole: Arc<AtomicUsize>,
    /// Where handlers keep their threads.
    pub gate: Arc<Gate>,
}

/// Closed until it is opened for good.
#[derive(Default)]
pub struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        drop(self.opened.wait_while(self.is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
    }
}

/// Counts a handler for as long as its future lives.
pub struct Running(Arc<AtomicUsize>);

impl Running {
    fn of(service: &Obedient) -> Running {
        service.seen.fetch_add(1, Ordering::SeqCst);
        service.running.fetch_add(1, Ordering::SeqCst);
        Running(service.running.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn obey(ask: &Ask) -> Result<(), Status> {
    let Some(order) = &ask.order else { return Ok(()) };
    match order.wait_millis {
        0 => {}
        u32::MAX => std::future::pending::<()>().await,
        millis => tokio::time::sleep(Duration::from_millis(millis.into())).await,
    }
    if order.abort {
        std::process::abort();
    }
    assert!(!order.panic, "the secret of the handler");
    match order.code {
        0 => Ok(()),
        code => Err(Status::new(tonic::Code::from_i32(code as i32), &*order.text)),
    }
}

#[tonic::async_trait]
impl Echo for Obedient {
    async fn say(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let _running = Running::of(self);
        tracing::info!("a handler runs");
        let (metadata, _, ask) = request.into_parts();
        if ask.order.as_ref().is_some_and(|order| order.block) {
            self.gate.pass();
        }
        obey(&ask).await?;
        let mut response = Response::new(Answer { data: ask.data, count: 1 });
        // What begins with "x-" comes back in the headers.
        for pair in metadata.iter() {
            match pair {
                tonic::metadata::KeyAndValueRef::Ascii(key, value) if key.as_str().starts_with("x-") => {
                    response.metadata_mut().append(key.clone(), value.clone());
                }
                tonic::metadata::KeyAndValueRef::Binary(key, value) if key.as_str().starts_with("x-") => {
                    response.metadata_mut().append_bin(key.clone(), value.clone());
                }
                _ => {}
            }
        }
        if let Some(timeout) = metadata.get("grpc-timeout") {
            response.metadata_mut().insert("seen-timeout", timeout.clone());
        }
        Ok(response)
    }

    async fn collect(&self, request: Request<Streaming<Ask>>) -> Result<Response<Answer>, Status> {
        let _running = Running::of(self);
        tracing::info!("a handler runs");
        let mut asks = request.into_inner();
        let service = self.clone();
        // A task of its own goes on where the handler is dropped.
        let reading = tokio::spawn(async move {
            let (mut bytes, mut count) = (0, 0);
            loop {
                match asks.message().await {
                    Ok(Some(ask)) => {
                        obey(&ask).await?;
                        count += 1;
                        bytes += ask.data.len() as u64;
                    }
                    Ok(None) => {
                        service.whole.fetch_add(1, Ordering::SeqCst);
                        return Ok(Answer { data: bytes.to_le_bytes().to_vec(), count });
                    }
                    Err(status) => {
                        service.broken_off.fetch_add(1, Ordering::SeqCst);
                        return Err(status);
                    }
                }
            }
        });
        reading.await.expect("the task ends").map(Response::new)
    }

    type RepeatStream = Answers;

    async fn repeat(&self, request: Request<Ask>) -> Result<Response<Answers>, Status> {
        let running = Running::of(self);
        let ask = request.into_inner();
        obey(&ask).await?;
        let order = ask.order.unwrap_or_default();
        let data = if order.bytes == 0 { ask.data } else { vec![7; order.bytes as usize] };
        let answers = tokio_stream::iter(1..=u64::from(order.count)).map(move |count| {
            let _ = &running;
            Ok(Answer { data: data.clone(), count })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    type ChatStream = Answers;

    async fn chat(&self, request: Request<Streaming<Ask>>) -> Result<Response<Answers>, Status> {
        let running = Running::of(self);
        let answers = request.into_inner().then(move |ask| {
            let _ = &running;
            async move {
                let ask = ask?;
                obey(&ask).await?;
                Ok(Answer { data: ask.data, count: 1 })
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }
}

/// A server and how to reach it.
pub struct Pair {
    pub registry: Registry,
    pub address: String,
    pub server: Server,
    pub service: Obedient,
    folder: Option<tempfile::TempDir>,
}

/// Where a test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Pair,
    Unix,
}

impl Pair {
    /// An obedient service over a transport.
    pub fn serve(over: Over) -> Pair {
        Pair::configured(over, |builder| builder)
    }

    pub fn configured(over: Over, configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Pair {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let registry =
            Registry::new().with(PairTransport::new()).with(samehost_transport_unix::UnixTransport::new());
        let address = match over {
            Over::Pair => "test-pair:here".to_owned(),
            Over::Unix => format!("unix:{}", folder.path().join("s").display()),
        };
        let service = Obedient::default();
        let limit = 64 << 20;
        let echo = EchoServer::new(service.clone()).max_decoding_message_size(limit);
        let builder = Server::builder().registry(registry.clone()).add_service(echo);
        let server = configure(builder).bind(&address).expect("a server");
        Pair { registry, address, server, service, folder: Some(folder) }
    }

    pub fn channel(&self) -> Channel {
        Channel::builder(&*self.address).registry(self.registry.clone()).build().expect("a channel")
    }

    pub fn client(&self) -> EchoClient<Channel> {
        client(self.channel())
    }

    /// Waits until no handler runs.
    pub async fn idle(&self) {
        until("the handlers are dropped", || self.service.running.load(Ordering::SeqCst) == 0).await;
    }
}

pub fn client(channel: Channel) -> EchoClient<Channel> {
    EchoClient::new(channel).max_decoding_message_size(64 << 20)
}

/// Waits until something holds that nothing tells of.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Fails where something does not come to its end.
pub async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.expect("it ends in time")
}

pub fn ask(data: impl Into<Vec<u8>>) -> Ask {
    Ask { data: data.into(), order: None }
}

pub fn order(order: Order) -> Ask {
    Ask { data: b"data".to_vec(), order: Some(order) }
}
