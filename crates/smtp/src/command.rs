//! The grammar of commands (RFC 5321 §4.1), as a server reads it: one line in, one [`Command`] or one
//! refusal out. It keeps no state; what may follow what is the session's affair.

use crate::Error;
use mail::{Address, BodyType, ReversePath};
use std::borrow::Cow;

/// A command line, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// `EHLO name`.
    Ehlo(Cow<'a, str>),
    /// `HELO name`.
    Helo(Cow<'a, str>),
    /// `MAIL FROM:<path> parameters`.
    Mail(MailFrom),
    /// `RCPT TO:<path>`.
    Rcpt(Forward),
    /// `DATA`.
    Data,
    /// `RSET`.
    Rset,
    /// `NOOP`, whatever follows.
    Noop,
    /// `QUIT`.
    Quit,
    /// `VRFY`, whatever follows.
    Vrfy,
    /// `HELP`, whatever follows.
    Help,
    /// `STARTTLS` (RFC 3207).
    StartTls,
    /// `AUTH mechanism [initial response]` (RFC 4954).
    Auth {
        /// The mechanism as written.
        mechanism: &'a [u8],
        /// The initial response, still encoded.
        initial: Option<&'a [u8]>,
    },
}

/// What MAIL says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailFrom {
    /// Who is told when the message fails.
    pub path: ReversePath,
    /// The size that the client announces (RFC 1870 §6).
    pub size: Option<u64>,
    /// How the content is declared (RFC 6152 §2).
    pub body: BodyType,
    /// Whether the client asks for SMTPUTF8 (RFC 6531 §3.4).
    pub smtputf8: bool,
}

/// Whom RCPT names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forward {
    /// `<postmaster>` without a domain, which every server must know (RFC 5321 §4.1.1.3).
    Postmaster,
    /// An address.
    Address(Address),
}

/// Reads a command line without its line end.
pub fn parse(line: &[u8]) -> Result<Command<'_>, Error> {
    if line.iter().any(|&b| b == 0 || b == b'\r' || b == b'\n') {
        return Err(Error::ForbiddenByte);
    }
    // Spaces at the end of a line mean nothing (RFC 5321 §4.1.1 asks servers to bear with them).
    let line = line.trim_ascii_end();
    let end = memchr::memchr(b' ', line).unwrap_or(line.len());
    let (verb, rest) = line.split_at(end);
    let rest = rest.trim_ascii_start();
    let mut upper = [0; 8];
    let Some(room) = upper.get_mut(..verb.len()) else { return Err(Error::UnknownCommand) };
    room.copy_from_slice(verb);
    room.make_ascii_uppercase();
    match &*room {
        b"MAIL" => mail(rest),
        b"RCPT" => rcpt(rest),
        b"EHLO" => hello(rest).map(Command::Ehlo),
        b"HELO" => hello(rest).map(Command::Helo),
        b"AUTH" => auth(rest),
        b"DATA" => alone(rest, Command::Data),
        b"RSET" => alone(rest, Command::Rset),
        b"QUIT" => alone(rest, Command::Quit),
        b"STARTTLS" => alone(rest, Command::StartTls),
        b"NOOP" => Ok(Command::Noop),
        b"VRFY" => Ok(Command::Vrfy),
        b"HELP" => Ok(Command::Help),
        b"EXPN" | b"BDAT" | b"ETRN" | b"ATRN" | b"TURN" | b"SEND" | b"SOML" | b"SAML" | b"LHLO"
        | b"XCLIENT" | b"XFORWARD" | b"BURL" => Err(Error::NotImplemented),
        b"GET" | b"POST" | b"PUT" | b"HEAD" | b"CONNECT" | b"OPTIONS" => Err(Error::NotSmtp),
        _ => Err(Error::UnknownCommand),
    }
}

fn alone<'a>(rest: &[u8], command: Command<'a>) -> Result<Command<'a>, Error> {
    if rest.is_empty() { Ok(command) } else { Err(Error::Arguments) }
}

/// The most bytes of a name after EHLO: a domain (RFC 5321 §4.5.3.1.2) or an address literal.
const MAX_HELLO_BYTES: usize = 255;

fn hello(rest: &[u8]) -> Result<Cow<'_, str>, Error> {
    // The name must be a domain or an address literal. Machines call themselves `my_pc`, `localhost`
    // or by a name with accents; refusing them helps nobody, since the name proves nothing.
    let bad = rest.is_empty() || rest.len() > MAX_HELLO_BYTES || rest.iter().any(u8::is_ascii_control);
    if bad { Err(Error::Arguments) } else { Ok(String::from_utf8_lossy(rest)) }
}

fn auth(rest: &[u8]) -> Result<Command<'_>, Error> {
    let mut words = rest.split(|&b| b == b' ').filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(mechanism), initial, None) => Ok(Command::Auth { mechanism, initial }),
        _ => Err(Error::Arguments),
    }
}

fn mail(rest: &[u8]) -> Result<Command<'_>, Error> {
    let (path, parameters) = path(rest, b"FROM:")?.ok_or(Error::SenderSyntax)?;
    let path = match path {
        b"" => ReversePath::Null,
        bytes => ReversePath::Address(address(bytes).ok_or(Error::SenderSyntax)?),
    };
    let mut mail = MailFrom { path, ..MailFrom::default() };
    for word in words(parameters) {
        let (key, value) = split_parameter(word);
        match value {
            Some(value) if key.eq_ignore_ascii_case(b"SIZE") => mail.size = Some(size(value)?),
            Some(value) if key.eq_ignore_ascii_case(b"BODY") => mail.body = body(value)?,
            // RFC 4954 §5: who submitted the message first. Nobody here believes it, and it must be
            // read all the same by a server that offers AUTH.
            Some(_) if key.eq_ignore_ascii_case(b"AUTH") => {}
            None if key.eq_ignore_ascii_case(b"SMTPUTF8") => mail.smtputf8 = true,
            _ => return Err(Error::UnknownParameter),
        }
    }
    Ok(Command::Mail(mail))
}

fn rcpt(rest: &[u8]) -> Result<Command<'_>, Error> {
    let (path, parameters) = path(rest, b"TO:")?.ok_or(Error::RecipientSyntax)?;
    if words(parameters).next().is_some() {
        return Err(Error::UnknownParameter);
    }
    if path.eq_ignore_ascii_case(b"postmaster") {
        return Ok(Command::Rcpt(Forward::Postmaster));
    }
    let address = address(path).ok_or(Error::RecipientSyntax)?;
    Ok(Command::Rcpt(Forward::Address(address)))
}

/// A path without brackets and source route, and what follows it.
type Path<'a> = (&'a [u8], &'a [u8]);

/// Reads the path behind a keyword. `None` when it is no path, such as when its brackets do not close.
fn path<'a>(rest: &'a [u8], keyword: &[u8]) -> Result<Option<Path<'a>>, Error> {
    let (head, tail) = rest.split_at_checked(keyword.len()).ok_or(Error::Arguments)?;
    if !head.eq_ignore_ascii_case(keyword) {
        return Err(Error::Arguments);
    }
    // RFC 5321 §3.3 allows no space after the colon. Printers and old PHP scripts send one all the
    // same; refusing them helps nobody, so we read it.
    let tail = tail.trim_ascii_start();
    let Some(inner) = tail.strip_prefix(b"<") else {
        // The same programs leave the brackets out, too. An empty path needs them.
        let end = memchr::memchr(b' ', tail).unwrap_or(tail.len());
        return Ok(tail.split_at_checked(end).filter(|(path, _)| !path.is_empty() && !path.contains(&b'>')));
    };
    let Some(end) = closing_bracket(inner) else { return Ok(None) };
    let (path, after) = (inner.get(..end).unwrap_or_default(), inner.get(end + 1..).unwrap_or_default());
    let ends_well = after.is_empty() || after.starts_with(b" ");
    Ok(ends_well.then(|| (without_route(path), after)))
}

/// Where the bracket closes: the first `>` that is not quoted (RFC 5321 §4.1.2 Quoted-string).
fn closing_bracket(inner: &[u8]) -> Option<usize> {
    if !inner.contains(&b'"') {
        return memchr::memchr(b'>', inner);
    }
    let (mut quoted, mut escaped) = (false, false);
    for (at, &byte) in inner.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// RFC 5321 §4.1.1.3 and appendix C: `@a,@b:name@c` is read as `name@c`.
fn without_route(path: &[u8]) -> &[u8] {
    if !path.starts_with(b"@") {
        return path;
    }
    let end = memchr::memchr(b':', path).map_or(0, |colon| colon + 1);
    path.get(end..).unwrap_or_default()
}

fn address(bytes: &[u8]) -> Option<Address> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn words(parameters: &[u8]) -> impl Iterator<Item = &[u8]> {
    parameters.split(|&b| b == b' ').filter(|word| !word.is_empty())
}

fn split_parameter(word: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'=', word) {
        Some(at) => (word.get(..at).unwrap_or_default(), word.get(at + 1..)),
        None => (word, None),
    }
}

/// RFC 1870 §4: up to 20 digits.
fn size(value: &[u8]) -> Result<u64, Error> {
    let digits = (1..=20).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits).ok_or(Error::ParameterValue)?;
    // Twenty digits may be more than 64 bits hold; that is too big either way.
    Ok(text.parse().unwrap_or(u64::MAX))
}

fn body(value: &[u8]) -> Result<BodyType, Error> {
    if value.eq_ignore_ascii_case(b"7BIT") {
        Ok(BodyType::SevenBit)
    } else if value.eq_ignore_ascii_case(b"8BITMIME") {
        Ok(BodyType::EightBitMime)
    } else {
        // BINARYMIME needs BDAT (RFC 3030 §3), which is not offered.
        Err(Error::ParameterValue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Prints what was understood, so that a case is one line.
    fn print(command: Result<Command<'_>, Error>) -> String {
        match command {
            Ok(Command::Mail(mail)) => {
                let size = mail.size.map(|s| format!(" {s}")).unwrap_or_default();
                let body = if mail.body == BodyType::EightBitMime { " 8bit" } else { "" };
                format!("mail {}{size}{body}{}", mail.path, if mail.smtputf8 { " utf8" } else { "" })
            }
            Ok(Command::Rcpt(Forward::Address(address))) => format!("rcpt {address}"),
            Ok(Command::Rcpt(Forward::Postmaster)) => "rcpt postmaster".to_owned(),
            Ok(Command::Ehlo(name)) => format!("ehlo {name}"),
            Ok(Command::Helo(name)) => format!("helo {name}"),
            Ok(Command::Auth { mechanism, initial }) => {
                let initial = initial.map(|i| format!(" {}", String::from_utf8_lossy(i))).unwrap_or_default();
                format!("auth {}{initial}", String::from_utf8_lossy(mechanism))
            }
            Ok(other) => format!("{other:?}").to_lowercase(),
            Err(error) => format!("{error:?}"),
        }
    }

    #[track_caller]
    fn check(line: &str, expected: &str) {
        assert_eq!(print(parse(line.as_bytes())), expected, "{line}");
    }

    #[test]
    fn plain_commands() {
        check("EHLO client.test", "ehlo client.test");
        check("helo [192.0.2.1]  ", "helo [192.0.2.1]");
        check("EHLO Émile-PC", "ehlo Émile-PC");
        check("EHLO", "Arguments");
        check(&format!("EHLO {}", "a".repeat(256)), "Arguments");
        check("DATA", "data");
        check("data ", "data");
        check("DATA now", "Arguments");
        check("RSET x", "Arguments");
        check("NOOP anything", "noop");
        check("STARTTLS", "starttls");
        check("STARTTLS now", "Arguments");
        check("VRFY someone", "vrfy");
        check("QUIT", "quit");
        check("EXPN list", "NotImplemented");
        check("BDAT 10 LAST", "NotImplemented");
        check("GET / HTTP/1.1", "NotSmtp");
        check("", "UnknownCommand");
        check("FOO", "UnknownCommand");
        check("Subject: hello", "UnknownCommand");
        check("MAILFROM:<a@b.test>", "UnknownCommand");
        check("NO\0OP", "ForbiddenByte");
        check("NOOP\rQUIT", "ForbiddenByte");
    }

    #[test]
    fn senders() {
        check("MAIL FROM:<a@b.test>", "mail a@b.test");
        check("mail from:<A@b.test> size=10 body=8bitmime", "mail A@b.test 10 8bit");
        check("MAIL FROM: <a@b.test>", "mail a@b.test");
        check("MAIL FROM:a@b.test SIZE=1", "mail a@b.test 1");
        check("MAIL FROM:<>", "mail ");
        check("MAIL FROM:<> BODY=7BIT", "mail ");
        check("MAIL FROM:<@x.test,@y.test:a@b.test>", "mail a@b.test");
        check("MAIL FROM:<\"a>b\"@c.test> SIZE=2", "mail \"a>b\"@c.test 2");
        check("MAIL FROM:<\"a\\\">b\"@c.test>", "mail \"a\\\">b\"@c.test");
        check("MAIL FROM:<é@b.test> SMTPUTF8", "mail é@b.test utf8");
        check("MAIL FROM:<a@b.test> AUTH=<>", "mail a@b.test");
        check("MAIL FROM:<a@b.test> SIZE=99999999999999999999", "mail a@b.test 18446744073709551615");
        check("MAIL FROM:<a@b.test> SIZE=999999999999999999999", "ParameterValue");
        check("MAIL FROM:<a@b.test> SIZE=+1", "ParameterValue");
        check("MAIL FROM:<a@b.test> SIZE=", "ParameterValue");
        check("MAIL FROM:<a@b.test> SIZE", "UnknownParameter");
        check("MAIL FROM:<a@b.test> BODY=BINARYMIME", "ParameterValue");
        check("MAIL FROM:<a@b.test> SMTPUTF8=1", "UnknownParameter");
        check("MAIL FROM:<a@b.test> RET=HDRS", "UnknownParameter");
        check("MAIL FROM:<a@b.test>SIZE=1", "SenderSyntax");
        check("MAIL FROM:<a@b.test", "SenderSyntax");
        check("MAIL FROM:<root>", "SenderSyntax");
        check("MAIL FROM:", "SenderSyntax");
        check("MAIL FROM:a@b.test>", "SenderSyntax");
        check("MAIL FROM:<@x.test>", "SenderSyntax");
        check("MAIL TO:<a@b.test>", "Arguments");
        check("MAIL", "Arguments");
    }

    #[test]
    fn recipients() {
        check("RCPT TO:<a@b.test>", "rcpt a@b.test");
        check("rcpt to: a@b.test", "rcpt a@b.test");
        check("RCPT TO:<@x.test:a@b.test>", "rcpt a@b.test");
        check("RCPT TO:<Postmaster>", "rcpt postmaster");
        check("RCPT TO:<>", "RecipientSyntax");
        check("RCPT TO:<a>", "RecipientSyntax");
        check("RCPT TO:<a@b.test>, <c@d.test>", "RecipientSyntax");
        check("RCPT TO:<a@b.test> NOTIFY=NEVER", "UnknownParameter");
        check("RCPT FROM:<a@b.test>", "Arguments");
    }

    #[test]
    fn signing_in() {
        check("AUTH PLAIN AGEAYg==", "auth PLAIN AGEAYg==");
        check("auth login", "auth login");
        check("AUTH", "Arguments");
        check("AUTH PLAIN a b", "Arguments");
    }

    #[test]
    fn bytes_that_are_no_text() {
        assert_eq!(parse(b"RCPT TO:<\xff@b.test>"), Err(Error::RecipientSyntax));
        assert_eq!(parse(b"\x16\x03\x01\x02"), Err(Error::UnknownCommand));
        assert!(matches!(parse(b"EHLO \xe9mile"), Ok(Command::Ehlo(_))));
    }
}
