//! Ends of a connection that are killed while calls of both directions are open. They are this very program, started
//! again.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use samehost::raw::{Call, Channel, Patience, ServerBuilder};
use samehost::{Code, ConnectivityState};

use crate::sides::{Both, Side, around, in_time, offering, ok, run, send, unary, until};

/// As what a doomed process is started, and its address.
const ROLE: &str = "SAMEHOST_TEST_DOOMED_ROLE";
const ADDRESS: &str = "SAMEHOST_TEST_DOOMED_ADDRESS";
/// What it says when it has begun.
const READY: &str = "it has begun";

/// Serves or calls until it is killed where this program was started for that, and does nothing otherwise.
#[test]
fn be_doomed() {
    let (Ok(role), Ok(address)) = (std::env::var(ROLE), std::env::var(ADDRESS)) else { return };
    let (side, _) = Side::new();
    let say_ready = || writeln!(std::io::stdout(), "{READY}").unwrap();
    if role == "server" {
        let server = ServerBuilder::default().serve_on_threads(true, around(), run(&side, true));
        server.listen(&address).unwrap();
        server.start();
        say_ready();
        thread::sleep(Duration::MAX);
    }
    let channel = offering(Channel::builder(address), &side, true);
    say_ready();
    assert_eq!(unary(&channel, "/t.T/Keep", b""), ok("kept"));
    let _ = unary(&channel, "/t.T/BackToWatch", b"");
    thread::sleep(Duration::MAX);
}

fn start(role: &str, address: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::be_doomed", "--nocapture"]).env(ROLE, role).env(ADDRESS, address);
    let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(process.stdout.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().ends_with(READY)));
    process
}

fn kill(mut process: Child) {
    process.kill().unwrap();
    process.wait().unwrap();
}

fn runs(side: &Side, handlers: usize) -> bool {
    side.running.load(Ordering::SeqCst) == handlers
}

fn ended(call: &Call) -> (Code, String) {
    let outcome = call.wait(Patience::endless(), |call, cx| call.poll_outcome(cx)).unwrap().unwrap();
    (outcome.status.code(), outcome.status.message().to_owned())
}

#[test]
fn a_client_that_is_killed_ends_the_calls_of_both_directions_at_the_server() {
    for scheme in ["unix", "shm"] {
        let both = Both::over(scheme, true, |builder| builder);
        let client = start("client", &both.address);
        // Its call waits in a handler, which has called back.
        until("it has called", || both.serving.has_kept() && runs(&both.serving, 1));
        let kept = both.serving.kept();
        let open = kept.call("/t.T/Watch", in_time());
        send(&open, "");
        kill(client);
        let (code, text) = ended(&open);
        assert_eq!(code, Code::Unavailable, "{text}");
        assert!(text.contains("process die?"), "{text}");
        until("the handler is over", || runs(&both.serving, 0));
        assert_eq!(unary(&kept, "/t.T/Echo", b""), both.gone());
        assert_eq!(kept.state(), ConnectivityState::Shutdown);
        // Others are served as before.
        assert_eq!(unary(&both.channel, "/t.T/Back", b"/t.T/Echo hello"), ok("Ok hello"));
    }
}

#[test]
fn a_server_that_is_killed_ends_the_calls_of_both_directions_at_the_client() {
    for scheme in ["unix", "shm"] {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("{scheme}:{}/s", folder.path().display());
        let server = start("server", &address);
        let (side, told) = Side::new();
        let channel = offering(Channel::builder(&*address), &side, true);
        let call = channel.call("/t.T/BackToWatch", in_time());
        send(&call, "");
        until("it is called back", || runs(&side, 1));
        // A handler of the client's own has the channel to the server.
        assert_eq!(unary(&channel, "/t.T/Back", b"/t.T/Keep "), ok("Ok kept"));
        let kept = side.kept();
        assert_eq!(unary(&kept, "/t.T/Echo", b"and back"), ok("and back"));
        kill(server);
        assert_eq!(ended(&call).0, Code::Unavailable);
        assert_eq!(told.recv_timeout(crate::sides::SOON).unwrap(), "over true true");
        until("the handler is over", || runs(&side, 0));
        let gone = samehost::transport::Fault::CallerGone.text(&[&address]);
        assert_eq!(unary(&kept, "/t.T/Echo", b""), (Code::Unavailable, gone));
        let again = start("server", &address);
        until("there is a new way there", || {
            unary(&channel, "/t.T/Back", b"/t.T/Echo hello") == ok("Ok hello")
        });
        kill(again);
    }
}
