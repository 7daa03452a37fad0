//! Hostile input: no text, log or message, however long or broken, panics or takes more than linear time.

use explain::{Hint, bounce, judge_with, log};
use mail::Clock;
use proptest::prelude::{ProptestConfig, any, prop, proptest};

fn judge(text: &str) {
    let _ = judge_with(text, &Hint::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged(text in any::<String>()) {
        judge(&text);
    }

    #[test]
    fn words_of_errors_in_any_order_are_judged(
        words in prop::collection::vec(
            prop::sample::select(&[
                "550", "5.1.1", "<", ">", "@", "user", "unknown", "mailbox", "full", "said:", "->", "=\n", "=3D", "host ", "\u{0}", "é",
                "smtp;", "(in reply to RCPT TO command)", "relay=", "quota", "exceeded", "\n", "; from=<", "no", "such", "spam", "\u{fffd}",
            ][..]),
            0..60,
        )
    ) {
        judge(&words.concat());
        judge(&words.join(" "));
        let _ = bounce::read(words.join("\n").as_bytes());
        let _ = log::failures(&words.join(" ")).count();
    }

    #[test]
    fn any_bytes_are_read_as_a_message(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
        let _ = bounce::read(&bytes);
    }

    #[test]
    fn any_broken_report_is_read(cut in 0_usize..1_200, byte in any::<u8>(), at in 0_usize..1_200) {
        let mut report = REPORT.as_bytes().to_vec();
        if let Some(place) = report.get_mut(at % REPORT.len()) {
            *place = byte;
        }
        report.truncate(cut);
        let _ = bounce::read(&report);
    }
}

const REPORT: &str = "From: MAILER-DAEMON@example.org\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
--b\r\nContent-Type: text/plain\r\n\r\n<a@example.org>: host mx.example.org said: 550 5.1.1 no such user\r\n\
--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; example.org\r\n\r\nFinal-Recipient: rfc822; a@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n\
Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <x@example.org>\r\n\r\nHi\r\n--b--\r\n";

/// Twice as much text takes about twice as long at most; a hundred megabytes take less than a few seconds.
#[test]
fn time_is_linear() {
    const MEGABYTES: usize = 100 * 1024 * 1024;
    let clock = Clock::System;
    for piece in
        ["user ", "<", "550-", "\u{0}", "é", "a@b ", "no such user ", "=3D", "\n", "> ", "host a.b said: "]
    {
        let text = piece.repeat(MEGABYTES / piece.len());
        let began = clock.now();
        judge(&text);
        let _ = bounce::read(text.as_bytes());
        let took_ms = clock.now().since_ms(began);
        assert!(took_ms < 20_000, "{piece:?} took {took_ms} ms");
    }
}

#[test]
fn a_report_is_read_whole() {
    let report = bounce::read(REPORT.as_bytes());
    assert_eq!(report.kind, bounce::Kind::Failure);
    assert_eq!(report.message_id.as_deref(), Some("x@example.org"));
    let [one] = report.recipients.as_slice() else { panic!("{report:?}") };
    assert_eq!((one.address.as_str(), one.verdict.cause.as_str()), ("a@example.org", "recipient_unknown"));
    assert!(one.permanent);
}
