//! How services are served on a connection: by threads of its own, or by tasks of the runtime that moves it.

use std::sync::Arc;

use tracing::Dispatch;
use tracing::subscriber::NoSubscriber;

use super::handler;
use super::service::Services;
use crate::call::roster::Service;
use crate::call::server::Serve;

/// By threads, within the runtime of whoever calls this: they poll each handler for a first time.
pub(super) fn by_threads(services: Arc<Services>) -> Service {
    let runtime = tokio::runtime::Handle::current();
    // Spans go where those of whoever calls this go, if that is somewhere by now.
    let subscriber = Some(tracing::dispatcher::get_default(Dispatch::clone));
    let subscriber = subscriber.filter(|subscriber| !subscriber.is::<NoSubscriber>());
    Service {
        serve: Arc::new(move |call| handler::begin(&services, call)),
        inline: true,
        around: Arc::new(move |run| {
            let _inside = runtime.enter();
            match &subscriber {
                Some(subscriber) => tracing::dispatcher::with_default(subscriber, run),
                None => run(),
            }
        }),
    }
}

/// By a task each, from within a runtime: a handler that is at work for long does not keep the task that reads.
pub(super) fn by_tasks(services: Arc<Services>) -> Serve {
    Arc::new(move |calls| {
        for call in calls {
            let services = services.clone();
            tokio::spawn(async move { handler::begin(&services, call) });
        }
    })
}
