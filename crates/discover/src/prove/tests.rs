//! Dialogues, line by line: what the server says, what we say, when TLS begins.

use super::*;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

enum Step {
    Server(String),
    Client(String),
    Tls,
    Silence,
}

/// A transport that follows a script and fails the test when we say something else.
struct Script {
    steps: VecDeque<Step>,
    tls: bool,
}

impl Script {
    fn new(text: &str) -> Self {
        let step = |line: &str| match line.trim().split_once(": ") {
            Some(("S", text)) => Step::Server(text.replace("\\r\\n", "\r\n")),
            Some(("C", text)) => Step::Client(text.to_owned()),
            _ if line.trim() == "TLS" => Step::Tls,
            _ => Step::Silence,
        };
        Self { steps: text.lines().filter(|line| !line.trim().is_empty()).map(step).collect(), tls: false }
    }
}

impl Transport for Script {
    fn read<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<usize, Seen>> {
        Box::pin(async move {
            match self.steps.pop_front() {
                Some(Step::Server(line)) => {
                    into.extend_from_slice(line.as_bytes());
                    into.extend_from_slice(b"\r\n");
                    Ok(line.len() + 2)
                }
                Some(Step::Silence) => Err(Seen::Timeout { after_ms: 8_000 }),
                Some(Step::Client(line)) => panic!("we wait, and should have said {line}"),
                Some(Step::Tls) => panic!("we wait, and should have started TLS"),
                None => Ok(0),
            }
        })
    }

    fn write<'a>(&'a mut self, parts: &'a [&'a [u8]]) -> BoxFuture<'a, Result<(), Seen>> {
        Box::pin(async move {
            let said = String::from_utf8(parts.concat()).unwrap();
            for line in said.split_terminator("\r\n") {
                match self.steps.pop_front() {
                    Some(Step::Client(expected)) => assert_eq!(line, expected),
                    // The script may stop before our farewell.
                    None => {}
                    Some(Step::Server(expected)) => panic!("we said {line} before the server's {expected}"),
                    Some(Step::Tls | Step::Silence) => panic!("we said {line} instead of starting TLS"),
                }
            }
            Ok(())
        })
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<TlsFacts, Seen>> {
        Box::pin(async move {
            assert!(matches!(self.steps.pop_front(), Some(Step::Tls)), "TLS too early");
            self.tls = true;
            Ok(TlsFacts { version: "TLSv1.3".into(), cipher: "x".into(), fingerprint: String::new() })
        })
    }

    fn set_time_limit(&mut self, limit: Duration) {
        assert!(limit <= STEP_LIMIT, "a step may take {limit:?}");
    }

    fn now(&self) -> Timestamp {
        Timestamp(0)
    }

    fn peer(&self) -> Peer {
        Peer { host: "mail.example.org".to_owned(), address: None, port: 993 }
    }

    fn tls(&self) -> Option<&TlsFacts> {
        None
    }
}

/// The end of a future that never has to wait.
fn done<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a script never waits"),
    }
}

fn run(protocol: Protocol, tls: Tls, script: &str, login: Option<&str>) -> Result<Proof, Obstacle> {
    let server = Server::at(protocol, "mail.example.org", 993, tls);
    let password = Secret::new("sesame \"x\"");
    let sender = "anne@example.org".parse().unwrap();
    let credentials = login.map(|login| Credentials { login, password: &password, sender: &sender });
    done(prove(&mut Script::new(script), &server, "client.example", credentials))
}

/// What each sign-in way is, and who was let in; or the cause and whether another name may be tried.
#[track_caller]
fn check(protocol: Protocol, tls: Tls, login: Option<&str>, script: &str, expected: &str) {
    let shown = match run(protocol, tls, script, login) {
        Ok(proof) => format!("{:?} {}", proof.sign_in, proof.login.unwrap_or_default()),
        Err(obstacle) => {
            format!("{} {}", obstacle.verdict().cause.as_str(), obstacle.lets_another_form_be_tried())
        }
    };
    assert_eq!(shown.trim(), expected, "{script}");
}

#[test]
fn imap_is_proved() {
    let imap = |tls, login, script: &str, expected: &str| check(Protocol::Imap, tls, login, script, expected);
    let begin = "S: * OK ready\nC: a CAPABILITY\n";
    let offers = format!("{begin}S: * CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2\nS: a OK done\n");
    imap(Tls::Implicit, None, &offers, "[Password, OAuth2]");
    let plain = format!("{offers}C: c AUTHENTICATE PLAIN\nS: +\nC: AGFubmUAc2VzYW1lICJ4Ig==\n");
    imap(Tls::Implicit, Some("anne"), &format!("{plain}S: c OK in"), "[Password, OAuth2] anne");
    imap(
        Tls::Implicit,
        Some("anne"),
        &format!("{plain}S: c NO [AUTHENTICATIONFAILED] Authentication failed."),
        "auth_bad_credentials true",
    );
    imap(
        Tls::Implicit,
        Some("anne"),
        &format!("{plain}S: * BYE Too many login failures"),
        "auth_too_many_attempts false",
    );
    let login = format!(
        "{begin}S: * CAPABILITY IMAP4rev1\nS: a OK\nC: c LOGIN \"anne\" \"sesame \\\"x\\\"\"\nS: c ok in"
    );
    imap(Tls::Implicit, Some("anne"), &login, "[Password] anne");
    let disabled = format!("{begin}S: * CAPABILITY IMAP4rev1 LOGINDISABLED\nS: a OK");
    imap(Tls::Implicit, Some("anne"), &disabled, "auth_mechanism_unavailable false");
    imap(Tls::Implicit, None, "S: 220 mail ESMTP", "protocol_error false");
    imap(Tls::Implicit, None, "S: * PREAUTH hello", "protocol_error false");
    imap(Tls::Implicit, None, "silence", "greeting_timeout false");
}

#[test]
fn tls_by_command_comes_before_every_secret() {
    let imap =
        |script: &str, expected: &str| check(Protocol::Imap, Tls::Starttls, Some("anne"), script, expected);
    let begin = "S: * OK ready\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\nS: a OK\nC: b STARTTLS\n";
    let after = "TLS\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: a OK\nC: c AUTHENTICATE PLAIN\nS: +\nC: AGFubmUAc2VzYW1lICJ4Ig==\nS: c OK";
    imap(&format!("{begin}S: b OK go\n{after}"), "[Password] anne");
    imap(
        "S: * OK ready\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=PLAIN\nS: a OK",
        "starttls_unavailable false",
    );
    imap(&format!("{begin}S: b BAD nonono"), "starttls_unavailable false");
    // What comes behind the consent came without TLS.
    imap(&format!("{begin}S: b OK go\\r\\na OK injected"), "tls_response_injected false");
    let pop3 =
        |script: &str, expected: &str| check(Protocol::Pop3, Tls::Starttls, Some("anne"), script, expected);
    pop3(
        "S: +OK\nC: CAPA\nS: +OK\nS: STLS\nS: .\nC: STLS\nS: +OK\\r\\n+OK injected",
        "tls_response_injected false",
    );
    pop3("S: +OK\nC: CAPA\nS: +OK\nS: USER\nS: .", "starttls_unavailable false");
    let smtp =
        |script: &str, expected: &str| check(Protocol::Smtp, Tls::Starttls, Some("anne"), script, expected);
    smtp("S: 220 hi\nC: EHLO client.example\nS: 250 mail", "starttls_unavailable false");
}

#[test]
fn pop3_and_submission_are_proved() {
    let pop3 =
        |login, script: &str, expected: &str| check(Protocol::Pop3, Tls::Implicit, login, script, expected);
    let begin = "S: +OK ready\nC: CAPA\nS: +OK\nS: USER\nS: SASL PLAIN XOAUTH2\nS: .\n";
    pop3(None, begin, "[Password, OAuth2]");
    pop3(
        Some("anne"),
        &format!("{begin}C: USER anne\nS: +OK\nC: PASS sesame \"x\"\nS: +OK in"),
        "[Password, OAuth2] anne",
    );
    pop3(
        Some("anne"),
        &format!("{begin}C: USER anne\nS: +OK\nC: PASS sesame \"x\"\nS: -ERR [AUTH] Authentication failed."),
        "auth_bad_credentials true",
    );
    // Words that nobody knows mean what their step says, and nothing is tried again on their strength.
    pop3(None, "S: -ERR nonono", "server_unavailable false");
    pop3(
        Some("anne"),
        &format!("{begin}C: USER anne\nS: +OK\nC: PASS sesame \"x\"\nS: -ERR nonono"),
        "auth_bad_credentials false",
    );
    pop3(None, "S: +OK\nC: CAPA\nS: -ERR unknown", "[Password]");
    let smtp =
        |login, script: &str, expected: &str| check(Protocol::Smtp, Tls::Implicit, login, script, expected);
    let begin = "S: 220 hi\nC: EHLO client.example\nS: 250-mail\\r\\n250 AUTH PLAIN LOGIN\n";
    smtp(None, begin, "[Password]");
    smtp(
        Some("anne"),
        &format!(
            "{begin}C: AUTH PLAIN AGFubmUAc2VzYW1lICJ4Ig==\nS: 235 2.7.0 in\nC: MAIL FROM:<anne@example.org>\nS: 250 fine\nC: RSET\nS: 250 fine"
        ),
        "[Password] anne",
    );
    // Let in, and not allowed to send with this address.
    smtp(
        Some("anne"),
        &format!(
            "{begin}C: AUTH PLAIN AGFubmUAc2VzYW1lICJ4Ig==\nS: 235 2.7.0 in\nC: MAIL FROM:<anne@example.org>\nS: 553 5.7.1 Sender address rejected: not owned by user anne"
        ),
        "sender_not_owned false",
    );
    smtp(
        Some("anne"),
        &format!("{begin}C: AUTH PLAIN AGFubmUAc2VzYW1lICJ4Ig==\nS: 535 5.7.8 Authentication failed"),
        "auth_bad_credentials true",
    );
}

#[test]
fn no_user_name_begins_another_command() {
    let begin = "S: +OK ready\nC: CAPA\nS: -ERR\n";
    check(Protocol::Pop3, Tls::Implicit, Some("anne\r\nDELE 1"), begin, "auth_mechanism_unavailable false");
    let begin = "S: * OK\nC: a CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: a OK";
    check(Protocol::Imap, Tls::Implicit, Some("anne\r\nx LOGOUT"), begin, "auth_mechanism_unavailable false");
}

#[test]
fn endless_answers_end() {
    let line = format!("S: {}", "a".repeat(9_000));
    check(Protocol::Imap, Tls::Implicit, None, &format!("{line}\n{line}"), "protocol_error false");
    let many = "S: X\n".repeat(300);
    check(
        Protocol::Pop3,
        Tls::Implicit,
        None,
        &format!("S: +OK\nC: CAPA\nS: +OK\n{many}"),
        "protocol_error false",
    );
}

/// What a server may say before we have said anything, and what it must come to. The script fails the test when a
/// single byte is sent to any of them.
#[test]
fn greetings_that_mean_harm_end_before_we_speak() {
    let mut count = 0;
    let noise = [
        "",
        " ",
        "HTTP/1.1 200 OK",
        "SSH-2.0-x",
        "\u{0}\u{1}\u{2}",
        "<html>",
        "{}",
        "*",
        "+",
        "OK",
        "NO",
        "* NO closed",
    ];
    let long = "x".repeat(9_000);
    for protocol in Protocol::ALL {
        for greeting in noise.into_iter().chain([
            long.as_str(),
            "* PREAUTH in",
            "* BYE go",
            "-ERR go",
            "554 5.7.1 go",
            "421 4.3.2 later",
            "999 x",
            "220",
        ]) {
            let fine = match protocol {
                Protocol::Imap => false,
                Protocol::Pop3 => greeting.starts_with("+OK"),
                // A greeting needs no words behind its code (RFC 5321 §4.2).
                Protocol::Smtp => greeting == "220",
            };
            if fine {
                continue;
            }
            for tls in [Tls::Implicit, Tls::Starttls] {
                let script = format!("S: {greeting}");
                let outcome = run(protocol, tls, &script, Some("anne"));
                let obstacle = outcome.expect_err(greeting);
                let told = obstacle.words(Language::Fr);
                assert!(!told.cause.is_empty() && !told.fix.is_empty(), "{protocol:?} {greeting:.40}");
                count += 1;
            }
        }
    }
    assert!(count >= 100, "{count}");
}
