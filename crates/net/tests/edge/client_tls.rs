//! Every fault of a server's certificate or TLS, by its name; and what is trusted.

use crate::support::{Authority, HOST, Paper, Port, Setting, TestDoor, dial, insecure, server_tls};
use mail::{Seen, Stage, Timestamp, TlsFault};
use net::{ClientTls, ListenerKind, TlsMode, Verify};
use rcgen::ExtendedKeyUsagePurpose;
use smtp::transport::Transport as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn serve_with(pair: &(String, String)) -> Port {
    let dir = tempfile::tempdir().unwrap();
    Setting::new(ListenerKind::ImplicitTls).serve(&TestDoor::site(), &server_tls(dir.path(), pair))
}

async fn check(what: &str, pair: &(String, String), client: &Arc<ClientTls>, expected: Option<TlsFault>) {
    let port = serve_with(pair);
    let dialled = dial(port.address.port(), TlsMode::Implicit, client).await;
    match (dialled, expected) {
        (Ok(connection), None) => {
            let facts = connection.tls().unwrap();
            assert_eq!((facts.version.as_str(), facts.fingerprint.len()), ("TLSv1.3", 64), "{what}");
            assert!(facts.cipher.starts_with("TLS_"), "{what}: {}", facts.cipher);
        }
        (Err(evidence), Some(fault)) => {
            assert_eq!((evidence.stage, evidence.seen), (Stage::Tls, Seen::Tls { fault }), "{what}");
            let peer = evidence.peer.unwrap();
            assert_eq!((peer.host.as_str(), peer.address.is_some()), (HOST, true), "{what}");
        }
        (Ok(_), Some(fault)) => panic!("{what}: trusted, expected {fault:?}"),
        (Err(evidence), None) => panic!("{what}: {evidence}"),
    }
}

#[tokio::test]
async fn every_fault_of_a_certificate_has_its_name() {
    let authority = Authority::new();
    let ours = ClientTls::new(Some(authority.pem.as_bytes()), Verify::Full).unwrap();
    let public = ClientTls::new(None, Verify::Full).unwrap();
    let paper = || Paper::new(&[HOST]);
    let good = authority.issue(&paper());
    let expired = authority.issue(&Paper { years: (2020, 2021), ..paper() });
    let future = authority.issue(&Paper { years: (2090, 2100), ..paper() });
    let foreign = authority.issue(&Paper::new(&["other.test", "*.wild.test", "192.0.2.1"]));
    let for_clients =
        authority.issue(&Paper { purposes: vec![ExtendedKeyUsagePurpose::ClientAuth], ..paper() });
    let not_after = Some(Timestamp(1_609_459_200_000));
    let presented = ["other.test", "*.wild.test", "192.0.2.1"].map(str::to_owned).to_vec();

    check("a good one", &good, &ours, None).await;
    check("expired", &expired, &ours, Some(TlsFault::Expired { not_after })).await;
    check("not yet valid", &future, &ours, Some(TlsFault::NotYetValid)).await;
    check("other names", &foreign, &ours, Some(TlsFault::WrongName { presented })).await;
    check("unknown authority", &good, &public, Some(TlsFault::UnknownIssuer)).await;
    for is_authority in [false, true] {
        let own = Paper { is_authority, ..paper() }.self_signed();
        check("signed by itself", &own, &public, Some(TlsFault::UnknownIssuer)).await;
    }
    let port = serve_with(&for_clients);
    let evidence = dial(port.address.port(), TlsMode::Implicit, &ours).await.err().unwrap();
    assert!(matches!(evidence.seen, Seen::Tls { fault: TlsFault::Rejected { .. } }), "{evidence:?}");
}

#[tokio::test]
async fn a_certificate_given_for_a_relay_is_trusted_for_its_names_and_its_time() {
    for is_authority in [false, true] {
        let paper = |names: &[&str]| Paper { is_authority, ..Paper::new(names) };
        let good = paper(&[HOST]).self_signed();
        let trusting =
            |pair: &(String, String)| ClientTls::new(Some(pair.0.as_bytes()), Verify::Full).unwrap();
        check("pinned", &good, &trusting(&good), None).await;
        let other = paper(&[HOST]).self_signed();
        check("another pinned", &good, &trusting(&other), Some(TlsFault::UnknownIssuer)).await;
        let named = paper(&["other.test"]).self_signed();
        let presented = vec!["other.test".to_owned()];
        check("wrong name", &named, &trusting(&named), Some(TlsFault::WrongName { presented })).await;
        let old = Paper { years: (2020, 2021), ..paper(&[HOST]) }.self_signed();
        let not_after = Some(Timestamp(1_609_459_200_000));
        check("expired", &old, &trusting(&old), Some(TlsFault::Expired { not_after })).await;
    }
}

#[tokio::test]
async fn insecure_trusts_any_certificate() {
    let worst =
        Paper { years: (2020, 2021), is_authority: true, ..Paper::new(&["other.test"]) }.self_signed();
    check("insecure", &worst, &insecure(), None).await;
}

#[test]
fn only_certificates_are_authorities() {
    let key = Authority::new().issue(&Paper::new(&[HOST])).1;
    for bad in ["", "no PEM", key.as_str(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
    {
        assert!(ClientTls::new(Some(bad.as_bytes()), Verify::Full).is_err(), "{bad}");
    }
}

/// A server that answers the first bytes with `answer`, and closes.
async fn against(answer: &'static [u8]) -> Seen {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut hello = vec![0; 4096];
        let _ = tcp.read(&mut hello).await;
        let _ = tcp.write_all(answer).await;
        let _ = tcp.shutdown().await;
        while tcp.read(&mut hello).await.is_ok_and(|count| count > 0) {}
    });
    let evidence = dial(port, TlsMode::Implicit, &insecure()).await.err().unwrap();
    assert_eq!(evidence.stage, Stage::Tls);
    evidence.seen
}

#[tokio::test]
async fn every_fault_of_the_handshake_has_its_name() {
    let tls = |fault| Seen::Tls { fault };
    for plain in
        ["220 mail.test ESMTP\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "* OK IMAP ready\r\n", "+OK\r\n"]
    {
        assert_eq!(against(plain.as_bytes()).await, tls(TlsFault::NotTls), "{plain}");
    }
    // Fatal alerts: protocol_version (70), handshake_failure (40), insufficient_security (71).
    for alert in
        [b"\x15\x03\x01\x00\x02\x02\x46", b"\x15\x03\x03\x00\x02\x02\x28", b"\x15\x03\x03\x00\x02\x02\x47"]
    {
        assert_eq!(against(alert).await, tls(TlsFault::NoCommonVersion));
    }
    // internal_error (80) says nothing that a person could act on.
    let internal = against(b"\x15\x03\x03\x00\x02\x02\x50").await;
    assert!(matches!(internal, Seen::Tls { fault: TlsFault::Other { .. } }), "{internal:?}");
    assert_eq!(against(b"").await, Seen::Dropped);
}

#[tokio::test]
async fn a_server_that_never_shakes_hands_times_out() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let dialer = crate::support::dialer(&["127.0.0.1"]);
    let target = crate::support::target(port, TlsMode::Implicit, &insecure());
    let evidence = dialer.dial(&target, Duration::from_millis(100)).await.err().unwrap();
    assert_eq!(evidence.stage, Stage::Tls);
    assert!(matches!(evidence.seen, Seen::Timeout { after_ms: 1..=100 }), "{evidence:?}");
}

#[tokio::test]
async fn tls_1_2_is_spoken_where_1_3_is_not() {
    let pair = Paper::new(&[HOST]).self_signed();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let cert = rustls_pki_types::pem::PemObject::from_pem_slice(pair.0.as_bytes()).unwrap();
    let key = rustls_pki_types::pem::PemObject::from_pem_slice(pair.1.as_bytes()).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert], key)
        .unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        tokio_rustls::TlsAcceptor::from(Arc::new(config)).accept(tcp).await.unwrap()
    });
    let pinned = ClientTls::new(Some(pair.0.as_bytes()), Verify::Full).unwrap();
    let connection = dial(port, TlsMode::Implicit, &pinned).await.unwrap();
    let facts = connection.tls().unwrap();
    assert_eq!(facts.version, "TLSv1.2");
    assert!(facts.cipher.starts_with("TLS_ECDHE_"), "{}", facts.cipher);
    server.await.unwrap();
}
