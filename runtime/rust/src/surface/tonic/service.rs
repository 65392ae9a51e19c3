//! The services of a server, by name.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

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
        let failed = |error: S::Error| tonic::Status::from_error(error.into());
        let mapped = move |answer: Result<S::Response, S::Error>| {
            answer.map(|response| response.map(tonic::body::Body::new)).map_err(failed)
        };
        if let Poll::Ready(Ok(())) = service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            // Most often it is, and the request need not be kept for later.
            let answering = service.call(request);
            return Box::pin(async move { mapped(answering.await) });
        }
        Box::pin(async move {
            std::future::poll_fn(|cx| service.poll_ready(cx).map_err(failed)).await?;
            mapped(service.call(request).await)
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
    recent: Mutex<Option<Recent>>,
}

/// The path that was called last.
struct Recent {
    path: Arc<str>,
    /// What it is for HTTP.
    uri: Uri,
    /// An answer did not go the short way: further ones need not be asked to.
    declines: bool,
}

impl Entry {
    fn of(service: Box<dyn AnyService>, direct: Option<Box<dyn Direct>>) -> Entry {
        Entry { service, direct, short: AtomicBool::new(false), recent: Mutex::default() }
    }

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

    /// An answer has not gone the short way.
    pub(super) fn declined(&self, path: &Arc<str>) {
        match &mut *self.recent.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(recent) if Arc::ptr_eq(&recent.path, path) => recent.declines = true,
            _ => {}
        }
    }

    /// What a path is for HTTP, and whether its answers are known not to go the short way; `None` where it is nothing.
    pub(super) fn known(&self, path: &Arc<str>) -> Option<(Uri, bool)> {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        match &*recent {
            Some(recent) if Arc::ptr_eq(&recent.path, path) => Some((recent.uri.clone(), recent.declines)),
            _ => {
                let uri: Uri = path.parse().ok()?;
                *recent = Some(Recent { path: path.clone(), uri: uri.clone(), declines: false });
                Some((uri, false))
            }
        }
    }
}

/// The services of a server, or of a channel, by the name that a path begins with.
#[derive(Default)]
pub(crate) struct Services {
    by_name: HashMap<&'static str, usize>,
    /// Whose all paths are, if there is one.
    all: Option<usize>,
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
        self.by_name.insert(S::NAME, self.entries.len());
        self.entries.push(Entry::of(Box::new(Cloned(service)), direct));
    }

    /// One service for all paths.
    #[cfg(feature = "http2")]
    pub(crate) fn all<S, B>(service: S) -> Services
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
        let entries = vec![Entry::of(Box::new(Cloned(service)), None)];
        Services { all: Some(0), entries, ..Services::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The service of a path; `None` where there is none.
    pub(super) fn find(&self, path: &Arc<str>) -> Option<&Entry> {
        let recent = self.recent.try_lock();
        match recent.as_deref() {
            Ok(Some((known, number))) if Arc::ptr_eq(known, path) => return self.entries.get(*number),
            _ => {}
        }
        let number = match self.all {
            Some(number) => number,
            None => *self.by_name.get(path.strip_prefix('/')?.rsplit_once('/')?.0)?,
        };
        if let Ok(mut recent) = recent {
            *recent = Some((path.clone(), number));
        }
        self.entries.get(number)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    #[derive(Clone)]
    struct Silent;

    impl NamedService for Silent {
        const NAME: &'static str = "test.Silent";
    }

    impl Service<http::Request<tonic::body::Body>> for Silent {
        type Response = HttpResponse;
        type Error = Infallible;
        type Future = std::future::Pending<Result<HttpResponse, Infallible>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: http::Request<tonic::body::Body>) -> Self::Future {
            std::future::pending()
        }
    }

    #[test]
    fn a_path_whose_answer_has_not_gone_the_short_way_is_asked_to_no_more_until_another_is_called() {
        let mut services = Services::default();
        services.add(Silent);
        let paths = ["/test.Silent/One", "/test.Silent/Two"].map(Arc::<str>::from);
        let entry = services.find(&paths[0]).unwrap();
        let declines = |path| entry.known(path).unwrap().1;
        assert!(!declines(&paths[0]));
        entry.declined(&paths[1]);
        assert!(!declines(&paths[0]), "it was another one");
        entry.declined(&paths[0]);
        assert!(declines(&paths[0]));
        assert!(!declines(&paths[1]) && !declines(&paths[0]));
    }
}
