//! The certificate that all listeners show, and its renewal under a running server.

use super::provider;
use super::validity::{self, Validity};
use crate::NetError;
use mail::{Clock, Timestamp};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, ServerConfig, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;

/// How often the files are looked at: two `stat` calls.
const WATCH_EVERY: Duration = Duration::from_secs(10);

/// How long a certificate of our own is valid: a client that was told to trust it must be told again at each renewal.
const SELF_SIGNED_DAYS: u64 = 3650;

/// So many days before its end a certificate of our own is made anew.
const RENEWED_DAYS_BEFORE: i64 = 30;

/// So many days before its end, the end of a certificate that others renew is told in the log.
const TOLD_DAYS_BEFORE: [i64; 4] = [30, 14, 7, 1];

const DAY_MS: i64 = 86_400_000;

/// The certificate and key for all listeners. New connections get the newest pair; a handshake
/// that has begun keeps the one it began with.
pub struct ServerTls {
    cert: PathBuf,
    key: PathBuf,
    current: Arc<Current>,
    seen: RwLock<[Option<FileStamp>; 2]>,
    /// The name that a certificate of our own is for; `None` when others make it.
    own: Option<String>,
    pub(crate) config: Arc<ServerConfig>,
}

/// What tells one state of a file from another. The inode catches the usual renewal by rename,
/// whose new file may have the same length and, on coarse clocks, the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    modified_ns: (i64, i64),
    len: u64,
    inode: u64,
}

/// How the key of a certificate signs what is not TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyScheme {
    /// RSA, PKCS #1 v1.5, SHA-256.
    RsaSha256,
    /// ECDSA on P-256, SHA-256.
    EcdsaSha256,
    /// ECDSA on P-384, SHA-384.
    EcdsaSha384,
}

#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    fn pair(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn replace(&self, pair: CertifiedKey) -> bool {
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let changed = current.cert != pair.cert;
        *current = Arc::new(pair);
        changed
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.pair())
    }
}

impl ServerTls {
    /// Reads a chain (leaf first) and its key from PEM files.
    pub fn load(cert: &Path, key: &Path) -> Result<Arc<Self>, NetError> {
        Self::read(cert, key, None).map(Arc::new)
    }

    fn read(cert: &Path, key: &Path, own: Option<String>) -> Result<Self, NetError> {
        let seen = [stamp(cert), stamp(key)];
        let current = Arc::new(Current(RwLock::new(Arc::new(read_pair(cert, key)?))));
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| NetError::Pem { path: cert.to_owned(), detail: error.to_string() })?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        Ok(Self {
            cert: cert.to_owned(),
            key: key.to_owned(),
            current,
            seen: RwLock::new(seen),
            own,
            config: Arc::new(config),
        })
    }

    /// Uses `cert.pem` and `key.pem` in `dir`, and makes them at the first start: signed by
    /// itself, for `host_name` and for this machine. Makes them again when this server's name has changed, and a month
    /// before their end; a certificate that somebody else issued is never touched. Says whether they were made now.
    pub fn self_signed(dir: &Path, host_name: &str, now: Timestamp) -> Result<(Arc<Self>, bool), NetError> {
        let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
        let is_there = cert.exists() && key.exists();
        if is_there {
            let found = Self::read(&cert, &key, Some(host_name.to_owned()))?;
            if !found.is_to_be_made_anew(now) {
                return Ok((Arc::new(found), false));
            }
        }
        make_pair(&cert, &key, host_name, now)?;
        Ok((Arc::new(Self::read(&cert, &key, Some(host_name.to_owned()))?), true))
    }

    /// When the certificate that is shown ends.
    pub fn ends(&self) -> Option<Timestamp> {
        self.validity().map(|validity| validity.ends)
    }

    /// Lets the key sign a document: what is made with the chain that is shown (DER, leaf first), how the key signs, and
    /// its signature of a message. `None` for a key of another kind, as few certificates have.
    pub fn with_key<T>(
        &self,
        make: impl FnOnce(&[Vec<u8>], KeyScheme, &dyn Fn(&[u8]) -> Option<Vec<u8>>) -> T,
    ) -> Option<T> {
        let pair = self.current.pair();
        let signer = pair.key.choose_scheme(&[
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::ECDSA_NISTP384_SHA384,
            SignatureScheme::RSA_PKCS1_SHA256,
        ])?;
        let scheme = match signer.scheme() {
            SignatureScheme::ECDSA_NISTP256_SHA256 => KeyScheme::EcdsaSha256,
            SignatureScheme::ECDSA_NISTP384_SHA384 => KeyScheme::EcdsaSha384,
            SignatureScheme::RSA_PKCS1_SHA256 => KeyScheme::RsaSha256,
            _ => return None,
        };
        let chain: Vec<Vec<u8>> = pair.cert.iter().map(|one| one.to_vec()).collect();
        Some(make(&chain, scheme, &|message| signer.sign(message).ok()))
    }

    fn validity(&self) -> Option<Validity> {
        self.current.pair().cert.first().and_then(|leaf| validity::of(leaf))
    }

    /// Whether the certificate is our own work, and fits no more.
    fn is_to_be_made_anew(&self, now: Timestamp) -> bool {
        let Some(host_name) = &self.own else { return false };
        let Some(validity) = self.validity().filter(|validity| validity.is_self_signed) else { return false };
        let pair = self.current.pair();
        let leaf = pair.cert.first().and_then(|leaf| webpki::EndEntityCert::try_from(leaf).ok());
        let name = ServerName::try_from(host_name.as_str());
        let is_ours = match (leaf, name) {
            (Some(leaf), Ok(name)) => leaf.verify_is_valid_for_subject_name(&name).is_ok(),
            // What no certificate can be for would be made anew at every start.
            _ => true,
        };
        !is_ours || validity.ends.since_ms(now) < RENEWED_DAYS_BEFORE * DAY_MS
    }

    /// Reads the files again, and says whether the certificate shown has changed. On an error the
    /// old pair stays.
    pub fn reload(&self) -> Result<bool, NetError> {
        // The stamps are taken before reading: what changes in between is read again next time.
        let stamps = [stamp(&self.cert), stamp(&self.key)];
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = stamps;
        Ok(self.current.replace(read_pair(&self.cert, &self.key)?))
    }

    /// Watches the two files and takes a new pair when it is whole, until `stop` becomes true. A
    /// pair that is half written or does not match is logged once for each state of the files. Makes a certificate of our
    /// own anew in time, and tells of the end of another's.
    pub async fn watch(self: Arc<Self>, clock: Clock, mut stop: watch::Receiver<bool>) {
        let mut told = None;
        self.heed_end(clock.now(), &mut told);
        while !*stop.borrow_and_update() {
            let stopped = tokio::time::timeout(WATCH_EVERY, stop.changed()).await;
            if matches!(stopped, Ok(Err(_))) {
                return;
            }
            if self.has_changed() {
                match self.reload() {
                    Ok(true) => tracing::info!(path = %self.cert.display(), "new certificate in use"),
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "new certificate refused: the old one stays in use"),
                }
            }
            self.heed_end(clock.now(), &mut told);
        }
    }

    /// Looks how far the end is; `told` is the last warning, which is not said twice.
    fn heed_end(&self, now: Timestamp, told: &mut Option<(Timestamp, i64)>) {
        if self.is_to_be_made_anew(now) {
            let host_name = self.own.as_deref().unwrap_or_default();
            let made = make_pair(&self.cert, &self.key, host_name, now).and_then(|()| self.reload());
            match made {
                Ok(_) => {
                    tracing::info!(path = %self.cert.display(), "the certificate was made anew before its end")
                }
                Err(error) => tracing::error!(%error, "the certificate cannot be made anew"),
            }
        }
        let Some(ends) = self.ends() else { return };
        let left_ms = ends.since_ms(now);
        let due = TOLD_DAYS_BEFORE.iter().rev().find(|days| left_ms < **days * DAY_MS).copied();
        let Some(days) = due.filter(|days| *told != Some((ends, *days))) else { return };
        *told = Some((ends, days));
        let (path, left) = (self.cert.display(), left_ms.div_euclid(DAY_MS));
        if left_ms < 0 {
            tracing::error!(%path, "the certificate has ended: mail programs refuse it; renew it");
        } else {
            tracing::warn!(%path, days_left = left, "the certificate ends soon: renew it");
        }
    }

    fn has_changed(&self) -> bool {
        let stamps = [stamp(&self.cert), stamp(&self.key)];
        *self.seen.read().unwrap_or_else(PoisonError::into_inner) != stamps
    }
}

fn stamp(path: &Path) -> Option<FileStamp> {
    let meta = fs::metadata(path).ok()?;
    Some(FileStamp { modified_ns: (meta.mtime(), meta.mtime_nsec()), len: meta.len(), inode: meta.ino() })
}

fn read_pair(cert: &Path, key: &Path) -> Result<CertifiedKey, NetError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(cert)?)
        .collect::<Result<_, _>>()
        .map_err(|error| bad_pem(cert, &error))?;
    let Some(leaf) = chain.first() else {
        return Err(bad_pem(cert, &"the file has no certificate in PEM form"));
    };
    // A chain cut in the middle of a certificate may still be valid PEM; what it holds is parsed
    // here, because rustls would only notice at the first handshake.
    webpki::EndEntityCert::try_from(leaf).map_err(|error| bad_pem(cert, &error))?;
    let secret = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|error| bad_pem(key, &error))?;
    CertifiedKey::from_der(chain, secret, &provider()).map_err(|error| match error {
        Error::InconsistentKeys(_) => NetError::KeyMismatch { cert: cert.to_owned(), key: key.to_owned() },
        other => bad_pem(key, &other),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, NetError> {
    fs::read(path).map_err(|source| NetError::File { path: path.to_owned(), source })
}

fn bad_pem(path: &Path, detail: &dyn std::fmt::Display) -> NetError {
    NetError::Pem { path: path.to_owned(), detail: detail.to_string() }
}

fn make_pair(cert: &Path, key: &Path, host_name: &str, now: Timestamp) -> Result<(), NetError> {
    let bad = |error: rcgen::Error| NetError::SelfSigned {
        host_name: host_name.to_owned(),
        detail: error.to_string(),
    };
    let names = [host_name, "localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names).map_err(bad)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, host_name);
    let day_secs = 86_400;
    let now_secs = u64::try_from(now.secs()).unwrap_or(0);
    let epoch = date_time_ymd(1970, 1, 1);
    // A day back, so that a client whose clock is slow does not refuse a server just installed.
    params.not_before = epoch + Duration::from_secs(now_secs.saturating_sub(day_secs));
    params.not_after = epoch + Duration::from_secs(now_secs.saturating_add(SELF_SIGNED_DAYS * day_secs));
    let pair = KeyPair::generate().map_err(bad)?;
    let signed = params.self_signed(&pair).map_err(bad)?;
    // The key first: a stop in between leaves a key without certificate, and both are made again.
    write_private(key, pair.serialize_pem().as_bytes())?;
    write_private(cert, signed.pem().as_bytes())
}

/// Writes a file that only its owner reads, whole or not at all.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), NetError> {
    let failed = |source: io::Error| NetError::File { path: path.to_owned(), source };
    let half = path.with_extension("pem.new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&half).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&half, path).map_err(failed)?;
    // The name too must survive a power cut, or clients would be shown another certificate after it.
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
}
