//! Messages, and what becomes of them; and what holds for all of them.

use super::*;
use proptest::prelude::*;

fn look(message: &[u8], step: usize) -> Found {
    let mut look = Look::new();
    message.chunks(step).for_each(|piece| look.feed(piece));
    look.finish()
}

fn encoded(message: &[u8], step: usize) -> Option<Vec<u8>> {
    match look(message, step) {
        Found::Plan(plan) => {
            let mut encoder = Encoder::new(plan);
            let mut out: Vec<u8> = message.chunks(step).flat_map(|piece| encoder.feed(piece)).collect();
            out.extend(encoder.finish());
            Some(out)
        }
        Found::SevenBit => Some(message.to_vec()),
        Found::Unfit => None,
    }
}

/// A message (LF line ends, `é` for its two bytes of UTF-8) and what it becomes; `-` when it may not be encoded.
#[track_caller]
fn check(message: &str, expected: &str) {
    let message = message.replace('\n', "\r\n");
    for step in [1, 2, 7, 100_000] {
        let made = encoded(message.as_bytes(), step);
        let made = made.map_or_else(|| "-".to_owned(), |made| String::from_utf8(made).unwrap());
        assert_eq!(made, expected.replace('\n', "\r\n"), "{message}, {step} at a time");
    }
}

#[test]
fn what_has_seven_bits_stays() {
    check("Subject: x\n\nhello\n", "Subject: x\n\nhello\n");
    check("Subject: é\n\nhello\n", "Subject: é\n\nhello\n");
    check("Content-Transfer-Encoding: 8bit\n\nhello\n", "Content-Transfer-Encoding: 8bit\n\nhello\n");
}

#[test]
fn text_is_quoted() {
    check(
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\nTo: x\n\nété = \na\n",
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nTo: x\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9t=C3=A9 =3D=20\na\n",
    );
    check(
        "Subject: x\n\né\n",
        "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9\n",
    );
    check(
        "\né",
        "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9",
    );
    let latin = encoded(b"Subject: x\r\n\r\n\xe9\r\n", 3).unwrap();
    assert!(String::from_utf8(latin).unwrap().contains("charset=unknown-8bit\r\n"));
}

#[test]
fn parts_are_encoded_each_by_its_type() {
    check(
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b b\"\nContent-Transfer-Encoding: 8bit\n\npré\n--b b\n\nplain\n--b b\nContent-Type: text/html\n\né\n--b b\nContent-Type: application/x\nContent-Transfer-Encoding: binary\n\né\nx\n--b b--\nend é\n",
        "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"b b\"\nContent-Transfer-Encoding: 7bit\n\npr??\n--b b\n\nplain\n--b b\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9\n--b b\nContent-Type: application/x\nContent-Transfer-Encoding: base64\n\nw6kNCng=\n--b b--\nend ??\n",
    );
    check(
        "Content-Type: application/x\n\né\n",
        "Content-Type: application/x\nMIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\nw6kNCg==\n",
    );
}

#[test]
fn messages_within_messages() {
    check(
        "Content-Type: multipart/digest; boundary=o\n\n--o\n\nSubject: é\n\né\n--o\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=i\n\n--i\n\né\n--o--\n",
        "Content-Type: multipart/digest; boundary=o\n\n--o\n\nSubject: é\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9\n--o\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 7bit\n\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=i\n\n--i\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n=C3=A9\n--o--\n",
    );
}

#[test]
fn some_things_may_not_be_encoded() {
    for message in [
        "Content-Type: multipart/signed; boundary=b\n\n--b\n\né\n--b--\n",
        "Content-Type: message/partial; id=x\n\né\n",
        "Content-Type: message/delivery-status\n\né\n",
        "Content-Transfer-Encoding: base64\n\né\n",
        "Content-Transfer-Encoding: quoted-printable\n\né\n",
        "Content-Transfer-Encoding: x-uuencode\n\né\n",
        "Content-Type: multipart/mixed\n\né\n",
        "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\né\n",
    ] {
        check(message, "-");
    }
    check(
        "Content-Type: multipart/signed; boundary=b\n\n--b\n\ne\n--b--\n",
        "Content-Type: multipart/signed; boundary=b\n\n--b\n\ne\n--b--\n",
    );
}

#[test]
fn long_lines_are_folded_and_make_no_boundary() {
    let long = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n{}--b\u{e9}\r\n--b--\r\n",
        "x".repeat(75)
    );
    let made = String::from_utf8(encoded(long.as_bytes(), 9).unwrap()).unwrap();
    assert!(made.contains(&format!("{}=\r\n=2D-b=C3=A9\r\n--b--\r\n", "x".repeat(75))), "{made}");
    assert!(made.lines().all(|line| line.len() <= 76));
}

proptest! {
    #[test]
    fn whatever_comes_out_has_seven_bits(lines in prop::collection::vec(prop_oneof![
        Just("--b".to_owned()), Just("--b--".to_owned()), Just(String::new()), Just("é".to_owned()),
        Just("Content-Type: multipart/mixed; boundary=b".to_owned()), Just("Content-Type: message/rfc822".to_owned()),
        Just("Content-Transfer-Encoding: 8bit".to_owned()), "[a-zé ]{0,90}",
    ], 0..30), step in 1usize..40) {
        let message = format!("Subject: x\r\n\r\n{}\r\n", lines.join("\r\n"));
        for message in [message.clone(), message.replacen("Subject: x\r\n\r\n", "", 1)] {
            if let Some(made) = encoded(message.as_bytes(), step) {
                // Raw letters in headers pass as they came; a second pass finds nothing more to do.
                prop_assert_eq!(look(&made, step), Found::SevenBit);
            }
        }
    }
}
