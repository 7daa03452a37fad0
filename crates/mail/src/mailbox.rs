//! The addresses of a header field or of a command line (RFC 5322 §3.4 and §4.4): names, comments, groups, routes.
//!
//! Reads what programs write, not only what they should: old forms, raw 8-bit names, encoded words with a comma inside.
//! What was written is never altered here; each mailbox says where its address ends, so that a missing domain can
//! be put in its place.

use crate::{Address, AddressError};
use std::fmt::Write as _;

/// The most mailboxes of one field. A list that is longer is refused as a whole: to read a part of it would lose the mail of
/// the others without a word.
const MAILBOXES: usize = 10_000;

/// A text that is no list of addresses: the piece that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not an address")]
pub struct MailboxError(pub String);

/// One mailbox of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    /// The name in front of the address, as written (quotes and encoded words kept), or the text of the comment behind it.
    pub name: Option<Vec<u8>>,
    /// The part before the `@`.
    pub local: String,
    /// The part behind it; `None` when there is none.
    pub domain: Option<String>,
    /// Where the address ends in the text that was read: a missing domain belongs there.
    pub end: usize,
}

impl Mailbox {
    /// The address; one without a domain belongs to `host`. `None` is the empty address `<>`.
    pub fn address(&self, host: &str) -> Option<Result<Address, AddressError>> {
        if self.local.is_empty() && self.domain.is_none() {
            return None;
        }
        let domain = self.domain.as_deref().unwrap_or(host);
        Some(format!("{}@{domain}", self.local).parse())
    }
}

/// Reads a list of addresses.
pub fn mailboxes(text: &[u8]) -> Result<Vec<Mailbox>, MailboxError> {
    let mut reader = Reader { text, at: 0 };
    let mut found = Vec::new();
    let mut part = Part::default();
    loop {
        let token = reader.next();
        match &token {
            // RFC 5321 §4.1.2: a comma between the hosts of a route ends nothing.
            Some((Token::Special(b','), ..)) if part.is_route() => part.domain = None,
            // RFC 5322 §4.4: empty members are read, and mean nothing.
            None | Some((Token::Special(b',' | b';'), ..)) => {
                if let Some(mailbox) = std::mem::take(&mut part).mailbox(text)? {
                    found.push(mailbox);
                }
                if found.len() > MAILBOXES {
                    return Err(MailboxError(format!("… ({MAILBOXES})")));
                }
                if token.is_none() {
                    return Ok(found);
                }
            }
            // A group's name: what stood before the colon was no address. Inside `<…>` a colon ends a route.
            Some((Token::Special(b':'), ..)) if part.angle != Angle::Open => part = Part::default(),
            Some((token, begin, end)) => part.take(token, *begin, *end, text)?,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// An atom or a quoted string; `true` when white space or a comment stood in front of it.
    Word(String, bool),
    /// A domain literal.
    Literal(String),
    /// The text of a comment.
    Comment(Vec<u8>),
    /// One of `<>@,;:`.
    Special(u8),
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// The next token, where it begins and where it ends.
    fn next(&mut self) -> Option<(Token, usize, usize)> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_whitespace() || b == 0) {
            self.at += 1;
        }
        let apart = self.at > start || start == 0 || self.text.get(start - 1) == Some(&b')');
        let begin = self.at;
        let token = match self.peek()? {
            b'(' => Token::Comment(self.comment()),
            b'"' => Token::Word(self.quoted(b'"'), apart),
            b'[' => Token::Literal(self.quoted(b']')),
            special @ (b'<' | b'>' | b'@' | b',' | b';' | b':') => {
                self.at += 1;
                Token::Special(special)
            }
            _ => Token::Word(self.atom(), apart),
        };
        Some((token, begin, self.at))
    }

    /// A comment, with those inside it; the text without the outer parentheses.
    fn comment(&mut self) -> Vec<u8> {
        let (mut depth, mut text) = (0_usize, Vec::new());
        while let Some(b) = self.peek() {
            self.at += 1;
            match b {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => {
                    text.extend(self.peek());
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if !(b == b'(' && depth == 1) {
                text.push(b);
            }
        }
        text
    }

    /// A quoted string or a domain literal, its marks kept. One that never ends goes to the end of the text.
    fn quoted(&mut self, end: u8) -> String {
        let start = self.at;
        self.at += 1;
        while let Some(b) = self.peek() {
            self.at += if b == b'\\' { 2 } else { 1 };
            if b == end {
                break;
            }
        }
        self.at = self.at.min(self.text.len());
        text(self.text.get(start..self.at).unwrap_or_default())
    }

    fn atom(&mut self) -> String {
        let start = self.at;
        let encoded = self.text.get(start..).is_some_and(|rest| rest.starts_with(b"=?"));
        // Counted as they go by: looking back at each end of a word would cost the square of a hostile header.
        let mut marks = 0_usize;
        while let Some(b) = self.peek() {
            // RFC 2047 §5 allows no comma inside an encoded word of a name; mailers write it all the same.
            let ends = if encoded && !(marks >= 4 && self.is_encoded_end(start)) {
                b.is_ascii_whitespace() || matches!(b, b'<' | b'>')
            } else {
                b.is_ascii_whitespace() || b"()<>@,;:\"[".contains(&b)
            };
            if ends && self.at > start {
                break;
            }
            marks += usize::from(b == b'?');
            self.at += 1;
        }
        text(self.text.get(start..self.at).unwrap_or_default())
    }

    fn is_encoded_end(&self, start: usize) -> bool {
        let so_far = self.text.get(start..self.at).unwrap_or_default();
        so_far.len() > 5 && so_far.ends_with(b"?=")
    }
}

fn text(bytes: &[u8]) -> String {
    // Folding inside a quoted string is white space (RFC 5322 §3.2.2), and no part of it.
    String::from_utf8_lossy(bytes).replace(['\r', '\n', '\0'], "")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Angle {
    #[default]
    None,
    Open,
    Closed,
}

/// A mailbox while it is read.
#[derive(Debug, Default)]
struct Part {
    /// What stood before `<`: where it begins and ends.
    name: Option<(usize, usize)>,
    comment: Option<Vec<u8>>,
    angle: Angle,
    local: Option<String>,
    domain: Option<String>,
    after_at: bool,
    words: usize,
    end: usize,
    begin: Option<usize>,
}

impl Part {
    fn take(&mut self, token: &Token, begin: usize, end: usize, text: &[u8]) -> Result<(), MailboxError> {
        match token {
            Token::Comment(comment) => {
                self.comment = Some(comment.clone());
                return Ok(());
            }
            Token::Special(b'<') if self.angle == Angle::None => {
                let name = self.begin.map(|begin| (begin, self.end));
                let comment = self.comment.take();
                *self = Self { name, comment, angle: Angle::Open, end, ..Self::default() };
                return Ok(());
            }
            Token::Special(b'>') if self.angle == Angle::Open => {
                self.angle = Angle::Closed;
                return Ok(());
            }
            // A route (RFC 5322 §4.4, RFC 5321 appendix F.2) is read and dropped.
            Token::Special(b':') => {
                *self = Self { name: self.name, angle: Angle::Open, end, ..Self::default() };
                return Ok(());
            }
            Token::Special(b'@') => self.after_at = true,
            Token::Special(_) => return Err(MailboxError(self.written(text, end))),
            // Words behind `>` belong to nothing.
            _ if self.angle == Angle::Closed => return Err(MailboxError(self.written(text, end))),
            Token::Word(word, apart) => self.word(word, *apart),
            Token::Literal(literal) if self.after_at => self.domain = Some(literal.clone()),
            Token::Literal(_) => return Err(MailboxError(self.written(text, end))),
        }
        self.begin.get_or_insert(begin);
        self.end = end;
        Ok(())
    }

    /// Whether what was read so far stands in `<…>` and is no address yet.
    const fn is_route(&self) -> bool {
        matches!(self.angle, Angle::Open) && self.local.is_none() && self.after_at
    }

    fn word(&mut self, word: &str, apart: bool) {
        let place = if self.after_at { &mut self.domain } else { &mut self.local };
        match place {
            // RFC 5322 §4.4: white space around the dots of an address is read, and no part of it.
            Some(before) if !apart || before.ends_with('.') || word.starts_with('.') => before.push_str(word),
            Some(before) => {
                before.push(' ');
                before.push_str(word);
                self.words += 1;
            }
            None => *place = Some(word.to_owned()),
        }
    }

    fn written(&self, text: &[u8], end: usize) -> String {
        let begin = self.name.map(|(begin, _)| begin).or(self.begin).unwrap_or(end);
        String::from_utf8_lossy(text.get(begin..end).unwrap_or_default()).trim().to_owned()
    }

    fn mailbox(self, text: &[u8]) -> Result<Option<Mailbox>, MailboxError> {
        let empty = self.local.is_none() && self.domain.is_none();
        if empty && self.angle == Angle::None {
            return if self.after_at { Err(MailboxError("@".to_owned())) } else { Ok(None) };
        }
        let shown = || match &self.domain {
            Some(domain) => format!("{}@{domain}", self.local.as_deref().unwrap_or_default()),
            None => format!(
                "{}{}",
                self.local.as_deref().unwrap_or_default(),
                if self.after_at { "@" } else { "" }
            ),
        };
        let broken = self.words > 0
            || self.angle == Angle::Open
            || (self.after_at && self.domain.is_none())
            || (self.domain.is_some() && self.local.is_none());
        if broken {
            return Err(MailboxError(shown()));
        }
        let written = self.name.and_then(|(begin, end)| text.get(begin..end)).map(<[u8]>::to_vec);
        let comment = || {
            self.comment.as_deref().map(|comment| match str::from_utf8(comment) {
                // A comment may hold what a phrase may not; 8-bit names of unknown charset stay as they are.
                Ok(comment) if comment.is_ascii() && !comment.contains("=?") => phrase(comment).into_bytes(),
                _ => comment.to_vec(),
            })
        };
        Ok(Some(Mailbox {
            name: written.or_else(comment).filter(|name| !name.is_empty()),
            local: self.local.unwrap_or_default(),
            domain: self.domain,
            end: self.end,
        }))
    }
}

/// A name as it may stand in front of an address (RFC 5322 §3.2.5): as it is, quoted, or as encoded words (RFC 2047).
pub fn phrase(name: &str) -> String {
    let atom = |c: char| c.is_ascii_alphanumeric() || " !#$%&'*+-/=?^_`{|}~".contains(c);
    if !name.is_ascii() || name.contains(|c: char| c.is_ascii_control()) || name.contains("=?") {
        return encoded(name, PHRASE_WORD);
    }
    if name.chars().all(atom) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The encoded characters of a word in a phrase: with its frame it has 75 (RFC 2047 §2).
const PHRASE_WORD: usize = 63;
/// The same of a word in a field that people read: the name of the field stands on the first line.
const TEXT_WORD: usize = 50;

/// A text as the value of a field that people read, folded (RFC 2047 §5 rule 1). Every byte that could be taken for
/// anything else is encoded; line breaks and NUL are left out.
pub fn encoded_words(text: &str) -> String {
    encoded(text, TEXT_WORD).replace("?= =?", "?=\r\n =?")
}

/// Encoded words of the Q encoding that fit into a phrase (RFC 2047 §5 rule 3), each with at most so many characters and
/// none cutting a character in two.
fn encoded(name: &str, room: usize) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for c in name.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')) {
        let mut piece = String::new();
        if c == ' ' {
            piece.push('_');
        } else if c.is_ascii_alphanumeric() || "!*+-/".contains(c) {
            piece.push(c);
        } else {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                let _ = write!(piece, "={byte:02X}");
            }
        }
        if word.len() + piece.len() > room {
            words.push(std::mem::take(&mut word));
        }
        word.push_str(&piece);
    }
    words.push(word);
    let words: Vec<String> = words.into_iter().map(|word| format!("=?utf-8?Q?{word}?=")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is read, as `name|local|domain` with `-` for what is absent.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let read = mailboxes(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let shown: Vec<String> = read
            .into_iter()
            .map(|one| {
                let name = one.name.map(|name| String::from_utf8(name).unwrap());
                format!("{}|{}|{}", or_dash(name), one.local, or_dash(one.domain))
            })
            .collect();
        assert_eq!(shown, expected, "{text:?}");
    }

    #[test]
    fn lists_are_read_as_they_are_written() {
        check("a@b.test", &["-|a|b.test"]);
        check(" a@b.test , c@d.test\r\n", &["-|a|b.test", "-|c|d.test"]);
        check("root", &["-|root|-"]);
        check("root (Cron Daemon)", &["Cron Daemon|root|-"]);
        check("\"(Cron Daemon)\" <root>", &["\"(Cron Daemon)\"|root|-"]);
        check("Anne Dupont <a@b.test>", &["Anne Dupont|a|b.test"]);
        check("\"Dupont, Anne\" <a@b.test>,c@d.test", &["\"Dupont, Anne\"|a|b.test", "-|c|d.test"]);
        check(
            "=?utf-8?Q?Dupont,_Anne?= <a@b.test>, c@d.test",
            &["=?utf-8?Q?Dupont,_Anne?=|a|b.test", "-|c|d.test"],
        );
        check("=?utf-8?B?QQ==?=,b@c.test", &["-|=?utf-8?B?QQ==?=|-", "-|b|c.test"]);
        check("Élise <élise@société.test>", &["Élise|élise|société.test"]);
        check("a@b.test (x, y (z))", &["\"x, y (z)\"|a|b.test"]);
        check("a (c1) @ (c2) b.test", &["c2|a|b.test"]);
        check("\"a b\"@c.test", &["-|\"a b\"|c.test"]);
        check("\"a@b\"@c.test", &["-|\"a@b\"|c.test"]);
        check("a . b @ c . test", &["-|a.b|c.test"]);
        check("a@[192.0.2.1]", &["-|a|[192.0.2.1]"]);
        check("<@x.test,@y.test:a@b.test>", &["-|a|b.test"]);
        check("<@x.test:a@b.test>", &["-|a|b.test"]);
        check("host!user", &["-|host!user|-"]);
        check("The team: a@b.test, c <d@e.test>; f@g.test", &["-|a|b.test", "c|d|e.test", "-|f|g.test"]);
        check("undisclosed-recipients:;", &[]);
        check("", &[]);
        check(" , ,", &[]);
        check("<>", &["-||-"]);
        check("a@b.test,\r\n\tc@d.test", &["-|a|b.test", "-|c|d.test"]);
        check("Ann\r\n <a@b.test>", &["Ann|a|b.test"]);
    }

    #[test]
    fn what_is_no_list_is_named() {
        for (text, named) in [
            ("John Smith", "John Smith"),
            ("a b@c.test", "a b@c.test"),
            ("a@", "a@"),
            ("@b.test", "@b.test"),
            ("Anne <a@b.test", "a@b.test"),
            ("<a@b.test> c", "c"),
            ("a>b", "a>"),
        ] {
            let error = mailboxes(text.as_bytes()).unwrap_err();
            assert!(error.0.contains(named.trim()) || error.0 == named, "{text}: {error:?}");
        }
    }

    #[test]
    fn a_missing_domain_belongs_at_the_end() {
        for (text, whole) in [
            ("root", "root@h.test"),
            ("root (Cron Daemon)", "root@h.test (Cron Daemon)"),
            ("Bob <bob>, a@b.test, \"x y\"", "Bob <bob@h.test>, a@b.test, \"x y\"@h.test"),
        ] {
            let mut made = text.to_owned();
            for mailbox in mailboxes(text.as_bytes()).unwrap().iter().rev().filter(|one| one.domain.is_none())
            {
                made.insert_str(mailbox.end, "@h.test");
            }
            assert_eq!(made, whole);
        }
        let one = &mailboxes(b"root").unwrap()[0];
        assert_eq!(one.address("h.test").unwrap().unwrap().to_string(), "root@h.test");
        assert!(mailboxes(b"<>").unwrap()[0].address("h.test").is_none());
    }

    #[test]
    fn names_become_phrases() {
        for (name, written) in [
            ("Anne Dupont", "Anne Dupont"),
            ("CronDaemon", "CronDaemon"),
            ("Dupont, Anne", "\"Dupont, Anne\""),
            ("a \"b\" \\", "\"a \\\"b\\\" \\\\\""),
            ("Élise", "=?utf-8?Q?=C3=89lise?="),
            ("x\r\nBcc: y", "=?utf-8?Q?xBcc=3A_y?="),
            ("=?x?=", "=?utf-8?Q?=3D=3Fx=3F=3D?="),
        ] {
            assert_eq!(phrase(name), written);
        }
        assert!(phrase(&"é".repeat(60)).split(' ').all(|word| word.len() <= 75));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_stays_in_the_text(text in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(read) = mailboxes(&text) {
                prop_assert!(read.iter().all(|one| one.end <= text.len()));
            }
        }

        #[test]
        fn lists_of_marks_end(text in "[a<>@,;:()\"\\\\ .=?\\[\\]]{0,40}") {
            let _ = mailboxes(text.as_bytes());
        }

        #[test]
        fn a_phrase_reads_back_as_one_name(name in "[ -~é]{1,40}") {
            let text = format!("{} <a@b.test>", phrase(&name));
            let read = mailboxes(text.as_bytes()).unwrap();
            prop_assert_eq!(read.len(), 1);
            prop_assert_eq!(read[0].local.as_str(), "a");
        }
    }

    /// What is built to be read slowly is read in a time that grows as its size does.
    #[test]
    fn hostile_lists_are_read_in_linear_time() {
        let size = 1 << 17;
        let clock = crate::Clock::System;
        let began = clock.now();
        for piece in [
            "(",
            "((a)",
            "(a)",
            "\"",
            "\"\\",
            "=?",
            "=?=",
            "?=",
            "<",
            ">",
            "@",
            "@a,",
            ":",
            ";",
            ",",
            "a,",
            "a ",
            "a.",
            "[",
            "\\",
            "a@b.test, ",
            "<@a:",
            "=?utf-8?q?=41?= ",
        ] {
            let text = piece.repeat(size / piece.len());
            let _ = mailboxes(text.as_bytes());
            let _ = mailboxes(format!("=?{}{text}", "a".repeat(size)).as_bytes());
        }
        let took_ms = clock.now().since_ms(began);
        // Some megabytes in all: seconds. Where the time grows with the square, each alone would take minutes.
        assert!(took_ms < 30_000, "{took_ms} ms");
        let many = "a@b.test,".repeat(MAILBOXES + 1);
        assert!(mailboxes(many.as_bytes()).is_err());
    }
}
