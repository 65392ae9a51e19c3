//! The generated stubs, served and called: by tasks and by threads, by the short way and by tonic's.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::Body as _;
use samehost::blocking::{self, CallOptions};
use samehost::{Channel, Server};
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Response, Status, Streaming};

#[allow(missing_docs, clippy::all)]
mod greeter {
    include!("golden/greeter.rs.golden");
}

use greeter::greeter_blocking_client::GreeterBlockingClient;
use greeter::greeter_client::GreeterClient;
use greeter::greeter_server::{Greeter, GreeterServer};
use greeter::{HelloReply, HelloRequest};

type Replies = Pin<Box<dyn Stream<Item = Result<HelloReply, Status>> + Send>>;

/// Greets by name; some names are something special. It keeps who it has seen go unanswered.
#[derive(Clone, Default)]
struct Greetings {
    dropped: Arc<Mutex<Vec<String>>>,
}

struct Unanswered(Greetings, String);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.dropped.lock().unwrap().push(self.1.clone());
    }
}

fn reply(name: &str) -> HelloReply {
    HelloReply { text: format!("Hello, {name}") }
}

#[tonic::async_trait]
impl Greeter for Greetings {
    async fn hello(&self, request: Request<HelloRequest>) -> Result<Response<HelloReply>, Status> {
        let caller = samehost::caller(&request).expect("each call has a caller");
        let (metadata, mut extensions, HelloRequest { name }) = request.into_parts();
        match &*name {
            "back" => return GreeterClient::new(caller).hello(ask("caller")).await,
            "nobody" => {
                let mut status = Status::not_found("there is nobody");
                status.metadata_mut().insert("searched", MetadataValue::from_static("everywhere"));
                return Err(status);
            }
            "keys" => {
                let keys: Vec<_> = metadata.as_ref().keys().map(|key| key.as_str()).collect();
                return Ok(Response::new(reply(&keys.join(" "))));
            }
            "caller" => {
                // It takes the peer away: from itself alone.
                let peer = extensions.remove::<samehost::Peer>().expect("each call has the peer");
                return Ok(Response::new(reply(&peer.process_id.unwrap_or_default().to_string())));
            }
            "later" => tokio::time::sleep(Duration::from_millis(20)).await,
            name if name.starts_with("never") => {
                let _unanswered = Unanswered(self.clone(), name.to_owned());
                std::future::pending::<()>().await;
            }
            "panic" => panic!("on purpose"),
            _ => {}
        }
        let mut response = Response::new(reply(&name));
        for key in ["mood", "mark-bin"] {
            if let Some(value) = metadata.as_ref().get(key) {
                response.metadata_mut().as_mut().insert(key, value.clone());
            }
        }
        Ok(response)
    }

    type HelloAgainStream = Replies;

    async fn hello_again(&self, request: Request<HelloRequest>) -> Result<Response<Replies>, Status> {
        let name = request.into_inner().name;
        Ok(Response::new(Box::pin(tokio_stream::iter((0..3).map(move |_| Ok(reply(&name)))))))
    }

    async fn hello_all(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<HelloReply>, Status> {
        let names: Vec<_> = request.into_inner().map(|ask| ask.unwrap().name).collect().await;
        Ok(Response::new(reply(&names.join(" and "))))
    }

    type HelloEachStream = Replies;

    async fn hello_each(
        &self,
        request: Request<Streaming<HelloRequest>>,
    ) -> Result<Response<Replies>, Status> {
        Ok(Response::new(Box::pin(request.into_inner().map(|ask| Ok(reply(&ask?.name))))))
    }
}

/// Looks at each response: whether its body had nothing in it.
#[derive(Clone)]
struct Watched<S> {
    inner: S,
    empty: Arc<Mutex<Vec<bool>>>,
}

impl<S> tower_service::Service<http::Request<Body>> for Watched<S>
where
    S: tower_service::Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let (answering, empty) = (self.inner.call(request), self.empty.clone());
        Box::pin(async move {
            let response = answering.await?;
            empty.lock().unwrap().push(response.body().is_end_stream());
            Ok(response)
        })
    }
}

impl<S: tonic::server::NamedService> tonic::server::NamedService for Watched<S> {
    const NAME: &'static str = S::NAME;
}

/// One server of each kind: behind a layer, and alone.
struct Served {
    address: String,
    alone: String,
    empty: Arc<Mutex<Vec<bool>>>,
    greetings: Greetings,
    _servers: [Server; 2],
    _folder: tempfile::TempDir,
}

fn served(change: impl FnOnce(GreeterServer<Greetings>) -> GreeterServer<Greetings>) -> Served {
    let folder = tempfile::tempdir().unwrap();
    let address = |name: &str| format!("shm:{}", folder.path().join(name).display());
    let (address, alone) = (address("greeter.sock"), address("alone.sock"));
    let (greetings, empty) = (Greetings::default(), Arc::default());
    let inner = change(GreeterServer::new(greetings.clone()));
    let watched = Watched { inner: inner.clone(), empty: Arc::clone(&empty) };
    let servers = [
        Server::builder().add_service(watched).bind(&address).unwrap(),
        Server::builder().add_service(inner).bind(&alone).unwrap(),
    ];
    Served { address, alone, empty, greetings, _servers: servers, _folder: folder }
}

impl Served {
    /// The address of the same server over its socket alone.
    fn unix(&self) -> String {
        self.address.replacen("shm:", "unix:", 1)
    }

    fn client(&self) -> GreeterClient<Channel> {
        GreeterClient::new(Channel::for_address(&self.address).unwrap())
    }

    /// Clients of both servers.
    fn clients(&self) -> [GreeterClient<Channel>; 2] {
        [self.client(), GreeterClient::new(Channel::for_address(&self.alone).unwrap())]
    }
}

fn ask(name: &str) -> HelloRequest {
    HelloRequest { name: name.to_owned() }
}

#[tokio::test]
async fn every_kind_of_call_is_answered() {
    let served = served(|server| server);
    for address in [served.address.clone(), served.unix()] {
        let mut client = GreeterClient::new(Channel::for_address(&address).unwrap());
        for name in ["Ada", "later", ""] {
            assert_eq!(client.hello(ask(name)).await.unwrap().into_inner(), reply(name));
        }
        let again: Vec<_> = client.hello_again(ask("Ada")).await.unwrap().into_inner().collect().await;
        assert_eq!(again.into_iter().map(Result::unwrap).collect::<Vec<_>>(), vec![reply("Ada"); 3]);
        let both = || tokio_stream::iter(["Ada", "Bob"].map(ask));
        assert_eq!(client.hello_all(both()).await.unwrap().into_inner(), reply("Ada and Bob"));
        let each: Vec<_> = client.hello_each(both()).await.unwrap().into_inner().collect().await;
        assert_eq!(each.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [reply("Ada"), reply("Bob")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thread_makes_every_kind_of_call() {
    let served = served(|server| server);
    let address = served.address.clone();
    let calls = move || {
        let channel = blocking::Channel::for_address(&address).unwrap();
        let client = GreeterBlockingClient::new(channel)
            .with_options(CallOptions::new().timeout(Duration::from_secs(60)));
        assert_eq!(client.hello(&ask("Ada")).unwrap().message, reply("Ada"));
        assert_eq!(client.hello(&ask("nobody")).unwrap_err().message(), "there is nobody");
        let mut again = client.hello_again(&ask("Ada"));
        for _ in 0..3 {
            assert_eq!(again.next().unwrap(), Some(reply("Ada")));
        }
        assert_eq!(again.next().unwrap(), None);
        let mut all = client.hello_all();
        for name in ["Ada", "Bob"] {
            all.send(&ask(name)).unwrap();
        }
        assert_eq!(all.finish().unwrap().message, reply("Ada and Bob"));
        let mut each = client.hello_each();
        for name in ["Ada", "Bob"] {
            each.send(&ask(name)).unwrap();
            assert_eq!(each.next().unwrap(), Some(reply(name)));
        }
    };
    tokio::task::spawn_blocking(calls).await.unwrap();
}

#[tokio::test]
async fn the_answers_of_unary_calls_go_round_the_body_and_those_of_others_do_not() {
    let served = served(|server| server);
    let mut client = served.client();
    client.hello(ask("Ada")).await.unwrap();
    drop(client.hello_again(ask("Ada")).await.unwrap());
    assert_eq!(*served.empty.lock().unwrap(), [true, false]);
}

#[tokio::test]
async fn a_handler_of_a_server_that_stands_alone_is_reached_without_a_request_of_http() {
    let served = served(|server| server);
    let [mut behind, mut alone] = served.clients();
    let keys = behind.hello(ask("keys")).await.unwrap().into_inner().text;
    assert!(keys.contains("content-type"), "{keys}");
    assert_eq!(alone.hello(ask("keys")).await.unwrap().into_inner(), reply(""));
}

#[tokio::test]
async fn a_handler_that_compresses_nothing_is_not_told_what_its_caller_would_take_compressed() {
    let served = served(|server| server);
    let [_, mut alone] = served.clients();
    let mut request = Request::new(ask("keys"));
    for key in ["grpc-accept-encoding", "mine"] {
        request.metadata_mut().insert(key, MetadataValue::from_static("gzip"));
    }
    assert_eq!(alone.hello(request).await.unwrap().into_inner(), reply("mine"));
}

#[tokio::test]
async fn calls_that_are_compressed_go_the_way_of_tonic() {
    let gzip = CompressionEncoding::Gzip;
    let served = served(|server| server.accept_compressed(gzip).send_compressed(gzip));
    // A server that was told nothing of it says so, as with tonic.
    let strict = self::served(|server| server);
    for (client, strict) in served.clients().into_iter().zip(strict.clients()) {
        assert_eq!(client.clone().hello(ask("Ada")).await.unwrap().into_inner(), reply("Ada"));
        let mut client = client.send_compressed(gzip).accept_compressed(gzip);
        let response = client.hello(ask(&"Ada".repeat(1000))).await.unwrap();
        assert_eq!(response.metadata().get("grpc-encoding").unwrap(), "gzip");
        assert_eq!(response.into_inner(), reply(&"Ada".repeat(1000)));
        let refused = strict.send_compressed(gzip).hello(ask("Ada")).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unimplemented, "{refused}");
    }
    assert_eq!(*served.empty.lock().unwrap(), [false, false]);
}

#[tokio::test]
async fn a_request_that_comes_in_pieces_reaches_the_handler_whole() {
    let name = "Ada".repeat(100_000);
    for mut client in served(|server| server).clients() {
        assert_eq!(client.hello(ask(&name)).await.unwrap().into_inner(), reply(&name));
    }
}

#[tokio::test]
async fn metadata_goes_both_ways_and_comes_with_an_error_too() {
    for mut client in served(|server| server).clients() {
        let mut request = Request::new(ask("Ada"));
        request.metadata_mut().insert("mood", MetadataValue::from_static("good"));
        request.metadata_mut().insert_bin("mark-bin", MetadataValue::from_bytes(&[0, 255, 7]));
        let response = client.hello(request).await.unwrap();
        assert_eq!(response.metadata().get("mood").unwrap(), "good");
        let mark = response.metadata().get_bin("mark-bin").unwrap();
        assert_eq!(mark.to_bytes().unwrap().as_ref(), [0, 255, 7]);
        assert!(response.extensions().get::<samehost::Medium>().is_some());
        let status = client.hello(ask("nobody")).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::NotFound, "there is nobody"));
        assert_eq!(status.metadata().get("searched").unwrap(), "everywhere");
        assert_eq!(client.hello(ask("panic")).await.unwrap_err().code(), Code::Unknown);
    }
}

#[tokio::test]
async fn each_call_of_a_connection_has_the_peer_whatever_the_one_before_has_done_with_it() {
    let own = reply(&std::process::id().to_string());
    for mut client in served(|server| server).clients() {
        for _ in 0..3 {
            assert_eq!(client.hello(ask("caller")).await.unwrap().into_inner(), own);
        }
    }
}

#[tokio::test]
async fn a_handler_calls_its_caller_back_by_the_same_stubs() {
    let served = served(|server| server);
    for address in [&served.address, &served.alone] {
        let offered = GreeterServer::new(Greetings::default());
        let channel = Channel::builder(address).add_service(offered).build().unwrap();
        let told = GreeterClient::new(channel).hello(ask("back")).await.unwrap().into_inner();
        assert_eq!(told, reply(&std::process::id().to_string()));
    }
}

#[tokio::test]
async fn a_deadline_and_a_drop_end_the_call_on_both_sides() {
    let served = served(|server| server);
    for (number, mut client) in served.clients().into_iter().enumerate() {
        assert_eq!(client.hello(ask("later")).await.unwrap().into_inner(), reply("later"));
        for by_drop in [false, true] {
            let name = format!("never {number} {by_drop}");
            let mut time = Duration::from_millis(50);
            // A busy machine may need more time than that to reach the handler.
            while !served.greetings.dropped.lock().unwrap().contains(&name) {
                let mut request = Request::new(ask(&name));
                if by_drop {
                    assert!(tokio::time::timeout(time, client.hello(request)).await.is_err());
                } else {
                    request.set_timeout(time);
                    let status = client.hello(request).await.unwrap_err();
                    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
                }
                time *= 2;
            }
        }
    }
}

#[tokio::test]
async fn the_limits_that_the_stubs_were_given_hold() {
    let served = served(|server| server.max_decoding_message_size(1000).max_encoding_message_size(500));
    for mut client in served.clients() {
        for (size, which) in [(1001, "decoded"), (600, "encoded")] {
            let status = client.hello(ask(&"a".repeat(size))).await.unwrap_err();
            assert_eq!(status.code(), Code::OutOfRange, "{status}");
            assert!(status.message().contains(which), "{status}");
        }
    }
    let client = served.client();
    for client in [client.clone().max_encoding_message_size(10), client.max_decoding_message_size(10)] {
        let status = client.clone().hello(ask("somebody with a name")).await.unwrap_err();
        assert_eq!(status.code(), Code::OutOfRange, "{status}");
    }
}

#[tokio::test]
async fn interceptors_of_either_side_see_every_call() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("greeter.sock").display());
    let service = GreeterServer::with_interceptor(Greetings::default(), |request: Request<()>| match request
        .metadata()
        .get("mood")
    {
        Some(mood) if mood == "bad" => Err(Status::permission_denied("cheer up")),
        _ => Ok(request),
    });
    let _server = Server::builder().add_service(service).bind(&address).unwrap();
    let channel = Channel::for_address(&address).unwrap();
    let mut plain = GreeterClient::new(channel.clone());
    assert_eq!(plain.hello(ask("Ada")).await.unwrap().into_inner(), reply("Ada"));
    let mut moody = GreeterClient::with_interceptor(channel, |mut request: Request<()>| {
        request.metadata_mut().insert("mood", MetadataValue::from_static("bad"));
        Ok(request)
    });
    assert_eq!(moody.hello(ask("Ada")).await.unwrap_err().message(), "cheer up");
}
