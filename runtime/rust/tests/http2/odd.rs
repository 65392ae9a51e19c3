//! What stock clients can say by HTTP/2, and gRPC does not allow.

use samehost_test_stubs::echo_client::EchoClient;
use tonic::metadata::{AsciiMetadataValue, MetadataValue};
use tonic::{Code, Request};

use crate::common::{ask, soon};
use crate::stock::{Ours, Over};

fn text(bytes: &[u8]) -> AsciiMetadataValue {
    AsciiMetadataValue::try_from(bytes).expect("HTTP allows it")
}

#[tokio::test]
async fn a_text_that_is_not_printable_does_not_reach_the_handler() {
    let ours = Ours::serve(Over::Unix);
    let mut request = Request::new(ask("hi"));
    for value in [&b"tab\there"[..], b"printable ~", "\u{fc}".as_bytes()] {
        request.metadata_mut().append("x-text", text(value));
    }
    let bytes = MetadataValue::from_bytes("\t\u{fc}".as_bytes());
    request.metadata_mut().insert_bin("x-raw-bin", bytes.clone());
    let response = soon(ours.client().say(request)).await.unwrap();
    let texts: Vec<_> = response.metadata().get_all("x-text").iter().collect();
    assert_eq!(texts, ["printable ~"]);
    assert_eq!(response.metadata().get_bin("x-raw-bin"), Some(&bytes));
}

#[tokio::test]
async fn a_timeout_that_is_none_fails_its_call_and_says_why() {
    let ours = Ours::serve(Over::Unix);
    let mut client = EchoClient::new(ours.endpoint().connect().await.unwrap());
    for timeout in ["1", "1x", "123456789S", "-1S", "1.5S", " 1S", "S"] {
        let mut request = Request::new(ask("hi"));
        request.metadata_mut().insert("grpc-timeout", timeout.parse().unwrap());
        let status = soon(client.say(request)).await.unwrap_err();
        assert_eq!(status.code(), Code::Internal, "{timeout}");
        let reason = "it is of 1 to 8 digits and a unit, one of H M S m u n";
        assert_eq!(status.message(), format!("metadata grpc-timeout: {reason}."), "{timeout}");
    }
    let mut request = Request::new(ask("hi"));
    request.metadata_mut().insert("grpc-timeout", "99999999S".parse().unwrap());
    soon(client.say(request)).await.unwrap();
}
