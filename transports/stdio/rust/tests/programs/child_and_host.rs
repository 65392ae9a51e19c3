//! A program for the tests: a child that behaves as its arguments say, or a host of one.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use samehost_transport_api::{
    Acceptor, Address, FirstBytes, Interest, Link, LinkError, Options, Peer, Read, Transport,
};
use samehost_transport_posix::FdLink;
use samehost_transport_stdio::{StdioOptions, StdioTransport};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["echo"] => echo(),
        ["relay", path] => relay(path),
        ["print-then-echo"] => {
            print(b"one line\nand a half");
            echo();
        }
        ["print-while-serving"] => print_while_serving(),
        ["serve-twice"] => serve_twice(),
        ["hello-and-be-busy", path] => hello_and_be_busy(path),
        ["ignore-everything", path] => ignore_everything(path),
        ["end-slowly", path] => end_slowly(path),
        ["host", command] => host(command),
        _ => std::process::exit(64),
    }
}

/// What an acceptor is told.
struct Told {
    links: Mutex<Sender<Arc<dyn Link>>>,
    ends: Mutex<Sender<LinkError>>,
}

impl Acceptor for Told {
    fn judge(&self, _bytes: &[u8]) -> FirstBytes {
        FirstBytes::Yes
    }

    fn accepted(&self, link: Arc<dyn Link>, _: &[u8]) {
        self.links.lock().unwrap().send(link).unwrap();
    }

    fn refused(&self, why: LinkError) {
        panic!("{why}");
    }

    fn farewell(&self, _why: &LinkError) -> Vec<u8> {
        Vec::new()
    }

    fn ended(&self, why: LinkError) {
        // Nobody may wait for it any more.
        let _ = self.ends.lock().unwrap().send(why);
    }
}

/// Serves on the standard streams: the link, and what tells of its end.
fn serve(options: StdioOptions) -> (Arc<dyn Link>, Receiver<LinkError>) {
    let (links, link) = channel();
    let (ends, end) = channel();
    let told = Arc::new(Told { links: Mutex::new(links), ends: Mutex::new(ends) });
    let address: Address = "stdio:".parse().unwrap();
    let listener = StdioTransport::new().listener(&address, &Options::new().with(options)).unwrap();
    listener.start(told).unwrap_or_else(|why| panic!("{why}"));
    // Closing it would end the telling.
    std::mem::forget(listener);
    (link.recv().unwrap(), end)
}

/// Writes to the standard output, whatever it is.
fn print(bytes: &[u8]) {
    std::io::stdout().write_all(bytes).unwrap();
    std::io::stdout().flush().unwrap();
}

fn echo() {
    let (link, end) = serve(StdioOptions::default());
    copy(&*link, &*link);
    drop(link);
    let end = end.recv().unwrap().to_string();
    assert!(end.starts_with("listening on stdio: the host has ended the connection"), "{end}");
}

/// Carries bytes both ways between the host and a socket, until either ends.
fn relay(path: &str) {
    let (link, _end) = serve(StdioOptions { exit_with_host: false, ..StdioOptions::default() });
    let socket = OwnedFd::from(UnixStream::connect(path).unwrap());
    let other: Arc<dyn Link> = Arc::new(FdLink::over(socket, Peer::at("relay:")).unwrap());
    for (from, to) in [(link.clone(), other.clone()), (other, link)] {
        thread::spawn(move || {
            copy(&*from, &*to);
            // All that came before the end is written: the process may go, and both links with it.
            std::process::exit(0);
        });
    }
    park();
}

fn print_while_serving() {
    let (link, _end) = serve(StdioOptions::default());
    print(b"this goes to standard error\n");
    let written = std::process::Command::new("echo").arg("so does this").status().unwrap();
    assert!(written.success());
    let mut nothing = String::new();
    std::io::stdin().read_line(&mut nothing).unwrap();
    assert_eq!(nothing, "", "standard input is empty");
    copy(&*link, &*link);
}

fn serve_twice() {
    let (link, _end) = serve(StdioOptions::default());
    let address: Address = "stdio:".parse().unwrap();
    let second = StdioTransport::new().listener(&address, &Options::new()).unwrap();
    let (links, _link) = channel();
    let (ends, _ends) = channel();
    let told = Arc::new(Told { links: Mutex::new(links), ends: Mutex::new(ends) });
    let refusal = second.start(told).unwrap_err().to_string();
    write_all(&*link, refusal.as_bytes());
}

/// Learns from the link's first line who its host is, then never reads again and keeps busy.
fn hello_and_be_busy(path: &str) {
    let (link, _end) = serve(StdioOptions::default());
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let mut byte = [0];
        match link.read(&mut byte).unwrap() {
            Read::Bytes(_) => line.push(byte[0]),
            Read::Empty => drop(link.wait(Interest::READ, None).unwrap()),
            Read::End => panic!("no host"),
        }
    }
    let line = String::from_utf8(line).unwrap();
    let numbers: Vec<u64> = line.split_whitespace().map(|number| number.parse().unwrap()).collect();
    link.peer_said_hello(numbers[0], numbers[1]);
    announce(path);
    park();
}

/// Heeds neither the end of its input nor SIGTERM.
fn ignore_everything(path: &str) {
    let (_link, _end) = serve(StdioOptions { exit_with_host: false, ..StdioOptions::default() });
    // SAFETY: ignoring a signal runs no code.
    unsafe { libc::signal(libc::SIGTERM, libc::SIG_IGN) };
    announce(path);
    park();
}

/// Returns from main by itself, some time after its host has gone.
fn end_slowly(path: &str) {
    let (link, end) = serve(StdioOptions { exit_grace: Duration::from_secs(60), ..StdioOptions::default() });
    copy(&*link, &*link);
    drop(link);
    end.recv().unwrap();
    thread::sleep(Duration::from_millis(50));
    announce(path);
}

/// A host of one child, which it tells who it is, until it is killed.
fn host(command: &str) {
    let address: Address = format!("stdio:{command}").parse().unwrap();
    let connector = StdioTransport::new().connector(&address, &Options::new()).unwrap();
    let link = connector.connect(Duration::from_secs(60)).unwrap();
    let namespace = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata("/proc/self/ns/pid").unwrap());
    write_all(&*link, format!("{} {namespace}\n", std::process::id()).as_bytes());
    park();
}

/// Tells a test that this process is as far, by a file with its process id.
fn announce(path: &str) {
    let unfinished = format!("{path}.unfinished");
    std::fs::write(&unfinished, std::process::id().to_string()).unwrap();
    std::fs::rename(unfinished, path).unwrap();
}

fn copy(from: &dyn Link, to: &dyn Link) {
    let mut buffer = vec![0; 65_536];
    loop {
        match from.read(&mut buffer) {
            Ok(Read::Bytes(count)) => write_all(to, &buffer[..count]),
            Ok(Read::Empty) => drop(from.wait(Interest::READ, None).unwrap()),
            Ok(Read::End) | Err(_) => return,
        }
    }
}

/// Writes everything, unless the other end goes.
fn write_all(link: &dyn Link, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match link.write(bytes) {
            // Another thread may wait for input meanwhile, and one at a time may wait.
            Ok(0) => thread::sleep(Duration::from_micros(100)),
            Ok(count) => bytes = &bytes[count..],
            Err(_) => return,
        }
    }
}

fn park() -> ! {
    loop {
        thread::park();
    }
}
