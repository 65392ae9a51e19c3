//! Who may use the cache.

use std::collections::BTreeSet;

use samehost::Peer;
use tonic::service::Interceptor;
use tonic::{Request, Status};

/// Lets the calls of some users pass. The operating system says who calls: nobody can pretend.
#[derive(Clone)]
pub struct Users(BTreeSet<u32>);

impl FromIterator<u32> for Users {
    fn from_iter<I: IntoIterator<Item = u32>>(users: I) -> Users {
        Users(users.into_iter().collect())
    }
}

impl Interceptor for Users {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        match request.extensions().get::<Peer>().and_then(|peer| peer.user_id) {
            Some(user) if self.0.contains(&user) => Ok(request),
            Some(user) => Err(Status::permission_denied(format!("user {user} may not use this cache"))),
            // Over TCP nobody knows.
            None => Err(Status::unauthenticated("nobody vouches for who calls: use unix: or shm:")),
        }
    }
}
