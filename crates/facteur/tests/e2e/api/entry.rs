//! Which key opens which address: every route of the table, with every kind of key.

use crate::support::api::{Api, check_problem, json, key};
use crate::support::server::{PASSWORD, Server};
use crate::support::web;
use ::web::table::{Access, Route, table};
use serde_json::json;
use store::Scope;

/// The routes for programs.
fn routes() -> Vec<Route> {
    table().into_iter().filter(|route| matches!(route.access, Access::Key(_) | Access::AnyKey)).collect()
}

/// The path of a route, its gaps filled with what is not there.
fn path(route: &Route) -> String {
    let part = |part: &str| if part.starts_with('{') { "none".to_owned() } else { part.to_owned() };
    route.path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A key whose time is over: the shortest time is a day, so its end is put into the past while the server is stopped.
fn expired_key(server: &mut Server) -> String {
    let expired = key(server, None, &["admin"]);
    server.stop();
    let conn = rusqlite::Connection::open(server.data().join("facteur.db")).expect("the data");
    conn.execute("UPDATE api_keys SET expires_at = 1", []).expect("the key is there");
    drop(conn);
    server.go();
    expired
}

#[test]
fn every_address_is_shut_to_keys_that_may_not() {
    let mut server = web::server("en");
    server.add_person("claire@facteur.test", &[]);
    let expired = expired_key(&mut server);
    let mut api = Api::new(&server, None, &["discover"]);
    let revoked = key(&server, None, &["admin"]);
    server.ok("en", &["key", "remove", revoked.rsplit_once('_').expect("a name").0]);
    let own = api.key.clone();
    let routes = routes();
    assert!(routes.len() > 1, "there is an API");
    for route in &routes {
        let path = path(route);
        let mut check = |key: &str, status, code| {
            key.clone_into(&mut api.key);
            let page = api.page(route.method, &path, None);
            if route.path.starts_with("/api/") {
                check_problem(&page, status, code);
            } else {
                assert_eq!(page.status, status, "{} {path}: {}", route.method, page.body);
            }
            page
        };
        let page = check("", 401, "no_key");
        assert_eq!(page.header("WWW-Authenticate"), "Bearer", "a browser is never asked for a password");
        check("fct_wrongkey_wrong", 401, "wrong_key");
        check(&revoked, 401, "revoked_key");
        check(&expired, 401, "expired_key");
        if matches!(route.access, Access::Key(scope) if scope != Scope::Discover) {
            check(&own, 403, "scope_missing");
        }
    }
}

#[test]
fn a_session_of_a_browser_opens_nothing() {
    let server = web::server("en");
    server.add_person("claire@facteur.test", &[]);
    let curl = web::Curl::new(&server);
    curl.sign_in("claire@facteur.test", PASSWORD);
    let page = curl.ask("/api/v1/key", &[]);
    assert_eq!((page.status, json(&page)["code"].as_str()), (401, Some("no_key")));
}

#[test]
fn a_key_is_taken_where_libraries_put_it() {
    let server = web::server("en");
    let api = Api::new(&server, None, &["status"]);
    let colon = format!("anything:{}", api.key);
    for more in [
        vec!["--header".to_owned(), format!("X-Postmark-Server-Token: {}", api.key)],
        vec!["--header".to_owned(), format!("api-key: {}", api.key)],
        vec!["--user".to_owned(), colon],
    ] {
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let page = api.curl.ask("/api/v1/key", &more);
        assert_eq!(page.status, 200, "{more:?}: {}", page.body);
        assert_eq!(json(&page)["scopes"], json!(["status"]));
    }
    assert_eq!(api.done("GET", "/api/v1/status", None)["host_name"], "mail.facteur.test");
}

#[test]
fn what_goes_wrong_is_told_in_one_shape() {
    let server = web::server("en");
    let api = Api::new(&server, None, &["status"]);
    check_problem(&api.page("GET", "/api/v1/nothing", None), 404, "not_found");
    check_problem(&api.page("GET", "/api/", None), 404, "not_found");
    let page = api.page("PUT", "/api/v1/key", None);
    check_problem(&page, 405, "method");
    assert!(page.header("Allow").contains("GET"), "{}", page.head);
    let much = json!({ "x": "y".repeat(3 << 20) });
    check_problem(&api.page("POST", "/api/v1/nothing", Some(&much)), 413, "too_large");
}

#[test]
fn wrong_keys_are_slowed_and_the_right_one_is_not() {
    let server = web::server("en");
    let mut api = Api::new(&server, None, &["status"]);
    let own = api.key.clone();
    let mut told = Vec::new();
    for number in 0..12 {
        api.key = format!("fct_guess_{number}");
        told.push(api.page("GET", "/api/v1/key", None));
    }
    let last = told.pop().expect("twelve");
    check_problem(&last, 429, "slowed");
    let wait: u64 = last.header("Retry-After").parse().expect("seconds");
    assert!((1..=600).contains(&wait), "{wait}");
    api.key = own;
    assert_eq!(api.page("GET", "/api/v1/key", None).status, 200);
}
