//! How children begin and end.

mod common;

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{SOON, announced, connect, connected, pid_of, program, until_ended, until_reaped};
use rustix::fs::{OFlags, fcntl_getfl};
use samehost_transport_stdio::StdioOptions;
use samehost_transport_testkit::{read_all, read_to_end, write_all};

#[test]
fn dropping_the_link_ends_a_child_that_heeds_the_end_of_its_input() {
    let options = StdioOptions { grace: Duration::from_secs(300), ..StdioOptions::default() };
    let link = connected(&program("echo"), options);
    let pid = pid_of(&*link);
    write_all(&*link, b"hello").unwrap();
    let mut echo = [0; 5];
    read_all(&*link, &mut echo).unwrap();
    assert_eq!(&echo, b"hello");
    drop(link);
    until_reaped(pid);
}

#[test]
fn a_child_that_is_given_all_the_time_that_it_takes_is_reaped_all_the_same() {
    let link = connected(&program("echo"), StdioOptions { grace: Duration::MAX, ..StdioOptions::default() });
    let pid = pid_of(&*link);
    drop(link);
    until_reaped(pid);
}

#[test]
fn a_child_gets_the_default_action_for_sigpipe_back() {
    // The mask of ignored signals; SIGPIPE is the 13th.
    let link = connect("stdio:grep SigIgn /proc/self/status");
    let output = String::from_utf8(read_to_end(&*link).unwrap()).unwrap();
    let ignored = u64::from_str_radix(output.trim_start_matches("SigIgn:").trim(), 16).unwrap();
    assert_eq!(ignored >> 12 & 1, 0, "{output}");
}

#[test]
fn a_child_gets_nothing_of_other_links() {
    let others: Vec<_> = (0..5).map(|_| connect("stdio:cat")).collect();
    let link = connect("stdio:ls /proc/self/fd");
    let output = String::from_utf8(read_to_end(&*link).unwrap()).unwrap();
    let numbers: Vec<u32> = output.lines().map(|line| line.parse().unwrap()).collect();
    // The fourth is the folder that is listed; the test's own harness may have some more.
    assert!(numbers.len() <= 4 + inheritable(), "{output}");
    drop(others);
}

/// How many descriptors above 2 this process hands to any child, not by this crate.
fn inheritable() -> usize {
    let output = Command::new("ls").arg("/proc/self/fd").stdin(Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().count() - 4
}

#[test]
fn what_the_childs_code_prints_and_reads_while_it_serves_is_not_the_links() {
    let (lines, told) = std::sync::mpsc::channel();
    let lines = std::sync::Mutex::new(lines);
    let consumer = move |line: &str| lines.lock().unwrap().send(line.to_owned()).unwrap();
    let options =
        StdioOptions { stderr_lines: Some(std::sync::Arc::new(consumer)), ..StdioOptions::default() };
    let link = connected(&program("print-while-serving"), options);
    write_all(&*link, b"hello").unwrap();
    let mut echo = [0; 5];
    read_all(&*link, &mut echo).unwrap();
    assert_eq!(&echo, b"hello");
    for line in ["this goes to standard error", "so does this"] {
        assert_eq!(told.recv_timeout(common::PATIENCE).unwrap(), line);
    }
}

#[test]
fn a_second_listener_on_the_standard_streams_is_refused() {
    let link = connect(&program("serve-twice"));
    let refusal = String::from_utf8(read_to_end(&*link).unwrap()).unwrap();
    let expected = "listening on stdio: this process serves on its standard input and output already.";
    assert!(refusal.starts_with(expected), "{refusal}");
}

#[test]
fn a_busy_child_ends_when_its_host_drops_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let options = StdioOptions { grace: Duration::from_secs(300), ..StdioOptions::default() };
    let link = connected(&program(&format!("hello-and-be-busy '{}'", file.display())), options);
    write_all(&*link, b"0 0\n").unwrap();
    let child = announced(&file);
    drop(link);
    assert!(until_ended(child) < SOON);
}

#[test]
fn a_child_whose_main_returns_by_itself_is_not_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let options = StdioOptions { grace: Duration::from_secs(300), ..StdioOptions::default() };
    let link = connected(&program(&format!("end-slowly '{}'", file.display())), options);
    let pid = pid_of(&*link);
    drop(link);
    assert_eq!(announced(&file), pid, "it came to the end of its main");
    until_reaped(pid);
}

#[test]
fn a_terminal_is_refused() {
    let (mut ours, mut terminal) = (-1, -1);
    let (name, settings, size) = (std::ptr::null_mut(), std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: the two numbers are written to places of this frame; the rest is not asked for.
    let opened = unsafe { libc::openpty(&mut ours, &mut terminal, name, settings, size) };
    assert_eq!(opened, 0, "there is a terminal to be had");
    // SAFETY: the system has just given it, to nobody else.
    let _ours = unsafe { OwnedFd::from_raw_fd(ours) };
    // SAFETY: the same.
    let terminal = unsafe { OwnedFd::from_raw_fd(terminal) };
    let command = || Command::new(env!("CARGO_BIN_EXE_samehost-stdio-test-program"));
    let input = command().arg("echo").stdin(terminal.try_clone().unwrap()).stdout(Stdio::null()).output();
    let output = command().arg("echo").stdin(Stdio::null()).stdout(terminal).stderr(Stdio::piped()).output();
    for (result, stream) in [(input, "input"), (output, "output")] {
        let text = String::from_utf8(result.unwrap().stderr).unwrap();
        assert!(text.contains(&format!("standard {stream} is a terminal")), "{text}");
    }
}

#[test]
fn a_child_serves_on_sockets_as_well_and_leaves_their_flags_alone() {
    let (ours, its) = UnixStream::pair().unwrap();
    let copy = || OwnedFd::from(its.try_clone().unwrap());
    let program = env!("CARGO_BIN_EXE_samehost-stdio-test-program");
    let mut child = Command::new(program).arg("echo").stdin(copy()).stdout(copy()).spawn().unwrap();
    (&ours).write_all(b"hello").unwrap();
    let mut echo = [0; 5];
    (&ours).read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"hello");
    assert!(!fcntl_getfl(&its).unwrap().contains(OFlags::NONBLOCK));
    drop(its);
    // The end of the host's direction alone is the end.
    ours.shutdown(Shutdown::Write).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_child_without_any_input_ends_by_itself() {
    let program = env!("CARGO_BIN_EXE_samehost-stdio-test-program");
    let child = Command::new(program).arg("echo").stdin(Stdio::null()).stdout(Stdio::null()).status();
    assert!(child.unwrap().success());
}

#[test]
fn many_children_at_once_leave_none_behind() {
    let links: Vec<_> = (0..20).map(|_| connect("stdio:cat")).collect();
    let pids: Vec<_> = links.iter().map(|link| pid_of(&**link)).collect();
    for link in &links {
        write_all(&**link, b"x").unwrap();
    }
    for link in &links {
        read_all(&**link, &mut [0]).unwrap();
    }
    drop(links);
    pids.into_iter().for_each(until_reaped);
}
