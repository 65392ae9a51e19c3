//! Both ends of a connection are told how long they may look before they sleep.
#![cfg(feature = "tonic")] // the server is of that surface

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Obedient, ask, soon};
use samehost::transport::{
    Acceptor, Address, Connector, Descriptors, FirstBytes, Interest, Link, LinkError, Listener, Options,
    Peer, Read, Transport,
};
use samehost::{Channel, Code, Registry, Server, blocking, raw};
use samehost_test_stubs::Answer;
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use samehost_transport_testkit::PairTransport;

type Told = Arc<Notes>;

/// What links are told and asked for.
#[derive(Default)]
struct Notes {
    limits: Mutex<Vec<Duration>>,
    looks: AtomicUsize,
}

/// Links inside this process that note what they are told.
struct Noting {
    links: PairTransport,
    told: Told,
}

struct NotingEnd<E> {
    end: E,
    told: Told,
}

struct NotingLink {
    link: Arc<dyn Link>,
    told: Told,
}

impl Transport for Noting {
    fn scheme(&self) -> &'static str {
        self.links.scheme()
    }

    fn connector(&self, address: &Address, options: &Options) -> Result<Box<dyn Connector>, LinkError> {
        let end = self.links.connector(address, options)?;
        Ok(Box::new(NotingEnd { end, told: self.told.clone() }))
    }

    fn listener(&self, address: &Address, options: &Options) -> Result<Box<dyn Listener>, LinkError> {
        let end = self.links.listener(address, options)?;
        Ok(Box::new(NotingEnd { end, told: self.told.clone() }))
    }
}

impl Connector for NotingEnd<Box<dyn Connector>> {
    fn connect(&self, timeout: Duration) -> Result<Arc<dyn Link>, LinkError> {
        Ok(Arc::new(NotingLink { link: self.end.connect(timeout)?, told: self.told.clone() }))
    }

    fn hello_timeout(&self) -> Duration {
        self.end.hello_timeout()
    }

    fn close(&self) {
        self.end.close();
    }
}

impl Listener for NotingEnd<Box<dyn Listener>> {
    fn start(&self, end: Arc<dyn Acceptor>) -> Result<(), LinkError> {
        self.end.start(Arc::new(NotingEnd { end, told: self.told.clone() }))
    }

    fn address(&self) -> String {
        self.end.address()
    }

    fn close(&self) {
        self.end.close();
    }
}

impl Acceptor for NotingEnd<Arc<dyn Acceptor>> {
    fn judge(&self, bytes: &[u8]) -> FirstBytes {
        self.end.judge(bytes)
    }

    fn accepted(&self, link: Arc<dyn Link>, first: &[u8]) {
        self.end.accepted(Arc::new(NotingLink { link, told: self.told.clone() }), first);
    }

    fn refused(&self, why: LinkError) {
        self.end.refused(why);
    }

    fn farewell(&self, why: &LinkError) -> Vec<u8> {
        self.end.farewell(why)
    }

    fn ended(&self, why: LinkError) {
        self.end.ended(why);
    }
}

impl Link for NotingLink {
    fn read(&self, buffer: &mut [u8]) -> Result<Read, LinkError> {
        self.link.read(buffer)
    }

    fn write(&self, bytes: &[u8]) -> Result<usize, LinkError> {
        self.link.write(bytes)
    }

    fn wait(&self, interest: Interest, timeout: Option<Duration>) -> Result<Interest, LinkError> {
        self.link.wait(interest, timeout)
    }

    fn wake(&self) {
        self.link.wake();
    }

    fn descriptors(&self) -> Descriptors<'_> {
        self.link.descriptors()
    }

    fn peer(&self) -> &Peer {
        self.link.peer()
    }

    fn limit_spin(&self, limit: Duration) {
        self.told.limits.lock().unwrap().push(limit);
        self.link.limit_spin(limit);
    }

    fn look(&self) -> bool {
        self.told.looks.fetch_add(1, Ordering::SeqCst);
        self.link.look()
    }

    fn can_look(&self) -> bool {
        true
    }
}

/// What the links of these two ends were told, each in its order; both make one connection.
struct Ends {
    links: PairTransport,
    server: Told,
    client: Told,
}

const ADDRESS: &str = "test-pair:here";
const SERVERS: Duration = Duration::from_micros(7);
const CLIENTS: Duration = Duration::from_micros(9);

impl Ends {
    fn new() -> Ends {
        Ends { links: PairTransport::new(), server: Told::default(), client: Told::default() }
    }

    fn registry(&self, told: &Told) -> Registry {
        Registry::new().with(Noting { links: self.links.clone(), told: told.clone() })
    }

    fn told(&self) -> (Vec<Duration>, Vec<Duration>) {
        (self.server.limits.lock().unwrap().clone(), self.client.limits.lock().unwrap().clone())
    }

    /// How often a client of tasks has looked after calls, at most so many, and after a while without one.
    async fn looks(&self, calls: u32) -> (usize, usize) {
        let _server = Server::builder()
            .add_service(EchoServer::new(Obedient::default()))
            .registry(self.registry(&self.server))
            .bind(ADDRESS)
            .unwrap();
        let channel = Channel::builder(ADDRESS).registry(self.registry(&self.client)).build().unwrap();
        let looks = || self.client.looks.load(Ordering::SeqCst);
        for _ in 0..calls {
            soon(EchoClient::new(channel.clone()).say(ask("hi"))).await.unwrap();
            if looks() > 0 {
                break;
            }
        }
        let before = looks();
        tokio::time::sleep(Duration::from_millis(50)).await;
        (before, looks())
    }
}

#[tokio::test]
async fn a_runtime_of_one_thread_looks_while_a_call_waits_and_no_longer() {
    let (calling, idle) = Ends::new().looks(10_000).await;
    assert!(calling > 0);
    assert_eq!(calling, idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runtime_of_several_threads_does_not() {
    assert_eq!(Ends::new().looks(100).await, (0, 0));
}

#[tokio::test]
async fn a_client_of_tasks_and_its_server_are() {
    let ends = Ends::new();
    let _server = Server::builder()
        .add_service(EchoServer::new(Obedient::default()))
        .registry(ends.registry(&ends.server))
        .spin_limit(SERVERS)
        .bind(ADDRESS)
        .unwrap();
    let channel = Channel::builder(ADDRESS).registry(ends.registry(&ends.client)).spin_limit(CLIENTS);
    soon(EchoClient::new(channel.build().unwrap()).say(ask("hi"))).await.unwrap();
    assert_eq!(ends.told(), (vec![SERVERS], vec![CLIENTS]));
}

#[tokio::test]
async fn those_who_say_nothing_leave_it_to_the_link() {
    let ends = Ends::new();
    let _server = Server::builder()
        .add_service(EchoServer::new(Obedient::default()))
        .registry(ends.registry(&ends.server))
        .bind(ADDRESS)
        .unwrap();
    let channel = Channel::builder(ADDRESS).registry(ends.registry(&ends.client));
    soon(EchoClient::new(channel.build().unwrap()).say(ask("hi"))).await.unwrap();
    assert_eq!(ends.told(), (vec![], vec![]));
}

#[test]
fn clients_of_threads_and_a_server_of_bytes_are() {
    let ends = Ends::new();
    let server = raw::ServerBuilder::default()
        .registry(ends.registry(&ends.server))
        .spin_limit(SERVERS)
        .serve_on_threads(true, Arc::new(|run| run()), |call| {
            call.fail(Code::Unimplemented, "there is nothing here");
        });
    server.listen(ADDRESS).unwrap();
    server.start();

    let channel = blocking::Channel::builder(ADDRESS).registry(ends.registry(&ends.client));
    let channel = channel.spin_limit(CLIENTS).build().unwrap();
    let options = blocking::CallOptions::default();
    let outcome = channel.unary::<_, Answer>("a.B/C", &ask("hi"), &options);
    assert_eq!(outcome.unwrap_err().code(), Code::Unimplemented);
    assert_eq!(ends.told(), (vec![SERVERS], vec![CLIENTS]));

    let channel = raw::Channel::builder(ADDRESS).registry(ends.registry(&ends.client));
    let channel = channel.spin_limit(CLIENTS).build().unwrap();
    let outcome =
        channel.unary("/a.B/C", raw::CallOptions::default(), "hi".into(), raw::Patience::endless()).unwrap();
    assert_eq!(outcome.status.code(), Code::Unimplemented);
    assert_eq!(ends.told(), (vec![SERVERS; 2], vec![CLIENTS; 2]));
}
