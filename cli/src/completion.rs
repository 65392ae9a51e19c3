//! `samehost completion`: what a shell needs to complete words.

use clap::CommandFactory;
use clap_complete::generate;

use crate::failure::Failure;
use crate::output::print;
use crate::words::{Completion, Words};

/// Writes it.
pub fn run(words: Completion) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(words.shell, &mut Words::command(), "samehost", &mut script);
    Ok(print(String::from_utf8_lossy(&script).trim_end())?)
}
