//! Generates Rust from `.proto` files in a `build.rs`: messages by prost, and tonic's stubs with a shorter way inside.
//! No protoc is needed.
//!
//! ```no_run
//! // build.rs
//! samehost_build::compile_protos("proto/greeter.proto")?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! What comes out is what `tonic-prost-build` makes, in the same modules, with the same service traits, servers and
//! clients: `tonic::include_proto!` includes it, and no other line of an application changes. Unary calls of these
//! clients and servers go round HTTP's headers and bodies, where a client's channel is a `samehost::Channel` and nothing
//! is compressed; all other calls go tonic's way. Besides there is a client for threads, over
//! `samehost::blocking::Channel`, in a module of its own.

mod blocking;
mod direct;
mod generator;
mod short;

use std::env;
use std::io::{self, Error, Write, stdout};
use std::path::Path;

use prost_build::Config;
use tonic_prost_build::FileDescriptorSet;

use generator::Generator;

pub use {prost_build, tonic_prost_build};

/// What is generated, and how.
#[must_use]
pub struct Builder {
    stubs: tonic_prost_build::Builder,
    messages: Config,
    blocking: bool,
}

/// Generates all of one file, whose imports are found in its folder.
///
/// # Errors
/// What is wrong with the file, or that the output cannot be written.
pub fn compile_protos(proto: impl AsRef<Path>) -> io::Result<()> {
    let proto = proto.as_ref();
    configure().compile_protos(&[proto], &[proto.parent().unwrap_or(Path::new("."))])
}

/// All defaults, to be changed.
pub fn configure() -> Builder {
    Builder {
        stubs: tonic_prost_build::configure().build_transport(false),
        messages: Config::new(),
        blocking: true,
    }
}

impl Builder {
    /// How tonic generates services: whether with clients and servers, their attributes and comments. What tonic's
    /// builder says of messages has no effect here.
    pub fn stubs(
        mut self,
        change: impl FnOnce(tonic_prost_build::Builder) -> tonic_prost_build::Builder,
    ) -> Builder {
        self.stubs = change(self.stubs);
        self
    }

    /// How prost generates messages, and into which folder everything goes: `OUT_DIR` by default.
    pub fn messages(mut self, change: impl FnOnce(&mut Config)) -> Builder {
        change(&mut self.messages);
        self
    }

    /// Whether there are clients for threads; there are by default, beside tonic's.
    pub fn build_blocking(mut self, enable: bool) -> Builder {
        self.blocking = enable;
        self
    }

    /// Generates all of these files, which are named as they are imported; imports are looked for in the folders.
    ///
    /// # Errors
    /// What is wrong with a file, or that the output cannot be written.
    pub fn compile_protos(
        self,
        protos: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> io::Result<()> {
        if env::var_os("CARGO").is_some() {
            // Cargo looks at all files of a folder.
            for include in includes {
                writeln!(stdout(), "cargo::rerun-if-changed={}", include.as_ref().display())?;
            }
        }
        self.compile_fds(protox::compile(protos, includes).map_err(Error::other)?)
    }

    /// Generates all of these files, which were compiled elsewhere.
    ///
    /// # Errors
    /// That the output cannot be written.
    pub fn compile_fds(self, files: FileDescriptorSet) -> io::Result<()> {
        let Builder { stubs, mut messages, blocking } = self;
        messages.service_generator(Box::new(Generator { stock: stubs.service_generator(), blocking }));
        messages.compile_fds(files)
    }
}
