//! The interop server: `--address ADDRESS`; serves until SIGTERM, or until its host ends it.

use std::io::{self, Write};
use std::process::ExitCode;

use samehost_interop_tests::flags::Flags;
use samehost_interop_tests::server;

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse(std::env::args().skip(1), &["address"]);
    let address = flags.and_then(|flags| flags.get("address").map(str::to_owned));
    let (code, said) = match address {
        Err(why) => (2, format!("{why}; it takes --address ADDRESS")),
        Ok(address) => match server::serve(&address).await {
            Ok(()) => return ExitCode::SUCCESS,
            Err(why) => (1, why.to_string()),
        },
    };
    // Without a stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "server: {said}");
    ExitCode::from(code)
}
