//! What the tests of children share.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use samehost_transport_api::{Address, Connector, Fault, Link, LinkError, Options, Transport};
use samehost_transport_stdio::{StdioOptions, StdioTransport};

/// How long a test waits for what must come; generous, as the machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// What must be done within a second is given so much on a busy machine, and what would take longer by
/// the options is set to more than that.
pub const SOON: Duration = Duration::from_secs(50);

/// What the runtime finds when the link ends.
pub fn ended(link: &dyn Link) -> LinkError {
    Fault::LinkEnded.with(&[&link.peer().address])
}

pub fn pid_of(link: &dyn Link) -> u32 {
    link.peer().process_id.unwrap()
}

pub fn connector(address: &str, options: StdioOptions) -> Result<Box<dyn Connector>, LinkError> {
    let address: Address = address.parse().unwrap();
    StdioTransport::new().connector(&address, &Options::new().with(options))
}

pub fn connected(address: &str, options: StdioOptions) -> Arc<dyn Link> {
    connector(address, options).unwrap().connect(PATIENCE).unwrap()
}

pub fn connect(address: &str) -> Arc<dyn Link> {
    connected(address, StdioOptions::default())
}

/// The address of the test program with these arguments.
pub fn program(arguments: &str) -> String {
    format!("stdio:'{}' {arguments}", env!("CARGO_BIN_EXE_samehost-stdio-test-program"))
}

/// The process id that a program announces in a file.
pub fn announced(path: &Path) -> u32 {
    let begin = Instant::now();
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) => return text.trim().parse().unwrap(),
            Err(e) => assert!(begin.elapsed() < PATIENCE, "{}: {e}", path.display()),
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Whether a process runs: one that has ended and was not reaped does not.
pub fn runs(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
    !matches!(state, Some('Z' | 'X'))
}

/// Waits until a process has ended, and answers how long that took.
pub fn until_ended(pid: u32) -> Duration {
    let begin = Instant::now();
    while runs(pid) {
        assert!(begin.elapsed() < PATIENCE, "the process {pid} lives on");
        std::thread::sleep(Duration::from_millis(5));
    }
    begin.elapsed()
}

/// Waits until a process id is nobody's: the process has ended and was reaped.
pub fn until_reaped(pid: u32) {
    let begin = Instant::now();
    while Path::new(&format!("/proc/{pid}")).exists() {
        assert!(begin.elapsed() < PATIENCE, "the process {pid} is not reaped");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a process that this test has started.
pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}
