//! `samehost doctor`: what this host has, and what stands at an address, step by step.

mod hello;
mod host;
mod locks;
mod place;
mod process;
mod report;
mod server;
mod tap;

use self::report::Report;
use crate::failure::Failure;
use crate::output::print;
use crate::words::Doctor;

/// Looks, and says what it sees. Fails where something is wrong.
pub fn run(words: Doctor) -> Result<(), Failure> {
    let mut report = Report::new();
    match &words.address {
        None => {
            report.heading("this host");
            host::look(&mut report);
        }
        Some(address) => {
            let tls = words.reach.tls()?;
            report.heading(address);
            if place::look(&mut report, address) {
                server::look(&mut report, address, &words.reach, tls, words.patience);
            }
        }
    }
    report.lines().try_for_each(print)?;
    match report.is_well() {
        true => Ok(()),
        false => Err(Failure::told()),
    }
}
