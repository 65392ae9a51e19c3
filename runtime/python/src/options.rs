//! Options by name, each checked.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyString};
use samehost::raw::{Channel, ChannelBuilder, ServerBuilder};
use samehost::{
    ClientTls, FifoOptions, Options, ShmOptions, StderrLines, StdioOptions, TcpOptions, UnixOptions,
};

use crate::lines::Lines;
use crate::{callbacks, json, tls};

const SIZES: (u32, u32) = (1, i32::MAX as u32);
const CREDITS: (u32, u32) = (1024, i32::MAX as u32);
const METADATA: (u32, u32) = (256, 32_768);
const RINGS: (u32, u32) = (1 << 16, 1 << 26);

/// The options that were given; each is taken by its name, and none may be left.
struct Given<'a, 'py> {
    options: Option<&'a Bound<'py, PyDict>>,
    known: Vec<&'static str>,
}

impl<'py> Given<'_, 'py> {
    fn take(&mut self, name: &'static str) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.known.push(name);
        self.options.map_or(Ok(None), |options| options.get_item(name))
    }

    fn size(&mut self, name: &'static str, (least, most): (u32, u32)) -> PyResult<Option<u32>> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        if value.is_instance_of::<PyBool>() {
            return Err(wrong(name, "an int", &value));
        }
        match value.extract::<i128>() {
            Ok(number) if (i128::from(least)..=i128::from(most)).contains(&number) => Ok(Some(number as u32)),
            Ok(number) => Err(outside(name, &number.to_string(), &format!("from {least} to {most}"))),
            Err(_) => Err(wrong(name, "an int", &value)),
        }
    }

    fn seconds(&mut self, name: &'static str) -> PyResult<Option<Duration>> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        let seconds: f64 = value.extract().map_err(|_| wrong(name, "a number of seconds", &value))?;
        match Duration::try_from_secs_f64(seconds) {
            Ok(duration) => Ok(Some(duration)),
            Err(_) if seconds > 0.0 => Ok(Some(Duration::from_secs(u64::from(u32::MAX)))),
            Err(_) => Err(outside(name, &seconds.to_string(), "seconds, at least 0")),
        }
    }

    fn flag(&mut self, name: &'static str) -> PyResult<Option<bool>> {
        let Some(value) = self.take(name)? else { return Ok(None) };
        value.extract().map(Some).map_err(|_| wrong(name, "a bool", &value))
    }

    /// Ends the taking: whatever else was given is a mistake.
    fn end(self) -> PyResult<()> {
        for name in self.options.iter().flat_map(|options| options.keys()) {
            let name = name.cast::<PyString>()?.to_cow()?;
            if !self.known.iter().any(|known| **known == *name) {
                let known = self.known.join(", ");
                return Err(PyTypeError::new_err(format!(
                    "there is no option {name}; the options are {known}"
                )));
            }
        }
        Ok(())
    }
}

fn wrong(name: &str, wanted: &str, value: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("{name} is {wanted}, not {value:?}"))
}

fn outside(name: &str, value: &str, range: &str) -> PyErr {
    PyValueError::new_err(format!("{name} is {value}, but must be {range}"))
}

/// A text or a path of Python's for the system.
fn os_string(name: &str, value: &Bound<'_, PyAny>) -> PyResult<OsString> {
    if let Ok(text) = value.extract::<OsString>() {
        return Ok(text);
    }
    value.extract::<PathBuf>().map(OsString::from).map_err(|_| wrong(name, "of str and paths", value))
}

/// The settings of every transport: which of them counts, the address says.
#[derive(Default)]
struct Transports {
    unix: UnixOptions,
    stdio: StdioOptions,
    shm: ShmOptions,
    tcp: TcpOptions,
    fifo: FifoOptions,
}

impl Transports {
    fn hello_timeout(&mut self, timeout: Duration) {
        self.unix.hello_timeout = timeout;
        self.tcp.hello_timeout = timeout;
        self.fifo.hello_timeout = timeout;
    }

    /// Takes what channels and servers have in common.
    fn take(&mut self, given: &mut Given<'_, '_>) -> PyResult<()> {
        if let Some(bytes) = given.size("ring_bytes", RINGS)? {
            self.shm.ring_bytes = bytes;
        }
        if let Some(beyond) = given.flag("plain_text_beyond_host")? {
            self.tcp.plain_text_beyond_host = beyond;
        }
        Ok(())
    }

    fn options(self) -> Options {
        Options::new().with(self.unix).with(self.stdio).with(self.shm).with(self.tcp).with(self.fifo)
    }
}

/// A channel to this address with these options.
pub(crate) fn channel(address: &str, options: Option<&Bound<'_, PyDict>>) -> PyResult<ChannelBuilder> {
    let mut given = Given { options, known: Vec::new() };
    let mut builder = Channel::builder(address);
    if let Some(bytes) = given.size("max_inbound_message_size", SIZES)? {
        builder = builder.max_inbound_message_size(bytes);
    }
    if let Some(bytes) = given.size("max_inbound_metadata_size", METADATA)? {
        builder = builder.max_inbound_metadata_size(bytes);
    }
    if let Some(bytes) = given.size("initial_credit", CREDITS)? {
        builder = builder.initial_credit(bytes);
    }
    if let Some(limit) = given.seconds("spin_limit")? {
        builder = builder.spin_limit(limit);
    }
    if let Some(timeout) = given.seconds("connect_timeout")? {
        builder = builder.connect_timeout(timeout);
    }
    let (first, longest) = (given.seconds("backoff")?, given.seconds("longest_backoff")?);
    if first.is_some() || longest.is_some() {
        let first = first.unwrap_or(Duration::from_millis(100));
        builder = builder.backoff(first, longest.unwrap_or(Duration::from_secs(5)).max(first));
    }
    if let Some(wait) = given.flag("wait_for_ready")? {
        builder = builder.wait_for_ready(wait);
    }
    let mut transports = Transports::default();
    if let Some(timeout) = given.seconds("hello_timeout")? {
        transports.hello_timeout(timeout);
        transports.stdio.hello_timeout = timeout;
    }
    transports.take(&mut given)?;
    if let Some(tls) = credentials(&mut given)? {
        builder = builder.tls(tls);
    }
    if let Some(strict) = given.flag("strict")? {
        transports.shm.strict = strict;
    }
    child(&mut given, &mut transports.stdio)?;
    given.end()?;
    Ok(builder.transport_options(transports.options()))
}

/// What a channel speaks TLS with, if it does.
fn credentials(given: &mut Given<'_, '_>) -> PyResult<Option<ClientTls>> {
    let credentials = given.take("credentials")?.filter(|credentials| !credentials.is_none());
    let name = given.take("server_name")?.filter(|name| !name.is_none());
    let Some(credentials) = credentials else { return Ok(None) };
    let tls = tls::of_channel(&credentials)?;
    Ok(Some(match name {
        Some(name) => {
            tls.server_name(name.extract::<String>().map_err(|_| wrong("server_name", "a str", &name))?)
        }
        None => tls,
    }))
}

/// What a channel says of its children.
fn child(given: &mut Given<'_, '_>, stdio: &mut StdioOptions) -> PyResult<()> {
    if let Some(arguments) = given.take("arguments")? {
        if arguments.is_instance_of::<PyString>() {
            return Err(wrong("arguments", "a sequence of str and paths", &arguments));
        }
        let words = arguments
            .try_iter()
            .map_err(|_| wrong("arguments", "a sequence of str and paths", &arguments))?;
        stdio.arguments = words.map(|word| os_string("arguments", &word?)).collect::<PyResult<_>>()?;
        if stdio.arguments.is_empty() {
            return Err(outside("arguments", "[]", "a program and its arguments"));
        }
    }
    if let Some(environment) = given.take("environment")? {
        for pair in environment.call_method0("items")?.try_iter()? {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair?.extract()?;
            stdio.environment.push((os_string("environment", &name)?, os_string("environment", &value)?));
        }
    }
    if let Some(folder) = given.take("folder")? {
        stdio.folder = Some(PathBuf::from(os_string("folder", &folder)?));
    }
    if let Some(grace) = given.seconds("grace")? {
        stdio.grace = grace;
    }
    if let Some(bytes) = given.size("noise_limit", (0, i32::MAX as u32))? {
        stdio.noise_limit = bytes as usize;
    }
    if let Some(lines) = given.take("stderr_lines")? {
        if !lines.is_callable() {
            return Err(wrong("stderr_lines", "a callable", &lines));
        }
        stdio.stderr_lines = Some(lines_to(lines.unbind()));
    }
    Ok(())
}

/// Hands lines to a callback.
fn lines_to(callback: Py<PyAny>) -> StderrLines {
    let callback = Arc::new(callback);
    let lines = Arc::new(Lines::default());
    Arc::new(move |line| {
        let callback = callback.clone();
        let take = move |line| callbacks::call(&callback, |py| (line,).into_pyobject(py));
        lines.hand(|| line.to_owned(), |of_dropped| of_dropped, take);
    })
}

/// A server with these options.
pub(crate) fn server(options: Option<&Bound<'_, PyDict>>) -> PyResult<ServerBuilder> {
    let mut given = Given { options, known: Vec::new() };
    let mut builder = ServerBuilder::default().json(json::transcoder());
    if let Some(bytes) = given.size("max_inbound_message_size", SIZES)? {
        builder = builder.max_inbound_message_size(bytes);
    }
    if let Some(bytes) = given.size("max_inbound_metadata_size", METADATA)? {
        builder = builder.max_inbound_metadata_size(bytes);
    }
    if let Some(bytes) = given.size("initial_credit", CREDITS)? {
        builder = builder.initial_credit(bytes);
    }
    if let Some(limit) = given.seconds("spin_limit")? {
        builder = builder.spin_limit(limit);
    }
    if let Some(calls) = given.size("max_concurrent_calls", SIZES)? {
        builder = builder.max_concurrent_calls(calls);
    }
    let mut transports = Transports::default();
    if let Some(timeout) = given.seconds("hello_timeout")? {
        transports.hello_timeout(timeout);
        builder = builder.hello_timeout(timeout);
    }
    transports.take(&mut given)?;
    if let Some(users) = given.take("allowed_users")? {
        let users: Vec<u32> = users
            .try_iter()
            .and_then(|users| users.map(|user| user?.extract()).collect())
            .map_err(|_| wrong("allowed_users", "numbers of users", &users))?;
        transports.unix.allowed_users = BTreeSet::from_iter(users);
    }
    if let Some(any) = given.flag("any_user")? {
        transports.unix.any_user = any;
    }
    if let Some(exit) = given.flag("exit_with_host")? {
        transports.stdio.exit_with_host = exit;
    }
    if let Some(grace) = given.seconds("exit_grace")? {
        transports.stdio.exit_grace = grace;
    }
    given.end()?;
    Ok(builder.transport_options(transports.options()))
}
