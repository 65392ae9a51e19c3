//! A channel before and after its first use.

use std::sync::{Mutex, OnceLock, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use samehost::Status;
use samehost::raw::{Channel, ChannelBuilder};

use crate::status;

/// A channel that is made when it is first used: until then services can be offered on it.
pub(crate) struct Way {
    address: String,
    made: OnceLock<Channel>,
    /// What it is made by; `None` once it is.
    builder: Mutex<Option<ChannelBuilder>>,
}

impl Way {
    /// The way to an address; an error where no channel would come of it.
    pub(crate) fn to(address: &str, builder: ChannelBuilder) -> Result<Way, Status> {
        drop(builder.clone().build()?);
        Ok(Way { address: address.to_owned(), made: OnceLock::new(), builder: Mutex::new(Some(builder)) })
    }

    /// The way back to a caller: there is nothing to make.
    pub(crate) fn back(channel: Channel) -> Way {
        Way {
            address: channel.address().to_owned(),
            made: OnceLock::from(channel),
            builder: Mutex::new(None),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The channel, to be used.
    pub(crate) fn channel(&self, py: Python<'_>) -> PyResult<&Channel> {
        match self.made.get() {
            Some(channel) => Ok(channel),
            None => self.make().map_err(|error| status::raised(py, &error)),
        }
    }

    #[cold]
    fn make(&self) -> Result<&Channel, Status> {
        let mut unused = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(builder) = &*unused {
            // Nobody else sets it: that is done under the lock.
            let _ = self.made.set(builder.clone().build()?);
            *unused = None;
        }
        Ok(self.made.get().unwrap_or_else(|| unreachable!("without a builder there is a channel")))
    }

    /// Has the channel offer services, as this says; an error once it is in use.
    pub(crate) fn offer(&self, offer: impl FnOnce(ChannelBuilder) -> ChannelBuilder) -> PyResult<()> {
        let mut builder = self.builder.lock().unwrap_or_else(PoisonError::into_inner);
        let unused = builder.take().ok_or_else(|| {
            PyRuntimeError::new_err("services are offered before the channel is first used, and it is in use")
        })?;
        *builder = Some(offer(unused));
        Ok(())
    }
}
