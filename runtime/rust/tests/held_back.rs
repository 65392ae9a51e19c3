//! Output that one handler's thread holds back, as it is about to serve more of what it has read.

mod wire;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use samehost::raw::{Patience, ServerBuilder, ServerCall};
use wire::{PREFACE, frame};

/// Generous: the machine may be busy.
const SOON: Duration = Duration::from_secs(30);

const MESSAGE: u8 = 4;

/// An OPEN with a path, no metadata and a message; more of them may follow.
fn open(stream: u32, word: u32, path: &str) -> Vec<u8> {
    frame(2, 6, stream, word, &[&[path.len() as u8, 0], path.as_bytes(), &[0, 0], b"hi"].concat())
}

/// Reads up to a message of this stream.
fn read_message(link: &mut UnixStream, stream: u32) {
    loop {
        let mut header = [0; 16];
        link.read_exact(&mut header).unwrap();
        let [length, of] = [0, 8].map(|at| u32::from_le_bytes(header[at..at + 4].try_into().unwrap()));
        link.read_exact(&mut vec![0; length as usize]).unwrap();
        if (header[4], of) == (MESSAGE, stream) {
            return;
        }
    }
}

/// Sends back what has come, `/t.T/Late` only once that is allowed; then waits for more.
fn serve(call: &ServerCall, allowed: &Mutex<Receiver<()>>) {
    let received = || call.wait(Patience::endless(), |call, cx| call.poll_message(cx)).unwrap().unwrap();
    while let Ok(Some(message)) = received() {
        if call.path() == "/t.T/Late" {
            allowed.lock().unwrap().recv_timeout(SOON).unwrap();
        }
        call.send(message, false);
    }
}

#[test]
fn a_handler_that_waits_leaves_nothing_to_be_sent_while_another_one_sleeps_in_the_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let (allow, allowed): (Sender<()>, _) = channel();
    let allowed = Mutex::new(allowed);
    let server = ServerBuilder::default()
        .serve_on_threads(true, Arc::new(|run| run()), move |call| serve(&call, &allowed));
    server.listen(&format!("unix:{}", path.display())).unwrap();
    server.start();

    let mut link = UnixStream::connect(&path).unwrap();
    link.set_read_timeout(Some(SOON)).unwrap();
    link.write_all(&[PREFACE, &*frame(1, 0, 0, 0, &[8, 1, 16, 1])].concat()).unwrap();
    link.read_exact(&mut [0; 8]).unwrap();
    // One read has both, so that the thread that has read them holds its output back.
    link.write_all(&[open(1, 1, "/t.T/Late"), open(3, 2, "/t.T/Other")].concat()).unwrap();
    read_message(&mut link, 3);
    // The other handler, on a thread of its own, reads by now, most likely.
    thread::sleep(Duration::from_millis(50));
    allow.send(()).unwrap();
    read_message(&mut link, 1);
}
