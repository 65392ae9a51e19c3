//! Where descriptors of services come from, and finding one by the name that a person gives.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use prost_reflect::{DescriptorPool, MethodDescriptor, ServiceDescriptor};
use protox::Compiler;
use samehost::raw::Channel;

use crate::failure::Failure;
use crate::reflection::Reflection;
use crate::words::Contract;

/// Where descriptors come from.
pub enum Descriptors {
    /// Files that were named.
    Given(DescriptorPool),
    /// The server.
    Asked(Reflection),
}

impl Descriptors {
    /// Those of the files that were named; where none was, the server is asked, when it is needed.
    pub fn of(
        contract: &Contract,
        channel: impl FnOnce() -> Result<Channel, Failure>,
        timeout: Option<Duration>,
    ) -> Result<Descriptors, Failure> {
        match contract {
            Contract { descriptor_set: Some(file), .. } => Ok(Descriptors::Given(decoded(file)?)),
            Contract { proto, include, .. } if !proto.is_empty() => {
                Ok(Descriptors::Given(compiled(proto, include)?))
            }
            _ => Ok(Descriptors::Asked(Reflection::of(channel()?, timeout))),
        }
    }

    /// The full names of the services, in their order.
    pub fn services(&self) -> Result<Vec<String>, Failure> {
        let mut names = match self {
            Descriptors::Given(pool) => {
                pool.services().map(|service| service.full_name().to_owned()).collect()
            }
            Descriptors::Asked(reflection) => reflection.services()?,
        };
        names.sort();
        Ok(names)
    }

    /// Descriptors among which a symbol is, if there is such a symbol.
    pub fn having(&self, symbol: &str) -> Result<Option<DescriptorPool>, Failure> {
        match self {
            Descriptors::Given(pool) => Ok(Some(pool.clone())),
            Descriptors::Asked(reflection) => reflection.files_of(symbol),
        }
    }

    /// The service with this name: its full one, or the end of it where only one service ends so.
    pub fn service(&self, name: &str) -> Result<ServiceDescriptor, Failure> {
        match self.exact_service(name)? {
            Some(service) => Ok(service),
            None => {
                let all = self.services()?;
                let ending = format!(".{name}");
                let mut ends_so = all.iter().filter(|known| known.ends_with(&ending));
                if let (Some(known), None) = (ends_so.next(), ends_so.next())
                    && let Some(service) = self.exact_service(known)?
                {
                    return Ok(service);
                }
                Err(unknown("service", name, all.iter().map(String::as_str)))
            }
        }
    }

    fn exact_service(&self, name: &str) -> Result<Option<ServiceDescriptor>, Failure> {
        Ok(self.having(name)?.and_then(|pool| pool.get_service_by_name(name)))
    }

    /// The method with this name: `pkg.Service/Method`, or with a dot in place of the slash.
    pub fn method(&self, name: &str) -> Result<MethodDescriptor, Failure> {
        let parts = name.strip_prefix('/').unwrap_or(name);
        let parts = parts.split_once('/').or_else(|| parts.rsplit_once('.'));
        let Some((service, method)) = parts else {
            return Err(Failure::here(format!("{name} is no method: it is written pkg.Service/Method")));
        };
        let service = match self.service(service) {
            Ok(service) => service,
            // A service alone?
            Err(failure) => match self.exact_service(name)? {
                Some(service) => return Err(which(&service)),
                None => return Err(failure),
            },
        };
        let found = service.methods().find(|known| known.name() == method);
        found.ok_or_else(|| {
            let known: Vec<_> = service.methods().map(|known| path(&known)).collect();
            unknown("method", &format!("{}/{method}", service.full_name()), known.iter().map(String::as_str))
        })
    }
}

/// `pkg.Service/Method`.
pub fn path(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}

fn which(service: &ServiceDescriptor) -> Failure {
    let methods: Vec<_> = service.methods().map(|method| path(&method)).collect();
    Failure::here(format!("{} is a service; its methods are {}", service.full_name(), methods.join(", ")))
}

/// There is nothing of this name; the names that are alike are named, and all where none is and they are few.
pub fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
    let mut known: Vec<_> = known.map(|known| (distance(name, known), known)).collect();
    known.sort();
    let most = (last_part(name).len() / 3).max(1);
    let alike: Vec<_> =
        known.iter().take_while(|known| known.0 <= most).take(3).map(|known| known.1).collect();
    let hint = match (alike.is_empty(), known.len()) {
        (false, _) => format!("Did you mean {}?", alike.join(" or ")),
        (true, 0) => "There is none.".to_owned(),
        (true, 1..=8) => {
            format!("There is {}.", known.iter().map(|known| known.1).collect::<Vec<_>>().join(", "))
        }
        _ => format!("There are {} others: samehost list names them.", known.len()),
    };
    Failure::here(format!("there is no {what} {name}. {hint}"))
}

/// How many letters two names differ in, in any case of letters; one where only what is before their last parts does.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    let of = strsim::damerau_levenshtein;
    of(&one, &other).min(of(last_part(&one), last_part(&other)) + 1)
}

fn last_part(name: &str) -> &str {
    name.rsplit(['.', '/']).next().unwrap_or_default()
}

fn decoded(file: &Path) -> Result<DescriptorPool, Failure> {
    let bytes = fs::read(file).map_err(|error| Failure::here(format!("{}: {error}", file.display())))?;
    DescriptorPool::decode(&*bytes).map_err(|error| {
        Failure::here(format!(
            "{}: {error}. It is to be what protoc --include_imports --descriptor_set_out writes.",
            file.display()
        ))
    })
}

/// Of files in Protocol Buffers' language. Without folders to look in, each is looked for, and looks for others, in its
/// own.
fn compiled(files: &[PathBuf], folders: &[PathBuf]) -> Result<DescriptorPool, Failure> {
    if let Some((file, error)) = files.iter().find_map(|file| Some((file, fs::metadata(file).err()?)))
        && folders.is_empty()
    {
        return Err(Failure::here(format!("{}: {error}", file.display())));
    }
    let own = || files.iter().map(|file| file.parent().map_or(Path::new(""), |folder| folder).to_owned());
    let folders: Vec<_> = match folders.is_empty() {
        true => own().map(|folder| if folder.as_os_str().is_empty() { ".".into() } else { folder }).collect(),
        false => folders.to_vec(),
    };
    let failed = |error: protox::Error| Failure::here(format!("{error:?}").trim_end().to_owned());
    let mut compiler = Compiler::new(folders).map_err(failed)?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(files).map_err(failed)?;
    Ok(compiler.descriptor_pool())
}
