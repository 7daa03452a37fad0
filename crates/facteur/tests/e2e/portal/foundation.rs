//! What stands under every page: TLS, languages, limits, headers, and an orderly end.

use crate::support::server::Port;
use crate::support::until;
use crate::support::web::{self, Curl};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

/// A request in clear, and all that comes back.
fn in_clear(port: u16, request: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the portal listens");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a time limit");
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn health_is_told_without_a_sign_in() {
    let server = web::server("en");
    let curl = Curl::new(&server);
    for (path, status) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let page = curl.ask(path, &[]);
        let told: serde_json::Value = serde_json::from_str(&page.body).expect("JSON");
        assert_eq!((page.status, told["status"].as_str()), (200, Some(status)), "{path}");
        let head = curl.ask(path, &["--head"]);
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
    }
}

#[test]
fn every_answer_keeps_browsers_safe() {
    let server = web::server("en");
    let curl = Curl::new(&server);
    for path in ["/healthz", "/assets/style.css", "/nothing/here", "/readyz", "/sign-in"] {
        let page = curl.ask(path, &[]);
        let policy = page.header("Content-Security-Policy");
        assert!(
            policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
        assert_eq!(page.header("X-Content-Type-Options"), "nosniff", "{path}");
        assert_eq!(page.header("Referrer-Policy"), "same-origin", "{path}");
        assert_eq!(page.header("Server"), "", "{path}");
        let kept = if path.starts_with("/assets/") { "public, max-age=86400" } else { "no-store" };
        assert_eq!(page.header("Cache-Control"), kept, "{path}");
    }
}

#[test]
fn what_goes_wrong_is_worded_for_whoever_asks() {
    let server = web::server("fr");
    let curl = Curl::new(&server);
    let en = ["--header", "Accept-Language: en-GB,en;q=0.9"];
    let fr = ["--header", "Accept-Language: de, fr-CH;q=0.9, en;q=0.2"];
    for (path, more, status, lang, words) in [
        ("/nothing", &en[..], 404, "en", "There is nothing at this address"),
        ("/nothing", &fr[..], 404, "fr", "Il n'y a rien à cette adresse"),
        // Without a wish: the language of the server.
        ("/nothing", &["--header", "Accept-Language:"], 404, "fr", "Il n'y a rien à cette adresse"),
        ("/healthz", &[&en[..], &["--data", "a=b"]].concat(), 405, "en", "cannot be used in this way"),
        (
            "/nothing",
            &[&en[..], &["--header", "Accept: application/json"]].concat(),
            404,
            "en",
            "\"not_found\"",
        ),
        ("/%ff%00%3Cscript%3E", &["--header", "Accept-Language: en"], 404, "en", "nothing at this address"),
    ] {
        let page = curl.ask(path, more);
        assert_eq!(
            (page.status, page.header("Content-Language").as_str()),
            (status, lang),
            "{path} {more:?}"
        );
        assert!(page.body.contains(words), "{path} {more:?}: {}", page.body);
        assert!(!page.body.contains("<script"), "{}", page.body);
    }
    let refused = curl.ask("/healthz", &["--data", "a=b"]);
    assert_eq!(refused.header("Allow"), "GET,HEAD");
    // The switch is kept, whatever the browser prefers.
    let chosen = curl.ask("/nothing?lang=en", &fr);
    assert_eq!(chosen.header("Content-Language"), "en");
    let cookie = chosen.header("Set-Cookie");
    assert!(
        cookie.starts_with("__Host-language=en;") && cookie.contains("; Secure; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    assert_eq!(curl.ask("/nothing", &fr).header("Content-Language"), "en");
    assert_eq!(curl.ask("/nothing?lang=fr", &[]).header("Content-Language"), "fr");
    assert_eq!(curl.ask("/nothing?lang=xx", &[]).header("Content-Language"), "fr", "the kept one stands");
}

#[test]
fn too_much_is_refused() {
    let server = web::server("en");
    let curl = Curl::new(&server);
    let much = vec![b'a'; (1 << 20) + 1];
    let page = curl.fetch(&curl.address("/nothing"), &["--data-binary", "@-"], &much);
    assert_eq!(page.status, 413, "{}", page.body);
    let many: Vec<String> = (0..80).flat_map(|n| ["--header".to_owned(), format!("X-{n}: 1")]).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(curl.ask("/healthz", &many).status, 431);
    assert_eq!(curl.ask("/healthz", &[]).status, 200);
}

#[test]
fn who_speaks_in_clear_is_shown_the_way() {
    let server = web::server("en");
    let port = server.port(Port::Https);
    let answer = in_clear(port, &format!("GET /a?b HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"));
    let wanted = format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: https://127.0.0.1:{port}/a?b\r\n");
    assert!(answer.starts_with(&wanted), "{answer}");
    assert!(in_clear(port, "GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

#[test]
fn a_stop_waits_for_no_silent_connection() {
    let mut server = web::server("en");
    let port = server.port(Port::Https);
    // One that has said nothing, and one in the middle of a request in clear.
    let silent = TcpStream::connect(("127.0.0.1", port)).expect("the portal listens");
    let mut half = TcpStream::connect(("127.0.0.1", port)).expect("the portal listens");
    half.write_all(b"GET / HT").expect("it is read");
    assert_eq!(Curl::new(&server).ask("/healthz", &[]).status, 200);
    let took = server.stop();
    assert!(took < 30_000, "{took} ms");
    drop((silent, half));
}

#[test]
fn the_portal_is_announced_with_its_port() {
    let server = web::server("en");
    let port = server.port(Port::Https);
    let told = format!("Listens on 127.0.0.1:{port}, the portal, with a browser");
    until("it is announced", 30, || server.log().contains(&told).then_some(()));
    assert!(server.ok("en", &["status"]).contains(&format!("127.0.0.1:{port}")));
}
