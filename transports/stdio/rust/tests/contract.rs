//! The suite, on the standard streams of a real child: it carries the bytes between its link and a
//! socket, whose other end is the far end here.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use samehost_transport_api::{Address, Options, Peer, Transport};
use samehost_transport_posix::FdLink;
use samehost_transport_stdio::StdioTransport;
use samehost_transport_testkit::{Ends, Subject, link_contract};

fn ends() -> Ends {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("relay");
    let listener = UnixListener::bind(&path).unwrap();
    let program = env!("CARGO_BIN_EXE_samehost-stdio-test-program");
    let address: Address = format!("stdio:'{program}' relay '{}'", path.display()).parse().unwrap();
    let connector = StdioTransport::new().connector(&address, &Options::new()).unwrap();
    let left = connector.connect(Duration::from_secs(60)).unwrap();
    let socket = OwnedFd::from(listener.accept().unwrap().0);
    let right = FdLink::over(socket, Peer { process_id: Some(1), ..Peer::at("relay:") }).unwrap();
    Ends { left, right: Arc::new(right), keep: Box::new(folder) }
}

link_contract!(Subject { knows_user: false, ..Subject::of(ends) });
