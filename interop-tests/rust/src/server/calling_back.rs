//! What a handler calls of its caller, as it was asked to, and what comes of that.

use std::time::Duration;

use samehost::Channel;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Status};

use super::answers::payload;
use crate::proto::control::call_back_request::Method;
use crate::proto::control::control_service_client::ControlServiceClient;
use crate::proto::control::{CallBackRequest, CallBackResponse, HoldRequest};
use crate::proto::testing::test_service_client::TestServiceClient;
use crate::proto::testing::{Payload, ResponseParameters, SimpleRequest, StreamingOutputCallRequest};

/// What a handler calls of its caller, as it was asked to, and what comes of that.
pub(super) struct CallingBack {
    test: TestServiceClient<Channel>,
    control: ControlServiceClient<Channel>,
    asked: CallBackRequest,
    told: CallBackResponse,
}

impl CallingBack {
    pub(super) fn new(caller: Channel, asked: CallBackRequest) -> CallingBack {
        let test = TestServiceClient::new(caller.clone())
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        let control = ControlServiceClient::new(caller);
        CallingBack { test, control, asked, told: CallBackResponse::default() }
    }

    /// Calls, and waits for all answers.
    pub(super) async fn answer(mut self) -> CallBackResponse {
        match self.call().await {
            Ok(()) => self.told,
            Err(status) => {
                let (code, text) = (status.code() as u32, status.message().to_owned());
                CallBackResponse { code, text, ..self.told }
            }
        }
    }

    async fn call(&mut self) -> Result<(), Status> {
        if self.asked.depth > 0 {
            let less = CallBackRequest { depth: self.asked.depth - 1, ..self.asked };
            self.told = self.control.call_back(self.request(less)).await?.into_inner();
            return Ok(());
        }
        match self.asked.method() {
            Method::UnaryCall => self.unary().await,
            Method::FullDuplexCall => self.duplex().await,
            Method::Hold => self.control.hold(self.request(HoldRequest {})).await.map(drop),
        }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if self.asked.deadline_millis > 0 {
            request.set_timeout(Duration::from_millis(self.asked.deadline_millis.into()));
        }
        request
    }

    fn payload(&self) -> Option<Payload> {
        Some(payload(size(self.asked.request_bytes)))
    }

    async fn unary(&mut self) -> Result<(), Status> {
        let mut left = self.asked.count;
        while left > 0 {
            let together = left.min(self.asked.at_once.max(1));
            left -= together;
            let mut all = JoinSet::new();
            for _ in 0..together {
                let (response_size, payload) = (size(self.asked.response_bytes), self.payload());
                let request =
                    self.request(SimpleRequest { response_size, payload, ..SimpleRequest::default() });
                let mut test = self.test.clone();
                all.spawn(async move { test.unary_call(request).await });
            }
            for answered in all.join_all().await {
                self.take(answered?.into_inner().payload);
            }
        }
        Ok(())
    }

    async fn duplex(&mut self) -> Result<(), Status> {
        let (sender, requests) = mpsc::channel(1);
        let size = size(self.asked.response_bytes);
        let message = StreamingOutputCallRequest {
            response_parameters: vec![ResponseParameters { size, ..ResponseParameters::default() }],
            payload: self.payload(),
            ..StreamingOutputCallRequest::default()
        };
        let request = self.request(ReceiverStream::new(requests));
        // tonic waits for the headers, which come with the first answer: so something must be asked before.
        let mut left = self.asked.count;
        let ask = || async { sender.send(message.clone()).await.map_err(|_| ended_too_soon()) };
        if left > 0 {
            ask().await?;
        }
        let mut answers = self.test.full_duplex_call(request).await?.into_inner();
        while left > 0 {
            let answer = answers.message().await?.ok_or_else(ended_too_soon)?;
            self.take(answer.payload);
            left -= 1;
            if left > 0 {
                ask().await?;
            }
        }
        drop(sender);
        match answers.message().await? {
            None => Ok(()),
            Some(_) => Err(Status::data_loss("a message that nobody asked for")),
        }
    }

    fn take(&mut self, payload: Option<Payload>) {
        self.told.responses += 1;
        self.told.response_bytes += payload.map_or(0, |payload| payload.body.len() as u64);
    }
}

fn size(bytes: u32) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

fn ended_too_soon() -> Status {
    Status::data_loss("the stream ended too soon")
}
