//! The descriptors of this process that a connection or a child might leave behind.

use std::fs;
use std::time::{Duration, Instant};

use super::Checked;
use crate::suite::Mismatch;

const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(20);
/// Sockets, pipes, and what the kernel has without a name.
const KINDS: [&str; 3] = ["socket:", "pipe:", "anon_inode:"];

/// How many there are; none are seen where there is no `/proc`.
pub(super) fn count() -> usize {
    let open = fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    // One that was closed while it was looked at counts as none.
    let targets = open.filter_map(|one| fs::read_link(one.path()).ok());
    targets.filter(|target| KINDS.iter().any(|kind| target.to_string_lossy().starts_with(kind))).count()
}

/// Waits until there are no more than so many: a child that does not end holds some for a while.
pub(super) async fn await_at_most(before: usize) -> Checked {
    let end = Instant::now() + PATIENCE;
    loop {
        match count() {
            now if now <= before => return Ok(()),
            now if Instant::now() > end => {
                return Err(Mismatch(format!("descriptors were left behind: {before} before, {now} after")));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}
