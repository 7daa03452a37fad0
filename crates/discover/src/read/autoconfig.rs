//! Autoconfig 1.1: what Thunderbird and its kin look for (draft-bucksch-autoconfig, "config-v1.1.xml").

use super::xml::{self, Element};
use super::{Said, host, port};
use crate::finding::Why;
use crate::refusal::Refusal;
use crate::server::{Protocol, Server, SignIn, Tls, UserForm};

/// Reads a document for an address's domain.
pub fn autoconfig(bytes: &[u8], domain: &str) -> Result<Said, Refusal> {
    let root = xml::parse(bytes)?;
    if root.name != "clientConfig" {
        return Err(Refusal::WrongKind);
    }
    let provider = root.first("emailProvider").ok_or(Refusal::Empty)?;
    let mut said = Said::default();
    for (name, outgoing) in [("incomingServer", false), ("outgoingServer", true)] {
        for block in provider.all(name) {
            match (block.attribute("type"), outgoing) {
                ("imap", false) => take(&mut said, Protocol::Imap, block, domain),
                ("pop3", false) => take(&mut said, Protocol::Pop3, block, domain),
                ("smtp", true) => take(&mut said, Protocol::Smtp, block, domain),
                ("exchange" | "ews" | "graph", false) => said.exchange = true,
                // RFC-less types come and go: what is not understood is passed over.
                _ => {}
            }
        }
    }
    if said.servers.is_empty() && said.dropped.is_empty() && !said.exchange {
        Err(Refusal::Empty)
    } else {
        Ok(said)
    }
}

fn take(said: &mut Said, protocol: Protocol, block: &Element, domain: &str) {
    let named = block.text_of("hostname").replace("%EMAILDOMAIN%", domain);
    said.take(protocol, &named, server(protocol, &named, block));
}

fn server(protocol: Protocol, named: &str, block: &Element) -> Result<Server, Why> {
    let host = host(named).ok_or(Why::NoName)?;
    let port = port(block.text_of("port")).ok_or(Why::NoPort)?;
    let tls = match block.text_of("socketType").to_ascii_lowercase().as_str() {
        "ssl" | "tls" => Tls::Implicit,
        "starttls" => Tls::Starttls,
        _ => return Err(Why::NoTls),
    };
    let mut sign_in = Vec::new();
    for block in block.all("authentication") {
        let how = match block.text().to_ascii_lowercase().as_str() {
            // "plain" and "secure" are the names of version 1.0.
            "password-cleartext" | "plain" => SignIn::Password,
            "password-encrypted" | "secure" => SignIn::Encrypted,
            "oauth2" => SignIn::OAuth2,
            "none" | "client-ip-address" => SignIn::None,
            _ => continue,
        };
        if !sign_in.contains(&how) {
            sign_in.push(how);
        }
    }
    let user = UserForm::of_placeholders(block.text_of("username"));
    Ok(Server { protocol, host, port, tls, user, sign_in })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(servers: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?>\n<clientConfig version=\"1.1\"><emailProvider id=\"a\">{servers}</emailProvider></clientConfig>"
        )
    }

    fn incoming(host: &str, port: &str, tls: &str, user: &str) -> String {
        format!(
            "<incomingServer type=\"imap\"><hostname>{host}</hostname><port>{port}</port><socketType>{tls}</socketType>\
             <username>{user}</username><authentication>password-cleartext</authentication></incomingServer>"
        )
    }

    /// The servers as `host:port tls user`, or what was dropped as `!why`.
    #[track_caller]
    fn check(servers: &str, expected: &[&str]) {
        let said = autoconfig(document(servers).as_bytes(), "example.org").unwrap();
        let kept = said.servers.iter().map(|server| {
            let user =
                server.user.as_ref().map_or("?".to_owned(), |user| serde_json::to_string(user).unwrap());
            format!("{}:{} {} {user}", server.host, server.port, server.tls.as_str())
        });
        let dropped = said.dropped.iter().map(|(_, _, why)| format!("!{why:?}"));
        assert_eq!(kept.chain(dropped).collect::<Vec<_>>(), expected, "{servers}");
    }

    #[test]
    fn servers_are_read_and_bad_ones_dropped_alone() {
        let good = incoming("imap.example.org", "993", "SSL", "%EMAILADDRESS%");
        check(&good, &["imap.example.org:993 implicit \"full\""]);
        check(
            &incoming("imap.%EMAILDOMAIN%", "143", "STARTTLS", "%EMAILLOCALPART%"),
            &["imap.example.org:143 starttls \"local\""],
        );
        check(
            &incoming("IMAP.Bücher.example", "993", "SSL", "anne"),
            &["imap.xn--bcher-kva.example:993 implicit {\"given\":\"anne\"}"],
        );
        check(
            &incoming("imap.example.org", "993", "SSL", "%REALNAME%"),
            &["imap.example.org:993 implicit ?"],
        );
        for (bad, why) in [
            (incoming("imap.example.org", "143", "plain", "a"), "!NoTls"),
            (incoming("imap.example.org", "0", "SSL", "a"), "!NoPort"),
            (incoming("imap.example.org", "65536", "SSL", "a"), "!NoPort"),
            (incoming("127.0.0.1", "993", "SSL", "a"), "!NoName"),
            (incoming("[::1]", "993", "SSL", "a"), "!NoName"),
            (incoming("localhost", "993", "SSL", "a"), "!NoName"),
            (incoming("a b.example", "993", "SSL", "a"), "!NoName"),
            (incoming("", "993", "SSL", "a"), "!NoName"),
        ] {
            check(&format!("{bad}{good}"), &["imap.example.org:993 implicit \"full\"", why]);
        }
    }

    #[test]
    fn unknown_things_are_passed_over() {
        let good = incoming("imap.example.org", "993", "SSL", "%EMAILADDRESS%");
        let other = "<incomingServer type=\"jmap\"><url>https://x.example</url></incomingServer><future><a b=\"c\"/></future>";
        check(&format!("{other}{good}<!-- x --><?pi y?>"), &["imap.example.org:993 implicit \"full\""]);
        let exchange =
            autoconfig(document("<incomingServer type=\"exchange\"/>").as_bytes(), "example.org").unwrap();
        assert!(exchange.exchange && exchange.servers.is_empty());
    }

    #[test]
    fn hostile_documents_are_refused() {
        let bomb =
            "<!DOCTYPE a [<!ENTITY b \"bbbb\"><!ENTITY c \"&b;&b;\">]><clientConfig>&c;</clientConfig>";
        let deep = "<a>".repeat(100);
        let wide = document(&"<a/>".repeat(5_000));
        let long = document(&"a".repeat(5_000));
        for (document, refusal) in [
            (bomb, Refusal::Entities),
            ("<clientConfig>&unknown;</clientConfig>", Refusal::Entities),
            ("<clientConfig a=\"&unknown;\"/>", Refusal::Entities),
            (&deep, Refusal::TooComplex),
            (&wide, Refusal::TooComplex),
            (&long, Refusal::TooComplex),
            ("", Refusal::Malformed),
            ("hello", Refusal::Malformed),
            ("<clientConfig>", Refusal::Malformed),
            ("<clientConfig></other>", Refusal::Malformed),
            ("<html><body>Welcome</body></html>", Refusal::WrongKind),
            ("<clientConfig/>", Refusal::Empty),
            ("<clientConfig><emailProvider id=\"a\"/></clientConfig>", Refusal::Empty),
        ] {
            assert_eq!(autoconfig(document.as_bytes(), "example.org"), Err(refusal), "{document:.80}");
        }
        let large = vec![b' '; super::super::MAX_BYTES + 1];
        assert_eq!(
            autoconfig(&large, "example.org"),
            Err(Refusal::TooLarge { limit: super::super::MAX_BYTES })
        );
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            let _ = autoconfig(&bytes, "example.org");
            let mut inside = b"<clientConfig><emailProvider>".to_vec();
            inside.extend(&bytes);
            let _ = autoconfig(&inside, "example.org");
            let _ = super::super::autodiscover(&bytes, &"a@example.org".parse().unwrap());
            let _ = super::super::requested_address(&bytes);
        }
    }
}
