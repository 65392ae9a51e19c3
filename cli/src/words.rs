//! The words of the command line, and the help about them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, Parser, Subcommand};

use crate::metadata::{self, Pair};
use crate::reach::{Reach, Shown};

/// Calls, lists, describes, serves, measures and examines what stands at an address.
#[derive(Parser)]
#[command(name = "samehost", version, max_term_width = 100, after_help = ADDRESSES)]
pub struct Words {
    #[command(subcommand)]
    pub command: Command,
}

const ADDRESSES: &str = "\
Addresses:
  unix:/run/app.sock    a Unix socket
  shm:/run/app.sock     the same server, over shared memory
  unix-abstract:app     a socket without a file
  fifo:/run/app/calls   named pipes
  tcp:127.0.0.1:4000    a port
  stdio:COMMAND         a child that is started for it, and ends with it

Exit codes:
  0       all went well
  1       something on this side: a file, the JSON, a name; doctor: something is wrong
  2       words that samehost does not know
  64 + N  the call has ended with gRPC's status N, such as 69 for NOT_FOUND (5) and 78 for UNAVAILABLE (14)";

#[derive(Subcommand)]
pub enum Command {
    Call(Call),
    List(List),
    Describe(Describe),
    Serve(Serve),
    Bench(Bench),
    Doctor(Doctor),
    Completion(Completion),
}

/// Calls a method, of any of the four kinds.
///
/// Requests are JSON, as Protocol Buffers map to it. A method that takes a stream takes any number of values, one after
/// the other, each sent as soon as it is read. Answers are written to standard output as they come, one a line (over
/// several lines at a terminal); all else goes to standard error.
#[derive(Args)]
#[command(after_help = CALL)]
pub struct Call {
    /// Where the server is, such as unix:/run/app.sock
    pub address: String,

    /// pkg.Service/Method; the package may be left out where only one service has the name
    pub method: String,

    /// JSON, @FILE, or - for standard input; without it, one empty message
    #[arg(value_name = "JSON")]
    pub request: Option<String>,

    #[command(flatten)]
    pub contract: Contract,

    #[command(flatten)]
    pub options: Options,

    #[command(flatten)]
    pub reach: Reach,

    /// Writes fields that have their default value as well
    #[arg(long)]
    pub defaults: bool,

    /// Says to standard error what is sent and received besides messages, who answers, and how long it takes
    #[arg(short, long)]
    pub verbose: bool,
}

const CALL: &str = "\
Examples:
  samehost call unix:/run/app.sock demo.Greeter/Hello '{\"name\": \"Ada\"}'
  samehost call shm:/run/app.sock Greeter/Hello @ada.json --deadline 500ms -H 'tenant: blue'
  samehost call 'stdio:python3 worker.py' demo.Greeter/Hello --proto greeter.proto -v
  samehost call tcp:db.lan:4000 demo.Greeter/Hello --tls-ca ca.pem
  printf '{\"n\":1}\\n{\"n\":2}' | samehost call tcp:127.0.0.1:4000 demo.Sum/Add -

What is served is asked from the server (grpc.reflection.v1, or v1alpha), unless --proto or --descriptor-set name it.
Ctrl-C cancels the call. The exit code is 0, or 64 + the code of gRPC's status.";

/// Names the services of a server, or the methods of one service.
#[derive(Args)]
#[command(after_help = "\
Examples:
  samehost list unix:/run/app.sock
  samehost list unix:/run/app.sock demo.Greeter
  samehost list --proto greeter.proto")]
pub struct List {
    #[command(flatten)]
    pub place: Place,

    #[command(flatten)]
    pub contract: Contract,
}

/// Writes a service, a method, a message or an enum as it stands in a .proto.
#[derive(Args)]
#[command(after_help = "\
Examples:
  samehost describe unix:/run/app.sock demo.Greeter
  samehost describe unix:/run/app.sock demo.Greeter/Hello       with its messages
  samehost describe --proto greeter.proto demo.HelloRequest")]
pub struct Describe {
    #[command(flatten)]
    pub place: Place,

    #[command(flatten)]
    pub contract: Contract,
}

/// Serves at one address what is served at another one.
///
/// Every call that comes to ADDRESS is passed on, of any kind, with its metadata, deadline and cancellation; so are
/// answers, status and details. Once clients can connect, READY and the address are written to standard output. SIGINT
/// and SIGTERM end it: the address is free at once, and open calls may go on for the grace.
#[derive(Args)]
#[command(after_help = "\
Examples:
  samehost serve unix:/run/worker.sock --to 'stdio:python3 worker.py'
  samehost serve tcp:127.0.0.1:4000 --to unix:/run/app.sock -v
  samehost serve tcp:0.0.0.0:4000 --serve-tls-cert chain.pem --serve-tls-key key.pem --to unix:/run/app.sock")]
pub struct Serve {
    /// Where to listen, such as unix:/run/app.sock; with stdio: alone this is a worker of whoever has started it
    pub address: String,

    /// Where calls go; a child of stdio:COMMAND is started by the first one, and serves all
    #[arg(long, value_name = "ADDRESS")]
    pub to: String,

    /// How long open calls may go on at the end
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub grace: Duration,

    #[command(flatten)]
    pub reach: Reach,

    #[command(flatten)]
    pub shown: Shown,

    /// Says to standard error how each call ended, and how long it took
    #[arg(short, long)]
    pub verbose: bool,
}

/// Measures how many calls a second a server answers, and how long each takes.
///
/// Each of as many threads as there are calls at once makes one after the other, over one connection. With a rate, a call
/// that cannot begin when it is due, as the one before is not answered, counts from when it was due. What is measured is
/// the time of the call as bytes: JSON is read once, before.
#[derive(Args)]
#[command(after_help = "\
Examples:
  samehost bench shm:/run/app.sock demo.Greeter/Hello '{\"name\": \"Ada\"}'
  samehost bench unix:/run/app.sock demo.Greeter/Hello --at-once 16 --seconds 10 --json
  samehost bench unix:/run/app.sock demo.Greeter/Hello --rate 1000 --at-once 4")]
pub struct Bench {
    /// Where the server is, such as shm:/run/app.sock
    pub address: String,

    /// pkg.Service/Method; one that streams is sent all requests, and its answers are read to their end
    pub method: String,

    /// JSON, @FILE, or - for standard input; without it, one empty message
    #[arg(value_name = "JSON")]
    pub request: Option<String>,

    #[command(flatten)]
    pub contract: Contract,

    #[command(flatten)]
    pub options: Options,

    /// How long, after a warm-up of a fifth of it, at most 1 s
    #[arg(long, value_name = "N", default_value = "5", value_parser = measurable)]
    pub seconds: f64,

    /// So many calls are open at any time, each by a thread
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub at_once: u32,

    /// So many calls a second are begun in all, instead of as many as are answered
    #[arg(long, value_name = "N", value_parser = measurable)]
    pub rate: Option<f64>,

    #[command(flatten)]
    pub reach: Reach,

    /// Writes JSON
    #[arg(long)]
    pub json: bool,
}

/// Looks at what stands at an address step by step, or at this host, and says what is wrong and what to do.
///
/// Of an address: whether its file is there, of what type, whose, and who holds its lock; who answers, by which
/// implementation, over what medium and how fast; whether the server offers health and reflection. Without one: what
/// this host has of that which samehost uses. The exit code is 1 where something is wrong.
#[derive(Args)]
#[command(after_help = "\
Examples:
  samehost doctor
  samehost doctor unix:/run/app.sock
  samehost doctor 'stdio:python3 worker.py'")]
pub struct Doctor {
    /// Where a server is, or should be
    pub address: Option<String>,

    #[command(flatten)]
    pub reach: Reach,

    /// How long whoever is there may take to answer
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub patience: Duration,
}

/// An address and a name; without the address where files say what there is.
#[derive(Args)]
pub struct Place {
    /// Where the server is; not needed with --proto or --descriptor-set
    #[arg(value_name = "ADDRESS")]
    first: Option<String>,

    /// The full name of what is meant
    #[arg(value_name = "SYMBOL")]
    second: Option<String>,

    #[command(flatten)]
    pub reach: Reach,
}

impl Place {
    /// The address, if one was given: it has a colon, and a name has none.
    pub fn address(&self) -> Option<&str> {
        self.first.as_deref().filter(|first| self.second.is_some() || first.contains(':'))
    }

    /// The name, if one was given.
    pub fn symbol(&self) -> Option<&str> {
        self.second.as_deref().or(self.first.as_deref().filter(|first| !first.contains(':')))
    }
}

/// Writes what a shell needs to complete the words of samehost.
#[derive(Args)]
#[command(after_help = "\
Example:
  samehost completion bash > ~/.local/share/bash-completion/completions/samehost")]
pub struct Completion {
    pub shell: clap_complete::Shell,
}

/// Where it stands what is served.
#[derive(Args)]
#[command(group = ArgGroup::new("files").args(["proto", "descriptor_set"]))]
pub struct Contract {
    /// A .proto that says what is served, instead of the server's reflection; may be repeated
    #[arg(long, value_name = "FILE")]
    pub proto: Vec<PathBuf>,

    /// Where .proto files and their imports are looked for; by default in each file's own folder
    #[arg(short = 'I', long, value_name = "FOLDER", requires = "proto")]
    pub include: Vec<PathBuf>,

    /// The same as protoc --include_imports --descriptor_set_out writes it
    #[arg(long, value_name = "FILE")]
    pub descriptor_set: Option<PathBuf>,
}

/// What a call takes along.
#[derive(Args)]
pub struct Options {
    /// A header 'KEY: VALUE'; the value is base64 where the key ends in -bin; may be repeated
    #[arg(short = 'H', long = "header", value_name = "HEADER", value_parser = metadata::parse)]
    pub headers: Vec<Pair>,

    /// Gives up with DEADLINE_EXCEEDED after so long: 500ms, 2s, 1m
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub deadline: Option<Duration>,

    /// Waits for a server that is not there yet, until the deadline
    #[arg(long)]
    pub wait: bool,

    /// Compresses what is sent
    #[arg(long)]
    pub gzip: bool,
}

/// A time with its unit.
fn duration(word: &str) -> Result<Duration, String> {
    let wrong = || format!("{word} is no time: it is written 500us, 20ms, 2s or 1m");
    let unit = word.find(|letter: char| letter.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = word.split_at(unit);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

/// Seconds, or times a second: beyond this the clock has no such time.
fn measurable(word: &str) -> Result<f64, String> {
    let number = word.parse().ok().filter(|number| (0.001..=1e9).contains(number));
    number.ok_or_else(|| format!("{word} is no number from 0.001 to 1000000000"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_words_fit_together() {
        Words::command().debug_assert();
    }

    #[test]
    fn every_command_is_explained_by_an_example() {
        for command in Words::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!("  samehost {} ", command.get_name());
            assert!(help.starts_with("Example") && help.contains(example.trim_end()), "{help}");
        }
    }

    #[test]
    fn a_time_has_a_unit() {
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("250us"), Ok(Duration::from_micros(250)));
        for word in ["2", "s", "-1s", "1d", "NaNs", ""] {
            assert!(duration(word).is_err(), "{word}");
        }
    }
}
