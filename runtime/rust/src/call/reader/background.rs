//! The thread that reads a session where no caller does.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, Instant};

use samehost_transport_api::Interest;

use super::role::{Role, State};
use super::{Reader, Round};
use crate::call::park::Parker;
use crate::call::session::Session;

/// How long the background waits before it takes the role: a caller that comes back sooner reads itself.
const LAZINESS: Duration = Duration::from_millis(1);
/// How long the background thread stays without work.
const IDLENESS: Duration = Duration::from_secs(10);

/// What the background thread is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Background {
    /// There is no such thread.
    None,
    /// It waits for work.
    Idle,
    /// It takes the role after a moment, if it is free then. `again`: it was laid down anew meanwhile, so that the moment
    /// begins anew as well.
    WantedSoon { again: bool },
    /// It takes the role at once.
    Wanted,
}

impl Background {
    /// What it is once it is wanted, and whether its thread must be told: not one that is wanted already, as to tell it
    /// takes longer than a small call.
    fn wanted(self, urgent: bool) -> (Background, bool) {
        match self {
            Background::Wanted => (Background::Wanted, false),
            _ if urgent => (Background::Wanted, true),
            Background::None | Background::Idle => (Background::WantedSoon { again: false }, true),
            Background::WantedSoon { .. } => (Background::WantedSoon { again: true }, false),
        }
    }
}

impl Reader {
    pub(super) fn want_background(self: &Arc<Self>, state: &mut State, session: &Arc<Session>, urgent: bool) {
        let (wanted, told) = state.background.wanted(urgent);
        let lives = state.background != Background::None;
        state.background = wanted;
        if lives {
            if told {
                self.changed.notify_all();
            }
            return;
        }
        let (reader, weak) = (self.clone(), Arc::downgrade(session));
        let thread = std::thread::Builder::new().name("samehost-read".to_owned());
        if let Err(error) = thread.spawn(move || reader.run_background(&weak)) {
            // Without a thread the next caller reads; until then nobody does.
            tracing::warn!(%error, "no thread to read in the background");
            state.background = Background::None;
        }
    }

    /// The background thread: it has the role while a stream is open, or output is left, and no
    /// caller reads. It ends with the session, and after a while without work.
    fn run_background(self: &Arc<Self>, session: &Weak<Session>) {
        while self.background_is_wanted() {
            let Some(session) = session.upgrade() else { return };
            let held = self.lock().take(Role::Background);
            let Some(mut held) = held else { continue };
            let parker = Parker::current();
            loop {
                parker.begin();
                let round = self.read_once(&session, &mut held, None);
                self.take_calls(&session, &mut held);
                match round {
                    Round::Over => break,
                    _ if !session.is_busy() || self.followed.load(Ordering::Acquire) => break,
                    Round::Some => {}
                    Round::Nothing(left) => {
                        let interest = Interest { read: true, write: left };
                        if let Err(error) = parker.sleep_in(&held.link, interest, None) {
                            session.abandon(error);
                        }
                    }
                }
            }
            self.leave(&session, held);
        }
    }

    /// Waits until there is work for the background; `false`: its thread ends.
    fn background_is_wanted(&self) -> bool {
        let mut state = self.lock();
        let idle_until = Instant::now() + IDLENESS;
        loop {
            if state.link.is_none() {
                state.background = Background::None;
                return false;
            }
            let soon = matches!(state.background, Background::WantedSoon { .. });
            let wait = match state.background {
                Background::Wanted => {
                    // What is wanted from here on is wanted anew.
                    state.background = Background::Idle;
                    return true;
                }
                Background::WantedSoon { .. } => {
                    state.background = Background::WantedSoon { again: false };
                    LAZINESS
                }
                Background::None | Background::Idle => idle_until.saturating_duration_since(Instant::now()),
            };
            state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
            if soon && state.background == (Background::WantedSoon { again: false }) {
                state.background = Background::Wanted;
            }
            if !state.stays(Instant::now() < idle_until) {
                return false;
            }
        }
    }
}

impl State {
    /// Whether the background thread stays after a rest. It does not go while it is wanted: whoever
    /// wants it sees that it is there, and starts no other one.
    fn stays(&mut self, has_time: bool) -> bool {
        let wanted = matches!(self.background, Background::Wanted | Background::WantedSoon { .. });
        let stays = has_time || wanted;
        if !stays {
            self.background = Background::None;
        }
        stays
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn after_its_time(background: Background) -> (bool, bool) {
        let (role, followers) = (Role::Free, VecDeque::new());
        let mut state = State { link: None, role, followers, held: None, background };
        (state.stays(false), state.background == background)
    }

    #[test]
    fn a_thread_that_is_wanted_soon_is_told_again_only_where_that_is_urgent() {
        let soon = |again| Background::WantedSoon { again };
        for rests in [Background::None, Background::Idle] {
            assert_eq!(rests.wanted(false), (soon(false), true));
            assert_eq!(rests.wanted(true), (Background::Wanted, true));
        }
        for again in [false, true] {
            assert_eq!(soon(again).wanted(false), (soon(true), false));
            assert_eq!(soon(again).wanted(true), (Background::Wanted, true));
        }
        for urgent in [false, true] {
            assert_eq!(Background::Wanted.wanted(urgent), (Background::Wanted, false));
        }
    }

    #[test]
    fn the_background_goes_when_nobody_wants_it_for_long() {
        assert_eq!(after_its_time(Background::Idle), (false, false));
    }

    #[test]
    fn a_wish_that_comes_as_the_background_is_about_to_go_is_not_lost() {
        let soon = |again| Background::WantedSoon { again };
        for wish in [Background::Wanted, soon(false), soon(true)] {
            assert_eq!(after_its_time(wish), (true, true));
        }
    }
}
