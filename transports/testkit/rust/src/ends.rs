//! Two ends of one link, under test.

use std::any::Any;
use std::sync::Arc;

use samehost_transport_api::{Acceptor, Address, Link, Options, Transport};

use crate::recording::PATIENCE;
use crate::{RecordingAcceptor, pair, read_all, write_all};

/// What a connector sends first, so that a listener that judges first bytes takes it.
const FIRST_BYTES: &[u8] = b"first";

/// The two ends of one new link, both in this process, and what must live as long as they do.
pub struct Ends {
    /// One end; the connecting one where that differs.
    pub left: Arc<dyn Link>,
    /// The other end.
    pub right: Arc<dyn Link>,
    /// Dropped after the ends: a listener, a child.
    pub keep: Box<dyn Any + Send>,
}

impl Ends {
    /// The ends of a pair of sockets.
    pub fn of_pair() -> Ends {
        let (left, right) = pair();
        Ends { left, right, keep: Box::new(()) }
    }

    /// The ends of a link that a transport makes to an address on which it listens itself.
    ///
    /// # Panics
    /// When it fails to.
    pub fn through(transport: &dyn Transport, address: &Address, options: &Options) -> Ends {
        let acceptor = RecordingAcceptor::new(FIRST_BYTES);
        let listener = transport.listener(address, options).expect("a listener");
        listener.start(acceptor.clone() as Arc<dyn Acceptor>).expect("it starts");
        let address: Address = listener.address().parse().expect("its address is one");
        let connector = transport.connector(&address, options).expect("a connector");
        let left = connector.connect(PATIENCE).expect("it connects");
        write_all(&*left, FIRST_BYTES).expect("it takes the first bytes");
        let right = acceptor.next_link();
        let mut first = vec![0; FIRST_BYTES.len()];
        read_all(&*right, &mut first).expect("it gives the first bytes");
        assert_eq!(first, FIRST_BYTES, "what was judged is read again");
        Ends { left, right, keep: Box::new(listener) }
    }

    /// These ends, and one more thing that lives as long as they do.
    #[must_use]
    pub fn keeping(self, thing: impl Any + Send) -> Ends {
        Ends { keep: Box::new((self.keep, thing)), ..self }
    }
}
