//! Headers and trailers as words: `key: value`, and base64 under keys that end in `-bin`.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use samehost::Metadata;

/// Writes no padding, as gRPC does, and reads with and without it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A pair that was given as a word.
#[derive(Clone)]
pub struct Pair {
    key: String,
    value: Vec<u8>,
}

/// A pair of one word.
pub fn parse(word: &str) -> Result<Pair, String> {
    let (key, value) = word.split_once(':').ok_or("it is written \"key: value\"")?;
    let (key, value) = (key.trim().to_ascii_lowercase(), value.trim());
    let value = match key.ends_with("-bin") {
        true => BASE64.decode(value).map_err(|error| format!("the value of {key} is base64: {error}"))?,
        false => value.as_bytes().to_vec(),
    };
    Metadata::new().push(&key, &value).map_err(|status| status.message().to_owned())?;
    Ok(Pair { key, value })
}

/// The pairs as they are sent.
pub fn of(pairs: &[Pair]) -> Metadata {
    let mut metadata = Metadata::new();
    for pair in pairs {
        // It was tried when the word was read.
        let _ = metadata.push(&pair.key, &pair.value);
    }
    metadata
}

/// A line for each pair.
pub fn lines(metadata: &Metadata) -> impl Iterator<Item = String> + '_ {
    metadata.iter().map(|(key, value)| match key.ends_with("-bin") {
        true => format!("{key}: {}", BASE64.encode(value)),
        false => format!("{key}: {}", String::from_utf8_lossy(value)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_base64_with_or_without_padding() {
        for word in ["trace-bin: AQI=", "Trace-Bin:AQI"] {
            let sent = of(&[parse(word).unwrap_or_else(|why| panic!("{why}"))]);
            assert_eq!(sent.get("trace-bin"), Some(&[1, 2][..]));
            assert_eq!(lines(&sent).collect::<Vec<_>>(), ["trace-bin: AQI"]);
        }
    }

    #[test]
    fn what_is_no_pair_is_refused_with_the_reason() {
        let refused = |word| parse(word).err().unwrap_or_default();
        assert!(refused("novalue").contains("key: value"));
        assert!(refused("k-bin: %").contains("base64"));
        assert!(refused("sp ace: 1").contains("a key holds"));
        assert!(refused("k: ü").contains("printable ASCII"));
    }
}
