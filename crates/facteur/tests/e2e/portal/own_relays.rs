//! A person's own relay: added with a wrong password, explained, mended, and the mail leaves; at a real server with TLS.

use crate::support::chromium::Chromium;
use crate::support::paper::Authority;
use crate::support::server::{PASSWORD, Port, Server};
use crate::support::tongue::{Entrance, Tongue, Way};
use crate::support::until;
use crate::support::web::{self, Curl};
use testkit::chance::Chance;

const CLAIRE: &str = "claire@facteur.test";
const LOGIN: &str = "claire@provider.test";

/// A provider that takes mail with TLS and a password, at an address of loopback that nothing else has: people's relays are
/// called at the ports of sending only.
fn provider(authority: &Authority) -> (Server, String) {
    let mut chance = Chance::of_seed(u64::from(std::process::id()));
    let host = format!("127.{}.{}.{}", 64 + chance.index(64), 1 + chance.index(250), 1 + chance.index(250));
    let listener = format!("[[listener]]\naddress = \"{host}:2525\"\nkind = \"starttls\"\n");
    let paper = tempfile::tempdir().expect("a temporary directory").keep();
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| paper.join(name));
    authority.issue_for(&[&host, "mail.facteur.test"], &cert, &key);
    let tls = format!("[tls]\ncert = \"{}\"\nkey = \"{}\"\n", cert.display(), key.display());
    let mut server = Server::fresh("en", &format!("{tls}\n{listener}"));
    server.go();
    server.give("en", &["account", "add", LOGIN, "--password-stdin", "--sender", CLAIRE], PASSWORD);
    (server, host)
}

fn fill(window: &mut Chromium, form: &str, field: &str, text: &str) {
    window.ask(&format!("document.querySelector({form:?} + ' [name=' + {field:?} + ']').value = {text:?}"));
}

fn text(window: &mut Chromium) -> String {
    window.ask("document.body.innerText").as_str().expect("text").to_owned()
}

/// A message of Claire's, given with her password.
#[track_caller]
fn give(server: &Server) {
    let way = Way {
        entrance: Entrance::SignIn("PLAIN"),
        port: (Port::Tls, server.port(Port::Tls)),
        login: CLAIRE,
        from: CLAIRE,
        to: "b@rcpt.test",
    };
    let done = Tongue::Swaks.send(way, "Subject: own\n\nHello.\n");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
}

#[test]
fn a_person_adds_a_relay_reads_why_it_is_closed_mends_it_and_the_mail_leaves() {
    let authority = Authority::new();
    let (provider, host) = provider(&authority);
    let networks = "[own_relays]\nnetworks = [\"127.0.0.0/8\"]\n";
    let mut server = Server::fresh("en", &format!("{networks}\n{}", web::LISTENER));
    let trusted = server.directory().join("authority.pem");
    authority.write(&trusted);
    server.go_with(&[("SSL_CERT_FILE", trusted.to_str().expect("a plain path"))]);
    server.add_person(CLAIRE, &[]);
    let curl = Curl::new(&server);
    let mut window = Chromium::start();
    window.widen(1280);
    window.open(&curl.address("/sign-in"));
    window.ask(&format!("document.getElementById('login').value = {CLAIRE:?}"));
    window.ask(&format!("document.getElementById('password').value = {PASSWORD:?}"));
    window.press("main button");
    window.open(&curl.address("/account/relays"));
    assert!(text(&mut window).contains("You have added no relay"), "{}", text(&mut window));
    window.open(&curl.address("/account/relays/new"));
    let form = "form[method=post][action='/account/relays/new']";
    assert!(!text(&mut window).contains("near servers only"), "{}", text(&mut window));
    for (field, value) in
        [("name", "mine"), ("host", &*host), ("port", "2525"), ("login", LOGIN), ("password", "wrong")]
    {
        fill(&mut window, form, field, value);
    }
    window.press(&format!("{form} button"));
    assert_eq!(window.ask("location.pathname"), "/account/relays/mine");
    assert_eq!(server.json(&["relay", "list"])[0]["name"], format!("{CLAIRE}/mine"));
    give(&server);
    until("the relay is closed", 60, || {
        (server.json(&["relay", "list"])[0]["state"] == "closed").then_some(())
    });
    for (language, told, who) in [
        ("fr", "Le relais mine est fermé", "à qui ce relais appartient"),
        ("en", "The relay mine is closed: its mail waits", "whose relay it is"),
    ] {
        window.open(&curl.address(&format!("/account/relays/mine?lang={language}")));
        let shown = text(&mut window);
        assert!(shown.contains(told) && shown.contains(who), "{shown}");
    }
    // The test shows each step, and what is wrong.
    window.press("form[action='/account/relays/mine/test'] button");
    until("the test has ended", 60, || text(&mut window).contains("does not work").then_some(()));
    window.open(&curl.address("/account/relays/mine"));
    fill(&mut window, "#mend", "password", PASSWORD);
    window.press("#mend button");
    server.until_idle(60);
    let waiting = provider.waiting();
    assert!(waiting.len() == 1 && waiting[0].to_string().contains("b@rcpt.test"), "{waiting:?}");
    until("it is shown as open", 60, || {
        window.open(&curl.address("/account/relays"));
        text(&mut window).contains("Your mail leaves through your relay mine.").then_some(())
    });
    // The figures of one's own relay, by the name that one gave it.
    until("it is counted", 60, || {
        window.open(&curl.address("/statistics?by=relay"));
        let shown = text(&mut window);
        (shown.contains("mine") && !shown.contains(&format!("{CLAIRE}/mine"))).then_some(())
    });
    assert_eq!(window.complaints(), Vec::<String>::new());
    // An administrator sees whose it is.
    let boss = Curl::new(&server);
    boss.sign_in_by_link();
    let page = boss.ask("/relays/claire%40facteur.test%2Fmine", &[]).body;
    assert!(page.contains("It belongs to claire@facteur.test") && !page.contains(PASSWORD), "{page}");
    // Forbidding it leaves what is there as it is.
    let closed = server.directory().join("closed.toml");
    std::fs::write(&closed, "[settings]\nown_relays = \"off\"\n").expect("a file of ours");
    server.ok("en", &["apply", closed.to_str().expect("a plain path")]);
    window.open(&curl.address("/account/relays"));
    assert!(text(&mut window).contains("does not let people add"), "{}", text(&mut window));
    server.ok("en", &["account", "remove", CLAIRE]);
    assert_eq!(server.json(&["relay", "list"]), serde_json::json!([]));
}
