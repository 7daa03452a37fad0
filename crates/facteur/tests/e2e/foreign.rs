//! What is another's is not there: every route of the table that names something, by somebody whose it is not.

use crate::support::api::{Api, json, key};
use crate::support::server::{PASSWORD, Server};
use crate::support::web::{self, Curl, Page};
use ::web::table::{Access, Route, table};
use serde_json::{Value, json};
use store::Scope;

const CLAIRE: &str = "claire@facteur.test";
const PAUL: &str = "paul@facteur.test";
/// Whom she writes to, and what she calls her webhook: in no answer to somebody else.
const FRIEND: &str = "canary-friend@dest.test";
const HOOK: &str = "canary-hook";
/// Her own relay.
const RELAY: &str = "canary-relay";
/// What a key of a person may do.
const SCOPES: [&str; 9] = [
    "send",
    "messages:read",
    "messages:write",
    "statistics",
    "explain",
    "discover",
    "webhooks",
    "relays:read",
    "relays:write",
];

/// What is Claire's.
struct Hers {
    message: Value,
    key: String,
    session: String,
}

impl Hers {
    /// Makes a thing of every kind.
    fn of(server: &Server) -> Self {
        let api = Api::new(server, Some(CLAIRE), &SCOPES);
        let relay = json!({ "name": RELAY, "host": "smtp.canary-host.test", "login": "canary-login", "password": "canary" });
        api.done("POST", "/api/v1/relays", Some(&relay));
        // Her mail waits, so that nothing happens to it by itself.
        server.ok("en", &["route", "unset", "--account", CLAIRE]);
        let letter = json!({ "from": CLAIRE, "to": FRIEND, "subject": "canary-subject", "text": "Hello." });
        let sent = api.done("POST", "/api/v1/messages", Some(&letter));
        let message =
            api.done("GET", &format!("/api/v1/messages/{}", sent["id"].as_str().expect("an id")), None);
        let hook = json!({ "name": HOOK, "url": "https://hooks.test/in" });
        api.done("POST", "/api/v1/webhooks", Some(&hook));
        let (one, other) = (Curl::new(server), Curl::new(server));
        one.sign_in(CLAIRE, PASSWORD);
        other.sign_in(CLAIRE, PASSWORD);
        assert_eq!(one.send("/account", "/account/app-passwords", &[("label", "canary-phone")]).status, 303);
        let page = one.ask("/account", &[]).body;
        let session = page.split("/account/sessions/").nth(1).and_then(|rest| rest.split('/').next());
        Self { message, key: api.key, session: session.expect("another browser").to_owned() }
    }

    /// The names that a gap of a route may have of hers; a new kind of thing has to be added here.
    fn names(&self, route: &Route) -> Vec<String> {
        let message = |field: &str| self.message[field].as_str().expect("an id").to_owned();
        let id = message("id");
        let uuid = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
        let (kind, _) = route.path.split_once("/{").expect("a gap");
        match kind.trim_start_matches("/api/v1").trim_start_matches("/resend") {
            "/messages" => vec![id, message("queue_id")],
            "/emails" => vec![uuid, id],
            "/webhooks" => vec![HOOK.to_owned()],
            "/relays" | "/account/relays" => vec![RELAY.to_owned()],
            "/keys" => vec![self.key.rsplit_once('_').expect("a name").0.to_owned()],
            // She has none: adding one takes a device. It is found among those of whoever asks, as her app password is.
            "/account/app-passwords" | "/account/passkeys" => vec!["1".to_owned()],
            "/account/sessions" => vec![self.session.clone()],
            other => panic!("what of another's could be named at {other}?"),
        }
    }

    /// How all of it stands.
    fn state(&self, server: &Server) -> Vec<Value> {
        let api = Api { curl: Curl::new(server), key: self.key.clone() };
        let id = self.message["id"].as_str().expect("an id");
        let mut recipients = api.done("GET", &format!("/api/v1/messages/{id}"), None)["recipients"].clone();
        // The next try comes nearer by itself.
        recipients[0].as_object_mut().expect("a recipient").remove("next_attempt_at");
        let curl = Curl::new(server);
        curl.sign_in(CLAIRE, PASSWORD);
        let page = curl.ask("/account", &[]).body;
        assert!(page.contains("canary-phone") && page.contains(&self.session), "{page}");
        let of = |path: &str| api.done("GET", path, None);
        vec![recipients, of("/api/v1/webhooks"), of("/api/v1/relays")]
    }
}

fn scene() -> Server {
    let server = web::server("en");
    server.add_person(CLAIRE, &[]);
    server.add_person(PAUL, &[]);
    server
}

/// The routes with a gap of one kind of access, each with the paths that name something of hers.
fn named(hers: &Hers, is_meant: impl Fn(Access) -> bool) -> Vec<(Route, String)> {
    let routes = table().into_iter().filter(|route| route.path.contains('{') && is_meant(route.access));
    let paths = |route: Route| {
        let (before, rest) = route.path.split_once('{').expect("a gap");
        let after = rest.split_once('}').expect("its end").1;
        let paths = hers.names(&route).into_iter().map(move |name| format!("{before}{name}{after}"));
        paths.map(|path| (route.method, route.path, route.access, path)).collect::<Vec<_>>()
    };
    let all: Vec<_> = routes.flat_map(paths).collect();
    let route_of = |method: &str, path: &str| {
        table().into_iter().find(|route| route.method == method && route.path == path).expect("a route")
    };
    all.into_iter().map(|(method, path, _, filled)| (route_of(method, path), filled)).collect()
}

#[track_caller]
fn check_absent(page: &Page, what: &str, path: &str) {
    assert_eq!(page.status, 404, "{what}: {}", page.body);
    check_words(page, what, path);
}

/// Nothing of hers is told.
#[track_caller]
fn check_words(page: &Page, what: &str, path: &str) {
    // What was asked may be repeated; nothing else of hers is there.
    let told = page.body.replace(path, "");
    for word in
        [FRIEND, CLAIRE, "canary-subject", "canary-phone", "hooks.test", "canary-host", "canary-login"]
    {
        assert!(!told.contains(word), "{what} tells {word}: {}", page.body);
    }
}

#[test]
fn a_key_of_another_finds_nothing_anywhere() {
    let server = scene();
    let hers = Hers::of(&server);
    let before = hers.state(&server);
    let api = Api { curl: Curl::new(&server), key: key(&server, Some(PAUL), &SCOPES) };
    let open = |access| matches!(access, Access::Key(scope) if Scope::is_for_everybody(scope));
    let routes = named(&hers, open);
    assert!(routes.len() > 15, "there are things to name");
    for (route, path) in routes {
        let body = ["POST", "PATCH"].contains(&route.method).then(|| json!({}));
        let page = api.page(route.method, &path, body.as_ref());
        check_absent(&page, &format!("{} {path}", route.method), &path);
        if route.path.starts_with("/api/") {
            assert_eq!(json(&page)["code"], "missing", "{path}");
        }
    }
    assert_eq!(hers.state(&server), before);
    // The rest is for an administrator's keys, and a person cannot have one that reaches it.
    for scope in Scope::ALL.into_iter().filter(|scope| !scope.is_for_everybody()) {
        let asked = server.ask("en", &["key", "add", "x", "--of", PAUL, "--scope", scope.as_str()], b"");
        assert_ne!(asked.code, 0, "{scope}: {}", asked.out);
    }
}

#[test]
fn pages_of_another_are_not_there() {
    let server = scene();
    let hers = Hers::of(&server);
    let before = hers.state(&server);
    let paul = Curl::new(&server);
    paul.sign_in(PAUL, PASSWORD);
    let own = paul.form_key("/explain");
    let routes = named(&hers, |access| access == Access::Person);
    assert!(routes.len() > 10, "there are things to name");
    for (route, path) in routes {
        let form = format!("key={own}&sure=1");
        let more: &[&str] = if route.changes { &["--data", &form] } else { &[] };
        let what = format!("{} {path}", route.method);
        let page = paul.ask(&path, more);
        if route.changes && page.status == 303 {
            // A form leads to a page that says what went wrong.
            let after = paul.ask(&page.header("Location"), &[]);
            check_words(&after, &what, &path);
        } else {
            check_absent(&page, &what, &path);
        }
    }
    assert_eq!(hers.state(&server), before);
}

/// A session that was left opens nothing any more, at any address.
#[test]
fn an_old_login_opens_nothing() {
    let server = scene();
    for administrator in [true, false] {
        let curl = Curl::new(&server);
        if administrator {
            curl.sign_in_by_link()
        } else {
            curl.sign_in(CLAIRE, PASSWORD)
        }
        let (old, own) = (curl.jar(), curl.form_key("/explain"));
        let form = format!("key={own}");
        assert_eq!(curl.ask("/sign-out", &["--data", &form]).status, 303);
        let shut =
            |route: &&Route| matches!(route.access, Access::Person | Access::Helper | Access::Administrator);
        for route in table().iter().filter(shut) {
            curl.take_jar(&old);
            let path = route.path.replace(['{', '}'], "");
            let more: &[&str] = if route.changes { &["--data", &form] } else { &[] };
            let page = curl.ask(&path, more);
            let what = format!("{} {path}: {}", route.method, page.status);
            if route.changes {
                assert!([401, 403].contains(&page.status), "{what}");
            } else {
                assert_eq!((page.status, page.header("Location").as_str()), (303, "/sign-in"), "{what}");
            }
        }
    }
}

/// A page of another origin reads nothing and changes nothing with a browser's session, and no answer invites it to try.
#[test]
fn another_origin_is_never_let_in_where_keys_are_asked_for() {
    let server = scene();
    let curl = Curl::new(&server);
    curl.sign_in_by_link();
    let own = format!("key={}", curl.form_key("/explain"));
    let keyed = |route: &&Route| matches!(route.access, Access::Key(_) | Access::AnyKey);
    for route in table().iter().filter(keyed) {
        let path = route.path.replace(['{', '}'], "");
        let origin = ["--header", "Origin: https://evil.test", "--header", "Sec-Fetch-Site: cross-site"];
        let with_form = ["--request", route.method, "--data", &own];
        let ways: [&[&str]; 2] =
            [&with_form, &["--request", "OPTIONS", "--header", "Access-Control-Request-Method: POST"]];
        for way in ways {
            let page = curl.ask(&path, &[way, &origin[..]].concat());
            let what = format!("{} {path} {way:?}: {}", route.method, page.status);
            assert!([401, 405].contains(&page.status), "{what}");
            assert!(
                !page.head.to_ascii_lowercase().contains("access-control-allow"),
                "{what}: {}",
                page.head
            );
        }
    }
}
