//! The data of the interop tests, as the folder `interop-tests` holds them.

mod case;
mod catalogue;
mod expectation;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use case::{Case, EchoedStatus, Entry, Limits, Step};
pub use catalogue::Catalogue;
pub use expectation::{Expectation, Mismatch, code_name, shown, unless};

/// How a transport is used. `{folder}`, `{name}`, `{port}` and `{command}` are to be filled in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransportUse {
    /// The scheme of its addresses, or what is made of that.
    pub name: String,
    /// What a server is given.
    pub server: String,
    /// What a client is given.
    pub client: String,
    /// Whether both sides have credentials.
    #[serde(default)]
    pub secure: bool,
}

impl TransportUse {
    /// Whether the client starts the server.
    pub fn spawns(&self) -> bool {
        self.client.contains("{command}")
    }
}

/// A case that is known not to work; what is absent holds for any.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The case's name.
    pub case: String,
    client: Option<String>,
    server: Option<String>,
    transport: Option<String>,
    /// Why it does not work.
    pub why: String,
}

impl Gap {
    /// Whether it is about this run of this case.
    pub fn covers(&self, case: &str, client: &str, server: &str, transport: &str) -> bool {
        let any = |known: &Option<String>, is: &str| known.as_ref().is_none_or(|known| known == is);
        self.case == case
            && any(&self.client, client)
            && any(&self.server, server)
            && any(&self.transport, transport)
    }
}

/// The data of the interop tests.
#[derive(Clone, Debug)]
pub struct Suite {
    home: PathBuf,
}

type Loaded<T> = Result<T, String>;

impl Suite {
    /// The suites of a folder `interop-tests`.
    pub fn new(home: impl Into<PathBuf>) -> Suite {
        Suite { home: home.into() }
    }

    /// The cases with these names, separated by commas; those of a whole file for `all` and `faults`.
    ///
    /// # Errors
    /// Where a file cannot be read, or there is no such case.
    pub fn cases(&self, wanted: &str) -> Loaded<Vec<Case>> {
        let mut cases: Vec<Case> = self.read("suites/cases.json")?;
        let faults: Vec<Case> = self.read("suites/faults.json")?;
        match wanted {
            "all" => return Ok(cases),
            "faults" => return Ok(faults),
            _ => cases.extend(faults),
        }
        let find = |name: &str| cases.iter().find(|case| case.name == name).cloned();
        wanted.split(',').map(|name| find(name).ok_or_else(|| format!("no such case: {name}"))).collect()
    }

    /// What is known not to work.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn gaps(&self) -> Loaded<Vec<Gap>> {
        self.read("suites/gaps.json")
    }

    /// How a transport is used.
    ///
    /// # Errors
    /// Where the file cannot be read, or there is no such transport.
    pub fn transport(&self, name: &str) -> Loaded<TransportUse> {
        let all: Vec<TransportUse> = self.read("suites/transports.json")?;
        all.into_iter()
            .find(|known| known.name == name)
            .ok_or_else(|| format!("no transport {name} in transports.json"))
    }

    /// The catalogue of faults.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn catalogue(&self) -> Loaded<Catalogue> {
        Ok(Catalogue::new(self.read("../proto/vectors/faults.json")?))
    }

    /// A file of the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Loaded<T> {
        let path: &Path = &self.home.join(name);
        let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// A template with its placeholders filled in.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}
