//! The service, by the trait that tonic generates.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use crate::proto::cache_server::Cache;
use crate::proto::{Entry, GetRequest, PutReply, PutRequest, WatchRequest};
use crate::store::{Conflict, Store};

const LARGEST_VALUE: usize = 64 << 10;

/// How many changes a watcher may be behind.
const CHANGES_KEPT: usize = 1024;

/// How many changes of a watcher's are on their way beside those.
const CHANGES_SENT: usize = 16;

/// Serves one store to all. Clones are handles of the same.
#[derive(Clone)]
pub struct CacheService {
    store: Arc<Mutex<Store>>,
    changes: broadcast::Sender<Entry>,
    ending: watch::Sender<bool>,
}

impl CacheService {
    pub fn new(store: Store) -> CacheService {
        CacheService {
            store: Arc::new(Mutex::new(store)),
            changes: broadcast::Sender::new(CHANGES_KEPT),
            ending: watch::Sender::new(false),
        }
    }

    /// Ends all watches, those to come as well.
    pub fn end_watches(&self) {
        self.ending.send_replace(true);
    }

    pub fn entries(&self) -> Vec<Entry> {
        self.store().after(0, "")
    }

    /// It is never held across an await.
    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tonic::async_trait]
impl Cache for CacheService {
    type WatchStream = ReceiverStream<Result<Entry, Status>>;

    async fn get(&self, request: Request<GetRequest>) -> Result<Response<Entry>, Status> {
        let key = request.into_inner().key;
        let entry = self.store().get(&key).cloned();
        entry.map(Response::new).ok_or_else(|| Status::not_found(format!("no entry {key}")))
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutReply>, Status> {
        let PutRequest { key, value, if_version } = request.into_inner();
        if value.len() > LARGEST_VALUE {
            let text = format!("{} bytes are more than the {LARGEST_VALUE} of an entry", value.len());
            return Err(Status::resource_exhausted(text));
        }
        let mut store = self.store();
        let entry = store.put(key, value, if_version).map_err(|Conflict { version }| {
            Status::aborted(format!("the entry has version {version}: read it again"))
        })?;
        let version = entry.version;
        // Under the lock, so that watchers get changes in the order of their versions. Without watchers it fails.
        let _ = self.changes.send(entry);
        Ok(Response::new(PutReply { version }))
    }

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let WatchRequest { prefix, after_version } = request.into_inner();
        let (to_caller, stream) = mpsc::channel(CHANGES_SENT);
        let (entries, changes) = {
            let store = self.store(); // nothing changes between the two
            (store.after(after_version, &prefix), self.changes.subscribe())
        };
        let mut ending = self.ending.subscribe();
        tokio::spawn(async move {
            let ended = tokio::select! {
                status = tell(&to_caller, entries, changes, &prefix) => status,
                _ = ending.wait_for(|ending| *ending) => {
                    Some(Status::unavailable("the sidecar ends: watch again when it is back"))
                }
            };
            if let Some(status) = ended {
                let _ = to_caller.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(stream)))
    }
}

/// Tells a watcher what there is and what comes, as fast as it reads. Answers why no more comes, where it still listens.
async fn tell(
    to_caller: &mpsc::Sender<Result<Entry, Status>>,
    entries: Vec<Entry>,
    mut changes: broadcast::Receiver<Entry>,
    prefix: &str,
) -> Option<Status> {
    for entry in entries {
        to_caller.send(Ok(entry)).await.ok()?;
    }
    loop {
        let change = tokio::select! {
            change = changes.recv() => change,
            () = to_caller.closed() => return None,
        };
        match change {
            Ok(entry) if entry.key.starts_with(prefix) => to_caller.send(Ok(entry)).await.ok()?,
            Ok(_) => {}
            Err(RecvError::Lagged(missed)) => {
                return Some(Status::aborted(format!("{missed} changes behind: watch again")));
            }
            Err(RecvError::Closed) => return None,
        }
    }
}
