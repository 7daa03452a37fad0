//! Hosts whose TLS is broken, and hosts that fall silent.

use super::stage::{OPENSMTPD, Scripted, Stage};
use crate::support::sink::{Habits, StartTls};
use crate::support::until;
use serde_json::Value;

fn with_tls(starttls: StartTls) -> Habits {
    Habits { starttls: Some(starttls), ..Habits::default() }
}

/// What the dialogue of the only attempt says, line by line.
fn said(story: &Value) -> Vec<String> {
    let lines = story["attempts"][0]["dialogue"]["lines"].as_array().cloned().unwrap_or_default();
    lines.iter().filter_map(|line| line["text"].as_str().map(str::to_owned)).collect()
}

#[test]
fn broken_tls_is_done_without_on_a_new_connection_and_both_are_told() {
    let zone = format!(
        "nonsense.test MX 1 nonsense.mx.test\nnonsense.mx.test A 127.0.0.31\n\
         cut.test MX 1 cut.mx.test\ncut.mx.test A 127.0.0.32\n\
         refused.test MX 1 refused.mx.test\nrefused.mx.test A 127.0.0.33\n\
         postfix.test MX 1 postfix.mx.test\npostfix.mx.test A 127.0.0.11\n\
         exim.test MX 1 exim.mx.test\nexim.mx.test A 127.0.0.12\n\
         opensmtpd.test MX 1 opensmtpd.mx.test\nopensmtpd.mx.test A {OPENSMTPD}\n"
    );
    let scripted: Vec<Scripted> = vec![
        ("nonsense", "127.0.0.31", with_tls(StartTls::Nonsense)),
        ("cut", "127.0.0.32", with_tls(StartTls::Cut)),
        ("refused", "127.0.0.33", with_tls(StartTls::Refused)),
    ];
    let stage = Stage::set(&zone, scripted, true);
    let names = ["nonsense", "cut", "refused", "postfix", "exim", "opensmtpd"];
    let ids = stage.send_all(&names.map(|name| format!("b@{name}.test")));
    let stories = stage.until_tried(&ids, 30);
    for ((name, id), story) in names.iter().zip(&ids).zip(&stories) {
        assert_eq!(story["message"]["recipients"][0]["state"], "delivered", "{name}: {story:#}");
        let (attempt, said) = (&story["attempts"][0], said(story));
        let version = attempt["tls"]["version"].as_str();
        let is_real = stage.sinks.iter().all(|(sink, _)| sink != name);
        if is_real && version.is_some() {
            // Its TLS works: nothing failed, so no dialogue is kept; what it says of the connection is the same.
            let (_, kept) = stage.until_kept(&format!("b@{name}.test"));
            assert!(
                version == Some("TLSv1.3") && kept.trace.to_lowercase().contains("with esmtps"),
                "{name}: {attempt} {}",
                kept.trace
            );
            assert!(said.is_empty(), "{name}: {said:#?}");
            continue;
        }
        // OpenSMTPD 6.8, as Debian 12 has it, cannot do TLS with its OpenSSL: a real broken one.
        assert!(!is_real || *name == "opensmtpd", "{name}: {attempt}");
        assert_eq!(version, None, "{name}: {attempt}");
        let connecting: Vec<&String> =
            said.iter().filter(|line| line.starts_with("connecting to ")).collect();
        assert_eq!(connecting.len(), 2, "{name}: {said:#?}");
        assert!(connecting[1].ends_with(", without TLS"), "{name}: {said:#?}");
        for line in ["STARTTLS", "RCPT TO:<b@"] {
            assert!(said.iter().any(|text| text.starts_with(line)), "{name}: no {line} in {said:#?}");
        }
        let told = stage.server.ok("en", &["why", "--dialogue", id]);
        assert!(told.contains("STARTTLS") && told.contains("without TLS"), "{name}: {told}");
    }
    for (name, sink) in &stage.sinks {
        assert_eq!(sink.taken().len(), 1, "{name} took it once");
    }
}

/// The steps at which a host may fall silent.
const STEPS: [(&str, &str); 6] = [
    ("greeting", "127.0.0.41"),
    ("EHLO", "127.0.0.42"),
    ("MAIL", "127.0.0.43"),
    ("RCPT", "127.0.0.44"),
    ("DATA", "127.0.0.45"),
    ("end", "127.0.0.46"),
];

#[test]
fn hosts_that_fall_silent_hold_up_nobody_else() {
    let mute = |(step, ip): (&'static str, &'static str)| {
        (step, ip, Habits { mute_at: Some(step), ..Habits::default() })
    };
    let line = |(step, ip): (&str, &str)| {
        let name = step.to_lowercase();
        format!("{name}.test MX 1 {name}.mx.test\n{name}.mx.test A {ip}\n")
    };
    let mut scripted: Vec<Scripted> = STEPS.map(mute).into();
    scripted.push(("well", "127.0.0.47", Habits::default()));
    let zone = STEPS.map(line).concat() + "well.test MX 1 well.mx.test\nwell.mx.test A 127.0.0.47\n";
    let stage = Stage::set(&zone, scripted, false);
    // More letters than a domain may have connections, to each host.
    let stuck: Vec<String> =
        (0..90).map(|n| format!("b{n}@{}.test", STEPS[n % 6].0.to_lowercase())).collect();
    let ids = stage.send_all(&stuck);
    for (step, _) in STEPS {
        until(&format!("silence at {step}"), 20, || (stage.sink(step).muted() > 0).then_some(()));
    }
    let well: Vec<String> = (0..20).map(|n| format!("b{n}@well.test")).collect();
    stage.send_all(&well);
    assert_eq!(stage.sink("well").until_taken(20, 10).len(), 20);
    // The silent ones are still waited for, and none has taken up more than its share.
    for (step, _) in STEPS {
        let muted = stage.sink(step).muted();
        assert!((1..=10).contains(&muted), "{step}: {muted} connections");
    }
    assert_eq!(stage.server.waiting().len(), ids.len());
}
