//! The runtime of all bridges of the process: one thread, which is there while there are any.

use std::future::Future;
use std::io;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::call::span;

/// Of all threads of bridges.
const NAME: &str = "samehost-bridge";
/// So many may take long at the same time; what there is more of waits.
const MOST_BLOCKING: usize = 4;

/// The bridges that there are, and what runs them.
#[derive(Default)]
struct Bridges(Mutex<Option<Running>>);

struct Running {
    handle: Handle,
    bridges: usize,
    /// The thread ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

static BRIDGES: AtomicPtr<Bridges> = AtomicPtr::new(null_mut());

/// Runs one more bridge. What it has spawned besides ends with the last one.
pub(crate) fn spawn(bridge: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let bridges = Bridges::get();
    let mut running = bridges.lock();
    let one = match &mut *running {
        Some(one) => one,
        none => none.insert(Running::start()?),
    };
    one.bridges += 1;
    let counted = Counted(bridges);
    one.handle.spawn(async move {
        let _counted = counted;
        bridge.await;
    });
    Ok(())
}

/// In a forked child: the thread is the parent's, and what it has is left as it is.
pub(crate) fn forget_after_fork() {
    BRIDGES.store(null_mut(), Ordering::Release);
}

impl Bridges {
    /// Those of this process.
    fn get() -> &'static Bridges {
        let known = BRIDGES.load(Ordering::Acquire);
        // SAFETY: what was put there lives as long as the process.
        if let Some(known) = unsafe { known.as_ref() } {
            return known;
        }
        let made = Box::into_raw(Box::<Bridges>::default());
        // Where another thread was faster this one's is left unused, which happens once at most.
        let kept = match BRIDGES.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => made,
            Err(known) => known,
        };
        // SAFETY: both are never freed.
        unsafe { &*kept }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    fn start() -> io::Result<Running> {
        let runtime = Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .thread_name(NAME)
            .max_blocking_threads(MOST_BLOCKING)
            .build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new().name(NAME.to_owned()).spawn(move || {
            span::be_quiet();
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Running { handle, bridges: 0, _stop: stop })
    }
}

/// One of the bridges, for as long as it runs.
struct Counted(&'static Bridges);

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.0.lock();
        if let Some(one) = &mut *running {
            one.bridges -= 1;
            if one.bridges == 0 {
                *running = None;
            }
        }
    }
}
