//! Messages compressed by gzip, each as a whole, where no HTTP stack does it.

use std::io::{Read, Write};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use samehost_transport_api::{Fault, LinkError};

use crate::connection::MESSAGE_OPTION;

/// The name of the method, as a feature and in `grpc-encoding`.
pub(crate) const GZIP: &str = "gzip";
/// Names the method that the messages of a sender are compressed by.
pub(crate) const ENCODING: &str = "grpc-encoding";
/// Names the methods that a caller understands.
pub(crate) const ACCEPT_ENCODING: &str = "grpc-accept-encoding";

/// A message, compressed.
pub(crate) fn compressed(message: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let whole = encoder.write_all(message).and_then(|()| encoder.finish());
    whole.expect("memory takes all that is written").into()
}

/// The peer's message, decompressed by this side, a `client` or a `server`; what is larger than the limit is not
/// even unpacked.
pub(crate) fn decompressed(message: &[u8], limit: u32, side: &str) -> Result<Bytes, LinkError> {
    let mut whole = Vec::new();
    let most = u64::from(limit) + 1;
    match GzDecoder::new(message).take(most).read_to_end(&mut whole) {
        Ok(_) if whole.len() as u64 == most => {
            Err(Fault::MessageInflated.with(&[&limit, &side, &MESSAGE_OPTION]))
        }
        Ok(_) => Ok(whole.into()),
        Err(error) => {
            let peer = if side == "client" { "the server" } else { "the client" };
            Err(Fault::MessageUndecodable.with(&[&peer, &error]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_survives_and_repetition_shrinks() {
        for size in [0, 1, 100_000] {
            let message = vec![7; size];
            let packed = compressed(&message);
            assert!(packed.len() < 200, "{size} bytes became {}", packed.len());
            assert_eq!(decompressed(&packed, 100_000, "client").unwrap(), message);
        }
    }

    #[test]
    fn a_message_that_unpacks_to_more_than_the_limit_is_refused_by_the_option_that_raises_it() {
        let failure = decompressed(&compressed(&[0; 1001]), 1000, "client").unwrap_err();
        assert_eq!(
            failure,
            Fault::MessageInflated.with(&[&1000, &"client", &"maximum inbound message size"])
        );
        assert_eq!(decompressed(&compressed(&[0; 1000]), 1000, "client").unwrap().len(), 1000);
    }

    #[test]
    fn what_is_no_gzip_is_refused() {
        for message in [&b"plain"[..], &compressed(b"cut short")[..15]] {
            assert_eq!(decompressed(message, 1000, "client").unwrap_err().fault(), Fault::MessageUndecodable);
        }
    }
}
