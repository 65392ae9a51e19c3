//! iceoryx2's request-response: slices of bytes in shared memory, and both ends spin, as it has no blocking answer.

use std::fs;

use iceoryx2::port::client::Client as Port;
use iceoryx2::prelude::{
    Config, FileName, LogLevel, Node, NodeBuilder, Path, SemanticString, ipc, set_log_level,
};
use iceoryx2::service::port_factory::request_response::PortFactory;

use crate::Failure;
use crate::measured::Measured;
use crate::orders::{Client, Order, cannot, check};
use crate::pacing;
use crate::spinning::{NAP, spin};

const LARGEST: usize = 1 << 20;

/// Where shared memory has its names.
const MEMORY: &str = "/dev/shm";

type Bytes = PortFactory<ipc::Service, [u8], (), [u8], ()>;

/// The calling side.
pub struct Iceoryx2 {
    node: Node<ipc::Service>,
    port: Port<ipc::Service, [u8], (), [u8], ()>,
}

impl Iceoryx2 {
    pub fn connect(address: &str) -> Result<Iceoryx2, Failure> {
        let (node, service) = open(address)?;
        let port = service.client_builder().initial_max_slice_len(LARGEST).create()?;
        Ok(Iceoryx2 { node, port })
    }

    fn call(&self, size: usize) -> Result<(), Failure> {
        let request = self.port.loan_slice_uninit(size)?.write_from_fn(|_| 1);
        let pending = request.send()?;
        let answer = spin(|| Ok(pending.receive()?), || nap(&self.node))?;
        check(answer.payload().len(), size)
    }
}

impl Client for Iceoryx2 {
    fn run(&mut self, order: &Order) -> Result<Measured, Failure> {
        match &*order.case {
            "unary" => pacing::one_after_the_other(order.time, || self.call(order.size)),
            _ => Err(cannot(order)),
        }
    }
}

/// The answering side, until SIGTERM, so that no file of it is left in the file system.
pub fn serve(address: &str, ready: impl FnOnce() -> std::io::Result<()>) -> Result<(), Failure> {
    answer(address, ready)?;
    // What iceoryx2 itself keeps for the next one.
    for file in fs::read_dir(MEMORY)?.flatten() {
        if file.file_name().to_string_lossy().starts_with(&prefix(address)?) {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

fn answer(address: &str, ready: impl FnOnce() -> std::io::Result<()>) -> Result<(), Failure> {
    let (node, service) = open(address)?;
    let port = service.server_builder().initial_max_slice_len(LARGEST).create()?;
    ready()?;
    while let Ok(request) = spin(|| Ok(port.receive()?), || nap(&node)) {
        let body = request.payload();
        request.loan_slice_uninit(body.len())?.write_from_slice(body).send()?;
    }
    Ok(())
}

/// All files are in the address's folder, or have its name.
fn open(address: &str) -> Result<(Node<ipc::Service>, Bytes), Failure> {
    set_log_level(LogLevel::Fatal);
    let mut config = Config::default();
    config.global.prefix = FileName::new(prefix(address)?.as_bytes())?;
    config.global.set_root_path(&Path::new(folder(address)?.as_bytes())?);
    let node = NodeBuilder::new().config(&config).create::<ipc::Service>()?;
    let service = node.service_builder(&address.try_into()?).request_response::<[u8], [u8]>();
    let service = service.max_servers(1).max_clients(1).open_or_create()?;
    Ok((node, service))
}

fn folder(address: &str) -> Result<&str, Failure> {
    let path = address.strip_prefix("shm:").ok_or("iceoryx2 is measured over shm: alone")?;
    Ok(path.rsplit_once('/').ok_or("the address has no folder")?.0)
}

fn prefix(address: &str) -> Result<String, Failure> {
    let folder = folder(address)?;
    Ok(format!("{}_", folder.rsplit('/').next().unwrap_or(folder)))
}

/// Fails once the process is asked to end.
fn nap(node: &Node<ipc::Service>) -> Result<(), Failure> {
    Ok(node.wait(NAP)?)
}
