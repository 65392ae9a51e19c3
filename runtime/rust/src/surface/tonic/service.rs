//! The services of a server, by name.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use http_body::Body;
use tonic::server::NamedService;
use tower_service::Service;

pub(super) type HttpResponse = http::Response<tonic::body::Body>;
type Answering = Pin<Box<dyn Future<Output = Result<HttpResponse, tonic::Status>> + Send>>;

/// A service of any type.
trait AnyService: Send + Sync {
    fn call(&self, request: http::Request<tonic::body::Body>) -> Answering;
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
    fn call(&self, request: http::Request<tonic::body::Body>) -> Answering {
        let mut service = self.0.clone();
        Box::pin(async move {
            let failed = |error: S::Error| tonic::Status::from_error(error.into());
            std::future::poll_fn(|cx| service.poll_ready(cx).map_err(failed)).await?;
            let answering = service.call(request);
            answering.await.map(|response| response.map(tonic::body::Body::new)).map_err(failed)
        })
    }
}

/// The services of a server, by the name that a path begins with.
#[derive(Default)]
pub(super) struct Services {
    by_name: HashMap<&'static str, Box<dyn AnyService>>,
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
        self.by_name.insert(S::NAME, Box::new(Cloned(service)));
    }

    /// Calls the service of a path; `None` where there is none.
    pub(super) fn call(&self, request: http::Request<tonic::body::Body>) -> Option<Answering> {
        let name = request.uri().path().strip_prefix('/')?.rsplit_once('/')?.0;
        Some(self.by_name.get(name)?.call(request))
    }
}
