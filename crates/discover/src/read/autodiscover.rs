//! Autodiscover, "plain old XML" ([MS-OXDSCLI]): what Outlook asks an Exchange server and its imitators.
//!
//! Asked without credentials only: servers that want a password before they say where mail is, tell by their refusal
//! that Exchange is there, and that is all we need.

use super::xml::{self, Element};
use super::{Said, host, port};
use crate::finding::Why;
use crate::refusal::Refusal;
use crate::server::{Protocol, Server, SignIn, Tls, UserForm};
use mail::Address;

/// Where an answer sends us instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redirect {
    /// To another document.
    Url(String),
    /// To the domain of another address.
    Domain(String),
}

/// The request for an address, to be sent by POST.
pub fn autodiscover_request(address: &Address) -> String {
    let mut written = String::new();
    for char in address.to_ascii_domain().chars() {
        match char {
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '&' => written.push_str("&amp;"),
            other => written.push(other),
        }
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\">\
         <Request><EMailAddress>{written}</EMailAddress><AcceptableResponseSchema>\
         http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
         </AcceptableResponseSchema></Request></Autodiscover>\n"
    )
}

/// The address in a request, when it asks for what mail programs use; `None` when it is no request, or asks for what only
/// Exchange has (ActiveSync).
pub fn requested_address(bytes: &[u8]) -> Option<Address> {
    let root = xml::parse(bytes).ok()?;
    let request = Some(&root).filter(|root| root.name == "Autodiscover")?.first("Request")?;
    let schema = request.text_of("AcceptableResponseSchema");
    let is_for_programs = schema.is_empty() || schema.contains("/outlook/");
    is_for_programs.then(|| request.text_of("EMailAddress").trim().parse().ok()).flatten()
}

/// Reads an answer for an address.
pub fn autodiscover(bytes: &[u8], address: &Address) -> Result<Said, Refusal> {
    let root = xml::parse(bytes)?;
    if !root.name.eq_ignore_ascii_case("Autodiscover") {
        return Err(Refusal::WrongKind);
    }
    let account =
        root.first("Response").and_then(|response| response.first("Account")).ok_or(Refusal::Empty)?;
    let mut said = Said { redirect: redirect(account), ..Said::default() };
    for block in account.all("Protocol") {
        let protocol = match block.text_of("Type").to_ascii_uppercase().as_str() {
            "IMAP" => Protocol::Imap,
            "POP3" => Protocol::Pop3,
            "SMTP" => Protocol::Smtp,
            "EXCH" | "EXPR" | "EXHTTP" | "WEB" | "MAPIHTTP" => {
                said.exchange = true;
                continue;
            }
            _ => {
                // A block of MAPI over HTTP has its type as an attribute.
                said.exchange |= block.attribute("Type").eq_ignore_ascii_case("mapiHttp");
                continue;
            }
        };
        let named = block.text_of("Server");
        said.take(protocol, named, server(protocol, block, address));
    }
    let nothing =
        said.servers.is_empty() && said.dropped.is_empty() && !said.exchange && said.redirect.is_none();
    if nothing { Err(Refusal::Empty) } else { Ok(said) }
}

fn redirect(account: &Element) -> Option<Redirect> {
    match account.text_of("Action").to_ascii_lowercase().as_str() {
        "redirecturl" => Some(Redirect::Url(account.text_of("RedirectUrl").to_owned())),
        "redirectaddr" => {
            let domain = account.text_of("RedirectAddr").rsplit_once('@').map(|(_, domain)| domain)?;
            host(domain).map(Redirect::Domain)
        }
        _ => None,
    }
}

fn server(protocol: Protocol, block: &Element, address: &Address) -> Result<Server, Why> {
    let host = host(block.text_of("Server")).ok_or(Why::NoName)?;
    let is_off = |name: &str| block.text_of(name).eq_ignore_ascii_case("off");
    let stated = match block.text_of("Encryption").to_ascii_lowercase().as_str() {
        "ssl" => Some(Tls::Implicit),
        "tls" => Some(Tls::Starttls),
        "none" => return Err(Why::NoTls),
        _ if is_off("SSL") => return Err(Why::NoTls),
        _ => None,
    };
    let port = match block.text_of("Port") {
        "" => match stated {
            Some(Tls::Starttls) => protocol.starttls_port(),
            _ => protocol.tls_port(),
        },
        text => port(text).ok_or(Why::NoPort)?,
    };
    // "SSL on" alone does not say which way TLS begins; the port does.
    let tls = stated.unwrap_or(if port == protocol.tls_port() { Tls::Implicit } else { Tls::Starttls });
    let login = block.text_of("LoginName");
    let user = if login.eq_ignore_ascii_case(&address.to_ascii_domain())
        || login.eq_ignore_ascii_case(&address.to_string())
    {
        Some(UserForm::Full)
    } else if login.eq_ignore_ascii_case(address.local()) {
        Some(UserForm::Local)
    } else {
        UserForm::of_placeholders(login)
    };
    let sign_in = match protocol {
        Protocol::Smtp if is_off("AuthRequired") => vec![SignIn::None],
        _ => vec![SignIn::Password],
    };
    Ok(Server { protocol, host, port, tls, user, sign_in })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(account: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\
             <Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\
             <Account><AccountType>email</AccountType>{account}</Account></Response></Autodiscover>"
        )
    }

    #[track_caller]
    fn check(block: &str, expected: Result<(&str, u16, Tls, Option<UserForm>), Why>) {
        let text = document(&format!("<Action>settings</Action><Protocol>{block}</Protocol>"));
        let said = autodiscover(text.as_bytes(), &"anne@example.org".parse().unwrap()).unwrap();
        let read = match (said.servers.as_slice(), said.dropped.as_slice()) {
            ([one], []) => Ok((one.host.as_str(), one.port, one.tls, one.user.clone())),
            ([], [(_, _, why)]) => Err(*why),
            other => panic!("{other:?}"),
        };
        assert_eq!(read, expected, "{block}");
    }

    #[test]
    fn blocks_are_read() {
        let full = Some(UserForm::Full);
        let imap = "<Type>IMAP</Type><Server>imap.example.org</Server>";
        check(
            &format!("{imap}<Port>993</Port><SSL>on</SSL><LoginName>anne@example.org</LoginName>"),
            Ok(("imap.example.org", 993, Tls::Implicit, full)),
        );
        check(
            &format!("{imap}<Port>143</Port><SSL>on</SSL>"),
            Ok(("imap.example.org", 143, Tls::Starttls, None)),
        );
        check(
            &format!("{imap}<Encryption>TLS</Encryption><LoginName>Anne</LoginName>"),
            Ok(("imap.example.org", 143, Tls::Starttls, Some(UserForm::Local))),
        );
        check(imap, Ok(("imap.example.org", 993, Tls::Implicit, None)));
        check(&format!("{imap}<SSL>off</SSL>"), Err(Why::NoTls));
        check(&format!("{imap}<Encryption>None</Encryption>"), Err(Why::NoTls));
        check(&format!("{imap}<Port>x</Port>"), Err(Why::NoPort));
        check("<Type>POP3</Type><Server>10.0.0.1</Server>", Err(Why::NoName));
    }

    #[test]
    fn exchange_and_redirects_are_recognised() {
        let of = |account: &str| autodiscover(document(account).as_bytes(), &"a@b.example".parse().unwrap());
        assert!(of("<Protocol><Type>EXCH</Type><Server>x</Server></Protocol>").unwrap().exchange);
        assert!(of("<Protocol Type=\"mapiHttp\"/>").unwrap().exchange);
        let url = of("<Action>redirectUrl</Action><RedirectUrl>https://a.example/x</RedirectUrl>")
            .unwrap()
            .redirect;
        assert_eq!(url, Some(Redirect::Url("https://a.example/x".to_owned())));
        let domain =
            of("<Action>redirectAddr</Action><RedirectAddr>a@c.example</RedirectAddr>").unwrap().redirect;
        assert_eq!(domain, Some(Redirect::Domain("c.example".to_owned())));
        assert_eq!(of("<Action>settings</Action>"), Err(Refusal::Empty));
    }

    #[test]
    fn an_address_cannot_write_xml() {
        let request = autodiscover_request(&"\"<x>&\"@example.org".parse().unwrap());
        assert!(request.contains("<EMailAddress>\"&lt;x&gt;&amp;\"@example.org</EMailAddress>"), "{request}");
    }

    #[test]
    fn what_we_ask_is_what_we_understand() {
        for address in ["anne@example.org", "\"<a>&b\"@example.org"] {
            let address: Address = address.parse().unwrap();
            assert_eq!(requested_address(autodiscover_request(&address).as_bytes()), Some(address));
        }
        let sync =
            autodiscover_request(&"a@example.org".parse().unwrap()).replace("/outlook/", "/mobilesync/");
        for other in
            [sync.as_str(), "", "<Autodiscover/>", "<Autodiscover><Request/></Autodiscover>", "hello"]
        {
            assert_eq!(requested_address(other.as_bytes()), None, "{other}");
        }
    }
}
