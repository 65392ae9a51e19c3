//! The two pipes of one client.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{Mode, OFlags, Stat, fstat, open, unlink};
use rustix::io::Errno;
use samehost_transport_posix::make_fifo;

use crate::place::{Inode, Place, found_at, inode_of, is_own_fifo};
use crate::record::Names;
use crate::rendezvous::MODE;

/// How old a name is at least that nobody can need any more: clients make new ones much sooner.
const STALE: Duration = Duration::from_secs(10);

/// The names of two FIFOs, which are removed when this is dropped, if they are still those.
pub(crate) struct NamedPair {
    pub names: Names,
    up: (PathBuf, Inode),
    down: (PathBuf, Inode),
    /// Somebody else's, who sees to the names.
    foreign: bool,
}

/// Both ends of one side.
pub(crate) struct Opened {
    pub input: OwnedFd,
    pub output: OwnedFd,
}

/// Why a server does not open a client's pipes.
pub(crate) enum Objection {
    /// The client has gone, or has given them up.
    Gone,
    /// They are not what they should be.
    Wrong(String),
    Failed(&'static str, Errno),
}

impl NamedPair {
    /// Makes two FIFOs of this process's own, with names that nobody has.
    pub fn make(place: &Place) -> rustix::io::Result<NamedPair> {
        loop {
            // The system gives a process its random keys, and every hasher another one.
            let names = Names::of(&place.name, RandomState::new().hash_one(std::process::id()));
            let (up, down) = paths(place, &names);
            match make_fifo(&up, MODE.bits() as _) {
                Err(Errno::EXIST) => continue,
                made => made?,
            }
            let guard = Made(Some(up));
            match make_fifo(&down, MODE.bits() as _) {
                Err(Errno::EXIST) => continue,
                made => made?,
            }
            let down_guard = Made(Some(down));
            let found = |path: &Made| {
                let path = path.0.clone().unwrap_or_default();
                found_at(&path)?.map(|found| (path, inode_of(&found))).ok_or(Errno::NOENT)
            };
            let pair = NamedPair { names, up: found(&guard)?, down: found(&down_guard)?, foreign: false };
            guard.kept();
            down_guard.kept();
            return Ok(pair);
        }
    }

    /// Looks at a client's pair: two FIFOs of this user, neither the other, and neither in use.
    pub fn find(place: &Place, names: Names) -> Result<NamedPair, Objection> {
        let (up, down) = paths(place, &names);
        let looked = |path: PathBuf, name: &str| match found_at(&path) {
            Ok(Some(found)) if is_own_fifo(&found) => Ok((path, inode_of(&found))),
            Ok(Some(_)) => Err(Objection::Wrong(format!("{name} is no FIFO of this user"))),
            Ok(None) => Err(Objection::Gone),
            Err(errno) => Err(Objection::Failed("lstat", errno)),
        };
        let (up, down) = (looked(up, &names.up)?, looked(down, &names.down)?);
        if up.1 == down.1 {
            return Err(Objection::Wrong(format!("{} and {} are one FIFO", names.up, names.down)));
        }
        Ok(NamedPair { names, up, down, foreign: false })
    }

    /// Which FIFOs they are.
    pub fn inodes(&self) -> [Inode; 2] {
        [self.up.1, self.down.1]
    }

    /// The client's reading end, which the server must find there.
    pub fn open_down_for_reading(&self) -> rustix::io::Result<OwnedFd> {
        open_fifo(&self.down, OFlags::RDONLY)
    }

    /// The client's writing end: `ENXIO` when the server has not opened its reading end.
    pub fn open_up_for_writing(&self) -> rustix::io::Result<OwnedFd> {
        open_fifo(&self.up, OFlags::WRONLY)
    }

    /// Both ends of the server, the reading end first, so that the client can open its own when it is answered.
    pub fn open_for_server(&self) -> Result<Opened, Objection> {
        let opened = |(side, flags)| match open_fifo(side, flags) {
            Ok(end) => Ok(end),
            Err(Errno::NXIO | Errno::NOENT) => Err(Objection::Gone),
            Err(Errno::LOOP) => Err(Objection::Wrong("a symbolic link is in the place of a FIFO".to_owned())),
            Err(errno) => Err(Objection::Failed("open", errno)),
        };
        let input = opened((&self.up, OFlags::RDONLY))?;
        let output = opened((&self.down, OFlags::WRONLY))?;
        Ok(Opened { input, output })
    }
}

impl Drop for NamedPair {
    fn drop(&mut self) {
        if self.foreign {
            return;
        }
        for (path, inode) in [&self.up, &self.down] {
            if let Ok(Some(found)) = found_at(path)
                && inode_of(&found) == *inode
            {
                // The other side may have been quicker.
                let _ = unlink(path);
            }
        }
    }
}

/// A FIFO that was made, and is removed again if what follows fails.
struct Made(Option<PathBuf>);

impl Made {
    fn kept(mut self) {
        self.0 = None;
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = unlink(path);
        }
    }
}

fn paths(place: &Place, names: &Names) -> (PathBuf, PathBuf) {
    (place.folder().join(&names.up), place.folder().join(&names.down))
}

/// Opens a FIFO without waiting for anybody; it must be the one that was looked at.
fn open_fifo(side: &(PathBuf, Inode), access: OFlags) -> rustix::io::Result<OwnedFd> {
    let flags = access | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fifo = open(&side.0, flags, Mode::empty())?;
    let found = fstat(&fifo)?;
    if is_own_fifo(&found) && inode_of(&found) == side.1 { Ok(fifo) } else { Err(Errno::NOENT) }
}

/// The FIFOs that are being served, by which a second record with the same names is known.
#[derive(Clone, Default)]
pub(crate) struct InUse(Arc<Mutex<HashSet<Inode>>>);

/// A pair that is in use until this is dropped; then its names are removed.
pub(crate) struct Used {
    pair: Option<NamedPair>,
    in_use: InUse,
}

impl InUse {
    /// Uses a pair, unless one of its FIFOs is used already: its names are then left to the other user.
    pub fn enter(&self, mut pair: NamedPair) -> Result<Used, Objection> {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if pair.inodes().iter().any(|inode| used.contains(inode)) {
            let why = format!("{} is in use", pair.names.up);
            pair.foreign = true;
            return Err(Objection::Wrong(why));
        }
        used.extend(pair.inodes());
        drop(used);
        Ok(Used { pair: Some(pair), in_use: self.clone() })
    }
}

impl Used {
    pub fn pair(&self) -> &NamedPair {
        self.pair.as_ref().expect("it is there until this is dropped")
    }
}

impl Drop for Used {
    fn drop(&mut self) {
        let Some(pair) = self.pair.take() else { return };
        let inodes = pair.inodes();
        drop(pair);
        let mut used = self.in_use.0.lock().unwrap_or_else(PoisonError::into_inner);
        for inode in inodes {
            used.remove(&inode);
        }
    }
}

/// Removes the names that clients have left who were killed before they could be served.
pub(crate) fn sweep(place: &Place, in_use: &InUse) {
    // Whatever cannot be listed or removed is left for another time.
    let Ok(entries) = std::fs::read_dir(place.folder()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(names) = name.to_str().and_then(|name| Names::with(&place.name, name)) else { continue };
        let (up, down) = paths(place, &names);
        let (path, other) = if up == entry.path() { (up, down) } else { (down, up) };
        let Ok(Some(found)) = found_at(&path) else { continue };
        let used = in_use.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&inode_of(&found));
        if !used && is_own_fifo(&found) && is_stale(&found) && !has_reader(&path, &other, &names) {
            let _ = unlink(&path);
        }
    }
}

/// Whether a client still waits at its pair.
fn has_reader(path: &PathBuf, other: &PathBuf, names: &Names) -> bool {
    let down = if path.ends_with(&names.down) { path } else { other };
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    found_at(down).is_ok_and(|found| found.is_some_and(|found| is_own_fifo(&found)))
        && open(down, flags, Mode::empty()).is_ok()
}

fn is_stale(found: &Stat) -> bool {
    let Ok(now) = SystemTime::now().duration_since(UNIX_EPOCH) else { return false };
    now.as_secs().saturating_sub(u64::try_from(found.st_mtime).unwrap_or_default()) > STALE.as_secs()
}
