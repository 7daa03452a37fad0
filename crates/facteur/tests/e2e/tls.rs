//! A certificate that was renewed is served without a restart, and without breaking what is open.

use crate::support::client::Client;
use crate::support::paper::Authority;
use crate::support::program::{find, run};
use crate::support::server::{HOST, Port, Server};
use crate::support::until;
use std::fs;
use std::process::Command;

/// The fingerprint of the certificate that a port shows, as openssl prints it.
fn shown(port: u16, starttls: bool) -> Option<String> {
    let openssl = find("openssl", "openssl");
    let to = format!("127.0.0.1:{port}");
    let mut client = Command::new(&openssl);
    client.args(["s_client", "-connect", &to, "-servername", HOST]);
    if starttls {
        client.args(["-starttls", "smtp"]);
    }
    let seen = run(&mut client, b"");
    fingerprint(&seen.out)
}

/// The fingerprint of the first certificate of a PEM text.
fn fingerprint(pem: &str) -> Option<String> {
    let mut read = Command::new(find("openssl", "openssl"));
    let done = run(read.args(["x509", "-noout", "-fingerprint", "-sha256"]), pem.as_bytes());
    (done.code == 0).then_some(done.out)
}

#[test]
fn a_renewed_certificate_is_served_without_a_restart() {
    let authority = Authority::new();
    let paths = tempfile::tempdir().expect("a temporary directory");
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| paths.path().join(name));
    authority.issue(HOST, &cert, &key);
    let tls = format!("[tls]\ncert = \"{}\"\nkey = \"{}\"\n", cert.display(), key.display());
    let mut server = Server::fresh("en", &tls);
    server.go();
    let (at_once, later) = (server.port(Port::Tls), server.port(Port::StartTls));
    let first = fingerprint(&fs::read_to_string(&cert).expect("a certificate"));
    assert!(first.is_some());
    assert_eq!((shown(at_once, false), shown(later, true)), (first.clone(), first.clone()));
    let mut open = Client::connect(server.port(Port::Submission));
    // Half of a renewal: the pair does not match, and the old one is served on.
    let spare = paths.path().join("spare.pem");
    authority.issue(HOST, &cert, &spare);
    until("the log tells of the pair that does not match", 20, || {
        server.log().contains("certificate").then_some(())
    });
    assert_eq!(shown(at_once, false), first);
    fs::rename(&spare, &key).expect("the key follows");
    let second = fingerprint(&fs::read_to_string(&cert).expect("a certificate"));
    until("the renewed certificate is served", 20, || (shown(at_once, false) == second).then_some(()));
    assert_eq!(shown(later, true), second);
    assert_ne!(first, second);
    open.expect("NOOP", "250");
}
