//! The span of a call, for those who listen to `tracing`.

use std::cell::Cell;

use samehost_transport_api::{Code, Peer};
use tracing::field::Empty;
use tracing::{Level, Span};

use crate::connection::Status;

/// The span of one call on one of its sides, from its beginning to its outcome. Its fields are those
/// of OpenTelemetry's conventions for RPC, and those by which `tracing-opentelemetry` knows a span's
/// name, kind and status. Where nobody listens it costs a look at a flag.
pub(crate) struct CallSpan {
    /// None of all once the call is over.
    span: Span,
    is_error: fn(Code) -> bool,
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Calls of this thread have no spans from now on: those that it makes and serves are others' calls, on their way.
#[cfg(feature = "http2")]
pub(crate) fn be_quiet() {
    QUIET.set(true);
}

/// Whether somebody may listen. Where nobody does, a look at a flag is all.
fn may_be_heard() -> bool {
    tracing::level_enabled!(Level::INFO) && !QUIET.get()
}

impl CallSpan {
    /// A call to this address: a child of the span that the caller is in.
    pub(crate) fn of_client(path: &str, address: &str) -> CallSpan {
        let is_error = |code| code != Code::Ok;
        if !may_be_heard() {
            return CallSpan { span: Span::none(), is_error };
        }
        let span = tracing::info_span!(
            target: "samehost",
            "rpc.client",
            otel.kind = "client",
            otel.name = method(path),
            otel.status_code = Empty,
            otel.status_description = Empty,
            rpc.system.name = "grpc",
            rpc.method = method(path),
            rpc.response.status_code = Empty,
            error.type = Empty,
            server.address = address,
        );
        CallSpan { span, is_error }
    }

    /// A call that this peer made: a root, as what the thread that reads is in has nothing to do with it.
    pub(crate) fn of_server(path: &str, peer: &Peer) -> CallSpan {
        let is_error = is_error_of_a_server;
        if !may_be_heard() {
            return CallSpan { span: Span::none(), is_error };
        }
        let span = tracing::info_span!(
            target: "samehost",
            parent: None,
            "rpc.server",
            otel.kind = "server",
            otel.name = method(path),
            otel.status_code = Empty,
            otel.status_description = Empty,
            rpc.system.name = "grpc",
            rpc.method = method(path),
            rpc.response.status_code = Empty,
            error.type = Empty,
            server.address = &*peer.address,
            samehost.peer.pid = peer.process_id,
            samehost.peer.uid = peer.user_id,
        );
        CallSpan { span, is_error }
    }

    /// What runs for the call runs in this.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The call has ended so; what comes later does not count.
    #[inline]
    pub(crate) fn end(&mut self, outcome: &Status) {
        let span = std::mem::replace(&mut self.span, Span::none());
        if span.is_disabled() {
            return;
        }
        span.record("rpc.response.status_code", outcome.code.name());
        if (self.is_error)(outcome.code) {
            span.record("error.type", outcome.code.name());
            span.record("otel.status_code", "ERROR");
            span.record("otel.status_description", outcome.text());
        }
    }
}

/// The method as the conventions name it.
fn method(path: &str) -> &str {
    path.trim_start_matches('/')
}

/// The conventions' rule: a server has no part in the others.
fn is_error_of_a_server(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}
