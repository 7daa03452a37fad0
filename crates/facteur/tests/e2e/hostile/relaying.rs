//! Nobody sends what is not theirs: strangers nothing at all, and whoever signed in only in their own name.

use crate::support::program::{Done, find, run};
use crate::support::server::{PASSWORD, Port, Server};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use testkit::proof;

/// Ways to write an address that have made servers pass mail on: routes, percent signs, bangs, literals, quotes, names of
/// the server itself, tricks of spelling.
const FORMS: [&str; 40] = [
    "<victim@far.test>",
    "victim@far.test",
    "<victim%far.test@mail.facteur.test>",
    "<victim%far.test@[127.0.0.1]>",
    "<victim%far.test>",
    "<\"victim@far.test\">",
    "<\"victim%far.test\">",
    "<\"victim@far.test\"@mail.facteur.test>",
    "<\"victim@far.test\"@[127.0.0.1]>",
    "<\"victim%far.test\"@localhost>",
    "<@mail.facteur.test:victim@far.test>",
    "<@[127.0.0.1]:victim@far.test>",
    "<@localhost,@mail.facteur.test:victim@far.test>",
    "<@far.test:victim@else.test>",
    "<far.test!victim>",
    "<far.test!victim@mail.facteur.test>",
    "<far.test!victim@[127.0.0.1]>",
    "<mail.facteur.test!far.test!victim>",
    "<victim@far.test@mail.facteur.test>",
    "<victim@far.test@localhost>",
    "<victim%mail.facteur.test@far.test>",
    "<victim@[127.0.0.1]>",
    "<victim@[IPv6:::1]>",
    "<victim@[far.test]>",
    "<victim@far.test.>",
    "<victim@FAR.TEST>",
    "<VICTIM@far.test >",
    "< victim@far.test>",
    "<victim@far.test> ORCPT=rfc822;victim@mail.facteur.test",
    "<victim @far.test>",
    "<victim@far.test(mail.facteur.test)>",
    "<(anne@own.test)victim@far.test>",
    "<victim+anne@far.test>",
    "<anne@own.test,victim@far.test>",
    "<anne@own.test@far.test>",
    "<\"anne@own.test\"@far.test>",
    "<anne@own.test.far.test>",
    "<anne%own.test@far.test>",
    "<anne@xn--wn-fka.test>",
    "<victim:far.test>",
];

fn script(arguments: &[&str], input: &str) -> Done {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/hostile/relaying.py");
    let mut command = Command::new(find("python3", "python3"));
    let done = run(command.arg(script).args(arguments), input.as_bytes());
    assert_eq!(done.code, 0, "{}", done.err);
    done
}

fn server() -> Server {
    let mut server = Server::fresh("en", "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"mx\"\n");
    server.go();
    server.add_person("anne@own.test", &["anne@own.test"]);
    server
}

#[test]
fn no_form_of_an_address_makes_this_server_a_relay() {
    let server = server();
    let forms = FORMS.join("\n");
    let mut tried = 0;
    for (port, tls, login) in [
        (Port::Submission, "plain", "-"),
        (Port::StartTls, "plain", "-"),
        (Port::Tls, "tls", "-"),
        (Port::Mx, "plain", "-"),
        (Port::Tls, "tls", "anne@own.test"),
    ] {
        let number = server.port(port).to_string();
        let done = script(&["forms", &number, tls, login, PASSWORD], &forms);
        assert_eq!(done.out.trim(), "[]", "{port:?} {login}: {}", done.out);
        tried += FORMS.len();
    }
    assert_eq!(server.json(&["status"])["totals"]["messages"], 0);
    let row = "crates/facteur/tests/e2e/hostile/relaying.rs::no_form_of_an_address_makes_this_server_a_relay";
    proof::passed("B9", row, tried as u64, "forms", None);
}

#[test]
fn nmap_finds_no_open_relay() {
    let server = server();
    // It stops where it is told of a sign-in, or 5.7.1: the forms of its other tests are among ours.
    for port in [Port::Mx, Port::Submission, Port::StartTls] {
        let number = server.port(port).to_string();
        let mut command = Command::new(find("nmap", "nmap"));
        command.args(["-Pn", "-n", "-p", &number, "--script", "+smtp-open-relay", "-d", "127.0.0.1"]);
        let done = run(&mut command, b"");
        assert_eq!(done.code, 0, "{}", done.err);
        let is_closed =
            ["Server isn't an open relay", "Server doesn't seem to be an open relay, all tests failed"];
        assert!(is_closed.iter().any(|said| done.out.contains(said)), "{port:?}: {}", done.out);
    }
    assert_eq!(server.json(&["status"])["totals"]["messages"], 0);
    let row = "crates/facteur/tests/e2e/hostile/relaying.rs::nmap_finds_no_open_relay";
    proof::passed("B9", row, 3, "ports", None);
}

/// The messages of other people's research, which are no part of this tree.
fn spoofed() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let path =
        std::env::var_os("FACTEUR_CORPORA").map_or_else(beside, PathBuf::from).join("spoofing/espoofer.json");
    if !path.is_file() {
        eprintln!("skipped: no spoofed messages at {} (FACTEUR_CORPORA names another place)", path.display());
        return None;
    }
    Some(path)
}

/// Whoever signed in sends in their own name, however the header is written. What a receiver makes of mail from other servers
/// (SPF, DKIM, DMARC) is not asked here: this server takes none but the reports that it awaits.
#[test]
fn nobody_writes_in_another_name() {
    let Some(path) = spoofed() else { return };
    let server = server();
    for login in ["attacker@example.com", "any@attack.com", "first@attack.com"] {
        server.add_person(login, &[login]);
        let number = server.port(Port::Tls).to_string();
        let done = script(&["mails", &number, login, PASSWORD, path.to_str().expect("a plain path")], "");
        let said: Value = serde_json::from_str(&done.out).expect("a report");
        let said = said.as_object().expect("cases");
        assert_eq!(said.len(), 22);
        for (name, replies) in said {
            for replies in replies.as_array().expect("two senders") {
                let last = replies.as_array().and_then(|all| all.last()?.as_str()).expect("a reply");
                // These begin with a line that is no field. An empty line is put in front of such a text, so that none of it
                // is read as a header: it names no author at all.
                let is_body =
                    ["server_a9", "server_a11", "server_a12", "server_a13"].contains(&name.as_str());
                assert!(last.starts_with('5') || is_body, "{login} {name}: {replies}");
            }
        }
    }
    let row = "crates/facteur/tests/e2e/hostile/relaying.rs::nobody_writes_in_another_name";
    proof::passed("B9", row, 22, "spoofed messages", None);
}
