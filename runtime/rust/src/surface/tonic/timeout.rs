//! The text form of a deadline in gRPC's metadata, `grpc-timeout`: up to eight digits and a unit.

use std::time::Duration;

use samehost_transport_api::Fault;

use crate::surface::Status;

const MOST: u128 = 99_999_999;

/// Reads `grpc-timeout`; `None` where the text breaks gRPC's rule.
pub(super) fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_secs(number * 3600)),
        b'M' => Some(Duration::from_secs(number * 60)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

/// Of a call whose `grpc-timeout` breaks gRPC's rule: one without a deadline is not what its caller wants.
pub(super) fn invalid() -> Status {
    let reason = "it is of 1 to 8 digits and a unit, one of H M S m u n";
    Fault::MetadataInvalid.with(&[&"grpc-timeout", &reason]).into()
}

/// Writes `grpc-timeout` in the finest unit that fits, rounded up.
pub(super) fn format(left: Duration) -> String {
    let nanos = left.as_nanos();
    for (unit, size) in [('n', 1), ('u', 1_000), ('m', 1_000_000), ('S', 1_000_000_000)] {
        let number = nanos.div_ceil(size);
        if number <= MOST {
            return format!("{number}{unit}");
        }
    }
    format!("{}H", nanos.div_ceil(3_600_000_000_000).min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (text, nanos) in [
            ("2H", 7_200_000_000_000),
            ("3M", 180_000_000_000),
            ("4S", 4_000_000_000),
            ("5m", 5_000_000),
            ("6u", 6_000),
            ("7n", 7),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn what_breaks_the_rule_is_refused() {
        for text in ["", "S", "123456789S", "1x", "-1S", "1 S", "S1"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_duration_is_written_in_the_finest_unit_and_never_shorter() {
        assert_eq!(format(Duration::from_nanos(99_999_999)), "99999999n");
        assert_eq!(format(Duration::from_nanos(100_000_001)), "100001u");
        assert_eq!(format(Duration::from_secs(1_000_000)), "1000000S");
        assert_eq!(format(Duration::MAX), "99999999H");
        assert_eq!(format(Duration::ZERO), "0n");
    }
}
