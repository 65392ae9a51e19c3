//! What answers at an address: who it is, what it speaks, over what, how fast, and what it offers.

use std::time::{Duration, Instant};

use prost::Message;
use samehost::raw::{CallOptions, Outcome, Patience};
use samehost::{ClientTls, Code};

use super::hello::{self, First, Hello};
use super::process;
use super::report::Report;
use super::tap::Tap;
use crate::channel::{self, Way};
use crate::output::time;
use crate::reach::Reach;
use crate::reflection::Reflection;

const HEALTH: &str = "/grpc.health.v1.Health/Check";
/// Calls whose shortest time is told.
const CALLS: usize = 20;
/// What each side takes where its HELLO says nothing.
const MESSAGE_BYTES: u32 = 64 << 20;

/// Connects and asks; all of it may take so long.
pub fn look(report: &mut Report, address: &str, reach: &Reach, tls: Option<ClientTls>, patience: Duration) {
    let tap = Tap::default();
    let way = match channel::by(address, reach, tls, tap.registry(), patience) {
        Ok(way) => way,
        Err(status) => {
            report.wrong(status.message());
            return;
        }
    };
    // Whoever says nothing is to be told as such, and not as a call that took too long.
    let health = check(&way, patience * 4);
    let first = hello::of(&tap.bytes());
    if !matches!(first, First::Hello(..)) && way.peer().is_none() {
        report.wrong(health.status.message());
        return;
    }
    who(report, &way, &first);
    what(report, &way, &first);
    match health.status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Internal => {
            report.wrong(format!(
                "it takes no calls: {}: {}",
                health.status.code().name(),
                health.status.message()
            ));
            return;
        }
        _ => {}
    }
    round_trip(report, &way, patience);
    told_health(report, &health);
    match Reflection::of((*way).clone(), Some(patience)).services() {
        Ok(mut services) => {
            services.sort();
            report.ok(format!("reflection: {}", services.join(", ")));
        }
        Err(failure) => report.warning(failure.text()),
    }
}

fn check(way: &Way, timeout: Duration) -> Outcome {
    let options = CallOptions { timeout: Some(timeout), ..CallOptions::default() };
    let Ok(outcome) = way.unary(HEALTH, options, Default::default(), Patience::endless()) else {
        unreachable!("nobody asks it to stop");
    };
    outcome
}

fn who(report: &mut Report, way: &Way, first: &First) {
    let peer = way.peer();
    let vouched = peer.as_ref().and_then(|peer| Some((peer.process_id?, peer.user_id)));
    match (vouched, first) {
        (Some((pid, user)), _) => {
            let user = user.map(|user| format!(" of user {user}")).unwrap_or_default();
            report.ok(format!("{}{user} answers", process::described(pid)));
        }
        // As it sees itself, in its own namespace.
        (None, First::Hello(hello, _)) if hello.pid != 0 => {
            report.ok(format!("a process answers that says it is pid {}", hello.pid));
        }
        _ => report.ok("somebody answers"),
    }
}

fn what(report: &mut Report, way: &Way, first: &First) {
    match first {
        First::Hello(hello, noise) => {
            told_hello(report, hello);
            if *noise > 0 {
                report.warning(format!(
                    "{noise} bytes came before its HELLO: something prints before it serves"
                ));
            }
        }
        First::Http2 => {
            report.warning("it speaks gRPC over HTTP/2, not the samehost wire: calls go, and take longer")
        }
        First::Other => report.warning("it says no HELLO"),
    }
    match way.medium().filter(|_| !matches!(first, First::Http2)) {
        Some(medium) if medium.contains("socket") => report.warning(format!("medium: {medium}")),
        Some(medium) => report.ok(format!("medium: {medium}")),
        None => {}
    }
}

fn told_hello(report: &mut Report, hello: &Hello) {
    let versions = match hello.min_version == hello.max_version {
        true => format!("version {}", hello.max_version),
        false => format!("versions {} to {}", hello.min_version, hello.max_version),
    };
    let bytes = if hello.max_message_bytes == 0 { MESSAGE_BYTES } else { hello.max_message_bytes };
    let features = match &*hello.features {
        [] => String::new(),
        features => format!(", {}", features.join(", ")),
    };
    report.ok(format!(
        "HELLO of {}: {versions} of the wire, messages of up to {}{features}",
        hello.implementation,
        size(bytes)
    ));
}

fn size(bytes: u32) -> String {
    match bytes {
        whole if whole % (1 << 20) == 0 => format!("{} MiB", whole >> 20),
        other => format!("{other} bytes"),
    }
}

/// How long a call takes there and back, whatever it is answered.
fn round_trip(report: &mut Report, way: &Way, patience: Duration) {
    let times = (0..CALLS).map(|_| {
        let began = Instant::now();
        check(way, patience);
        began.elapsed()
    });
    if let Some(shortest) = times.min() {
        report.ok(format!("a call there and back takes {}, the shortest of {CALLS}", time(shortest)));
    }
}

fn told_health(report: &mut Report, health: &Outcome) {
    /// Of `grpc.health.v1.HealthCheckResponse`.
    #[derive(Clone, PartialEq, Message)]
    struct Health {
        #[prost(int32, tag = "1")]
        status: i32,
    }
    match (health.status.code(), health.message.clone().and_then(|message| Health::decode(message).ok())) {
        (Code::Ok, Some(Health { status: 1 })) => report.ok("health: SERVING"),
        (Code::Ok, Some(Health { status: 2 })) => report.wrong("health: NOT_SERVING, says the server itself"),
        (Code::Ok, _) => report.warning("health: UNKNOWN, says the server itself"),
        (Code::Unimplemented, _) => report.ok("it has no health service (grpc.health.v1), which is no fault"),
        (code, _) => report.warning(format!("health: {}: {}", code.name(), health.status.message())),
    }
}
