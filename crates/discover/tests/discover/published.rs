//! What is published is what other people's readers accept.

use discover::publish::Hosted;
use discover::{Protocol, Server, SignIn, Tls, UserForm};
use std::io::Write as _;
use std::process::{Command, Stdio};

fn hosted() -> Hosted {
    let server = |protocol, host: &str, port, tls| Server {
        user: Some(UserForm::Full),
        sign_in: vec![SignIn::Password],
        ..Server::at(protocol, host, port, tls)
    };
    Hosted {
        domain: "example.org".to_owned(),
        name: "Dupont & fils <mail>".to_owned(),
        servers: vec![
            server(Protocol::Imap, "imap.example.org", 993, Tls::Implicit),
            server(Protocol::Smtp, "smtp.example.org", 587, Tls::Starttls),
            server(Protocol::Smtp, "smtp.example.org", 465, Tls::Implicit),
            server(Protocol::Smtp, "old.example.org", 25, Tls::None),
        ],
    }
}

/// What xmllint says of a document; nothing when it is well formed. DTDs are not fetched.
fn xmllint(document: &str) -> String {
    let mut child = Command::new("xmllint")
        .args(["--noout", "--nonet", "-"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint is installed by scripts/setup.sh");
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let done = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&done.stderr).into_owned()
}

#[test]
fn documents_are_well_formed() {
    let (hosted, address) = (hosted(), "anne@example.org".parse().unwrap());
    let profile = hosted.profile(&address).unwrap();
    for document in
        [hosted.autoconfig(None), hosted.autoconfig(Some(&address)), hosted.autodiscover(&address), profile]
    {
        assert_eq!(xmllint(&document), "", "{document}");
        assert!(!document.contains("old.example.org"), "a server without TLS is published");
    }
    assert_ne!(xmllint("<a>"), "", "xmllint says nothing of a broken document");
}

#[test]
fn every_address_gets_the_same_answer() {
    let hosted = hosted();
    let of = |address: &str| {
        let parsed = address.parse().unwrap();
        (hosted.autoconfig(Some(&parsed)) + &hosted.autodiscover(&parsed)).replace(address, "ADDRESS")
    };
    assert_eq!(of("anne@example.org"), of("nobody@example.org"));
    assert!(hosted.autoconfig(None).contains("<username>%EMAILADDRESS%</username>"));
    assert!(
        hosted
            .autoconfig(Some(&"anne@example.org".parse().unwrap()))
            .contains("<username>anne@example.org</username>")
    );
}

#[test]
fn a_hostile_address_writes_no_xml() {
    let address = "\"<a>&\"@example.org".parse().unwrap();
    let hosted = hosted();
    for document in
        [hosted.autoconfig(Some(&address)), hosted.autodiscover(&address), hosted.profile(&address).unwrap()]
    {
        assert_eq!(xmllint(&document), "", "{document}");
    }
}

#[test]
fn records_say_what_is_there_and_what_is_not() {
    let expected = "_imaps._tcp.example.org. SRV 0 1 993 imap.example.org.\n\
                    _pop3s._tcp.example.org. SRV 0 0 0 .\n\
                    _pop3._tcp.example.org. SRV 0 0 0 .\n\
                    _submissions._tcp.example.org. SRV 0 1 465 smtp.example.org.\n\
                    _submission._tcp.example.org. SRV 0 1 587 smtp.example.org.\n\
                    _autodiscover._tcp.example.org. SRV 0 0 443 web.example.org.\n\
                    autoconfig.example.org. CNAME web.example.org.\n\
                    autodiscover.example.org. CNAME web.example.org.\n";
    assert_eq!(hosted().zone("web.example.org"), expected);
    let json = hosted().autodiscover_json();
    assert_eq!(
        json,
        "{\"Protocol\":\"AutodiscoverV1\",\"Url\":\"https://autodiscover.example.org/autodiscover/autodiscover.xml\"}"
    );
}
