//! Our own certificate: made at the first start, renewed under a running server.

use crate::support::{
    Authority, HOST, Paper, Setting, Talker, TestDoor, any_tls, dial, insecure, server_tls, trusting_anyone,
};
use mail::{Clock, Timestamp};
use net::{ClientTls, ListenerKind, NetError, ServerTls, TlsMode, Verify};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use smtp::transport::Transport as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::{TlsAcceptor, TlsConnector};

const NOW: Timestamp = Timestamp(1_795_000_000_000);

async fn fingerprint(port: u16) -> String {
    dial(port, TlsMode::Implicit, &insecure()).await.unwrap().tls().unwrap().fingerprint.clone()
}

fn write(dir: &Path, pair: &(String, String)) {
    // As renewal programs do: a new file in the place of the old one.
    for (name, text) in [("k.pem", &pair.1), ("c.pem", &pair.0)] {
        fs::write(dir.join("new"), text).unwrap();
        fs::rename(dir.join("new"), dir.join(name)).unwrap();
    }
}

#[tokio::test]
async fn the_first_start_makes_a_certificate_and_the_next_uses_it() {
    let dir = tempfile::tempdir().unwrap();
    let (tls, created) = ServerTls::self_signed(dir.path(), HOST, NOW).unwrap();
    assert!(created);
    for name in ["cert.pem", "key.pem"] {
        let mode = fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "no half-written file stays");
    let before = fs::read(dir.path().join("cert.pem")).unwrap();
    let (_, again) = ServerTls::self_signed(dir.path(), HOST, NOW.plus_secs(86_400)).unwrap();
    assert!(!again);
    assert_eq!(fs::read(dir.path().join("cert.pem")).unwrap(), before);
    // A client that is given the certificate trusts it, by name and by time.
    let port = Setting::new(ListenerKind::ImplicitTls).serve(&TestDoor::site(), &tls);
    let pinned = ClientTls::new(Some(&before), Verify::Full).unwrap();
    assert!(dial(port.address.port(), TlsMode::Implicit, &pinned).await.is_ok());
}

#[test]
fn a_certificate_of_our_own_is_made_anew_for_another_name_and_before_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let made = |host: &str, now| ServerTls::self_signed(dir.path(), host, now).unwrap().1;
    assert!(made(HOST, NOW));
    assert!(!made(HOST, NOW.plus_secs(3_600 * 86_400)));
    assert!(made("other.test", NOW), "the server has another name");
    let ends = ServerTls::self_signed(dir.path(), "other.test", NOW).unwrap().0.ends().unwrap();
    assert_eq!(ends, NOW.plus_secs(3_650 * 86_400));
    assert!(!made("other.test", ends.plus_secs(-31 * 86_400)));
    assert!(made("other.test", ends.plus_secs(-29 * 86_400)), "a month before its end");
    // What somebody else issued is theirs, whatever it says.
    let issued = Authority::new().issue(&Paper::new(&["elsewhere.test"]));
    fs::write(dir.path().join("cert.pem"), &issued.0).unwrap();
    fs::write(dir.path().join("key.pem"), &issued.1).unwrap();
    assert!(!made("other.test", NOW));
}

#[tokio::test]
async fn the_end_of_tls_is_said_by_both_sides() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let tls = any_tls();
    let port = Setting::new(ListenerKind::ImplicitTls).serve(&TestDoor::site(), &tls);
    let tcp = TcpStream::connect(port.address).await.unwrap();
    let connector = TlsConnector::from(trusting_anyone());
    let mut client = connector.connect(HOST.try_into().unwrap(), tcp).await.unwrap();
    let greeting = client.read(&mut [0; 100]).await.unwrap();
    assert!(greeting > 0);
    client.shutdown().await.unwrap();
    // Without the alert, this is an error of kind UnexpectedEof.
    assert_eq!(client.read(&mut [0; 100]).await.unwrap(), 0, "our server");
    let (cert, key) = Paper::new(&[HOST]).self_signed();
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(cert.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let number = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut tls = TlsAcceptor::from(Arc::new(config)).accept(tcp).await.unwrap();
        tls.read(&mut [0; 100]).await
    });
    drop(dial(number, TlsMode::Implicit, &insecure()).await.unwrap());
    assert_eq!(server.await.unwrap().unwrap(), 0, "our client");
}

#[test]
fn a_pair_that_cannot_be_used_says_why() {
    let (one, other) = (Paper::new(&[HOST]).self_signed(), Paper::new(&[HOST]).self_signed());
    let dir = tempfile::tempdir().unwrap();
    let half = &one.0[..one.0.len() / 2];
    let missing = |error: &NetError| matches!(error, NetError::File { .. });
    let pem = |error: &NetError| matches!(error, NetError::Pem { .. });
    let mismatch = |error: &NetError| matches!(error, NetError::KeyMismatch { .. });
    let load = || ServerTls::load(&dir.path().join("c.pem"), &dir.path().join("k.pem")).err().unwrap();
    assert!(missing(&load()));
    let good = one.0.as_str();
    let no_der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (cert, key, is_expected) in [
        ("", one.1.as_str(), &pem as &dyn Fn(&NetError) -> bool),
        (half, &one.1, &pem),
        (no_der, &one.1, &pem),
        (good, "", &pem),
        (good, &one.1[..40], &pem),
        (good, &other.1, &mismatch),
        (&one.1, &one.1, &pem),
    ] {
        fs::write(dir.path().join("c.pem"), cert).unwrap();
        fs::write(dir.path().join("k.pem"), key).unwrap();
        let error = load();
        assert!(is_expected(&error), "{error:?}");
    }
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (Paper::new(&[HOST]).self_signed(), Paper::new(&[HOST]).self_signed());
    let tls = server_tls(dir.path(), &old);
    let port = Setting::new(ListenerKind::ImplicitTls).serve(&TestDoor::site(), &tls);
    let address = port.address.port();
    let before = fingerprint(address).await;
    let mut living = dial(address, TlsMode::Implicit, &insecure()).await.unwrap();
    let mut client = smtp::client::Client::new(NOW);
    client.greet(&mut living).await.unwrap();

    // Half a renewal: the certificate is there, its key is not.
    fs::write(dir.path().join("c.pem"), &new.0).unwrap();
    assert!(matches!(tls.reload(), Err(NetError::KeyMismatch { .. })));
    assert_eq!(fingerprint(address).await, before);
    fs::write(dir.path().join("k.pem"), &new.1[..50]).unwrap();
    assert!(matches!(tls.reload(), Err(NetError::Pem { .. })));
    assert_eq!(fingerprint(address).await, before);

    fs::write(dir.path().join("k.pem"), &new.1).unwrap();
    assert!(tls.reload().unwrap());
    assert!(!tls.reload().unwrap(), "the same certificate again is no change");
    assert_ne!(fingerprint(address).await, before);
    client.hello(&mut living, "client.test").await.unwrap();
}

#[tokio::test]
async fn the_files_are_watched() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (Paper::new(&[HOST]).self_signed(), Paper::new(&[HOST]).self_signed());
    let tls = server_tls(dir.path(), &old);
    let port = Setting::new(ListenerKind::ImplicitTls).serve(&TestDoor::site(), &tls);
    let before = fingerprint(port.address.port()).await;
    let (stop, stopped) = watch::channel(false);
    let watching = tokio::spawn(Arc::clone(&tls).watch(Clock::System, stopped));
    write(dir.path(), &new);
    // The watch looks every ten seconds; the virtual clock jumps there.
    tokio::time::pause();
    tokio::time::sleep(Duration::from_secs(11)).await;
    tokio::time::resume();
    assert_ne!(fingerprint(port.address.port()).await, before);
    stop.send(true).unwrap();
    watching.await.unwrap();
}

#[tokio::test]
async fn a_handshake_that_fails_harms_nobody() {
    let door = TestDoor::site();
    let port = Setting::new(ListenerKind::ImplicitTls).serve(&door, &crate::support::any_tls());
    let mut plain = Talker::connect(port.address).await;
    plain.send(b"EHLO scanner.test\r\n").await;
    // What comes is a TLS alert at most, never a line of SMTP in clear.
    assert!(!plain.reply().await.starts_with("220"));
    assert!(dial(port.address.port(), TlsMode::Implicit, &insecure()).await.is_ok());
    crate::support::until("all gone", || port.shared.connections() == 0).await;
}
