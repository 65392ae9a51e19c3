//! The Rust of the READMEs, which the compiler sees here: each piece in a module of its own, with what is taken for
//! granted around it. Where one does not compile, its module says which README it is of, and which line.
#![allow(dead_code, unused, missing_docs, clippy::all)]

mod around;

include!(concat!(env!("OUT_DIR"), "/pieces.rs"));
