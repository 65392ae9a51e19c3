//! What the interop tests need of a server beyond the standard service.

use std::sync::Arc;
use std::time::Duration;

use samehost::Peer;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use super::calling_back::CallingBack;
use super::known_calls::KnownCalls;
use crate::TEST_KEY;
use crate::blocks::{block, is_intact};
use crate::proto::control::control_service_server;
use crate::proto::control::{
    Block, CallBackRequest, CallBackResponse, DescribeRequest, Description, FloodRequest, FloodResponse,
    HoldRequest, HoldResponse, HowEndedRequest, HowEndedResponse, ReleaseRequest, ReleaseResponse,
    UnreadResponse,
};

/// Who calls, as an interceptor has seen it.
#[derive(Clone)]
struct Caller(Peer);

/// An interceptor that hands the handler what it sees of who calls.
pub(super) fn note_caller(mut request: Request<()>) -> Result<Request<()>, Status> {
    if let Some(peer) = request.extensions().get::<Peer>().cloned() {
        request.extensions_mut().insert(Caller(peer));
    }
    Ok(request)
}

/// What the interop tests need of a server beyond the standard service.
pub(super) struct ControlService {
    calls: Arc<KnownCalls>,
}

impl ControlService {
    pub(super) fn new(calls: Arc<KnownCalls>) -> ControlService {
        ControlService { calls }
    }

    /// Waits until a call may go on, which without a key is never.
    async fn released(&self, metadata: &MetadataMap) {
        match key(metadata) {
            Some(key) => self.calls.released(&key).await,
            None => std::future::pending().await,
        }
    }
}

#[tonic::async_trait]
impl control_service_server::ControlService for ControlService {
    type FloodStream = ReceiverStream<Result<FloodResponse, Status>>;

    async fn describe(&self, request: Request<DescribeRequest>) -> Result<Response<Description>, Status> {
        let caller = request.extensions().get::<Caller>().map(|caller| &caller.0);
        Ok(Response::new(Description {
            language: "rust".to_owned(),
            pid: std::process::id(),
            deadline_nanos: deadline(request.metadata())
                .map(|left| left.as_nanos().try_into().unwrap_or(u64::MAX)),
            peer_address: caller.map(|peer| peer.address.to_string()).unwrap_or_default(),
            peer_pid: caller.and_then(|peer| peer.process_id),
            peer_uid: caller.and_then(|peer| peer.user_id),
            peer_gid: caller.and_then(|peer| peer.group_id),
        }))
    }

    async fn echo(&self, request: Request<Block>) -> Result<Response<Block>, Status> {
        Ok(Response::new(request.into_inner()))
    }

    async fn hold(&self, request: Request<HoldRequest>) -> Result<Response<HoldResponse>, Status> {
        self.released(request.metadata()).await;
        Ok(Response::new(HoldResponse {}))
    }

    async fn unread(&self, request: Request<Streaming<Block>>) -> Result<Response<UnreadResponse>, Status> {
        self.released(request.metadata()).await;
        let mut blocks = request.into_inner();
        let mut answer = UnreadResponse::default();
        while let Some(block) = blocks.message().await? {
            if !is_intact(&block) {
                return Err(Status::data_loss("a block has wrong bytes"));
            }
            answer.messages += 1;
            answer.bytes += block.body.len() as u64;
        }
        Ok(Response::new(answer))
    }

    async fn flood(
        &self,
        request: Request<Streaming<FloodRequest>>,
    ) -> Result<Response<Self::FloodStream>, Status> {
        let (sender, answers) = mpsc::channel(1);
        tokio::spawn(flood(request.into_inner(), sender));
        Ok(Response::new(ReceiverStream::new(answers)))
    }

    async fn call_back(
        &self,
        request: Request<CallBackRequest>,
    ) -> Result<Response<CallBackResponse>, Status> {
        let caller = samehost::caller(&request).ok_or_else(|| Status::internal("there is no caller"))?;
        Ok(Response::new(CallingBack::new(caller, request.into_inner()).answer().await))
    }

    async fn release(&self, request: Request<ReleaseRequest>) -> Result<Response<ReleaseResponse>, Status> {
        self.calls.release(&request.into_inner().key);
        Ok(Response::new(ReleaseResponse {}))
    }

    async fn how_ended(
        &self,
        request: Request<HowEndedRequest>,
    ) -> Result<Response<HowEndedResponse>, Status> {
        let request = request.into_inner();
        let wait = Duration::from_millis(request.wait_millis.into());
        Ok(Response::new(self.calls.how_ended(&request.key, request.over, wait).await))
    }
}

/// Writes and reads at once; tells at last what it has read. A call that fails is over for both.
async fn flood(mut requests: Streaming<FloodRequest>, sender: mpsc::Sender<Result<FloodResponse, Status>>) {
    let Ok(Some(first)) = requests.message().await else {
        return;
    };
    let mut last = FloodResponse { intact: true, ..FloodResponse::default() };
    count(&first, &mut last);
    let write = async {
        let mut left = first.response_bytes;
        let mut seed = 0;
        while left > 0 {
            let size = left.min(first.message_bytes.into());
            let answer = FloodResponse {
                block: Some(block(seed, usize::try_from(size).expect("a message fits into memory"))),
                ..FloodResponse::default()
            };
            sender.send(Ok(answer)).await.map_err(|_| Status::cancelled("nobody reads"))?;
            left -= size;
            seed += 1;
        }
        Ok::<(), Status>(())
    };
    let read = async {
        while let Some(request) = requests.message().await? {
            count(&request, &mut last);
        }
        Ok::<(), Status>(())
    };
    let answer = tokio::try_join!(write, read).map(|_| last);
    // Whether it is taken or not, there is nothing more to do.
    let _ = sender.send(answer).await;
}

fn count(request: &FloodRequest, told: &mut FloodResponse) {
    if let Some(block) = &request.block {
        told.read_bytes += block.body.len() as u64;
        told.intact &= is_intact(block);
    }
}

fn key(metadata: &MetadataMap) -> Option<String> {
    Some(metadata.get(TEST_KEY)?.to_str().ok()?.to_owned())
}

/// The time that was left when the call came: gRPC's `grpc-timeout`, digits and a unit.
fn deadline(metadata: &MetadataMap) -> Option<Duration> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}
