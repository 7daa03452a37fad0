//! Our own certificate: made at the first start, renewed under a running server.

use crate::support::{HOST, Paper, Setting, Talker, TestDoor, dial, insecure, server_tls};
use mail::Timestamp;
use net::{ClientTls, ListenerKind, NetError, ServerTls, TlsMode, Verify};
use smtp::transport::Transport as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

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
    let watching = tokio::spawn(Arc::clone(&tls).watch(stopped));
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
