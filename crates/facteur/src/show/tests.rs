//! Answers become the text that people and scripts expect.
//!
//! `golden/postfix-queue.txt` and `.jsonl` are what Postfix 3.7.11 printed (long queue ids on, time zone UTC) for the
//! queue that [`postfix_queue`] builds by hand.

use super::*;
use crate::words::phrases;
use ::explain::judge_text;
use ::queue::Acted;
use control::{
    AccountView, ClosureView, Listener, NewPassword, QueuePage, RelayState, RelayView, SlowedBy, SlowedView,
    StatusReport,
};
use jiff::tz::TimeZone;
use mail::{
    AttemptId, ClosureId, Dialogue, EventId, Evidence, Language, OwnerId, Peer, Principal, PublicId, QueueId,
    RelayId, Reply, ReversePath, Seen, Speaker, Stage, Timestamp, TlsFacts,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{
    AccountRole, Act, Attempt, AttemptOutcome, Event, EventKind, MessageRow, RecipientRow, RecipientState,
    RelayTls, SenderMode, Story, Totals,
};

const GOLDEN: &str = include_str!("golden/postfix-queue.txt");
const GOLDEN_LINES: &str = include_str!("golden/postfix-queue.jsonl");

/// 2026-11-22 08:39:46 UTC.
const MORNING: Timestamp = Timestamp(1_795_336_786_000);
const GMAIL: RelayId = RelayId(7);
const CLOSURE: ClosureId = ClosureId(9);

fn reader(language: Language) -> Reader {
    Reader { phrases: Arc::new(phrases(language)), raw: false, zone: TimeZone::UTC, now: MORNING }
}

fn local_peer(port: u16) -> Peer {
    Peer { host: "127.0.0.1".into(), address: "127.0.0.1".parse().ok(), port }
}

fn evidence(stage: Stage, peer: Peer, seen: Seen) -> Evidence {
    Evidence { at: MORNING, stage, peer: Some(peer), seen }
}

fn replied(stage: Stage, peer: Peer, code: u16, enhanced: &str, text: &str) -> Evidence {
    evidence(stage, peer, Seen::Reply { reply: Reply::new(code, enhanced.parse().ok(), text) })
}

fn full() -> Evidence {
    replied(Stage::Rcpt, local_peer(25), 452, "4.2.2", "Mailbox full")
}

fn grey() -> Evidence {
    let text = "<grey@dest.test>: Recipient address rejected: Greylisted, please come back in 300 seconds";
    replied(Stage::Rcpt, local_peer(25), 450, "4.2.0", text)
}

fn wrong_password() -> Evidence {
    let peer = Peer { host: "smtp.gmail.com".into(), address: "192.0.2.25".parse().ok(), port: 587 };
    replied(
        Stage::Auth,
        peer,
        535,
        "5.7.8",
        "Username and Password not accepted. For more information, go to",
    )
}

fn recipient(index: u16, address: &str, seen: Option<Evidence>) -> RecipientRow {
    RecipientRow {
        index,
        address: address.to_owned(),
        state: RecipientState::Waiting,
        leased: false,
        next_attempt_at: MORNING.plus_secs(300),
        expires_at: MORNING.plus_secs(5 * 86_400),
        attempts: u32::from(seen.is_some()),
        relay: seen.is_some().then_some(GMAIL),
        closure: None,
        evidence: seen,
        cause: None,
        since: MORNING,
        wishes: store::Wishes::default(),
    }
}

fn message(number: i64, bytes: u64, from: &str, recipients: Vec<RecipientRow>) -> MessageRow {
    MessageRow {
        id: QueueId::from_stored((1 << 60) + number),
        public_id: PublicId([7; 16]),
        owner: OwnerId::DEFAULT,
        principal: Principal::Account(mail::AccountId(1)),
        received_at: MORNING,
        from: from.parse().map_or(ReversePath::Null, ReversePath::Address),
        message_id: "<1@facteur.test>".to_owned(),
        bytes,
        client: "laptop[192.0.2.7]".to_owned(),
        extras: store::Extras::default(),
        recipients,
    }
}

fn relays() -> BTreeMap<RelayId, String> {
    BTreeMap::from([(GMAIL, "gmail".to_owned())])
}

fn page(rows: Vec<MessageRow>) -> QueuePage {
    QueuePage { rows, closures: BTreeMap::from([(CLOSURE, closed())]), relays: relays(), next: None }
}

/// The queue that Postfix had, in Postfix's order.
fn postfix_queue() -> QueuePage {
    let refused = evidence(Stage::Connect, local_peer(4), Seen::Refused);
    let mut sending = recipient(0, "slow@dest.test", None);
    sending.leased = true;
    let mut held = recipient(0, "full@dest.test", Some(refused));
    held.state = RecipientState::Held;
    let many = [("full@dest.test", full()), ("grey@dest.test", grey()), ("full@other.test", full())];
    let many =
        many.into_iter().zip(0..).map(|((to, seen), index)| recipient(index, to, Some(seen))).collect();
    let both =
        vec![recipient(0, "full@dest.test", Some(full())), recipient(1, "full@other.test", Some(full()))];
    page(vec![
        message(1, 270, "dora@facteur.test", vec![sending]),
        message(2, 250, "", vec![recipient(0, "full@dest.test", Some(full()))]),
        message(3, 271, "anne@facteur.test", vec![recipient(0, "grey@dest.test", Some(grey()))]),
        message(4, 3342, "bob@facteur.test", many),
        message(5, 361, "carl@facteur.test", both),
        message(6, 270, "emma@facteur.test", vec![held]),
    ])
}

fn mailq(page: &QueuePage, reader: &Reader) -> String {
    let mut listing = Mailq::default();
    listing.page(page, reader) + &listing.end()
}

/// The golden text with our ids in the place of Postfix's; all else, to the last space, stays.
fn golden_with(ids: impl Iterator<Item = QueueId>) -> String {
    let mut ids = ids;
    let mut text = String::new();
    for line in GOLDEN.lines() {
        let is_message = line.starts_with(|c: char| c.is_ascii_alphanumeric());
        let (id, rest) = line.split_at(if is_message { 17 } else { 0 });
        if is_message {
            let mark = id.trim_start_matches(|c: char| c.is_ascii_alphanumeric()).trim_end();
            text += &format!("{:<17}", format!("{}{mark}", ids.next().unwrap()));
        }
        text += &format!("{rest}\n");
    }
    text
}

#[test]
fn for_programs_mailq_is_postfix_to_the_byte() {
    let page = postfix_queue();
    let programs = Reader { raw: true, ..reader(Language::En) };
    assert_eq!(mailq(&page, &programs), golden_with(page.rows.iter().map(|row| row.id)));
    assert_eq!(mailq(&QueuePage::default(), &programs), "Mail queue is empty\n");
    let one = QueuePage { rows: page.rows[..1].to_vec(), ..QueuePage::default() };
    assert!(mailq(&one, &programs).ends_with("\n\n-- 0 Kbytes in 1 Request.\n"));
}

#[test]
fn pages_make_one_listing() {
    let programs = Reader { raw: true, ..reader(Language::En) };
    let whole = postfix_queue();
    let mut listing = Mailq::default();
    let pages = whole.rows.iter().map(|row| page(vec![row.clone()]));
    let text: String = pages.map(|page| listing.page(&page, &programs)).collect();
    assert_eq!(text + &listing.end(), mailq(&whole, &programs));
}

#[test]
fn for_people_mailq_says_the_cause_then_the_reply() {
    for (language, cause) in [(Language::En, "mailbox"), (Language::Fr, "boîte")] {
        let text = mailq(&postfix_queue(), &reader(language));
        let line = text.lines().find(|line| line.contains("452 4.2.2")).unwrap().trim_start();
        assert!(
            line.starts_with('(') && line.ends_with("Mailbox full (in reply to RCPT TO command))"),
            "{line}"
        );
        let before = line.split("host 127.0.0.1").next().unwrap();
        assert!(before.to_lowercase().contains(cause), "{line}");
        assert_eq!(text.lines().last(), GOLDEN.lines().last());
    }
}

#[test]
fn json_lines_have_the_members_of_postfix_and_ours() {
    let page = postfix_queue();
    let ours = json_lines(&page, &reader(Language::Fr));
    assert_eq!(ours.lines().count(), GOLDEN_LINES.lines().count());
    for (ours, theirs) in ours.lines().zip(GOLDEN_LINES.lines()) {
        let parse = |line: &str| serde_json::from_str::<Value>(line).unwrap();
        let (ours, theirs) = (parse(ours), parse(theirs));
        for (name, value) in theirs.as_object().unwrap() {
            match name.as_str() {
                "queue_id" => assert_eq!(ours[name].as_str().unwrap().len(), 12),
                "recipients" => {
                    for (ours, theirs) in ours[name].as_array().unwrap().iter().zip(value.as_array().unwrap())
                    {
                        let members = theirs.as_object().unwrap();
                        members.iter().for_each(|(name, value)| assert_eq!(&ours[name], value, "{name}"));
                    }
                }
                _ => assert_eq!(&ours[name], value, "{name}"),
            }
        }
        assert_eq!(ours["public_id"].as_str().unwrap().len(), 32);
    }
    let waiting: Value = serde_json::from_str(ours.lines().nth(1).unwrap()).unwrap();
    let recipient = &waiting["recipients"][0];
    assert_eq!(recipient["next_attempt"], MORNING.plus_secs(300).secs());
    assert!(recipient["cause"].is_string() && recipient["explanation"]["fix"].is_string(), "{recipient}");
}

/// Text that has all these parts, in this order.
#[track_caller]
fn check(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("{part:?} is not in\n{rest}"));
        rest = after;
    }
}

fn closed() -> ClosureView {
    ClosureView {
        neighbours: None,
        id: CLOSURE,
        relay: "gmail".into(),
        account: None,
        preset: Some("gmail".into()),
        sender: None,
        cause: "auth_bad_credentials".into(),
        evidence: wrong_password(),
        since: MORNING.plus_secs(-120),
        reopen_at: MORNING.plus_secs(780),
        alarm: true,
    }
}

fn relay_view(state: RelayState, closures: Vec<ClosureView>) -> RelayView {
    RelayView {
        id: GMAIL,
        name: "gmail".into(),
        preset: Some("gmail".into()),
        host: "smtp.gmail.com".into(),
        port: None,
        tls: RelayTls::Auto,
        insecure: false,
        login: Some("anne@gmail.com".into()),
        sender: SenderMode::Keep,
        max_connections: 5,
        max_recipients: 50,
        owner: "default".into(),
        account: None,
        is_used: false,
        state,
        closures,
        refuses_all: None,
    }
}

fn report(relays: Vec<RelayView>) -> StatusReport {
    StatusReport {
        version: "0.1.0".into(),
        host_name: "mx.facteur.test".into(),
        pid: Some(4_242),
        started_at: MORNING.plus_secs(-7_200),
        listeners: vec![Listener {
            address: "0.0.0.0:2587".into(),
            kind: "submission".into(),
            instead_of: Some(587),
        }],
        totals: Totals { messages: 12, recipients: 1_400, leased: 3, held: 1, parked: 1_390 },
        has_route: !relays.is_empty(),
        trouble: None,
        relays,
        accounts: 1,
        sites: 0,
        certificate_ends: Some(MORNING.plus_secs(31 * 86_400)),
        slowed: Vec::new(),
    }
}

#[test]
fn who_waits_after_wrong_passwords_is_shown_with_the_way_out() {
    let view = |by, network: Option<&str>, login: Option<&str>| SlowedView {
        by,
        network: network.map(str::to_owned),
        login: login.map(str::to_owned),
        since: MORNING,
        until: MORNING.plus_secs(120),
        put_off: 1_234,
    };
    let all = [
        view(SlowedBy::Network, Some("203.0.113.0/24"), None),
        view(SlowedBy::Login, None, Some("anne")),
        view(SlowedBy::Pair, Some("192.0.2.7"), Some("anne")),
        view(SlowedBy::Everybody, None, None),
    ];
    check(
        &slowed(&all, &reader(Language::Fr)),
        &[
            "faux depuis 203.0.113.0/24\u{a0}: de là, on ne peut de nouveau se connecter que dans 2 minutes (à 08:41).",
            "remises à plus tard\u{a0}: 1\u{202f}234.",
            "facteur sign-in lift 203.0.113.0/24",
            "faux pour anne\u{a0}: les adresses d'où il ne s'est jamais connecté",
            "facteur sign-in lift anne",
            "facteur sign-in lift 192.0.2.7",
            "facteur sign-in lift --all",
        ],
    );
    check(
        &slowed(&all, &reader(Language::En)),
        &[
            "who comes from there can try again in 2 minutes (at 08:41). Put off: 1,234.",
            "its own address 192.0.2.7",
        ],
    );
    check(&slowed(&[], &reader(Language::En)), &["Nobody has to wait"]);
    check(&lifted(2, &reader(Language::Fr)), &["2 attentes sont finies"]);
    let waiting = StatusReport { slowed: all.to_vec(), ..report(Vec::new()) };
    check(&status(&waiting, &reader(Language::En)), &["in 4 places: facteur sign-in list"]);
}

#[test]
fn a_certificate_that_ends_soon_needs_attention() {
    let of = |days: i64| StatusReport {
        certificate_ends: Some(MORNING.plus_secs(days * 86_400)),
        ..report(vec![relay_view(RelayState::Open, Vec::new())])
    };
    check(&status(&of(31), &reader(Language::En)), &["Nothing needs attention."]);
    check(
        &status(&of(13), &reader(Language::En)),
        &["The certificate ends in 13 days (on 5 Dec 2026 at 08:39)"],
    );
    check(
        &status(&of(13), &reader(Language::Fr)),
        &["Le certificat se termine dans 13 jours (le 05/12/2026 à 08:39)"],
    );
    check(&status(&of(-2), &reader(Language::En)), &["The certificate ended 2 days ago"]);
    check(&status(&of(-2), &reader(Language::Fr)), &["Le certificat s'est terminé il y a 2 jours"]);
}

#[test]
fn status_begins_with_what_needs_attention() {
    let closed = report(vec![relay_view(RelayState::Closed, vec![closed()])]);
    check(
        &status(&closed, &reader(Language::Fr)),
        &[
            "(processus 4242) tourne, lancé il y a 2 heures (à 06:39).",
            "À voir",
            "Le relais gmail a été fermé il y a 2 minutes",
            "Qui doit agir\u{a0}: ",
            "facteur relay password gmail",
            "535 5.7.8 Username and Password not accepted",
            "Nouvel essai dans 13 minutes (à 08:52).",
            "12 messages attendent ou sont en cours d'envoi (1\u{202f}400 destinataires).",
            "en attente d'un relais\u{a0}: 1\u{202f}390",
            "Relais\u{a0}: gmail (fermé)",
            "0.0.0.0:2587, STARTTLS, et sans pour les réseaux des sites, car le port 587",
        ],
    );
    check(
        &status(&report(Vec::new()), &reader(Language::En)),
        &["Needs attention", "There is no way out yet"],
    );
    let well = report(vec![relay_view(RelayState::Open, Vec::new())]);
    check(&status(&well, &reader(Language::En)), &["Nothing needs attention.", "Relays: gmail\n"]);
    let stopped = StatusReport { pid: None, ..report(vec![relay_view(RelayState::Open, Vec::new())]) };
    check(&status(&stopped, &reader(Language::En)), &["is stopped", "facteur start"]);
}

#[test]
fn relays_say_why_they_are_closed_and_what_to_do() {
    let relays = [relay_view(RelayState::Closed, vec![closed()])];
    let text = super::relays(&relays, &reader(Language::En));
    check(
        &text,
        &["NAME   STATE", "gmail  closed  smtp.gmail.com  anne@gmail.com", "app password", "support.google"],
    );
    let sender = ClosureView { sender: Some("bob@facteur.test".into()), ..closed() };
    let relays = [relay_view(RelayState::Open, vec![sender])];
    check(
        &super::relays(&relays, &reader(Language::Fr)),
        &["bob@facteur.test a été arrêté sur le relais gmail"],
    );
    check(&super::relays(&[], &reader(Language::Fr)), &["Il n'y a pas encore de relais"]);
}

fn attempt(delivered: bool, said: &str, dialogue: Option<Dialogue>) -> Attempt {
    Attempt {
        id: AttemptId(1),
        message: QueueId::from_stored(1),
        relay: GMAIL,
        began_at: MORNING.plus_secs(1),
        ended_at: MORNING.plus_secs(2),
        peer: wrong_password().peer,
        tls: Some(TlsFacts { version: "TLSv1.3".into(), cipher: "x".into(), fingerprint: "y".into() }),
        outcomes: vec![AttemptOutcome { index: 0, delivered, said: said.to_owned() }],
        dialogue,
    }
}

fn parked_story() -> Story {
    let mut parked = recipient(0, "grey@dest.test", Some(wrong_password()));
    parked.closure = Some(CLOSURE);
    let mut dialogue = Dialogue::new(MORNING);
    dialogue.push(MORNING.plus_ms(1_250), Speaker::Us, "AUTH PLAIN …");
    let mut held = Event {
        id: EventId(1),
        at: MORNING.plus_secs(30),
        kind: EventKind::Retried,
        owner: OwnerId::DEFAULT,
        message: None,
        recipient: Some(0),
        relay: None,
        cause: None,
        detail: String::new(),
    };
    let retried = held.clone();
    held.kind = EventKind::Deferred;
    Story {
        message: message(1, 12_345, "anne@facteur.test", vec![parked]),
        attempts: vec![attempt(false, "535 5.7.8 no", Some(dialogue))],
        events: vec![retried, held],
    }
}

#[test]
fn why_tells_the_story_and_ends_with_what_to_do() {
    let (parked, relays) = (parked_story(), relays());
    let closures = BTreeMap::from([(CLOSURE, closed())]);
    let refusing_all = BTreeMap::new();
    let of = StoryOf { story: &parked, closures: &closures, relays: &relays, refusing_all: &refusing_all };
    let french = story(of, false, &reader(Language::Fr));
    check(
        &french,
        &[
            "De\u{a0}: anne@facteur.test",
            "Taille\u{a0}: 12 ko",
            "08:39:46  reçu de laptop[192.0.2.7]",
            "08:39:47  essai par le relais gmail (smtp.gmail.com[192.0.2.25]:587, TLSv1.3)",
            "pas pris pour grey@dest.test\u{a0}: 535 5.7.8 no",
            "08:40:16  essai immédiat, demandé par quelqu'un",
            "Où il en est",
            "grey@dest.test\n    attend\n",
            "Que faire\u{a0}: ",
            "Prochain essai\u{a0}: dans 13 minutes (à 08:52)",
        ],
    );
    assert!(!french.contains("AUTH PLAIN") && !french.contains("Abandon"), "{french}");
    check(&story(of, true, &reader(Language::En)), &["1.250  C: AUTH PLAIN …", "Who must act: "]);
    let json = story_json(of, &reader(Language::En));
    assert_eq!(json["message"]["recipients"][0]["reason"]["cause"], "auth_bad_credentials");
    assert_eq!(json["message"]["recipients"][0]["next_try_at"], closed().reopen_at.0);
    assert_eq!(Progress::of(&parked.message), Progress::Waits);
}

#[test]
fn recipients_of_one_fate_are_one_paragraph() {
    let mut rows: Vec<_> = (0..1_000).map(|n| recipient(n, &format!("r{n}@dest.test"), None)).collect();
    rows.iter_mut().for_each(|row| row.closure = Some(ClosureId::NO_ROUTE));
    rows[3].state = RecipientState::Delivered;
    let many = Story { message: message(1, 1, "a@b.test", rows), attempts: Vec::new(), events: Vec::new() };
    let (closures, relays) = (BTreeMap::new(), BTreeMap::new());
    let refusing_all = BTreeMap::new();
    let of = StoryOf { story: &many, closures: &closures, relays: &relays, refusing_all: &refusing_all };
    let text = outcome(of, &reader(Language::En));
    check(
        &text,
        &[
            "r0@dest.test",
            "r10@dest.test and 989 others",
            "waits",
            "No way out is set up",
            "r3@dest.test\n    delivered, now\n",
        ],
    );
    assert!(text.lines().count() < 12, "{text}");
}

#[test]
fn a_message_is_followed_until_nothing_more_happens_soon() {
    let row = |change: fn(&mut RecipientRow)| {
        let mut one = recipient(0, "a@b.test", None);
        change(&mut one);
        message(1, 1, "c@d.test", vec![one])
    };
    for (change, progress) in [
        ((|_| {}) as fn(&mut RecipientRow), Progress::Moving),
        (|one| one.leased = true, Progress::Moving),
        (|one| one.attempts = 1, Progress::Waits),
        (|one| one.closure = Some(ClosureId::NO_ROUTE), Progress::Waits),
        (|one| one.state = RecipientState::Held, Progress::Waits),
        (|one| one.state = RecipientState::Delivered, Progress::Delivered),
        (|one| one.state = RecipientState::Failed, Progress::Failed),
    ] {
        assert_eq!(Progress::of(&row(change)), progress);
    }
}

#[test]
fn the_queue_says_each_reason_once() {
    let page = postfix_queue();
    let text = queue(&page, &reader(Language::En));
    check(
        &text,
        &["dora@facteur.test\n    → slow@dest.test  is being sent\n", "next attempt in 5 minutes (at 08:44)"],
    );
    let carl = text.split_once("carl@facteur.test").unwrap().1.split_once("emma@").unwrap().0;
    let reason = control::wording::of_evidence(
        &full(),
        "gmail",
        None,
        control::wording::Reading::at_prompt(Language::En),
    );
    assert_eq!(carl.matches(&reason.words.cause).count(), 1, "{carl}");
    assert_eq!(queue(&QueuePage::default(), &reader(Language::Fr)), "Rien n'attend.\n");
    let json = queue_json(&page, &reader(Language::En));
    assert_eq!(json[1]["recipients"][0]["relay_name"], "gmail");
    assert_eq!(json[1]["recipients"][0]["address"], "full@dest.test");
}

#[test]
fn acts_are_counted_in_words() {
    let (en, fr) = (reader(Language::En), reader(Language::Fr));
    let of = |messages, recipients, in_flight| Acted { messages, recipients, in_flight };
    assert_eq!(acted(Act::Retry, &of(1, 2, 0), &en), "1 message (2 recipients) is tried at once.\n");
    check(&acted(Act::Delete, &of(0, 0, 0), &fr), &["Rien à supprimer"]);
    check(
        &acted(Act::Hold, &of(2, 2, 1), &fr),
        &["2 messages (2 destinataires) sont retenus.", "1 destinataire était"],
    );
}

#[test]
fn moments_are_said_as_they_are_lived() {
    for (secs, english, french) in [
        (0, "now", "maintenant"),
        (300, "in 5 minutes (at 08:44)", "dans 5 minutes (à 08:44)"),
        (-60, "60 seconds ago (at 08:38)", "il y a 60 secondes (à 08:38)"),
        (7_200, "in 2 hours (at 10:39)", "dans 2 heures (à 10:39)"),
        (3 * 86_400, "in 3 days (on 25 Nov 2026 at 08:39)", "dans 3 jours (le 25/11/2026 à 08:39)"),
    ] {
        assert_eq!(when(MORNING.plus_secs(secs), &reader(Language::En)), english);
        assert_eq!(when(MORNING.plus_secs(secs), &reader(Language::Fr)), french);
    }
    assert_eq!(moment(Timestamp::NEVER, &reader(Language::En)), "at no known time");
}

#[test]
fn a_pasted_refusal_is_explained() {
    let verdict = judge_text("452 4.2.2 The email account that you tried to reach is over quota", None, None);
    let text = explained(&verdict, None, &reader(Language::Fr));
    check(&text, &["Qui doit agir\u{a0}: ", "Que faire\u{a0}: ", "peut passer plus tard", "Cause\u{a0}: "]);
    let answer = ::explain::Answer::of_text("452 4.2.2 Mailbox full", &::explain::Hint::default());
    let json: Value = serde_json::from_str(&json_line(&answer)).unwrap();
    assert_eq!(
        (&json["cause"], &json["retry"]),
        (&Value::from("recipient_mailbox_full"), &Value::from(true))
    );
    assert!(json["en"]["fix"].is_string() && json["fr"]["cause"].is_string(), "{json}");
}

#[test]
fn a_bounce_is_shown_by_recipient() {
    let mail = b"From: MAILER-DAEMON@example.org\nSubject: failure notice\n\n<a@example.org>:\n550 5.1.1 no such user\n";
    let report = ::explain::bounce::read(mail);
    let text = bounced(&report, &reader(Language::Fr));
    check(&text, &["a@example.org\n", "Que faire\u{a0}: ", "n'existe plus"]);
    let json = serde_json::to_value(report.recipients.iter().map(Bounced::of).collect::<Vec<_>>()).unwrap();
    assert_eq!(
        (&json[0]["recipient"], &json[0]["permanent"]),
        (&Value::from("a@example.org"), &Value::from(true))
    );
}

#[test]
fn a_tested_relay_shows_what_was_said() {
    let mut spoken = Dialogue::new(MORNING);
    spoken.push(MORNING, Speaker::Them, "220 smtp.gmail.com");
    spoken.cut = true;
    let failed =
        tested("gmail", Some("gmail"), Some(&wrong_password()), &spoken, None, &reader(Language::Fr));
    check(&failed, &["0.000  S: 220 smtp.gmail.com", "(la suite", "ne fonctionne pas", "Que faire"]);
    check(&tested("gmail", None, None, &spoken, None, &reader(Language::En)), &["The relay gmail works"]);
}

#[test]
fn a_made_password_is_shown_and_a_given_one_is_not() {
    let made = |password: Option<&str>| NewPassword {
        login: "a@b.test".into(),
        password: password.map(str::to_owned),
    };
    check(
        &password(&made(Some("s3cret")), &reader(Language::En)),
        &["a@b.test", "s3cret", "not shown again"],
    );
    check(&password(&made(None), &reader(Language::Fr)), &["Le mot de passe de a@b.test est enregistré."]);
}

#[test]
fn every_preset_says_what_it_needs() {
    let text = presets(&reader(Language::Fr));
    check(
        &text,
        &[
            "gmail",
            "mot de passe d'application",
            "outlook (hotmail)",
            "OAuth2 seulement",
            "brevo (sendinblue)",
        ],
    );
    assert!(presets_json().iter().any(|preset| preset["sign_in"] == "oauth2_only"));
}

#[test]
fn an_account_shows_how_long_its_mail_can_be_taken_back() {
    let account = |login: &str, undo_secs| AccountView {
        login: login.to_owned(),
        language: Language::Fr,
        owner: "default".to_owned(),
        senders: vec![login.parse().unwrap()],
        undo_secs,
        role: if undo_secs == 0 { AccountRole::Person } else { AccountRole::Helper },
        created_at: MORNING,
    };
    let text = lists::accounts(&[account("a@b.test", 30), account("c@d.test", 0)], &reader(Language::Fr));
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(
        lines[0],
        ["IDENTIFIANT", "PROPRIÉTAIRE", "RÔLE", "LANGUE", "REPRISE", "PEUT", "ENVOYER", "AVEC"]
    );
    assert_eq!(lines[1][2], "assistant");
    assert_eq!(lines[1][4..], ["30", "s", "a@b.test"]);
    assert_eq!(lines[2][4..], ["-", "c@d.test"]);
}
