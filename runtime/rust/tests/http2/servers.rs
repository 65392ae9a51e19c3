//! Channels of ours call a stock server.

use samehost::ConnectivityState;
use samehost_test_stubs::Order;
use samehost_test_stubs::echo_client::EchoClient;
use samehost_test_stubs::echo_server::EchoServer;
use tokio::net::UnixListener;
use tokio_stream::wrappers::UnixListenerStream;
use tonic::transport::Server;

use crate::cases::{Cases, running};
use crate::common::{Obedient, ask, order, soon, until};
use crate::stock::{BOTH, Over, Stock};

#[tokio::test]
async fn every_kind_of_call() {
    for over in BOTH {
        Cases(Stock::serve(over).await.client()).four_kinds().await;
    }
}

#[tokio::test]
async fn metadata_and_statuses() {
    let stock = Stock::serve(Over::Unix).await;
    Cases(stock.client()).metadata().await;
    Cases(stock.client()).statuses().await;
}

#[tokio::test]
async fn large_messages_plain_and_compressed() {
    for over in BOTH {
        Cases(Stock::serve(over).await.client()).large().await;
    }
}

#[tokio::test]
async fn deadlines_and_cancels() {
    let stock = Stock::serve(Over::Unix).await;
    Cases(stock.client()).deadline(&stock.service).await;
    Cases(stock.client()).cancel(&stock.service).await;
    Cases(stock.client()).cancel_in_request(&stock.service).await;
}

#[tokio::test]
async fn a_reader_that_stops_has_the_writer_stop() {
    let stock = Stock::serve(Over::Unix).await;
    Cases(stock.client()).flow(&stock.service).await;
}

#[tokio::test]
async fn a_server_that_shuts_down_answers_what_is_open_and_its_successor_the_next_call() {
    let mut stock = Stock::serve(Over::Unix).await;
    let channel = stock.channel();
    let mut client = EchoClient::new(channel.clone());
    soon(client.say(ask("hi"))).await.unwrap();
    let mut open = client.clone();
    let open =
        tokio::spawn(async move { open.say(order(Order { wait_millis: 500, ..Order::default() })).await });
    until("the handler runs", || running(&stock.service) == 1).await;
    drop(stock.stop.take());
    // GOAWAY comes while the call is open.
    soon(channel.state_changed(ConnectivityState::Ready)).await;
    assert_eq!(soon(open).await.unwrap().unwrap().into_inner().data, b"data");
    soon(&mut stock.task).await.unwrap();
    let path = stock.address.strip_prefix("unix:").unwrap();
    std::fs::remove_file(path).unwrap();
    let service = EchoServer::new(Obedient::default());
    let incoming = UnixListenerStream::new(UnixListener::bind(path).unwrap());
    let next = tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    soon(client.say(ask("again"))).await.unwrap();
    next.abort();
}
