//! The services of a server, by name.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Uri;
use http_body::Body;
use tonic::server::NamedService;
use tower_service::Service;

use super::codegen::{Answering, Direct, DirectCall, direct};
use crate::call::server_call::ServerCall;

pub(super) type HttpResponse = http::Response<tonic::body::Body>;
pub(super) type Responding = Pin<Box<dyn Future<Output = Result<HttpResponse, tonic::Status>> + Send>>;

/// A service of any type.
trait AnyService: Send + Sync {
    fn call(&self, request: http::Request<tonic::body::Body>) -> Responding;
}

struct Cloned<S>(S);

impl<S, B> AnyService for Cloned<S>
where
    S: Service<http::Request<tonic::body::Body>, Response = http::Response<B>>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
    S::Error: Into<tonic::codegen::StdError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tonic::codegen::StdError>,
{
    fn call(&self, request: http::Request<tonic::body::Body>) -> Responding {
        let mut service = self.0.clone();
        Box::pin(async move {
            let failed = |error: S::Error| tonic::Status::from_error(error.into());
            std::future::poll_fn(|cx| service.poll_ready(cx).map_err(failed)).await?;
            let answering = service.call(request);
            answering.await.map(|response| response.map(tonic::body::Body::new)).map_err(failed)
        })
    }
}

/// A service, and what is known of its calls.
pub(super) struct Entry {
    service: Box<dyn AnyService>,
    /// Its unary calls may go this way, past HTTP's requests.
    direct: Option<Box<dyn Direct>>,
    /// Answers of its unary calls go the short way: it is code that reads none of HTTP's own headers.
    short: AtomicBool,
    /// The path that was called last, and what it is for HTTP.
    recent: Mutex<Option<(Arc<str>, Uri)>>,
}

impl Entry {
    /// Begins a call directly; `None`, and nothing is done, where it has to go tonic's way.
    pub(super) fn begin(&self, call: &mut ServerCall) -> Option<Answering> {
        self.direct.as_ref()?.begin(DirectCall::of(call)?)
    }

    pub(super) fn call(&self, request: http::Request<tonic::body::Body>) -> Responding {
        self.service.call(request)
    }

    pub(super) fn is_short(&self) -> bool {
        self.short.load(Ordering::Relaxed)
    }

    /// An answer went the short way.
    pub(super) fn went_short(&self) {
        if !self.is_short() {
            self.short.store(true, Ordering::Relaxed);
        }
    }

    /// What a path is for HTTP; `None` where it is nothing.
    pub(super) fn uri(&self, path: &Arc<str>) -> Option<Uri> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        match &*recent {
            Some((known, uri)) if Arc::ptr_eq(known, path) => Some(uri.clone()),
            _ => {
                let uri: Uri = path.parse().ok()?;
                *recent = Some((path.clone(), uri.clone()));
                Some(uri)
            }
        }
    }
}

/// The services of a server, by the name that a path begins with.
#[derive(Default)]
pub(super) struct Services {
    by_name: HashMap<&'static str, usize>,
    entries: Vec<Entry>,
    /// The path that was called last, and its service: calls repeat, and a path is the same memory then.
    recent: Mutex<Option<(Arc<str>, usize)>>,
}

impl Services {
    pub(super) fn add<S, B>(&mut self, service: S)
    where
        S: Service<http::Request<tonic::body::Body>, Response = http::Response<B>>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send,
        S::Error: Into<tonic::codegen::StdError>,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<tonic::codegen::StdError>,
    {
        let direct = direct(&service);
        let service = Box::new(Cloned(service));
        let entry = Entry { service, direct, short: AtomicBool::new(false), recent: Mutex::default() };
        self.by_name.insert(S::NAME, self.entries.len());
        self.entries.push(entry);
    }

    /// The service of a path; `None` where there is none.
    pub(super) fn find(&self, path: &Arc<str>) -> Option<&Entry> {
        let recent = self.recent.try_lock();
        match recent.as_deref() {
            Ok(Some((known, number))) if Arc::ptr_eq(known, path) => return self.entries.get(*number),
            _ => {}
        }
        let number = *self.by_name.get(path.strip_prefix('/')?.rsplit_once('/')?.0)?;
        if let Ok(mut recent) = recent {
            *recent = Some((path.clone(), number));
        }
        self.entries.get(number)
    }
}
