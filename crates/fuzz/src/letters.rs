//! Messages that programs describe, in every shape.

use crate::text::assert_canonical;
use crate::{Size, Target};
use letter::shape::{Blame, Call, Failure, Outcome, Shape};
use mail::{Language, Timestamp};

/// The fields that a letter has once at most, and that nothing in a request may write.
const ONCE: [&[u8]; 6] = [b"From", b"To", b"Subject", b"Date", b"MIME-Version", b"Content-Type"];

pub const SHAPES: Target = Target {
    name: "letter_shapes",
    size: Size::Message,
    run: |input| {
        for shape in Shape::ALL {
            for call in [Call::One, Call::Many] {
                match shape.read(call, input, Timestamp(1_795_325_428_000)) {
                    Err(wrong) => {
                        for language in Language::ALL {
                            shape.failure(&Failure::of(&wrong, language));
                        }
                    }
                    Ok(order) => {
                        let outcome = || Outcome::Err(Failure::new(Blame::Server, "no"));
                        let outcomes: Vec<Outcome> = order.items.iter().map(|_| outcome()).collect();
                        shape.answer(&order, &outcomes);
                        order.items.iter().flat_map(|item| &item.letter).for_each(composed);
                    }
                }
            }
        }
    },
    seeds: &[
        br#"{"from":"A <a@b.test>","to":["c@d.test"],"subject":"x","text":"y","html":"<p>","headers":{"X-A":"1"},"attachments":[{"filename":"a","content":"AAEC","content_id":"c"}],"send_at":"in 1 hour"}"#,
        br#"{"From":"A <a@b.test>","To":"c@d.test, E <e@f.test>","Subject":"x","TextBody":"y","Headers":[{"Name":"X","Value":"1"}],"Attachments":[{"Name":"a","Content":"AAEC","ContentType":"text/plain","ContentID":"cid:c"}]}"#,
        br#"{"personalizations":[{"to":[{"email":"c@d.test","name":"D"}],"substitutions":{"-a-":"b"}}],"from":{"email":"a@b.test"},"subject":"x","content":[{"type":"text/plain","value":"-a-"}]}"#,
        br#"{"sender":{"email":"a@b.test","name":"A"},"to":[{"email":"c@d.test"}],"subject":"{{params.s}}","textContent":"y","params":{"s":"x"},"attachment":[{"name":"a","content":"AAEC"}]}"#,
        br#"{"Messages":[{"From":{"Email":"a@b.test","Name":"A"},"To":[{"Email":"c@d.test"}],"Subject":"x","TextPart":"y","InlinedAttachments":[{"Filename":"a","ContentType":"image/png","ContentID":"c","Base64Content":"AAEC"}]}]}"#,
    ],
    words: &["{", "}", "[", "]", "\"", ":", ",", "null", "\\r\\n", "\\u0000", "\\u2028", "=?", "?=", "Bcc: ", "{{", "}}", "cid:"],
};

/// A content has lines that every server takes, and no field that was not meant.
fn composed(letter: &letter::Letter) {
    let Ok(content) = letter.content(Timestamp(1_795_325_428_000)) else { return };
    assert_canonical(&content);
    assert!(content.split(|byte| *byte == b'\n').all(|line| line.len() <= 999), "a line is too long");
    let end = content.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or(content.len());
    let header = content.get(..end).unwrap_or_default();
    for field in ONCE {
        let names =
            header.split(|byte| *byte == b'\n').filter_map(|line| line.split(|byte| *byte == b':').next());
        let count = names.filter(|name| name.eq_ignore_ascii_case(field)).count();
        assert!(count <= 1, "{} stands there {count} times", String::from_utf8_lossy(field));
    }
    let is_hidden = |line: &[u8]| line.get(..4).is_some_and(|name| name.eq_ignore_ascii_case(b"bcc:"));
    assert!(!header.split(|byte| *byte == b'\n').any(is_hidden), "hidden recipients are shown");
}
