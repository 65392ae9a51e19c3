//! What this host has of that which samehost uses.

use rustix::process::{Resource, getrlimit};
use rustix::system::uname;

use super::report::Report;

/// Of a process's descriptors; each connection takes up to four.
const FEW_DESCRIPTORS: u64 = 1024;

/// The longest wait that looks before it sleeps, as `SAMEHOST_SPIN_MICROS` may say.
const MOST_MICROS: u64 = 1000;

/// Looks at the kernel, the processors, and what this process may use.
pub fn look(report: &mut Report) {
    kernel(report);
    processors(report);
    #[cfg(target_os = "linux")]
    {
        memory(report);
        pidfd(report);
    }
    descriptors(report);
    spin(report);
}

fn kernel(report: &mut Report) {
    let (name, user) = (uname(), rustix::process::geteuid().as_raw());
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let (system, release, machine) = (text(name.sysname()), text(name.release()), text(name.machine()));
    let line = format!("{system} {release} on {machine}, user {user}");
    match &*system {
        "Linux" => report.ok(line),
        _ => report.warning(format!("{line}: samehost is tested on Linux alone")),
    }
}

fn processors(report: &mut Report) {
    match std::thread::available_parallelism() {
        Ok(number) if number.get() > 1 => report.ok(format!("{number} processors for this process")),
        Ok(_) => {
            report.warning("one processor for this process: a wait sleeps at once, so calls take longer")
        }
        Err(error) => report.warning(format!("how many processors there are is not known: {error}")),
    }
}

#[cfg(target_os = "linux")]
fn memory(report: &mut Report) {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    let sealed = memfd_create("samehost-doctor", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)
        .and_then(|memory| fcntl_add_seals(&memory, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL));
    match sealed {
        Ok(()) => report.ok("memfd with seals: shm: goes over shared memory; /dev/shm is not needed"),
        Err(errno) => report.warning(format!("no memfd with seals ({errno}): shm: stays on the Unix socket")),
    }
}

#[cfg(target_os = "linux")]
fn pidfd(report: &mut Report) {
    use rustix::process::{PidfdFlags, getpid, pidfd_open};
    match pidfd_open(getpid(), PidfdFlags::empty()) {
        Ok(_) => report.ok("pidfd: a child that serves stdio: ends with its host"),
        Err(errno) => report.warning(format!(
            "no pidfd ({errno}): a child that serves stdio: sees its host's end by its standard input alone"
        )),
    }
}

fn descriptors(report: &mut Report) {
    let limit = getrlimit(Resource::Nofile);
    match limit.current {
        Some(few) if few < FEW_DESCRIPTORS => {
            report.warning(format!(
                "a process may have {few} descriptors, and each connection takes up to four: ulimit -n allows more"
            ));
        }
        Some(number) => report.ok(format!("a process may have {number} descriptors")),
        None => report.ok("a process may have any number of descriptors"),
    }
}

fn spin(report: &mut Report) {
    const NAME: &str = "SAMEHOST_SPIN_MICROS";
    match std::env::var(NAME) {
        Err(std::env::VarError::NotPresent) => {
            report.ok(format!(
                "{NAME} is not set: a wait looks for 50 us before it sleeps, while that is of use"
            ));
        }
        Ok(text) => match text.trim().parse() {
            Ok(0) => report.ok(format!("{NAME}=0: a wait sleeps at once")),
            Ok(micros) if micros <= MOST_MICROS => {
                report.ok(format!(
                    "{NAME}={micros}: a wait looks so long before it sleeps, while that is of use"
                ));
            }
            Ok(micros) => {
                report.warning(format!("{NAME}={micros}: taken as {MOST_MICROS}, which is the most"))
            }
            Err(_) => {
                report.wrong(format!("{NAME}={text} is no number of microseconds, and is ignored. Unset it."))
            }
        },
        Err(error) => report.wrong(format!("{NAME}: {error}, so it is ignored. Unset it.")),
    }
}
