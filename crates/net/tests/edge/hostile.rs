//! Malformed input against the ports: every line is answered, at once and from the list, or the connection ends with a
//! word.

use crate::ways::{Guest, House, WAYS};
use std::time::Duration;
use testkit::chance::Chance;
use testkit::proof;
use tokio::time::timeout;

/// Every code that a session writes (`docs/smtp.md`).
const CODES: [&str; 25] = [
    "214", "220", "221", "235", "250", "252", "334", "354", "421", "450", "451", "452", "454", "500", "501",
    "502", "503", "504", "530", "535", "538", "550", "552", "553", "554",
];
/// The same, of parameters.
const PARAMETER: &str = "555";

/// How long an answer may take.
const SOON: Duration = Duration::from_secs(1);

/// The beginnings of lines, and what may follow them.
const VERBS: [&str; 24] = [
    "EHLO ",
    "HELO ",
    "MAIL FROM:",
    "RCPT TO:",
    "MAIL ",
    "RCPT ",
    "DATA",
    "BDAT ",
    "RSET",
    "NOOP ",
    "VRFY ",
    "EXPN ",
    "HELP ",
    "AUTH PLAIN ",
    "AUTH LOGIN ",
    "AUTH ",
    "STARTTLS",
    "ETRN ",
    "LHLO ",
    "XCLIENT ",
    "GET ",
    "",
    "MAIL FROM: ",
    "rcpt to: ",
];
const ARGUMENTS: [&str; 32] = [
    "<a@b.test>",
    "<b+c@d.test>",
    "<>",
    "<a@b",
    "<@x,@y:a@b.test>",
    "<\"a b\"@c.test>",
    "<\"a\\\"@c.test>",
    "<a@[127.0.0.1]>",
    "<é@b.test>",
    "<a@é.test>",
    "a@b.test",
    "<postmaster>",
    "client.test",
    "[192.0.2.1]",
    "<a@b.test> SIZE=10",
    "<a@b.test> SIZE=99999999999",
    "<a@b.test> BODY=8BITMIME",
    "<a@b.test> BODY=BINARYMIME",
    "<a@b.test> SMTPUTF8",
    "<a@b.test> RET=FULL ENVID=x",
    "<b+c@d.test> NOTIFY=NEVER",
    "<b+c@d.test> NOTIFY=NEVER,DELAY ORCPT=x",
    "<b+c@d.test> ORCPT=utf-8;\\x{E9}@x",
    "<a@b.test> HOLDFOR=1",
    "<a@b.test> AUTH=<>",
    "AGFubmEAcmlnaHQ=",
    "AGFubmEAd3Jvbmc=",
    "*",
    "=",
    "0",
    "0 LAST",
    "-1 LAST",
];
/// What a mutation puts somewhere. No LF: a line ends where its end is.
const ODD: [&[u8]; 14] = [
    b"\0",
    b"\r",
    b" ",
    b"\t",
    b"<",
    b">",
    b"@",
    b"\"",
    b"\\",
    b"\xff",
    b"\xc3\xa9",
    b"\x1b[2J",
    b"%s%n",
    b"=",
];

fn line(chance: &mut Chance) -> Vec<u8> {
    let mut line = [*chance.of(&VERBS).unwrap(), *chance.of(&ARGUMENTS).unwrap()].concat().into_bytes();
    for _ in 0..chance.below(4) {
        let at = chance.index(line.len() + 1);
        match chance.below(6) {
            0 => drop(line.splice(at..at, chance.of(&ODD).unwrap().iter().copied())),
            1 if at < line.len() => line[at] = (chance.number() as u8).max(11),
            2 => line.truncate(at),
            3 => line.extend_from_slice(&line.clone()[at..]),
            4 => line.extend(std::iter::repeat_n(b'a', *chance.of(&[60, 500, 2_100, 14_000]).unwrap())),
            _ => line.make_ascii_lowercase(),
        }
    }
    line.retain(|&byte| byte != b'\n');
    line.extend_from_slice(if chance.below(60) == 0 { b"\n" } else { b"\r\n" });
    line
}

/// The bytes that follow BDAT: as many as it says, if that is sensible.
fn chunk(line: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(line).to_ascii_uppercase();
    let size = text.strip_prefix("BDAT ")?.split_whitespace().next()?.parse::<u64>().ok()?;
    Some(vec![b'x'; usize::try_from(size).ok().filter(|&size| size < 100_000)?])
}

fn is_endless_chunk(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line).to_ascii_uppercase();
    let size = text.strip_prefix("BDAT ").and_then(|rest| rest.split_whitespace().next());
    size.is_some_and(|size| size.len() >= 6 && size.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether every line of a reply is as it must be.
fn is_sound(reply: &str) -> bool {
    let lines: Vec<&str> = reply.split('|').collect();
    lines.iter().enumerate().all(|(number, line)| {
        let code = line.get(..3).unwrap_or_default();
        let separator = if number + 1 == lines.len() { " " } else { "-" };
        let text = line.get(4..).unwrap_or_default();
        let is_known = CODES.contains(&code) || code == PARAMETER;
        let class = code.get(..1).unwrap_or_default();
        let mut enhanced = text.split(' ').next().unwrap_or_default().split('.');
        let has_enhanced = enhanced.next() == Some(class) && enhanced.all(|part| part.parse::<u16>().is_ok());
        is_known && line.get(3..4) == Some(separator) && (has_enhanced || !matches!(class, "4" | "5"))
    })
}

/// Says a line and checks its answer. `false` when the connection is over.
async fn say(guest: &mut Guest, line: &[u8], seed: u64) -> bool {
    let shown = line.get(..line.len().min(200)).unwrap_or_default().escape_ascii().to_string();
    guest.send(line).await;
    let reply =
        timeout(SOON, guest.reply()).await.unwrap_or_else(|_| panic!("no answer to {shown}, seed {seed}"));
    guest.said.push(format!("{shown} -> {reply}"));
    assert!(is_sound(&reply), "{:#?}, seed {seed}", guest.said);
    let more: &[u8] = match reply.get(..3) {
        Some("354") => b"Subject: x\r\n\r\nx\r\n.\r\n",
        Some("334") => b"*\r\n",
        _ => return true,
    };
    Box::pin(say(guest, more, seed)).await
}

/// Whether nothing more comes: the server closed behind its last word.
async fn is_over(guest: &mut Guest) -> bool {
    guest.send_if_open(b"NOOP\r\n").await;
    let reply = timeout(SOON, guest.reply()).await.expect("an answer or an end");
    assert!(reply.is_empty() || is_sound(&reply), "{reply}");
    reply.is_empty()
}

#[tokio::test]
async fn every_line_is_answered() {
    let (count, seed) = (proof::count(2_000, 100_000), proof::seed());
    let (house, mut chance) = (House::open(), Chance::of_seed(seed));
    let mut said = 0;
    while said < count {
        let mut guest = house.enter(*chance.of(&WAYS).unwrap()).await;
        for _ in 0..1 + chance.below(25) {
            let line = line(&mut chance);
            if is_endless_chunk(&line) || line.to_ascii_uppercase().starts_with(b"STARTTLS\r\n") {
                // They are the affair of tests of their own: nothing is answered before the rest has come.
                continue;
            }
            said += 1;
            let with_chunk = [line.clone(), chunk(&line).unwrap_or_default()].concat();
            say(&mut guest, &with_chunk, seed).await;
            if is_over(&mut guest).await {
                break;
            }
        }
    }
    let test = "crates/net/tests/edge/hostile.rs::every_line_is_answered";
    proof::passed("B3", test, said, "lines", Some(seed));
}
