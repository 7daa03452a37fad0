//! Parsers of one line.

use crate::text::{assert_one_line, pieces, text};
use crate::{Size, Target};
use explain::{Answer, Hint, log};
use mail::{
    Address, Domain, EnhancedCode, Network, PublicId, QueueId, Recipient, ReversePath, Timestamp, mailboxes,
    xtext,
};
use resolve::Name;
use smtp::reply::{ReplyReader, write_reply};
use smtp::{Input, command, sasl};
use std::fmt::Display;
use std::str::FromStr;

/// Fails unless what was read is printed as something that is read as the same.
fn assert_identity<T: FromStr + Display + PartialEq>(read: &T) {
    let printed = read.to_string();
    assert_one_line(&printed);
    assert!(printed.parse::<T>().is_ok_and(|again| again == *read), "{printed:?} is read differently");
}

pub const ADDRESS: Target = Target {
    name: "address",
    size: Size::Line,
    run: |input| {
        let text = text(input);
        if let Ok(address) = text.parse::<Address>() {
            assert_identity(&address);
            assert_one_line(&address.to_ascii_domain());
            assert!(address.key().parse::<Address>().is_ok(), "the key of {address} is no address");
        }
        if let Ok(path) = text.parse::<ReversePath>() {
            assert_identity(&path);
        }
        let _ = text.parse::<Recipient>();
    },
    seeds: &[
        b"anne@example.org",
        b"\"anne \\\" b\"@example.org",
        b"<anne@[192.0.2.1]>",
        b"anne@[IPv6:2001:db8::1]",
        "ren\u{e9}e@b\u{fc}cher.example".as_bytes(),
        b"<>",
        b"@a.test,@b.test:anne@example.org",
    ],
    words: &["@", "\"", "\\", "[IPv6:", "]", "xn--", ".", "<", ">", "\u{3002}", "\u{200d}", "%", "!"],
};

pub const DOMAIN: Target = Target {
    name: "domain",
    size: Size::Line,
    run: |input| {
        if let Ok(domain) = text(input).parse::<Domain>() {
            assert_identity(&domain);
            assert!(domain.as_ascii().is_ascii() && domain.as_ascii().len() <= 255, "{domain}");
            assert_one_line(domain.as_ascii());
        }
    },
    seeds: &[
        b"example.org",
        "b\u{fc}cher.example".as_bytes(),
        b"[192.0.2.1]",
        b"[IPv6:::1]",
        b"xn--bcher-kva.example",
    ],
    words: &["xn--", ".", "-", "[", "]", "IPv6:", "\u{df}", "\u{3002}", "\u{ff0e}", "_"],
};

pub const MAILBOXES: Target = Target {
    name: "mailboxes",
    size: Size::Line,
    run: |input| {
        for mailbox in mailboxes(input).unwrap_or_default() {
            if let Some(Ok(address)) = mailbox.address("host.example") {
                assert_identity(&address);
            }
        }
        assert_one_line(&mail::phrase(&text(input).replace(['\r', '\n', '\0'], " ")));
    },
    seeds: &[
        b"Anne <anne@example.org>, bob",
        b"Friends: anne@a.test, \"B, C\" <b@c.test>;, d@e.test (a (nested) comment)",
        b"=?utf-8?Q?Ren=C3=A9e?=\r\n <anne@x.test>",
        b"undisclosed-recipients:;",
        b"<@a.test:anne@b.test>",
    ],
    words: &["<", ">", ",", ";", ":", "(", ")", "\"", "\\", "\r\n ", "=?utf-8?B?", "?=", "@"],
};

pub const XTEXT: Target = Target {
    name: "xtext",
    size: Size::Line,
    run: |input| {
        let text = text(input);
        let encoded = xtext::encode(&text);
        assert!(encoded.is_ascii(), "{encoded:?}");
        assert_one_line(&encoded);
        // Only graphic ASCII and space may be hidden in it.
        let may_be_read = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        let expected = may_be_read.then_some(&*text);
        assert!(xtext::decode(&encoded).as_deref() == expected, "{encoded:?} is decoded differently");
        let _ = xtext::decode(&text);
        let _ = xtext::decode_typed(&text);
    },
    seeds: &[b"rfc822;anne+2Bx@example.org", b"utf-8;ren\\x{E9}e@example.org", b"a+00+0D+0A", b"+", b"+2"],
    words: &["+", "+2B", "+0A", "rfc822;", "utf-8;", "\\x{", "}", "+3D"],
};

pub const IDS: Target = Target {
    name: "ids",
    size: Size::Line,
    run: |input| {
        let text = text(input);
        if let Ok(id) = text.parse::<QueueId>() {
            assert_identity(&id);
        }
        if let Ok(id) = text.parse::<PublicId>() {
            assert_identity(&id);
        }
        let _ = text.parse::<explain::CauseId>();
        let _ = text.parse::<mail::Language>();
        let _ = mail::Language::of_locale(&text);
        let _ = explain::CauseId::lookup_or_unknown(&text);
    },
    seeds: &[b"4f2Mx3Bz1y", b"00000000-0000-0000-0000-000000000000", b"fr_FR.UTF-8", b"auth-refused"],
    words: &["0", "z", "-", "_", ".UTF-8", "fr", "1111111111"],
};

pub const DATE: Target = Target {
    name: "date",
    size: Size::Line,
    run: |input| {
        if let Some(at) = Timestamp::from_rfc3339(&text(input)) {
            let printed = at.rfc3339();
            assert_one_line(&printed);
            // The form has whole seconds.
            let again = Timestamp::from_rfc3339(&printed);
            assert!(again.is_some_and(|again| again.secs() == at.secs()), "{printed} is read as {again:?}");
            assert_one_line(&mail::date(at));
        }
        let number = input.iter().take(8).fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
        assert_one_line(&mail::date(Timestamp(number)));
        assert_one_line(&Timestamp(number).rfc3339());
    },
    seeds: &[
        b"2026-11-22T13:49:46Z",
        b"2026-11-22T13:49:46+02:00",
        b"9999-12-31T23:59:60Z",
        b"\x7f\xff\xff\xff\xff\xff\xff\xff",
    ],
    words: &["T", "Z", "-", ":", "+", "00:00", "9999", "-0001"],
};

pub const NETWORK: Target = Target {
    name: "network",
    size: Size::Line,
    run: |input| {
        if let Ok(network) = text(input).parse::<Network>() {
            assert_identity(&network);
            let _ = network.contains([127, 0, 0, 1].into());
        }
    },
    seeds: &[b"127.0.0.0/8", b"2001:db8::/32", b"192.0.2.1", b"::ffff:192.0.2.0/120"],
    words: &["/", "0", "128", "::", ".", "ffff"],
};

pub const ENHANCED_CODE: Target = Target {
    name: "enhanced_code",
    size: Size::Line,
    run: |input| {
        if let Ok(code) = text(input).parse::<EnhancedCode>() {
            assert_identity(&code);
        }
    },
    seeds: &[b"5.1.1", b"4.999.999", b"2.0.0"],
    words: &[".", "0", "999"],
};

pub const COMMAND: Target = Target {
    name: "smtp_command",
    size: Size::Line,
    run: |input| {
        if let Ok(parsed) = command::parse(input) {
            assert!(!input.contains(&0) && !input.contains(&b'\n'), "{parsed:?} of a broken line");
            assert!(!input.contains(&b'\r'), "{parsed:?} of a line with a CR");
        }
    },
    seeds: &[
        b"EHLO client.example",
        b"MAIL FROM:<anne@example.org> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=a+2Bb HOLDFOR=60 SMTPUTF8",
        b"RCPT TO:<bob@example.net> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;bob+2B@example.net",
        b"AUTH PLAIN AGEAYg==",
        b"BDAT 100 LAST",
        b"RCPT TO:<postmaster>",
        b"MAIL FROM:<>",
        b"VRFY <anne@example.org> SMTPUTF8",
        b"HELO [192.0.2.1]",
    ],
    words: &[
        "MAIL FROM:",
        "RCPT TO:",
        "SIZE=",
        "BODY=",
        "RET=FULL",
        "ENVID=",
        "NOTIFY=NEVER",
        "ORCPT=utf-8;",
        "HOLDFOR=",
        "HOLDUNTIL=",
        "SMTPUTF8",
        "BDAT ",
        " LAST",
        "AUTH LOGIN ",
        "=",
        "<",
        ">",
        "@",
        "\\",
        "\"",
        "[IPv6:",
        "\0",
        "\r",
        "BINARYMIME",
        "4294967296",
        "18446744073709551616",
    ],
};

pub const SASL: Target = Target {
    name: "sasl",
    size: Size::Line,
    run: |input| {
        if let Ok(read) = sasl::read_plain(input) {
            assert!(!read.login.is_empty() && !read.login.contains('\0'), "{:?}", read.login);
            let again = sasl::read_plain(sasl::plain(&read.login, &read.password).reveal().as_bytes());
            assert!(
                again.is_ok_and(|again| again == read),
                "credentials of {} are read differently",
                read.login
            );
        }
        let _ = (sasl::read_login(input), sasl::read_password(input));
    },
    seeds: &[b"AGEAYg==", b"YQBhAGI=", b"=", b"*", b"dXNlcg=="],
    words: &["=", "AA", "==", "AGEA", "/", "+", "*"],
};

pub const REPLY: Target = Target {
    name: "smtp_reply",
    size: Size::Line,
    run: |input| {
        let (pieces, whole) = pieces(input);
        let read_all = |pieces: &[&[u8]]| {
            let (mut reader, mut from, mut read) = (ReplyReader::default(), Input::new(), Vec::new());
            for piece in pieces {
                from.extend(piece);
                loop {
                    match reader.read(&mut from) {
                        Ok(Some(reply)) => read.push(reply),
                        Ok(None) => break,
                        Err(_) => return (read, false),
                    }
                }
            }
            (read, true)
        };
        let (replies, well) = read_all(&pieces);
        let (at_once, _) = read_all(&[whole]);
        // A mistake is seen earlier or later; what came whole before it is the same.
        assert!(!well || replies == at_once, "pieces {replies:?}, at once {at_once:?}");
        for reply in &replies {
            let mut written = Vec::new();
            write_reply(reply, &mut written);
            crate::text::assert_canonical(&written);
            assert!(written.is_ascii() && written.ends_with(b"\r\n"), "{written:?}");
            let (again, _) = read_all(&[written.as_slice()]);
            assert!(again.len() == 1 && again.iter().all(|again| again.code == reply.code), "{reply:?}");
        }
    },
    seeds: &[
        b"\x05250-mx.example\r\n250-SIZE 1000\r\n250 STARTTLS\r\n",
        b"\x40550 5.1.1 no such user\r\n421 bye\r\n",
        b"\x01220 \xe9\n",
        b"\x10250-a\r\nb\r\n250 c\r\n",
        b"\x10* OK IMAP\r\n",
    ],
    words: &["250-", "250 ", "\r\n", "\n", "\r", "5.1.1 ", "4.7.0", "599 ", "200", "\0"],
};

pub const DNS_NAME: Target = Target {
    name: "dns_name",
    size: Size::Line,
    run: |input| {
        let text = text(input);
        if let Ok(name) = text.parse::<Name>() {
            let again = name.as_str().parse::<Name>();
            assert!(name.is_root() || again.is_ok_and(|again| again == name), "{name:?}");
        }
        let answered = Name::answered(&text);
        let _ = (answered.is_host(), answered.is_root(), answered.is_localhost());
    },
    seeds: &[b"example.org.", b".", b"_dmarc.example.org", b"a\\.b.example", b"LOCALHOST"],
    words: &[".", "\\", "_", "\\046", "localhost", "-", "xn--"],
};

pub const SENDMAIL_OPTIONS: Target = Target {
    name: "sendmail_options",
    size: Size::Line,
    run: |input| {
        let arguments = input.split(|byte| *byte == b'\n').map(|word| text(word).into_owned()).collect();
        facteur::parsers::sendmail_options(arguments);
    },
    seeds: &[
        b"-t\n-i\n-f\nanne@example.org",
        b"-oi\n-om\n-oem\n-oQ/tmp",
        b"-FAnne\n-N\nsuccess,failure\n-R\nhdrs\n-V\nid\n--\nbob",
        b"-bs",
        b"-q15m",
        b"-qRexample.org",
        b"-bv\n-v\nbob",
        b"-O\nDeliveryMode=b\n-B\n8BITMIME\n-X\nlog",
    ],
    words: &["-", "\n", "-b", "-o", "-O", "-f", "-F", "-N", "-q", "-t", "--", "never", "DeliveryMode="],
};

pub const LOG_LINE: Target = Target {
    name: "log",
    size: Size::Line,
    run: |input| {
        let text = text(input);
        let _ = log::is_log(&text);
        for failure in log::failures(&text) {
            let _ = Answer::of_text(failure.text, &failure.hint());
        }
    },
    seeds: &[
        b"Nov 22 13:49:46 mx postfix/smtp[1]: 4f2Mx3Bz1y: to=<a@b.test>, relay=mx.test[192.0.2.1]:25, delay=1, dsn=5.1.1, status=bounced (host mx.test[192.0.2.1] said: 550 5.1.1 no such user (in reply to RCPT TO command))",
        b"Nov 22 13:49:46 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.1]: 554 5.7.1 no; from=<a@b> to=<c@d>",
        b"2026-11-22 13:49:46 1abcde-000000-00 ** a@b.test R=dnslookup T=remote_smtp H=mx.test [192.0.2.1]: SMTP error from remote mail server after RCPT TO:<a@b.test>: 550 no",
    ],
    words: &["]: ", " status=", "(", ")", "postfix/", "to=<", "relay=", "said: ", " ** ", " == ", "H=", "\n"],
};

pub const ENGINE_TEXT: Target = Target {
    name: "engine_text",
    size: Size::Line,
    run: |input| {
        let text = text(input);
        let answer = Answer::of_text(&text, &Hint::default());
        assert!(!answer.en.cause.is_empty() && !answer.fr.cause.is_empty(), "a cause without words");
        let _ = Answer::of_text(&text, &Hint::of_word(Some("mx.example"), "rcpt"));
    },
    seeds: &[
        b"550 5.1.1 The email account that you tried to reach does not exist",
        b"421 4.7.0 [192.0.2.1] try again later, retry in 300 seconds https://support.google.com/mail/?p=UnsolicitedRateLimitError",
        b"535 5.7.8 Username and Password not accepted",
        b"Connection timed out",
        b"552 5.2.2 mailbox full",
        "550 5.7.1 bo\u{ee}te pleine".as_bytes(),
    ],
    words: &["550 ", "4.7.1", "blocked", "spam", "retry in ", "minutes", "http://", "[192.0.2.1]", "quota", "\r\n", "=20"],
};
