//! Clients that send a byte every ten seconds: they hold nobody else out, cost little, and are gone in time.

use crate::support::program::{find, run_within};
use crate::support::server::{Port, Server};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use testkit::proof;

/// What a slow connection may cost of memory.
const KIB_EACH: f64 = 64.0;

#[test]
fn slow_clients_hold_nobody_out() {
    let mut server = Server::fresh("en", "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"mx\"\n");
    server.go();
    server.ok("en", &["site", "add", "good", "--network", "127.0.0.1/32", "--sender", "@site.test"]);
    let slow = proof::count(200, 2_000);
    let (secs, gone_secs) = (proof::count(25, 600), proof::count(0, 360));
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/hostile/slow.py");
    let mut command = Command::new(find("python3", "python3"));
    command.arg(script).arg(server.pid().to_string());
    command.args([slow, secs, gone_secs].map(|number| number.to_string()));
    command.arg(server.port(Port::Submission).to_string());
    let port = |kind: &str, port| format!("{kind}:{}", server.port(port));
    command.args([
        port("plain", Port::Mx),
        port("starttls", Port::StartTls),
        port("tls", Port::Tls),
        port("plain", Port::Submission),
    ]);
    let done = run_within(&mut command, b"", i64::try_from(secs + gone_secs).unwrap() + 180);
    assert_eq!(done.code, 0, "{}\n{}", done.err, server.log());
    let report: Value = serde_json::from_str(&done.out).expect("a report");
    eprintln!("{report}");
    let number = |key: &str| report[key].as_f64().expect("a number");
    assert!(number("most") >= (slow as f64 * 0.9).min(900.0), "they were there: {report}");
    assert!(number("good") >= 20.0 && number("failures") == 0.0, "{report}");
    assert!(number("p99_ms") < 500.0, "{report}");
    let each = (number("rss_kib") - number("rss_before_kib")) / number("most");
    assert!(each <= KIB_EACH, "{each} KiB each: {report}");
    if proof::at_the_bar() {
        assert_eq!(number("left"), 0.0, "{report}");
    }
    let row = "crates/facteur/tests/e2e/hostile/slow.rs::slow_clients_hold_nobody_out";
    proof::passed("B12", row, slow, "slow connections", None);
}
