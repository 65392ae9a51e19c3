//! What [`secret`](crate::secret) is where TLS is not built in: nothing is.

use std::convert::Infallible;
use std::sync::Arc;

use rustix::event::PollFlags;
use samehost_transport_api::{Address, Link, LinkError, Options};
use samehost_transport_reception::Secure;

use crate::place::Place;

pub(crate) type Greeter = Infallible;

pub(crate) fn are_wanted(_: &Options) -> (bool, bool) {
    (false, false)
}

pub(crate) fn greeter(_: &Place, _: &Options) -> Result<Option<Greeter>, LinkError> {
    Ok(None)
}

pub(crate) fn acceptance(_: &Address, _: &Options) -> Result<Option<Arc<dyn Secure>>, LinkError> {
    Ok(None)
}

pub(crate) fn greet(
    greeter: &Greeter,
    _: Arc<dyn Link>,
    _: impl Fn(&dyn Link, PollFlags) -> Result<(), LinkError>,
) -> Result<Arc<dyn Link>, LinkError> {
    match *greeter {}
}
