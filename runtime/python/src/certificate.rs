//! Whom a certificate is for, of one that was accepted: what gRPC tells of it. Bytes only.

use std::net::{Ipv4Addr, Ipv6Addr};

use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::der::oid::db::rfc4519::COMMON_NAME;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Whom a certificate is for.
#[derive(Default)]
pub(crate) struct Subject {
    /// The first of its common names.
    pub common_name: Option<Vec<u8>>,
    /// Its other names, as texts: hosts, IP addresses, addresses of mail, URIs.
    pub alternative_names: Vec<Vec<u8>>,
}

impl Subject {
    /// Of a certificate in DER. What is not understood is left out.
    pub fn of(certificate: &[u8]) -> Subject {
        let Ok(certificate) = Certificate::from_der(certificate) else { return Subject::default() };
        let signed = certificate.tbs_certificate();
        let common = signed.subject().iter().find(|one| one.oid == COMMON_NAME);
        let names = signed.get_extension::<SubjectAltName>().ok().flatten();
        Subject {
            common_name: common.map(|one| one.value.value().to_vec()),
            alternative_names: names.into_iter().flat_map(|(_, names)| names.0).filter_map(name).collect(),
        }
    }
}

fn name(name: GeneralName) -> Option<Vec<u8>> {
    match name {
        GeneralName::Rfc822Name(text)
        | GeneralName::DnsName(text)
        | GeneralName::UniformResourceIdentifier(text) => Some(text.as_bytes().to_vec()),
        GeneralName::IpAddress(bytes) => {
            let four = <[u8; 4]>::try_from(bytes.as_bytes()).map(|ip| Ipv4Addr::from(ip).to_string());
            let sixteen = <[u8; 16]>::try_from(bytes.as_bytes()).map(|ip| Ipv6Addr::from(ip).to_string());
            four.or(sixteen).ok().map(String::into_bytes)
        }
        _ => None,
    }
}
