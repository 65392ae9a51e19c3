//! A server and a client of tonic that serve each other, and do what they are told.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use samehost::{Channel, Peer, Server};
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::{Echo, EchoServer};
use samehost_test_stubs::{Answer, Ask};
use tempfile::TempDir;
use tokio::sync::Semaphore;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming};

type Answers = Pin<Box<dyn Stream<Item = Result<Answer, Status>> + Send>>;

/// What either side serves: `Say` does what the first word of its request says.
#[derive(Clone)]
pub struct Word {
    pub running: Arc<AtomicUsize>,
    /// How many handlers that are held may go on.
    pub releases: Arc<Semaphore>,
    /// The channel of the caller that was told to be kept.
    pub kept: Arc<Mutex<Option<Channel>>>,
}

impl Default for Word {
    fn default() -> Word {
        Word { running: Arc::default(), releases: Arc::new(Semaphore::new(0)), kept: Arc::default() }
    }
}

/// Counts a handler for as long as its future lives.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub fn ask(text: impl Into<Vec<u8>>) -> Ask {
    Ask { data: text.into(), order: None }
}

/// The answer's text.
pub async fn say(channel: &Channel, text: impl Into<Vec<u8>>) -> Result<String, Status> {
    let answer = EchoClient::new(channel.clone()).say(ask(text)).await?;
    Ok(String::from_utf8(answer.into_inner().data).unwrap())
}

/// All four kinds of calls, with a count of what came back.
async fn all_kinds(channel: Channel) -> Result<usize, Status> {
    let mut client = EchoClient::new(channel).max_decoding_message_size(64 << 20);
    let mut came = client.say(ask("echo once")).await?.into_inner().data.len();
    let asks = || tokio_stream::iter((0..20).map(|_| ask(vec![b'7'; 100_000])));
    came += client.collect(asks()).await?.into_inner().count as usize;
    let mut answers = client.repeat(ask("again")).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        came += answer.count as usize;
    }
    let mut answers = client.chat(asks()).await?.into_inner();
    while let Some(answer) = answers.message().await? {
        came += answer.data.len();
    }
    Ok(came)
}

impl Word {
    pub fn is_running(&self, handlers: usize) -> bool {
        self.running.load(Ordering::SeqCst) == handlers
    }

    pub fn kept(&self) -> Channel {
        self.kept.lock().unwrap().clone().unwrap()
    }

    fn runs(&self) -> Running {
        self.running.fetch_add(1, Ordering::SeqCst);
        Running(self.running.clone())
    }

    async fn obey(&self, caller: Option<Channel>, peer: Option<Peer>, text: &str) -> Result<String, Status> {
        let caller = caller.ok_or_else(|| Status::failed_precondition("nobody calls"))?;
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        Ok(match word {
            "echo" => rest.to_owned(),
            "pid" => format!("{:?}", peer.and_then(|peer| peer.process_id)),
            "back" => say(&caller, rest).await?,
            // On this very thread, which waits meanwhile.
            "wait" => samehost::block_on(say(&caller, rest))?,
            // The same on a thread of a runtime, whose other tasks move to another one.
            "block" => tokio::task::block_in_place(|| samehost::block_on(say(&caller, rest)))?,
            "nest" => match rest.parse::<u32>().unwrap() {
                0 => "down".to_owned(),
                depth => format!("{depth} {}", Box::pin(say(&caller, format!("nest {}", depth - 1))).await?),
            },
            "kinds" => all_kinds(caller).await?.to_string(),
            "keep" => {
                *self.kept.lock().unwrap() = Some(caller);
                "kept".to_owned()
            }
            "hold" => {
                self.releases.acquire().await.unwrap().forget();
                "released".to_owned()
            }
            "long" => "x".repeat(rest.parse().unwrap()),
            "never" => std::future::pending().await,
            _ => return Err(Status::unimplemented(word)),
        })
    }
}

#[tonic::async_trait]
impl Echo for Word {
    async fn say(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let _running = self.runs();
        let (caller, peer) = (samehost::caller(&request), request.extensions().get::<Peer>().cloned());
        let text = String::from_utf8(request.into_inner().data).unwrap();
        let data = self.obey(caller, peer, &text).await?.into_bytes();
        Ok(Response::new(Answer { data, count: 1 }))
    }

    async fn collect(&self, request: Request<Streaming<Ask>>) -> Result<Response<Answer>, Status> {
        let (mut asks, mut count) = (request.into_inner(), 0);
        while asks.message().await?.is_some() {
            count += 1;
        }
        Ok(Response::new(Answer { data: Vec::new(), count }))
    }

    type RepeatStream = Answers;

    async fn repeat(&self, request: Request<Ask>) -> Result<Response<Answers>, Status> {
        let data = request.into_inner().data;
        let answers = (0..10).map(move |_| Ok(Answer { data: data.clone(), count: 1 }));
        Ok(Response::new(Box::pin(tokio_stream::iter(answers))))
    }

    type ChatStream = Answers;

    async fn chat(&self, request: Request<Streaming<Ask>>) -> Result<Response<Answers>, Status> {
        let answers = request.into_inner().map(|ask| Ok(Answer { data: ask?.data, count: 1 }));
        Ok(Response::new(Box::pin(answers)))
    }
}

/// A server and a client that serve each other.
pub struct Echoes {
    pub server: Server,
    pub serving: Word,
    pub channel: Channel,
    pub calling: Word,
    pub address: String,
    _folder: TempDir,
}

impl Echoes {
    pub fn new() -> Echoes {
        Echoes::over("unix", |builder| builder)
    }

    pub fn over(
        scheme: &str,
        configure: impl FnOnce(samehost::ChannelBuilder) -> samehost::ChannelBuilder,
    ) -> Echoes {
        let (folder, serving, calling) = (tempfile::tempdir().unwrap(), Word::default(), Word::default());
        let address = format!("{scheme}:{}/s", folder.path().display());
        let server = serve(&serving, &address);
        let builder = Channel::builder(&*address).backoff(Duration::from_millis(5), Duration::from_secs(1));
        let channel = configure(builder.add_service(EchoServer::new(calling.clone()))).build().unwrap();
        Echoes { server, serving, channel, calling, address, _folder: folder }
    }

    /// The channel of the client, as a handler of the server has it.
    pub async fn kept(&self) -> Channel {
        assert_eq!(say(&self.channel, "keep").await.unwrap(), "kept");
        self.serving.kept()
    }
}

pub fn serve(word: &Word, address: &str) -> Server {
    let echo = EchoServer::new(word.clone());
    Server::builder().max_inbound_message_size(10 << 20).add_service(echo).bind(address).unwrap()
}
