//! The systems that Rust has a client or a server for, by name; a new one joins here.

use std::io::{Write, stderr, stdout};

use samehost::blocking;
use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint, Server};

use crate::Failure;
use crate::orders::Client;
use crate::ours::Ours;
use crate::pipe::Pipe;
use crate::proto::echo_client::EchoClient;
use crate::raw::{self, Raw};
use crate::ring::Ring;
use crate::service::{service, stock_service};
use crate::stock::echo_client as stock;
use crate::stubs::{Stubs, Waiting};
use crate::threads::Threads;

const LARGEST_MESSAGE: u32 = 64 << 20;

pub fn connect(system: &str, address: &str) -> Result<Box<dyn Client>, Failure> {
    let address = address.to_owned();
    Ok(match system {
        "samehost" => Box::new(Ours { threads: threads(address.clone())?, tasks: tasks(address)? }),
        "samehost-tokio" => Box::new(tasks(address)?),
        "samehost-stock" => Box::new(Stubs::over(Waiting::Thread, move || {
            let channel = samehost::Channel::builder(&*address).max_inbound_message_size(LARGEST_MESSAGE);
            let client = stock::EchoClient::new(channel.read_by_threads().build()?);
            Ok(client.max_decoding_message_size(usize::MAX))
        })?),
        "tonic" => Box::new(Stubs::over(Waiting::Runtime, move || {
            Ok(stock::EchoClient::new(lazy(&address)?).max_decoding_message_size(usize::MAX))
        })?),
        #[cfg(feature = "capnp")]
        "capnp" => Box::new(crate::capnp_peer::Capnp::connect(&address)?),
        #[cfg(feature = "iceoryx2")]
        "iceoryx2" => Box::new(crate::iceoryx2_peer::Iceoryx2::connect(&address)?),
        _ => {
            let (spin, protobuf) = floor(system)?;
            match address.strip_prefix("shm:") {
                Some(path) => Box::new(Raw { end: Ring::connect(path, spin)?, protobuf, buffer: Vec::new() }),
                None => Box::new(Raw { end: Pipe::connect(&address, spin)?, protobuf, buffer: Vec::new() }),
            }
        }
    })
}

fn threads(address: String) -> Result<Threads, Failure> {
    Threads::over(move || {
        let channel = blocking::Channel::builder(&*address).max_inbound_message_size(LARGEST_MESSAGE);
        Ok(channel.build()?)
    })
}

fn tasks(address: String) -> Result<Stubs<EchoClient<samehost::Channel>>, Failure> {
    Stubs::over(Waiting::Runtime, move || {
        let channel = samehost::Channel::builder(&*address).max_inbound_message_size(LARGEST_MESSAGE);
        Ok(EchoClient::new(channel.build()?).max_decoding_message_size(usize::MAX))
    })
}

/// Serves until the process is killed, or until its host ends it.
pub fn serve(system: &str, address: &str) -> Result<(), Failure> {
    match system {
        "samehost" | "samehost-stock" => Runtime::new()?.block_on(async {
            let server = samehost::Server::builder().max_inbound_message_size(LARGEST_MESSAGE);
            let server = match system {
                "samehost" => server.add_service(service()),
                _ => server.add_service(stock_service()),
            };
            let server = server.bind(address)?;
            ready(address)?;
            Ok(server.terminated().await?)
        }),
        "tonic" => Runtime::new()?.block_on(async {
            let path = address.strip_prefix("unix:").ok_or("tonic is measured over unix: alone")?;
            let listener = tokio::net::UnixListener::bind(path)?;
            ready(address)?;
            let incoming = tokio_stream::wrappers::UnixListenerStream::new(listener);
            Ok(Server::builder().add_service(stock_service()).serve_with_incoming(incoming).await?)
        }),
        #[cfg(feature = "capnp")]
        "capnp" => crate::capnp_peer::serve(address, || ready(address)),
        #[cfg(feature = "iceoryx2")]
        "iceoryx2" => crate::iceoryx2_peer::serve(address, || ready(address)),
        _ => match (floor(system)?, address.strip_prefix("shm:")) {
            ((spin, protobuf), Some(path)) => raw::answer(Ring::accept(path, spin)?, protobuf),
            ((spin, protobuf), None) => raw::answer(Pipe::accept(address, spin)?, protobuf),
        },
    }
}

fn lazy(address: &str) -> Result<Channel, tonic::transport::Error> {
    Ok(Endpoint::from_shared(address.to_owned())?.connect_lazy())
}

/// Whether this floor spins, and whether it has protobuf at both ends.
fn floor(system: &str) -> Result<(bool, bool), Failure> {
    match system {
        "raw" => Ok((false, false)),
        "raw-protobuf" => Ok((false, true)),
        "raw-spin" => Ok((true, false)),
        "raw-spin-protobuf" => Ok((true, true)),
        _ => Err(format!("Rust has no system {system}").into()),
    }
}

/// The wire of `stdio:` is standard output, so it says so on stderr there.
fn ready(address: &str) -> std::io::Result<()> {
    if address == "stdio:" {
        writeln!(stderr(), "READY {address}")
    } else {
        writeln!(stdout(), "READY {address}")
    }
}
