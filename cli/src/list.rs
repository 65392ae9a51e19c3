//! `samehost list`: the names of services, or of the methods of one.

use std::ops::Deref;

use crate::channel::{self, Way};
use crate::descriptors::{Descriptors, path};
use crate::failure::Failure;
use crate::output::print;
use crate::words::{Contract, List, Place};

/// Writes them, one a line: a method as `samehost call` takes it.
pub fn run(words: List) -> Result<(), Failure> {
    let way = way(&words.place)?;
    let descriptors = descriptors(way.as_ref(), &words.contract)?;
    match words.place.symbol() {
        None => descriptors.services()?.iter().try_for_each(|name| print(name))?,
        Some(name) => {
            descriptors.service(name)?.methods().try_for_each(|method| print(&path(&method)))?;
        }
    }
    Ok(())
}

/// The way to the address, where one was given.
pub fn way(place: &Place) -> Result<Option<Way>, Failure> {
    place.address().map(|address| channel::to(address, &place.reach)).transpose()
}

/// Those of the files that were named, or of the server at the address.
pub fn descriptors(way: Option<&Way>, contract: &Contract) -> Result<Descriptors, Failure> {
    let channel = || match way {
        Some(way) => Ok(way.deref().clone()),
        None => Err(Failure::here(
            "what is meant? Give the address of a server, such as unix:/run/app.sock, or name files by --proto or \
             --descriptor-set.",
        )),
    };
    Descriptors::of(contract, channel, None)
}
