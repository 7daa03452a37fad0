//! Certificates, good and bad, as the scripts name them.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::error::Error;
use std::sync::Arc;

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// Nothing.
    Good,
    /// It signed itself.
    SelfSigned,
    /// An authority that nobody knows signed it.
    UnknownRoot,
    /// It is for another name.
    WrongName,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
}

impl Paper {
    /// The one that a script names by the path of its file.
    pub fn of_path(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is = |mark: &str| name.contains(mark);
        if is("self-signed") {
            Self::SelfSigned
        } else if is("unknown-root") {
            Self::UnknownRoot
        } else if is("expired") {
            Self::Expired
        } else if name.starts_with("other.") {
            Self::WrongName
        } else {
            Self::Good
        }
    }
}

/// An authority that is known, one that is not, and what they sign.
pub struct Papers {
    host: String,
    known: Issuer<'static, KeyPair>,
    unknown: Issuer<'static, KeyPair>,
    /// The certificate of the authority that is known, in PEM form.
    pub authority: String,
}

impl Papers {
    /// Papers for a host of that name.
    pub fn new(host: &str) -> Result<Self, Box<dyn Error>> {
        let (known, pem) = authority("known")?;
        let (unknown, _) = authority("nobody knows this one")?;
        Ok(Self { host: host.to_owned(), known, unknown, authority: pem })
    }

    /// What a server shows.
    pub fn server(&self, paper: Paper) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
        let name = if paper == Paper::WrongName { "other.example.org" } else { &self.host };
        let mut params = CertificateParams::new(vec![name.to_owned()])?;
        let (from, until) = match paper {
            Paper::Expired => (2020, 2021),
            Paper::NotYetValid => (2090, 2100),
            _ => (2020, 2100),
        };
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate()?;
        let signed = match paper {
            Paper::SelfSigned => params.self_signed(&key)?,
            Paper::UnknownRoot => params.signed_by(&key, &self.unknown)?,
            _ => params.signed_by(&key, &self.known)?,
        };
        config(signed.der().clone(), &key)
    }
}

fn authority(name: &str) -> Result<(Issuer<'static, KeyPair>, String), Box<dyn Error>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate()?;
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn config(certificate: CertificateDer<'static>, key: &KeyPair) -> Result<Arc<ServerConfig>, Box<dyn Error>> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(Arc::new(builder.with_no_client_auth().with_single_cert(vec![certificate], key)?))
}
