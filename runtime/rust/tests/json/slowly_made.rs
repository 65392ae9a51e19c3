//! Answers that take long to be turned into JSON.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use bytes::Bytes;
use samehost::raw::{Answer, ServerBuilder, Transcoder};
use samehost::{Code, Status};

use crate::common::SOON;
use crate::web::{Client, JSON, request};

/// Messages are the JSON itself; a response is turned into it once the test lets that happen.
struct Slow {
    begun: Mutex<Sender<()>>,
    go_on: Mutex<Receiver<()>>,
}

impl Transcoder for Slow {
    fn is_unary(&self, _: &str) -> Option<bool> {
        Some(true)
    }

    fn request(&self, _: &str, json: &[u8]) -> Result<Bytes, Status> {
        Ok(Bytes::copy_from_slice(json))
    }

    fn response(&self, _: &str, message: &[u8]) -> Result<Bytes, Status> {
        self.begun.lock().unwrap().send(()).unwrap();
        self.go_on.lock().unwrap().recv_timeout(SOON).unwrap();
        Ok(Bytes::copy_from_slice(message))
    }
}

#[test]
fn an_answer_that_takes_long_to_be_made_comes_though_the_server_shuts_down() {
    let ((begin, begun), (let_go_on, go_on)) = (channel(), channel());
    let slow = Slow { begun: Mutex::new(begin), go_on: Mutex::new(go_on) };
    let server =
        ServerBuilder::default().json(Arc::new(slow)).serve_on_threads(true, Arc::new(|run| run()), |call| {
            let message = Some(Bytes::from_static(b"[1]"));
            let status = Status::new(Code::Ok, "");
            call.answer(Answer { status, headers: None, message, compress: false }).unwrap();
        });
    let folder = tempfile::tempdir().unwrap();
    let address = server.listen(&format!("unix:{}/s", folder.path().display())).unwrap();
    server.start();
    let mut client = Client::to(&address);
    client.write(request("/t.T/Answer", &[("content-type", JSON)], "[]"));
    begun.recv_timeout(SOON).unwrap();
    server.stop(SOON);
    // Longer than a client may take to read the next piece of its answer.
    sleep(Duration::from_millis(1500));
    let_go_on.send(()).unwrap();
    assert_eq!(client.answer().body, b"[1]");
}
