//! Parsers of a whole message or file.

use crate::text::{assert_canonical, assert_one_line, pieces, text};
use crate::{Size, Target};
use authenticity::{Hashing, KeyRecord, Signer, SigningKey};
use control::aliases;
use mail::{Domain, HeaderScan, Secret, Timestamp};
use resolve::{Answer, Failure, Found, MxSearch, Name, Ours, Poll, Record, Zone};
use smtp::dots::{Stuffer, Unstuffer};
use std::net::IpAddr;
use std::sync::OnceLock;

/// A message with most of what the readers of headers look at.
const LETTER: &[u8] = b"\x10Received: from a by b; Sun, 22 Nov 2026 13:49:46 +0000\r\nFrom: Anne <anne@example.org>\r\nTo: bob@example.net,\r\n\t\"C\" <c@d.test>\r\nBcc: secret@example.net\r\nMessage-ID:\r\n <1@example.org>\r\nDate: Sun, 22 Nov 2026 13:49:46 +0000\r\nSubject: =?utf-8?Q?a?=\r\n\r\nHello\r\n.\r\n..two\r\n";

pub const HEADER: Target = Target {
    name: "header",
    size: Size::Message,
    run: |input| {
        let (pieces, whole) = pieces(input);
        let (mut cut, mut at_once) = (HeaderScan::default(), HeaderScan::default());
        pieces.iter().for_each(|piece| cut.feed(piece));
        at_once.feed(whole);
        assert!(cut.missing() == at_once.missing(), "what is missing depends on the cuts");
        assert!(
            cut.received() == at_once.received() && cut.bytes() == at_once.bytes(),
            "counts depend on the cuts"
        );
        assert!(cut.in_header() == at_once.in_header(), "the end depends on the cuts");
        assert!(cut.message_id() == at_once.message_id(), "the identifier depends on the cuts");
        if let Some(id) = at_once.message_id() {
            // A bare CR is of a content that is refused at its end.
            assert!(!id.contains('\n'), "{id:?}");
        }
    },
    seeds: &[LETTER, b"\x01From: a\r\n\r\n", b"\x02\r\nbody", b"\x03message-id :\r\n\t<a@b>\r\n"],
    words: &["\r\n", "\r\n\r\n", "Received:", "Message-ID:", "Date:", "From:", " ", "\t", ":", "<", ">"],
};

pub const DOTS: Target = Target {
    name: "dots",
    size: Size::Message,
    run: |input| {
        let (pieces, whole) = pieces(input);
        let read = |pieces: &[&[u8]]| {
            let (mut unstuffer, mut content, mut consumed) = (Unstuffer::default(), Vec::new(), 0);
            for piece in pieces {
                let (count, is_end) = unstuffer.read(piece, &mut content);
                consumed += count;
                if is_end {
                    return (content, consumed, true, unstuffer.has_bare_line_end() || unstuffer.has_nul());
                }
            }
            (content, consumed, false, unstuffer.has_bare_line_end() || unstuffer.has_nul())
        };
        let cut = read(&pieces);
        let at_once = read(&[whole]);
        assert!(cut.2 == at_once.2 && cut.1 == at_once.1, "the end depends on the cuts");
        if cut.2 {
            let taken = whole.get(..cut.1).unwrap_or_default();
            assert!(taken == b".\r\n" || taken.ends_with(b"\r\n.\r\n"), "an end that is none");
            assert!(cut.0 == at_once.0 || cut.3, "the content depends on the cuts");
            if !cut.3 {
                assert_canonical(&cut.0);
                // A dot too few at the beginning of a line is read as the sender meant it, and written as it should be.
                let again = read(&[stuffed(&cut.0).as_slice()]);
                assert!(again.2 && again.0 == cut.0, "what was written is read differently");
            }
        }
    },
    seeds: &[
        LETTER,
        b"\x01a\r\n.\r\nMAIL FROM:<b>\r\n",
        b"\x07.\r\n",
        b"\x03\r\n..\r\n.\r\n",
        b"\x02a\n.\r\n",
        b"\x09a\r\n.\n\r\n.\r\n",
    ],
    words: &["\r\n.\r\n", "\n.\r\n", "\r.\r", "\n.\n", "\r\n.\n", "..", ".", "\r\n", "\0", "\r"],
};

/// A content as it goes over the wire, cut in the middle.
fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut stuffer = Stuffer::default();
    let (left, right) = content.split_at(content.len() / 2);
    let mut written = stuffer.stuff(left).into_owned();
    written.extend_from_slice(&stuffer.stuff(right));
    written.extend_from_slice(stuffer.end());
    written
}

pub const BOUNCE: Target = Target {
    name: "bounce",
    size: Size::Message,
    run: |input| {
        let report = explain::bounce::read(input);
        for recipient in &report.recipients {
            let _ = recipient.answer();
        }
    },
    seeds: &[
        b"From: MAILER-DAEMON@mx.test\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\n\r\nIt did not arrive.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.test\r\n\r\nFinal-Recipient: rfc822; bob@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <1@example.org>\r\n\r\nHi\r\n--b--\r\n",
        b"From: MAILER-DAEMON@mx.test\nSubject: failure notice\n\nHi. This is the qmail-send program at mx.test.\n\n<bob@example.net>:\n550 5.1.1 no such user\n\n--- Below this line is a copy of the message.\n\nMessage-ID: <1@a.test>\n",
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=x\r\n\r\n--x\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nOriginal-Rcpt-To: <bob@example.net>\r\n\r\n--x--\r\n",
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E9=\r\n550=20no\r\n",
    ],
    words: &[
        "Content-Type: ", "multipart/report", "multipart/mixed", "boundary=\"b\"", "--b\r\n", "--b--\r\n", "message/rfc822",
        "message/delivery-status", "Final-Recipient: rfc822; ", "Action: failed", "Status: ", "Diagnostic-Code: smtp; ",
        "base64", "quoted-printable", "Content-Transfer-Encoding: ", "\r\n\r\n", "charset*0*=utf-8''%", "Reporting-MTA: ",
    ],
};

/// A key that is made once.
fn signer() -> Option<&'static Signer> {
    static SIGNER: OnceLock<Option<Signer>> = OnceLock::new();
    let make = || {
        let key =
            SigningKey::from_pem(&SigningKey::generate(authenticity::Algorithm::Ed25519Sha256).ok()?).ok()?;
        Signer::new("example.org".parse().ok()?, "s1", key).ok()
    };
    SIGNER.get_or_init(make).as_ref()
}

pub const SIGNING: Target = Target {
    name: "signing",
    size: Size::Message,
    run: |input| {
        let (pieces, whole) = pieces(input);
        let sign = |pieces: &[&[u8]]| {
            let mut hashing = Hashing::new();
            pieces.iter().for_each(|piece| hashing.update(piece));
            let hashed = hashing.finish().ok()?;
            let _ = hashed.author_domain();
            signer()?.sign(&hashed, Timestamp(0)).ok()
        };
        let cut = sign(&pieces);
        assert!(cut == sign(&[whole]), "a signature depends on the cuts");
        if let Some(signature) = cut {
            assert_canonical(signature.as_bytes());
            assert!(signature.starts_with("DKIM-Signature:") && signature.ends_with("\r\n"), "{signature}");
            assert!(!signature.contains("\r\n\r\n"), "an empty line within a signature");
        }
    },
    seeds: &[
        LETTER,
        b"\x01From:a@b\r\n\r\n\r\n\r\n",
        b"\x05from : x\r\n y\r\nFrom: z@w\r\n\r\n \t \r\n",
        b"\x02\r\n\r\n",
    ],
    words: &["\r\n", "\r\n\r\n", "From:", "Subject: ", "List-Unsubscribe:", " ", "\t", ":", "\r\n ", "\n"],
};

pub const DKIM_KEY: Target = Target {
    name: "dkim_key",
    size: Size::Message,
    run: |input| {
        let (name, key) = input.split_at_checked(8).unwrap_or((input, &[]));
        let Ok(domain) = "example.org".parse::<Domain>() else { return };
        if let Ok(key) = SigningKey::from_pem(&Secret::new(text(key))) {
            if let Ok(record) = KeyRecord::new(&domain, &text(name), &key) {
                assert!(record.strings().iter().all(|string| string.len() <= 255), "a string too long for the DNS");
            }
            let _ = Signer::new(domain, &text(name), key);
        }
    },
    seeds: &[
        b"selectorb-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n",
        b"s1......-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n",
    ],
    words: &["-----BEGIN PRIVATE KEY-----\n", "-----END PRIVATE KEY-----\n", "MIIEvQIBADAN", "MC4CAQAwBQYDK2Vw", "=", "\n"],
};

pub const ZONE: Target = Target {
    name: "zone",
    size: Size::Message,
    run: |input| {
        let Ok(zone) = text(input).parse::<Zone>() else { return };
        let Ok(domain) = "example.org".parse::<Domain>() else { return };
        search(&domain, |question| zone.ask(question));
    },
    seeds: &[
        b"example.org. 300 MX 10 mx.example.org.\nmx.example.org. 300 A 192.0.2.1\nmx.example.org. AAAA 2001:db8::1\n",
        b"example.org CNAME a.test\na.test CNAME example.org\n",
        b"example.org MX 0 .\n",
        b"example.org SERVFAIL\n_25._tcp.mx.test TLSA 3 1 1 00ff\nexample.org TXT \"a\" \"b\"\n",
    ],
    words: &["MX ", "A ", "AAAA ", "CNAME ", "TXT \"", "TLSA 3 1 1 ", "SRV 0 0 25 ", "PTR ", "NS ", "NXDOMAIN", "SERVFAIL", "example.org", "\n", "; "],
};

/// The most rounds of questions: a name that leads to others, the others, their addresses, the control question.
const MAX_STEPS: usize = 50;

/// Asks until the search is done, and fails when it never is, or gives a plan that breaks its word.
fn search(domain: &Domain, mut answer: impl FnMut(&resolve::Question) -> Answer) {
    let ours = Ours {
        names: vec!["us.example.org".parse().unwrap_or_else(|_| Name::root())],
        addresses: Vec::new(),
    };
    let allows = |ip: IpAddr| !ip.is_loopback();
    let mut search = MxSearch::new(domain, &ours, 7, &allows);
    let mut steps = 0;
    while steps < MAX_STEPS {
        steps += 1;
        match search.poll() {
            Poll::Ask(questions) => {
                for question in questions {
                    let answered = answer(&question);
                    search.learn(question, answered);
                }
            }
            Poll::Done(done) => {
                let Ok(plan) = done else { return };
                assert!(!plan.hosts.is_empty(), "a plan without hosts");
                for host in &plan.hosts {
                    assert!(!host.addresses.is_empty(), "{} without an address", host.name);
                    assert!(host.addresses.iter().all(|ip| allows(*ip)), "{} may not be dialled", host.name);
                }
                return;
            }
        }
    }
    assert!(steps < MAX_STEPS, "a search without end");
}

/// An answer that bytes decide.
fn answered(bytes: &mut impl Iterator<Item = u8>) -> Answer {
    let mut byte = || bytes.next().unwrap_or(0);
    let name = |number: u8| format!("h{}.example.org", number % 8).parse().unwrap_or_else(|_| Name::root());
    let mut found = Found { ttl_secs: u32::from(byte()), ..Found::default() };
    for _ in 0..byte() % 12 {
        let record = match byte() % 8 {
            0..=2 => Record::Mx { preference: u16::from(byte()), exchange: name(byte()) },
            3 => Record::Mx { preference: 0, exchange: Name::root() },
            4 | 5 => Record::A([byte(), byte(), 0, 1].into()),
            6 => Record::Aaaa([u16::from(byte()), 0, 0, 0, 0, u16::from(byte()), 0, 1].into()),
            _ => Record::Ns(name(byte())),
        };
        found.records.push(record);
    }
    for _ in 0..byte() % 3 {
        found.aliases.push(name(byte()));
    }
    match byte() % 8 {
        0..=4 => Answer::Found(found),
        5 => Answer::NameUnknown,
        6 => Answer::NoData,
        _ => Answer::Failed(Failure::TimedOut),
    }
}

pub const MX_SEARCH: Target = Target {
    name: "mx_search",
    size: Size::Message,
    run: |input| {
        let (name, rest) = input.split_at_checked(12).unwrap_or((input, &[]));
        let named = text(name).parse::<Domain>().or_else(|_| "example.org".parse());
        let Ok(domain) = named else { return };
        let mut bytes = rest.iter().copied();
        search(&domain, |_| answered(&mut bytes));
    },
    seeds: &[
        b"............\x10\x03\x00\x05\x01\x00\x07\x02\x04\x01\x02\x00\x00\x00\x10\x02\x04\xc0\x00\x00\x00",
        b"[192.0.2.1].",
    ],
    words: &["\x10\x03", "\0", "[127.0.0.1]", "[IPv6:::1]", "\x05\x05"],
};

pub const SENDMAIL_LETTER: Target = Target {
    name: "sendmail_letter",
    size: Size::Message,
    run: |input| {
        let (Ok(author), Ok(host)) = ("anne@example.org".parse(), "example.org".parse()) else { return };
        let Some((content, recipients)) = facteur::parsers::sendmail_letter(input, &author, &host) else {
            return;
        };
        assert_canonical(&content);
        let mut scan = HeaderScan::default();
        scan.feed(&content);
        assert!(!scan.in_header(), "a letter without an end of its header");
        recipients.iter().for_each(|recipient| assert_one_line(&recipient.to_string()));
    },
    seeds: &[
        LETTER,
        b"To: bob\nBcc: carl, dora@a.test\n\nhi\n.\nnot read\n",
        b"no header at all\n",
        b"Resent-To: a@b\nTo: c\n\n",
        b"\n\n",
    ],
    words: &[
        "To: ",
        "Cc: ",
        "Bcc: ",
        "From: ",
        "Resent-To: ",
        "Resent-From: ",
        "\n",
        "\r",
        "\r\n",
        ".\n",
        ",",
        "<",
        ">",
        "\0",
        "\n ",
    ],
};

pub const DROPPED_FILE: Target = Target {
    name: "dropped_file",
    size: Size::Message,
    run: |input| {
        if let Some((recipients, bytes)) = facteur::parsers::dropped_file(input) {
            assert!(recipients <= 1_000 && bytes <= input.len() as u64, "more than there is");
        }
    },
    seeds: &[
        b"{\"version\":1,\"sender\":\"anne@example.org\",\"recipients\":[\"bob@example.net\"],\"notify\":[true,false,true],\"ret\":null,\"envid\":null,\"body\":\"seven_bit\",\"bytes\":4}\nhi\r\n",
        b"{\"version\":2}\n",
    ],
    words: &["\"version\":", "\"sender\":", "\"recipients\":[", "null", "[", "{", "\"bytes\":18446744073709551615", "\n", "\\u0000"],
};

pub const ALIASES: Target = Target {
    name: "aliases",
    size: Size::Message,
    run: |input| {
        let (list, file) = input.split_at_checked(64).unwrap_or((&[], input));
        let include = |_: &std::path::Path| Some(text(list).into_owned());
        let (read, problems) = aliases::parse(&text(file), &include);
        let _ = (format!("{read:?}").len(), problems.len());
    },
    seeds: &[
        b"postmaster: root\nroot: anne@example.org, \\root\n# a comment\nlist: :include:/etc/list\ncmd: |/bin/false\n\"a b\": c,\n d\n",
        b"a: b\nb: a\n",
    ],
    words: &[":", ",", "\n", " ", "\"", "\\", ":include:/a", "|", "/", "@", "#"],
};

pub const REQUEST: Target = Target {
    name: "control_request",
    size: Size::Message,
    run: |input| {
        if let Ok(operation) = serde_json::from_slice::<control::Operation>(input) {
            assert_one_line(operation.name());
        }
        let _ = serde_json::from_slice::<control::Answer>(input);
        let _ = serde_json::from_slice::<control::Fault>(input);
        let _ = serde_json::from_slice::<mail::Evidence>(input);
    },
    seeds: &[
        b"\"status\"",
        b"{\"account_add\":{\"account\":{\"login\":\"anne\",\"senders\":[\"anne@example.org\"],\"language\":\"fr\",\"undo_secs\":0,\"password\":null,\"owner\":null}}}",
        b"{\"queue_list\":{\"filter\":{},\"page\":{\"after\":null,\"limit\":50}}}",
        b"{\"relay_remove\":{\"name\":\"a\"}}",
        b"{\"at\":1,\"stage\":\"rcpt\",\"peer\":null,\"seen\":{\"reply\":{\"reply\":{\"code\":550,\"lines\":[\"no\"]}}}}",
    ],
    words: &["{", "}", "[", "]", "\"", ":", ",", "null", "true", "1e400", "\\u0000", "\"owner\"", "\"filter\"", "[[[[[[[["],
};

pub const DECLARATION: Target = Target {
    name: "declaration",
    size: Size::Message,
    run: |input| {
        let _ = toml::from_str::<control::Declaration>(&text(input));
    },
    seeds: &[
        b"[[domain]]\nname = \"example.org\"\n[[relay]]\nname = \"a\"\nhost = \"mx.test\"\nport = 587\nlogin = \"x\"\npassword = \"y\"\n[[account]]\nlogin = \"anne\"\nsenders = [\"anne@example.org\"]\n[[route]]\nrelay = \"a\"\n[settings]\na = \"b\"\n",
        b"[[site]]\nname = \"s\"\nnetworks = [\"127.0.0.0/8\"]\n",
    ],
    words: &["[[relay]]\n", "[[site]]\n", "= \"", "\"\n", "[", "]", "true", "1", "'''", "\"\"\"", "{", "}", ".", "\\u", "[[[["],
};

pub const CONFIGURATION: Target = Target {
    name: "configuration",
    size: Size::Message,
    run: |input| {
        facteur::parsers::configuration(&text(input));
    },
    seeds: &[
        b"host_name = \"mail.example.org\"\nlanguage = \"fr\"\n[[listener]]\naddress = \"127.0.0.1:587\"\nkind = \"starttls\"\n[mail_log]\npath = \"mail.log\"\nkeep_days = 3\n[dns]\nservers = [\"127.0.0.1:53\"]\n[direct]\nport = 25\nnetworks = [\"10.0.0.0/8\"]\n",
        b"user = \"facteur\"\n[tls]\ncert = \"/a\"\nkey = \"/b\"\n",
    ],
    words: &["[[listener]]\n", "address = ", "kind = ", "\"mx\"", "[", "]", "\"", "=", "\n", "'", "-1", "0x", "[dns]\n"],
};
