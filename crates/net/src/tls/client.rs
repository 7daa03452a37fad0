//! What we believe of other servers' certificates.

use super::provider;
use crate::NetError;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::{Arc, OnceLock};

/// How strictly a server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// Chain, dates and name: what a password may be sent over.
    #[default]
    Full,
    /// Nothing but possession of the key. An administrator said `insecure = true` for one relay;
    /// it keeps listeners out, not a machine in the middle.
    Insecure,
}

/// How to be a TLS client. One for all relays without settings of their own, and one for each
/// relay with a private authority: they also remember sessions, which makes the next handshake short.
pub struct ClientTls {
    pub(crate) config: Arc<ClientConfig>,
}

impl ClientTls {
    /// Trusts the system's authorities (Mozilla's list when the system has none) and those in
    /// `extra_ca`, PEM text with one or more certificates. A server's own certificate may stand
    /// there too: it is then trusted by itself, for the names and the time that it says.
    pub fn new(extra_ca: Option<&[u8]>, verify: Verify) -> Result<Arc<Self>, NetError> {
        let extra = extra_ca.map_or_else(|| Ok(Vec::new()), certificates)?;
        let verifier: Arc<dyn ServerCertVerifier> = match verify {
            Verify::Full => Arc::new(FullVerifier::new(extra)?),
            Verify::Insecure => Arc::new(KeyOnlyVerifier(provider())),
        };
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| NetError::Authority { detail: error.to_string() })?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Arc::new(Self { config: Arc::new(config) }))
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, NetError> {
    let bad = |detail: String| NetError::Authority { detail };
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| bad(error.to_string()))?;
    if found.is_empty() { Err(bad("it has no certificate in PEM form".to_owned())) } else { Ok(found) }
}

/// The public authorities, read once: a hundred and more certificates, shared by all relays.
fn public_roots() -> &'static RootCertStore {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            // Small containers often come without ca-certificates; mail must leave all the same.
            tracing::info!("no authorities found on this system: the built-in list of Mozilla is used");
            roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        }
        roots
    })
}

/// The chain check of webpki, then the pinned certificates.
#[derive(Debug)]
struct FullVerifier {
    chain: Arc<WebPkiServerVerifier>,
    pinned: Vec<CertificateDer<'static>>,
}

impl FullVerifier {
    fn new(extra: Vec<CertificateDer<'static>>) -> Result<Self, NetError> {
        let bad = |detail: String| NetError::Authority { detail };
        let mut roots = public_roots().clone();
        for authority in &extra {
            roots.add(authority.clone()).map_err(|error| bad(error.to_string()))?;
        }
        let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider())
            .build()
            .map_err(|error| bad(error.to_string()))?;
        Ok(Self { chain, pinned: extra })
    }
}

impl ServerCertVerifier for FullVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let seen = self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match seen {
            // webpki refuses a server certificate that is marked as an authority, as most self-made
            // ones are. One that the administrator gave for this relay, byte for byte, is trusted;
            // webpki looks at the dates before this mark, so only the name is left to check.
            Err(Error::InvalidCertificate(CertificateError::Other(_)))
                if self.pinned.iter().any(|pin| pin.as_ref() == end_entity.as_ref()) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            // An authority of the same name but with another key: a server that renewed the
            // certificate that it signs itself. Nobody known signed the new one.
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                Err(CertificateError::UnknownIssuer.into())
            }
            seen => seen,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chain.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chain.supported_verify_schemes()
    }
}

/// Believes every certificate whose key the server has.
#[derive(Debug)]
struct KeyOnlyVerifier(Arc<CryptoProvider>);

impl ServerCertVerifier for KeyOnlyVerifier {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
