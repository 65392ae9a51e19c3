//! SIGPIPE, which writing to a pipe without a reader raises.

use std::sync::Once;

static IGNORED: Once = Once::new();

/// Sees to it that SIGPIPE does not end this process: it is ignored from now on, unless the program
/// has chosen something else than the default.
pub fn ignore() {
    IGNORED.call_once(|| {
        // SAFETY: a sigaction of zeros is a valid value: the default action with an empty mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        // SAFETY: the old action is written to a place of this frame; nothing is changed.
        let told = unsafe { libc::sigaction(libc::SIGPIPE, std::ptr::null(), &mut action) };
        if told == 0 && action.sa_sigaction == libc::SIG_DFL {
            action.sa_sigaction = libc::SIG_IGN;
            // SAFETY: the action is a copy of the system's own with SIG_IGN for its handler.
            unsafe { libc::sigaction(libc::SIGPIPE, &action, std::ptr::null_mut()) };
        }
    });
}
