//! Ports that are reached by TLS, and those that are not.

#![cfg(feature = "tls")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use samehost_transport_api::{Address, Connector, Fault, Link, LinkError, Listener, Options, Transport};
use samehost_transport_tcp::{ClientTls, ServerTls, TcpOptions, TcpTransport};
use samehost_transport_testkit::{Authority, RecordingAcceptor, read_to_end, write_all};

const LONG: Duration = Duration::from_secs(60);
/// Enough for one who agrees on TLS on a busy machine, and soon over for one who does not.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// A server, whose clients have this much time, and what makes clients trust it.
struct Served {
    listener: Box<dyn Listener>,
    acceptor: Arc<RecordingAcceptor>,
    authority: Authority,
}

fn served(hello_timeout: Duration, more: impl FnOnce(ServerTls, &Authority) -> ServerTls) -> Served {
    let authority = Authority::new();
    let own = authority.issue("server", &["127.0.0.1"]);
    let tls = more(ServerTls::new(own.chain, own.key), &authority);
    let options = Options::new().with(tls).with(TcpOptions { hello_timeout, ..TcpOptions::default() });
    let address: Address = "tcp:127.0.0.1:0".parse().unwrap();
    let listener = TcpTransport::new().listener(&address, &options).unwrap();
    let acceptor = RecordingAcceptor::new(b"first");
    listener.start(acceptor.clone()).unwrap();
    Served { listener, acceptor, authority }
}

fn patient() -> Served {
    served(LONG, |tls, _| tls)
}

impl Served {
    fn client(&self) -> ClientTls {
        ClientTls::new().ca_certificate(self.authority.pem())
    }

    fn connect(&self, tls: ClientTls) -> Result<Arc<dyn Link>, LinkError> {
        connector(&self.listener.address(), tls).connect(LONG)
    }

    fn visitor(&self) -> TcpStream {
        TcpStream::connect(self.listener.address().strip_prefix("tcp:").unwrap()).unwrap()
    }
}

fn connector(address: &str, tls: ClientTls) -> Box<dyn Connector> {
    TcpTransport::new().connector(&address.parse().unwrap(), &Options::new().with(tls)).unwrap()
}

/// One who takes connections and answers each with these bytes; and then it hangs up, or never does.
fn answering(answer: &'static [u8], hangs_up: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut kept = Vec::new();
        for client in listener.incoming() {
            let mut client = client.unwrap();
            client.read_exact(&mut [0; 5]).unwrap();
            client.write_all(answer).unwrap();
            if !hangs_up {
                kept.push(client);
            }
        }
    });
    address
}

fn trusting_nobody() -> ClientTls {
    ClientTls::new().ca_certificate(Authority::new().pem())
}

#[test]
fn what_is_plain_text_is_told_so_in_plain_text() {
    let served = patient();
    for first in [&b"first"[..], b"\xF5SHOST\r\n", b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n"] {
        let mut visitor = served.visitor();
        visitor.write_all(first).unwrap();
        let mut told = String::new();
        visitor.read_to_string(&mut told).unwrap();
        assert_eq!(told, "farewell: TlsExpected");
        let address = format!("tcp:{}", visitor.local_addr().unwrap());
        drop(visitor);
        assert_eq!(served.acceptor.next_refusal(), Fault::TlsExpected.with(&[&address]));
    }
}

#[test]
fn a_stranger_is_turned_away_by_tls_and_can_read_why() {
    let served = patient();
    let link = served.connect(served.client()).unwrap();
    write_all(&*link, b"220 mail.example").unwrap();
    assert_eq!(read_to_end(&*link).unwrap(), b"farewell: PeerNonsense");
    drop(link);
    assert_eq!(served.acceptor.next_refusal().fault(), Fault::PeerNonsense);
}

#[test]
fn a_client_that_does_not_trust_the_server_says_so() {
    let served = patient();
    let failure = served.connect(trusting_nobody()).err().unwrap();
    let address = served.listener.address();
    assert_eq!(failure, Fault::TlsUntrusted.with(&[&address, &"unknown issuer"]));
    assert_eq!(served.acceptor.next_refusal().fault(), Fault::TlsRefused);
}

#[test]
fn a_client_without_the_certificate_that_is_wanted_reads_why_though_it_has_written_meanwhile() {
    let served = served(LONG, |tls, authority| tls.client_ca(authority.pem()));
    for _ in 0..50 {
        // It may hear of it as soon as it has said its last of the handshake, or later on.
        let told = served.connect(served.client()).and_then(|link| {
            // What the server leaves unread must not take its words with it.
            let _ = write_all(&*link, b"first");
            read_to_end(&*link)
        });
        let address = served.listener.address();
        assert_eq!(told.unwrap_err(), Fault::TlsRefused.with(&[&address, &"certificate_required"]));
        assert_eq!(served.acceptor.next_refusal().fault(), Fault::TlsUntrusted);
    }
}

#[test]
fn a_client_is_known_by_its_certificate() {
    let served = served(LONG, |tls, authority| tls.client_ca(authority.pem()));
    let own = served.authority.issue("client", &[]);
    let link = served.connect(served.client().identity(&own.chain, &own.key)).unwrap();
    write_all(&*link, b"first").unwrap();
    let taken = served.acceptor.next_link();
    assert_eq!(taken.peer().certificates.as_ref().unwrap().own(), own.der);
    assert!(taken.peer().address.starts_with("tcp:127.0.0.1:"));
}

#[test]
fn a_server_that_answers_otherwise_does_not_speak_tls() {
    for (answer, hangs_up, reason) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], false, "it answered in plain text"),
        (b"\xF5SHOST\r\n", true, "it answered in plain text"),
        (b"", true, "it hung up in the handshake"),
    ] {
        let address = answering(answer, hangs_up);
        let failure = connector(&address, trusting_nobody()).connect(LONG).err().unwrap();
        assert_eq!(failure, Fault::TlsNotSpoken.with(&[&address, &reason]));
    }
}

#[test]
fn a_server_that_is_silent_in_the_handshake_is_given_up_in_time() {
    let address = answering(b"", false);
    let began = Instant::now();
    let failure = connector(&address, trusting_nobody()).connect(Duration::from_millis(250)).err().unwrap();
    let endpoint = &address["tcp:".len()..];
    assert_eq!(failure, Fault::ConnectUnanswered.with(&[&address, &endpoint, &0.25]));
    assert!(began.elapsed() < LONG);
}

#[test]
fn closing_ends_a_handshake_in_progress() {
    let address = answering(b"", false);
    let connector = connector(&address, trusting_nobody());
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(LONG));
        // Long enough for it to be in progress, on most machines.
        thread::sleep(Duration::from_millis(200));
        connector.close();
        let failure = connecting.join().unwrap().err().unwrap();
        assert_eq!(failure, Fault::ChannelShutdown.with(&[&address]));
    });
}

#[test]
fn one_who_is_silent_in_the_handshake_holds_up_nobody_and_is_turned_away() {
    let served = served(HANDSHAKE, |tls, _| tls);
    let began = Instant::now();
    let mut silent = served.visitor();
    // The head of a record whose body never comes.
    silent.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    let link = served.connect(served.client()).unwrap();
    write_all(&*link, b"first").unwrap();
    served.acceptor.next_link();
    assert_eq!(served.acceptor.next_refusal().fault(), Fault::PeerSilent);
    assert!(began.elapsed() >= HANDSHAKE);
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
}

#[test]
fn one_who_has_agreed_and_says_nothing_more_is_turned_away_in_time() {
    let served = served(HANDSHAKE, |tls, _| tls);
    let link = served.connect(served.client()).unwrap();
    assert_eq!(read_to_end(&*link), Ok(b"farewell: PeerSilent".to_vec()));
    drop(link);
    assert_eq!(served.acceptor.next_refusal().fault(), Fault::PeerSilent);
}

#[test]
fn one_who_goes_in_the_handshake_is_reported() {
    let served = patient();
    let mut visitor = served.visitor();
    visitor.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
    drop(visitor);
    assert_eq!(served.acceptor.next_refusal().fault(), Fault::PeerGoneBeforeHello);
}

#[test]
fn a_record_that_is_none_is_told_with_an_alert_and_what_follows_is_passed_over() {
    let served = patient();
    let mut visitor = served.visitor();
    // The end of a server's greeting, of a client.
    visitor.write_all(b"\x16\x03\x01\x00\x04\x0E\x00\x00\x00").unwrap();
    let mut told = [0; 7];
    visitor.read_exact(&mut told).unwrap();
    assert_eq!(told[0], 0x15, "an alert: {told:?}");
    // One whose bytes are left unread could not write any more, before it has read why.
    for _ in 0..3 {
        visitor.write_all(b"more").unwrap();
        thread::sleep(Duration::from_millis(20));
    }
    drop(visitor);
    assert_eq!(served.acceptor.next_refusal().fault(), Fault::TlsFailed);
}

#[test]
fn what_is_secret_may_go_beyond_this_host() {
    let (transport, authority) = (TcpTransport::new(), Authority::new());
    let own = authority.issue("server", &["a.lan"]);
    let client = Options::new().with(ClientTls::new().ca_certificate(authority.pem()));
    let server = Options::new().with(ServerTls::new(own.chain, own.key));
    for text in ["tcp:10.1.2.3:4000", "tcp:[2001:db8::7]:4000"] {
        let address: Address = text.parse().unwrap();
        assert!(transport.connector(&address, &client).is_ok());
        assert!(transport.listener(&address, &server).is_ok());
        // Credentials of the other side are none.
        let expected = Fault::PlainTextBeyondHost;
        assert_eq!(transport.connector(&address, &server).err().unwrap().fault(), expected);
        assert_eq!(transport.listener(&address, &client).err().unwrap().fault(), expected);
    }
}

#[test]
fn credentials_are_checked_before_anything_is_connected_or_listened_on() {
    let address: Address = "tcp:127.0.0.1:1".parse().unwrap();
    let options = Options::new().with(ClientTls::new().ca_certificate("")).with(ServerTls::new("", ""));
    let failures = [
        TcpTransport::new().connector(&address, &options).err().unwrap(),
        TcpTransport::new().listener(&address, &options).err().unwrap(),
    ];
    assert!(failures.iter().all(|failure| failure.fault() == Fault::TlsCredentials), "{failures:?}");
}

#[test]
fn links_live_on_when_their_listener_is_closed() {
    let served = patient();
    let link = served.connect(served.client()).unwrap();
    write_all(&*link, b"first").unwrap();
    let taken = served.acceptor.next_link();
    served.listener.close();
    write_all(&*link, b" and more").unwrap();
    drop(link);
    assert_eq!(read_to_end(&*taken).unwrap(), b"first and more");
}

#[test]
fn the_host_of_the_address_is_what_the_certificate_must_be_for() {
    let authority = Authority::new();
    for (host, name, trusted) in [
        ("localhost", "localhost", true),
        ("127.0.0.1", "127.0.0.1", true),
        ("[::1]", "::1", true),
        ("localhost", "127.0.0.1", false),
        ("127.0.0.1", "localhost", false),
    ] {
        let own = authority.issue("server", &[name]);
        let address: Address = format!("tcp:{host}:0").parse().unwrap();
        let options = Options::new().with(ServerTls::new(own.chain, own.key));
        let listener = TcpTransport::new().listener(&address, &options).unwrap();
        listener.start(RecordingAcceptor::new(b"first")).unwrap();
        let client = ClientTls::new().ca_certificate(authority.pem());
        let met = connector(&listener.address(), client.clone()).connect(LONG);
        assert_eq!(met.is_ok(), trusted, "{host} {name}");
        let named = connector(&listener.address(), client.server_name(name)).connect(LONG);
        assert!(named.is_ok(), "{host} {name}");
    }
}

#[test]
fn a_hundred_handshakes_that_break_off_anywhere_leave_no_descriptor_behind() {
    let served = patient();
    let count = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    // A greeting of a client, as one has sent it.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp:{}", listener.local_addr().unwrap());
    let greeting = thread::scope(|scope| {
        let connecting =
            scope.spawn(|| connector(&address, trusting_nobody()).connect(Duration::from_millis(200)));
        let (mut client, _) = listener.accept().unwrap();
        let mut greeting = vec![0; 4096];
        let length = client.read(&mut greeting).unwrap();
        greeting.truncate(length);
        drop(OwnedFd::from(client));
        connecting.join().unwrap().err().unwrap();
        greeting
    });
    let mut before = 0;
    for round in 0..100 {
        let mut visitor = served.visitor();
        visitor.write_all(&greeting[..1 + round * greeting.len() / 100]).unwrap();
        drop(visitor);
        served.acceptor.next_refusal();
        if round == 10 {
            before = count();
        }
    }
    // Other tests of this process come and go.
    let until = Instant::now() + LONG;
    while count() > before + 20 {
        assert!(Instant::now() < until, "{} descriptors more", count() - before);
        thread::sleep(Duration::from_millis(20));
    }
}
