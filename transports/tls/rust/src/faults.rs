//! What a connection suffers from, as faults of the catalogue.

use rustls::{AlertDescription, CertificateError, Error};
use samehost_transport_api::{Fault, LinkError};

/// Why a connection cannot go on.
#[derive(Debug, PartialEq)]
pub(crate) enum Failure {
    /// What has come first is no record of TLS.
    NotSpoken,
    /// The peer has ended the connection before it was made.
    HungUp,
    Tls(Error),
}

impl Failure {
    pub fn of(error: Error) -> Failure {
        Failure::Tls(error)
    }

    pub fn at(&self, address: &str) -> LinkError {
        let error = match self {
            Failure::NotSpoken => return Fault::TlsNotSpoken.with(&[&address, &"it answered in plain text"]),
            Failure::HungUp => return Fault::TlsNotSpoken.with(&[&address, &"it hung up in the handshake"]),
            Failure::Tls(error) => error,
        };
        match error {
            Error::NoCertificatesPresented => Fault::TlsUntrusted.with(&[&address, &"it has shown none"]),
            Error::InvalidCertificate(why) => Fault::TlsUntrusted.with(&[&address, &reason(why)]),
            Error::AlertReceived(alert) => Fault::TlsRefused.with(&[&address, &name(*alert)]),
            error => Fault::TlsFailed.with(&[&address, error]),
        }
    }
}

/// Why a certificate is not accepted, for people: `unknown issuer`.
fn reason(why: &CertificateError) -> String {
    let text = why.to_string();
    match text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        true => in_words(&text, ' '),
        false => text,
    }
}

/// As the standard writes it: `certificate_required`.
fn name(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::Unknown(number) => number.to_string(),
        known => in_words(&format!("{known:?}"), '_'),
    }
}

/// A name of several words that begin with capitals, in small letters.
fn in_words(name: &str, between: char) -> String {
    let (mut words, mut in_word) = (String::new(), false);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && in_word {
            words.push(between);
        }
        in_word = letter.is_ascii_lowercase();
        words.push(letter.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_named_as_the_standard_names_them() {
        for (alert, expected) in [
            (AlertDescription::CertificateRequired, "certificate_required"),
            (AlertDescription::UnknownCA, "unknown_ca"),
            (AlertDescription::BadRecordMac, "bad_record_mac"),
            (AlertDescription::Unknown(99), "99"),
        ] {
            assert_eq!(name(alert), expected);
        }
    }

    #[test]
    fn reasons_are_words() {
        assert_eq!(reason(&CertificateError::UnknownIssuer), "unknown issuer");
        assert_eq!(reason(&CertificateError::BadSignature), "bad signature");
    }
}
