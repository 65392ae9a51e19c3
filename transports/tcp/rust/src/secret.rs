//! Connections that are secret by TLS, where there are credentials.

use std::sync::Arc;

use rustix::event::PollFlags;
use samehost_transport_api::{Address, Interest, Link, LinkError, Options};
use samehost_transport_reception::Secure;
use samehost_transport_tls::{ClientTls, Greeted, Greeter as TlsGreeter, ServerTls};

use crate::place::Place;

/// Makes a channel's connections secret.
pub(crate) type Greeter = TlsGreeter;

/// Whether a channel and a server have credentials.
pub(crate) fn are_wanted(options: &Options) -> (bool, bool) {
    (options.get::<ClientTls>().is_some(), options.get::<ServerTls>().is_some())
}

pub(crate) fn greeter(place: &Place, options: &Options) -> Result<Option<Greeter>, LinkError> {
    options.get::<ClientTls>().map(|tls| tls.greeter(place.address(), &place.host())).transpose()
}

pub(crate) fn acceptance(address: &Address, options: &Options) -> Result<Option<Arc<dyn Secure>>, LinkError> {
    let acceptance = options.get::<ServerTls>().map(|tls| tls.acceptance(address)).transpose()?;
    Ok(acceptance.map(|acceptance| Arc::new(acceptance) as Arc<dyn Secure>))
}

/// Agrees with a server; `wait` waits until the link's socket can be read or written.
pub(crate) fn greet(
    greeter: &Greeter,
    link: Arc<dyn Link>,
    wait: impl Fn(&dyn Link, PollFlags) -> Result<(), LinkError>,
) -> Result<Arc<dyn Link>, LinkError> {
    let secret = greeter.over(link.clone())?;
    while let Greeted::Waits(Interest { read, write }) = secret.greet()? {
        let mut flags = PollFlags::empty();
        flags.set(PollFlags::IN, read);
        flags.set(PollFlags::OUT, write);
        wait(&*link, flags)?;
    }
    Ok(Arc::new(secret))
}
