//! What a domain tells mail programs, as they ask it: curl, openssl and xmllint for the documents, real web servers in front,
//! and the real Thunderbird that sets itself up.

use crate::support::paper::Authority;
use crate::support::program::{Done, FACTEUR, Running, find, need_root, run};
use crate::support::read;
use crate::support::server::{Port, Server};
use crate::support::until;
use crate::support::web::{Curl, LISTENER, Page};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::process::Command;

/// A domain that tells where its mail is.
const PUBLISH: &[&str] = &[
    "domain",
    "publish",
    "post.test",
    "--imap",
    "imap.post.test",
    "--pop3",
    "imap.post.test:110",
    "--smtp",
    "smtp.post.test:587",
    "--title",
    "Post & <Test>",
];

/// A running server with two domains, of which one publishes its settings.
fn server(language: &'static str, more: &str) -> Server {
    let mut server = Server::fresh(language, more);
    server.go();
    add_domains(&server);
    server
}

fn add_domains(server: &Server) {
    server.ok("en", &["domain", "add", "post.test"]);
    server.ok("en", &["domain", "add", "mute.test"]);
    server.ok("en", PUBLISH);
}

/// Asks for a path as if it were at another host.
#[track_caller]
fn at(curl: &Curl<'_>, host: &str, path: &str, more: &[&str]) -> Page {
    let host = format!("Host: {host}");
    curl.ask(path, &[&["--header", &host], more].concat())
}

#[track_caller]
fn well_formed(document: &str) {
    let done = run(
        Command::new(find("xmllint", "libxml2-utils")).args(["--noout", "--nonet", "-"]),
        document.as_bytes(),
    );
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{document}");
}

/// The request of Outlook for an address.
fn outlook(address: &str) -> String {
    discover::read::autodiscover_request(&address.parse().expect("an address"))
}

#[test]
fn programs_are_told_by_every_address_that_they_know() {
    let server = server("en", LISTENER);
    let curl = Curl::new(&server);
    let printed =
        |form: &[&str]| server.ok("en", &[&["domain", "settings", "post.test", "--as"], form].concat());
    let bare = printed(&["autoconfig"]);
    let filled = printed(&["autoconfig", "--address", "anne@post.test"]);
    assert!(bare.contains("%EMAILADDRESS%") && filled.contains("<username>anne@post.test</username>"));
    for (host, path, expected) in [
        ("autoconfig.post.test", "/mail/config-v1.1.xml", &bare),
        ("AutoConfig.Post.Test:443", "/mail/config-v1.1.xml", &bare),
        ("post.test", "/.well-known/autoconfig/mail/config-v1.1.xml", &bare),
        ("autoconfig.post.test", "/mail/config-v1.1.xml?emailaddress=anne%40post.test", &filled),
        ("autoconfig.post.test", "/mail/config-v1.1.xml?emailaddress=anne@post.test", &filled),
        ("mail.facteur.test", "/mail/config-v1.1.xml?emailaddress=anne%40post.test", &filled),
        ("autoconfig.post.test", "/mail/config-v1.1.xml?emailaddress=nonsense", &bare),
    ] {
        let page = at(&curl, host, path, &[]);
        assert_eq!((page.status, &page.body), (200, expected), "{host}{path}");
        assert!(page.header("Content-Type").starts_with("text/xml"), "{}", page.head);
        well_formed(&page.body);
    }
    let posted = ["--header", "Content-Type: text/xml", "--data-binary"];
    for path in
        ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml", "/AutoDiscover/AutoDiscover.xml"]
    {
        let page =
            at(&curl, "autodiscover.post.test", path, &[&posted[..], &[&outlook("anne@post.test")]].concat());
        assert_eq!(
            (page.status, page.body.as_str()),
            (200, printed(&["autodiscover", "--address", "anne@post.test"]).as_str())
        );
        well_formed(&page.body);
        assert_eq!(at(&curl, "autodiscover.post.test", path, &[]).status, 405);
    }
    for path in [
        "?Email=anne%40post.test&Protocol=AutodiscoverV1",
        "/v1.0/anne%40post.test?Protocol=autodiscoverv1",
        "",
    ] {
        let path = format!("/autodiscover/autodiscover.json{path}");
        let page = at(&curl, "autodiscover.post.test", &path, &[]);
        let told: Value = serde_json::from_str(&page.body).expect("JSON");
        assert_eq!(told["Url"], "https://autodiscover.post.test/autodiscover/autodiscover.xml", "{path}");
    }
    let sync =
        at(&curl, "autodiscover.post.test", "/autodiscover/autodiscover.json?Protocol=ActiveSync", &[]);
    assert_eq!((sync.status, sync.body.contains("ProtocolNotSupported")), (400, true), "{}", sync.body);
}

#[test]
fn nobody_learns_which_accounts_there_are() {
    let server = server("en", LISTENER);
    server.add_person("anne@post.test", &["anne@post.test"]);
    let curl = Curl::new(&server);
    let all = |address: &str| {
        let escaped = address.replace('@', "%40");
        let asked = |host: &str, path: &str, more: &[&str]| {
            let page = at(&curl, host, path, more);
            (page.status, page.body.replace(address, "ADDRESS").replace(&escaped, "ADDRESS"))
        };
        let posted = ["--data-binary", &outlook(address)];
        [
            asked("autoconfig.post.test", &format!("/mail/config-v1.1.xml?emailaddress={escaped}"), &[]),
            asked("autodiscover.post.test", "/autodiscover/autodiscover.xml", &posted),
            asked("autodiscover.post.test", &format!("/autodiscover/autodiscover.json?Email={escaped}"), &[]),
            asked("mail.facteur.test", &format!("/mail/settings?address={escaped}"), &[]),
        ]
    };
    let known = all("anne@post.test");
    assert!(known.iter().all(|(status, _)| *status == 200), "{known:?}");
    assert_eq!(known, all("nobody@post.test"));
    for other in ["anne@mute.test", "anne@elsewhere.test"] {
        assert!(all(other).iter().all(|(status, _)| *status == 404), "{other}");
    }
    for path in ["/mail/config-v1.1.xml", "/mail/settings", "/autodiscover/autodiscover.json"] {
        assert_eq!(at(&curl, "autoconfig.mute.test", path, &[]).status, 404, "{path}");
    }
    server.ok("en", &["domain", "publish", "post.test", "--off"]);
    assert!(all("anne@post.test").iter().all(|(status, _)| *status == 404), "it publishes nothing any more");
}

/// Downloads a profile, and has openssl take it out of its signature.
fn profile(curl: &Curl<'_>, server: &Server, path: &str) -> Done {
    let file = server.directory().join("profile");
    let file = file.to_str().expect("a plain path");
    let page = at(curl, "mail.facteur.test", path, &["--output", file, "--dump-header", "-", "--no-include"]);
    assert_eq!(page.status, 200, "{path}");
    assert_eq!(page.header("Content-Type"), "application/x-apple-aspen-config");
    assert!(page.header("Content-Disposition").contains("post.test.mobileconfig"), "{}", page.head);
    let paper = server.data().join("cert.pem");
    let mut openssl = Command::new(find("openssl", "openssl"));
    openssl
        .args(["smime", "-verify", "-inform", "DER", "-binary", "-purpose", "any", "-in", file, "-CAfile"]);
    run(openssl.arg(paper), b"")
}

#[test]
fn people_read_the_settings_and_take_a_signed_profile() {
    let server = server("en", LISTENER);
    let curl = Curl::new(&server);
    for (language, words) in [
        ("en", ["Settings for mail programs", "the whole address"]),
        ("fr", ["Réglages pour", "l'adresse entière"]),
    ] {
        let wish = format!("Accept-Language: {language}");
        let page = at(&curl, "autoconfig.post.test", "/mail/settings", &["--header", &wish]);
        assert_eq!((page.status, page.header("Content-Language").as_str()), (200, language));
        let seen = ["imap.post.test", "993", "110", "STARTTLS", "Post &amp; &lt;Test&gt;"];
        let apostrophes = page.body.replace("&#39;", "'").replace("&#x27;", "'");
        for word in seen.iter().chain(&words) {
            assert!(apostrophes.contains(word), "{word}: {}", page.body);
        }
    }
    let of_address = at(&curl, "mail.facteur.test", "/mail/settings?address=anne%2Bx%40post.test", &[]);
    let link = of_address.body.split('"').find(|part| part.starts_with("/mail/apple")).expect("a link");
    let done = profile(&curl, &server, link);
    assert_eq!(done.code, 0, "{}", done.err);
    let printed = ["domain", "settings", "post.test", "--as", "apple", "--address", "anne+x@post.test"];
    assert_eq!(done.out, server.ok("en", &printed));
    well_formed(&done.out);
    let ids = |text: &str| {
        let lines: Vec<String> =
            text.lines().filter(|line| line.contains("org.facteur.mail.")).map(str::to_owned).collect();
        assert_eq!(lines.len(), 2, "{text}");
        lines
    };
    let other = profile(&curl, &server, "/mail/apple.mobileconfig?address=nobody@post.test");
    assert_ne!(ids(&done.out), ids(&other.out), "each account has its own");
    assert_eq!(done.out, profile(&curl, &server, link).out, "and always the same");
    assert_eq!(curl.ask("/mail/apple.mobileconfig", &[]).status, 404);
    assert_eq!(curl.ask("/mail/apple.mobileconfig?address=anne@mute.test", &[]).status, 404);
}

#[test]
fn the_port_in_clear_answers_for_certificates_and_leads_to_tls() {
    let more = "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"http\"\n";
    let mut server = Server::fresh("en", more);
    server.go();
    let port = server.port(Port::Http);
    let place = server.data().join("acme/.well-known/acme-challenge");
    assert!(server.data().join("acme").is_dir(), "certbot wants the directory to be there");
    fs::create_dir_all(&place).expect("a directory");
    fs::write(place.join("to-Ken_1"), "to-Ken_1.digest").expect("a file");
    let ask = |path: &str| {
        let mut curl = Command::new(find("curl", "curl"));
        curl.args(["--silent", "--include", "--path-as-is", "--max-time", "60", "--noproxy", "*"]);
        curl.args(["--header", "Host: autoconfig.post.test"]).arg(format!("http://127.0.0.1:{port}{path}"));
        run(&mut curl, b"").out
    };
    let answer = ask("/.well-known/acme-challenge/to-Ken_1");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nto-Ken_1.digest"), "{answer}");
    for path in [
        "/.well-known/acme-challenge/other",
        "/.well-known/acme-challenge/../../../facteur.toml",
        "/mail/config-v1.1.xml?emailaddress=anne%40post.test",
    ] {
        let answer = ask(path);
        let wanted =
            format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: https://autoconfig.post.test{path}\r\n");
        assert!(answer.starts_with(&wanted), "{answer}");
    }
    let spoken = server.ok("fr", &["status"]);
    assert!(spoken.contains("le web en clair"), "{spoken}");
}

/// What a web server in front gives, asked by its socket under a name of the domain.
fn through(socket: &Path, name: &str, path: &str, more: &[&str]) -> Done {
    let mut curl = Command::new(find("curl", "curl"));
    curl.args(["--silent", "--show-error", "--include", "--insecure", "--max-time", "60", "--noproxy", "*"]);
    curl.arg("--unix-socket").arg(socket).args(more).arg(format!("https://{name}{path}"));
    run(&mut curl, b"")
}

/// A text with something in place of something else, which must be there.
#[track_caller]
fn swapped(text: &str, what: &str, with: &str) -> String {
    assert!(text.contains(what), "{what:?} is not in {text}");
    text.replace(what, with)
}

/// Looks through a web server in front at all that programs ask, and that nothing else is to be had there.
#[track_caller]
fn check_front(server: &Server, socket: &Path, mut front: Running, log: &Path) {
    let ask = |name: &str, path: &str, more: &[&str]| through(socket, name, path, more);
    until("the web server in front", 60, || {
        assert!(!front.has_ended(), "{}", String::from_utf8_lossy(&read(log)));
        (ask("autoconfig.post.test", "/nothing", &[]).code == 0).then_some(())
    });
    let bare = server.ok("en", &["domain", "settings", "post.test", "--as", "autoconfig"]);
    for (name, path) in [
        ("autoconfig.post.test", "/mail/config-v1.1.xml"),
        ("autoconfig.post.test", "/.well-known/autoconfig/mail/config-v1.1.xml"),
    ] {
        let done = ask(name, path, &[]);
        assert!(done.out.contains(" 200") && done.out.ends_with(&bare), "{path}: {}{}", done.out, done.err);
    }
    let posted = ["--data-binary", &outlook("anne@post.test")];
    for path in ["/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"] {
        let done = ask("autodiscover.post.test", path, &posted);
        assert!(done.out.contains("<Server>imap.post.test</Server>"), "{path}: {}", done.out);
    }
    for path in ["/", "/healthz", "/assets/style.css", "/login"] {
        let done = ask("autoconfig.post.test", path, &[]);
        let status = done.out.split(' ').nth(1);
        assert_eq!(status, Some("404"), "{path} leads to the portal: {}", done.out);
    }
}

#[test]
fn nginx_stands_in_front_as_it_is_told() {
    need_root("nginx gives up root by itself");
    let server = server("en", LISTENER);
    let at = |name: &str| server.directory().join(name);
    Authority::new().issue("autoconfig.post.test", &at("cert.pem"), &at("key.pem"));
    let told = server.ok("en", &["domain", "settings", "post.test", "--as", "nginx"]);
    let socket = at("front");
    let listen = |kind: &str, suffix: &str| format!("listen unix:{}{kind}{suffix};", socket.display());
    let mut text = told;
    for (what, with) in [
        ("    listen [::]:80;\n", String::new()),
        ("    listen [::]:443 ssl;\n", String::new()),
        ("listen 80;", listen(".clear", "")),
        ("listen 443 ssl;", listen("", " ssl")),
        ("/etc/letsencrypt/live/autoconfig.post.test/fullchain.pem", at("cert.pem").display().to_string()),
        ("/etc/letsencrypt/live/autoconfig.post.test/privkey.pem", at("key.pem").display().to_string()),
        ("127.0.0.1:8189", format!("127.0.0.1:{}", server.port(Port::Https))),
        ("/var/www/html", at("html").display().to_string()),
    ] {
        text = swapped(&text, what, &with);
    }
    let (place, log) = (server.directory().display(), at("nginx.log"));
    let around = format!(
        "daemon off;\nuser root;\nworker_processes 1;\npid {place}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n\
         client_body_temp_path {place}/a;\nproxy_temp_path {place}/b;\nfastcgi_temp_path {place}/c;\nuwsgi_temp_path {place}/d;\nscgi_temp_path {place}/e;\n{text}}}\n"
    );
    fs::write(at("nginx.conf"), around).expect("a configuration");
    fs::create_dir_all(at("html/.well-known/acme-challenge")).expect("a directory");
    fs::write(at("html/.well-known/acme-challenge/token"), "answer").expect("a file");
    let conf = at("nginx.conf");
    let arguments = [
        "-p",
        server.directory().to_str().expect("a plain path"),
        "-c",
        conf.to_str().expect("a plain path"),
    ];
    let front = Running::start(&find("nginx", "nginx-light"), &arguments, &log);
    check_front(&server, &socket, front, &log);
}

#[test]
fn caddy_stands_in_front_as_it_is_told() {
    let server = server("en", LISTENER);
    let at = |name: &str| server.directory().join(name);
    let told = server.ok("en", &["domain", "settings", "post.test", "--as", "caddy"]);
    let socket = at("front");
    let backend = format!("127.0.0.1:{}", server.port(Port::Https));
    let text = swapped(&told, "127.0.0.1:8189", &backend);
    // The certificate is Caddy's own here, and it listens where nobody else does.
    let own = format!("autodiscover.post.test {{\n\tbind unix/{}\n\ttls internal", socket.display());
    let text = swapped(&text, "autodiscover.post.test {", &own);
    let global = "{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n";
    fs::write(at("Caddyfile"), format!("{global}{text}")).expect("a configuration");
    let (home, log, file) = (at("home"), at("caddy.log"), at("Caddyfile"));
    fs::create_dir(&home).expect("a directory");
    let home = home.to_str().expect("a plain path");
    let variables = [("HOME", home), ("XDG_DATA_HOME", home), ("XDG_CONFIG_HOME", home)];
    let arguments = ["run", "--adapter", "caddyfile", "--config", file.to_str().expect("a plain path")];
    let front = Running::start_with(&find("caddy", "caddy"), &arguments, &variables, &log);
    check_front(&server, &socket, front, &log);
}

/// A network, mounts and processes of one's own, which all end with the one that began them.
const ALONE: &[&str] = &["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];

/// What Thunderbird made of an address, without how it came by it.
fn made(account: &Value) -> (Value, Value, Value) {
    (account["address"].clone(), account["incoming"].clone(), account["outgoing"].clone())
}

/// Whether this machine lets a test have a network of its own; where not, that is said.
fn has_namespaces() -> bool {
    let done = run(Command::new(find("unshare", "util-linux")).args(ALONE).arg("true"), b"");
    if done.code != 0 {
        println!("skipped: no network of one's own can be had here: {}", done.err);
    }
    done.code == 0
}

/// What `domain check` says of the documents, as our own discovery has them.
#[track_caller]
fn check_documents(told: &Value) {
    // Our own discovery has it at the domain's own name; what stands at the bare domain has a certificate for others.
    let documents = told["documents"].as_array().expect("documents");
    let states: Vec<(&str, &str)> = documents
        .iter()
        .map(|one| (one["url"].as_str().unwrap_or_default(), one["state"].as_str().unwrap_or_default()))
        .collect();
    let expected = [
        ("https://autoconfig.post.test/mail/config-v1.1.xml", "yes"),
        ("https://post.test/.well-known/autoconfig/mail/config-v1.1.xml", "out_of_reach"),
        ("https://autodiscover.post.test/autodiscover/autodiscover.xml", "yes"),
    ];
    assert_eq!(states, expected, "{told}");
    assert!(documents[1]["says"].as_str().is_some_and(|says| says.contains("post.test")), "{told}");
}

#[test]
fn thunderbird_sets_itself_up_from_what_is_published() {
    need_root("Thunderbird gets a network of its own");
    if !has_namespaces() {
        return;
    }
    let tls = "[tls]\ncert = \"paper/cert.pem\"\nkey = \"paper/key.pem\"\n";
    let mut server = Server::fresh("en", "");
    let at = |name: &str| server.directory().join(name);
    let paper = at("paper");
    fs::create_dir(&paper).expect("a directory");
    let authority = Authority::new();
    // Not for `else.test`: what it publishes is had only behind a certificate that does not fit.
    let names = ["mail.facteur.test", "autoconfig.post.test", "autodiscover.post.test", "well.test"];
    authority.issue_for(&names, &paper.join("cert.pem"), &paper.join("key.pem"));
    authority.write(&paper.join("authority.pem"));
    let place = paper.to_str().expect("a plain path").to_owned();
    let listener =
        |port: u16, kind: &str| format!("[[listener]]\naddress = \"127.0.0.1:{port}\"\nkind = \"{kind}\"\n");
    let text = format!(
        "host_name = \"mail.facteur.test\"\n{}{}{}{}",
        listener(443, "https"),
        listener(80, "http"),
        listener(587, "submission"),
        tls.replace("paper/", &format!("{place}/"))
    );
    // The ports of this configuration are had in the network of its own alone; what is set up before needs none.
    server.go();
    add_domains(&server);
    for (domain, more) in [("well.test", &["--local-part"][..]), ("else.test", &[])] {
        server.ok("en", &["domain", "add", domain]);
        let servers =
            ["domain", "publish", domain, "--imap", "imap.post.test:143", "--smtp", "smtp.post.test"];
        server.ok("en", &[&servers[..], more].concat());
    }
    server.stop();
    fs::write(server.data().join("facteur.toml"), text).expect("a configuration");
    let pem = String::from_utf8(read(&paper.join("authority.pem"))).expect("PEM is text");
    let der: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let data = server.data();
    let wanted = json!({
        "names": ["post.test", "autoconfig.post.test", "autodiscover.post.test", "well.test", "autoconfig.else.test", "else.test"],
        "start": [FACTEUR, "--data", data, "start"],
    "check": [FACTEUR, "--data", data, "domain", "check", "post.test", "--private", "--json"],
        "trusted": paper.join("authority.pem"),
        "ca": der,
        "addresses": ["anne@post.test", "luc@well.test", "eve@else.test"],
        "place": paper,
    });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/thunderbird.py");
    let mut command = Command::new(find("unshare", "util-linux"));
    command.args(ALONE).arg("--").arg(find("python3", "python3")).arg(script);
    let done = run(&mut command, wanted.to_string().as_bytes());
    let log = || String::from_utf8_lossy(&read(&paper.join("thunderbird.log"))).into_owned();
    assert_eq!(done.code, 0, "{}{}\n{}", done.out, done.err, log());
    let told: Value = serde_json::from_str(&done.out).expect("JSON");
    let [anne, luc, eve] = [0, 1, 2].map(|index| &told["made"][index]);
    // 3 is TLS from the first byte, 2 STARTTLS.
    let imap = |port: u16, tls: u8, user: &str| json!(["imap", "imap.post.test", port, tls, user]);
    let smtp = |port: u16, tls: u8, user: &str| json!(["smtp", "smtp.post.test", port, tls, user]);
    let expected = ("anne@post.test".into(), imap(993, 3, "anne@post.test"), smtp(587, 2, "anne@post.test"));
    assert_eq!(made(anne), expected, "{told}");
    let expected = ("luc@well.test".into(), imap(143, 2, "luc"), smtp(465, 3, "luc"));
    assert_eq!(made(luc), expected, "{told}");
    assert_eq!(eve, &Value::Null, "what is behind a foreign certificate is not believed: {told}");
    check_documents(&told["checked"]);
}
