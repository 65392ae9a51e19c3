//! The calling side, where there is no server, no host, or no answer.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::thread;
use std::time::Duration;

use rustix::net::{AddressFamily, bind, connect, listen};
use samehost_transport_api::{Address, Code, Connector, Fault, LinkError, Options, Read, Transport};
use samehost_transport_posix::stream_socket;
use samehost_transport_tcp::{TcpOptions, TcpTransport};

const LONG: Duration = Duration::from_secs(60);

fn connector(address: &str) -> Result<Box<dyn Connector>, LinkError> {
    TcpTransport::new().connector(&address.parse().unwrap(), &Options::new())
}

fn failure(address: &str) -> LinkError {
    connector(address).unwrap().connect(LONG).err().unwrap()
}

/// A port of this host at which nobody listens: it is held, so that nobody else gets it.
fn closed_port() -> (OwnedFd, u16) {
    let socket = stream_socket(AddressFamily::INET).unwrap();
    bind(&socket, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let bound = SocketAddr::try_from(rustix::net::getsockname(&socket).unwrap()).unwrap();
    (socket, bound.port())
}

/// A server that listens and never accepts, with its backlog full.
fn full_server() -> (OwnedFd, u16, Vec<OwnedFd>) {
    let (server, port) = closed_port();
    listen(&server, 0).unwrap();
    let mut waiting = Vec::new();
    // With a backlog of 0 one connection waits; what comes after it is not answered.
    for _ in 0..3 {
        let client = stream_socket(AddressFamily::INET).unwrap();
        let _ = connect(&client, &SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        waiting.push(client);
    }
    (server, port, waiting)
}

#[test]
fn a_closed_port_is_told_with_what_refused() {
    let (_held, port) = closed_port();
    let address = format!("tcp:127.0.0.1:{port}");
    let endpoint = format!("127.0.0.1:{port}");
    assert_eq!(failure(&address), Fault::ConnectPortClosed.with(&[&address, &endpoint]));
}

#[test]
fn every_address_of_a_name_is_tried_and_all_that_refused_are_told() {
    let found: Vec<_> = ("localhost", 1).to_socket_addrs().unwrap().map(|one| one.ip()).collect();
    let server = TcpListener::bind((*found.iter().max().unwrap(), 0)).unwrap();
    let address = format!("tcp:localhost:{}", server.local_addr().unwrap().port());
    // Where the name has two addresses, nobody listens at the first.
    connector(&address).unwrap().connect(LONG).unwrap();
    server.accept().unwrap();
    drop(server);
    let failure = failure(&address);
    assert_eq!(failure.fault(), Fault::ConnectPortClosed);
    assert!(found.iter().all(|ip| failure.to_string().contains(&ip.to_string())), "{failure}");
}

#[test]
fn an_unknown_name_is_told() {
    let address = "tcp:no-such-host.invalid:4000";
    assert_eq!(failure(address), Fault::HostUnknown.with(&[&address, &"no-such-host.invalid"]));
}

#[test]
fn a_server_that_does_not_answer_is_told_after_the_timeout() {
    let (_server, port, _waiting) = full_server();
    let address = format!("tcp:127.0.0.1:{port}");
    let failure = connector(&address).unwrap().connect(Duration::from_millis(250)).err().unwrap();
    let endpoint = format!("127.0.0.1:{port}");
    assert_eq!(failure, Fault::ConnectUnanswered.with(&[&address, &endpoint, &0.25]));
}

#[test]
fn closing_ends_a_connect_in_progress_and_every_later_one() {
    let (_server, port, _waiting) = full_server();
    let address = format!("tcp:127.0.0.1:{port}");
    let connector = connector(&address).unwrap();
    thread::scope(|scope| {
        let connecting = scope.spawn(|| connector.connect(LONG));
        // Long enough for it to be in progress, on most machines.
        thread::sleep(Duration::from_millis(200));
        connector.close();
        connector.close();
        let failure = connecting.join().unwrap().err().unwrap();
        assert_eq!(failure, Fault::ChannelShutdown.with(&[&address]));
    });
    assert_eq!(connector.connect(LONG).err().unwrap().fault(), Fault::ChannelShutdown);
}

#[test]
fn an_address_to_which_there_is_no_way_is_told_with_the_systems_reason() {
    // An address of the discard-only prefix: nobody has a way to it, or what is sent is dropped.
    let address = "tcp:[100::1]:4000";
    let options = Options::new().with(TcpOptions { plain_text_beyond_host: true, ..TcpOptions::default() });
    let connector = TcpTransport::new().connector(&address.parse().unwrap(), &options).unwrap();
    let failure = connector.connect(Duration::from_millis(500)).err().unwrap();
    assert!(matches!(failure.fault(), Fault::ConnectUnreachable | Fault::ConnectUnanswered), "{failure}");
    assert!(failure.to_string().contains("[100::1]:4000"), "{failure}");
}

#[test]
fn an_address_beyond_this_host_needs_the_option_on_either_side() {
    let transport = TcpTransport::new();
    for (text, ip) in [
        ("tcp:10.1.2.3:4000", "10.1.2.3"),
        ("tcp:0.0.0.0:4000", "0.0.0.0"),
        ("tcp:[::]:4000", "::"),
        ("tcp:[2001:db8::7]:4000", "2001:db8::7"),
    ] {
        let address: Address = text.parse().unwrap();
        let expected = Fault::PlainTextBeyondHost.with(&[&text, &ip]);
        assert_eq!(expected.code(), Code::InvalidArgument);
        assert_eq!(transport.connector(&address, &Options::new()).err().unwrap(), expected);
        assert_eq!(transport.listener(&address, &Options::new()).err().unwrap(), expected);
        let allowed =
            Options::new().with(TcpOptions { plain_text_beyond_host: true, ..TcpOptions::default() });
        assert!(transport.connector(&address, &allowed).is_ok());
        assert!(transport.listener(&address, &allowed).is_ok());
    }
    for loopback in ["tcp:127.3.2.1:4000", "tcp:[::1]:4000", "tcp:[::ffff:127.0.0.1]:4000"] {
        assert!(transport.connector(&loopback.parse().unwrap(), &Options::new()).is_ok());
    }
}

#[test]
fn a_client_needs_a_port() {
    let expected = Fault::AddressMalformed.with(&[&"tcp:localhost:0", &"a client needs another port than 0"]);
    assert_eq!(connector("tcp:localhost:0").err().unwrap(), expected);
    let expected = Fault::AddressMalformed.with(&[&"tcp:localhost", &"it has no port"]);
    assert_eq!(connector("tcp:localhost").err().unwrap(), expected);
}

#[test]
fn a_peer_that_ends_its_direction_alone_can_still_be_written_to() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("tcp:{}", server.local_addr().unwrap());
    let link = connector(&address).unwrap().connect(LONG).unwrap();
    let (mut peer, _) = server.accept().unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    while link.read(&mut [0]).unwrap() == Read::Empty {
        link.wait(samehost_transport_api::Interest::READ, None).unwrap();
    }
    assert_eq!(link.read(&mut [0]), Ok(Read::End));
    assert_eq!(link.write(b"still"), Ok(5));
    let mut read = [0; 5];
    std::io::Read::read_exact(&mut peer, &mut read).unwrap();
    assert_eq!(&read, b"still");
}

#[test]
fn a_peer_that_resets_the_connection_has_ended() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let link = connector(&format!("tcp:{}", server.local_addr().unwrap())).unwrap().connect(LONG).unwrap();
    let (peer, _) = server.accept().unwrap();
    rustix::net::sockopt::set_socket_linger(&peer, Some(Duration::ZERO)).unwrap();
    drop(peer);
    while link.read(&mut [0]).unwrap() == Read::Empty {
        link.wait(samehost_transport_api::Interest::READ, None).unwrap();
    }
    assert_eq!(link.read(&mut [0]), Ok(Read::End));
    assert!(link.write(b"x").is_err());
}

#[test]
fn the_time_for_hello_is_five_seconds_or_the_options() {
    let address: Address = "tcp:localhost:1".parse().unwrap();
    let hello_timeout = Duration::from_millis(7);
    let options = Options::new().with(TcpOptions { hello_timeout, ..TcpOptions::default() });
    let transport = TcpTransport::new();
    assert_eq!(transport.connector(&address, &options).unwrap().hello_timeout(), hello_timeout);
    let usual = transport.connector(&address, &Options::new()).unwrap();
    assert_eq!(usual.hello_timeout(), Duration::from_secs(5));
    assert_eq!(usual.noise_limit(), 0);
}
