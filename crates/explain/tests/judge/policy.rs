//! Verdicts over typed evidence and over replies: the cause, and the effect that the policy allows.

use explain::{CauseId, Effect, Facts, Place, judge, words};
use mail::{Evidence, Language, Peer, Reply, Seen, Stage, Timestamp, TlsFault};

fn evidence(stage: Stage, host: &str, seen: Seen) -> Evidence {
    let peer = Some(Peer { host: host.to_owned(), address: None, port: 587 });
    Evidence { at: Timestamp(0), stage, peer, seen }
}

#[track_caller]
fn check_typed(stage: Stage, seen: Seen, expected: [(Place, &str, Effect); 2]) {
    for (place, cause, effect) in expected {
        let verdict = judge(&evidence(stage, "mx.example.org", seen.clone()), place);
        assert_eq!((verdict.cause.as_str(), verdict.effect), (cause, effect), "{place} {stage:?} {seen:?}");
    }
}

/// Typed evidence that has the same cause everywhere, with its effect for a relay and for a direct delivery.
#[track_caller]
fn check_both(stage: Stage, seen: Seen, cause: &str, relay: Effect, direct: Effect) {
    check_typed(stage, seen, [(Place::Relay, cause, relay), (Place::Direct, cause, direct)]);
}

#[test]
fn a_server_that_cannot_be_reached_is_backed_off() {
    let timeout = || Seen::Timeout { after_ms: 30_000 };
    let io = || Seen::Io { detail: "broken pipe".into() };
    let not_smtp = || Seen::NotSmtp { text: "SSH-2.0".into() };
    for (stage, seen, cause) in [
        (Stage::Resolve, Seen::NameUnanswered, "dns_temporary"),
        (Stage::Resolve, timeout(), "dns_temporary"),
        (Stage::Connect, timeout(), "connect_timeout"),
        (Stage::Connect, Seen::Refused, "connect_refused"),
        (Stage::Connect, Seen::Unreachable, "network_unreachable"),
        (Stage::Greeting, timeout(), "greeting_timeout"),
        (Stage::Tls, timeout(), "greeting_timeout"),
        (Stage::Greeting, Seen::Dropped, "connection_dropped"),
        (Stage::Auth, timeout(), "conversation_timeout"),
        (Stage::StartTls, Seen::Injected { text: "250 AUTH PLAIN".into() }, "tls_response_injected"),
        (Stage::Ehlo, io(), "connection_dropped"),
        (Stage::Greeting, not_smtp(), "protocol_error"),
        (Stage::Tls, tls(TlsFault::Other { detail: "odd".into() }), "tls_failed"),
    ] {
        check_both(stage, seen, cause, Effect::BackOffRelay, Effect::SlowDestination);
    }
    check_typed(
        Stage::Resolve,
        Seen::NameUnknown,
        [
            (Place::Relay, "dns_server_name_unknown", Effect::BackOffRelay),
            (Place::Direct, "recipient_domain_unknown", Effect::Bounce),
        ],
    );
}

fn tls(fault: TlsFault) -> Seen {
    Seen::Tls { fault }
}

#[test]
fn a_relay_that_needs_somebody_is_closed() {
    let presented = vec!["host.example".to_owned()];
    for (fault, cause) in [
        (TlsFault::Expired { not_after: None }, "tls_cert_expired"),
        (TlsFault::NotYetValid, "tls_cert_not_yet_valid"),
        (TlsFault::UnknownIssuer, "tls_cert_untrusted"),
        (TlsFault::WrongName { presented }, "tls_cert_name_mismatch"),
        (TlsFault::Rejected { detail: "Revoked".into() }, "tls_cert_untrusted"),
        (TlsFault::NoCommonVersion, "tls_version_unsupported"),
        (TlsFault::NotTls, "tls_mode_mismatch"),
        (TlsFault::Other { detail: "peer is incompatible: no versions".into() }, "tls_version_unsupported"),
    ] {
        check_both(Stage::Tls, tls(fault), cause, Effect::CloseRelay, Effect::SlowDestination);
    }
    let not_offered = |what: &str| Seen::NotOffered { what: what.to_owned() };
    let (close, slow) = (Effect::CloseRelay, Effect::SlowDestination);
    check_both(Stage::StartTls, not_offered("STARTTLS"), "starttls_unavailable", close, slow);
    check_both(Stage::Auth, not_offered("AUTH PLAIN"), "auth_mechanism_unavailable", close, slow);
    let address = "10.0.0.1".parse().expect("an address");
    let forbidden = Seen::AddressForbidden { address };
    check_both(Stage::Connect, forbidden, "address_forbidden", Effect::CloseRelay, Effect::Bounce);
}

#[test]
fn what_concerns_one_message_stays_with_it() {
    let utf8 = Seen::NotOffered { what: "SMTPUTF8".into() };
    check_both(Stage::Ehlo, utf8, "smtputf8_unsupported", Effect::Bounce, Effect::Bounce);
    let big = Seen::TooBig { limit: 1_000 };
    check_both(Stage::Ehlo, big, "message_too_big", Effect::Bounce, Effect::Bounce);
    check_both(Stage::Queue, Seen::Expired, "message_expired", Effect::Bounce, Effect::Bounce);
    check_both(Stage::Queue, Seen::NoRoute, "no_route", Effect::Wait, Effect::Wait);
    check_both(Stage::Queue, Seen::RelayClosed, "relay_closed", Effect::Wait, Effect::Wait);
    check_both(Stage::Queue, Seen::BodyUnreadable, "body_unreadable", Effect::Retry, Effect::Retry);
    let drop = "connection_dropped";
    check_both(Stage::EndOfData, Seen::Dropped, drop, Effect::Retry, Effect::SlowDestination);
}

#[track_caller]
fn check(place: Place, stage: Stage, host: &str, reply: &str, cause: &str, effect: Effect) {
    let (code, text) = reply.split_once(' ').expect("a code and its text");
    let code = code.parse::<u16>().ok().and_then(|code| code.try_into().ok()).expect("a reply code");
    let reply = Reply::from_lines(code, text.lines().map(str::to_owned).collect());
    let verdict = judge(&evidence(stage, host, Seen::Reply { reply }), place);
    assert_eq!((verdict.cause.as_str(), verdict.effect), (cause, effect), "{verdict:#?}");
}

#[test]
fn a_refused_sign_in_closes_the_relay_and_a_temporary_one_backs_it_off() {
    for (host, reply, cause, effect) in [
        (
            "smtp.gmail.com",
            "535 5.7.8 Username and Password not accepted",
            "auth_bad_credentials",
            Effect::CloseRelay,
        ),
        (
            "smtp.gmail.com",
            "534 5.7.9 Application-specific password required",
            "auth_app_password_required",
            Effect::CloseRelay,
        ),
        (
            "smtp.gmail.com",
            "454 4.7.0 Too many login attempts, please try again later.",
            "auth_too_many_attempts",
            Effect::BackOffRelay,
        ),
        (
            "smtp.office365.com",
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            "auth_basic_disabled",
            Effect::CloseRelay,
        ),
        (
            "smtp.mail.yahoo.com",
            "535 5.7.0 (#AUTH005) Too many bad auth attempts",
            "auth_app_password_required",
            Effect::CloseRelay,
        ),
        (
            "smtp-relay.brevo.com",
            "525 5.7.1 Unauthorized IP address",
            "auth_ip_not_authorized",
            Effect::CloseRelay,
        ),
        (
            "smtp.sendgrid.net",
            "451 Authentication failed: Maximum credits exceeded",
            "daily_quota_exceeded",
            Effect::BackOffRelay,
        ),
        (
            "mx.example.org",
            "454 4.7.0 Temporary authentication failure",
            "auth_temporary_failure",
            Effect::BackOffRelay,
        ),
        ("mx.example.org", "535 5.7.8 Wibble", "auth_bad_credentials", Effect::CloseRelay),
        ("mx.example.org", "530 5.7.0 Authentication required", "auth_required", Effect::CloseRelay),
        ("mx.example.org", "554 5.9.9 Wibble", "unknown", Effect::CloseRelay),
        ("mx.example.org", "451 4.9.9 Wibble", "unknown", Effect::BackOffRelay),
    ] {
        check(Place::Relay, Stage::Auth, host, reply, cause, effect);
    }
}

#[test]
fn a_greeting_of_the_relay_never_costs_a_message() {
    let greeting =
        |reply, cause, effect| check(Place::Relay, Stage::Greeting, "mx.example.org", reply, cause, effect);
    greeting("421 4.3.2 Service not available", "server_unavailable", Effect::BackOffRelay);
    greeting("421 Too many connections", "too_many_connections", Effect::BackOffRelay);
    greeting(
        "554 5.7.1 Service unavailable; client blocked using zen.spamhaus.org",
        "ip_blocklisted",
        Effect::CloseRelay,
    );
    let direct =
        |reply, cause, effect| check(Place::Direct, Stage::Greeting, "mx.example.org", reply, cause, effect);
    direct(
        "554 5.7.1 Service unavailable; client blocked using zen.spamhaus.org",
        "ip_blocklisted",
        Effect::SlowDestination,
    );
}

#[test]
fn a_sender_that_may_not_send_is_stopped_on_that_relay_only() {
    for (host, reply, cause) in [
        (
            "smtp.office365.com",
            "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
            "sender_not_owned",
        ),
        (
            "mx.example.org",
            "553 5.7.1 <info@example.org>: Sender address rejected: not owned by user sales@example.org",
            "sender_not_owned",
        ),
        (
            "email-smtp.eu-west-3.amazonaws.com",
            "554 Message rejected: Email address is not verified.",
            "sender_unverified_esp",
        ),
        ("mx.example.org", "530 5.7.0 Authentication required", "auth_required"),
    ] {
        for stage in [Stage::Mail, Stage::Rcpt, Stage::EndOfData] {
            check(Place::Relay, stage, host, reply, cause, Effect::StopSender);
            check(Place::Direct, stage, host, reply, cause, Effect::Bounce);
        }
    }
    // The relay only passes on what the next server said: that says nothing about the relay's account.
    let quoted = "550 host mx.example.net said: 550 5.7.1 Sender address rejected: not owned by user";
    check(Place::Relay, Stage::EndOfData, "mx.example.org", quoted, "sender_not_owned", Effect::Bounce);
    // A mere 4xx is tried again.
    let later = "451 5.7.1 Sender address rejected: not owned by user";
    check(Place::Relay, Stage::Mail, "mx.example.org", later, "sender_not_owned", Effect::Retry);
}

#[test]
fn only_a_sure_rule_of_a_provider_overrules_the_code() {
    let gmail = "550 5.4.5 Daily user sending limit exceeded.";
    check(Place::Relay, Stage::EndOfData, "smtp.gmail.com", gmail, "daily_quota_exceeded", Effect::Retry);
    let general = "550 5.7.1 Daily limit exceeded";
    check(Place::Relay, Stage::EndOfData, "mx.example.org", general, "daily_quota_exceeded", Effect::Bounce);
    for place in [Place::Relay, Place::Direct] {
        for (reply, cause, effect) in [
            (
                "450 4.1.1 <a@example.org>: Recipient address rejected: User unknown",
                "recipient_unknown",
                Effect::Retry,
            ),
            (
                "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown",
                "recipient_unknown",
                Effect::Suppress,
            ),
            (
                "452 4.2.2 The recipient's inbox is out of storage space.",
                "recipient_mailbox_full",
                Effect::Retry,
            ),
            ("552 5.2.2 <a@example.org>: user is over quota", "recipient_mailbox_full", Effect::Bounce),
            ("451 4.7.1 Greylisted, come back in 300 seconds", "greylisted", Effect::Retry),
            ("550 5.1.1 Nope", "recipient_unknown", Effect::Bounce),
            ("550 5.9.9 Wibble", "unknown", Effect::Bounce),
            ("450 4.9.9 Wibble", "unknown", Effect::Retry),
        ] {
            check(place, Stage::Rcpt, "mx.example.org", reply, cause, effect);
        }
    }
}

#[test]
fn an_echoed_address_decides_nothing() {
    for reply in [
        "550 5.9.9 <not.owned.by.user@example.org>: wibble",
        "550 5.9.9 <\"sender address not allowed\"@example.org> wibble",
        "550 5.9.9 user.unknown@greylisted.example wibble",
    ] {
        check(Place::Relay, Stage::Rcpt, "mx.example.org", reply, "unknown", Effect::Bounce);
    }
}

#[test]
fn the_wait_that_was_asked_for_is_kept_unless_all_is_over() {
    let wait = |code: u16, text: &str| {
        let reply = Reply::new(code, None, text);
        judge(&evidence(Stage::Rcpt, "mx.example.org", Seen::Reply { reply }), Place::Direct).retry_after_secs
    };
    assert_eq!(wait(451, "Greylisted, please come back in 300 seconds"), Some(300));
    assert_eq!(wait(450, "Liste grise, réessayez dans 5 minutes"), Some(300));
    assert_eq!(wait(450, "Try again later"), None);
    assert_eq!(wait(550, "User unknown, try again in 5 minutes"), None);
}

#[test]
fn the_words_are_of_the_provider_of_the_place_and_of_the_facts() {
    let facts = Facts {
        relay: Some("main".into()),
        host: Some("smtp.gmail.com".into()),
        at_prompt: true,
        ..Facts::default()
    };
    let id = CauseId::AUTH_BAD_CREDENTIALS;
    let en = words(id, Some("gmail"), Place::Relay, Language::En, &facts);
    assert_eq!(
        en.cause,
        "The relay main does not accept the user name and password that this server gives it."
    );
    assert_eq!(en.who, "the administrator of this server");
    assert!(en.fix.ends_with("Enter the new password with: facteur relay password main"), "{}", en.fix);
    assert!(en.fix.starts_with("Use the full Gmail address and an app password"), "{}", en.fix);
    let fr = words(id, None, Place::Pasted, Language::Fr, &facts);
    assert_eq!(fr.cause, "Le serveur smtp.gmail.com n'accepte pas ce nom d'utilisateur et ce mot de passe.");
    assert_eq!((fr.who.as_str(), fr.link), ("vous, l'expéditeur", None));
}

#[test]
fn ids_are_text_outside_and_a_newer_one_is_unknown() {
    let id: CauseId = serde_json::from_str("\"greylisted\"").expect("a known id");
    assert_eq!(serde_json::to_string(&id).expect("text"), "\"greylisted\"");
    assert!(serde_json::from_str::<CauseId>("\"of_tomorrow\"").is_err());
    assert_eq!(CauseId::lookup_or_unknown("of_tomorrow"), CauseId::UNKNOWN);
    assert_eq!("close_relay".parse::<Effect>(), Ok(Effect::CloseRelay));
}
