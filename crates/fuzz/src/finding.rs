//! What a discovery reads: documents, addresses that documents lead to, records, and what IMAP and POP3 servers say.

use crate::client::Script;
use crate::text::{assert_canonical, text};
use crate::{Size, Target};
use discover::facts::Facts;
use discover::prove::{Credentials, prove};
use discover::read::{Said, autoconfig, autodiscover, requested_address};
use discover::{Plan, Protocol, Question, Reply, Server, Subject, Tls};
use mail::{Address, Secret};
use resolve::{Name, Record};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// The most servers that one document may bring.
const MOST_SERVERS: usize = 16;
/// More questions than any plan asks.
const MOST_QUESTIONS: u32 = 41;

/// A server that a stranger named must be one that can be dialled, and shown.
fn assert_harmless(said: &Said) {
    assert!(said.servers.len() + said.dropped.len() <= MOST_SERVERS, "too many servers");
    for server in &said.servers {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        assert!(server.host.contains('.') && server.host.bytes().all(fits), "{:?}", server.host);
        assert!(server.port != 0, "port 0");
    }
    for (_, named, _) in &said.dropped {
        assert!(named.chars().count() <= 80 && !named.contains(char::is_control), "{named:?}");
    }
}

pub const DOCUMENTS: Target = Target {
    name: "discover_documents",
    size: Size::Message,
    run: |input| {
        if let Ok(said) = autoconfig(input, "example.org") {
            assert_harmless(&said);
        }
        let _ = requested_address(input);
        let Ok(address) = "anne@example.org".parse::<Address>() else { return };
        if let Ok(said) = autodiscover(input, &address) {
            assert_harmless(&said);
        }
    },
    seeds: &[AUTOCONFIG, AUTODISCOVER, REQUEST],
    words: WORDS,
};

const AUTOCONFIG: &[u8] = b"<?xml version=\"1.0\"?><clientConfig version=\"1.1\"><emailProvider id=\"example.org\"><domain>example.org</domain><incomingServer type=\"imap\"><hostname>imap.%EMAILDOMAIN%</hostname><port>993</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></incomingServer><outgoingServer type=\"smtp\"><hostname>smtp.example.org</hostname><port>465</port><socketType>SSL</socketType></outgoingServer></emailProvider></clientConfig>";
const AUTODISCOVER: &[u8] = b"<Autodiscover xmlns=\"x\"><Response><Account><AccountType>email</AccountType><Action>settings</Action><Protocol><Type>IMAP</Type><Server>imap.example.org</Server><Port>993</Port><SSL>on</SSL><LoginName>anne</LoginName></Protocol></Account></Response></Autodiscover>";
const REQUEST: &[u8] = b"<Autodiscover><Request><EMailAddress>anne@example.org</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>";
const WORDS: &[&str] = &[
    "<",
    ">",
    "</",
    "/>",
    "\"",
    "<!DOCTYPE a [",
    "<!ENTITY a \"b\">",
    "&lt;",
    "&#0;",
    "&#x10ffff;",
    "&a;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?",
    "?>",
    "incomingServer",
    "hostname",
    "socketType",
    "%EMAILADDRESS%",
    "%EMAILLOCALPART%",
    "<Protocol>",
    "<Action>redirectUrl</Action><RedirectUrl>https://a.test/",
    "xmlns:a=\"b\"",
    "\u{feff}",
];

pub const PLAN: Target = Target {
    name: "discover_plan",
    size: Size::Message,
    run: |input| {
        let Ok(subject) = Subject::read("anne@example.org", false) else { return };
        let mut plan = Plan::new(subject, Facts::shipped(), &[]);
        let (how, rest) = input.split_first().unwrap_or((&0, &[]));
        let mut asked = 0;
        loop {
            let questions = plan.questions();
            if questions.is_empty() {
                break;
            }
            for question in &questions {
                asked += 1;
                assert!(asked <= MOST_QUESTIONS, "questions without end");
                let reply = reply(question, how.rotate_left(asked), rest);
                let _ = plan.learn(question, reply);
            }
        }
        for candidate in plan.findings().candidates {
            assert!(!candidate.server.host.contains(char::is_control), "{:?}", candidate.server.host);
        }
    },
    seeds: &[
        b"\x01https://autoconfig.a.test/mail/config-v1.1.xml?emailaddress=anne%40example.org",
        b"\x02imap.example.org",
        b"\x03mailconf=https://a.test/x.xml",
        b"\x00<clientConfig><emailProvider id=\"a\"><incomingServer type=\"imap\"><hostname>imap.example.org</hostname><port>993</port><socketType>SSL</socketType></incomingServer></emailProvider></clientConfig>",
    ],
    words: &["https://", "http://", "a.test", "/", "?", "#", "@", ":443", ":25", "[::1]", "127.0.0.1", "%0d%0a", "\r\n", " ", "mailconf=", "."],
};

/// An answer that says the input in one of the ways in which it can be said.
fn reply(question: &Question, how: u8, said: &[u8]) -> Reply {
    match question {
        Question::Document(document) => {
            // It becomes the first lines of a request.
            let fits = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
            assert!(fits(&document.host) && fits(&document.path), "{:?}{:?}", document.host, document.path);
            assert!(
                document.path.starts_with('/') && document.url().starts_with("https://"),
                "{}",
                document.url()
            );
            match how % 3 {
                0 => Reply::Document(said.to_vec()),
                1 => Reply::Moved(text(said).into_owned()),
                _ => Reply::Status(404),
            }
        }
        Question::Records(_) => {
            let name = text(said).trim().parse().unwrap_or_else(|_| Name::root());
            let record = match how % 3 {
                0 => Record::Mx { preference: 10, exchange: name },
                1 => Record::Txt(said.to_vec()),
                _ => Record::Srv { priority: 0, weight: 0, port: u16::from(how), target: name },
            };
            Reply::Records { records: vec![record], authentic: how & 64 != 0 }
        }
    }
}

/// The password that must not be seen before TLS, and never in a name of a command.
const PASSWORD: &str = "canary-of-the-reader";

pub const READING: Target = Target {
    name: "mailbox_servers",
    size: Size::Conversation,
    run: |input| {
        let (head, rest) = input.split_at_checked(2).unwrap_or((input, &[]));
        let (how, cut) = (head.first().copied().unwrap_or(0), head.get(1).copied().unwrap_or(0));
        let protocol = if how & 1 == 0 { Protocol::Imap } else { Protocol::Pop3 };
        let tls = if how & 2 == 0 { Tls::Implicit } else { Tls::Starttls };
        let server = Server::at(protocol, "mail.example.org", 993, tls);
        let Ok(sender) = "anne@example.org".parse::<Address>() else { return };
        let password = Secret::new(PASSWORD);
        let credentials = Credentials { login: "anne@example.org", password: &password, sender: &sender };
        let mut script = Script::new(rest, usize::from(cut % 67) + 1);
        {
            let given = (how & 4 == 0).then_some(credentials);
            let mut talk = pin!(prove(&mut script, &server, "us.example.org", given));
            let done = talk.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(done, Poll::Ready(_)), "nothing is waited for");
        }
        assert_canonical(script.written());
        let is_clear = tls == Tls::Starttls && !script.has_tls();
        let said = text(script.written());
        assert!(!(is_clear && said.contains("anne@example.org")), "a sign-in before TLS: {said:?}");
    },
    seeds: &[
        b"\x00\x40* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] ready\r\na1 OK done\r\na2 OK done\r\n",
        b"\x02\x40* OK ready\r\n* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK\r\na2 OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na3 OK\r\n+ \r\na4 OK\r\n",
        b"\x01\x40+OK ready\r\n+OK\r\nUSER\r\nSASL PLAIN\r\nSTLS\r\n.\r\n+OK\r\n+OK\r\n",
        b"\x03\x01+OK <1896.697170952@example.org>\r\n-ERR\r\n+OK\r\n",
    ],
    words: &[
        "* OK ", "* BYE ", "* PREAUTH ", "* CAPABILITY ", "a1 OK ", "a2 NO ", "a1 BAD ", "+ ", "+OK ", "-ERR ", "\r\n", "\n", ".\r\n",
        "STARTTLS", "STLS", "AUTH=PLAIN", "SASL PLAIN", "LOGINDISABLED", "[AUTHENTICATIONFAILED] ", "{10}\r\n", "\0",
    ],
};
