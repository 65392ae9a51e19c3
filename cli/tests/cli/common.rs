//! What the tests share: a server that does what it is told, and the program run against it.

use std::io::{Read, Write};
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use samehost::Server;
use samehost_test_stubs::echo_server::{Echo, EchoServer};
use samehost_test_stubs::{Answer, Ask, FILE_DESCRIPTOR_SET};
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio::runtime::Runtime;
use tokio_stream::wrappers::UnixListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::codec::CompressionEncoding;
use tonic::metadata::KeyAndValueRef;
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::server::{HealthReporter, health_reporter};

/// Generous: the machine may be busy.
pub const SOON: Duration = Duration::from_secs(30);

/// What the program has done.
#[derive(Debug)]
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    /// What it wrote, where all went well.
    pub fn well(self) -> String {
        assert_eq!((self.code, &*self.err), (Some(0), ""), "{self:?}");
        self.out
    }

    /// What it said, where it ended with this code and wrote nothing.
    pub fn failed(self, code: i32) -> String {
        assert_eq!((self.code, &*self.out), (Some(code), ""), "{self:?}");
        self.err
    }
}

/// The program with these words; nothing is on its standard input.
pub fn samehost(words: &[&str]) -> Done {
    samehost_reading(words, "")
}

/// The same with this on its standard input.
pub fn samehost_reading(words: &[&str], input: &str) -> Done {
    let mut child = started(words);
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    // It may end without having read all.
    let writing = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let done = ended(child);
    writing.join().unwrap();
    done
}

/// The program as it runs; it does not outlive the test.
pub struct Program(Option<Child>);

impl Deref for Program {
    type Target = Child;

    fn deref(&self) -> &Child {
        self.0.as_ref().unwrap()
    }
}

impl DerefMut for Program {
    fn deref_mut(&mut self) -> &mut Child {
        self.0.as_mut().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

/// The program begins; its standard streams are pipes.
pub fn started(words: &[&str]) -> Program {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samehost"));
    begun(command.args(words).stdin(Stdio::piped()))
}

/// Any program begins; what it writes is for whoever waits for its end.
pub fn begun(command: &mut Command) -> Program {
    Program(Some(command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()))
}

/// Waits for its end.
pub fn ended(mut program: Program) -> Done {
    let output = program.0.take().unwrap().wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// The program begins to serve; what it says it serves comes with it.
pub fn serving(words: &[&str]) -> (Program, String) {
    let mut child = started(&[&["serve"], words].concat());
    let mut line = String::new();
    // Byte by byte: the rest is for whoever waits for its end.
    let output = child.stdout.as_mut().unwrap();
    while !line.ends_with('\n') {
        let mut byte = [0];
        output.read_exact(&mut byte).unwrap();
        line.push(char::from(byte[0]));
    }
    let address = line.strip_prefix("READY ").unwrap().trim_end().to_owned();
    (child, address)
}

/// Sends a signal.
pub fn kill(program: &Program, signal: Signal) {
    kill_process(Pid::from_raw(program.id().cast_signed()).unwrap(), signal).unwrap();
}

/// Waits until something holds that nothing tells of.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < SOON, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the server's reflection speaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Reflects {
    V1,
    V1Alpha,
    Nothing,
}

/// A server of this process.
pub struct Served {
    pub address: String,
    pub runtime: Runtime,
    seen: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
    reporter: HealthReporter,
    folder: TempDir,
    server: Option<Server>,
}

pub fn serve() -> Served {
    serve_with(Reflects::V1)
}

pub fn serve_with(reflects: Reflects) -> Served {
    serve_in(tempfile::tempdir().unwrap(), reflects)
}

pub fn serve_in(folder: TempDir, reflects: Reflects) -> Served {
    let (mut served, echo, health) = prepared(folder);
    let builder = Server::builder().add_service(echo).add_service(health);
    let reflection = reflection();
    let builder = match reflects {
        Reflects::V1 => builder.add_service(reflection.build_v1().unwrap()),
        Reflects::V1Alpha => builder.add_service(reflection.build_v1alpha().unwrap()),
        Reflects::Nothing => builder,
    };
    let _inside = served.runtime.enter();
    served.server = Some(builder.bind(&served.address).unwrap());
    drop(_inside);
    served
}

/// The same services by tonic's own server, which speaks HTTP/2.
pub fn serve_http2() -> Served {
    let (served, echo, health) = prepared(tempfile::tempdir().unwrap());
    let path = served.address.strip_prefix("unix:").unwrap();
    let _inside = served.runtime.enter();
    let incoming = UnixListenerStream::new(UnixListener::bind(path).unwrap());
    let reflection = reflection().build_v1().unwrap();
    let router = tonic::transport::Server::builder().add_service(echo).add_service(health);
    served.runtime.spawn(router.add_service(reflection).serve_with_incoming(incoming));
    drop(_inside);
    served
}

/// All but the server.
fn prepared(folder: TempDir) -> (Served, EchoServer<Obedient>, HealthServer<impl Health>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let address = format!("unix:{}/s", folder.path().display());
    let obedient = Obedient::default();
    let (seen, running, answered) =
        (obedient.seen.clone(), obedient.running.clone(), obedient.answered.clone());
    let echo = EchoServer::new(obedient)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip);
    let (reporter, health) = health_reporter();
    (Served { address, runtime, seen, running, answered, reporter, folder, server: None }, echo, health)
}

fn reflection<'a>() -> tonic_reflection::server::Builder<'a> {
    tonic_reflection::server::Builder::configure().register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
}

impl Served {
    /// Waits until no handler runs.
    pub fn idle(&self) {
        until("the handlers are dropped", || self.running.load(Ordering::SeqCst) == 0);
    }

    /// Whether a handler runs.
    pub fn runs(&self) -> bool {
        self.running.load(Ordering::SeqCst) != 0
    }

    /// How many handlers there have been.
    pub fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }

    /// How many answers were given to streams.
    pub fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    /// From now on its health is that it does not serve.
    pub fn serves_not(&self) {
        self.runtime.block_on(self.reporter.set_service_status("", ServingStatus::NotServing));
    }

    /// A file in the folder of this server.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The server ends.
    pub fn end(&mut self) {
        let server = self.server.take();
        self.runtime.block_on(async { drop(server) });
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.end();
    }
}

/// The folder of `echo.proto`.
pub fn contract() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/rust/tests/stubs")
}

#[derive(Clone, Default)]
struct Obedient {
    seen: Arc<AtomicUsize>,
    running: Arc<AtomicUsize>,
    answered: Arc<AtomicUsize>,
}

struct Running(Arc<AtomicUsize>);

impl Obedient {
    fn runs(&self) -> Running {
        self.seen.fetch_add(1, Ordering::SeqCst);
        self.running.fetch_add(1, Ordering::SeqCst);
        Running(self.running.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A `google.rpc.Status` with an ErrorInfo whose reason is "tired", as bytes.
const TIRED: &[u8] = b"\x1a\x33\x0a\x28type.googleapis.com/google.rpc.ErrorInfo\x12\x07\x0a\x05tired";

async fn obey(ask: &Ask) -> Result<(), Status> {
    let Some(order) = &ask.order else { return Ok(()) };
    match order.wait_millis {
        u32::MAX => std::future::pending().await,
        millis => tokio::time::sleep(Duration::from_millis(millis.into())).await,
    }
    match order.code {
        0 => Ok(()),
        code => Err(Status::with_details(Code::from_i32(code.cast_signed()), &*order.text, TIRED.into())),
    }
}

/// Bytes that gzip cannot make fewer.
fn noise(bytes: u32) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..bytes).map(|_| next()).collect()
}

type Answers = Pin<Box<dyn Stream<Item = Result<Answer, Status>> + Send>>;

#[tonic::async_trait]
impl Echo for Obedient {
    async fn say(&self, request: Request<Ask>) -> Result<Response<Answer>, Status> {
        let _running = self.runs();
        let (metadata, _, ask) = request.into_parts();
        obey(&ask).await?;
        let mut response = Response::new(Answer { data: ask.data, count: 1 });
        // What begins with "x-" comes back in the headers.
        for pair in metadata.iter() {
            match pair {
                KeyAndValueRef::Ascii(key, value) if key.as_str().starts_with("x-") => {
                    response.metadata_mut().append(key.clone(), value.clone());
                }
                KeyAndValueRef::Binary(key, value) if key.as_str().starts_with("x-") => {
                    response.metadata_mut().append_bin(key.clone(), value.clone());
                }
                _ => {}
            }
        }
        for (key, seen) in [("grpc-encoding", "seen-encoding"), ("grpc-timeout", "seen-timeout")] {
            if let Some(value) = metadata.get(key) {
                response.metadata_mut().insert(seen, value.clone());
            }
        }
        Ok(response)
    }

    async fn collect(&self, request: Request<Streaming<Ask>>) -> Result<Response<Answer>, Status> {
        let _running = self.runs();
        let mut asks = request.into_inner();
        let (mut data, mut count) = (Vec::new(), 0);
        while let Some(ask) = asks.message().await? {
            obey(&ask).await?;
            data.extend(ask.data);
            count += 1;
        }
        Ok(Response::new(Answer { data, count }))
    }

    type RepeatStream = Answers;

    async fn repeat(&self, request: Request<Ask>) -> Result<Response<Answers>, Status> {
        let running = self.runs();
        let ask = request.into_inner();
        let order = ask.order.clone().unwrap_or_default();
        let data = if order.bytes == 0 { ask.data.clone() } else { noise(order.bytes) };
        let answered = self.answered.clone();
        let answers = tokio_stream::iter(1..=u64::from(order.count)).map(move |count| {
            answered.fetch_add(1, Ordering::SeqCst);
            Ok(Answer { data: data.clone(), count })
        });
        // What is ordered besides comes after the answers.
        let ending = tokio_stream::once(ask).then(move |ask| {
            let _ = &running;
            async move { obey(&ask).await }
        });
        let ending = ending.filter_map(|done| done.err().map(Err));
        let mut response: Response<Answers> = Response::new(Box::pin(answers.chain(ending)));
        // So that large answers are large, and quick.
        response.disable_compression();
        Ok(response)
    }

    type ChatStream = Answers;

    async fn chat(&self, request: Request<Streaming<Ask>>) -> Result<Response<Answers>, Status> {
        let running = self.runs();
        let answers = request.into_inner().then(move |ask| {
            let _ = &running;
            async move {
                let ask = ask?;
                obey(&ask).await?;
                Ok(Answer { data: ask.data, count: 1 })
            }
        });
        Ok(Response::new(Box::pin(answers)))
    }
}
