//! The notices that the tests look at: each kind, in both languages, with what is hard about it.

use explain::Place;
use mail::{
    Address, Evidence, Language, Peer, QueueId, Reply, ReplyCode, Returned, Seen, Stage, Timestamp, TlsFault,
};
use queue::notice::{Composed, Notice, NoticeKind, Original, Told, bytes_needed};

/// 2026-11-22 05:31:08 UTC.
const RECEIVED: Timestamp = Timestamp(1_795_325_468_000);

pub struct ToldSample {
    pub address: Address,
    pub orcpt: Option<String>,
    pub has_expired: bool,
    pub evidence: Option<Evidence>,
    pub reply: Option<&'static str>,
    pub relay: Option<&'static str>,
}

pub struct Sample {
    pub name: &'static str,
    pub golden: bool,
    pub kind: NoticeKind,
    pub language: Language,
    pub to: Address,
    pub envid: Option<String>,
    pub ret: Option<Returned>,
    pub content: Vec<u8>,
    pub told: Vec<ToldSample>,
    /// The Status of the first recipient.
    pub status: &'static str,
}

impl Sample {
    pub fn compose(&self) -> Composed {
        let told: Vec<Told<'_>> = self.told.iter().map(|told| self.told_of(told)).collect();
        let bytes = self.content.len() as u64;
        let needed = bytes_needed(self.kind, self.ret, bytes);
        let message = Original {
            id: QueueId::from_stored(1_498_573_234_567_890),
            received_at: RECEIVED,
            envid: self.envid.as_deref(),
            ret: self.ret,
            hold: None,
            bytes,
            front: &self.content[..needed],
        };
        let host_name = "mail.exemple.test".parse().unwrap();
        let notice = Notice {
            kind: self.kind,
            language: self.language,
            now: RECEIVED.plus_secs(61),
            host_name: &host_name,
            to: &self.to,
            message,
            recipients: &told,
        };
        notice.compose()
    }

    fn told_of<'a>(&self, told: &'a ToldSample) -> Told<'a> {
        Told {
            address: &told.address,
            orcpt: told.orcpt.as_deref(),
            has_expired: told.has_expired,
            evidence: told.evidence.as_ref(),
            decided: None,
            reply: told.reply,
            answered_by: told.reply.map(|_| "mx.dest.test"),
            place: if told.relay.is_some() { Place::Relay } else { Place::Direct },
            relay: told.relay,
            last_attempt_at: Some(RECEIVED.plus_secs(60)),
            tried_until: (self.kind == NoticeKind::Delay).then(|| RECEIVED.plus_secs(5 * 86_400)),
        }
    }

    fn new(name: &'static str, kind: NoticeKind, language: Language, status: &'static str) -> Self {
        Self {
            name,
            golden: false,
            kind,
            language,
            to: "jean@exemple.test".parse().unwrap(),
            envid: None,
            ret: None,
            content: message("Subject: Essai\r\n", "bonjour\r\n"),
            told: vec![told("personne@ailleurs.test", None)],
            status,
        }
    }

    fn failure(name: &'static str, language: Language, evidence: Evidence, status: &'static str) -> Self {
        let told = vec![told("personne@ailleurs.test", Some(evidence))];
        Self { told, ..Self::new(name, NoticeKind::Failure, language, status) }
    }

    const fn golden(mut self) -> Self {
        self.golden = true;
        self
    }

    /// A failure in which strangers wrote what they liked.
    pub fn hostile(subject: &str, reply: &str, xtext: &str) -> Self {
        let evidence = replied(Stage::Rcpt, 550, Some("5.1.1"), &[reply]);
        let told =
            ToldSample { orcpt: Some(format!("rfc822;{xtext}")), ..told("victim@dest.test", Some(evidence)) };
        Self {
            content: format!(
                "Subject: {subject}\r\nMessage-ID: {subject}\r\nReferences: {reply}\r\n\r\n{reply}"
            )
            .into_bytes(),
            envid: Some(xtext.to_owned()),
            told: vec![told],
            ..Self::new("hostile", NoticeKind::Failure, Language::Fr, "5.1.1")
        }
    }
}

fn message(header: &str, body: &str) -> Vec<u8> {
    let front = "Received: from [192.0.2.9]\r\n\tby mail.exemple.test with ESMTPSA id 000000000001;\r\n\tSun, 22 Nov 2026 05:31:08 +0000\r\nFrom: Jean <jean@exemple.test>\r\nTo: personne@ailleurs.test\r\nMessage-ID: <m1@exemple.test>\r\nDate: Sun, 22 Nov 2026 06:31:00 +0100\r\n";
    format!("{front}{header}\r\n{body}").into_bytes()
}

fn told(address: &str, evidence: Option<Evidence>) -> ToldSample {
    let address = address.parse().unwrap();
    ToldSample { address, orcpt: None, has_expired: false, evidence, reply: None, relay: None }
}

fn seen(stage: Stage, seen: Seen) -> Evidence {
    let peer = Peer { host: "mx.ailleurs.test".to_owned(), address: "192.0.2.25".parse().ok(), port: 25 };
    Evidence { at: RECEIVED.plus_secs(60), stage, peer: Some(peer), seen }
}

fn replied(stage: Stage, code: u16, enhanced: Option<&str>, lines: &[&str]) -> Evidence {
    let reply = Reply {
        code: ReplyCode::try_from(code).unwrap(),
        enhanced: enhanced.map(|code| code.parse().unwrap()),
        lines: lines.iter().map(|line| (*line).to_owned()).collect(),
    };
    seen(stage, Seen::Reply { reply })
}

fn unknown_user() -> Evidence {
    let lines =
        ["<personne@ailleurs.test>: Recipient address rejected:", "User unknown in virtual mailbox table"];
    replied(Stage::Rcpt, 550, Some("5.1.1"), &lines)
}

fn greylisted() -> Evidence {
    replied(Stage::Rcpt, 450, Some("4.2.0"), &["Greylisted, try again in 300 seconds"])
}

/// What was seen without a reply, and the Status that says so.
fn typed() -> Vec<Sample> {
    let timeout = || Seen::Timeout { after_ms: 30_000 };
    let cases = [
        ("connect-timeout", Stage::Connect, timeout(), "5.4.1"),
        ("data-timeout", Stage::Data, timeout(), "5.4.2"),
        ("refused", Stage::Connect, Seen::Refused, "5.4.1"),
        ("dropped", Stage::Rcpt, Seen::Dropped, "5.4.2"),
        ("name-unknown", Stage::Resolve, Seen::NameUnknown, "5.1.2"),
        ("null-mx", Stage::Resolve, Seen::NullMx, "5.1.10"),
        ("no-mail-host", Stage::Resolve, Seen::NoMailHost, "5.1.2"),
        ("points-to-self", Stage::Resolve, Seen::PointsToSelf, "5.4.6"),
        ("too-big", Stage::Mail, Seen::TooBig { limit: 10_000_000 }, "5.3.4"),
        ("tls", Stage::Tls, Seen::Tls { fault: TlsFault::UnknownIssuer }, "5.7.5"),
        ("smtputf8", Stage::Mail, Seen::NotOffered { what: "SMTPUTF8".to_owned() }, "5.6.7"),
        ("unreadable", Stage::Queue, Seen::BodyUnreadable, "5.3.0"),
    ];
    cases
        .into_iter()
        .map(|(name, stage, what, status)| Sample::failure(name, Language::En, seen(stage, what), status))
        .collect()
}

fn failures() -> Vec<Sample> {
    let (en, fr) = (Language::En, Language::Fr);
    let expired = |language, name| {
        let told =
            vec![ToldSample { has_expired: true, ..told("personne@ailleurs.test", Some(greylisted())) }];
        Sample { told, ..Sample::new(name, NoticeKind::Failure, language, "4.4.7") }
    };
    let no_code = replied(Stage::Rcpt, 550, None, &["No such user here"]);
    let through_relay = ToldSample {
        relay: Some("principal"),
        ..told(
            "personne@ailleurs.test",
            Some(replied(Stage::EndOfData, 554, Some("5.7.1"), &["Message rejected as spam"])),
        )
    };
    let many = || {
        let mut many: Vec<ToldSample> =
            (0..60).map(|n| told(&format!("n{n}@ailleurs.test"), Some(unknown_user()))).collect();
        many[1].evidence = Some(seen(Stage::Resolve, Seen::NullMx));
        many
    };
    let utf8 = vec![told("é+1@ailleurs.test", Some(unknown_user()))];
    let orcpt = ToldSample {
        orcpt: Some("rfc822;Personne+2Bliste@ailleurs.test".to_owned()),
        ..told("personne+liste@ailleurs.test", Some(unknown_user()))
    };
    vec![
        Sample::failure("failure-en", en, unknown_user(), "5.1.1").golden(),
        Sample::failure("failure-fr", fr, unknown_user(), "5.1.1").golden(),
        expired(en, "expired-en"),
        expired(fr, "expired-fr").golden(),
        Sample::failure("no-enhanced-code", en, no_code, "5.1.1"),
        Sample { told: vec![through_relay], ..Sample::new("relay-fr", NoticeKind::Failure, fr, "5.7.1") },
        Sample { told: many(), ..Sample::new("many-en", NoticeKind::Failure, en, "5.1.1") },
        Sample { told: many(), ..Sample::new("many-fr", NoticeKind::Failure, fr, "5.1.1") },
        Sample {
            told: utf8,
            to: "hélène@société.test".parse().unwrap(),
            ..Sample::new("utf8-fr", NoticeKind::Failure, fr, "5.1.1")
        },
        Sample {
            told: vec![orcpt],
            envid: Some("QQ+2B314159".to_owned()),
            ..Sample::new("orcpt-en", NoticeKind::Failure, en, "5.1.1")
        },
    ]
}

/// Originals that are hard to read or to give back.
fn originals() -> Vec<Sample> {
    let with = |name, content: Vec<u8>, ret| Sample {
        content,
        ret,
        ..Sample::failure(name, Language::Fr, unknown_user(), "5.1.1")
    };
    let encoded = "Subject: =?utf-8?Q?R=C3=A9union_du_comit=C3=A9_et_de_l'ensemble?=\r\n =?utf-8?Q?_des_membres_de_l'association_=E2=80=94_ordre_du_jour?=\r\n";
    let latin =
        [&message("", "")[..message("", "").len() - 2], b"Subject: \xe9t\xe9\r\n\r\ncaf\xe9\r\n"].concat();
    let huge_header: String =
        (0..5_000).map(|n| format!("X-Field-{n}: some words that fill the line\r\n")).collect();
    vec![
        with("encoded-subject", message(encoded, "bonjour\r\n"), Some(Returned::Headers)),
        with("eight-bit-header", latin.clone(), Some(Returned::Headers)),
        with("eight-bit", latin, None),
        with("utf8-subject", message("Subject: Été à la mer\r\n", "où ?\r\n"), Some(Returned::Full)),
        with("huge-header", message(&huge_header, "x\r\n"), None),
        with("long-line", message("Subject: x\r\n", &"y".repeat(3_000)), Some(Returned::Full)),
        with("large", message("Subject: x\r\n", &"0123456789\r\n".repeat(20_000)), None),
        with(
            "boundary",
            message("Subject: x\r\n", "--=_04t8zRXsBkBy.0\r\n--=_04t8zRXsBkBy.0--\r\n"),
            Some(Returned::Full),
        ),
        with("no-header", b"\r\nonly a body\r\n".to_vec(), None),
        with("empty", Vec::new(), None),
        with("without-end", message("Subject: x\r\n", "no line end"), None),
        with(
            "a-report-itself",
            message(
                "Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n",
                "--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n",
            ),
            Some(Returned::Headers),
        ),
    ]
}

fn others() -> Vec<Sample> {
    let mut all = Vec::new();
    for (language, delay, success, relayed) in [
        (Language::En, "delay-en", "success-en", "relayed-en"),
        (Language::Fr, "delay-fr", "success-fr", "relayed-fr"),
    ] {
        let late = vec![told("personne@ailleurs.test", Some(greylisted()))];
        all.push(Sample { told: late, ..Sample::new(delay, NoticeKind::Delay, language, "4.2.0") }.golden());
        let taken = || ToldSample {
            reply: Some("250 2.1.5 Ok: queued as 4X"),
            ..told("personne@ailleurs.test", None)
        };
        all.push(Sample {
            told: vec![taken()],
            ..Sample::new(success, NoticeKind::Success, language, "2.1.5")
        });
        all.push(Sample {
            told: vec![taken(), taken()],
            ..Sample::new(relayed, NoticeKind::Relayed, language, "2.1.5")
        });
    }
    for one in &mut all {
        if let [_, second] = one.told.as_mut_slice() {
            second.address = "autre@ailleurs.test".parse().unwrap();
        }
    }
    let refused = vec![told("personne@ailleurs.test", Some(seen(Stage::Connect, Seen::Refused)))];
    all.push(Sample {
        told: refused,
        ..Sample::new("delay-refused", NoticeKind::Delay, Language::En, "4.4.1")
    });
    let bare = vec![told("personne@ailleurs.test", None)];
    all.push(Sample {
        told: bare,
        ..Sample::new("delay-nothing-seen", NoticeKind::Delay, Language::Fr, "4.0.0")
    });
    all
}

pub fn samples() -> Vec<Sample> {
    [failures(), typed(), originals(), others()].into_iter().flatten().collect()
}
