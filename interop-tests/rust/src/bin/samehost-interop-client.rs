//! The interop client: runs cases against the server at an address.

use std::io::{self, Write};
use std::process::ExitCode;

use samehost_interop_tests::client;
use samehost_interop_tests::flags::Flags;

#[tokio::main]
async fn main() -> ExitCode {
    let flags = Flags::parse(std::env::args().skip(1), &client::FLAGS);
    let ran = match &flags {
        Ok(flags) => client::run(flags).await,
        Err(why) => Err(why.clone()),
    };
    match ran {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            let usage =
                "It takes --address ADDRESS --case NAME|all|faults, and [--server LANGUAGE] of the server.";
            // Without a stderr there is nobody to tell.
            let _ = writeln!(io::stderr(), "client: {why}\n{usage}");
            ExitCode::from(2)
        }
    }
}
