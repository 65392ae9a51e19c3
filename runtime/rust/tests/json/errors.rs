//! Calls that fail, and what of that their clients get.

use prost::Message;
use samehost_test_stubs::other_server::{Other, OtherServer};
use samehost_test_stubs::{Answer, Ask};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Status};

use crate::web::{HI, JSON, Over, SAY, Web, hi_back};

#[tokio::test(flavor = "multi_thread")]
async fn every_code_has_its_name_and_its_status_of_http() {
    let web = Web::serve(Over::Unix);
    let mut client = web.client();
    let codes = [
        (499, "canceled"),
        (500, "unknown"),
        (400, "invalid_argument"),
        (504, "deadline_exceeded"),
        (404, "not_found"),
        (409, "already_exists"),
        (403, "permission_denied"),
        (429, "resource_exhausted"),
        (400, "failed_precondition"),
        (409, "aborted"),
        (400, "out_of_range"),
        (501, "unimplemented"),
        (500, "internal"),
        (503, "unavailable"),
        (500, "data_loss"),
        (401, "unauthenticated"),
    ];
    for (number, (status, name)) in (1..).zip(codes) {
        let order = format!(r#"{{"order":{{"code":{number},"text":"why: \"\\\u0007é😈\""}}}}"#);
        let answer = client.json(SAY, order);
        assert_eq!(answer.error(status, name), "why: \"\\\u{7}é😈\"");
        assert_eq!(answer.json().as_object().unwrap().len(), 2, "no details");
    }
    // The connection is as good as before.
    assert_eq!(client.json(SAY, HI).json(), hi_back());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_handler_says_in_panic_stays_there() {
    let web = Web::serve(Over::Unix);
    let text = web.client().json(SAY, r#"{"order":{"panic":true}}"#).error(500, "unknown");
    assert!(!text.contains("secret"), "{text}");
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Detailed {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

#[derive(Clone, PartialEq, Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

struct Detailing;

#[tonic::async_trait]
impl Other for Detailing {
    async fn name(&self, _: Request<Ask>) -> Result<Response<Answer>, Status> {
        let one = Detail {
            type_url: "type.googleapis.com/google.rpc.ErrorInfo".into(),
            value: b"\x0A\x02no".to_vec(),
        };
        let two = Detail { type_url: "my.Own".into(), value: Vec::new() };
        let details = Detailed { details: vec![one, two] }.encode_to_vec();
        let mut metadata = MetadataMap::new();
        metadata.insert("x-trail", "end".parse().unwrap());
        Err(Status::with_details_and_metadata(Code::NotFound, "gone", details.into(), metadata))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_has_its_details_and_its_trailers_whatever_was_asked_in() {
    let web = Web::configured(Over::Unix, |builder| builder.add_service(OtherServer::new(Detailing)));
    for kind in [JSON, "application/proto"] {
        let body = if kind == JSON { "{}" } else { "" };
        let answer = web.client().post("/samehost.test.v1.Other/Name", &[("content-type", kind)], body);
        assert_eq!(answer.error(404, "not_found"), "gone");
        let expected = serde_json::json!([
            {"type": "google.rpc.ErrorInfo", "value": "CgJubw"},
            {"type": "my.Own", "value": ""},
        ]);
        assert_eq!(answer.json()["details"], expected);
        assert_eq!(answer.all("trailer-x-trail"), ["end"]);
        assert_eq!(answer.header("trailer-grpc-status-details-bin"), None);
    }
}
