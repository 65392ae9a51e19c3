//! Channels of ours call a stock server.

use crate::cases::Cases;
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
    // Else streams that it does not read hold up all others, as HTTP/2 has it.
    let stock = Stock::configured(Over::Unix, |server| server.initial_connection_window_size(1 << 30)).await;
    Cases(stock.client()).flow(&stock.service).await;
}
