//! `samehost call`.

use std::io::{BufRead, BufReader, Read, Write};
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::{
    Program, Reflects, contract, ended, kill, samehost, samehost_reading, serve, serve_in, serve_with,
    started, until,
};

const SAY: &str = "samehost.test.v1.Echo/Say";
const COLLECT: &str = "samehost.test.v1.Echo/Collect";
const REPEAT: &str = "samehost.test.v1.Echo/Repeat";
const CHAT: &str = "samehost.test.v1.Echo/Chat";
/// Keeps its caller waiting for ever.
const FOR_EVER: &str = r#"{"order": {"waitMillis": 4294967295}}"#;

#[test]
fn a_call_of_each_kind_goes_from_json_to_json() {
    let served = serve();
    let to = &*served.address;
    assert_eq!(
        samehost(&["call", to, SAY, r#"{"data": "aGk="}"#]).well(),
        "{\"data\":\"aGk=\",\"count\":\"1\"}\n"
    );
    assert_eq!(samehost(&["call", to, SAY]).well(), "{\"count\":\"1\"}\n");
    let many = "{\"data\": \"aGk=\"}\n{\"data\": \"aGk=\"} {}";
    assert_eq!(
        samehost_reading(&["call", to, COLLECT, "-"], many).well(),
        "{\"data\":\"aGloaQ==\",\"count\":\"3\"}\n"
    );
    assert_eq!(samehost_reading(&["call", to, COLLECT, "-"], "").well(), "{}\n");
    let repeated = samehost(&["call", to, REPEAT, r#"{"data": "", "order": {"count": 3}}"#]).well();
    assert_eq!(repeated, "{\"count\":\"1\"}\n{\"count\":\"2\"}\n{\"count\":\"3\"}\n");
    let answers = samehost(&["call", to, CHAT, r#"{"data": "AQ=="} {"data": "Ag=="}"#]).well();
    assert_eq!(answers, "{\"data\":\"AQ==\",\"count\":\"1\"}\n{\"data\":\"Ag==\",\"count\":\"1\"}\n");
}

#[test]
fn each_answer_of_a_chat_comes_before_the_next_request() {
    let served = serve();
    let mut child = started(&["call", &served.address, CHAT, "-"]);
    let (mut input, mut output) = streams(&mut child);
    for _ in 0..3 {
        input.write_all(b"{}").unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer, "{\"count\":\"1\"}\n");
    }
    drop(input);
    assert_eq!(ended(child).code, Some(0));
}

fn streams(child: &mut Program) -> (impl Write + use<>, impl BufRead + use<>) {
    (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()))
}

#[test]
fn requests_come_from_a_file_too() {
    let served = serve();
    let file = served.file("ask.json", "\n{\"data\": \"aGk=\"}\n");
    let answer = samehost(&["call", &served.address, SAY, &format!("@{file}")]).well();
    assert_eq!(answer, "{\"data\":\"aGk=\",\"count\":\"1\"}\n");
    let missing = samehost(&["call", &served.address, SAY, "@/none"]).failed(1);
    assert!(missing.contains("/none: No such file"), "{missing}");
}

#[test]
fn the_contract_is_asked_from_the_server_in_either_version_or_read_from_files() {
    let alpha = serve_with(Reflects::V1Alpha);
    assert_eq!(samehost(&["call", &alpha.address, SAY]).well(), "{\"count\":\"1\"}\n");

    let silent = serve_with(Reflects::Nothing);
    let told = samehost(&["call", &silent.address, SAY]).failed(1);
    assert!(told.contains("no reflection") && told.contains("--proto"), "{told}");
    let folder = contract();
    let file = folder.join("echo.proto");
    let (folder, file) = (folder.to_str().unwrap(), file.to_str().unwrap());
    assert_eq!(samehost(&["call", &silent.address, SAY, "--proto", file]).well(), "{\"count\":\"1\"}\n");
    let here = samehost(&["call", &silent.address, SAY, "--proto", "echo.proto", "-I", folder]);
    assert_eq!(here.well(), "{\"count\":\"1\"}\n");
    let set = silent.file("echo.bin", samehost_test_stubs::FILE_DESCRIPTOR_SET);
    let set = samehost(&["call", &silent.address, SAY, "--descriptor-set", &set]);
    assert_eq!(set.well(), "{\"count\":\"1\"}\n");
}

#[test]
fn a_status_is_told_with_its_details_and_in_the_exit_code() {
    let served = serve();
    let tired = r#"{"order": {"code": 5, "text": "no keys"}}"#;
    let told = samehost(&["call", &served.address, SAY, tired]).failed(64 + 5);
    assert_eq!(told, "NOT_FOUND: no keys\n  google.rpc.ErrorInfo {\"reason\":\"tired\"}\n");
    let streamed =
        samehost(&["call", &served.address, REPEAT, r#"{"order": {"count": 1, "code": 8, "text": "full"}}"#]);
    assert_eq!((streamed.code, &*streamed.out), (Some(64 + 8), "{\"count\":\"1\"}\n"), "{streamed:?}");
    assert!(streamed.err.starts_with("RESOURCE_EXHAUSTED: full"), "{streamed:?}");
    let nobody = samehost(&["call", "unix:/none/here", SAY]).failed(64 + 14);
    assert!(nobody.contains("UNAVAILABLE: connecting to unix:/none/here: no such file"), "{nobody}");
    let address = samehost(&["call", "nowhere", SAY]).failed(64 + 3);
    assert!(address.contains("it has no scheme"), "{address}");
}

#[test]
fn a_child_is_called_and_what_it_says_is_shown() {
    let served = serve();
    let program = env!("CARGO_BIN_EXE_samehost");
    let child =
        format!("stdio:sh -c 'echo warming up >&2; exec {program} serve stdio: --to {}'", served.address);
    let done = samehost(&["call", &child, SAY]);
    assert_eq!(
        (done.code, &*done.out, &*done.err),
        (Some(0), "{\"count\":\"1\"}\n", "warming up\n"),
        "{done:?}"
    );
}

#[test]
fn default_values_are_written_where_they_are_wanted() {
    let served = serve();
    let all = samehost(&["call", &served.address, SAY, "--defaults"]).well();
    assert_eq!(all, "{\"data\":\"\",\"count\":\"1\"}\n");
}

/// As with a .proto that is not the server's.
#[test]
fn a_server_that_answers_otherwise_than_its_contract_is_told() {
    let served = serve();
    let contract = served.file(
        "other.proto",
        "syntax = \"proto3\"; package samehost.test.v1;
         message Order { uint32 count = 1; } message Ask { bytes data = 1; Order order = 2; }
         message Answer { string data = 1; }
         service Echo { rpc Repeat(Ask) returns (Answer); rpc Say(Ask) returns (Answer); }",
    );
    let call = |method, request| samehost(&["call", &served.address, method, request, "--proto", &contract]);
    let several = call(REPEAT, r#"{"order": {"count": 2}}"#);
    assert_eq!((several.code, &*several.out), (Some(1), "{}\n{}\n"), "{several:?}");
    assert!(several.err.contains("has sent 2 answers, and the method has one"), "{several:?}");
    assert!(call(REPEAT, "{}").failed(1).contains("has sent 0 answers"));
    assert!(call(SAY, r#"{"data": "/w=="}"#).failed(1).contains("answer 1 is no samehost.test.v1.Answer"));
}

#[test]
fn a_proto_that_is_none_is_told_with_its_place() {
    let served = serve();
    let call = |file: &str| samehost(&["call", &served.address, SAY, "--proto", file]).failed(1);
    let broken = call(&served.file("broken.proto", "syntax = \"proto3\";\nmessage A { string x 1; }"));
    assert!(broken.contains("broken.proto:2:22: expected '='"), "{broken}");
    let unknown = call(&served.file("unknown.proto", "syntax = \"proto3\";\nmessage A { B x = 1; }"));
    assert!(unknown.contains("unknown.proto:2:13: name 'B' is not defined"), "{unknown}");
    let missing = call("/none.proto");
    assert!(missing.contains("/none.proto: No such file"), "{missing}");
}

#[test]
fn bad_json_is_told_with_its_place() {
    let served = serve();
    let to = &*served.address;
    let broken = samehost(&["call", to, SAY, "{\"data\": \n nope}"]).failed(1);
    assert!(broken.contains("line 2 column") && broken.contains("samehost.test.v1.Ask"), "{broken}");
    let field = samehost(&["call", to, SAY, r#"{"order": {"waitMilis": 1}}"#]).failed(1);
    assert!(
        field.contains("'waitMilis' at line 1 column") && field.contains("Did you mean waitMillis?"),
        "{field}"
    );
    let two = samehost(&["call", to, SAY, "{} {}"]).failed(1);
    assert!(two.contains("more than one request"), "{two}");
    let none = samehost_reading(&["call", to, SAY, "-"], "").failed(1);
    assert!(none.contains("standard input: no request"), "{none}");
    // Those before it were sent.
    let late = samehost_reading(&["call", to, COLLECT, "-"], "{}\n{}\n[").failed(1);
    assert!(late.contains("standard input") && late.contains("line 3 column"), "{late}");
    served.idle();
}

#[test]
fn a_name_that_is_not_there_is_told_with_those_that_are_alike() {
    let served = serve();
    let to = &*served.address;
    let method = samehost(&["call", to, "samehost.test.v1.Echo/Sey"]).failed(1);
    assert!(
        method.contains("no method samehost.test.v1.Echo/Sey. Did you mean samehost.test.v1.Echo/Say?"),
        "{method}"
    );
    let service = samehost(&["call", to, "samehost.test.v1.Ecko/Say"]).failed(1);
    assert!(service.contains("Did you mean samehost.test.v1.Echo?"), "{service}");
    let whole = samehost(&["call", to, "samehost.test.v1.Echo"]).failed(1);
    assert!(whole.contains("its methods are samehost.test.v1.Echo/Say, "), "{whole}");
    assert_eq!(samehost(&["call", to, "Echo/Say"]).well(), "{\"count\":\"1\"}\n");
    assert_eq!(samehost(&["call", to, "samehost.test.v1.Echo.Say"]).well(), "{\"count\":\"1\"}\n");
}

#[test]
fn a_deadline_passes() {
    let served = serve();
    let told = samehost(&["call", &served.address, SAY, FOR_EVER, "--deadline", "100ms"]).failed(64 + 4);
    assert!(told.starts_with("DEADLINE_EXCEEDED: deadline exceeded after 0."), "{told}");
    served.idle();
}

#[test]
fn an_interrupt_cancels_the_call() {
    let served = serve();
    for (method, request) in [(SAY, FOR_EVER), (COLLECT, "-"), (REPEAT, FOR_EVER)] {
        let mut child = started(&["call", &served.address, method, request]);
        let _input = child.stdin.take();
        until("its handler runs", || served.runs());
        kill(&child, Signal::INT);
        let told = ended(child).failed(64 + 1);
        assert!(told.starts_with("CANCELLED: "), "{told}");
        served.idle();
    }
}

#[test]
fn more_is_told_where_it_is_wanted() {
    let served = serve();
    let words = [
        "call",
        &*served.address,
        SAY,
        "-v",
        "-H",
        "X-Tenant: blue",
        "-H",
        "x-trace-bin: AQI=",
        "--deadline",
        "20s",
    ];
    let done = samehost(&words);
    assert_eq!((done.code, &*done.out), (Some(0), "{\"count\":\"1\"}\n"), "{done:?}");
    let pid = format!("pid {}", std::process::id());
    for line in [
        "> samehost.test.v1.Echo/Say",
        "> x-tenant: blue",
        "> deadline in 20s",
        "< x-tenant: blue",
        "< x-trace-bin: AQI",
        "< OK after ",
        &pid,
    ] {
        assert!(done.err.contains(line), "{line}: {done:?}");
    }
    let shared = served.address.replace("unix:", "shm:");
    let done = samehost(&["call", &shared, SAY, "-v"]);
    assert!(done.err.contains("shared memory"), "{done:?}");
    for (words, seen) in [(&["--gzip"][..], true), (&[], false)] {
        let done = samehost(&[&["call", &*served.address, SAY, "-v"], words].concat());
        assert_eq!(done.err.contains("< seen-encoding: gzip"), seen, "{done:?}");
    }
    let refused = samehost(&["call", &served.address, SAY, "-H", "colourless"]).failed(2);
    assert!(refused.contains("\"key: value\""), "{refused}");
}

#[test]
fn a_server_that_is_not_there_yet_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let (address, file) = (format!("unix:{}/s", folder.path().display()), contract().join("echo.proto"));
    let child = started(&["call", &address, SAY, "--wait", "--proto", file.to_str().unwrap()]);
    thread::sleep(Duration::from_millis(300));
    let _served = serve_in(folder, Reflects::Nothing);
    assert_eq!(ended(child).well(), "{\"count\":\"1\"}\n");
}

#[test]
fn whoever_reads_no_further_ends_it() {
    let served = serve();
    let mut child = started(&["call", &served.address, REPEAT, r#"{"order": {"count": 1000000}}"#]);
    let mut output = child.stdout.take().unwrap();
    output.read_exact(&mut [0; 10]).unwrap();
    drop(output);
    let done = ended(child);
    assert_eq!((done.code, &*done.err), (Some(1), ""), "{done:?}");
    served.idle();
}
