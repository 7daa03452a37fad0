//! Certificates: an authority of the test's own, and what it signs.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use std::fs;
use std::path::Path;

/// A certificate authority that nobody else knows.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "authority of the tests");
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Writes its own certificate, to be trusted.
    pub fn write(&self, path: &Path) {
        fs::write(path, &self.pem).expect("room for a certificate");
    }

    /// Writes a certificate for a name, and its key.
    pub fn issue(&self, name: &str, cert: &Path, key: &Path) {
        self.issue_for(&[name], cert, key);
    }

    /// The same, for several names.
    pub fn issue_for(&self, names: &[&str], cert: &Path, key: &Path) {
        let pair = KeyPair::generate().expect("a key");
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).expect("names");
        let signed = params.signed_by(&pair, &self.issuer).expect("a certificate");
        fs::write(key, pair.serialize_pem()).expect("room for a key");
        fs::write(cert, signed.pem()).expect("room for a certificate");
    }
}
