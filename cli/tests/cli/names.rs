//! `samehost list` and `samehost describe`.

use crate::common::{Reflects, contract, samehost, serve, serve_with};

#[test]
fn services_and_methods_are_listed() {
    let served = serve();
    let listed = samehost(&["list", &served.address]).well();
    assert_eq!(
        listed,
        "grpc.reflection.v1.ServerReflection\nsamehost.test.v1.Echo\nsamehost.test.v1.Other\n"
    );
    let methods = "Say Collect Repeat Chat".split(' ').map(|name| format!("samehost.test.v1.Echo/{name}\n"));
    let methods: String = methods.collect();
    assert_eq!(samehost(&["list", &served.address, "samehost.test.v1.Echo"]).well(), methods);
    let file = contract().join("echo.proto");
    assert_eq!(samehost(&["list", "--proto", file.to_str().unwrap(), "Echo"]).well(), methods);
    let told = samehost(&["list", &served.address, "samehost.test.v1.Eho"]).failed(1);
    assert!(told.contains("Did you mean samehost.test.v1.Echo?"), "{told}");
    let told = samehost(&["list"]).failed(1);
    assert!(told.contains("Give the address of a server"), "{told}");
}

#[test]
fn shells_complete_the_words() {
    let script = samehost(&["completion", "bash"]).well();
    assert!(script.contains("doctor") && script.contains("--descriptor-set"), "{script}");
}

#[test]
fn a_server_without_reflection_says_so() {
    let served = serve_with(Reflects::Nothing);
    let told = samehost(&["list", &served.address]).failed(1);
    assert!(told.contains("no reflection (grpc.reflection.v1)"), "{told}");
}

#[test]
fn a_method_is_described_with_its_messages() {
    let served = serve();
    let described = samehost(&["describe", &served.address, "samehost.test.v1.Echo/Chat"]).well();
    assert!(described.starts_with("// echo.proto\npackage samehost.test.v1;\n\n"), "{described}");
    for part in [
        "rpc Chat(stream Ask) returns (stream Answer);",
        "message Ask {\n  bytes data = 1;\n  Order order = 2;\n}",
        "message Answer {",
    ] {
        assert!(described.contains(part), "{part}: {described}");
    }
    for name in ["samehost.test.v1.Echo.Chat", "Echo/Chat"] {
        assert_eq!(samehost(&["describe", &served.address, name]).well(), described);
    }
    let told = samehost(&["describe", &served.address, "samehost.test.v1.Akk"]).failed(1);
    assert!(told.contains("Did you mean samehost.test.v1.Ask?"), "{told}");
}

/// What `describe` writes is read again, and means the same.
#[test]
fn a_description_is_a_proto_again() {
    let folder = tempfile::tempdir().unwrap();
    let source = "syntax = \"proto3\";\n\n// all.proto\npackage a.b;\n
// Serves.
service S {
  // Goes.
  rpc Go(M) returns (stream M.In) { option deprecated = true; }
}

// A message.
message M {
  enum E {
    NONE = 0;
    // One.
    ONE = 1 [deprecated = true];
    reserved 4, 6 to 8;
    reserved \"OLD\";
  }

  message In {
    optional double x = 1;
  }

  map<string, In> ins = 4;
  // Either.
  oneof either {
    string text = 2;
    E kind = 3;
  }
  repeated sfixed64 more = 1 [deprecated = true];
  reserved 9, 11 to 12;
  reserved \"gone\";
}
";
    let file = folder.path().join("all.proto");
    std::fs::write(&file, source).unwrap();
    let words = |symbol| ["describe", "--proto", file.to_str().unwrap(), symbol].map(str::to_owned);
    let described: Vec<_> = ["a.b.S", "a.b.M"]
        .map(|symbol| samehost(&words(symbol).each_ref().map(|word| &**word)).well())
        .into();
    let bodies: Vec<_> = described.iter().map(|text| text.split_once("package a.b;\n").unwrap().1).collect();
    let again = format!("syntax = \"proto3\";\n\n// all.proto\npackage a.b;\n{}{}", bodies[0], bodies[1]);
    // Blank lines between what is inside of a message are the only thing that is lost.
    let dense = |text: &str| text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    assert_eq!(dense(&again), dense(source));
}
