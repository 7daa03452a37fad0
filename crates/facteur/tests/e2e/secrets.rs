//! Secrets: nowhere but where they belong, sealed at rest, and the key that seals them changed.

use crate::support::api::Api;
use crate::support::client::{Client, letter};
use crate::support::program::Done;
use crate::support::receiver::Receiver;
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use crate::support::web::{Curl, LISTENER, Page};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rusqlite::Connection;
use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use testkit::proof;

const PERSON: &str = "Canari/de+Anne=1";
const WRONG: &str = "Canari/faux+Anne=2";
const SITE: &str = "Canari/du+site=3";
const RELAY: &str = "Canari/du+relais=4";
const RELAY_WRONG: &str = "Canari/faux+relais=5";
const MISTYPED: &str = "Canari/mal+tape=6";
const BODY: &str = "Canari du corps de la lettre 7";

/// The forms in which a secret could show: as it is, in base64 at each of three places, in hexadecimal, as in a URL, and
/// backwards.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let mut forms = vec![secret.to_owned(), secret.chars().rev().collect()];
    for shift in 0..3 {
        let shifted = [&vec![b'x'; shift][..], bytes].concat();
        let encoded = STANDARD.encode(&shifted);
        // What the neighbours share with it is left out.
        let whole = encoded.trim_end_matches('=');
        let end = whole.len() - whole.len() % 4;
        forms.push(whole[if shift == 0 { 0 } else { 4 }..end.max(8)].to_owned());
    }
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    forms.push(hex.to_ascii_uppercase());
    forms.push(hex);
    let escaped = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(*byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    forms.push(bytes.iter().map(escaped).collect());
    forms
}

/// Where a secret shows, among these texts.
fn hits(secrets: &[(&str, String)], places: &[(String, Vec<u8>)]) -> (u64, Vec<String>) {
    let (mut searched, mut found) = (0, Vec::new());
    for (name, secret) in secrets {
        for form in forms(secret) {
            for (place, text) in places {
                searched += 1;
                if text.windows(form.len()).any(|window| window == form.as_bytes()) {
                    found.push(format!("{name} as {form:?} in {place}"));
                }
            }
        }
    }
    (searched, found)
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// What of these files may be seen by somebody who has not the key.
fn open_files(directory: &Path) -> Vec<(String, Vec<u8>)> {
    let secret = ["key", "key.pem"];
    let named = |path: &PathBuf| path.file_name().is_none_or(|name| !secret.iter().any(|own| name == *own));
    let read = |path: PathBuf| fs::read(&path).ok().map(|bytes| (path.display().to_string(), bytes));
    files(directory).into_iter().filter(named).filter_map(read).collect()
}

/// What a private key looks like in the middle.
fn middle(pem: &str) -> String {
    let lines: Vec<&str> = pem.lines().filter(|line| !line.starts_with("---") && line.len() >= 40).collect();
    lines[lines.len() / 2].to_owned()
}

/// Opens what the store sealed, with the key beside it.
fn opened(data: &Path, place: &str, blob: &[u8]) -> String {
    let file = fs::read_to_string(data.join("key")).expect("the key");
    let key = unhex(file.lines().next().and_then(|line| line.split(' ').nth(1)).expect("a key"));
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).expect("a key"));
    let nonce = Nonce::try_assume_unique_for_key(&blob[5..17]).expect("a nonce");
    let mut text = blob[17..].to_vec();
    let open = key.open_in_place(nonce, Aad::from(place.as_bytes()), &mut text).expect("it opens");
    String::from_utf8(open.to_vec()).expect("text")
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("digits"), 16).expect("digits"))
        .collect()
}

/// A declaration of a domain with a return path.
const DECLARED: &str = "[[domain]]\nname = \"first.test\"\nreturn_path = \"bounce.first.test\"\n";

/// A server with a secret of every kind that the command line knows.
fn full_server(relay: &Sink) -> Server {
    let mut server = Server::fresh("en", &format!("{LISTENER}[webhooks]\nnetworks = [\"127.0.0.0/8\"]\n"));
    server.go_with(&[("FACTEUR_LOG", "trace")]);
    server.give(
        "en",
        &["account", "add", "anne@first.test", "--sender", "anne@first.test", "--password-stdin"],
        PERSON,
    );
    server.give("en", &["site", "add", "shop", "--sender", "shop@first.test", "--password-stdin"], SITE);
    add_relay(&server, "out", relay, RELAY);
    server.ok("en", &["domain", "add", "first.test"]);
    let file = server.directory().join("declared.toml");
    fs::write(&file, DECLARED).expect("a declaration");
    server.ok("en", &["apply", file.to_str().expect("a plain path")]);
    server
}

/// Adds a relay with a password; what was printed.
fn add_relay(server: &Server, name: &str, sink: &Sink, password: &str) -> String {
    let port = sink.port.to_string();
    let place = ["relay", "add", name, "--host", "127.0.0.1", "--port", &port];
    let rest = ["--tls", "never", "--login", "out", "--password-stdin"];
    server.give("en", &[&place[..], &rest].concat(), password)
}

/// The secrets that nobody typed: keys.
fn keys(server: &Server) -> Vec<(&'static str, String)> {
    let data = server.data();
    let all = server.ok("en", &["export", "--with-secrets"]);
    let pem = all.split("-----BEGIN").nth(1).expect("a key in the declaration").replace("\\n", "\n");
    let own = fs::read_to_string(data.join("key.pem")).expect("the key of TLS");
    let sealing = fs::read_to_string(data.join("key")).expect("the sealing key");
    let sealing = sealing.trim().split(' ').nth(1).expect("a key").to_owned();
    let store = Connection::open(data.join("facteur.db")).expect("the store");
    let read = "SELECT value FROM settings WHERE name = 'secret.return_path'";
    let sealed: String = store.query_row(read, [], |row| row.get(0)).expect("the key of return paths");
    let return_path = opened(&data, "setting secret.return_path", &unhex(&sealed));
    vec![
        ("the key of a domain", middle(&pem)),
        ("the key of TLS", middle(&own)),
        ("the sealing key", sealing),
        ("the key of return paths", return_path),
    ]
}

/// Signs in on a connection in clear, from where it is allowed or not.
fn try_sign_in(server: &Server, login: &str, password: &str) {
    let script = "import smtplib,ssl,sys\nc=ssl._create_unverified_context()\ns=smtplib.SMTP_SSL('127.0.0.1',int(sys.argv[1]),context=c)\ntry:\n s.login(sys.argv[2],sys.stdin.read().strip())\n s.sendmail(sys.argv[2],['b@rcpt.test'],'Subject: a\\r\\n\\r\\n'+sys.argv[3])\nexcept smtplib.SMTPException as e: print(e)\n";
    let port = server.port(Port::Tls).to_string();
    let mut command = std::process::Command::new(crate::support::program::find("python3", "python3"));
    command.args(["-c", script, &port, login, BODY]).env("PYTHONIOENCODING", "utf-8").env("PYTHONUTF8", "1");
    let done = crate::support::program::run(&mut command, password.as_bytes());
    assert_eq!(done.code, 0, "{done:?}");
}

/// Everything that can go well or wrong with a secret.
fn all_flows(server: &Server, refusing: &Sink) -> Vec<(String, Vec<u8>)> {
    try_sign_in(server, "anne@first.test", PERSON);
    try_sign_in(server, "anne@first.test", WRONG);
    try_sign_in(server, "nobody@first.test", WRONG);
    let mut clear = Client::connect(server.port(Port::Submission));
    clear.say(&format!("AUTH PLAIN {}", STANDARD.encode(format!("\0anne@first.test\0{PERSON}"))));
    clear.say(&format!("AUTH PLAIN {}", STANDARD.encode(MISTYPED)));
    clear.say(MISTYPED);
    let mut said = vec![add_relay(server, "bad", refusing, RELAY_WRONG)];
    server.ok("en", &["route", "set", "bad", "--default"]);
    try_sign_in(server, "anne@first.test", PERSON);
    until("the relay is closed", 30, || {
        let relays = server.json(&["relay", "list"]);
        let closed = relays
            .as_array()
            .into_iter()
            .flatten()
            .any(|relay| relay["closures"].as_array().is_some_and(|all| !all.is_empty()));
        closed.then_some(())
    });
    let mut told = |done: Done| said.extend([done.out, done.err]);
    told(server.ask(
        "en",
        &["relay", "add", "x", "--host", "not a host", "--login", "y", "--password-stdin"],
        MISTYPED.as_bytes(),
    ));
    told(server.ask("en", &["account", "add", "anne@first.test", "--password-stdin"], MISTYPED.as_bytes()));
    for command in [
        &["status"][..],
        &["account", "list"],
        &["site", "list"],
        &["relay", "list"],
        &["domain", "list"],
        &["route", "list"],
        &["queue", "list"],
        &["export"],
    ] {
        for form in [&[][..], &["--json"]] {
            told(server.ask("fr", &[command, form].concat(), b""));
        }
    }
    for message in server.waiting() {
        let id = message["id"].as_str().unwrap_or_default().to_owned();
        told(server.ask("en", &["why", &id], b""));
        told(server.ask("en", &["why", &id, "--json"], b""));
    }
    // A request that means nothing, with a secret in it.
    let mut socket = UnixStream::connect(server.data().join("control.sock")).expect("the socket");
    let request = format!("{{\"relay_add\":{{\"relay\":{{\"password\":[{MISTYPED:?}]}}}}}}\n");
    socket.write_all(request.as_bytes()).expect("it reads");
    let _ = socket.read(&mut [0; 4096]);
    said.into_iter()
        .enumerate()
        .map(|(number, text)| (format!("answer {number}"), text.into_bytes()))
        .collect()
}

/// What a page shows this once.
fn shown_once(page: &Page) -> String {
    let shown = page.body.split("class=\"secret\">").nth(1).and_then(|rest| rest.split('<').next());
    shown.unwrap_or_else(|| panic!("{}", page.body)).replace(' ', "")
}

/// Secrets under their names.
type Secrets = Vec<(&'static str, String)>;
/// Texts under the names of the places where they stand.
type Places = Vec<(String, Vec<u8>)>;

/// The secrets of the web, each used well and badly: they, and what was answered where none of them belongs.
fn web_flows(server: &Server) -> (Secrets, Places) {
    let (receiver, mut answers) = (Receiver::start(), Vec::new());
    let hook = server.json(&["webhook", "add", "shop", &receiver.url()]);
    let hook = hook["secret"].as_str().expect("a secret").to_owned();
    let api = Api::new(server, None, &["messages:read", "domains:read", "webhooks"]);
    for path in ["/api/v1/messages", "/api/v1/domains", "/api/v1/webhooks", "/api/v1/nothing"] {
        answers.push(api.page("GET", path, None).body);
    }
    answers.push(api.page("POST", "/api/v1/webhooks", Some(&serde_json::json!({ "url": [hook] }))).body);
    let nearly = format!("Authorization: Bearer {}x", api.key);
    answers.push(api.curl.ask("/api/v1/messages", &["--header", &nearly]).body);
    let curl = Curl::new(server);
    curl.sign_in("anne@first.test", PERSON);
    let jar = String::from_utf8(curl.jar()).expect("cookies");
    let cookie = jar.lines().find(|line| line.contains("__Host-session")).expect("a session");
    let cookie = cookie.split('\t').next_back().expect("a value").to_owned();
    let form = curl.form_key("/account");
    curl.send("/account", "/account/app-passwords", &[("label", "phone")]);
    let app = shown_once(&curl.ask("/account", &[]));
    let factor = shown_once(&curl.send("/account", "/account/second-factor", &[("password-on", PERSON)]));
    curl.send("/account", "/account/second-factor/confirm", &[("code", "000000")]);
    curl.send("/account", "/account/second-factor", &[("password-on", MISTYPED)]);
    // The session's own pages bring its key along.
    let of_session = |page: Page| page.body.replace(&form, "");
    answers.push(of_session(curl.ask("/account", &[])));
    // A form with another key, and a cookie that is nearly right.
    let another = format!("key={form}x&label={MISTYPED}");
    answers.push(of_session(curl.ask("/account/app-passwords", &["--data", &another])));
    answers.push(api.curl.ask("/account", &["--cookie", &format!("__Host-session={cookie}x")]).body);
    try_sign_in(server, "anne@first.test", &app);
    try_sign_in(server, "nobody@first.test", &app);
    server.ok("en", &["webhook", "test", "shop"]);
    answers.extend([&["webhook", "list", "--json"][..], &["key", "list", "--json"], &["key", "list"]].map(
        |command| {
            let done = server.ask("en", command, b"");
            done.out + &done.err
        },
    ));
    let secrets = vec![
        ("a webhook's secret", hook),
        ("a key of the API", api.key.clone()),
        ("a session's cookie", cookie),
        ("a form's key", form),
        ("an app password", app),
        ("a second factor", factor),
    ];
    let named = |(number, text): (usize, String)| (format!("answer {number} of the web"), text.into_bytes());
    (secrets, answers.into_iter().enumerate().map(named).collect())
}

#[test]
fn no_secret_shows_where_it_does_not_belong() {
    let relay = Sink::start(Habits { sign_in: Some(("out", RELAY)), ..Habits::default() });
    let refusing = Sink::start(Habits { sign_in: Some(("out", "something else")), ..Habits::default() });
    let mut server = full_server(&relay);
    let mut secrets: Vec<(&str, String)> = [
        ("a person's password", PERSON),
        ("a wrong password", WRONG),
        ("a site's password", SITE),
        ("a relay's password", RELAY),
        ("a relay's wrong password", RELAY_WRONG),
        ("a mistyped password", MISTYPED),
    ]
    .map(|(name, secret)| (name, secret.to_owned()))
    .to_vec();
    secrets.extend(keys(&server));
    let mut places = all_flows(&server, &refusing);
    let (of_the_web, answers) = web_flows(&server);
    secrets.extend(of_the_web);
    places.extend(answers);
    for file in ["cmdline", "environ"] {
        let path = format!("/proc/{}/{file}", server.pid());
        places.push((path.clone(), fs::read(path).expect("root may read it")));
    }
    let backup = server.directory().join("backup");
    server.ok("en", &["backup", backup.to_str().expect("a plain path")]);
    places.extend(open_files(&backup));
    places.extend(open_files(&server.data()));
    server.stop();
    places.extend(open_files(&server.data()));
    let log = server.log();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log says everything");
    places.push(("the log".to_owned(), log.clone().into_bytes()));
    let (searched, found) = hits(&secrets, &places);
    assert!(found.is_empty(), "{found:#?}");
    // A letter is nobody's affair either; in the store it must be.
    let (_, found) =
        hits(&[("a letter's text", BODY.to_owned())], &[("the log".to_owned(), log.into_bytes())]);
    assert!(found.is_empty(), "{found:#?}");
    let searchable = hits(&[("a letter's text", BODY.to_owned())], &open_files(&server.data()));
    assert!(!searchable.1.is_empty(), "the search itself finds nothing");
    let test = "crates/facteur/tests/e2e/secrets.rs::no_secret_shows_where_it_does_not_belong";
    proof::passed("D1", test, searched, "searches", None);
}

/// Whether every secret of a server can be read: its relay's, its domain's and its settings'.
#[track_caller]
fn check_opens(server: &Server) {
    let all = server.ok("en", &["export", "--with-secrets"]);
    assert!(all.contains(RELAY) && all.contains("-----BEGIN"), "{all}");
}

fn line_of(data: &Path) -> String {
    fs::read_to_string(data.join("key")).expect("the key")
}

/// Copies the data of a stopped server into another one.
fn copy_of(server: &Server) -> Server {
    let copy = Server::fresh("en", "");
    for path in files(&server.data()) {
        let name = path.strip_prefix(server.data()).expect("below it");
        if !["lock", "facteur.toml"].iter().any(|own| name == Path::new(own)) && path.is_file() {
            let to = copy.data().join(name);
            fs::create_dir_all(to.parent().expect("a parent")).expect("a directory");
            fs::copy(&path, to).expect("a copy");
        }
    }
    copy
}

#[test]
fn what_is_sealed_opens_with_its_key_only_and_the_key_can_be_changed() {
    let relay = Sink::start(Habits { sign_in: Some(("out", RELAY)), ..Habits::default() });
    let mut server = full_server(&relay);
    check_opens(&server);
    let first = line_of(&server.data());
    let (backup, with_key) = (server.directory().join("backup"), server.directory().join("with-key"));
    server.ok("en", &["backup", backup.to_str().expect("a plain path")]);
    server.ok("en", &["backup", "--with-key", with_key.to_str().expect("a plain path")]);
    let changed = server.json(&["secrets", "rotate"]);
    assert!(changed["secrets"].as_u64().is_some_and(|count| count >= 3), "{changed}");
    check_opens(&server);
    let second = line_of(&server.data());
    assert!(second != first && second.lines().count() == 1, "one new key");
    assert!(second.starts_with(changed["key"].as_str().expect("its name")));
    server.stop();
    let mut cases = 4;
    cases += without_the_key(&server);
    cases += tampered(&server);
    // While it is stopped, a command does it; nothing of the old key is left, and mail still leaves.
    let before = copy_of(&server);
    assert!(server.ok("fr", &["secrets", "rotate"]).contains("nouvelle clé"));
    let third = line_of(&server.data());
    check_opens(&server);
    let texts = open_files(&server.data());
    let old = [("the first key", first.clone()), ("the second key", second.clone())];
    let old: Vec<_> = old
        .iter()
        .map(|(name, line)| (*name, line.trim().split(' ').nth(1).expect("a key").to_owned()))
        .collect();
    assert!(hits(&old, &texts).1.is_empty() && !third.contains(&old[0].1) && !third.contains(&old[1].1));
    server.go();
    server.open_to_loopback();
    server.ok("en", &["route", "set", "out", "--default"]);
    let mut client = Client::connect(server.port(Port::Submission));
    assert!(client.send("a@first.test", "b@rcpt.test", &letter("after")).starts_with("250 "));
    relay.until_taken(1, 30);
    cases += 5;
    cases += interrupted(&before, &server, &second, &third);
    cases += old_backups(&backup, &with_key, &first, &third);
    let test = "crates/facteur/tests/e2e/secrets.rs::what_is_sealed_opens_with_its_key_only_and_the_key_can_be_changed";
    assert!(cases >= 20, "{cases} cases");
    proof::passed("D2", test, cases, "cases", None);
}

/// A copy of the store without its key, with another one, and with half a one.
fn without_the_key(server: &Server) -> u64 {
    let other = Server::start();
    let foreign = line_of(&other.data());
    let own = line_of(&server.data());
    let kinds = [(None, "key"), (Some(foreign), "needs key"), (Some(own[..40].to_owned()), "not a key")];
    for (key, words) in &kinds {
        let copy = copy_of(server);
        fs::remove_file(copy.data().join("key")).expect("the key of the copy");
        if let Some(key) = key {
            fs::write(copy.data().join("key"), key).expect("a key");
        }
        let done = copy.ask("en", &["export", "--with-secrets"], b"");
        assert_ne!(done.code, 0, "{done:?}");
        assert!(done.err.contains(words), "{words}: {done:?}");
        assert!(!done.out.contains(RELAY) && !done.err.contains(RELAY), "{done:?}");
    }
    let (_, found) = hits(&[("a relay's password", RELAY.to_owned())], &open_files(&server.data()));
    assert!(found.is_empty(), "{found:?}");
    kinds.len() as u64 + 1
}

/// One byte of a sealed secret is another: it is said which, and nothing opens.
fn tampered(server: &Server) -> u64 {
    let damages = [
        (
            "UPDATE relays SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || x'7f' AS BLOB) WHERE sealed IS NOT NULL",
            "relay",
        ),
        ("UPDATE relays SET sealed = substr(sealed, 1, 20) WHERE sealed IS NOT NULL", "relay"),
        ("UPDATE dkim_keys SET sealed = CAST(x'02' || substr(sealed, 2) AS BLOB)", "domain"),
    ];
    for (damage, words) in damages {
        let copy = copy_of(server);
        let store = Connection::open(copy.data().join("facteur.db")).expect("the store");
        assert!(store.execute(damage, []).expect("a damage") > 0);
        drop(store);
        let done = copy.ask("en", &["export", "--with-secrets"], b"");
        assert_ne!(done.code, 0, "{damage}: {done:?}");
        assert!(done.err.contains(words), "{damage}: {done:?}");
        // A change of the key does not make it worse.
        let done = copy.ask("en", &["secrets", "rotate"], b"");
        assert_ne!(done.code, 0, "{damage}: {done:?}");
    }
    damages.len() as u64
}

/// The two states that a crash within a change can leave: both keys, with everything sealed by the old or by the new one.
fn interrupted(before: &Server, after: &Server, old: &str, new: &str) -> u64 {
    // A change that only began: the new key is there, and has sealed nothing.
    fs::write(before.data().join("key"), format!("{new}{old}")).expect("both keys");
    check_opens(before);
    assert_eq!(line_of(&before.data()), new, "the change was ended");
    check_opens(before);
    let mut done = copy_of(after);
    fs::write(done.data().join("key"), format!("{new}{old}")).expect("both keys");
    done.go();
    check_opens(&done);
    assert_eq!(line_of(&done.data()), new, "the change was ended");
    done.stop();
    2
}

/// Backups from before a change open with the key of their time.
fn old_backups(backup: &Path, with_key: &Path, first: &str, third: &str) -> u64 {
    let restored = |from: &Path, key: Option<&str>| {
        let server = Server::fresh("en", "");
        fs::remove_dir_all(server.data()).expect("no data yet");
        let file = server.directory().join("kept");
        let path = |path: &Path| path.to_str().expect("a plain path").to_owned();
        let mut arguments = vec!["restore".to_owned(), path(from)];
        if let Some(key) = key {
            fs::write(&file, key).expect("a key");
            arguments.extend(["--key".to_owned(), path(&file)]);
        }
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let done = server.ask("en", &words, b"");
        (server, done)
    };
    let (server, done) = restored(with_key, None);
    assert_eq!(done.code, 0, "{done:?}");
    check_opens(&server);
    let (server, done) = restored(backup, Some(first));
    assert_eq!(done.code, 0, "{done:?}");
    check_opens(&server);
    let (_, done) = restored(backup, Some(third));
    assert!(done.code != 0 && done.err.contains("needs key"), "{done:?}");
    let (_, done) = restored(backup, None);
    assert_ne!(done.code, 0, "{done:?}");
    4
}
