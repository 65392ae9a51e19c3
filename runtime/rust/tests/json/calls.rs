//! Calls that go well, and what they carry.

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use prost::Message;
use samehost::raw::{self, Descriptors};
use samehost::transport::Code;
use samehost::{Medium, Metadata, Peer, Status};
use samehost_test_stubs::echo_server::EchoServer;
use samehost_test_stubs::{Answer, FILE_DESCRIPTOR_SET};
use tonic::Request;

use crate::common::{Obedient, ask};
use crate::web::{BOTH, Client, HI, JSON, Over, SAY, Web, hi_back};

const PROTO: &str = "application/proto";

#[tokio::test(flavor = "multi_thread")]
async fn a_post_of_json_is_a_call_and_more_of_them_follow_on_its_connection() {
    for over in BOTH {
        let web = Web::serve(over);
        let mut client = web.client();
        for kind in [JSON, "application/json; charset=utf-8", "Application/JSON"] {
            let answer = client.post(SAY, &[("content-type", kind)], HI);
            assert_eq!((answer.status, answer.header("content-type")), (200, Some(JSON)));
            assert_eq!(answer.json(), hi_back());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_nobody_knows_are_ignored_and_spaces_too() {
    let web = Web::serve(Over::Unix);
    let answer = web.client().json(SAY, " {\n\"data\":\"aGk=\",\"newer\":{\"a\":[1,null]}} \r\n");
    assert_eq!(answer.json(), hi_back());
    let deep = format!(r#"{{"data":"aGk=","newer":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(web.client().json(SAY, deep).json(), hi_back());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_of_bytes_is_a_call_and_its_answer_is_bytes() {
    let web = Web::serve(Over::Unix);
    let answer = web.client().post(SAY, &[("content-type", PROTO)], ask("hi").encode_to_vec());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(PROTO)));
    assert_eq!(Answer::decode(&*answer.body).unwrap(), Answer { data: b"hi".to_vec(), count: 1 });
    // An empty message is no bytes at all.
    let answer = web.client().post(SAY, &[("content-type", PROTO)], "");
    assert_eq!(Answer::decode(&*answer.body).unwrap(), Answer { data: Vec::new(), count: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_go_to_methods_whose_types_are_not_known() {
    let transcoder = Arc::new(Descriptors::of([]).unwrap());
    let (_server, address, _folder) = raw_server(transcoder, Metadata::new(), Some);
    let answer = Client::to(&address).post("/a.B/C", &[("content-type", PROTO)], "\x08\x07");
    assert_eq!((answer.status, &*answer.body), (200, &b"\x08\x07"[..]));
    let text = Client::to(&address).json("/a.B/C", "{}").error(501, "unimplemented");
    assert!(text.contains("a.B/C"), "{text}");
}

/// A server for threads that answers each message with another one, compressed for whoever takes it so.
fn raw_server(
    transcoder: Arc<Descriptors>,
    trailers: Metadata,
    answer: fn(Bytes) -> Option<Bytes>,
) -> (raw::Server, String, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let builder = raw::ServerBuilder::default().json(transcoder);
    let server = builder.serve_on_threads(true, Arc::new(|run| run()), move |call| {
        let message = call.take_whole().and_then(answer);
        call.set_compression(true);
        let status = Status::new(Code::Ok, "").with_metadata(trailers.clone());
        let _ = call.answer(raw::Answer { status, headers: None, message, compress: true });
    });
    let address = server.listen(&format!("unix:{}", folder.path().join("s").display())).unwrap();
    server.start();
    (server, address, folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_for_threads_takes_json_and_trailers_are_headers() {
    let mut trailers = Metadata::new();
    for (key, value) in [("x-a", "one"), ("x-a", "two"), ("x-b-bin", "\0\u{1}\u{2}?")] {
        trailers.push(key, value).unwrap();
    }
    let transcoder = Arc::new(Descriptors::of([FILE_DESCRIPTOR_SET]).unwrap());
    let (_server, address, _folder) = raw_server(transcoder, trailers, Some);
    let answer = Client::to(&address).json(SAY, HI);
    assert_eq!(answer.json()["data"], "aGk=");
    assert_eq!(answer.all("trailer-x-a"), ["one", "two"]);
    assert_eq!(answer.all("trailer-x-b-bin"), ["AAECPw"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_are_metadata_there_and_back() {
    let web = Web::serve(Over::Unix);
    let headers = [
        ("content-type", JSON),
        ("X-Text", "plain"),
        ("x-text", "again"),
        ("x-bytes-bin", "AP8H"),
        ("x-bytes-bin", "AAA=, AA"),
        ("connect-protocol-version", "1"),
    ];
    let answer = web.client().post(SAY, &headers, HI);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.all("x-text"), ["plain", "again"]);
    assert_eq!(answer.all("x-bytes-bin"), ["AP8H", "AAA", "AA"]);
    let text = web.client().post(SAY, &[("content-type", JSON), ("x-bin", "?")], HI);
    assert!(text.error(400, "invalid_argument").contains("x-bin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_of_http_is_no_metadata_and_who_calls_and_by_what_is_known() {
    let interceptor = |request: Request<()>| {
        let keys = |key: tonic::metadata::KeyRef<'_>| match key {
            tonic::metadata::KeyRef::Ascii(key) => key.as_str().to_owned(),
            tonic::metadata::KeyRef::Binary(key) => key.as_str().to_owned(),
        };
        let mut keys: Vec<_> = request.metadata().keys().map(keys).collect();
        keys.sort();
        // The content type is gRPC's own, as for all calls.
        keys.retain(|key| !["content-type", "te"].contains(&&**key));
        assert_eq!(keys, ["authorization", "user-agent", "x-mine"]);
        let peer = request.extensions().get::<Peer>().expect("a peer");
        assert_eq!(peer.process_id, Some(std::process::id()));
        let medium = request.extensions().get::<Medium>().expect("a medium");
        assert_eq!(medium.as_str(), "JSON over HTTP/1.1");
        Ok(request)
    };
    let service = EchoServer::with_interceptor(Obedient::default(), interceptor);
    let web = Web::configured(Over::Unix, |builder| builder.add_service(service));
    let headers = [
        ("content-type", JSON),
        ("accept", "*/*"),
        ("accept-language", "en"),
        ("connection", "keep-alive"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("content-language", "en"),
        ("proxy-authorization", "no"),
        ("connect-protocol-version", "1"),
        ("grpc-encoding", "gzip"),
        ("grpc-timeout", "1n"),
        ("user-agent", "test"),
        ("authorization", "me"),
        ("x-mine", "1"),
    ];
    assert_eq!(web.client().post(SAY, &headers, HI).json(), hi_back());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_travels_and_passes() {
    let web = Web::serve(Over::Unix);
    let headers = [("content-type", JSON), ("connect-timeout-ms", "5000")];
    let answer = web.client().post(SAY, &headers, HI);
    let seen = answer.header("seen-timeout").unwrap();
    assert!(seen.starts_with('4') || seen.starts_with('5'), "{seen}");
    let headers = [("content-type", JSON), ("connect-timeout-ms", "50")];
    let answer = web.client().post(SAY, &headers, r#"{"order":{"waitMillis":4294967295}}"#);
    answer.error(504, "deadline_exceeded");
    crate::common::until("the handler is dropped", || web.running() == 0).await;
}

fn zipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_be_compressed_and_an_answer_is_where_its_client_says_so() {
    let web = Web::serve(Over::Unix);
    for kind in [JSON, PROTO] {
        let body = if kind == JSON { HI.as_bytes().to_vec() } else { ask("hi").encode_to_vec() };
        for (body, encoding) in [(zipped(&body), "gzip"), (body, "identity")] {
            for accept in ["identity", "br, gzip"] {
                let headers =
                    [("content-type", kind), ("content-encoding", encoding), ("accept-encoding", accept)];
                let answer = web.client().post(SAY, &headers, &body);
                let mut bytes = answer.body.clone();
                match answer.header("content-encoding") {
                    Some("gzip") if accept != "identity" => {
                        bytes.clear();
                        GzDecoder::new(&*answer.body).read_to_end(&mut bytes).unwrap();
                    }
                    encoding => assert_eq!((encoding, accept), (None, "identity")),
                }
                match kind {
                    JSON => {
                        assert_eq!(serde_json::from_slice::<serde_json::Value>(&bytes).unwrap(), hi_back())
                    }
                    _ => assert_eq!(Answer::decode(&*bytes).unwrap().data, b"hi"),
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_answer_is_unpacked_within_a_limit() {
    let transcoder = Arc::new(Descriptors::of([FILE_DESCRIPTOR_SET]).unwrap());
    let huge = |_| Some(vec![0; (64 << 20) + 1].into());
    let (_server, address, _folder) = raw_server(transcoder, Metadata::new(), huge);
    let headers = [("content-type", JSON), ("accept-encoding", "gzip")];
    let text = Client::to(&address).post(SAY, &headers, HI).error(429, "resource_exhausted");
    assert!(text.starts_with("the decompressed message exceeds maximum of 67108864 bytes"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_messages_go_there_and_back_while_others_are_answered() {
    let web = Web::configured(Over::Tcp, |builder| builder.max_inbound_message_size(64 << 20));
    let large = format!(r#"{{"data":"{}"}}"#, "QUJD".repeat(2 << 20));
    let mut slow = web.client();
    let whole = crate::web::request(SAY, &[("content-type", JSON)], &large);
    slow.write(&whole);
    for _ in 0..10 {
        assert_eq!(web.client().json(SAY, HI).json(), hi_back());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let answer = slow.answer();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["data"].as_str().unwrap().len(), 8 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_clients_are_served_at_the_same_time() {
    let web = Web::serve(Over::Unix);
    let mut clients: Vec<_> = (0..64).map(|_| web.client()).collect();
    let (wait, now) = (r#"{"order":{"waitMillis":4294967295}}"#, HI);
    for client in &mut clients {
        assert_eq!(client.json(SAY, now).json(), hi_back());
        client.write(crate::web::request(SAY, &[("content-type", JSON)], wait));
    }
    crate::common::until("all handlers run", || web.running() == 64).await;
    drop(clients);
    crate::common::until("all handlers are dropped", || web.running() == 0).await;
}
