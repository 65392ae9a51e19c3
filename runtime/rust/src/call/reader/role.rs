//! Who has the role of reading a link, and how it goes from one to another.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use samehost_transport_api::Link;

use super::background::Background;
use super::{Held, Reader};
use crate::call::park::Parker;
use crate::call::session::Session;

pub(super) struct State {
    /// `None` before the session starts and after it is over.
    pub(super) link: Option<Arc<dyn Link>>,
    pub(super) role: Role,
    /// Callers that wait while another thread has the role, longest first.
    pub(super) followers: VecDeque<Arc<Parker>>,
    /// What the next holder has, while nobody has the role.
    pub(super) held: Option<Box<Held>>,
    pub(super) background: Background,
}

pub(super) enum Role {
    Free,
    Caller,
    /// To a follower that has not taken it yet.
    Offered(Arc<Parker>),
    Background,
}

impl Reader {
    /// Takes the role if it is free; otherwise this thread follows.
    pub(super) fn enter(&self, parker: &Arc<Parker>) -> Option<Box<Held>> {
        let mut state = self.lock();
        match state.role {
            Role::Free => return state.take(Role::Caller),
            Role::Background => {
                if let Some(link) = &state.link {
                    link.wake();
                }
            }
            Role::Caller | Role::Offered(_) => {}
        }
        state.followers.push_back(parker.clone());
        self.followed.store(true, Ordering::Release);
        None
    }

    /// This follower has stopped waiting; answers whether it was offered the role, which it then has.
    pub(super) fn take_offer(&self, parker: &Arc<Parker>) -> Option<Box<Held>> {
        let mut state = self.lock();
        state.followers.retain(|follower| !Arc::ptr_eq(follower, parker));
        self.followed.store(!state.followers.is_empty(), Ordering::Release);
        let offered = matches!(&state.role, Role::Offered(to) if Arc::ptr_eq(to, parker));
        if offered {
            state.role = Role::Free;
        }
        parker.offer(false);
        if offered { state.take(Role::Caller) } else { None }
    }

    /// Hands the role to a follower, or to the background if there is need, or lays it down.
    pub(super) fn leave(self: &Arc<Self>, session: &Arc<Session>, mut held: Box<Held>) {
        held.at_work = false;
        let mut state = self.lock();
        state.held = state.link.is_some().then_some(held);
        if let Some(next) = state.followers.pop_front() {
            self.followed.store(!state.followers.is_empty(), Ordering::Release);
            next.offer(true);
            state.role = Role::Offered(next);
            return;
        }
        state.role = Role::Free;
        if state.link.is_none() {
            return;
        }
        match &self.crew {
            // Looked at under the lock: who opens a stream from here on finds the role free.
            None if session.is_busy() || session.has_ended() => {
                self.want_background(&mut state, session, session.has_ended());
            }
            None => {}
            Some(crew) => {
                drop(state);
                self.leave_behind(crew, session);
            }
        }
    }

    /// Whether nobody has the role.
    pub(in crate::call) fn is_free(&self) -> bool {
        let state = self.lock();
        state.link.is_some() && matches!(state.role, Role::Free)
    }
}

impl State {
    /// Gives the role to somebody, if it is free and there is something to read.
    pub(super) fn take(&mut self, role: Role) -> Option<Box<Held>> {
        let mut held = match self.role {
            Role::Free => self.held.take()?,
            _ => return None,
        };
        held.at_work = true;
        self.role = role;
        Some(held)
    }
}
