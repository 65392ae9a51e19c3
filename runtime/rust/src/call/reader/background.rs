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
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Background {
    /// There is no such thread.
    None,
    /// It waits for work.
    Idle,
    /// It takes the role as soon as it is free; after a moment, where it is not urgent.
    Wanted { urgent: bool },
}

impl Reader {
    pub(super) fn want_background(self: &Arc<Self>, state: &mut State, session: &Arc<Session>, urgent: bool) {
        let lives = state.background != Background::None;
        let urgent = urgent || state.background == Background::Wanted { urgent: true };
        state.background = Background::Wanted { urgent };
        if lives {
            self.changed.notify_all();
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
            let wait = match state.background {
                Background::Wanted { urgent: true } => Duration::ZERO,
                Background::Wanted { urgent: false } => LAZINESS,
                Background::None | Background::Idle => idle_until.saturating_duration_since(Instant::now()),
            };
            let was_wanted = matches!(state.background, Background::Wanted { .. });
            if was_wanted {
                // What is wanted from here on is wanted anew.
                state.background = Background::Idle;
            }
            if !wait.is_zero() {
                state = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
            }
            if was_wanted {
                return true;
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
        let stays = has_time || matches!(self.background, Background::Wanted { .. });
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
    fn the_background_goes_when_nobody_wants_it_for_long() {
        assert_eq!(after_its_time(Background::Idle), (false, false));
    }

    #[test]
    fn a_wish_that_comes_as_the_background_is_about_to_go_is_not_lost() {
        for urgent in [false, true] {
            assert_eq!(after_its_time(Background::Wanted { urgent }), (true, true));
        }
    }
}
