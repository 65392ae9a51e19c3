//! The channel to whoever calls, for the handlers of its calls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use samehost_transport_api::Peer;

use super::Channel;
use crate::call::channel::ChannelHandle;
use crate::call::session::Session;

/// The channel to whoever has made this request, for a handler or an interceptor: it calls its caller back, over the
/// very connection by which it was called. `None` for a request that has not come by samehost.
///
/// The caller has to offer what is called: [`ChannelBuilder::add_service`](super::ChannelBuilder::add_service). The
/// channel may be kept, and used once the request is answered, as long as its connection takes calls. It makes none: where
/// that one has ended, or takes no more calls, a call back fails at once with UNAVAILABLE, even one that waits for a
/// connection. To shut it down does nothing, and nor does dropping it, for the connection is the caller's.
///
/// ```no_run
/// # use samehost_test_stubs::{Answer, Ask, echo_client::EchoClient};
/// # use tonic::{Request, Response, Status};
/// async fn say(request: Request<Ask>) -> Result<Response<Answer>, Status> {
///     let caller = samehost::caller(&request).ok_or_else(|| Status::failed_precondition("who calls?"))?;
///     EchoClient::new(caller).say(request.into_inner()).await
/// }
/// ```
pub fn caller<T>(request: &tonic::Request<T>) -> Option<Channel> {
    let peer = request.extensions().get::<Peer>()?;
    let session = registered().get(&key(&peer.address)).and_then(Weak::upgrade)?;
    Some(Channel::back(ChannelHandle::back_to(&session)))
}

/// The connections whose handlers were told who calls, by where the address in what they were told is. So a request has
/// nothing more to carry that costs something where nobody asks for it.
static REGISTERED: Mutex<BTreeMap<usize, Weak<Session>>> = Mutex::new(BTreeMap::new());

fn registered() -> MutexGuard<'static, BTreeMap<usize, Weak<Session>>> {
    REGISTERED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key(address: &Arc<str>) -> usize {
    Arc::as_ptr(address).cast::<u8>().addr()
}

/// Who calls by one connection, as its handlers are told: whoever has a copy of it finds the connection by that. It
/// lives as long as the connection does, so that no other address can be at the same place meanwhile.
pub(super) struct Registered(Peer);

impl Registered {
    pub(super) fn of(session: &Arc<Session>) -> Registered {
        // The address may be shared with others.
        let peer = Peer { address: Arc::from(&*session.peer().address), ..session.peer().clone() };
        registered().insert(key(&peer.address), Arc::downgrade(session));
        Registered(peer)
    }

    pub(super) fn peer(&self) -> &Peer {
        &self.0
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        registered().remove(&key(&self.0.address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::session::Driver;
    use crate::connection::{Settings, Side};
    use crate::wire::Hello;

    struct Nobody;

    impl Driver for Nobody {
        fn attend(&self, _: &Arc<Session>) {}
    }

    fn session(peer: &Peer) -> Arc<Session> {
        let settings = Settings::new("here", Hello { min_version: 1, max_version: 1, ..Hello::default() });
        let observer = Box::new(|_: &Arc<Session>, _| {});
        Session::new(Side::Acceptor, settings, peer.clone(), "".into(), Box::new(Nobody), observer)
    }

    fn request(registered: &Registered) -> tonic::Request<()> {
        let mut request = tonic::Request::new(());
        request.extensions_mut().insert(registered.peer().clone());
        request
    }

    #[test]
    fn each_connection_has_a_caller_of_its_own_though_their_address_is_the_same() {
        let peer = Peer::at("unix:/run/app.sock");
        let sessions = [session(&peer), session(&peer)];
        let registered = sessions.each_ref().map(Registered::of);
        for (session, registered) in sessions.iter().zip(&registered) {
            let found = caller(&request(registered)).unwrap();
            assert!(Arc::ptr_eq(&found.handle(), &ChannelHandle::back_to(session)));
        }
    }

    #[test]
    fn a_request_that_outlives_its_connection_has_no_caller() {
        let session = session(&Peer::at("unix:/run/app.sock"));
        let registered = Registered::of(&session);
        let request = request(&registered);
        assert!(caller(&request).is_some());
        drop(session);
        assert!(caller(&request).is_none());
        let key = key(&registered.peer().address);
        drop(registered);
        assert!(!super::registered().contains_key(&key));
    }
}
