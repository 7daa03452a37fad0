//! Who gets in, and what each of them may do: every route of the table, by everybody.

use crate::support::server::{PASSWORD, Server};
use crate::support::web::{self, Curl, Page};
use ::web::table::{Access, Route, table};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visitor {
    Stranger,
    Person,
    Helper,
    Administrator,
}

impl Visitor {
    const ALL: [Self; 4] = [Self::Stranger, Self::Person, Self::Helper, Self::Administrator];

    fn may(self, access: Access) -> bool {
        match access {
            Access::Everyone => true,
            Access::Person => self != Self::Stranger,
            Access::Helper => matches!(self, Self::Helper | Self::Administrator),
            Access::Administrator => self == Self::Administrator,
            // A session is worth nothing there.
            Access::Key(_) | Access::AnyKey => false,
        }
    }
}

fn browser(server: &Server, visitor: Visitor) -> Curl<'_> {
    let curl = Curl::new(server);
    match visitor {
        Visitor::Stranger => {}
        Visitor::Person => curl.sign_in("claire@facteur.test", PASSWORD),
        Visitor::Helper => curl.sign_in("helene@facteur.test", PASSWORD),
        Visitor::Administrator => curl.sign_in_by_link(),
    }
    curl
}

fn scene() -> Server {
    let server = web::server("en");
    server.add_person("claire@facteur.test", &[]);
    server.add_person("helene@facteur.test", &[]);
    server.ok("en", &["account", "change", "helene@facteur.test", "--role", "helper"]);
    server
}

/// The path of a route, its gaps filled with what is not there.
fn path(route: &Route) -> String {
    let part = |part: &str| if part.starts_with('{') { "none".to_owned() } else { part.to_owned() };
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

fn is_entry(route: &Route) -> bool {
    route.path.starts_with("/sign-") || route.path == "/account/password"
}

#[test]
fn every_route_is_for_those_it_is_for() {
    let server = scene();
    let routes = table();
    assert!(routes.len() > 40, "the table is the portal's");
    for visitor in Visitor::ALL {
        let curl = browser(&server, visitor);
        let key = if visitor == Visitor::Stranger { String::new() } else { curl.form_key("/explain") };
        for route in routes.iter().filter(|route| !is_entry(route)) {
            let path = path(route);
            if matches!(route.access, Access::Key(_) | Access::AnyKey) {
                assert_eq!(curl.ask(&path, &["--request", route.method]).status, 401, "{path}");
                continue;
            }
            let form = format!("key={key}");
            let more: &[&str] = if route.changes { &["--data", &form] } else { &[] };
            let page = curl.ask(&path, more);
            let what = format!("{} {path} by {visitor:?}: {}", route.method, page.status);
            let is_shut = match (visitor, route.method) {
                (Visitor::Stranger, "GET") => page.header("Location") == "/sign-in",
                (Visitor::Stranger, _) => page.status == 401,
                _ => page.status == 403,
            };
            assert_eq!(is_shut, !visitor.may(route.access), "{what}");
            assert!(page.status < 500, "{what}");
        }
    }
}

#[test]
fn nothing_changes_without_the_key_of_the_session() {
    let server = scene();
    let (curl, other) = (browser(&server, Visitor::Administrator), browser(&server, Visitor::Person));
    let (own, foreign) = (curl.form_key("/explain"), other.form_key("/explain"));
    let changing: Vec<Route> = table().into_iter().filter(|route| route.changes).collect();
    assert!(changing.len() > 20);
    let origin = format!("Origin: {}", curl.address(""));
    for route in &changing {
        let path = path(route);
        for (form, more, ok) in [
            ("a=b".to_owned(), &[][..], false),
            ("key=".to_owned(), &[], false),
            (format!("key={foreign}"), &[], false),
            (format!("key={own}"), &["--header", "Origin: https://evil.test"], false),
            (format!("key={own}"), &["--header", "Origin: null"], false),
            (format!("key={own}"), &["--header", "Sec-Fetch-Site: cross-site"], false),
            (format!("key={own}"), &["--header", &origin, "--header", "Sec-Fetch-Site: same-origin"], true),
        ] {
            // What it lets through would sign this browser out.
            if ok && is_entry(route) {
                continue;
            }
            let page = curl.ask(&path, &[&["--data", &form][..], more].concat());
            let is_foreign = page.status == 403 && page.body.contains("This form is no longer good");
            assert_eq!(is_foreign, !ok, "{path} {form} {more:?}: {}", page.status);
        }
        let got = curl.ask(&path, &[]);
        let reads = table().iter().any(|other| other.method == "GET" && other.path == route.path);
        assert!(reads || matches!(got.status, 404 | 405), "{path}: {}", got.status);
    }
}

#[track_caller]
fn check_wrong(page: &Page) {
    assert_eq!(page.status, 403);
    assert!(page.body.contains("Login or password are wrong."), "{}", page.body);
    assert!(!page.header("Set-Cookie").contains("__Host-session"), "{}", page.head);
}

#[test]
fn a_password_opens_a_session_and_its_change_ends_it() {
    let server = scene();
    let curl = Curl::new(&server);
    for (login, password) in [("claire@facteur.test", "wrong"), ("nobody@facteur.test", PASSWORD), ("", "")] {
        check_wrong(&curl.try_password(login, password));
    }
    let page = curl.try_password("claire@facteur.test", PASSWORD);
    assert_eq!((page.status, page.header("Location").as_str()), (303, "/"));
    let cookie = page.header("Set-Cookie");
    assert!(
        cookie.contains("__Host-session=") && cookie.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{cookie}"
    );
    assert_eq!(curl.ask("/messages", &[]).status, 200);
    server.give(
        "en",
        &["account", "password", "claire@facteur.test", "--password-stdin"],
        "Another one, 2 longer",
    );
    assert_eq!(
        curl.ask("/messages", &[]).header("Location"),
        "/sign-in",
        "the old password opens nothing any more"
    );
    curl.sign_in("claire@facteur.test", "Another one, 2 longer");
    let old = curl.jar();
    let key = curl.form_key("/explain");
    assert_eq!(curl.ask("/sign-out", &["--data", &format!("key={key}")]).status, 303);
    curl.take_jar(&old);
    assert_eq!(curl.ask("/messages", &[]).header("Location"), "/sign-in", "a session that was left is over");
}

#[test]
fn a_link_signs_an_administrator_in_once() {
    let server = scene();
    let curl = Curl::new(&server);
    let link = curl.link();
    // Whatever looks ahead, looks at a page and uses nothing up.
    for _ in 0..2 {
        assert_eq!(curl.ask(&link, &[]).status, 200);
    }
    let key = curl.form_key(&link);
    let page = curl.ask(&link, &["--data", &format!("key={key}")]);
    assert_eq!((page.status, page.header("Location").as_str()), (303, "/setup"));
    assert_eq!(curl.ask("/accounts", &[]).status, 200);
    let second = Curl::new(&server);
    let key = second.form_key(&link);
    let page = second.ask(&link, &["--data", &format!("key={key}")]);
    assert_eq!(page.status, 403);
    assert!(page.body.contains("was used already"), "{}", page.body);
    let spoken = server.ok("fr", &["portal", "link"]);
    assert!(spoken.contains("connecte un administrateur") && spoken.contains("/sign-in/link/"), "{spoken}");
}

#[test]
fn guesses_are_slowed_and_the_wait_is_told() {
    let server = scene();
    let curl = Curl::new(&server);
    let pages: Vec<Page> =
        (0..12).map(|n| curl.try_password("claire@facteur.test", &format!("guess {n}"))).collect();
    let last = pages.last().expect("a page");
    assert_eq!(last.status, 429);
    assert!(last.header("Retry-After").parse::<u32>().is_ok_and(|secs| secs > 0), "{}", last.head);
    assert!(last.body.contains("Too many wrong passwords"), "{}", last.body);
}
