//! TLS on both sides: the certificate that we show, the certificates that we believe, and why a
//! handshake failed.
//!
//! TLS 1.2 and 1.3 only, with rustls and ring. Nothing here chooses a policy: whether TLS is
//! required is the caller's decision.

mod client;
mod fault;
mod server;
mod validity;

pub use client::{ClientTls, Verify};
pub use fault::tls_fault;
pub use server::{KeyScheme, ServerTls};

use mail::TlsFacts;
use ring::digest;
use rustls::CommonState;
use rustls::crypto::CryptoProvider;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

/// The one cryptography provider, given to each configuration, so that none depends on what
/// another part of the process installed.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// What is kept of a TLS session, in the words that Postfix logs.
pub(crate) fn facts(session: &CommonState) -> TlsFacts {
    let version = session.protocol_version().and_then(|version| version.as_str()).unwrap_or("unknown");
    let leaf = session.peer_certificates().and_then(|chain| chain.first());
    TlsFacts {
        version: version.replace("TLSv1_", "TLSv1."),
        cipher: cipher(session),
        fingerprint: leaf.map(|leaf| sha256_hex(leaf)).unwrap_or_default(),
    }
}

fn cipher(session: &CommonState) -> String {
    let suite = session.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
    // RFC 8446 §B.4 names the suites of TLS 1.3 without the number that rustls puts in.
    suite.unwrap_or("unknown").replace("TLS13_", "TLS_")
}

fn sha256_hex(bytes: &[u8]) -> String {
    digest::digest(&digest::SHA256, bytes).as_ref().iter().fold(
        String::with_capacity(64),
        |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        },
    )
}
