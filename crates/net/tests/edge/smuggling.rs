//! Sequences that some servers took for the end of a message, on every way in, by DATA and in chunks: none ends one.

use crate::ways::{House, WAYS, Way};
use testkit::hostile::smuggling::sequences;
use testkit::proof;

/// The message that a server would see if the sequence ended the first one.
const SMUGGLED: &str =
    "MAIL FROM:<evil@b.test>\r\nRCPT TO:<b+victim@d.test>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled\r\n";

fn is_canonical(content: &[u8]) -> bool {
    let text: String = content.iter().map(|&b| char::from(b)).collect();
    !text.replace("\r\n", "").contains(['\r', '\n', '\0'])
}

/// Gives a message with the sequence in its middle, and says whether it was stored.
async fn check(house: &House, way: Way, chunked: bool, name: &str, sequence: &[u8]) -> bool {
    let what = format!("{name} at {way:?}, {}", if chunked { "BDAT" } else { "DATA" });
    house.door.taken.lock().unwrap().clear();
    let mut guest = house.enter(way).await;
    guest.check("C: MAIL FROM:<a@b.test>\nS: 250\nC: RCPT TO:<b+c@d.test>\nS: 250").await;
    let mut content = [b"Subject: x\r\n\r\nfirst", sequence, SMUGGLED.as_bytes()].concat();
    if chunked {
        let command = format!("BDAT {} LAST\r\n", content.len());
        guest.send(&[command.as_bytes(), &content].concat()).await;
    } else {
        guest.check("C: DATA\nS: 354").await;
        guest.send(&[&content, &b".\r\n"[..]].concat()).await;
    }
    let reply = guest.reply().await;
    let taken = house.door.contents();
    if is_canonical(&content) {
        assert!(reply.starts_with("250 2.0.0"), "{what}: {reply}");
        if !chunked {
            // A dot at the beginning of a line was taken for a doubled one, as by the letter it is.
            content = String::from_utf8_lossy(&content).replace("\r\n.", "\r\n").into_bytes();
        }
        assert_eq!(taken, [String::from_utf8_lossy(&content).into_owned()], "{what}");
    } else {
        assert!(reply.starts_with("550 5.6.0") && reply.contains("line-endings"), "{what}: {reply}");
        assert!(taken.is_empty(), "{what}: {taken:?}");
    }
    // The connection keeps its place, or it is over: there is no reply to anything in the content.
    if name == "crcrlf.crlf" && !chunked {
        guest.check("S: (closed)").await;
    } else {
        guest.check("C: NOOP\nS: 250 2.0.0 Ok\nC: QUIT\nS: 221\nS: (closed)").await;
    }
    !taken.is_empty()
}

#[tokio::test]
async fn no_sequence_ends_a_message_on_any_way_in() {
    let house = House::open();
    let sequences = sequences().unwrap();
    assert_eq!(sequences.len(), 23);
    let (mut count, mut stored) = (0, 0);
    for way in WAYS {
        for sequence in &sequences {
            for chunked in [false, true] {
                stored += usize::from(check(&house, way, chunked, &sequence.name, &sequence.bytes()).await);
                count += 1;
            }
        }
    }
    // The sequences without a bare CR, LF or NUL are text like any other.
    assert_eq!((count, stored), (414, 7 * 2 * WAYS.len()));
    let test = "crates/net/tests/edge/smuggling.rs::no_sequence_ends_a_message_on_any_way_in";
    proof::passed("B4", test, count, "messages", None);
}
