//! The host's side.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::fs::{Access, OFlags, access, fcntl_getfl, fcntl_setfl};
use rustix::io::Errno;
use samehost_transport_api::{Address, Connector, Fault, Link, LinkError, Peer};
use samehost_transport_posix::{FdLink, Wake, errno_text, system_fault};

use crate::child::Child;
use crate::keeper::Keeper;
use crate::parent_link::ParentLink;
use crate::{StderrLines, StdioOptions};

/// Starts a child for each link, with pipes of its own for the three standard streams. Nothing of
/// this process is handed to the child but what any child gets.
pub(crate) struct StdioConnector {
    address: Address,
    options: StdioOptions,
    closed: AtomicBool,
}

impl StdioConnector {
    pub fn new(address: Address, options: StdioOptions) -> StdioConnector {
        StdioConnector { address, options, closed: AtomicBool::new(false) }
    }

    fn command(&self) -> Result<Command, LinkError> {
        let program = &self.options.arguments[0];
        let mut command = Command::new(self.found()?);
        command.arg0(program);
        command.args(&self.options.arguments[1..]);
        command.envs(self.options.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.options.folder {
            command.current_dir(folder);
        }
        // The pipes are close-on-exec, and the child gets the default action for SIGPIPE back.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Ok(command)
    }

    /// Where the program is: by the host's PATH, also where the child gets another one.
    fn found(&self) -> Result<OsString, LinkError> {
        let program = &self.options.arguments[0];
        let changed = self.options.environment.iter().any(|(name, _)| name == "PATH");
        if !changed || program.as_encoded_bytes().contains(&b'/') {
            return Ok(program.clone());
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut files = std::env::split_paths(&path).map(|folder| folder.join(program));
        let found = files.find(|file| file.is_file() && access(file, Access::EXEC_OK).is_ok());
        found.map(OsString::from).ok_or_else(|| self.not_started(&Errno::NOENT.into()))
    }

    fn not_started(&self, error: &std::io::Error) -> LinkError {
        let program = self.options.arguments[0].to_string_lossy();
        match Errno::from_io_error(error) {
            Some(Errno::MFILE) => self.failed("pipe", error),
            _ => Fault::SpawnFailed.with(&[&self.address, &program, &text(error)]),
        }
    }

    /// Who takes the lines of the child's standard error.
    fn stderr_lines(&self, pid: u32) -> StderrLines {
        self.options.stderr_lines.clone().unwrap_or_else(|| {
            let address = self.address.to_string();
            Arc::new(move |line| tracing::info!(target: "samehost::stdio", address, pid, "{line}"))
        })
    }

    fn failed(&self, operation: &str, error: &std::io::Error) -> LinkError {
        match Errno::from_io_error(error) {
            Some(errno) => system_fault(Fault::ConnectFailed, &self.address, operation, errno),
            None => Fault::ConnectFailed.with(&[&self.address, &operation, error]),
        }
    }
}

impl Connector for StdioConnector {
    fn connect(&self, _timeout: Duration) -> Result<Arc<dyn Link>, LinkError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Fault::ChannelShutdown.with(&[&self.address]));
        }
        let wake = || Wake::new().map_err(|errno| self.failed("eventfd", &errno.into()));
        let (wake, end) = (wake()?, wake()?);
        let mut process = self.command()?.spawn().map_err(|error| self.not_started(&error))?;
        let pid = process.id();
        let streams = (process.stdin.take(), process.stdout.take(), process.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = streams else { unreachable!("all are piped") };
        let stderr = OwnedFd::from(stderr);
        let child = Arc::new(Child::new(pid, wake, end));
        let peer = Peer { process_id: Some(pid), ..Peer::at(self.address.to_string()) };
        // From here on a failure drops the pipes, and the child must go with them.
        let made = FdLink::over_two(stdout.into(), stdin.into(), peer)
            .and_then(|link| {
                fcntl_setfl(&stderr, fcntl_getfl(&stderr)? | OFlags::NONBLOCK)?;
                ParentLink::new(link, child.clone(), self.options.hello_timeout)
            })
            .map_err(|errno| self.failed("pipe", &errno.into()));
        let link = match made {
            Ok(link) => Arc::new(link),
            Err(why) => return Err(undone(process, why)),
        };
        // The thread is handed its child when it runs, so that without one the child can be undone.
        let (hand_over, handed) = std::sync::mpsc::channel::<Keeper>();
        let thread = thread::Builder::new()
            .name("samehost-child".to_owned())
            .spawn(move || handed.into_iter().for_each(Keeper::run));
        if let Err(error) = thread {
            return Err(undone(process, self.failed("starting a thread", &error)));
        }
        let link: Arc<dyn Link> = link;
        child.is_at(Arc::downgrade(&link));
        let keeper = Keeper::new(child, process, stderr, self.stderr_lines(pid), self.options.grace);
        hand_over.send(keeper).unwrap_or_else(|_| unreachable!("the thread waits for it"));
        Ok(link)
    }

    fn hello_timeout(&self) -> Duration {
        self.options.hello_timeout
    }

    fn noise_limit(&self) -> usize {
        self.options.noise_limit
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

/// Kills and reaps a child that cannot be used.
fn undone(mut process: std::process::Child, why: LinkError) -> LinkError {
    // It fails only when the child is gone already.
    let _ = process.kill();
    let _ = process.wait();
    why
}

fn text(error: &std::io::Error) -> String {
    Errno::from_io_error(error).map_or_else(|| error.to_string(), errno_text)
}
