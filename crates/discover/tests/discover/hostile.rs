//! Four hundred documents that mean harm, each refused with its reason or read without what is bad in it.

use discover::Refusal;
use discover::read::{MAX_BYTES, autoconfig, autodiscover};
use mail::Address;

const GOOD: &str = "<incomingServer type=\"imap\"><hostname>imap.example.org</hostname><port>993</port><socketType>SSL</socketType></incomingServer>";

/// Documents by what is wrong with them as a whole, and the reason that must be given.
fn wholly_bad() -> Vec<(String, Refusal)> {
    let mut cases = Vec::new();
    let wrap = |inner: &str| {
        format!(
            "<clientConfig version=\"1.1\"><emailProvider id=\"a\">{inner}</emailProvider></clientConfig>"
        )
    };
    for levels in 1..=20_u32 {
        let entities: String =
            (1..=levels).map(|n| format!("<!ENTITY e{n} \"&e{};&e{};\">", n - 1, n - 1)).collect();
        let bomb = format!("<!DOCTYPE x [<!ENTITY e0 \"boom\">{entities}]>{}", wrap(&format!("&e{levels};")));
        cases.push((bomb, Refusal::Entities));
        let uri = ["file:///etc/passwd", "http://169.254.169.254/", "ftp://a.example/x", "expect://id"]
            [levels as usize % 4];
        cases.push((
            format!("<!DOCTYPE x [<!ENTITY x{levels} SYSTEM \"{uri}\">]>{}", wrap(&format!("&x{levels};"))),
            Refusal::Entities,
        ));
        cases.push((
            format!("<!DOCTYPE x SYSTEM \"http://a.example/{levels}.dtd\">{}", wrap(GOOD)),
            Refusal::Entities,
        ));
        cases.push((wrap(&format!("{GOOD}&undefined{levels};")), Refusal::Entities));
        cases.push((wrap(&format!("<domain a=\"&undefined{levels};\"/>{GOOD}")), Refusal::Entities));
        cases.push((wrap(&"<a>".repeat(16 + levels as usize)), Refusal::TooComplex));
        cases.push((wrap(&"<a/>".repeat(4_000 + levels as usize)), Refusal::TooComplex));
        cases.push((
            wrap(&format!("<domain>{}</domain>", "x".repeat(2_048 + levels as usize))),
            Refusal::TooComplex,
        ));
        let attributes: String = (0..16 + levels).map(|n| format!(" a{n}=\"x\"")).collect();
        cases.push((wrap(&format!("<domain{attributes}/>")), Refusal::TooComplex));
        cases.push((wrap(&" ".repeat(MAX_BYTES + levels as usize)), Refusal::TooLarge { limit: MAX_BYTES }));
        let whole = wrap(GOOD);
        cases.push((whole[..whole.len() - levels as usize].to_owned(), Refusal::Malformed));
        cases.push((
            format!("<html><head><title>{levels}</title></head><body>Welcome</body></html>"),
            Refusal::WrongKind,
        ));
        cases.push((wrap(&format!("<incomingServer type=\"x{levels}\"/>")), Refusal::Empty));
        cases.push((wrap(&format!("<domain>a{levels}</wrong>")), Refusal::Malformed));
    }
    cases
}

/// Servers of which each is bad by itself; the good one beside it must survive.
fn bad_servers() -> Vec<String> {
    let server = |host: &str, port: &str, tls: &str| {
        format!(
            "<incomingServer type=\"imap\"><hostname>{host}</hostname><port>{port}</port><socketType>{tls}</socketType></incomingServer>"
        )
    };
    let hosts = [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "0",
        "2130706433",
        "0x7f.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "imap",
        "",
        " ",
        "a b.example",
        "a\u{0}.example",
        "a..example",
        ".example",
        "-a.example",
        "a-.example",
        "a_b.example",
        "imap.example.org:993",
        "imap.example.org/x",
        "user@imap.example.org",
        "%EMAILADDRESS%",
        "imap.example.org%00.example",
        "<b>x</b>",
        "imap.example.1",
        "a.example\r\nQUIT",
        "http://imap.example.org",
        "..",
    ];
    let ports = [
        "0",
        "-1",
        "65536",
        "99999999999999999999",
        "",
        "imap",
        "993a",
        "9 93",
        "0x3e1",
        "+",
        "９９３",
        "1e3",
    ];
    let kinds = ["plain", "none", "", "SSLv3", "maybe", "STARTTLS?", "ssl3", "unencrypted"];
    let hosts = hosts.iter().map(|host| server(host, "993", "SSL"));
    let ports = ports.iter().map(|port| server("other.example.org", port, "SSL"));
    let kinds = kinds.iter().map(|kind| server("other.example.org", "143", kind));
    let once: Vec<String> = hosts.chain(ports).chain(kinds).collect();
    // Before the good server, behind it, and three times over.
    once.iter()
        .flat_map(|bad| [format!("{bad}{GOOD}"), format!("{GOOD}{bad}"), format!("{bad}{bad}{GOOD}{bad}")])
        .collect()
}

#[test]
fn four_hundred_documents_that_mean_harm() {
    let address: Address = "anne@example.org".parse().unwrap();
    let mut count = 0_u64;
    for (document, refusal) in wholly_bad() {
        assert_eq!(autoconfig(document.as_bytes(), "example.org"), Err(refusal.clone()), "{document:.200}");
        let other = document.replace("clientConfig", "Autodiscover").replace("emailProvider", "Response");
        let refused = autodiscover(other.as_bytes(), &address);
        let expected = [refusal, Refusal::Empty];
        assert!(
            refused.as_ref().is_err_and(|refused| expected.contains(refused)),
            "{refused:?}: {other:.200}"
        );
        count += 1;
    }
    for servers in bad_servers() {
        let document =
            format!("<clientConfig><emailProvider id=\"a\">{servers}</emailProvider></clientConfig>");
        match autoconfig(document.as_bytes(), "example.org") {
            Ok(said) => {
                let hosts: Vec<&str> = said.servers.iter().map(|server| server.host.as_str()).collect();
                assert_eq!(hosts, ["imap.example.org"], "{document}");
                assert!(!said.dropped.is_empty(), "{document}");
            }
            // Markup inside a name, or a byte that XML forbids, may cost the whole document.
            Err(refusal) => assert_eq!(refusal, Refusal::Malformed, "{document}"),
        }
        count += 1;
    }
    assert!(count >= 400, "{count}");
}
