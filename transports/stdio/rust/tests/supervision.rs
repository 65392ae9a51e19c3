//! How a host looks after its children: what they say on standard error, and that they end.

mod common;

use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{
    SOON, announced, connect, connected, ended, pid_of, program, runs, signal, until_ended, until_reaped,
};
use rustix::process::Signal;
use samehost_transport_api::{Fault, Interest, Link};
use samehost_transport_stdio::StdioOptions;
use samehost_transport_testkit::{read_all, read_to_end};

/// A child by this script, and what it says on standard error, line by line.
fn told(script: &str) -> (Arc<dyn Link>, Receiver<String>) {
    let (lines, told) = channel();
    let lines = Mutex::new(lines);
    let consumer = move |line: &str| lines.lock().unwrap().send(line.to_owned()).unwrap();
    let options = StdioOptions {
        arguments: ["sh", "-c", script].map(Into::into).to_vec(),
        stderr_lines: Some(Arc::new(consumer)),
        ..StdioOptions::default()
    };
    (connected("stdio:talks", options), told)
}

fn next(told: &Receiver<String>) -> String {
    told.recv_timeout(common::PATIENCE).unwrap()
}

#[test]
fn every_line_on_stderr_is_handed_on_in_its_order_and_the_last_ones_stand_in_the_error() {
    let (link, told) = told("i=0; while [ $i -lt 500 ]; do echo line $i; i=$((i+1)); done >&2");
    for number in 0..500 {
        assert_eq!(next(&told), format!("line {number}"));
    }
    assert_eq!(read_to_end(&*link), Ok(vec![]));
    let failure = link.explain(ended(&*link)).to_string();
    let last: Vec<_> = failure.lines().collect();
    assert_eq!(last.len(), 20, "the last lines and no more: {failure}");
    assert!(last[0].ends_with("line 480") && last[19] == "line 499", "{failure}");
}

#[test]
fn a_line_on_stderr_is_handed_on_while_the_child_lives() {
    let (link, told) = told("echo one >&2; read -r go; echo two >&2; read -r end");
    assert_eq!(next(&told), "one");
    samehost_transport_testkit::write_all(&*link, b"go\n").unwrap();
    assert_eq!(next(&told), "two");
}

#[test]
fn a_last_line_on_stderr_needs_no_end() {
    let (link, told) = told("printf 'one\\ntwo' >&2");
    assert_eq!((next(&told), next(&told)), ("one".to_owned(), "two".to_owned()));
    assert_eq!(read_to_end(&*link), Ok(vec![]));
    assert!(link.explain(ended(&*link)).to_string().ends_with("one\ntwo"));
}

#[test]
fn a_long_line_on_stderr_is_cut_between_characters_and_the_next_one_is_whole() {
    let (_link, told) = told(
        "head -c 9000000 /dev/zero | tr '\\0' x >&2; echo >&2; echo next >&2; \
         { printf y; i=0; while [ $i -lt 2000 ]; do printf '\\303\\244'; i=$((i+1)); done; echo; } >&2; printf last >&2",
    );
    assert_eq!(next(&told), "x".repeat(1024));
    assert_eq!(next(&told), "next");
    assert_eq!(next(&told), format!("y{}", "ä".repeat(511)));
    assert_eq!(next(&told), "last");
}

#[test]
fn bytes_on_stderr_that_are_no_text_are_handed_on_as_replacement_characters() {
    let (_link, told) = told("printf 'a\\377b\\303\\n\\000c\\r\\n' >&2");
    assert_eq!((next(&told), next(&told)), ("a\u{FFFD}b\u{FFFD}".to_owned(), "\0c".to_owned()));
}

#[test]
fn a_consumer_of_stderr_that_fails_harms_nothing_else() {
    let options = StdioOptions {
        // A panic without its hook: printing a backtrace can take longer than an explanation waits.
        stderr_lines: Some(std::sync::Arc::new(|line| {
            std::panic::resume_unwind(Box::new(format!("on purpose: {line}")))
        })),
        ..StdioOptions::default()
    };
    let link = connected("stdio:sh -c 'echo one >&2; echo two >&2; exit 3'", options);
    assert_eq!(read_to_end(&*link), Ok(vec![]));
    let failure = link.explain(ended(&*link)).to_string();
    assert!(
        failure.ends_with("exited with status 3 with calls open. Its last lines on stderr: one\ntwo"),
        "{failure}"
    );
    let pid = pid_of(&*link);
    drop(link);
    common::until_reaped(pid);
}

#[test]
fn a_child_that_heeds_neither_the_end_of_its_input_nor_sigterm_is_killed_after_the_grace() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let options = StdioOptions { grace: Duration::from_millis(100), ..StdioOptions::default() };
    let link = connected(&program(&format!("ignore-everything '{}'", file.display())), options);
    let pid = announced(&file);
    assert_eq!(pid, pid_of(&*link));
    let begin = Instant::now();
    drop(link);
    until_reaped(pid);
    // Once for the end of its input, and once for SIGTERM.
    assert!(begin.elapsed() >= Duration::from_millis(200), "it was given less: {:?}", begin.elapsed());
}

#[test]
fn a_child_that_heeds_sigterm_alone_is_sent_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ended");
    let script = format!(
        "trap \"echo \\$\\$ > {0}.new; mv {0}.new {0}; exit 0\" TERM; echo ready; while :; do sleep 0.05; done",
        file.display()
    );
    let options = StdioOptions {
        arguments: ["sh", "-c", &script].map(Into::into).to_vec(),
        // It holds twice: a busy machine must not come to SIGKILL.
        grace: Duration::from_secs(2),
        ..StdioOptions::default()
    };
    let link = connected("stdio:deaf", options);
    let pid = pid_of(&*link);
    let mut ready = [0; 6];
    read_all(&*link, &mut ready).unwrap();
    drop(link);
    assert_eq!(announced(&file), pid);
    until_reaped(pid);
}

#[test]
fn a_grandchild_that_keeps_the_pipes_open_keeps_the_link_from_nothing() {
    // The grandchild has the child's standard output and error; its process id comes first.
    let link = connect("stdio:sh -c 'sleep 300 & echo $!; exit 7'");
    let begin = Instant::now();
    let output = read_to_end(&*link).unwrap();
    let grandchild: u32 = String::from_utf8(output).unwrap().trim().parse().unwrap();
    assert_eq!(link.wait(Interest::BOTH, None), Ok(Interest::BOTH));
    assert_eq!(link.write(b"to nobody").unwrap_err().fault(), Fault::LinkFailed);
    let failure = link.explain(ended(&*link)).to_string();
    assert!(failure.contains("exited with status 7 with calls open"), "{failure}");
    let pid = pid_of(&*link);
    drop(link);
    common::until_reaped(pid);
    assert!(begin.elapsed() < Duration::from_secs(200), "the grandchild was waited for");
    assert!(common::runs(grandchild));
    signal(grandchild, Signal::KILL);
}

/// A host in a process of its own, killed by SIGKILL when it is dropped.
struct Host(std::process::Child);

impl Host {
    fn of(command: &str) -> Host {
        let program = env!("CARGO_BIN_EXE_samehost-stdio-test-program");
        Host(Command::new(program).args(["host", command]).stdin(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn no_child_outlives_a_host_that_is_killed_even_where_a_wrapper_hides_the_end_of_its_input() {
    for wrapped in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let command = program(&format!("hello-and-be-busy '{}'", file.display()));
        let command = command.strip_prefix("stdio:").unwrap();
        // A wrapper holds a writing end of the child's input: only the host's own death tells.
        let wrapper = format!(
            "sh -c 'mkfifo \"$0/in\"; exec 3<>\"$0/in\" 4<&0; cat <&4 >&3 & exec \"$@\" <&3 4<&-' '{}' {command}",
            folder.path().display()
        );
        let command = if wrapped { &wrapper } else { command };
        let host = Host::of(command);
        let child = announced(&file);
        assert!(runs(child));
        drop(host);
        let took = until_ended(child);
        assert!(took < SOON, "it took {took:?}, wrapped: {wrapped}");
    }
}

#[test]
fn a_consumer_of_lines_that_waits_for_ever_keeps_no_child() {
    let (waits, waiting) = std::sync::mpsc::channel::<()>();
    let waiting = std::sync::Mutex::new(waiting);
    let options = StdioOptions {
        stderr_lines: Some(std::sync::Arc::new(move |_| {
            let _ = waiting.lock().unwrap().recv();
        })),
        grace: Duration::from_millis(50),
        ..StdioOptions::default()
    };
    // It writes without an end, and does not heed the end of its input.
    let link =
        connected("stdio:sh -c 'trap \"\" TERM; while echo line >&2; do :; done; sleep 1000'", options);
    let pid = pid_of(&*link);
    drop(link);
    until_reaped(pid);
    drop(waits);
}
