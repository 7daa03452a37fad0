//! Notices as others read them: RFC 3464's grammar, our own reader of bounces, Python's email, flufl.bounce.
//! `scripts/setup.sh tests` installs the last two.

mod grammar;
mod readers;
mod samples;

use mail::BodyType;
use proptest::prelude::*;
use queue::notice::{Composed, NoticeKind};
use samples::{Sample, samples};
use std::path::Path;

/// What every notice must be, whatever it is about.
#[track_caller]
fn check(sample: &Sample) -> Composed {
    let composed = sample.compose();
    grammar::check(&composed.content, sample);
    let read = explain::bounce::read(&composed.content);
    let kind = match sample.kind {
        NoticeKind::Failure => explain::bounce::Kind::Failure,
        NoticeKind::Delay => explain::bounce::Kind::Delay,
        NoticeKind::Success | NoticeKind::Relayed => explain::bounce::Kind::Success,
    };
    assert_eq!(read.kind, kind, "{}", sample.name);
    assert_eq!(read.recipients.len(), sample.told.len(), "{}", sample.name);
    composed
}

#[test]
fn every_sample_keeps_the_grammar_and_is_read_back() {
    for sample in samples() {
        check(&sample);
    }
}

#[test]
fn our_own_reader_finds_recipient_cause_and_message() {
    let all = samples();
    let sample = all.iter().find(|sample| sample.name == "failure-fr").unwrap();
    let read = explain::bounce::read(&sample.compose().content);
    assert_eq!(read.message_id.as_deref(), Some("m1@exemple.test"));
    let recipient = &read.recipients[0];
    assert_eq!(recipient.address, "personne@ailleurs.test");
    assert_eq!((recipient.verdict.cause.as_str(), recipient.permanent), ("recipient_unknown", true));
}

#[test]
fn python_and_flufl_read_every_sample() {
    readers::check_all(&samples());
}

/// The notices as they stand in the files, which people have read. A change is shown by this test; the new text is in the
/// directory of the build, to be read and put in place.
#[test]
fn golden_notices_are_unchanged() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queue/notice/golden");
    let mut changed = Vec::new();
    for sample in samples().iter().filter(|sample| sample.golden) {
        let content = sample.compose().content;
        let wanted = std::fs::read(golden.join(format!("{}.eml", sample.name))).unwrap_or_default();
        if content != wanted {
            let new = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.eml", sample.name));
            std::fs::write(&new, &content).unwrap();
            changed.push(new);
        }
    }
    let kept = std::fs::read_dir(&golden).unwrap().count();
    assert_eq!(kept, samples().iter().filter(|sample| sample.golden).count());
    assert!(changed.is_empty(), "changed notices: {changed:?}");
}

#[test]
fn only_an_eight_bit_original_makes_an_eight_bit_notice() {
    for sample in samples() {
        let composed = check(&sample);
        let eight_bit = composed.body_type != BodyType::SevenBit;
        assert_eq!(eight_bit, !composed.content.is_ascii(), "{}", sample.name);
        // Only who has an address beyond ASCII gets a notice that needs SMTPUTF8.
        let global = composed.body_type == BodyType::Utf8;
        assert_eq!(global, sample.to.needs_utf8(), "{}", sample.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// What strangers wrote (the original's header, the reply, ENVID, ORCPT) changes no structure.
    #[test]
    fn strangers_write_no_field(
        subject in "(\\PC|[\r\n\t:<>=?-]|--=_0|Bcc: x@y|\r\n\r\n|Final-Recipient: rfc822; x@y){0,12}",
        reply in "(\\PC|[\r\n\t]|\r\n\r\nFinal-Recipient: rfc822; x@y\r\nAction: failed|--=_0){0,8}",
        xtext in "([!-~]|\\+0D\\+0A|\\+[0-9A-F]{2}|é|\r\n){0,10}",
    ) {
        let sample = Sample::hostile(&subject, &reply, &xtext);
        let composed = sample.compose();
        grammar::check(&composed.content, &sample);
        let read = explain::bounce::read(&composed.content);
        prop_assert_eq!(read.recipients.len(), 1);
        prop_assert_eq!(&read.recipients[0].address, "victim@dest.test");
    }

    /// Any bytes as the original.
    #[test]
    fn any_original_is_carried(front in proptest::collection::vec(any::<u8>(), 0..2_000)) {
        let mut sample = Sample::hostile("x", "no", "x");
        sample.content = front;
        grammar::check(&sample.compose().content, &sample);
    }
}
