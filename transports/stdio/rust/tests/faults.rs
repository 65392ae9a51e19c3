//! Children that cannot be used, and what a person reads then.

mod common;

use std::time::Duration;

use common::{connect, connected, connector, ended, pid_of, program, signal};
use rustix::process::Signal;
use samehost_transport_api::Fault;
use samehost_transport_stdio::StdioOptions;
use samehost_transport_testkit::{read_all, read_to_end, write_all};

#[test]
fn an_address_without_a_command_or_with_an_open_quote_is_refused() {
    for (address, reason) in [
        ("stdio:", "it has no command"),
        ("stdio:   ", "it has no command"),
        ("stdio:sh -c 'x", "a single quote is not closed"),
        ("stdio:a\0b", "it has a NUL"),
    ] {
        let refusal = connector(address, StdioOptions::default()).err().unwrap();
        assert_eq!(refusal.fault(), Fault::AddressMalformed);
        assert!(refusal.to_string().starts_with(&format!("address {address}: {reason}.")), "{refusal}");
    }
}

#[test]
fn a_program_that_does_not_exist_is_named_with_the_systems_reason() {
    let missing = connector("stdio:/no/such/program --flag", StdioOptions::default()).unwrap();
    let failure = missing.connect(Duration::from_secs(1)).err().unwrap();
    assert_eq!(
        failure,
        Fault::SpawnFailed.with(&[
            &"stdio:/no/such/program --flag",
            &"/no/such/program",
            &"No such file or directory (ENOENT)"
        ])
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("no program");
    std::fs::write(&file, "").unwrap();
    let address = format!("stdio:'{}'", file.display());
    let failure = connector(&address, StdioOptions::default()).unwrap().connect(Duration::from_secs(1));
    let failure = failure.err().unwrap().to_string();
    assert!(failure.contains("no program: Permission denied (EACCES)."), "{failure}");
}

#[test]
fn a_closed_connector_starts_nothing() {
    let connector = connector("stdio:cat", StdioOptions::default()).unwrap();
    let link = connector.connect(Duration::from_secs(1)).unwrap();
    connector.close();
    connector.close();
    let refusal = connector.connect(Duration::from_secs(1)).err().unwrap();
    assert_eq!(refusal.fault(), Fault::ChannelShutdown);
    write_all(&*link, b"lives on").unwrap();
    read_all(&*link, &mut [0; 8]).unwrap();
}

#[test]
fn arguments_as_a_list_are_taken_as_they_are() {
    let arguments = ["sh", "-c", "printf %s \"$1|$VARIABLE|$PWD\"", "sh", "a 'b"].map(Into::into).to_vec();
    let environment = vec![("VARIABLE".into(), "value".into())];
    let folder = Some("/".into());
    let options = StdioOptions { arguments, environment, folder, ..StdioOptions::default() };
    let link = connected("stdio:the worker", options);
    assert_eq!(&*link.peer().address, "stdio:the worker");
    assert_eq!(read_to_end(&*link).unwrap(), b"a 'b|value|/");
}

#[test]
fn the_hosts_path_decides_where_the_program_is_and_the_childs_is_its_own() {
    let environment = vec![("PATH".into(), "/nowhere".into())];
    let options = StdioOptions { environment, ..StdioOptions::default() };
    let link = connected("stdio:sh -c 'printf %s \"$PATH\"'", options.clone());
    assert_eq!(read_to_end(&*link).unwrap(), b"/nowhere");
    let missing = connector("stdio:no-such-program", options).unwrap();
    let failure = missing.connect(Duration::from_secs(1)).err().unwrap().to_string();
    assert!(
        failure.contains("cannot start no-such-program: No such file or directory (ENOENT)."),
        "{failure}"
    );
}

#[test]
fn a_child_that_dies_before_hello_is_told_with_its_status_and_its_last_words() {
    let link = connect("stdio:sh -c 'echo Starting...; echo one >&2; printf two >&2; exit 3'");
    let skipped = read_to_end(&*link).unwrap();
    let failure = link.explain_silence(ended(&*link), &skipped, skipped.len() as u64);
    let expected = Fault::ChildGoneBeforeHello.with(&[
        &link.peer().address,
        &pid_of(&*link),
        &"exited with status 3",
        &"\"Starting...\"",
        &"one\ntwo",
    ]);
    assert_eq!(failure, expected);
}

#[test]
fn a_child_that_is_killed_with_calls_open_is_told_with_the_signal() {
    let link = connect("stdio:cat");
    signal(pid_of(&*link), Signal::KILL);
    assert_eq!(read_to_end(&*link), Ok(vec![]));
    let failure = link.explain(ended(&*link)).to_string();
    assert!(failure.contains("was killed by signal 9 (SIGKILL) with calls open"), "{failure}");
    assert!(failure.ends_with("Its last lines on stderr: nothing"), "{failure}");
}

#[test]
fn a_child_that_closes_its_output_and_lives_is_told_as_such() {
    let link = connect("stdio:sh -c 'exec >&-; echo hm >&2; read line'");
    assert_eq!(read_to_end(&*link), Ok(vec![]));
    let failure = link.explain(ended(&*link));
    assert_eq!(failure, Fault::ChildClosed.with(&[&link.peer().address, &pid_of(&*link), &"hm"]));
    let failure = link.explain_silence(ended(&*link), b"", 0).to_string();
    assert!(failure.contains("closed its standard output before it said HELLO"), "{failure}");
}

#[test]
fn a_silent_child_is_told_with_the_time_and_what_it_printed() {
    let options = StdioOptions { hello_timeout: Duration::from_millis(1500), ..StdioOptions::default() };
    let connector = connector("stdio:cat", options).unwrap();
    assert_eq!(connector.hello_timeout(), Duration::from_millis(1500));
    assert_eq!(connector.noise_limit(), 65_536);
    let link = connector.connect(Duration::from_secs(1)).unwrap();
    let silent = Fault::PeerSilent.with(&[&"stdio:cat", &1.5]);
    let failure = link.explain_silence(silent, b"Loading\n", 8);
    let expected =
        Fault::ChildSilent.with(&[&"stdio:cat", &pid_of(&*link), &1.5, &"\"Loading\"", &"nothing"]);
    assert_eq!(failure, expected);
}

#[test]
fn a_child_that_only_prints_is_told_with_how_much() {
    let link = connect("stdio:yes");
    let mut noise = vec![0; 70_000];
    read_all(&*link, &mut noise).unwrap();
    let nonsense = Fault::PeerNonsense.with(&[&"stdio:yes", &"x"]);
    let failure = link.explain_silence(nonsense, &noise[..6], 70_000);
    let expected =
        Fault::ChildNoise.with(&[&"stdio:yes", &pid_of(&*link), &70_000, &"\"y y y ...\"", &"nothing"]);
    assert_eq!(failure, expected);
}

#[test]
fn other_failures_are_left_as_they_are() {
    let link = connect("stdio:cat");
    let malformed = Fault::Malformed.with(&[&"stdio:cat", &"PROTOCOL_ERROR", &"x"]);
    assert_eq!(link.explain(malformed.clone()), malformed);
    assert_eq!(link.explain_silence(malformed.clone(), b"", 0), malformed);
}

#[test]
fn what_a_child_prints_before_it_serves_is_read_first() {
    let link = connect(&program("print-then-echo"));
    let mut noise = vec![0; "one line\nand a half".len()];
    read_all(&*link, &mut noise).unwrap();
    assert_eq!(noise, b"one line\nand a half");
    write_all(&*link, b"hello").unwrap();
    let mut echo = [0; 5];
    read_all(&*link, &mut echo).unwrap();
    assert_eq!(&echo, b"hello");
}
