//! What the tests share: a server of ours, and a client that writes its requests itself.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

use samehost::{Server, ServerBuilder};
use samehost_test_stubs::FILE_DESCRIPTOR_SET;
use samehost_test_stubs::echo_server::EchoServer;
use serde_json::Value;
use tempfile::TempDir;
use tonic::codec::CompressionEncoding::Gzip;

use crate::common::{Obedient, SOON};

/// Kinds of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Unix,
    Tcp,
}

pub const BOTH: [Over; 2] = [Over::Unix, Over::Tcp];
pub const SAY: &str = "/samehost.test.v1.Echo/Say";
pub const JSON: &str = "application/json";
/// `hi` as a field of bytes.
pub const HI: &str = r#"{"data":"aGk="}"#;

/// What comes back of it.
pub fn hi_back() -> Value {
    serde_json::json!({"data": "aGk=", "count": "1"})
}

/// A server that takes JSON.
pub struct Web {
    pub server: Server,
    pub service: Obedient,
    _folder: TempDir,
}

impl Web {
    pub fn serve(over: Over) -> Web {
        Web::configured(over, |builder| builder)
    }

    pub fn configured(over: Over, configure: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Web {
        let folder = tempfile::tempdir().unwrap();
        let address = match over {
            Over::Unix => format!("unix:{}", folder.path().join("s").display()),
            Over::Tcp => "tcp:127.0.0.1:0".to_owned(),
        };
        let service = Obedient::default();
        let echo = EchoServer::new(service.clone()).max_decoding_message_size(64 << 20);
        let echo = echo.accept_compressed(Gzip).send_compressed(Gzip);
        let builder = Server::builder().add_service(echo).json(FILE_DESCRIPTOR_SET);
        let server = configure(builder).bind(&address).unwrap();
        Web { server, service, _folder: folder }
    }

    /// How many handlers run.
    pub fn running(&self) -> usize {
        self.service.running.load(Ordering::SeqCst)
    }

    /// How many handlers there have been.
    pub fn seen(&self) -> usize {
        self.service.seen.load(Ordering::SeqCst)
    }

    /// A connection of its own.
    pub fn client(&self) -> Client {
        Client::to(self.server.address())
    }
}

trait Socket: Read + Write + Send {
    fn shut(&self);
}

impl Socket for UnixStream {
    fn shut(&self) {
        let _ = self.shutdown(Shutdown::Write);
    }
}

impl Socket for TcpStream {
    fn shut(&self) {
        let _ = self.shutdown(Shutdown::Write);
    }
}

/// A client that writes its requests itself.
pub struct Client {
    socket: Box<dyn Socket>,
    read: VecDeque<u8>,
}

/// An answer, read by its `content-length`.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Client {
    pub fn to(address: &str) -> Client {
        let socket: Box<dyn Socket> = match address.split_once(':').unwrap() {
            ("unix", path) => {
                let socket = UnixStream::connect(path).unwrap();
                socket.set_read_timeout(Some(SOON)).unwrap();
                Box::new(socket)
            }
            (_, place) => {
                let socket = TcpStream::connect(place).unwrap();
                socket.set_read_timeout(Some(SOON)).unwrap();
                Box::new(socket)
            }
        };
        Client { socket, read: VecDeque::new() }
    }

    /// Writes as it is.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.socket.write_all(bytes.as_ref()).unwrap();
    }

    /// Ends what it says, and still hears.
    pub fn end(&self) {
        self.socket.shut();
    }

    /// A whole request.
    pub fn post(&mut self, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        self.write(request(path, headers, body));
        self.answer()
    }

    /// As the usual JSON.
    pub fn json(&mut self, path: &str, body: impl AsRef<[u8]>) -> Answer {
        self.post(path, &[("content-type", JSON)], body)
    }

    fn byte(&mut self) -> Option<u8> {
        if self.read.is_empty() {
            let mut buffer = [0; 4096];
            let count = self.socket.read(&mut buffer).unwrap();
            self.read.extend(&buffer[..count]);
        }
        self.read.pop_front()
    }

    /// The next line, without its end.
    pub fn line(&mut self) -> String {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.byte().expect("the line goes on"));
        }
        String::from_utf8(line).unwrap().trim_end().to_owned()
    }

    pub fn answer(&mut self) -> Answer {
        let first = self.line();
        let status = first.split(' ').nth(1).unwrap().parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else { break };
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        for _ in 0..answer.header("content-length").unwrap().parse().unwrap() {
            answer.body.push(self.byte().expect("the body goes on"));
        }
        answer
    }

    /// Whether the server has closed the connection, and has said nothing before.
    pub fn is_closed(&mut self) -> bool {
        self.read.is_empty() && matches!(self.socket.read(&mut [0]), Ok(0) | Err(_))
    }
}

/// What a request is on its connection.
pub fn request(path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut text = format!("POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    [text.as_bytes(), b"\r\n", body].concat()
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.all(name).first().copied()
    }

    /// All values of a header.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| &**value).collect()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// An error is this one; gives its text.
    #[track_caller]
    pub fn error(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), Some(JSON));
        let json = self.json();
        assert_eq!(json["code"], code);
        json["message"].as_str().unwrap().to_owned()
    }
}
