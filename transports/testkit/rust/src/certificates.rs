//! Authorities and certificates for tests of TLS, made anew each time.

use std::sync::atomic::{AtomicU32, Ordering};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

/// An authority that signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// A certificate and its key, in PEM.
pub struct Issued {
    /// The certificate, with that of its authority behind it.
    pub chain: String,
    /// The key, in PKCS #8.
    pub key: String,
    /// The certificate alone, in DER.
    pub der: Vec<u8>,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// When no key can be made.
    pub fn new() -> Authority {
        // Of two authorities of the same name one would be taken for the other.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mut params = params(&format!("test authority {number}"), &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("it is signed");
        Authority { issuer: Issuer::new(params, key), certificate }
    }

    /// Its own certificate, in PEM.
    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// A certificate of somebody, for these names and IP addresses.
    ///
    /// # Panics
    /// Where one of them is none.
    pub fn issue(&self, common_name: &str, names: &[&str]) -> Issued {
        self.sign(&params(common_name, names))
    }

    /// The same, of which the time is over.
    ///
    /// # Panics
    /// Where one of them is none.
    pub fn issue_expired(&self, common_name: &str, names: &[&str]) -> Issued {
        let mut params = params(common_name, names);
        (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1));
        self.sign(&params)
    }

    fn sign(&self, params: &CertificateParams) -> Issued {
        let key = KeyPair::generate().expect("a key");
        let signed = params.signed_by(&key, &self.issuer).expect("it is signed");
        let chain = signed.pem() + &self.pem();
        Issued { chain, key: key.serialize_pem(), der: signed.der().to_vec() }
    }
}

impl Default for Authority {
    fn default() -> Authority {
        Authority::new()
    }
}

fn params(common_name: &str, names: &[&str]) -> CertificateParams {
    let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
    let mut params = CertificateParams::new(names).expect("they are names");
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}
