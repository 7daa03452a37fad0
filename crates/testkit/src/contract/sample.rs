//! Messages, settlements and rows to play with.

use mail::{
    AccountId, AttemptId, BodyType, ClosureId, Dialogue, DomainId, Evidence, Language, OwnerId, Peer,
    Principal, PublicId, QueueId, RecipientId, RelayId, Reply, ReversePath, Secret, Seen, SiteId, Speaker,
    Stage, Timestamp, TlsFacts,
};
use std::sync::Arc;
use store::{
    Account, AccountRole, Attempt, AttemptOutcome, Body, Change, Closure, DkimKey, EventKind, Extras,
    HostedDomain, MailLogin, MailProtocol, MailServer, MailSettings, MailTls, NewEvent, NewMessage,
    NewRecipient, Parking, RecipientState, RecipientUpdate, Relay, RelayAuth, RelayTls, SenderMode,
    SenderRule, Settlement, Site, Start, Wishes,
};

/// A moment in the middle of a day, from which scenes count in milliseconds.
pub const NOON: Timestamp = Timestamp(1_800_000_000_000);
/// How long a sample recipient may wait: five days.
pub const EXPIRES_MS: i64 = 5 * 86_400_000;

/// The n-th queue id.
pub const fn id(number: i64) -> QueueId {
    QueueId::from_stored(number)
}

/// One recipient of the n-th message.
pub const fn of(number: i64, index: u16) -> RecipientId {
    RecipientId { message: id(number), index }
}

/// An address that is written in this file, and so is one.
fn address(text: &str) -> Option<mail::Address> {
    text.parse().ok()
}

/// A recipient.
pub fn recipient(text: &str, start: Start) -> Option<NewRecipient> {
    Some(NewRecipient {
        address: address(text)?,
        relay: Some(RelayId(1)),
        start,
        cause: None,
        expires_at: NOON.plus_ms(EXPIRES_MS),
        wishes: Wishes::default(),
    })
}

/// The n-th message, with a recipient for each start: `r0@example.net`, `r1@example.net`…
pub fn message(number: i64, starts: &[Start]) -> NewMessage {
    let recipients = starts.iter().enumerate();
    let recipients = recipients.filter_map(|(i, &start)| recipient(&format!("r{i}@example.net"), start));
    NewMessage {
        id: id(number),
        public_id: PublicId(
            u128::try_from(number).unwrap_or(0).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes(),
        ),
        owner: OwnerId::DEFAULT,
        principal: Principal::Account(AccountId(1)),
        received_at: NOON,
        from: address("anne@exemple.test").map_or(ReversePath::Null, ReversePath::Address),
        body_type: BodyType::EightBitMime,
        message_id: format!("<{number}@exemple.test>"),
        added_headers: b"Received: from here\r\n".as_slice().into(),
        body: Body::Memory(Arc::new(format!("Subject: {number}\r\n\r\ncontent\r\n").into_bytes())),
        recipients: recipients.collect(),
        client: "client.exemple.test[192.0.2.7]".to_owned(),
        events: Vec::new(),
        extras: Extras::default(),
        tells: Vec::new(),
        once: None,
    }
}

/// Parked on a closure since [`NOON`], to be looked at an hour later.
pub const fn parked(closure: i64) -> Start {
    Start::Parked(parking(closure))
}

/// The parking of [`parked`].
pub const fn parking(closure: i64) -> Parking {
    Parking { closure: ClosureId(closure), since: NOON, wake_at: NOON.plus_ms(3_600_000) }
}

/// An event about a recipient.
pub fn event(kind: EventKind, at: Timestamp, about: RecipientId) -> NewEvent {
    let mut event = NewEvent::new(at, kind, OwnerId::DEFAULT);
    (event.message, event.recipient) = (Some(about.message), Some(about.index));
    event
}

/// News of a recipient: an attempt through relay 1, nothing else changed.
pub const fn update(id: RecipientId, change: Change) -> RecipientUpdate {
    RecipientUpdate {
        id,
        change,
        relay: Some(RelayId(1)),
        evidence: None,
        cause: None,
        attempted: true,
        expires_at: NOON.plus_ms(EXPIRES_MS),
        paused_ms: 0,
        asked_wait_used: false,
        notice: None,
    }
}

/// A settlement without an attempt; its one event says when it was.
pub fn settlement(at: Timestamp, updates: Vec<RecipientUpdate>) -> Settlement {
    let events = updates.first().map(|first| event(EventKind::Deferred, at, first.id)).into_iter().collect();
    Settlement { attempt: None, updates, signature: None, events }
}

/// The end of recipients.
pub fn ended(at: Timestamp, state: RecipientState, recipients: &[RecipientId]) -> Settlement {
    settlement(at, recipients.iter().map(|&id| update(id, Change::Final(state))).collect())
}

/// An attempt with everything in it.
pub fn attempt(number: i64, message: QueueId, ended_at: Timestamp) -> Attempt {
    let mut dialogue = Dialogue::new(NOON);
    dialogue.push(ended_at, Speaker::Them, "450 4.2.0 \"Greylisted\", é");
    Attempt {
        id: AttemptId(number),
        message,
        relay: RelayId(1),
        began_at: NOON,
        ended_at,
        peer: Some(peer()),
        tls: Some(TlsFacts { version: "TLSv1.3".into(), cipher: "AES".into(), fingerprint: "00ff".into() }),
        outcomes: vec![AttemptOutcome { index: 0, delivered: false, said: "450 4.2.0 Greylisted".into() }],
        dialogue: Some(dialogue),
    }
}

fn peer() -> Peer {
    Peer { host: "relay.example.com".into(), address: Some([192, 0, 2, 1].into()), port: 587 }
}

/// A refusal for the moment.
pub fn evidence(at: Timestamp) -> Evidence {
    let reply = Reply::new(450, "4.2.0".parse().ok(), "Greylisted, try again");
    Evidence { at, stage: Stage::Rcpt, peer: Some(peer()), seen: Seen::Reply { reply } }
}

/// An account to be added.
pub fn account(login: &str) -> Account {
    Account {
        id: AccountId(0),
        owner: OwnerId::DEFAULT,
        login: login.to_owned(),
        senders: ["anne@exemple.test", "@exämple.test"].iter().filter_map(|rule| rule.parse().ok()).collect(),
        language: Language::Fr,
        undo_secs: 10,
        role: AccountRole::Helper,
        created_at: NOON,
    }
}

/// A site to be added.
pub fn site(name: &str) -> Site {
    Site {
        line_endings: mail::LineEndings::Repair,
        id: SiteId(0),
        owner: OwnerId::DEFAULT,
        name: name.to_owned(),
        networks: ["192.0.2.0/24", "2001:db8::/32"]
            .iter()
            .filter_map(|network| network.parse().ok())
            .collect(),
        uids: vec![0, 33],
        senders: vec![SenderRule::Any],
        created_at: NOON,
    }
}

/// A relay to be added.
pub fn relay(name: &str) -> Relay {
    Relay {
        id: RelayId(0),
        owner: OwnerId::DEFAULT,
        account: None,
        name: name.to_owned(),
        preset: Some("brevo".to_owned()),
        host: "relay.example.com".to_owned(),
        port: Some(587),
        tls: RelayTls::Starttls,
        insecure: false,
        extra_ca: Some("-----BEGIN CERTIFICATE-----".to_owned()),
        auth: RelayAuth::Password { login: "anne".to_owned(), password: Secret::new("pässword") },
        sender: SenderMode::Login,
        max_connections: 5,
        max_recipients: 100,
        revision: 0,
        created_at: NOON,
    }
}

/// A domain to be added.
pub fn domain(name: &str) -> Option<HostedDomain> {
    let key = |algorithm: &str| DkimKey {
        selector: format!("f1-{algorithm}"),
        algorithm: algorithm.to_owned(),
        secret: Secret::new(format!("the {algorithm} key of {name}")),
    };
    Some(HostedDomain {
        id: DomainId(0),
        owner: OwnerId::DEFAULT,
        name: name.parse().ok()?,
        keys: vec![key("rsa"), key("ed25519")],
        return_path: format!("bounce.{name}").parse().ok(),
        settings: settings(name),
        created_at: NOON,
    })
}

/// What a domain tells mail programs.
fn settings(name: &str) -> Option<MailSettings> {
    let server = |protocol, label, port, tls| {
        let host = format!("{label}.{name}").parse().ok()?;
        Some(MailServer { protocol, host, port, tls })
    };
    let servers = [
        server(MailProtocol::Imap, "imap", 993, MailTls::Implicit)?,
        server(MailProtocol::Pop3, "imap", 995, MailTls::Implicit)?,
        server(MailProtocol::Smtp, "smtp", 587, MailTls::Starttls)?,
    ];
    let title = Some("Dupont & fils".to_owned());
    Some(MailSettings { title, login: MailLogin::Local, servers: servers.into() })
}

/// A closure of a relay.
pub fn closure(number: i64, relay: RelayId) -> Closure {
    Closure {
        id: ClosureId(number),
        relay,
        sender: address("anne@exemple.test"),
        cause: "sign_in_refused".to_owned(),
        evidence: evidence(NOON),
        since: NOON,
        reopen_at: NOON.plus_secs(900),
        tries: 2,
        alarm: true,
    }
}
