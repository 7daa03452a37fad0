//! Sequences that some servers took for the end of a message: none ends one here.

use crate::peer::Server;
use smtp::server::SessionConfig;
use testkit::hostile::smuggling::sequences;

const SMUGGLED: &str = "MAIL FROM:<evil@b.test>\r\nRCPT TO:<victim@d.test>\r\nDATA\r\nsmuggled\r\n.\r\n";

fn has_bare_byte(content: &[u8]) -> bool {
    let text: String = content.iter().map(|&b| char::from(b)).collect();
    text.replace("\r\n", "").contains(['\r', '\n', '\0'])
}

/// Plays a message with the sequence in its middle and a second message behind it. `step` is how many bytes
/// arrive at a time.
fn check(name: &str, sequence: &[u8], step: usize) {
    let mut server = Server::new(SessionConfig::new("mx.example".parse().unwrap()), false);
    server.feed(b"EHLO x\r\n");
    server.feed(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nDATA\r\n");
    let before = server.replies();
    let content = [b"Subject: x\r\n\r\nfirst", sequence, SMUGGLED.as_bytes()].concat();
    content.chunks(step).for_each(|piece| server.feed(piece));
    assert_eq!(server.replies(), before + 1, "{name}: one message, one reply: {:?}", server.events);
    let stored = server.messages.len();
    if has_bare_byte(&content) {
        assert_eq!(stored, 0, "{name}: refused");
        assert!(server.events.iter().any(|event| event.starts_with("S: 550 5.6.0 ")), "{name}");
    } else {
        assert_eq!(stored, 1, "{name}: accepted as the text that it is");
        let text = String::from_utf8_lossy(&server.messages[0]).into_owned();
        assert!(text.ends_with("DATA\r\nsmuggled\r\n"), "{name}: {text:?}");
    }
    // The connection keeps its place, or it is over: nothing of the content was taken for a command.
    if !server.closed {
        server.feed(b"NOOP\r\n");
        assert_eq!(server.replies(), before + 2, "{name}");
        assert!(server.events.last().unwrap().starts_with("S: 250 2.0.0"), "{name}");
    }
    assert_eq!(server.closed, name == "crcrlf.crlf", "{name}");
}

#[test]
fn no_sequence_ends_a_message() {
    let sequences = sequences().unwrap();
    assert_eq!(sequences.len(), 23);
    for sequence in &sequences {
        for step in [usize::MAX, 1, 2, 3, 5, 64] {
            check(&sequence.name, &sequence.bytes(), step.min(1 << 20));
        }
    }
}
