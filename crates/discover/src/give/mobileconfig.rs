//! A configuration profile for Apple's Mail on iPhone, iPad and Mac: one file that sets up the whole account.

use super::{Account, Side};
use crate::server::Protocol;
use ring::digest;
use std::fmt::Write as _;

/// What a profile is known by: an installed one is replaced by a new one of the same name.
const IDENTIFIER: &str = "org.facteur.mail";

/// A value of a property list.
enum Value<'a> {
    Text(&'a str),
    Number(u16),
    Yes,
    No,
}

/// The profile of an account, unsigned. The same account always gives the same bytes. `None` when mail cannot be read:
/// Apple's Mail has no accounts that only send.
pub fn mobileconfig(account: &Account<'_>, name: &str) -> Option<String> {
    let incoming = account.incoming?;
    let address = account.address.to_ascii_domain();
    let kind = match incoming.server.protocol {
        Protocol::Imap => "EmailTypeIMAP",
        Protocol::Pop3 => "EmailTypePOP",
        Protocol::Smtp => return None,
    };
    let same_login = incoming.login == account.outgoing.login;
    let (inner, outer) = (uuid(&address, "mail"), uuid(&address, "profile"));
    let (inner_id, outer_id) = (format!("{IDENTIFIER}.{inner}"), format!("{IDENTIFIER}.{outer}"));
    let mut mail = vec![
        ("EmailAccountDescription", Value::Text(&address)),
        ("EmailAccountType", Value::Text(kind)),
        ("EmailAddress", Value::Text(&address)),
    ];
    mail.extend(side("Incoming", &incoming));
    mail.extend(side("Outgoing", &account.outgoing));
    mail.extend([
        ("OutgoingPasswordSameAsIncomingPassword", if same_login { Value::Yes } else { Value::No }),
        ("PayloadDisplayName", Value::Text(&address)),
        ("PayloadIdentifier", Value::Text(&inner_id)),
        ("PayloadType", Value::Text("com.apple.mail.managed")),
        ("PayloadUUID", Value::Text(&inner)),
        ("PayloadVersion", Value::Number(1)),
    ]);
    let profile = [
        ("PayloadDisplayName", Value::Text(name)),
        ("PayloadIdentifier", Value::Text(&outer_id)),
        ("PayloadType", Value::Text("Configuration")),
        ("PayloadUUID", Value::Text(&outer)),
        ("PayloadVersion", Value::Number(1)),
    ];
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\t<key>PayloadContent</key>\n\t<array>\n\t\t<dict>\n",
    );
    write(&mut text, &mail, "\t\t\t");
    text.push_str("\t\t</dict>\n\t</array>\n");
    write(&mut text, &profile, "\t");
    text.push_str("</dict>\n</plist>\n");
    Some(text)
}

fn side<'a>(which: &str, side: &Side<'a>) -> [(&'static str, Value<'a>); 5] {
    let incoming = which == "Incoming";
    let key = |of_incoming, of_outgoing| if incoming { of_incoming } else { of_outgoing };
    [
        (
            key("IncomingMailServerAuthentication", "OutgoingMailServerAuthentication"),
            Value::Text("EmailAuthPassword"),
        ),
        (key("IncomingMailServerHostName", "OutgoingMailServerHostName"), Value::Text(&side.server.host)),
        (
            key("IncomingMailServerPortNumber", "OutgoingMailServerPortNumber"),
            Value::Number(side.server.port),
        ),
        // True for STARTTLS as well: Apple's Mail tells the two apart by the port.
        (key("IncomingMailServerUseSSL", "OutgoingMailServerUseSSL"), Value::Yes),
        (key("IncomingMailServerUsername", "OutgoingMailServerUsername"), Value::Text(side.login)),
    ]
}

fn write(text: &mut String, entries: &[(&str, Value<'_>)], indent: &str) {
    for (key, value) in entries {
        let value = match value {
            Value::Text(text) => format!("<string>{}</string>", quick_xml::escape::escape(*text)),
            Value::Number(number) => format!("<integer>{number}</integer>"),
            Value::Yes => "<true/>".to_owned(),
            Value::No => "<false/>".to_owned(),
        };
        let _ = write!(text, "{indent}<key>{key}</key>\n{indent}{value}\n");
    }
}

/// A UUID of our own making (RFC 9562 §5.8), the same for the same account.
fn uuid(address: &str, part: &str) -> String {
    let hash = digest::digest(&digest::SHA256, format!("{IDENTIFIER}\n{part}\n{address}").as_bytes());
    let mut text = String::with_capacity(36);
    for (index, byte) in hash.as_ref().iter().take(16).enumerate() {
        let byte = match index {
            6 => (byte & 0x0f) | 0x80,
            8 => (byte & 0x3f) | 0x80,
            _ => *byte,
        };
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        let _ = write!(text, "{byte:02X}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::{Server, Tls};

    fn profile(address: &str, login: &str) -> String {
        let incoming = Server::at(Protocol::Imap, "imap.example.org", 993, Tls::Implicit);
        let outgoing = Server::at(Protocol::Smtp, "smtp.example.org", 587, Tls::Starttls);
        let address = address.parse().unwrap();
        let incoming = Some(Side { server: &incoming, login });
        let account =
            Account { address: &address, incoming, outgoing: Side { server: &outgoing, login: "anne" } };
        mobileconfig(&account, "Mail").unwrap()
    }

    #[test]
    fn the_same_account_gives_the_same_profile_and_another_one_another() {
        let one = profile("anne@example.org", "anne");
        assert_eq!(one, profile("anne@example.org", "anne"));
        let ids = |text: &str| {
            text.lines()
                .filter(|line| line.contains("<string>") && line.contains("-8"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let (first, second) = (ids(&one), ids(&profile("luc@example.org", "anne")));
        assert!(first.len() >= 4 && first.iter().all(|id| !second.contains(id)), "{first:?} {second:?}");
        assert!(one.contains("<key>OutgoingPasswordSameAsIncomingPassword</key>\n\t\t\t<true/>"), "{one}");
    }

    #[test]
    fn a_user_name_cannot_write_xml() {
        let text = profile("anne@example.org", "<a>&\"b'");
        assert!(text.contains("<string>&lt;a&gt;&amp;&quot;b&apos;</string>"), "{text}");
    }

    #[test]
    fn an_account_that_only_sends_has_none() {
        let outgoing = Server::at(Protocol::Smtp, "smtp.example.org", 587, Tls::Starttls);
        let address = "anne@example.org".parse().unwrap();
        let account =
            Account { address: &address, incoming: None, outgoing: Side { server: &outgoing, login: "a" } };
        assert_eq!(mobileconfig(&account, "Mail"), None);
    }
}
