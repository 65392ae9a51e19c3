//! Who may connect.

use std::collections::BTreeSet;

use samehost_transport_api::{Fault, LinkError};
use samehost_transport_posix::Credentials;

use crate::UnixOptions;

/// The users who may connect to a listener.
pub(crate) struct AllowedUsers {
    any: bool,
    users: BTreeSet<u32>,
}

impl AllowedUsers {
    /// Those whom the options name, and the one that this process runs as.
    pub fn of(options: &UnixOptions) -> AllowedUsers {
        let mut users = options.allowed_users.clone();
        users.insert(rustix::process::geteuid().as_raw());
        AllowedUsers { any: options.any_user, users }
    }

    /// Whether anyone but this process's own user may connect.
    pub fn are_others(&self) -> bool {
        self.any || self.users.len() > 1
    }

    /// Why a peer may not connect; `None` when it may.
    pub fn objection(&self, address: &str, peer: &Credentials) -> Option<LinkError> {
        if self.any || self.users.contains(&peer.user_id) {
            return None;
        }
        let pid = peer.process_id.map_or("unknown".to_owned(), |pid| pid.to_string());
        let users: Vec<_> = self.users.iter().map(u32::to_string).collect();
        Some(Fault::UserRefused.with(&[&address, &pid, &peer.user_id, &users.join(", ")]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(user_id: u32) -> Credentials {
        Credentials { process_id: None, user_id, group_id: 0 }
    }

    #[test]
    fn only_the_own_user_may_connect_unless_others_are_named() {
        let own = rustix::process::geteuid().as_raw();
        let users = AllowedUsers::of(&UnixOptions::default());
        assert_eq!(users.objection("unix:x", &peer(own)), None);
        let expected = Fault::UserRefused.with(&[&"unix:x", &"unknown", &(own + 1), &own]);
        assert_eq!(users.objection("unix:x", &peer(own + 1)), Some(expected));
        assert!(!users.are_others());
    }

    #[test]
    fn named_users_and_any_user_may_connect() {
        let own = rustix::process::geteuid().as_raw();
        let named = UnixOptions { allowed_users: [own + 1].into(), ..UnixOptions::default() };
        let users = AllowedUsers::of(&named);
        assert_eq!(users.objection("unix:x", &peer(own)), None);
        assert_eq!(users.objection("unix:x", &peer(own + 1)), None);
        assert!(users.objection("unix:x", &peer(own + 2)).is_some());
        assert!(users.are_others());
        let any = AllowedUsers::of(&UnixOptions { any_user: true, ..UnixOptions::default() });
        assert_eq!(any.objection("unix:x", &peer(own + 2)), None);
        assert!(any.are_others());
    }
}
