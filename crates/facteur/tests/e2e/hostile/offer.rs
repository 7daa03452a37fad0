//! What the ports offer of TLS, as a scanner sees it: nothing that is weak, and no version before 1.2.

use crate::support::program::{find, run};
use crate::support::server::{Port, Server};
use std::process::Command;
use testkit::proof;

/// What sslscan says of a port.
fn scan(port: u16, starttls: bool) -> String {
    let mut command = Command::new(find("sslscan", "sslscan"));
    command.args(["--no-colour", "--xml=-", "--show-certificate"]);
    if starttls {
        command.arg("--starttls-smtp");
    }
    let done = run(command.arg(format!("127.0.0.1:{port}")), b"");
    assert_eq!(done.code, 0, "{}", done.err);
    done.out
}

/// The value of an attribute in a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let from = tag.split_once(&format!("{name}=\"")).map_or("", |(_, rest)| rest);
    from.split('"').next().unwrap_or_default()
}

fn tags<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!("<{name} ");
    xml.lines().map(str::trim).filter(|line| line.starts_with(&begin)).collect()
}

fn check(xml: &str) {
    let protocols = tags(xml, "protocol");
    assert!(protocols.len() >= 6, "{xml}");
    for protocol in protocols {
        let is_new =
            attribute(protocol, "type") == "tls" && ["1.2", "1.3"].contains(&attribute(protocol, "version"));
        assert_eq!(attribute(protocol, "enabled"), if is_new { "1" } else { "0" }, "{protocol}");
    }
    let ciphers = tags(xml, "cipher");
    assert!(ciphers.len() >= 4, "{xml}");
    for cipher in ciphers {
        assert!(["TLSv1.2", "TLSv1.3"].contains(&attribute(cipher, "sslversion")), "{cipher}");
        // What it calls acceptable is AES with 128 bits; below that come medium, weak and null.
        assert!(["strong", "acceptable"].contains(&attribute(cipher, "strength")), "{cipher}");
        assert!(attribute(cipher, "bits").parse::<u32>().is_ok_and(|bits| bits >= 128), "{cipher}");
        // Forward secrecy: without it, a key that is stolen later opens what was recorded.
        let name = attribute(cipher, "cipher");
        assert!(name.starts_with("TLS_") || name.starts_with("ECDHE-"), "{cipher}");
    }
    for heartbleed in tags(xml, "heartbleed") {
        assert_eq!(attribute(heartbleed, "vulnerable"), "0", "{heartbleed}");
    }
    for compression in tags(xml, "compression") {
        assert_eq!(attribute(compression, "supported"), "0", "{compression}");
    }
    for renegotiation in tags(xml, "renegotiation") {
        let is_bad =
            attribute(renegotiation, "supported") == "1" && attribute(renegotiation, "secure") != "1";
        assert!(!is_bad, "{renegotiation}");
    }
    assert!(
        !xml.contains("<self-signed>unknown") && !xml.contains("md5With") && !xml.contains("sha1With"),
        "{xml}"
    );
}

#[test]
fn every_port_offers_good_tls_alone() {
    let mut server = Server::fresh("en", "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"mx\"\n");
    server.go();
    for (port, starttls) in
        [(Port::Tls, false), (Port::StartTls, true), (Port::Submission, true), (Port::Mx, true)]
    {
        check(&scan(server.port(port), starttls));
    }
    proof::passed(
        "B8",
        "crates/facteur/tests/e2e/hostile/offer.rs::every_port_offers_good_tls_alone",
        4,
        "ports",
        None,
    );
}
