//! What is refused before anything is called.

use samehost::Server;
use samehost_test_stubs::FILE_DESCRIPTOR_SET;
use samehost_test_stubs::echo_server::EchoServer;

use crate::common::Obedient;
use crate::web::{Client, HI, JSON, Over, SAY, Web, hi_back};

/// A server, a connection to it, and that nothing was called.
struct Refusing(Web);

impl Refusing {
    fn over(over: Over) -> Refusing {
        Refusing(Web::serve(over))
    }

    /// Refuses this, and goes on with the connection.
    #[track_caller]
    fn refuses(&self, request: &str, status: u16, code: &str) -> (String, Client) {
        let mut client = self.0.client();
        client.write(request);
        let text = client.answer().error(status, code);
        assert_eq!(self.0.seen(), 0, "nothing was called");
        (text, client)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_of_http_other_than_post() {
    let refusing = Refusing::over(Over::Unix);
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"] {
        let mut client = refusing.0.client();
        client.write(format!("{method} {SAY} HTTP/1.1\r\nhost: x\r\ncontent-type: {JSON}\r\n\r\n"));
        let answer = client.answer();
        let text = answer.error(405, "unimplemented");
        assert!(text.starts_with(method), "{text}");
        assert_eq!(answer.header("allow"), Some("POST"));
        assert_eq!(client.json(SAY, HI).json(), hi_back());
    }
    let mut client = refusing.0.client();
    client.write(format!("HEAD {SAY} HTTP/1.1\r\nhost: x\r\n\r\n"));
    assert_eq!(client.line(), "HTTP/1.1 405 Method Not Allowed");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_content_types_and_none() {
    let refusing = Refusing::over(Over::Unix);
    for line in [
        "content-type: application/grpc\r\n",
        "content-type: application/jsonx\r\n",
        "content-type: text/plain\r\n",
        "",
    ] {
        let mut client = refusing.0.client();
        client.write(format!("POST {SAY} HTTP/1.1\r\nhost: x\r\n{line}content-length: 2\r\n\r\n{{}}"));
        let answer = client.answer();
        answer.error(415, "unimplemented");
        assert_eq!(answer.header("accept-post"), Some("application/json, application/proto"));
        assert_eq!(refusing.0.seen(), 0);
        assert_eq!(client.json(SAY, HI).json()["count"], "1", "the connection goes on");
        refusing.0.service.seen.store(0, std::sync::atomic::Ordering::SeqCst);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_of_no_method_and_methods_that_nobody_serves() {
    let refusing = Refusing::over(Over::Unix);
    for path in ["/", "/a", "/a/", "//b", "/a/b/c"] {
        let answer = refusing.0.client().json(path, "{}");
        let text = answer.error(404, "unimplemented");
        assert!(text.starts_with(&format!("nothing is at {path}: ")), "{text}");
    }
    let answer = refusing.0.client().json("/samehost.test.v1.Other/Name", "{}");
    assert_eq!(answer.error(501, "unimplemented"), "Method not found: samehost.test.v1.Other/Name");
    let answer = refusing.0.client().post("/no.Body/Knows", &[("content-type", "application/proto")], "");
    assert_eq!(answer.error(501, "unimplemented"), "Method not found: no.Body/Knows");
    let answer = refusing.0.client().json("/no.Body/Knows", "{}");
    assert!(answer.error(501, "unimplemented").starts_with("no.Body/Knows "));
    assert_eq!(refusing.0.seen(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn methods_that_stream() {
    let refusing = Refusing::over(Over::Unix);
    for method in ["Collect", "Repeat", "Chat"] {
        for kind in [JSON, "application/proto"] {
            let body = if kind == JSON { "{}" } else { "" };
            let path = format!("/samehost.test.v1.Echo/{method}");
            let answer = refusing.0.client().post(&path, &[("content-type", kind)], body);
            let text = answer.error(501, "unimplemented");
            assert!(text.contains("unary methods alone"), "{text}");
        }
    }
    assert_eq!(refusing.0.seen(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_none_says_where() {
    let refusing = Refusing::over(Over::Unix);
    for (body, what) in [
        ("", "EOF"),
        ("{\"data\":", "line 1 column 8"),
        ("{}{}", "trailing characters at line 1 column 3"),
        ("[]", "invalid type"),
        ("{\"data\":7}", "invalid type: integer `7`"),
        ("{\"order\":{\"count\":-1}}", "out of range"),
        ("{\"data\":\"\u{7}\"}", "control character"),
        (&"[".repeat(100_000), "invalid type: sequence"),
    ] {
        let text = refusing.0.client().json(SAY, body).error(400, "invalid_argument");
        assert!(
            text.starts_with("the body is no JSON of samehost.test.v1.Ask: ") && text.contains(what),
            "{text}"
        );
    }
    let text = refusing.0.client().json(SAY, b"{\"data\":\"\xFF\"}").error(400, "invalid_argument");
    assert!(text.contains("invalid"), "{text}");
    assert_eq!(refusing.0.seen(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_connect_or_an_encoding_says_wrongly() {
    let refusing = Refusing::over(Over::Unix);
    for (name, value, status, code) in [
        ("connect-protocol-version", "2", 400, "invalid_argument"),
        ("connect-timeout-ms", "12345678901", 400, "invalid_argument"),
        ("connect-timeout-ms", "-1", 400, "invalid_argument"),
        ("connect-timeout-ms", "1.5", 400, "invalid_argument"),
        ("connect-timeout-ms", "", 400, "invalid_argument"),
        ("content-encoding", "br", 501, "unimplemented"),
        ("content-encoding", "gzip", 400, "invalid_argument"),
    ] {
        let answer = refusing.0.client().post(SAY, &[("content-type", JSON), (name, value)], HI);
        let text = answer.error(status, code);
        assert!(
            value == "gzip"
                || text.contains(name.trim_start_matches("content-").trim_end_matches("-encoding")),
            "{text}"
        );
    }
    assert_eq!(refusing.0.seen(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_metadata_cannot_carry() {
    let refusing = Refusing::over(Over::Unix);
    for (name, value) in [("a!b", "c"), ("text", "é"), ("x-bin", "==="), ("x-bin", "a b"), ("t", "a\tb")] {
        let answer = refusing.0.client().post(SAY, &[("content-type", JSON), (name, value)], HI);
        let text = answer.error(400, "invalid_argument");
        assert!(text.starts_with(&format!("metadata {name}: a ")), "{text}");
    }
    assert_eq!(refusing.0.seen(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_in_a_browser() {
    let refusing = Refusing::over(Over::Tcp);
    for origin in ["https://example.org", "http://localhost:3000", "null"] {
        for method in ["POST", "OPTIONS"] {
            let request = format!(
                "{method} {SAY} HTTP/1.1\r\nhost: localhost\r\norigin: {origin}\r\ncontent-type: {JSON}\r\ncontent-length: 2\r\n\r\n{{}}"
            );
            let (text, _) = refusing.refuses(&request, 403, "permission_denied");
            assert!(text.contains("not for pages of the web"), "{text}");
        }
    }
    for (target, host) in [(SAY, "evil.example.org:80"), ("http://evil.example.org/a.B/C", "localhost")] {
        let request = format!(
            "POST {target} HTTP/1.1\r\nhost: {host}\r\ncontent-type: {JSON}\r\ncontent-length: 2\r\n\r\n{{}}"
        );
        let (text, _) = refusing.refuses(&request, 403, "permission_denied");
        assert!(text.contains("evil.example.org"), "{text}");
    }
    // Nobody finds a Unix socket by a name of hosts.
    let web = Web::serve(Over::Unix);
    let mut client = web.client();
    client.write(format!(
        "POST {SAY} HTTP/1.1\r\nhost: my.example.org\r\ncontent-type: {JSON}\r\ncontent-length: 2\r\n\r\n{{}}"
    ));
    assert_eq!(client.answer().status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_were_given_no_types_do_not_speak_it_and_sets_that_are_none_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let address = format!("unix:{}", folder.path().join("s").display());
    let server = Server::builder().add_service(EchoServer::new(Obedient::default())).bind(&address).unwrap();
    let mut client = Client::to(server.address());
    client.write(crate::web::request(SAY, &[("content-type", JSON)], HI));
    assert!(client.is_closed());
    let Err(status) = Server::builder().json(b"\xFF").bind(&address) else { panic!("it is none") };
    assert_eq!(status.code(), samehost::Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn sets_of_descriptors_add_up_and_may_overlap() {
    let web = Web::configured(Over::Unix, |builder| builder.json(FILE_DESCRIPTOR_SET).json(b""));
    assert_eq!(web.client().json(SAY, HI).json(), hi_back());
}
