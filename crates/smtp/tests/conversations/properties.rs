//! What holds for every input.

use crate::peer::Server;
use proptest::prelude::*;
use smtp::Input;
use smtp::dots::{Stuffer, Unstuffer};
use smtp::reply::{ReplyReader, write_reply};
use smtp::server::{AuthOffer, SessionConfig};

fn config() -> SessionConfig {
    let mut config = SessionConfig::new("mx.example".parse().unwrap());
    config.auth = AuthOffer::Always;
    config.max_errors = u32::MAX;
    config.max_idle_commands = u32::MAX;
    config.max_sign_in_failures = u32::MAX;
    config
}

/// Lines that a client might send, good and bad, so that random dialogues go deep.
const LINES: [&str; 31] = [
    "EHLO x",
    "HELO x",
    "EHLO",
    "MAIL FROM:<a@b.test>",
    "MAIL FROM:<> SIZE=10",
    "MAIL FROM:<refused@b.test>",
    "MAIL FROM:<full@b.test>",
    "MAIL FROM:<",
    "RCPT TO:<c@d.test>",
    "RCPT TO:<later@d.test>",
    "RCPT TO:<>",
    "MAIL FROM:<a@b.test> RET=HDRS ENVID=x HOLDFOR=9",
    "RCPT TO:<c@d.test> NOTIFY=DELAY ORCPT=rfc822;x",
    "RCPT TO:<c@d.test> NOTIFY=x",
    "RSET",
    "NOOP",
    "VRFY x",
    "HELP",
    "EXPN y",
    "FOO",
    "",
    "NO\rOP",
    "N\0P",
    "STARTTLS now",
    "AUTH X",
    "AUTH PLAIN AHUAc2VjcmV0",
    "AUTH PLAIN AHUAeA==",
    "AUTH PLAIN *",
    "BDAT 0",
    "BDAT 0 LAST",
    "bdat 00 last",
];

/// Bytes in which line ends, dots and NUL are frequent.
fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => Just(b'\r'), 4 => Just(b'\n'), 4 => Just(b'.'), 1 => Just(0u8), 4 => Just(b'a'), 2 => any::<u8>()
    ];
    prop::collection::vec(byte, 0..200)
}

/// Content as it must be: lines that end with CR LF, many of them beginning with dots.
fn canonical_content() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        3 => prop::collection::vec(prop_oneof![Just(b'.'), Just(b'a'), Just(0xe9)], 0..6),
        1 => prop::collection::vec(Just(b'x'), 0..3_000),
    ];
    prop::collection::vec(line, 0..60)
        .prop_map(|lines| lines.into_iter().flat_map(|line| [line, b"\r\n".to_vec()].concat()).collect())
}

/// Cuts bytes into pieces of the given lengths, again and again.
fn pieces<'a>(mut bytes: &'a [u8], cuts: &'a [usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    for &cut in cuts.iter().cycle() {
        if bytes.is_empty() {
            break;
        }
        let (piece, rest) = bytes.split_at(cut.clamp(1, bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// Text as mail has it, with something odd here and there.
fn lines_with_faults() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        20 => prop::collection::vec(prop_oneof![9 => Just(b'a'), 1 => Just(b'.')], 0..40).prop_map(|line| [line, b"\r\n".to_vec()].concat()),
        1 => hostile_bytes(),
    ];
    prop::collection::vec(line, 0..40).prop_map(|lines| lines.concat())
}

fn cuts() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![prop::collection::vec(1usize..8, 1..10), prop::collection::vec(1usize..5_000, 1..10),]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn every_command_gets_one_reply(picks in prop::collection::vec(0..LINES.len(), 0..40), cuts in cuts()) {
        let mut server = Server::new(config(), false);
        // Each command that must be the last of its group is: the rest is pipelined and cut anywhere.
        let mut group = Vec::new();
        for pick in &picks {
            let line = LINES[*pick];
            group.extend_from_slice(line.as_bytes());
            group.extend_from_slice(b"\r\n");
            if line.starts_with("EHLO") || line.starts_with("HELO") || line.starts_with("AUTH") {
                pieces(&std::mem::take(&mut group), &cuts).into_iter().for_each(|piece| server.feed(piece));
            }
        }
        pieces(&group, &cuts).into_iter().for_each(|piece| server.feed(piece));
        prop_assert!(!server.closed);
        prop_assert_eq!(server.replies(), 1 + picks.len(), "{:?}", server.events);
        let bare = |event: &String| event.starts_with("S: 5") && !event[7..].starts_with("5.");
        prop_assert!(!server.events.iter().any(bare), "{:?}", server.events);
    }

    #[test]
    fn no_bytes_panic_and_lines_bound_replies(bytes in hostile_bytes(), cuts in cuts(), in_data in any::<bool>()) {
        let mut server = Server::new(config(), false);
        if in_data {
            server.feed(b"HELO x\r\n");
            server.feed(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n");
        }
        let before = server.replies();
        pieces(&bytes, &cuts).into_iter().for_each(|piece| server.feed(piece));
        let lines = bytes.iter().filter(|&&b| b == b'\n').count();
        prop_assert!(server.replies() <= before + lines + 1);
        for message in &server.messages {
            let text: String = message.iter().map(|&b| char::from(b)).collect();
            prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n', '\0']));
        }
    }

    #[test]
    fn content_only_ends_at_its_end(bytes in hostile_bytes(), cuts in cuts()) {
        let (mut dots, mut content) = (Unstuffer::default(), Vec::new());
        let mut read = 0;
        let mut ended = false;
        for piece in pieces(&bytes, &cuts) {
            let (count, is_end) = dots.read(piece, &mut content);
            read += count;
            if is_end {
                ended = true;
                break;
            }
        }
        // The same, by the letter of RFC 5321 §4.1.1.4.
        let framed = [b"\r\n", bytes.as_slice()].concat();
        let end = framed.windows(5).position(|window| window == b"\r\n.\r\n");
        prop_assert_eq!(ended.then_some(read), end.map(|at| at + 3));
    }

    /// Whole lines are read many at a time; what comes byte by byte cannot be.
    #[test]
    fn the_pieces_change_nothing(bytes in lines_with_faults(), cuts in cuts(), in_chunks in any::<bool>()) {
        let read = |cuts: &[usize]| {
            let mut dots = if in_chunks { Unstuffer::plain() } else { Unstuffer::default() };
            let mut content = Vec::new();
            let mut count = 0;
            for piece in pieces(&bytes, cuts) {
                let (read, is_end) = dots.read(piece, &mut content);
                count += read;
                if is_end {
                    break;
                }
            }
            let seen = (dots.has_bare_line_end(), dots.has_nul(), dots.is_end_doubtful(), dots.is_after_cr());
            (count, dots.longest_line(), seen, content)
        };
        let by_bytes = read(&[1]);
        prop_assert_eq!(read(&cuts), by_bytes.clone());
        prop_assert_eq!(read(&[usize::MAX]), by_bytes);
    }

    #[test]
    fn adding_and_taking_dots_is_identity(content in canonical_content(), one in cuts(), two in cuts()) {
        let mut stuffer = Stuffer::default();
        let mut wire = Vec::new();
        for piece in pieces(&content, &one) {
            wire.extend_from_slice(&stuffer.stuff(piece));
        }
        wire.extend_from_slice(stuffer.end());
        let (mut dots, mut back, mut is_end) = (Unstuffer::default(), Vec::new(), false);
        for piece in pieces(&wire, &two) {
            prop_assert!(!is_end, "nothing follows the end");
            let (count, end) = dots.read(piece, &mut back);
            prop_assert_eq!(count, piece.len());
            is_end = end;
        }
        prop_assert!(is_end && !dots.has_bare_line_end());
        prop_assert_eq!(back, content);
    }

    #[test]
    fn a_content_passes_the_session_unchanged(content in canonical_content(), cuts in cuts(), copies in 1usize..8) {
        let content = content.repeat(copies);
        let mut stuffer = Stuffer::default();
        let wire = [stuffer.stuff(&content).into_owned(), stuffer.end().to_vec()].concat();
        let mut server = Server::new(config(), false);
        server.feed(b"HELO x\r\n");
        server.feed(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n");
        pieces(&wire, &cuts).into_iter().for_each(|piece| server.feed(piece));
        prop_assert_eq!(&server.messages, &vec![content]);
    }

    #[test]
    fn replies_are_read_as_they_were_written(
        code in 200u16..600,
        lines in prop::collection::vec("[ -~]{0,60}", 1..5),
        cuts in cuts(),
    ) {
        let lines: Vec<String> = lines.iter().map(|line| line.trim().to_owned()).collect();
        let mut reply = mail::Reply::new(code, Some(mail::EnhancedCode::new((code / 100) as u8, 1, 2)), "");
        reply.enhanced = reply.enhanced.filter(|e| u16::from(e.class()) == code / 100);
        prop_assume!(reply.enhanced.is_some());
        reply.lines = lines;
        let mut wire = Vec::new();
        write_reply(&reply, &mut wire);
        let (mut reader, mut input, mut read) = (ReplyReader::default(), Input::new(), None);
        for piece in pieces(&wire, &cuts) {
            prop_assert!(read.is_none());
            input.extend(piece);
            read = reader.read(&mut input).unwrap();
        }
        prop_assert_eq!(read, Some(reply));
    }

    #[test]
    fn no_bytes_panic_the_reply_reader(bytes in hostile_bytes(), code in "[2-5][0-9]{2}[ -]", cuts in cuts()) {
        let bytes = [code.as_bytes(), &bytes].concat();
        let (mut reader, mut input) = (ReplyReader::default(), Input::new());
        for piece in pieces(&bytes, &cuts) {
            input.extend(piece);
            while let Ok(Some(reply)) = reader.read(&mut input) {
                prop_assert!(!reply.text().contains(['\r', '\n', '\0']));
            }
        }
    }
}
