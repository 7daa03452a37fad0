//! The SMTP scripts of "Why TLS is better without STARTTLS" (USENIX Security 2021), played against both ways out.

use crate::hostile::ways::{by_relay, direct, gives_away, is_secret, post, serve, told};
use explain::Place;
use std::time::Duration;
use testkit::hostile::Scripted as _;
use testkit::hostile::scripts;
use testkit::hostile::smtp::Script;
use testkit::proof;

/// A script, and what becomes of mail through a relay, where TLS is required, and direct, where it is used if it can.
#[rustfmt::skip] // One line a script.
const EXPECTED: &[(&str, &str, &str)] = &[
    ("Buffering/B_1.ron", "delivered", "delivered"),
    ("Negotiation/D_1.ron", "starttls_unavailable", "delivered"),
    ("Negotiation/O_1.ron", "starttls_unavailable", "delivered"),
    ("Negotiation/O_2.ron", "starttls_unavailable", "delivered"),
    ("Negotiation/O_3.ron", "starttls_unavailable", "delivered"),
    ("Negotiation/O_4.ron", "protocol_error", "delivered"),
    ("T_1.ron", "tls_cert_untrusted", "delivered"),
    ("T_2.ron", "tls_cert_untrusted", "delivered"),
    ("T_3.ron", "tls_cert_name_mismatch", "delivered"),
    ("T_4.ron", "tls_cert_expired", "delivered"),
    ("others/X_1.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/220.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/221.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/250-all-no-starttls.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/250-all.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/250-empty.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/354.ron", "protocol_error", "protocol_error"),
    ("others/ehlo/421.ron", "server_unavailable", "server_unavailable"),
    ("others/ehlo/500.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/501.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/502.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/504.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/530.ron", "starttls_unavailable", "delivered"),
    ("others/ehlo/550.ron", "starttls_unavailable", "delivered"),
    ("others/greeting/220.ron", "delivered", "delivered"),
    ("others/greeting/221.ron", "delivered", "delivered"),
    ("others/greeting/354.ron", "protocol_error", "protocol_error"),
    ("others/greeting/421.ron", "server_unavailable", "server_unavailable"),
    ("others/greeting/500.ron", "protocol_error", "protocol_error"),
    ("others/greeting/501.ron", "protocol_error", "protocol_error"),
    ("others/greeting/530.ron", "starttls_required", "starttls_required"),
    ("others/greeting/554.ron", "ip_blocked_by_provider", "ip_blocked_by_provider"),
    ("others/helo/ehlo500_helo220.ron", "starttls_unavailable", "delivered"),
    ("others/helo/ehlo500_helo221.ron", "starttls_unavailable", "delivered"),
    ("others/helo/ehlo500_helo354.ron", "protocol_error", "protocol_error"),
    ("others/helo/ehlo500_helo421.ron", "server_unavailable", "server_unavailable"),
    ("others/helo/ehlo500_helo500.ron", "protocol_error", "protocol_error"),
    ("others/helo/ehlo500_helo501.ron", "protocol_error", "protocol_error"),
    ("others/helo/ehlo500_helo530.ron", "starttls_required", "starttls_required"),
    ("others/quit/greeting500_quit220.ron", "protocol_error", "protocol_error"),
    ("others/quit/greeting500_quit221.ron", "protocol_error", "protocol_error"),
    ("others/quit/greeting500_quit354.ron", "protocol_error", "protocol_error"),
    ("others/quit/greeting500_quit421.ron", "protocol_error", "protocol_error"),
    ("others/quit/greeting500_quit500.ron", "protocol_error", "protocol_error"),
    ("others/quit/greeting500_quit501.ron", "protocol_error", "protocol_error"),
    ("others/quit/greeting500_quit530.ron", "protocol_error", "protocol_error"),
    ("others/rset/ehlo500_rset220.ron", "starttls_unavailable", "delivered"),
    ("others/rset/ehlo500_rset221.ron", "starttls_unavailable", "delivered"),
    ("others/rset/ehlo500_rset354.ron", "starttls_unavailable", "delivered"),
    ("others/rset/ehlo500_rset421.ron", "starttls_unavailable", "delivered"),
    ("others/rset/ehlo500_rset500.ron", "starttls_unavailable", "delivered"),
    ("others/rset/ehlo500_rset501.ron", "starttls_unavailable", "delivered"),
    ("others/rset/ehlo500_rset530.ron", "starttls_unavailable", "delivered"),
    ("others/starttls/220.ron", "tls_mode_mismatch", "delivered"),
    ("others/starttls/221.ron", "tls_mode_mismatch", "delivered"),
    ("others/starttls/354.ron", "protocol_error", "delivered"),
    ("others/starttls/421.ron", "server_unavailable", "delivered"),
    ("others/starttls/454.ron", "starttls_unavailable", "delivered"),
    ("others/starttls/500.ron", "starttls_unavailable", "delivered"),
    ("others/starttls/501.ron", "starttls_unavailable", "delivered"),
    ("others/starttls/530.ron", "starttls_unavailable", "delivered"),
    ("setup.ron", "delivered", "delivered"),
    ("setup_opportunistic_encryption.ron", "delivered", "delivered"),
];

#[tokio::test]
async fn no_script_gets_a_word_in_clear_and_each_ends_with_its_cause() {
    let scripts = scripts("smtp");
    if scripts.is_empty() {
        eprintln!("skipped: the scripts are not here (FACTEUR_CORPORA says where)");
        return;
    }
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (name, text) in &scripts {
        let script = Script::read(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let paper = script.paper();
        let server = serve(script.clone(), paper, None);
        let post = post(&server).await;
        let limit = Duration::from_secs(30);
        let (_, carried) =
            tokio::time::timeout(limit, by_relay(&post)).await.unwrap_or_else(|_| panic!("{name}: no end"));
        let required = told(&carried.results[0], Place::Relay);
        let clear: Vec<String> = server.in_clear().into_iter().filter(|line| gives_away(line)).collect();
        if !clear.is_empty() {
            wrong.push(format!("{name}: in clear where TLS is required: {clear:?}"));
        }
        let server = serve(script, paper, None);
        let carried =
            tokio::time::timeout(limit, direct(&server)).await.unwrap_or_else(|_| panic!("{name}: no end"));
        let used = told(&carried.results[0], Place::Direct);
        let clear: Vec<String> = server.in_clear().into_iter().filter(|line| is_secret(line)).collect();
        if !clear.is_empty() {
            wrong.push(format!("{name}: a secret in clear: {clear:?}"));
        }
        let expected = EXPECTED.iter().find(|(known, ..)| name == known).map(|row| (row.1, row.2));
        if expected != Some((required.as_str(), used.as_str())) {
            wrong.push(format!("    (\"{name}\", \"{required}\", \"{used}\"),"));
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count >= 63, "{count} scripts");
    let test = "crates/deliver/tests/couriers/hostile/scripts.rs::no_script_gets_a_word_in_clear_and_each_ends_with_its_cause";
    proof::passed("B7", test, count, "scripts, by two ways", None);
}
