//! Where a server is.

use std::fmt;
use std::str::FromStr;

use crate::{Fault, LinkError};

/// Where a server is: a scheme, which names the transport, and what that transport makes of the
/// rest. The text form is `scheme:rest`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    scheme: String,
    rest: String,
}

impl Address {
    /// The scheme, in lower case: `unix` for `unix:/run/app.sock`.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Everything after the first colon, as it was written; may be empty.
    pub fn rest(&self) -> &str {
        &self.rest
    }
}

impl FromStr for Address {
    type Err = LinkError;

    fn from_str(text: &str) -> Result<Address, LinkError> {
        match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => {
                Ok(Address { scheme: scheme.to_ascii_lowercase(), rest: rest.to_owned() })
            }
            _ => Err(Fault::AddressMalformed.with(&[&text, &"it has no scheme"])),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.scheme, self.rest)
    }
}
