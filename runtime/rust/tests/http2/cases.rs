//! What holds for a client and a server of which one is a stock one, whichever that is.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_client::EchoClient;
use tokio_stream::StreamExt;
use tonic::client::GrpcService;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::codegen::StdError;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request};

use crate::common::{Obedient, SOON, ask, order, soon, until};

pub struct Cases<T>(pub EchoClient<T>);

impl<T> Cases<T>
where
    T: GrpcService<tonic::body::Body, Future: Send> + Clone + Send + Sync + 'static,
    T::Error: Into<StdError>,
    T::ResponseBody: Body<Data = Bytes> + Send + 'static,
    <T::ResponseBody as Body>::Error: Into<StdError> + Send,
{
    /// Each kind of call.
    pub async fn four_kinds(&self) {
        let mut client = self.0.clone();
        let answer = soon(client.say(ask("hello"))).await.unwrap().into_inner();
        assert_eq!(answer.data, b"hello");

        let asks = tokio_stream::iter((0..100).map(|size| ask(vec![1; size])));
        let answer = soon(client.collect(asks)).await.unwrap().into_inner();
        assert_eq!((answer.count, answer.data), (100, 4950u64.to_le_bytes().to_vec()));

        let request = order(Order { count: 100, bytes: 10, ..Order::default() });
        let mut answers = soon(client.repeat(request)).await.unwrap().into_inner();
        for count in 1..=100 {
            let answer = soon(answers.message()).await.unwrap().unwrap();
            assert_eq!((answer.count, answer.data.len()), (count, 10));
        }
        assert_eq!(soon(answers.message()).await.unwrap(), None);

        let (asks, requests) = tokio::sync::mpsc::channel(1);
        asks.send(ask("0")).await.unwrap();
        let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
        let mut answers = soon(client.chat(requests)).await.unwrap().into_inner();
        for number in 0..100 {
            let answer = soon(answers.next()).await.unwrap().unwrap();
            assert_eq!(answer.data, number.to_string().into_bytes());
            asks.send(ask((number + 1).to_string())).await.unwrap();
        }
        drop(asks);
        assert_eq!(soon(answers.next()).await.unwrap().unwrap().data, b"100");
        assert!(soon(answers.next()).await.is_none());
    }
    /// Metadata both ways: duplicates in their order, binary values.
    pub async fn metadata(&self) {
        let mut request = Request::new(ask("hi"));
        for value in ["first", "second"] {
            request.metadata_mut().append("x-twice", value.parse().unwrap());
        }
        let bytes = MetadataValue::from_bytes(&[0, 1, 255]);
        request.metadata_mut().append_bin("x-raw-bin", bytes.clone());
        let response = soon(self.0.clone().say(request)).await.unwrap();
        let twice: Vec<_> = response.metadata().get_all("x-twice").iter().collect();
        assert_eq!(twice, ["first", "second"]);
        assert_eq!(response.metadata().get_bin("x-raw-bin"), Some(&bytes));
    }

    /// A status with a text in any script, before and after messages.
    pub async fn statuses(&self) {
        let text = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
        let request = order(Order { code: 10, text: text.into(), ..Order::default() });
        let status = soon(self.0.clone().say(request.clone())).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Aborted, text));
        let requests = tokio_stream::iter([ask("first"), request]);
        let mut answers = soon(self.0.clone().chat(requests)).await.unwrap().into_inner();
        assert_eq!(soon(answers.message()).await.unwrap().unwrap().data, b"first");
        let status = soon(answers.message()).await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Aborted, text));
    }

    /// Large messages both ways at once, plain and compressed.
    pub async fn large(&self) {
        let data = vec![5; 1 << 20];
        let compressed = self.0.clone().send_compressed(Gzip).accept_compressed(Gzip);
        for mut client in [self.0.clone(), compressed] {
            let answer = soon(client.say(ask(data.clone()))).await.unwrap().into_inner();
            assert!(answer.data == data);
            let asks = tokio_stream::iter(vec![ask(data.clone()); 8]);
            let mut answers = soon(client.chat(asks)).await.unwrap().into_inner();
            for _ in 0..8 {
                assert!(soon(answers.message()).await.unwrap().unwrap().data == data);
            }
            assert_eq!(soon(answers.message()).await.unwrap(), None);
        }
    }

    /// A deadline reaches the handler, which is dropped when it passes.
    pub async fn deadline(&self, service: &Obedient) {
        let mut request = Request::new(ask("hi"));
        request.set_timeout(SOON);
        let response = soon(self.0.clone().say(request)).await.unwrap();
        let seen = response.metadata().get("seen-timeout").expect("the handler has seen it");
        assert!(seen.to_str().unwrap().len() > 1);
        let mut request = Request::new(order(Order { wait_millis: u32::MAX, ..Order::default() }));
        request.set_timeout(Duration::from_millis(50));
        soon(self.0.clone().say(request)).await.unwrap_err();
        until("the handler is dropped", || running(service) == 0).await;
    }

    /// A caller that goes takes its handler with it: before the answer, and in the answers.
    pub async fn cancel(&self, service: &Obedient) {
        let mut client = self.0.clone();
        let seen = service.seen.load(SeqCst);
        {
            let mut call = Box::pin(client.say(order(Order { wait_millis: u32::MAX, ..Order::default() })));
            while service.seen.load(SeqCst) == seen {
                let step = tokio::time::timeout(Duration::from_millis(2), call.as_mut()).await;
                assert!(step.is_err(), "it does not end");
            }
        }
        until("the handler is dropped", || running(service) == 0).await;

        let request = order(Order { count: 100_000, bytes: 1000, ..Order::default() });
        let mut answers = soon(client.repeat(request)).await.unwrap().into_inner();
        assert!(soon(answers.message()).await.unwrap().is_some());
        drop(answers);
        until("the handler is dropped", || running(service) == 0).await;
    }

    /// A caller that goes while its request has not ended takes its handler with it.
    pub async fn cancel_in_request(&self, service: &Obedient) {
        let mut client = self.0.clone();
        let (asks, requests) = tokio::sync::mpsc::channel(1);
        asks.send(ask("0")).await.unwrap();
        let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
        let mut answers = soon(client.chat(requests)).await.unwrap().into_inner();
        assert!(soon(answers.message()).await.unwrap().is_some());
        drop(answers);
        until("the handler is dropped", || running(service) == 0).await;
    }

    /// A reader that stops has the writer stop, in either direction.
    pub async fn flow(&self, service: &Obedient) {
        let mut client = self.0.clone();
        // Every answer is a mebibyte, and is made when there is room for it.
        let request = order(Order { count: 2000, bytes: 1 << 20, ..Order::default() });
        let before = resident_mebibytes();
        let mut answers = soon(client.repeat(request)).await.unwrap().into_inner();
        assert!(soon(answers.message()).await.unwrap().is_some());
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(resident_mebibytes() < before + 200, "{} after {before}", resident_mebibytes());
        drop(answers);
        until("the handler is dropped", || running(service) == 0).await;
        // The handler reads none but the first.
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = taken.clone();
        let first = order(Order { wait_millis: u32::MAX, ..Order::default() });
        let asks = tokio_stream::iter(std::iter::once(first).chain((0..2000).map(move |_| {
            counted.fetch_add(1, SeqCst);
            ask(vec![7; 1 << 20])
        })));
        let call = tokio::spawn(async move { client.collect(asks).await.map(drop) });
        until("the handler runs", || running(service) == 1).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(taken.load(SeqCst) < 50, "{} were taken", taken.load(SeqCst));
        // Nobody is held up by those who are not read.
        let first = order(Order { wait_millis: u32::MAX, ..Order::default() });
        let unread: Vec<_> = (0..8)
            .map(|_| {
                let (mut client, first) = (self.0.clone(), first.clone());
                let asks = std::iter::once(first).chain(std::iter::repeat_n(ask(vec![7; 1 << 20]), 100));
                tokio::spawn(async move { client.collect(tokio_stream::iter(asks)).await.map(drop) })
            })
            .collect();
        until("the handlers run", || running(service) == 9).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(soon(self.0.clone().say(ask("hi"))).await.unwrap().into_inner().data, b"hi");
        let answers =
            soon(self.0.clone().repeat(order(Order { count: 3, ..Order::default() }))).await.unwrap();
        assert_eq!(answers.into_inner().collect::<Vec<_>>().await.len(), 3);
        call.abort();
        unread.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

pub fn running(service: &Obedient) -> usize {
    service.running.load(SeqCst)
}

fn resident_mebibytes() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() / 256
}
