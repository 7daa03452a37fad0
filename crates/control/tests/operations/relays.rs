//! Relays and routes.

use crate::desk::{CANARY, Desk};
use control::{Answer, Blame, RelayState};
use mail::Stage;
use serde_json::{Value, json};
use store::{Directory as _, RelayAuth};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

fn add(relay: &Value) -> Value {
    json!({"operation": "relay_add", "relay": relay})
}

fn change(name: &str, relay: &Value) -> Value {
    json!({"operation": "relay_change", "name": name, "relay": relay})
}

#[tokio::test]
async fn the_first_relay_of_an_owner_carries_its_mail() {
    let desk = Desk::new().await;
    for (name, owner) in [("one", None), ("two", None), ("three", Some("acme")), ("four", Some("acme"))] {
        desk.does(add(
            &json!({"name": name, "host": "smtp.test", "login": "us", "password": CANARY, "owner": owner}),
        ))
        .await;
    }
    let routes = |answer: Value| -> Vec<String> {
        let routes = answer["routes"].as_array().unwrap().clone();
        routes
            .iter()
            .map(|r| format!("{} {}", r["scope"].as_str().unwrap(), r["relay"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(
        routes(desk.does(json!({"operation": "route_list"})).await),
        ["owner:acme three", "default one"]
    );
    desk.does(add(
        &json!({"name": "five", "host": "smtp.test", "no_auth": true, "tls": "never", "default": true}),
    ))
    .await;
    desk.does(change("four", &json!({"default": true}))).await;
    assert_eq!(
        routes(desk.does(json!({"operation": "route_list"})).await),
        ["owner:acme four", "default five"]
    );
    assert_eq!(
        desk.audits().await,
        [
            "uid 0 relay add one",
            "uid 0 relay add one",
            "uid 0 relay add two",
            "uid 0 relay add acme",
            "uid 0 relay add three",
            "uid 0 relay add three",
            "uid 0 relay add four",
            "uid 0 relay add five",
            "uid 0 relay add five",
            "uid 0 relay change four",
        ]
    );
}

#[tokio::test]
async fn a_preset_fills_what_is_not_said() {
    let desk = Desk::new().await;
    for (spec, host, port, login) in [
        (json!({"preset": "gmail", "login": "a@gmail.test"}), "smtp.gmail.com", Value::Null, "a@gmail.test"),
        (json!({"preset": "SendinBlue", "login": "a"}), "smtp-relay.brevo.com", Value::Null, "a"),
        (json!({"preset": "sendgrid"}), "smtp.sendgrid.net", Value::Null, "apikey"),
        (json!({"preset": "orange", "login": "a", "name": "mine"}), "smtp.orange.fr", json!(465), "a"),
        (
            json!({"preset": "ses", "region": "eu-west-3", "login": "a"}),
            "email-smtp.eu-west-3.amazonaws.com",
            Value::Null,
            "a",
        ),
    ] {
        let mut spec = spec;
        spec["password"] = json!(CANARY);
        let relay = desk.does(add(&spec)).await["relay"].clone();
        assert_eq!(
            (relay["host"].as_str().unwrap(), &relay["port"], relay["login"].as_str().unwrap()),
            (host, &port, login)
        );
    }
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_reason() {
    let desk = Desk::new().await;
    desk.relay("taken").await;
    let whole = json!({"name": "new", "host": "smtp.test", "login": "us", "password": CANARY});
    let with = |key: &str, value: Value| {
        let mut spec = whole.clone();
        spec[key] = value;
        spec
    };
    for (spec, blame, about) in [
        (with("name", Value::Null), Blame::Needed, "name"),
        (with("name", json!(" ")), Blame::Needed, "name"),
        (with("name", json!("two\nlines")), Blame::Invalid, "name"),
        (with("name", json!("TAKEN")), Blame::Exists, "TAKEN"),
        (with("host", Value::Null), Blame::Needed, "host"),
        (with("host", json!("no host")), Blame::Invalid, "host"),
        (with("login", Value::Null), Blame::Needed, "login"),
        (with("password", Value::Null), Blame::Needed, "password"),
        (with("password", json!("")), Blame::Needed, "password"),
        (with("preset", json!("nobody")), Blame::Invalid, "preset"),
        (with("preset", json!("outlook")), Blame::OAuth2Only, "outlook"),
        (json!({"preset": "ses", "login": "a", "password": CANARY}), Blame::Needed, "region"),
        (with("extra_ca", json!("no certificate")), Blame::Invalid, "ca"),
        (json!({"name": "new", "host": "203.0.113.5", "no_auth": true}), Blame::Insecure, "new"),
        (json!({"name": "new", "host": "[2001:db8::1]", "no_auth": true}), Blame::Insecure, "new"),
        (
            json!({"name": "new", "host": "203.0.113.5", "login": "a", "password": CANARY, "tls": "never"}),
            Blame::Insecure,
            "new",
        ),
        // A provider that is known is on the Internet, whatever its addresses are.
        (
            json!({"name": "new", "host": "smtp.gmail.com", "no_auth": true, "tls": "never"}),
            Blame::Insecure,
            "new",
        ),
        (json!({"name": "new", "preset": "orange", "no_auth": true}), Blame::Insecure, "new"),
    ] {
        let mut spec = spec;
        spec["owner"] = json!("somebody new");
        desk.refuses(add(&spec), blame, about).await;
    }
    assert_eq!(desk.store.owners().await.unwrap().len(), 1, "no owner is made for what is refused");
    for spec in [
        json!({"name": "near", "host": "[::1]", "no_auth": true, "tls": "never"}),
        // Where a name leads is judged when it is dialled.
        json!({"name": "name", "host": "relay.office.test", "no_auth": true, "tls": "never"}),
        json!({"name": "lan", "host": "192.168.1.1", "no_auth": true}),
        json!({"name": "wanted", "host": "203.0.113.5", "no_auth": true, "insecure": true}),
    ] {
        desk.does(add(&spec)).await;
    }
    for (name, spec, blame, about) in [
        ("nobody", json!({}), Blame::Missing, "nobody"),
        ("near", json!({"name": "LAN"}), Blame::Exists, "LAN"),
        ("near", json!({"name": ""}), Blame::Needed, "name"),
        ("near", json!({"login": "us"}), Blame::Needed, "password"),
        ("near", json!({"password": CANARY}), Blame::Needed, "login"),
        ("taken", json!({"password": ""}), Blame::Needed, "password"),
        ("wanted", json!({"insecure": false}), Blame::Insecure, "wanted"),
        ("taken", json!({"host": "a b"}), Blame::Invalid, "host"),
    ] {
        desk.refuses(change(name, &spec), blame, about).await;
    }
}

#[tokio::test]
async fn a_change_touches_what_it_names() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    let relay =
        desk.does(change("ONE", &json!({"name": "uno", "port": 2525, "max_connections": 0}))).await["relay"]
            .clone();
    assert_eq!(
        (relay["name"].as_str(), relay["port"].as_u64(), relay["max_connections"].as_u64()),
        (Some("uno"), Some(2525), Some(1))
    );
    let relay = desk.does(change("uno", &json!({"port": 0, "login": "them"}))).await["relay"].clone();
    assert_eq!((&relay["port"], relay["login"].as_str()), (&Value::Null, Some("them")));
    let stored = desk.store.relays().await.unwrap().remove(0);
    let RelayAuth::Password { login, password } = &stored.auth else { panic!("it signs in") };
    assert_eq!((login.as_str(), password.reveal()), ("them", CANARY), "the password stayed");
    let relay =
        desk.does(change("uno", &json!({"no_auth": true, "host": "10.0.0.1"}))).await["relay"].clone();
    assert_eq!(relay["login"], Value::Null);
    desk.does(change("uno", &json!({"login": "us", "password": CANARY}))).await;
    desk.does(json!({"operation": "relay_password", "name": "uno", "password": CANARY})).await;
    desk.refuses(
        json!({"operation": "relay_password", "name": "uno", "password": ""}),
        Blame::Needed,
        "password",
    )
    .await;
    desk.refuses(json!({"operation": "relay_password", "name": "no", "password": "x"}), Blame::Missing, "no")
        .await;
}

#[tokio::test]
async fn a_new_password_opens_a_closed_relay_and_its_mail_is_due() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    desk.send("anne@here.test", &["bob@x.test"]).await;
    desk.carry(Stage::Auth, "535 5.7.8 Username and Password not accepted").await;
    let Ok(Answer::Relays { relays }) = desk.ask(json!({"operation": "relay_list"})).await else { panic!() };
    assert_eq!(
        (relays[0].state, relays[0].closures[0].cause.as_str()),
        (RelayState::Closed, "auth_bad_credentials")
    );
    let changed = desk
        .ask(json!({"operation": "relay_password", "name": "one", "password": "another canary-bd41c6"}))
        .await;
    let Ok(Answer::Relay { relay }) = changed else { panic!("{changed:?}") };
    assert_eq!((relay.state, relay.closures.len()), (RelayState::Open, 0));
    desk.carry(Stage::EndOfData, "250 2.0.0 Ok").await;
    let status = desk.does(json!({"operation": "status"})).await;
    assert_eq!(status["report"]["totals"]["messages"], 0);
    assert_eq!(desk.audits().await.last().unwrap(), "uid 0 relay password one");
}

/// A server that greets and says goodbye: as far as a relay without TLS and sign-in is tested.
async fn greeter() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let mut stream = BufReader::new(stream);
            let mut line = String::new();
            let _ = stream.get_mut().write_all(b"220 here ESMTP\r\n").await;
            while stream.read_line(&mut line).await.is_ok_and(|read| read > 0) {
                let _ = stream.get_mut().write_all(b"250 here\r\n").await;
            }
        }
    });
    port
}

#[tokio::test]
async fn a_test_that_succeeds_opens_the_relay_and_one_that_fails_says_why() {
    let desk = Desk::new().await;
    let port = greeter().await;
    let near = json!({"name": "near", "host": "127.0.0.1", "port": port, "tls": "never", "no_auth": true});
    desk.does(add(&near)).await;
    desk.send("anne@here.test", &["bob@x.test"]).await;
    desk.carry(Stage::Greeting, "554 5.7.1 Go away").await;
    assert_eq!(desk.store.closures().await.unwrap().len(), 1);
    let tested = desk.does(json!({"operation": "relay_test", "name": "near"})).await;
    assert_eq!((tested["relay"].as_str(), &tested["evidence"]), (Some("near"), &Value::Null));
    assert!(tested["dialogue"]["lines"].as_array().unwrap().len() >= 4, "{tested}");
    assert_eq!(desk.store.closures().await.unwrap(), []);

    desk.relay("far").await;
    let tested = desk.does(json!({"operation": "relay_test", "name": "far"})).await;
    assert_eq!(tested["evidence"]["seen"], "name_unknown", "{tested}");
}

#[tokio::test]
async fn a_relay_that_is_removed_leaves_its_mail_without_a_route() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    let id = desk.send("anne@here.test", &["bob@x.test"]).await;
    desk.carry(Stage::Auth, "535 5.7.8 Username and Password not accepted").await;
    desk.does(json!({"operation": "relay_remove", "name": "one"})).await;
    desk.queue.feed().await.unwrap();
    let why = desk.does(json!({"operation": "why", "id": id.to_string()})).await;
    assert_eq!(why["story"]["message"]["recipients"][0]["cause"], "no_route");
    desk.refuses(json!({"operation": "relay_remove", "name": "one"}), Blame::Missing, "one").await;
    let status = desk.does(json!({"operation": "status"})).await;
    assert_eq!(status["report"]["has_route"], false);
}

#[tokio::test]
async fn routes_are_set_by_name() {
    let desk = Desk::new().await;
    desk.relay("one").await;
    desk.relay("two").await;
    desk.does(json!({"operation": "account_add", "account": {"login": "anne@here.test", "password": "long enough canary-bd41c6"}})).await;
    desk.does(json!({"operation": "site_add", "site": {"name": "shop", "senders": ["@here.test"], "networks": ["10.0.0.0/8"]}})).await;
    for scope in [
        json!({"for": "site", "name": "SHOP"}),
        json!({"for": "account", "name": "Anne@here.test"}),
        json!({"for": "sender_domain", "name": "there.test"}),
        json!({"for": "owner", "name": "default"}),
        json!({"for": "default"}),
    ] {
        desk.does(json!({"operation": "route_set", "scope": scope, "relay": "TWO"})).await;
    }
    let routes = desk.does(json!({"operation": "route_list"})).await;
    let scopes: Vec<_> =
        routes["routes"].as_array().unwrap().iter().map(|r| r["scope"].as_str().unwrap()).collect();
    assert_eq!(
        scopes,
        ["site:shop", "account:anne@here.test", "domain:there.test", "owner:default", "default"]
    );
    assert!(routes["routes"].as_array().unwrap().iter().all(|route| route["relay"] == "two"));
    desk.does(json!({"operation": "route_set", "scope": {"for": "default"}, "relay": null})).await;
    assert_eq!(desk.store.routes().await.unwrap().len(), 4);
    for (scope, about) in [
        (json!({"for": "site", "name": "no"}), "no"),
        (json!({"for": "account", "name": "no"}), "no"),
        (json!({"for": "owner", "name": "no"}), "no"),
    ] {
        desk.refuses(
            json!({"operation": "route_set", "scope": scope, "relay": "one"}),
            Blame::Missing,
            about,
        )
        .await;
    }
    desk.refuses(
        json!({"operation": "route_set", "scope": {"for": "default"}, "relay": "no"}),
        Blame::Missing,
        "no",
    )
    .await;
}

#[tokio::test]
async fn mailboxes_get_mail_of_their_own_address_unless_somebody_says_otherwise() {
    let desk = Desk::new().await;
    for (relay, sender) in [
        (json!({"preset": "gmail", "login": "me@gmail.test"}), "login"),
        (json!({"name": "kept", "preset": "gmail", "login": "me@gmail.test", "sender": "keep"}), "keep"),
        (json!({"preset": "orange", "login": "me"}), "keep"),
        (json!({"preset": "brevo", "login": "me@x.test"}), "keep"),
        (json!({"name": "own", "host": "smtp.test", "login": "me@x.test", "sender": "login"}), "login"),
        (json!({"name": "plain", "host": "smtp.test", "login": "me@x.test"}), "keep"),
    ] {
        let mut relay = relay;
        relay["password"] = CANARY.into();
        assert_eq!(desk.does(add(&relay)).await["relay"]["sender"], sender, "{relay}");
    }
    let no_address =
        json!({"name": "x", "host": "smtp.test", "login": "us", "password": CANARY, "sender": "login"});
    desk.refuses(add(&no_address), Blame::Invalid, "login").await;
    let no_login = json!({"name": "x", "host": "smtp.test", "no_auth": true, "sender": "login"});
    desk.refuses(add(&no_login), Blame::Needed, "login").await;
    desk.refuses(change("own", &json!({"login": "us"})), Blame::Invalid, "login").await;
    assert_eq!(desk.does(change("plain", &json!({"sender": "login"}))).await["relay"]["sender"], "login");
    assert_eq!(desk.does(change("kept", &json!({"max_connections": 1}))).await["relay"]["sender"], "keep");
    let bare = json!({"no_auth": true, "tls": "never", "insecure": true});
    assert_eq!(desk.does(change("own", &bare)).await["relay"]["sender"], "keep");
}
