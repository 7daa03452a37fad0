//! `facteur discover` as a person types it, in a network of its own, with a DNS, a web server and mail servers at the ports
//! where they are.

use crate::support::api::Api;
use crate::support::chromium::Chromium;
use crate::support::names::NameServer;
use crate::support::program::{Done, find, need_root, run};
use crate::support::server::{PASSWORD, Server};
use crate::support::web::{Curl, LISTENER};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use testkit::hostile::Scripted as _;
use testkit::hostile::{self, Answer, Dialect, Paper, Papers, imap, smtp};

/// Set for the copy of the test that runs in the network of its own.
const INSIDE: &str = "FACTEUR_TEST_INSIDE";

/// What the DNS of that network knows.
const ZONE: &str = "
autoconfig.a.test A 127.0.0.1
imap.a.test A 127.0.0.1
smtp.a.test A 127.0.0.1
_imaps._tcp.b.test SRV 0 0 993 imap.a.test
_submissions._tcp.b.test SRV 0 0 465 smtp.a.test
_pop3s._tcp.b.test SRV 0 0 0 .
";

const DOCUMENT: &str = "<clientConfig version=\"1.1\"><emailProvider id=\"a.test\">\
    <incomingServer type=\"imap\"><hostname>imap.a.test</hostname><port>993</port><socketType>SSL</socketType>\
    <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></incomingServer>\
    <incomingServer type=\"pop3\"><hostname>&#x202e;pop</hostname><port>995</port><socketType>SSL</socketType></incomingServer>\
    <outgoingServer type=\"smtp\"><hostname>smtp.a.test</hostname><port>465</port><socketType>SSL</socketType>\
    <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication></outgoingServer>\
    </emailProvider></clientConfig>";

/// A web server with one document.
struct Web;

impl Dialect for Web {
    fn greeting(&mut self) -> Vec<u8> {
        Vec::new()
    }

    fn answer(&mut self, line: &[u8], _tls: bool) -> Answer {
        if !line.is_empty() {
            return Answer::Silence;
        }
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{DOCUMENT}", DOCUMENT.len());
        Answer::End(answer.into_bytes())
    }

    fn step(&self) -> &'static str {
        "http"
    }
}

/// The servers of the network, and the file with their authorities.
struct Network {
    server: Server,
    authorities: String,
    _kept: (NameServer, Vec<hostile::Server>),
}

impl Network {
    fn new() -> Self {
        run(Command::new(find("ip", "iproute2")).args(["link", "set", "lo", "up"]), b"");
        let mut server = Server::fresh("en", LISTENER);
        let place = server.directory().to_owned();
        for (name, text) in [("resolv.conf", "nameserver 127.0.0.1\n"), ("hosts", "127.0.0.1 localhost\n")] {
            fs::write(place.join(name), text).unwrap();
            let etc = format!("/etc/{name}");
            let done = run(Command::new("mount").arg("--bind").arg(place.join(name)).arg(etc), b"");
            assert_eq!(done.code, 0, "{}", done.err);
        }
        let names = NameServer::start_at_its_port(ZONE.parse().unwrap());
        let mut authorities = String::new();
        let mut serve = |host: &str, port: u16| {
            let papers = Papers::new(host).unwrap();
            authorities += &papers.authority;
            let address = SocketAddr::from(([127, 0, 0, 1], port));
            let dialect = move |_| -> Box<dyn Dialect> {
                match port {
                    443 => Box::new(Web),
                    993 => Arc::new(imap::Script::read("(caps_tls: [Imap4Rev1, Auth(Plain)])").unwrap())
                        .dialect(),
                    _ => Arc::new(smtp::Script::default()).dialect(),
                }
            };
            hostile::Server::start(address, papers.server(Paper::Good).unwrap(), true, None, dialect).unwrap()
        };
        let servers =
            vec![serve("autoconfig.a.test", 443), serve("imap.a.test", 993), serve("smtp.a.test", 465)];
        let path = place.join("authorities.pem");
        fs::write(&path, authorities).unwrap();
        let authorities = path.to_str().unwrap().to_owned();
        server.go_with(&[("SSL_CERT_FILE", &authorities)]);
        Self { server, authorities, _kept: (names, servers) }
    }

    fn ask(&self, locale: &str, arguments: &[&str], input: &str) -> Done {
        let mut command = self.server.command(locale, &[&["discover"], arguments].concat());
        run(command.env("SSL_CERT_FILE", &self.authorities), input.as_bytes())
    }

    #[track_caller]
    fn json(&self, arguments: &[&str], input: &str) -> Value {
        let done = self.ask("en", &[&["--json"], arguments].concat(), input);
        assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
        serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{error}: {}", done.out))
    }
}

/// Runs a test in a network and a file system of its own.
fn inside(name: &str, test: fn()) {
    if std::env::var_os(INSIDE).is_some() {
        return test();
    }
    need_root("only root can make a network");
    let mut command = Command::new(find("unshare", "util-linux"));
    command.args(["--net", "--mount"]).arg(std::env::current_exe().unwrap());
    let done = run(command.args(["--exact", name, "--nocapture"]).env(INSIDE, "1"), b"");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    assert!(done.out.contains("1 passed"), "{}", done.out);
}

#[test]
fn an_address_becomes_settings_that_work() {
    inside("discover::an_address_becomes_settings_that_work", || {
        let network = Network::new();
        people_get_a_table(&network);
        programs_get_data(&network);
        a_password_goes_where_it_may(&network);
        each_program_gets_its_settings(&network);
        a_hosted_domain_is_known(&network);
        the_portal_finds_the_same(&network);
        a_program_asks_for_the_same(&network);
        a_browser_shows_what_comes(&network);
        let test = "crates/facteur/tests/e2e/discover.rs::an_address_becomes_settings_that_work";
        testkit::proof::passed("E4", test, 8, "kinds of use", None);
    });
}

fn people_get_a_table(network: &Network) {
    let done = network.ask("en", &["--private", "anne@a.test"], "");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    let table = "anne@a.test\n\n\
         PROTOCOL  SERVER       PORT  SECURITY  USER NAME    TRIED\n\
         IMAP      imap.a.test  993   SSL/TLS   anne@a.test  answers\n\
         SMTP      smtp.a.test  465   SSL/TLS   anne@a.test  answers\n\n\
         Use IMAP to read: your mail stays on the server, and is the same on each of your devices.\n\
         POP3 at “?pop” is not proposed: that is not the name of a server.\n";
    assert_eq!(done.out, table);
    // What comes is told as it comes.
    let told: BTreeSet<&str> = done.err.lines().collect();
    let expected = ["IMAP answers: imap.a.test, port 993", "SMTP answers: smtp.a.test, port 465"];
    assert_eq!(told, BTreeSet::from(expected));
    let french = network.ask("fr", &["--private", "anne@a.test"], "");
    assert!(
        french.out.contains("PROTOCOLE") && french.out.contains("Pour lire, utilisez IMAP"),
        "{}",
        french.out
    );
    // By the option, whatever the locale says.
    let asked = network.ask("en", &["--lang", "fr", "--private", "anne@a.test"], "");
    assert_eq!(asked.out, french.out);
    // A private address is not called unless somebody says so.
    let refused = network.ask("en", &["anne@a.test"], "");
    assert_ne!(refused.code, 0);
    assert!(refused.out.contains("to which facteur does not connect"), "{}", refused.out);
    for (address, words) in
        [("anne", "is no mail address"), ("anne@nas.local", "is not a name of the Internet")]
    {
        let done = network.ask("en", &[address], "");
        assert!(done.code != 0 && done.err.contains(words), "{}", done.err);
    }
}

fn programs_get_data(network: &Network) {
    let data = network.json(&["--private", "anne@a.test"], "");
    let imap = &data["servers"][0];
    let expected = json!({
        "protocol": "imap", "host": "imap.a.test", "port": 993, "tls": "implicit", "username": "anne@a.test",
        "auth": ["password"], "oauth2": null, "proved": true, "signed_in": false, "source": "autoconfig", "trust": "A",
    });
    assert_eq!(imap, &expected);
    assert_eq!(data["servers"][1]["host"], "smtp.a.test");
    let keys: BTreeSet<&str> = data.as_object().unwrap().keys().map(String::as_str).collect();
    let shape = ["address", "advice", "exchange", "provider", "reading", "servers", "tried"];
    assert_eq!(keys, BTreeSet::from(shape));
    assert_eq!((&data["reading"], &data["tried"][0]["why"]), (&json!("imap"), &json!("no_name")));
    // An address a line, an answer a line; whoever is unknown does not end it.
    let done = network.ask("en", &["--offline", "--jsonl"], "anne@free.fr\n\nnobody\nanne@proton.me\n");
    let lines: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3, "{}", done.out);
    assert_eq!(lines[0]["servers"][0]["host"], "imap.free.fr");
    assert_eq!(lines[1]["address"], "nobody");
    assert_eq!(lines[2]["reading"], "without");
}

fn a_password_goes_where_it_may(network: &Network) {
    let data = network.json(&["--private", "--password-stdin", "anne@a.test"], "sesame\n");
    for server in data["servers"].as_array().unwrap() {
        assert_eq!((&server["signed_in"], &server["username"]), (&json!(true), &json!("anne@a.test")));
    }
    // Only the DNS leads there.
    let hinted = network.ask("en", &["--private", "--password-stdin", "luc@b.test"], "sesame\n");
    assert!(hinted.out.contains("The password was not sent to imap.a.test"), "{}", hinted.out);
    assert!(hinted.out.contains("POP3 is not offered: the domain says so itself."), "{}", hinted.out);
    assert_ne!(hinted.code, 0);
    let data =
        network.json(&["--private", "--password-stdin", "--trust", "a.test", "luc@b.test"], "sesame\n");
    assert_eq!(
        (&data["servers"][0]["signed_in"], &data["servers"][0]["source"]),
        (&json!(true), &json!("srv"))
    );
    // What has let us in becomes a relay.
    let used = network.ask("en", &["--private", "--password-stdin", "--use", "anne@a.test"], "sesame\n");
    assert_eq!(used.code, 0, "{}{}", used.out, used.err);
    let relays = network.server.json(&["relay", "list"]);
    let relay = relays.as_array().unwrap().iter().find(|relay| relay["name"] == "anne@a.test").unwrap();
    assert_eq!(
        (&relay["host"], &relay["port"], &relay["login"]),
        (&json!("smtp.a.test"), &json!(465), &json!("anne@a.test"))
    );
}

fn each_program_gets_its_settings(network: &Network) {
    for program in [
        "thunderbird",
        "outlook",
        "apple",
        "android",
        "msmtp",
        "postfix",
        "php",
        "wordpress",
        "django",
        "rails",
        "laravel",
        "node",
        "qr",
    ] {
        for locale in ["en", "fr"] {
            let done = network.ask(locale, &["--private", "--for", program, "anne@a.test"], "");
            assert_eq!(done.code, 0, "{program}: {}", done.err);
            let named = done.out.contains("smtp.a.test") && done.out.contains("465");
            assert!(named || (program == "qr" && done.out.contains('█')), "{program}: {}", done.out);
        }
    }
    let done = network.ask("en", &["--offline", "--for", "apple", "anne@proton.me"], "");
    assert_ne!(done.code, 0);
}

fn a_hosted_domain_is_known(network: &Network) {
    network.server.ok("en", &["domain", "add", "own.test"]);
    let publish = ["domain", "publish", "own.test", "--imap", "imap.a.test", "--smtp", "smtp.a.test"];
    network.server.ok("en", &publish);
    for more in [&["--private"][..], &["--offline"]] {
        let data = network.json(&[more, &["zoe@own.test"]].concat(), "");
        for (index, host) in ["imap.a.test", "smtp.a.test"].iter().enumerate() {
            let server = &data["servers"][index];
            assert_eq!(
                (&server["host"], &server["source"], &server["trust"]),
                (&json!(host), &json!("own"), &json!("A"))
            );
            assert_eq!(server["proved"], more == ["--private"]);
        }
    }
}

/// Searches in the portal, and gives the page.
#[track_caller]
fn search(curl: &Curl<'_>, language: &str, fields: &[(&str, &str)]) -> (u16, String) {
    curl.ask(&format!("/discover?lang={language}"), &[]);
    let page = curl.send("/discover", "/discover", fields);
    (page.status, page.body)
}

fn the_portal_finds_the_same(network: &Network) {
    network.server.add_person("claire@facteur.test", &[]);
    let person = Curl::new(&network.server);
    person.sign_in("claire@facteur.test", PASSWORD);
    // A person is led inside by nobody, and is told so.
    let (status, page) = search(&person, "en", &[("address", "anne@a.test"), ("private", "1")]);
    assert_eq!(status, 403, "{page}");
    let (status, page) = search(&person, "en", &[("address", "anne@a.test"), ("use", "1")]);
    assert!(status == 200 && page.contains("to which facteur does not connect"), "{page}");
    for (language, address, status, words) in [
        ("en", "anne", 400, "This is no mail address."),
        ("fr", "anne@nas.local", 400, "n'est pas un nom d'Internet"),
        ("fr", "", 400, "Ce n'est pas une adresse de courrier."),
    ] {
        let (seen, page) = search(&person, language, &[("address", address)]);
        assert!(seen == status && page.replace("&#39;", "'").contains(words), "{address}: {seen} {page}");
    }
    let curl = Curl::new(&network.server);
    curl.sign_in_by_link();
    let (_, page) = search(&curl, "en", &[("address", "anne@a.test"), ("private", "1")]);
    for words in
        ["<li>IMAP answers: imap.a.test, port 993</li>", "smtp.a.test", "SSL/TLS", "anne@a.test", "Use IMAP"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    // The profile is the one that the command line gives.
    let hidden = |page: &str, name: &str| {
        let after = page.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap();
        after.split('"').next().unwrap().to_owned()
    };
    let names =
        ["in-protocol", "in-host", "in-port", "in-tls", "in-user", "out-protocol", "out-host", "out-port"];
    let mut fields: Vec<(&str, String)> = names.map(|name| (name, hidden(&page, name))).into();
    fields.extend(["out-tls", "out-user"].map(|name| (name, hidden(&page, name))));
    fields.push(("address", "anne@a.test".to_owned()));
    let sent: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let profile = curl.send("/discover", "/discover/profile", &sent);
    assert_eq!(profile.header("content-disposition"), "attachment; filename=\"a.test.mobileconfig\"");
    assert!(profile.body.contains("EmailTypeIMAP"), "{}", profile.body);
    let bent: Vec<_> =
        sent.iter().map(|(name, value)| (*name, if *name == "in-tls" { "none" } else { *value })).collect();
    assert_eq!(curl.send("/discover", "/discover/profile", &bent).status, 404);
    // The password goes where it may, and becomes a relay.
    let wish = [("address", "luc@b.test"), ("private", "1"), ("password", "sesame")];
    let (_, page) = search(&curl, "fr", &wish);
    assert!(
        page.contains("Le mot de passe n'a pas été envoyé à imap.a.test")
            || page.contains("imap.a.test est-il vraiment"),
        "{page}"
    );
    assert!(!page.contains("sesame\""), "a password is never shown: {page}");
    let (_, page) = search(&curl, "fr", &[&wish[..], &[("trusted", "imap.a.test")]].concat());
    assert!(page.contains("connecté"), "{page}");
    let (_, page) = search(
        &curl,
        "en",
        &[("address", "zoe@a.test"), ("private", "1"), ("password", "sesame"), ("use", "1")],
    );
    assert!(page.contains("zoe@a.test” is now a relay of this server."), "{page}");
    let relays = network.server.json(&["relay", "list"]);
    assert!(relays.as_array().unwrap().iter().any(|relay| relay["name"] == "zoe@a.test"), "{relays}");
    // Nobody guesses passwords here.
    let guess = [("address", "guess@a.test"), ("private", "1"), ("password", "wrong")];
    for _ in 0..3 {
        search(&curl, "en", &guess);
    }
    let last = search(&curl, "en", &guess);
    assert!(last.0 == 429 && last.1.contains("Try again in"), "{last:?}");
}

fn a_program_asks_for_the_same(network: &Network) {
    let api = Api::new(&network.server, None, &["discover"]);
    let found =
        api.done("POST", "/api/v1/discover", Some(&json!({ "address": "rene@a.test", "private": true })));
    assert_eq!(
        (&found["servers"][0]["host"], &found["servers"][0]["proved"]),
        (&json!("imap.a.test"), &json!(true))
    );
    let advice = &found["advice"][0];
    assert!(advice["fr"].as_str().is_some_and(|text| text.contains("utilisez IMAP")), "{found}");
    assert!(advice["en"].as_str().is_some_and(|text| text.contains("Use IMAP")), "{found}");
}

fn a_browser_shows_what_comes(network: &Network) {
    let curl = Curl::new(&network.server);
    let mut window = Chromium::start();
    window.open(&curl.address(&curl.link()));
    window.press("main button");
    for (language, width) in [("en", 1280), ("fr", 390)] {
        window.widen(width);
        window.open(&curl.address(&format!("/discover?lang={language}")));
        window.ask("document.querySelector('#address').value = 'marie@a.test'; document.querySelector('#private').click()");
        window.press("main button");
        let shown = window.ask("document.querySelector('main').innerText").to_string();
        assert!(shown.contains("imap.a.test") && shown.contains("Thunderbird"), "{shown}");
        assert_eq!(window.ask("document.documentElement.scrollWidth > innerWidth"), json!(false));
        if let Some(folder) = std::env::var_os("FACTEUR_PICTURES") {
            window.picture(&std::path::Path::new(&folder).join(format!("{language}-{width}-found.png")));
        }
    }
    assert_eq!(window.complaints(), Vec::<String>::new());
}
