//! The generated code as people read it.

use std::fs;
use std::path::Path;

const GOLDEN: &str = "tests/golden/greeter.rs.golden";

#[test]
fn the_golden_file_is_what_is_generated() {
    let folder = tempfile::tempdir().unwrap();
    samehost_build::configure()
        .messages(|messages| {
            messages.out_dir(folder.path());
        })
        .compile_protos(&["greeter.proto"], &["tests"])
        .unwrap();
    let generated = fs::read_to_string(folder.path().join("samehost.codegen.v1.rs")).unwrap();
    if fs::read_to_string(GOLDEN).ok().as_deref() != Some(&*generated) {
        let actual = Path::new(env!("CARGO_TARGET_TMPDIR")).join("greeter.rs.golden");
        fs::write(&actual, generated).unwrap();
        panic!("{GOLDEN} is not current; where the change is meant: cp {} {GOLDEN}", actual.display());
    }
}

#[test]
fn a_file_that_is_wrong_is_named_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("wrong.proto"),
        "syntax = \"proto3\";\nmessage Wrong { Missing one = 1; }\n",
    )
    .unwrap();
    let error = samehost_build::compile_protos(folder.path().join("wrong.proto")).unwrap_err();
    assert!(format!("{error:?} {error}").contains("Missing"), "{error:?}");
}
