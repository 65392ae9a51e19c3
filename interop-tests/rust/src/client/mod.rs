//! The interop client.

mod call;
mod call_back;
mod cancel;
mod compressed;
mod control;
mod descriptors;
mod duplex;
mod faulty;
mod flooding;
mod killed;
mod runner;
mod session;
mod started;
mod streams;
mod told;
mod unary;
mod unread;

use crate::flags::Flags;
use crate::suite::{Mismatch, Suite};
use runner::Runner;
use session::Session;

type Checked = Result<(), Mismatch>;

/// The flags that the client takes.
pub const FLAGS: [&str; 5] = ["address", "case", "server", "home", "hold"];

/// Runs the cases that the flags name, and prints a line for each. The answer is whether all passed.
///
/// # Errors
/// What is wrong with the flags or the suites.
pub async fn run(flags: &Flags) -> Result<bool, String> {
    let home = std::path::absolute(flags.find("home").unwrap_or("interop-tests"))
        .map_err(|error| error.to_string())?;
    let suite = Suite::new(home);
    let cases = suite.cases(flags.find("case").unwrap_or("all"))?;
    let session = Session::new(flags.get("address")?, flags.find("server").unwrap_or("rust"), suite)?;
    if let Some(key) = flags.find("hold") {
        killed::hold(&session, key).await.map_err(|why| why.to_string())?;
        return Ok(true);
    }
    let mut runner = Runner::new(session)?;
    for case in &cases {
        runner.run(case).await;
    }
    Ok(runner.finish())
}
