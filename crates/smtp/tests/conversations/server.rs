//! The server session against dialogues from files.
//!
//! Lines: `C:` the client's line, sent with CR LF; `C.` the same without; `S:` the beginning of a line of
//! the reply; `M:` a message that was accepted, `W:` what its envelope wishes, `|` its lines; `= close`, `= tls`, `= discard`; `do:`
//! what the driver does; `config:` what differs from the defaults (`once` says that the bytes must
//! come together). All `C` lines between two others are sent together, and, unless `once`, the
//! dialogue is played again byte by byte: nothing may depend on how bytes arrive.

use crate::peer::Server;
use crate::script::{Case, bytes, cases};
use mail::{Clock, LineEndings, Timestamp};
use smtp::server::{AuthOffer, Session, SessionConfig};

#[derive(Default)]
struct Setting {
    tls: bool,
    once: bool,
    repair: bool,
}

fn configure(words: &str, config: &mut SessionConfig, setting: &mut Setting) {
    for word in words.split(' ') {
        let (key, value) = word.split_once('=').unwrap_or((word, "0"));
        let number: u32 = value.parse().unwrap();
        let size = number as usize;
        match key {
            "tls" => setting.tls = true,
            "once" => setting.once = true,
            "no-starttls" => config.offer_starttls = false,
            "no-auth" => config.auth = AuthOffer::Never,
            "auth-always" => config.auth = AuthOffer::Always,
            "no-smtputf8" => config.offer_smtputf8 = false,
            "repair" => setting.repair = true,
            "no-dsn" => config.offer_dsn = false,
            "max-hold" => config.max_hold_secs = Some(number),
            "max-message" => config.max_message_bytes = u64::from(number),
            "max-recipients" => config.max_recipients = size,
            "max-header" => config.max_header_bytes = size,
            "max-text-line" => config.max_text_line_bytes = size,
            "max-hops" => config.max_hops = number,
            "max-errors" => config.max_errors = number,
            "max-idle" => config.max_idle_commands = number,
            "max-sign-ins" => config.max_sign_in_failures = number,
            other => panic!("no setting {other}"),
        }
    }
}

/// Plays a dialogue and compares. `step` is how many bytes arrive at a time.
fn play(case: &Case, step: usize) {
    let mut config = SessionConfig::new("mx.example".parse().unwrap());
    config.clock = Clock::manual(Timestamp::from_rfc3339("2026-11-22T10:00:00Z").unwrap());
    let mut setting = Setting::default();
    for (_, words) in case.lines.iter().filter(|(word, _)| word == "config:") {
        configure(words, &mut config, &mut setting);
    }
    if setting.once && step != usize::MAX {
        return;
    }
    let mut server = Server::new(config, setting.tls);
    if setting.repair {
        server.session.set_line_endings(LineEndings::Repair);
    }
    let mut expected: Vec<String> = Vec::new();
    let mut sent: Vec<u8> = Vec::new();
    for (word, text) in &case.lines {
        match word.as_str() {
            "C:" => sent.extend([bytes(text), b"\r\n".to_vec()].concat()),
            "C." => sent.extend(bytes(text)),
            "config:" => {}
            other => {
                for piece in std::mem::take(&mut sent).chunks(step.min(usize::MAX >> 1)) {
                    server.feed(piece);
                }
                match (other, text.as_str()) {
                    ("do:", "time out") => server.say(Session::timed_out),
                    ("do:", "shut down") => server.say(Session::shutting_down),
                    _ => expected.push(format!("{word} {text}")),
                }
            }
        }
    }
    assert!(sent.is_empty(), "{}: ends with what the client says", case.name);
    compare(case, step, &expected, &server.events);
}

fn compare(case: &Case, step: usize, expected: &[String], seen: &[String]) {
    let fits = |(expected, seen): (&String, &String)| match expected.starts_with("S: ") {
        true => seen.starts_with(expected.as_str()),
        false => seen == expected,
    };
    let same = expected.len() == seen.len() && expected.iter().zip(seen).all(fits);
    assert!(
        same,
        "{} (step {step})\nexpected:\n{}\nseen:\n{}",
        case.name,
        expected.join("\n"),
        seen.join("\n")
    );
}

#[track_caller]
fn check(case: &Case) {
    for step in [usize::MAX, 1, 2, 7] {
        play(case, step);
    }
}

#[test]
fn dialogues() {
    let cases = cases("server-");
    assert!(cases.len() >= 60, "only {} dialogues were found", cases.len());
    cases.iter().for_each(check);
}
