//! The lines beside those of a real Postfix.

use super::*;
use mail::{AttemptId, Evidence, Peer, RecipientId, RelayId};
use std::sync::Arc;
use store::AttemptOutcome;

const RECEIVED: Timestamp = Timestamp(1_000_000);

fn id() -> QueueId {
    "02djLpNvZrFX".parse().unwrap()
}

fn peer() -> Peer {
    Peer { host: "mx.dest.test".to_owned(), address: "192.0.2.7".parse().ok(), port: 25 }
}

fn evidence(stage: Stage, seen: Seen) -> Option<Arc<Evidence>> {
    Some(Arc::new(Evidence { at: RECEIVED, stage, peer: Some(peer()), seen }))
}

fn reply(code: u16, enhanced: &str, text: &str) -> Seen {
    Seen::Reply { reply: mail::Reply::new(code, enhanced.parse().ok(), text) }
}

#[track_caller]
fn check(change: Change, evidence: Option<Arc<Evidence>>, said: &str, expected: &[&str]) {
    let attempt = Attempt {
        id: AttemptId(1),
        message: id(),
        relay: RelayId(1),
        began_at: Timestamp(RECEIVED.0 + 50),
        ended_at: Timestamp(RECEIVED.0 + 90),
        peer: Some(peer()),
        tls: None,
        outcomes: vec![AttemptOutcome { index: 0, delivered: false, said: said.to_owned() }],
        dialogue: None,
    };
    let update = RecipientUpdate {
        id: RecipientId { message: id(), index: 0 },
        change,
        relay: None,
        evidence,
        cause: None,
        attempted: true,
        expires_at: RECEIVED,
        paused_ms: 0,
        asked_wait_used: false,
        notice: None,
    };
    let to = "ok@dest.test".parse().unwrap();
    let from = ReversePath::Address("a@facteur.test".parse().unwrap());
    let lines = outcome(&to, &from, RECEIVED, Some(&attempt), &update);
    let texts: Vec<String> =
        lines.iter().map(|line| format!("{}: {}", line.program.name(), line.text)).collect();
    assert_eq!(texts, expected);
}

#[test]
fn outcomes_read_as_those_of_postfix() {
    let delivered = Change::Final(RecipientState::Delivered);
    check(
        delivered,
        None,
        "250 2.0.0 Ok: queued as FAKE1",
        &[
            "smtp: 02djLpNvZrFX: to=<ok@dest.test>, relay=mx.dest.test[192.0.2.7]:25, delay=0.09, delays=0.05/0/0/0.04, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as FAKE1)",
        ],
    );
    check(
        Change::Due(RECEIVED),
        evidence(Stage::Rcpt, reply(450, "4.2.0", "Greylisted")),
        "host mx.dest.test[192.0.2.7] said: 450 4.2.0 Greylisted (in reply to RCPT TO command)",
        &[
            "smtp: 02djLpNvZrFX: to=<ok@dest.test>, relay=mx.dest.test[192.0.2.7]:25, delay=0.09, delays=0.05/0/0/0.04, dsn=4.2.0, status=deferred (host mx.dest.test[192.0.2.7] said: 450 4.2.0 Greylisted (in reply to RCPT TO command))",
        ],
    );
    check(
        Change::Final(RecipientState::Failed),
        evidence(Stage::Rcpt, reply(550, "", "User\r\nunknown")),
        "host said: 550 User\r\nunknown",
        &[
            "smtp: 02djLpNvZrFX: to=<ok@dest.test>, relay=mx.dest.test[192.0.2.7]:25, delay=0.09, delays=0.05/0/0/0.04, dsn=5.0.0, status=bounced (host said: 550 User??unknown)",
        ],
    );
    check(
        Change::Final(RecipientState::Expired),
        evidence(Stage::Connect, Seen::Refused),
        "connect to mx.dest.test[192.0.2.7]:25: Connection refused",
        &[
            "smtp: 02djLpNvZrFX: to=<ok@dest.test>, relay=mx.dest.test[192.0.2.7]:25, delay=0.09, delays=0.05/0/0/0.04, dsn=4.4.1, status=deferred (connect to mx.dest.test[192.0.2.7]:25: Connection refused)",
            "qmgr: 02djLpNvZrFX: from=<a@facteur.test>, status=expired, returned to sender",
        ],
    );
}

#[test]
fn an_accepted_message_has_its_three_lines() {
    let from = ReversePath::Address("a@facteur.test".parse().unwrap());
    let taken = Taken {
        id: id(),
        client: "192.0.2.9".parse().ok(),
        login: Some("anne"),
        uid: 33,
        about: None,
        from: &from,
        message_id: "<m1@facteur.test>",
        bytes: 265,
        recipients: 2,
    };
    let texts = |taken: &Taken<'_>| {
        let lines = accepted(taken);
        lines.iter().map(|line| format!("{}: {}", line.program.name(), line.text)).collect::<Vec<_>>()
    };
    assert_eq!(
        texts(&taken),
        [
            "smtpd: 02djLpNvZrFX: client=unknown[192.0.2.9], sasl_username=anne",
            "cleanup: 02djLpNvZrFX: message-id=<m1@facteur.test>",
            "qmgr: 02djLpNvZrFX: from=<a@facteur.test>, size=265, nrcpt=2 (queue active)",
        ]
    );
    let local = Taken { client: None, login: None, from: &ReversePath::Null, ..taken };
    assert_eq!(texts(&local)[0], "pickup: 02djLpNvZrFX: uid=33 from=<>");
    assert_eq!(texts(&local)[2], "qmgr: 02djLpNvZrFX: from=<>, size=265, nrcpt=2 (queue active)");
    for (kind, what) in [
        (NoticeKind::Failure, "sender non-delivery notification"),
        (NoticeKind::Delay, "sender delay notification"),
        (NoticeKind::Success, "sender delivery status notification"),
    ] {
        let message = "02djLpP32d9X".parse().unwrap();
        let notice = Taken { about: Some(About { message, kind }), ..local.clone() };
        assert_eq!(texts(&notice).len(), 3, "nobody gave it");
        assert_eq!(texts(&notice)[2], format!("bounce: 02djLpP32d9X: {what}: 02djLpNvZrFX"));
    }
}

#[test]
fn times_are_as_short_as_postfix_writes_them() {
    for (ms, text) in [
        (0, "0"),
        (9, "0"),
        (10, "0.01"),
        (90, "0.09"),
        (100, "0.1"),
        (1_000, "1"),
        (1_230, "1.23"),
        (9_999, "9.99"),
        (10_400, "10"),
        (-5, "0"),
    ] {
        assert_eq!(seconds(ms), text, "{ms}");
    }
}
