//! The grammar of commands (RFC 5321 §4.1), as a server reads it: one line in, one [`Command`] or one
//! refusal out. It keeps no state; what may follow what is the session's affair.

mod wishes;

use crate::Error;
use mail::{Address, BodyType, Hold, Notify, Returned, ReversePath};
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
    /// `RCPT TO:<path> parameters`.
    Rcpt(RcptTo),
    /// `DATA`.
    Data,
    /// `BDAT size [LAST]` (RFC 3030 §2).
    Bdat(Chunk),
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

/// A chunk that BDAT announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk {
    /// How many bytes follow the command.
    pub size: u64,
    /// Whether the message ends with them.
    pub is_last: bool,
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
    /// How much of the message goes back with a failure (RFC 3461 §4.3).
    pub ret: Option<Returned>,
    /// The client's own name for the envelope, as xtext (RFC 3461 §4.4).
    pub envid: Option<String>,
    /// Until when the message is kept (RFC 4865 §4).
    pub hold: Option<Hold>,
}

/// What RCPT says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RcptTo {
    /// Who gets it.
    pub path: Forward,
    /// When the sender wants to hear of this recipient (RFC 3461 §4.1).
    pub notify: Option<Notify>,
    /// The address that the sender first wrote, as `type;xtext` (RFC 3461 §4.2).
    pub orcpt: Option<String>,
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
        return Err(if announces_chunk(line) { Error::BadChunk } else { Error::ForbiddenByte });
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
        b"BDAT" => chunk(rest),
        b"DATA" => alone(rest, Command::Data),
        b"RSET" => alone(rest, Command::Rset),
        b"QUIT" => alone(rest, Command::Quit),
        b"STARTTLS" => alone(rest, Command::StartTls),
        b"NOOP" => Ok(Command::Noop),
        b"VRFY" => Ok(Command::Vrfy),
        b"HELP" => Ok(Command::Help),
        b"EXPN" | b"ETRN" | b"ATRN" | b"TURN" | b"SEND" | b"SOML" | b"SAML" | b"LHLO" | b"XCLIENT"
        | b"XFORWARD" | b"BURL" => Err(Error::NotImplemented),
        b"GET" | b"POST" | b"PUT" | b"HEAD" | b"CONNECT" | b"OPTIONS" => Err(Error::NotSmtp),
        _ => Err(Error::UnknownCommand),
    }
}

/// Whether a line is BDAT, however badly it goes on: what follows it is no command.
pub(crate) fn announces_chunk(line: &[u8]) -> bool {
    line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"))
        && line.get(4).is_none_or(u8::is_ascii_whitespace)
}

fn chunk<'a>(rest: &[u8]) -> Result<Command<'a>, Error> {
    let mut words = rest.split(|&b| b == b' ').filter(|word| !word.is_empty());
    let size = words.next().ok_or(Error::BadChunk)?;
    let size = size_of(size).ok_or(Error::BadChunk)?;
    let is_last = match (words.next(), words.next()) {
        (None, _) => false,
        (Some(last), None) if last.eq_ignore_ascii_case(b"LAST") => true,
        _ => return Err(Error::BadChunk),
    };
    Ok(Command::Bdat(Chunk { size, is_last }))
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
    for (key, value) in parameters_of(parameters) {
        match (&*key.to_ascii_uppercase(), value) {
            (b"SIZE", Some(value)) => mail.size = Some(size(value)?),
            (b"BODY", Some(value)) => mail.body = body(value)?,
            // RFC 4954 §5: who submitted the message first. Nobody here believes it, and it must be
            // read all the same by a server that offers AUTH.
            (b"AUTH", Some(_)) => {}
            (b"SMTPUTF8", None) => mail.smtputf8 = true,
            (b"RET", Some(value)) => once(&mut mail.ret, wishes::ret(value)?)?,
            (b"ENVID", Some(value)) => once(&mut mail.envid, wishes::envid(value)?)?,
            (b"HOLDFOR", Some(value)) => once(&mut mail.hold, wishes::hold_for(value)?)?,
            (b"HOLDUNTIL", Some(value)) => once(&mut mail.hold, wishes::hold_until(value)?)?,
            _ => return Err(Error::UnknownParameter),
        }
    }
    Ok(Command::Mail(mail))
}

fn rcpt(rest: &[u8]) -> Result<Command<'_>, Error> {
    let (path, parameters) = path(rest, b"TO:")?.ok_or(Error::RecipientSyntax)?;
    let (mut notify, mut orcpt) = (None, None);
    for (key, value) in parameters_of(parameters) {
        match (&*key.to_ascii_uppercase(), value) {
            (b"NOTIFY", Some(value)) => once(&mut notify, wishes::notify(value)?)?,
            (b"ORCPT", Some(value)) => once(&mut orcpt, wishes::orcpt(value)?)?,
            _ => return Err(Error::UnknownParameter),
        }
    }
    let path = if path.eq_ignore_ascii_case(b"postmaster") {
        Forward::Postmaster
    } else {
        Forward::Address(address(path).ok_or(Error::RecipientSyntax)?)
    };
    Ok(Command::Rcpt(RcptTo { path, notify, orcpt }))
}

/// Sets what may be said once. Two values would be a wish and its contrary (RFC 3461 §4), and HOLDFOR excludes
/// HOLDUNTIL (RFC 4865 §4).
fn once<T>(place: &mut Option<T>, value: T) -> Result<(), Error> {
    if place.replace(value).is_some() { Err(Error::RepeatedParameter) } else { Ok(()) }
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

/// The parameters behind a path: keyword, and value behind `=`.
fn parameters_of(text: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    text.split(|&b| b == b' ').filter(|word| !word.is_empty()).map(|word| match memchr::memchr(b'=', word) {
        Some(at) => (word.get(..at).unwrap_or_default(), word.get(at + 1..)),
        None => (word, None),
    })
}

/// RFC 1870 §4: up to 20 digits.
fn size(value: &[u8]) -> Result<u64, Error> {
    size_of(value).ok_or(Error::ParameterValue)
}

fn size_of(value: &[u8]) -> Option<u64> {
    let digits = (1..=20).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| digits)?;
    // Twenty digits may be more than 64 bits hold; that is too big either way.
    Some(text.parse().unwrap_or(u64::MAX))
}

fn body(value: &[u8]) -> Result<BodyType, Error> {
    if value.eq_ignore_ascii_case(b"7BIT") {
        Ok(BodyType::SevenBit)
    } else if value.eq_ignore_ascii_case(b"8BITMIME") {
        Ok(BodyType::EightBitMime)
    } else {
        // BINARYMIME (RFC 3030 §3) is not offered: what may hold any byte can be passed on to almost nobody.
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
                let utf8 = if mail.smtputf8 { " utf8" } else { "" };
                let ret = mail.ret.map(|ret| format!(" {ret:?}")).unwrap_or_default();
                let envid = mail.envid.map(|envid| format!(" envid {envid}")).unwrap_or_default();
                let hold = mail.hold.map(|hold| format!(" {hold:?}")).unwrap_or_default();
                format!("mail {}{size}{body}{utf8}{ret}{envid}{hold}", mail.path)
            }
            Ok(Command::Rcpt(RcptTo { path, notify, orcpt })) => {
                let to = match path {
                    Forward::Address(address) => address.to_string(),
                    Forward::Postmaster => "postmaster".to_owned(),
                };
                let notify = notify.map(|notify| format!(" {notify}")).unwrap_or_default();
                format!("rcpt {to}{notify}{}", orcpt.map(|orcpt| format!(" {orcpt}")).unwrap_or_default())
            }
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
        check("GET / HTTP/1.1", "NotSmtp");
        check("", "UnknownCommand");
        check("FOO", "UnknownCommand");
        check("Subject: hello", "UnknownCommand");
        check("MAILFROM:<a@b.test>", "UnknownCommand");
        check("NO\0OP", "ForbiddenByte");
        check("NOOP\rQUIT", "ForbiddenByte");
    }

    #[test]
    fn chunks() {
        let chunk = |size: u64, last: bool| format!("bdat(chunk {{ size: {size}, is_last: {last} }})");
        check("BDAT 10", &chunk(10, false));
        check("bdat 0 last", &chunk(0, true));
        check("BDAT  10  LAST ", &chunk(10, true));
        check("BDAT 99999999999999999999", &chunk(u64::MAX, false));
        for bad in [
            "BDAT",
            "BDAT x",
            "BDAT -1",
            "BDAT 10 END",
            "BDAT 10 LAST LAST",
            "BDAT 1\x002",
            "BDAT\r",
            "BDAT 0x10",
        ] {
            check(bad, "BadChunk");
        }
        check("BDATA 1", "UnknownCommand");
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
        check("RCPT TO:<a@b.test> SIZE=1", "UnknownParameter");
        check("RCPT TO:<a@b.test>NOTIFY=NEVER", "RecipientSyntax");
        check("RCPT FROM:<a@b.test>", "Arguments");
    }

    #[test]
    fn notices_wished_for_with_the_sender() {
        let mail =
            |parameters: &str, expected: &str| check(&format!("MAIL FROM:<a@b.test> {parameters}"), expected);
        mail("RET=HDRS", "mail a@b.test Headers");
        mail("ret=full size=10 ENVID=QQ314159", "mail a@b.test 10 Full envid QQ314159");
        mail("ENVID=a+2Bb+20c", "mail a@b.test envid a+2Bb+20c");
        mail(&format!("ENVID={}", "x".repeat(100)), &format!("mail a@b.test envid {}", "x".repeat(100)));
        for bad in ["", "+0D+0A", "a=b", "+2b", "é", &"x".repeat(101)] {
            mail(&format!("ENVID={bad}"), "BadEnvid");
        }
        for bad in ["", "NONE", "FULL,HDRS", "HDR"] {
            mail(&format!("RET={bad}"), "BadRet");
        }
        mail("RET=FULL RET=FULL", "RepeatedParameter");
        mail("ENVID=a ENVID=b", "RepeatedParameter");
        mail("RET", "UnknownParameter");
        mail("ENVID", "UnknownParameter");
        mail("NOTIFY=NEVER", "UnknownParameter");
    }

    #[test]
    fn notices_wished_for_with_a_recipient() {
        let rcpt =
            |parameters: &str, expected: &str| check(&format!("RCPT TO:<a@b.test> {parameters}"), expected);
        rcpt("NOTIFY=NEVER", "rcpt a@b.test NEVER");
        rcpt("notify=success,Failure,DELAY", "rcpt a@b.test SUCCESS,FAILURE,DELAY");
        rcpt("NOTIFY=DELAY,SUCCESS", "rcpt a@b.test SUCCESS,DELAY");
        for bad in [
            "",
            "NEVER,FAILURE",
            "NEVER,NEVER",
            "FAILURE,",
            ",",
            "ALWAYS",
            "FAILURE;DELAY",
            "FAILURE,FAILURE",
        ] {
            rcpt(&format!("NOTIFY={bad}"), "BadNotify");
        }
        rcpt("ORCPT=rfc822;Bob+2Bx@b.test", "rcpt a@b.test rfc822;Bob+2Bx@b.test");
        rcpt("ORCPT=rfc822;x NOTIFY=DELAY", "rcpt a@b.test DELAY rfc822;x");
        let long = format!("rfc822;{}", "x".repeat(493));
        rcpt(&format!("ORCPT={long}"), &format!("rcpt a@b.test {long}"));
        for bad in ["", "a@b.test", "rfc822;", ";a@b.test", "rfc822;+0A", "rfc822;a=b", &format!("{long}x")] {
            rcpt(&format!("ORCPT={bad}"), "BadOrcpt");
        }
        rcpt("NOTIFY=NEVER NOTIFY=DELAY", "RepeatedParameter");
        rcpt("ORCPT=rfc822;x ORCPT=rfc822;x", "RepeatedParameter");
        rcpt("NOTIFY", "UnknownParameter");
        rcpt("RET=FULL", "UnknownParameter");
        check("RCPT TO:<postmaster> NOTIFY=NEVER", "rcpt postmaster NEVER");
    }

    #[test]
    fn messages_to_be_kept() {
        let mail =
            |parameters: &str, expected: &str| check(&format!("MAIL FROM:<a@b.test> {parameters}"), expected);
        mail("HOLDFOR=86400", "mail a@b.test ForSecs(86400)");
        mail("holdfor=999999999", "mail a@b.test ForSecs(999999999)");
        mail("HOLDUNTIL=2026-11-22T10:00:00Z", "mail a@b.test Until(Timestamp(1795341600000))");
        mail("HOLDUNTIL=2026-11-22T11:00:00+01:00", "mail a@b.test Until(Timestamp(1795341600000))");
        for bad in ["", "0", "01", "-1", "+1", "1h", "1000000000"] {
            mail(&format!("HOLDFOR={bad}"), "BadHoldFor");
        }
        for bad in ["", "tomorrow", "2026-11-22", "2026-11-22T10:00:00", "1795341600"] {
            mail(&format!("HOLDUNTIL={bad}"), "BadHoldUntil");
        }
        mail("HOLDFOR=1 HOLDUNTIL=2026-11-22T10:00:00Z", "RepeatedParameter");
        mail("HOLDFOR", "UnknownParameter");
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
