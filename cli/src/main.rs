//! The program `samehost`: calls, lists, describes, serves, measures and examines what stands at an address.

mod bench;
mod call;
mod channel;
mod completion;
mod describe;
mod descriptors;
mod details;
mod doctor;
mod failure;
mod forward;
mod interrupt;
mod json;
mod list;
mod load;
mod metadata;
mod output;
mod proto_text;
mod reach;
mod reflection;
mod serve;
mod words;

use std::process::ExitCode;

use clap::Parser;

use words::{Command, Words};

fn main() -> ExitCode {
    let done = match Words::parse().command {
        Command::Call(words) => call::run(words),
        Command::List(words) => list::run(words),
        Command::Describe(words) => describe::run(words),
        Command::Serve(words) => serve::run(words),
        Command::Bench(words) => bench::run(words),
        Command::Doctor(words) => doctor::run(words),
        Command::Completion(words) => completion::run(words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.tell(),
    }
}
