//! Takes the Rust out of the READMEs, each piece into a module of its own, and the contract that it is about.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message;

const ROOT: &str = "../../../..";
const CONTRACT: &str = "codegen-plugin/README.md";
const READMES: [&str; 3] = ["README.md", "codegen-plugin/rust/README.md", "runtime/rust/README.md"];

/// What the contract leaves out.
const BEFORE: &str = "syntax = \"proto3\";\npackage readme;\n";
const BEHIND: &str = "
message HelloRequest { string name = 1; }
message HelloReply { string text = 1; }
service Listener { rpc Changed(Change) returns (Heard); }
message Change { string path = 1; }
message Heard {}
";

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    let contract = pieces(CONTRACT, "proto")?;
    let [(_, contract)] = &*contract else { return Err("there is one contract".into()) };
    fs::write(out.join("greeter.proto"), [BEFORE, contract, BEHIND].concat())?;
    let files = protox::compile(["greeter.proto"], [&out])?;
    fs::write(out.join("greeter.bin"), files.encode_to_vec())?;
    samehost_build::configure().compile_fds(files)?;

    let mut modules = String::new();
    for readme in READMES {
        let pieces = pieces(readme, "rust")?;
        if pieces.is_empty() {
            return Err(format!("{readme} has no Rust").into());
        }
        for (line, piece) in pieces {
            modules.push_str(&module(&format!("{readme}:{line}"), &piece));
        }
    }
    fs::write(out.join("pieces.rs"), modules)?;
    Ok(())
}

/// The pieces of a README in a language, each with the number of its first line.
fn pieces(readme: &str, language: &str) -> Result<Vec<(usize, String)>, Box<dyn Error>> {
    let path = Path::new(ROOT).join(readme);
    println!("cargo::rerun-if-changed={}", path.display());
    let text = fs::read_to_string(path)?;
    let (begin, mut pieces, mut open) = (format!("```{language}"), Vec::new(), None::<(usize, String)>);
    for (number, line) in (1..).zip(text.lines()) {
        match &mut open {
            None if line == begin => open = Some((number + 1, String::new())),
            None => {}
            Some(_) if line == "```" => pieces.extend(open.take()),
            Some((_, piece)) => *piece += &format!("{line}\n"),
        }
    }
    Ok(pieces)
}

/// A piece with what is around it in a program: an item, a method, or what a function does.
fn module(place: &str, piece: &str) -> String {
    let name = place.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_").to_lowercase();
    let whole = if piece.contains("fn main()") {
        piece.to_owned()
    } else if piece.contains("(&self") {
        format!("impl MyGreeter {{\n{piece}}}")
    } else {
        format!(
            "async fn run(Given {{ {GIVEN} }}: Given) -> Result<(), Box<dyn Error>> {{\n{piece}Ok(())\n}}"
        )
    };
    format!("mod {name} {{ // {place}\nuse crate::around::*;\n{whole}\n}}\n")
}

/// See `Given` of the library.
const GIVEN: &str = "ada, address, authority, chain, key, own_chain, own_key, server";
