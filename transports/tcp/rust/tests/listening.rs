//! Taking a port, and those who come to it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use samehost_transport_api::{Address, Fault, LinkError, Listener, Options, Transport};
use samehost_transport_tcp::{TcpOptions, TcpTransport};
use samehost_transport_testkit::{RecordingAcceptor, read_to_end};

const PATIENT: TcpOptions =
    TcpOptions { plain_text_beyond_host: false, hello_timeout: Duration::from_secs(3600) };

fn started(
    address: &str,
    options: TcpOptions,
) -> Result<(Box<dyn Listener>, Arc<RecordingAcceptor>), LinkError> {
    let address: Address = address.parse().unwrap();
    let listener = TcpTransport::new().listener(&address, &Options::new().with(options))?;
    let acceptor = RecordingAcceptor::new(b"first");
    listener.start(acceptor.clone())?;
    Ok((listener, acceptor))
}

fn visitor(listener: &dyn Listener) -> TcpStream {
    TcpStream::connect(listener.address().strip_prefix("tcp:").unwrap()).unwrap()
}

fn told(mut visitor: &TcpStream) -> String {
    let mut text = String::new();
    visitor.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn port_0_is_any_and_the_address_says_which() {
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let (listener, _) = started(&format!("tcp:{host}:0"), PATIENT).unwrap();
        let address = listener.address();
        let port = address.strip_prefix(&format!("tcp:{host}:")).unwrap();
        assert_ne!(port.parse::<u16>().unwrap(), 0);
        visitor(&*listener);
        listener.close();
        assert_eq!(listener.address(), address);
    }
}

#[test]
fn a_live_port_is_refused_and_goes_on_living() {
    let (first, acceptor) = started("tcp:127.0.0.1:0", PATIENT).unwrap();
    let address = first.address();
    let refusal = started(&address, PATIENT).err().unwrap();
    assert_eq!(refusal, Fault::ListenInUse.with(&[&address]));
    assert_eq!(first.start(acceptor.clone()).unwrap_err().fault(), Fault::ListenInUse);
    visitor(&*first).write_all(b"first").unwrap();
    acceptor.next_link();
    let foreign = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp:{}", foreign.local_addr().unwrap());
    assert_eq!(started(&address, PATIENT).err().unwrap().fault(), Fault::ListenInUse);
}

#[test]
fn a_port_is_free_again_at_once_though_connections_were_ended_there() {
    let (listener, acceptor) = started("tcp:127.0.0.1:0", PATIENT).unwrap();
    let address = listener.address();
    for _ in 0..20 {
        let mut visitor = visitor(&*listener);
        visitor.write_all(b"first").unwrap();
        // The server's side ends first: its port stays in TIME_WAIT.
        drop(acceptor.next_link());
        assert_eq!(told(&visitor), "");
    }
    listener.close();
    started(&address, PATIENT).unwrap();
}

#[test]
fn an_address_of_another_host_is_told_as_such() {
    let address = "tcp:192.0.2.1:4000";
    let options = TcpOptions { plain_text_beyond_host: true, ..TcpOptions::default() };
    let refusal = started(address, options).err().unwrap();
    assert_eq!(refusal, Fault::ListenNotOfThisHost.with(&[&address, &"192.0.2.1"]));
}

#[test]
fn a_listener_that_was_allowed_more_is_reached_by_every_address() {
    let options = TcpOptions { plain_text_beyond_host: true, ..TcpOptions::default() };
    let (listener, acceptor) = started("tcp:0.0.0.0:0", options).unwrap();
    let port = listener.address().rsplit_once(':').unwrap().1.parse().unwrap();
    let mut visitor = TcpStream::connect(("127.0.0.1", port)).unwrap();
    visitor.write_all(b"first").unwrap();
    let expected = format!("tcp:{}", visitor.local_addr().unwrap());
    assert_eq!(acceptor.next_link().peer().address.as_ref(), expected, "it is the visitor's own");
}

#[test]
fn a_stranger_is_turned_away_and_can_read_why() {
    let (listener, acceptor) = started("tcp:127.0.0.1:0", PATIENT).unwrap();
    let mut visitor = visitor(&*listener);
    visitor.write_all(b"220 mail.example").unwrap();
    assert_eq!(told(&visitor), "farewell: PeerNonsense");
    let address = format!("tcp:{}", visitor.local_addr().unwrap());
    drop(visitor);
    let shown = "\"220 mail\" (32 32 30 20 6D 61 69 6C)";
    assert_eq!(acceptor.next_refusal(), Fault::PeerNonsense.with(&[&address, &shown]));
}

#[test]
fn a_visitor_that_says_nothing_is_turned_away_and_one_that_has_gone_is_reported() {
    let options = TcpOptions { hello_timeout: Duration::from_millis(100), ..TcpOptions::default() };
    let (listener, acceptor) = started("tcp:127.0.0.1:0", options).unwrap();
    let silent = visitor(&*listener);
    assert_eq!(told(&silent), "farewell: PeerSilent");
    drop(silent);
    assert_eq!(acceptor.next_refusal().fault(), Fault::PeerSilent);
    let (listener, acceptor) = started("tcp:127.0.0.1:0", PATIENT).unwrap();
    drop(visitor(&*listener));
    assert_eq!(acceptor.next_refusal().fault(), Fault::PeerGoneBeforeHello);
}

#[test]
fn links_live_on_when_their_listener_is_closed() {
    let (listener, acceptor) = started("tcp:127.0.0.1:0", PATIENT).unwrap();
    let mut visitor = visitor(&*listener);
    visitor.write_all(b"first").unwrap();
    let link = acceptor.next_link();
    listener.close();
    visitor.write_all(b" and more").unwrap();
    drop(visitor);
    assert_eq!(read_to_end(&*link).unwrap(), b"first and more");
}
