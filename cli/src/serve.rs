//! `samehost serve`: passes every call that comes to one address on to another one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use samehost::Options;
use samehost::raw::{Patience, Server, ServerBuilder, ServerCall};

use crate::channel::{self, Way};
use crate::failure::Failure;
use crate::forward;
use crate::interrupt::Interrupt;
use crate::output::{print, say, time};
use crate::words::Serve;

/// Serves until the process is asked to stop, or the address can be served no longer.
pub fn run(words: Serve) -> Result<(), Failure> {
    // Before there is anything that a signal would leave behind.
    let interrupt = Interrupt::catch()?;
    let way = Arc::new(channel::to(&words.to, &words.reach)?);
    let server = serving(&way, &words)?;
    let address = server.listen(&words.address)?;
    server.start();
    // Over stdio: that would be the host's.
    if address != "stdio:" {
        print(&format!("READY {address}"))?;
    }
    let ended = interrupt.while_waiting(|patience| server.wait_terminated(patience));
    if let Some(ended) = ended {
        return Ok(ended?);
    }
    drain(&server, words.grace);
    // Threads of the server may have it a little longer.
    way.close();
    Ok(())
}

fn serving(way: &Arc<Way>, words: &Serve) -> Result<Server, Failure> {
    let (way, verbose) = (way.clone(), words.verbose);
    let handler = move |call: ServerCall| {
        let (path, began) = (call.path().to_owned(), Instant::now());
        let code = forward::run(call, &way);
        if verbose {
            say(&format!("{path} {} after {}", code.name(), time(began.elapsed())));
        }
    };
    let options = Options::new().with(words.reach.tcp());
    let mut builder = ServerBuilder::default().transport_options(options);
    if let Some(tls) = words.shown.tls()? {
        builder = builder.tls(tls);
    }
    Ok(builder.serve_on_threads(true, Arc::new(|run| run()), handler))
}

/// Takes no more calls, and waits for those that are open; the address is free at once.
fn drain(server: &Server, grace: Duration) {
    server.stop(grace);
    // It was stopped, so it ends well; what comes after the grace is at most that connections close.
    let until = Instant::now().checked_add(grace + Duration::from_secs(1));
    let _ = server.wait_terminated(Patience::endless().until(until));
}
