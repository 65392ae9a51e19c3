//! `samehost bench`: how many calls a second, and how long each takes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use prost::Message;
use serde_json::json;

use crate::call::call_options;
use crate::channel;
use crate::descriptors::{Descriptors, path};
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::json::Requests;
use crate::load::{Load, Pace, Seen};
use crate::output::{print, say, time};
use crate::words::Bench;

/// Of the time comes before it, uncounted: connections are made and processors awake.
const WARM_UP: u32 = 5;
/// The longest warm-up.
const LONGEST_WARM_UP: Duration = Duration::from_secs(1);

/// So long calls may go on that are open at the end.
const LAST_CALLS: Duration = Duration::from_secs(2);

/// Calls for a while, and writes what was measured.
pub fn run(words: Bench) -> Result<(), Failure> {
    if cfg!(debug_assertions) {
        say("This program was built without --release: others are faster than it measures.");
    }
    let way = channel::to(&words.address, &words.reach)?;
    let descriptors = Descriptors::of(&words.contract, || Ok(way.clone()), words.options.deadline)?;
    let method = descriptors.method(&words.method)?;
    let requests = Requests::of(words.request.as_deref(), method.input())?;
    let requests = match method.is_client_streaming() {
        true => requests.collect::<Result<Vec<_>, _>>()?,
        false => vec![requests.only()?],
    };
    let load = Load {
        channel: way.clone(),
        path: format!("/{}", path(&method)),
        options: call_options(&words.options),
        requests: requests.iter().map(|request| request.encode_to_vec().into()).collect(),
        streams: method.is_client_streaming() || method.is_server_streaming(),
    };
    // Where calls fail, they need not be counted.
    load.call()?;
    let (who, medium) = (way.described(), way.medium());
    let interrupt = Interrupt::catch()?;
    let measured = measure(&load, &words, &interrupt)?;
    let text = match words.json {
        true => as_json(&words, &path(&method), medium.as_deref(), &measured).to_string(),
        false => for_people(who.as_deref(), &words, &measured),
    };
    print(&text)?;
    match measured.seen.first_failure {
        None => Ok(()),
        Some(status) => Err(Failure::from(status).after(&format!("{} calls failed", measured.seen.failures))),
    }
}

/// What was seen, and in what time.
struct Measured {
    seen: Seen,
    took: Duration,
}

fn measure(load: &Load, words: &Bench, interrupt: &Interrupt) -> Result<Measured, Failure> {
    let time = Duration::from_secs_f64(words.seconds);
    let began = Instant::now();
    let from = began + (time / WARM_UP).min(LONGEST_WARM_UP);
    let until = from + time;
    let stop = AtomicBool::new(false);
    let mut seen = Seen::new();
    let took = thread::scope(|scope| -> Result<_, Failure> {
        let mut callers: Vec<thread::ScopedJoinHandle<'_, Seen>> = Vec::new();
        let end = |callers: &[thread::ScopedJoinHandle<'_, Seen>]| {
            stop.store(true, Ordering::Relaxed);
            // Who waits until the next call is due waits no more.
            callers.iter().for_each(|caller| caller.thread().unpark());
        };
        for number in 0..words.at_once {
            let pace = words.rate.map(|rate| Pace::of(began, rate, number, words.at_once));
            let stop = &stop;
            let caller =
                thread::Builder::new().spawn_scoped(scope, move || load.run(pace, from, until, stop));
            callers.push(caller.map_err(|error| {
                end(&callers);
                Failure::here(format!("{} calls at once need so many threads: {error}", words.at_once))
            })?);
        }
        while Instant::now() < until && !interrupt.is_asked() {
            thread::sleep(until.saturating_duration_since(Instant::now()).min(Duration::from_millis(20)));
        }
        let took = from.elapsed().min(time);
        end(&callers);
        let patience = Instant::now() + LAST_CALLS;
        while callers.iter().any(|caller| !caller.is_finished()) && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
        load.channel.shut_down(true);
        for caller in callers {
            seen.add(caller.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        Ok(took)
    })?;
    Ok(Measured { seen, took })
}

fn quantile(times: &Histogram<u64>, quantile: f64) -> Duration {
    Duration::from_nanos(times.value_at_quantile(quantile))
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn per_second(measured: &Measured, number: u64) -> f64 {
    number as f64 / measured.took.as_secs_f64().max(f64::MIN_POSITIVE)
}

fn for_people(who: Option<&str>, words: &Bench, measured: &Measured) -> String {
    let (seen, times) = (&measured.seen, &measured.seen.times);
    let mut text = format!("{:.0} calls a second", per_second(measured, times.len()));
    if seen.answers != times.len() {
        text = format!("{text}, {:.0} answers a second", per_second(measured, seen.answers));
    }
    let took = measured.took.as_secs_f64();
    text = format!("{text}: {} in {took:.1} s, {} at once", times.len(), words.at_once);
    if let Some(rate) = words.rate {
        text = format!("{text}, {rate} a second wanted");
    }
    if let Some(who) = who {
        text = format!("{text}, to {who}");
    }
    let shown = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0)];
    let times = shown.map(|(name, part)| format!("{name} {}", time(quantile(times, part))));
    format!("{text}\n{}", times.join("   "))
}

fn as_json(words: &Bench, method: &str, medium: Option<&str>, measured: &Measured) -> serde_json::Value {
    let (seen, times) = (&measured.seen, &measured.seen.times);
    json!({
        "address": words.address,
        "method": method,
        "medium": medium,
        "at_once": words.at_once,
        "rate": words.rate,
        "seconds": measured.took.as_secs_f64(),
        "calls": times.len(),
        "answers": seen.answers,
        "failures": seen.failures,
        "calls_per_second": per_second(measured, times.len()),
        "micros": {
            "p50": micros(quantile(times, 0.5)),
            "p90": micros(quantile(times, 0.9)),
            "p99": micros(quantile(times, 0.99)),
            "max": micros(quantile(times, 1.0)),
        },
    })
}
