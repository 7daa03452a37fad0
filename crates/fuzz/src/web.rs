//! What comes over the web: bodies and queries of the API, forms, what browsers say of themselves, the codes of second
//! factors; and what goes out by webhooks.

use crate::text::text;
use crate::{Size, Target};
use explain::CauseId;
use hooks::WebAddress;
use mail::{Domain, Secret, Timestamp};

pub const API: Target = Target {
    name: "api_requests",
    size: Size::Message,
    run: |input| {
        let _ = web::parsers::api_request(input);
    },
    seeds: &[
        br#"{"login":"anne@example.org","senders":["anne@example.org"],"language":"fr","undo_secs":10}"#,
        br#"{"name":"shop","networks":["192.0.2.0/24"],"senders":["*@example.org"]}"#,
        br#"{"name":"out","host":"relay.test","port":587,"tls":"starttls","login":"a","password":"b"}"#,
        br#"{"url":"https://a.test/in","events":["delivered"],"shape":"own"}"#,
        br#"{"action":"retry","ids":["0123456789abcdef0123456789abcdef"],"filter":{"sender":"a@b.test"}}"#,
        b"limit=50&cursor=x&state=waiting&sender=a%40b.test",
        br#"{"text":"550 5.1.1 no such user"}"#,
    ],
    words: &[
        "{", "}", "[", "]", "\"", ":", ",", "null", "true", "1e400", "-1", "\\u0000", "\\ud800", "=", "&",
        "%", "+", "[[[[[[[[",
    ],
};

pub const FORM: Target = Target {
    name: "web_forms",
    size: Size::Line,
    run: |input| {
        let (fields, parts) = (web::parsers::form(input), input.split(|byte| *byte == b'&').count());
        assert!(fields.len() <= parts, "more fields than parts");
        let page = web::parsers::browser(input);
        // It becomes the address of a link, and of a redirection.
        assert!(page.starts_with('/') && !page.contains(char::is_control), "{page:?}");
    },
    seeds: &[
        b"key=abc&login=anne%40example.org&password=a+b%2B",
        b"__Host-session=abc; __Host-language=fr",
        b"fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5",
        b"https://mail.test:8189/relays?x=1#y",
    ],
    words: &[
        "&",
        "=",
        "%",
        "%00",
        "%0d%0a",
        "+",
        "; ",
        ";q=",
        "q=0.",
        "NaN",
        "inf",
        "__Host-session=",
        "https://mail.test:8189/",
        "\n",
    ],
};

pub const WEBHOOK_TARGET: Target = Target {
    name: "webhook_targets",
    size: Size::Line,
    run: |input| {
        let _ = hooks::Secret::read(&Secret::new(text(input)));
        let Ok(address) = WebAddress::read(&text(input)) else { return };
        // They become the first lines of a request.
        let fits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(fits(&address.path) && address.path.starts_with('/'), "{:?}", address.path);
        assert!(fits(&address.authority), "{:?}", address.authority);
        assert!(fits(&address.shown) && !address.authority.contains('@'), "{:?}", address.shown);
        // What is shown leads to the same place, and has no password left.
        let again = WebAddress::read(&address.shown);
        let same = again.is_ok_and(|again| {
            (again.host, again.port, again.path, again.sign_in.is_none())
                == (address.host, address.port, address.path, true)
        });
        assert!(same, "{:?} is another place", address.shown);
    },
    seeds: &[
        b"https://anne:secret@a.test:8443/in?x=1#y",
        b"https://[2001:db8::1]/",
        b"http://0x7f.1/",
        b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        b"https://xn--bcher-kva.test/\xc3\xa9",
    ],
    words: &[
        "https://", "http://", "@", ":", "/", "\\", "?", "#", "%", "%00", "%0d%0a", "[", "]", "..", "whsec_",
        "=", "\t", "\u{ff0e}",
    ],
};

pub const WEBHOOK_SHAPES: Target = Target {
    name: "webhook_shapes",
    size: Size::Message,
    run: |input| {
        let (how, said) = input.split_first().unwrap_or((&0, &[]));
        let Ok(from) = "example.org".parse::<Domain>() else { return };
        let causes = [None, CauseId::lookup("recipient_unknown"), CauseId::lookup("recipient_mailbox_full")];
        let cause = causes.get(usize::from(how % 3)).copied().flatten();
        let bodies = hooks::parsers::bodies(&text(said), &from, cause);
        assert!(!bodies.is_empty(), "nothing is told");
        for body in bodies {
            let line = body.to_string();
            assert!(!line.contains(['\r', '\n', '\0']), "a body of more than a line");
        }
    },
    seeds: &[
        b"\x00550 5.1.1 <bob@example.net>: no such user",
        b"\x01452-4.2.2 full\r\n452 4.2.2 full",
        b"\x02<1@example.org>",
    ],
    words: &["550 ", "5.1.1 ", "4.", "-", " ", "\r\n", "\0", "\"", "\\", "\u{2028}", "\u{fffd}"],
};

pub const SECOND_FACTOR: Target = Target {
    name: "second_factor",
    size: Size::Line,
    run: |input| {
        let whole = text(input);
        let mut parts = whole.splitn(3, '\n');
        let (secret, code, login) = (
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
            parts.next().unwrap_or_default(),
        );
        let now = Timestamp(59_000);
        if control::parsers::second_factor(secret, code, 0, now) {
            let digits = code.chars().filter(|c| !c.is_whitespace());
            assert!(digits.clone().count() == 6 && digits.clone().all(|c| c.is_ascii_digit()), "{code:?}");
            assert!(!control::parsers::second_factor(secret, code, i64::MAX, now), "a code is good twice");
        }
        let uri = control::parsers::otpauth("ABC", login, "mail.test");
        assert!(
            uri.starts_with("otpauth://totp/mail.test:") && uri.bytes().all(|b| b.is_ascii_graphic()),
            "{uri:?}"
        );
        assert!(
            uri.ends_with("?secret=ABC&issuer=mail.test") && uri.matches(['?', '&']).count() == 2,
            "{uri:?}"
        );
    },
    seeds: &[
        b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n287082\nanne@example.org",
        b"geztgnbv\n 287 082 \n\xc3\xa9?secret=x&",
        b"\n000000\n",
    ],
    words: &["\n", " ", "A", "7", "=", "1", "287082", "\u{2003}", "?", "&", "%", "#"],
};

pub const PASSKEY: Target = Target {
    name: "passkey",
    size: Size::Message,
    run: |input| {
        let whole = text(input);
        if control::parsers::passkey(&whole) {
            assert!(serde_json::from_str::<serde_json::Value>(&whole).is_ok(), "no JSON: {whole:?}");
        }
    },
    seeds: &[
        br#"{"id":"AQEBAQEBAQEBAQEBAQEBAQ","rawId":"AQEBAQEBAQEBAQEBAQEBAQ","type":"public-key","response":{"clientDataJSON":"eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQSIsIm9yaWdpbiI6Imh0dHBzOi8vbWFpbC54LnRlc3QiLCJjcm9zc09yaWdpbiI6ZmFsc2V9","authenticatorData":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFAAAAAQ","signature":"MAA"},"clientExtensionResults":{}}"#,
        br#"{"rawId":"AQ","response":{"clientDataJSON":"e30","attestationObject":"o2NmbXRkbm9uZWdhdHRTdG10oGhhdXRoRGF0YVgA","transports":["internal"]}}"#,
        b"{}",
    ],
    words: &["{", "}", "\"rawId\":", "\"response\":", "\"userHandle\":", "AAAA", "_-", "=", "null", ",", "\"", "o2Nm"],
};
