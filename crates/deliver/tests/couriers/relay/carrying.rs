//! Carrying mail over an open connection: what arrives, who gets which answer, which connection is used again.

use crate::relay::post::{CANARY, Post, name_of};
use crate::relay::server::{Authority, Manner, Server};
use mail::{Address, Envelope, Notify, Recipient, Returned, ReversePath, Seen, Stage};
use queue::{Courier as _, Limits};
use std::time::Duration;
use store::Spool as _;

async fn post(manner: Manner) -> (Server, Post) {
    let authority = Authority::new();
    let server = authority.serve(manner).await;
    let post = Post::to(&server, &authority, |_| {}).await;
    (server, post)
}

async fn with_rules(rules: &'static str) -> (Server, Post) {
    post(Manner { rules, ..Manner::default() }).await
}

#[tokio::test]
async fn the_bytes_arrive_as_they_came_behind_the_added_lines() {
    let contents = [
        "Subject: dots\r\n\r\n.\r\n..\r\nend\r\n".to_owned(),
        format!("Subject: long\r\n\r\n{}\r\n", "é".repeat(100_000)),
        "no header\r\n".to_owned(),
    ];
    for content in contents {
        let (server, post) = with_rules("").await;
        let batch = post.batch(&["bob@x.test"], &content).await;
        let added = String::from_utf8(batch.letter.added_headers.to_vec()).unwrap();
        assert!(post.courier.carry(&batch).await.results[0].is_ok());
        let heard = server.all();
        let sent = heard.split_once("DATA\r\n").unwrap().1.split_once("\r\n.\r\n").unwrap().0;
        let unstuffed = sent.replace("\r\n.", "\r\n") + "\r\n";
        assert!(unstuffed == added + &content, "{} bytes", content.len());
    }
}

#[tokio::test]
async fn a_content_that_is_not_in_memory_comes_from_the_store() {
    let authority = Authority::new();
    let server = authority.serve(Manner::default()).await;
    let (port, pem) = (server.port, authority.pem.clone());
    let limits = Limits { body_bytes: 0, ..Limits::default() };
    let post = Post::with(limits, Vec::new(), "127.0.0.1", |relay| {
        (relay.port, relay.extra_ca) = (Some(port), Some(pem));
    })
    .await;
    let content = format!("Subject: stored\r\n\r\n{}\r\n", "x".repeat(200_000));
    let batch = post.batch(&["bob@x.test"], &content).await;
    assert!(batch.letter.body.is_none());
    assert!(post.courier.carry(&batch).await.results[0].is_ok());
    assert!(server.all().contains(&content));

    // One that the store cannot give is this server's trouble, and leaves the connection as it was.
    let batch = post.batch(&["bob@x.test"], &content).await;
    let id = batch.letter.id;
    let delete = store::Settlement {
        updates: vec![store::RecipientUpdate {
            id: mail::RecipientId { message: id, index: 0 },
            change: store::Change::Final(store::RecipientState::Cancelled),
            relay: None,
            evidence: None,
            cause: None,
            attempted: false,
            expires_at: post.clock.now(),
            paused_ms: 0,
            asked_wait_used: false,
            notice: None,
        }],
        ..store::Settlement::default()
    };
    post.store.settle(delete).await.unwrap();
    let carried = post.courier.carry(&batch).await;
    let evidence = carried.results[0].as_ref().unwrap_err();
    assert_eq!((evidence.stage, &evidence.seen), (Stage::Queue, &Seen::BodyUnreadable));
    assert!(post.one().await.is_ok());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn each_recipient_has_its_own_answer() {
    for offers in ["PIPELINING AUTH=PLAIN", "AUTH=PLAIN"] {
        let rules = "RCPT TO:<later => 450 4.2.0 Greylisted
                     RCPT TO:<gone => 550 5.1.1 No such user";
        let (server, post) = post(Manner { offers, rules, ..Manner::default() }).await;
        let carried = post.carry(&["later@x.test", "bob@x.test", "gone@x.test", "carl@x.test"]).await;
        let answers: Vec<String> = carried
            .results
            .iter()
            .map(|result| match result {
                Ok(reply) => reply.code.to_string(),
                Err(evidence) => format!("{} at {:?}", name_of(&evidence.seen), evidence.stage),
            })
            .collect();
        assert_eq!(answers, ["450 at Rcpt", "250", "550 at Rcpt", "250"], "{offers}");
        assert!(carried.dialogue.is_some(), "a failure keeps its dialogue");
        assert!(post.one().await.is_ok());
        assert_eq!(server.connections(), 1, "the connection is good");
        // When nobody is left there is nothing to send, and the connection is still good.
        let carried = post.carry(&["gone@x.test"]).await;
        assert!(carried.results[0].is_err());
        assert!(post.one().await.is_ok());
        assert_eq!((server.connections(), server.heard(".\r\n").len() >= 3), (1, true));
    }
}

#[tokio::test]
async fn a_notice_that_may_not_come_from_nobody_comes_from_the_login() {
    let said = "550 5.7.1 Null sender not allowed";
    for offers in ["PIPELINING AUTH=PLAIN", "AUTH=PLAIN"] {
        for (login, from, rules, arrives) in [
            (
                "notices@here.test",
                ReversePath::Null,
                "MAIL FROM:<> => 550 5.7.1 Null sender not allowed",
                true,
            ),
            // A login that is no address can send nothing, and a refusal for the time being is waited for.
            ("us", ReversePath::Null, "MAIL FROM:<> => 550 5.7.1 Null sender not allowed", false),
            ("notices@here.test", ReversePath::Null, "MAIL FROM:<> => 450 4.7.1 Later", false),
            ("notices@here.test", ReversePath::Null, "RCPT => 550 5.7.1 Null sender not allowed", false),
            // Whoever has a sender of their own keeps it.
            ("notices@here.test", "anne@here.test".parse().unwrap(), "MAIL => 550 5.7.1 No", false),
        ] {
            let authority = Authority::new();
            let server = authority.serve(Manner { offers, rules, ..Manner::default() }).await;
            let post = Post::to(&server, &authority, |relay| {
                relay.auth = store::RelayAuth::Password {
                    login: login.to_owned(),
                    password: mail::Secret::new(CANARY),
                };
            })
            .await;
            let content = "Auto-Submitted: auto-replied\r\n\r\nIt failed.\r\n";
            let batch = post.batch_from(from, &["anne@here.test"], content).await;
            let carried = post.courier.carry(&batch).await;
            assert_eq!(carried.results[0].is_ok(), arrives, "{rules}");
            let again = server.all().contains("MAIL FROM:<notices@here.test>");
            assert_eq!((again, server.connections()), (arrives, 1), "{rules}");
            let dialogue: Vec<String> =
                carried.dialogue.unwrap().lines.into_iter().map(|line| line.text).collect();
            let noted = dialogue.iter().any(|line| line.contains("trying again as <notices@here.test>"));
            assert_eq!(noted && dialogue.iter().any(|line| line == said), arrives, "{dialogue:?}");
        }
    }
}

#[tokio::test]
async fn news_of_success_are_not_asked_for_in_the_name_of_the_login() {
    for (notify, asked) in [
        (Notify { success: true, ..Notify::DEFAULT }, " NOTIFY=FAILURE,DELAY\r\n"),
        (Notify { success: true, ..Notify::NEVER }, " NOTIFY=NEVER\r\n"),
        (Notify::NEVER, " NOTIFY=NEVER\r\n"),
    ] {
        let authority = Authority::new();
        let offers = "PIPELINING DSN AUTH=PLAIN";
        let server = authority.serve(Manner { offers, ..Manner::default() }).await;
        let post = Post::to(&server, &authority, |relay| {
            let (login, password) = ("us@relay.test".to_owned(), mail::Secret::new(CANARY));
            relay.auth = store::RelayAuth::Password { login, password };
            relay.sender = store::SenderMode::Login;
        })
        .await;
        let recipient =
            Recipient { notify: Some(notify), ..Recipient::from("bob@x.test".parse::<Address>().unwrap()) };
        let from = "anne@here.test".parse().unwrap();
        let envelope = Envelope { from, recipients: vec![recipient], ..Envelope::default() };
        let batch = post.batch_of(envelope, "From: anne@here.test\r\n\r\nx\r\n").await;
        let carried = post.courier.carry(&batch).await;
        assert!(carried.results[0].is_ok() && !carried.tells_success, "{carried:?}");
        assert_eq!(server.heard("MAIL"), ["MAIL FROM:<us@relay.test>\r\n"]);
        assert_eq!(server.heard("RCPT"), [format!("RCPT TO:<bob@x.test>{asked}")]);
    }
}

#[tokio::test]
async fn a_relay_that_offers_it_is_told_what_the_sender_wants_to_hear() {
    for (offers, mail, rcpt) in [
        ("PIPELINING DSN AUTH=PLAIN", " RET=FULL ENVID=E1\r\n", " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob\r\n"),
        ("PIPELINING AUTH=PLAIN", "\r\n", "\r\n"),
    ] {
        let (server, post) = post(Manner { offers, ..Manner::default() }).await;
        let recipient = Recipient {
            notify: Some(Notify { success: true, failure: false, delay: true }),
            orcpt: Some("rfc822;Bob".to_owned()),
            ..Recipient::from("bob@x.test".parse::<Address>().unwrap())
        };
        let (envid, ret) = (Some("E1".to_owned()), Some(Returned::Full));
        let from = "anne@here.test".parse().unwrap();
        let envelope = Envelope { from, recipients: vec![recipient], envid, ret, ..Envelope::default() };
        let batch = post.batch_of(envelope, "Subject: x\r\n\r\nx\r\n").await;
        let carried = post.courier.carry(&batch).await;
        assert!(carried.results[0].is_ok(), "{carried:?}");
        assert_eq!(carried.tells_success, offers.contains("DSN"));
        assert_eq!(server.heard("MAIL"), [format!("MAIL FROM:<anne@here.test>{mail}")]);
        assert_eq!(server.heard("RCPT"), [format!("RCPT TO:<bob@x.test>{rcpt}")]);
    }
}

#[tokio::test]
async fn a_success_keeps_no_dialogue() {
    let (_server, post) = with_rules("").await;
    let carried = post.carry(&["bob@x.test"]).await;
    assert!(carried.dialogue.is_none() && carried.results[0].is_ok());
    assert_eq!(carried.peer.unwrap().host, "mail.test");
}

#[tokio::test]
async fn a_cut_at_each_step_is_named_by_its_step() {
    for (rules, stage) in [
        ("greeting => hangup", Stage::Greeting),
        ("EHLO => hangup", Stage::Ehlo),
        ("STARTTLS => hangup", Stage::StartTls),
        ("AUTH => hangup", Stage::Auth),
        ("MAIL => hangup", Stage::Mail),
        ("RCPT => hangup", Stage::Rcpt),
        ("DATA => hangup", Stage::Data),
        ("content => hangup", Stage::EndOfData),
        ("end => hangup", Stage::EndOfData),
    ] {
        let (_server, post) = with_rules(rules).await;
        let carried = post.carry(&["bob@x.test", "carl@x.test"]).await;
        assert_eq!(carried.results.len(), 2, "{rules}");
        for result in &carried.results {
            let evidence = result.as_ref().unwrap_err();
            assert_eq!((evidence.stage, &evidence.seen), (stage, &Seen::Dropped), "{rules}");
        }
        assert!(!carried.dialogue.unwrap().lines.is_empty(), "{rules}");
    }
}

#[tokio::test]
async fn a_refusal_at_each_step_is_named_by_its_step() {
    for (rules, stage, code) in [
        ("greeting => 554 5.7.1 Go away", Stage::Greeting, "554"),
        ("greeting => 421 4.3.2 Busy", Stage::Greeting, "421"),
        ("AUTH => 454 4.7.0 Temporary authentication failure", Stage::Auth, "454"),
        ("MAIL => 553 5.7.1 Not yours", Stage::Mail, "553"),
        ("MAIL => 421 4.7.0 Too many messages", Stage::Mail, "421"),
        ("RCPT => 421 4.7.0 Too many recipients", Stage::Rcpt, "421"),
        ("DATA => 451 4.3.0 Later", Stage::Data, "451"),
        ("end => 554 5.7.1 Spam", Stage::EndOfData, "554"),
    ] {
        let (_server, post) = with_rules(rules).await;
        post.fails(stage, code).await;
    }
}

#[tokio::test]
async fn a_connection_is_used_again_until_it_is_old_spent_or_changed() {
    let (server, post) = with_rules("").await;
    for _ in 0..3 {
        assert!(post.one().await.is_ok());
    }
    assert_eq!(server.connections(), 1);
    post.clock.advance(Duration::from_secs(19));
    assert!(post.one().await.is_ok());
    assert_eq!(server.connections(), 1, "19 seconds are not long");
    post.clock.advance(Duration::from_secs(20));
    assert!(post.one().await.is_ok());
    assert_eq!(server.connections(), 2, "20 are");
    post.change(|_| {}).await;
    assert!(post.one().await.is_ok());
    assert_eq!(server.connections(), 3, "a changed relay is signed in to anew");
    post.clock.advance(Duration::from_secs(20));
    let goodbyes = server.heard("QUIT").len();
    post.courier.sweep().await;
    assert_eq!(server.heard("QUIT").len(), goodbyes + 1, "what is swept says goodbye");
    for _ in 0..101 {
        assert!(post.one().await.is_ok());
    }
    assert_eq!(server.connections(), 5, "a connection carries a hundred messages");
}

#[tokio::test]
async fn a_kept_connection_that_is_stale_costs_nothing() {
    // The server cuts the first connection, or says goodbye on it, at its second message.
    for rules in [
        "1:RSET => hangup\n1:MAIL FROM:<second => hangup",
        "1:MAIL FROM:<second => 421 4.4.2 Idle for too long",
    ] {
        let (server, post) = with_rules(rules).await;
        assert!(post.one().await.is_ok());
        let mut draft = post.queue.draft();
        draft.append(b"Subject: x\r\n\r\n".to_vec()).await.unwrap();
        let submission = queue::Submission {
            principal: mail::Principal::System,
            owner: mail::OwnerId::DEFAULT,
            envelope: mail::Envelope {
                from: "second@here.test".parse().unwrap(),
                recipients: vec!["bob@x.test".parse().unwrap()],
                ..mail::Envelope::default()
            },
            trace: queue::Trace { helo: "x".to_owned(), client: None, protocol: "local" },
            draft,
        };
        post.queue.accept(submission).await.unwrap();
        let batch = post.queue.next().await;
        let carried = post.courier.carry(&batch).await;
        assert!(carried.results[0].is_ok(), "{rules}: {:?}", carried.results);
        assert_eq!(server.connections(), 2, "{rules}");
        assert!(carried.dialogue.is_none(), "nothing failed");
    }
}

#[tokio::test]
async fn a_fresh_connection_that_fails_is_a_failure() {
    let (server, post) = with_rules("MAIL => 421 4.7.0 Not today").await;
    post.fails(Stage::Mail, "421").await;
    assert_eq!(server.connections(), 1, "it is not tried again at once");
}

#[tokio::test]
async fn a_connection_that_failed_is_not_used_again() {
    let (server, post) = with_rules("1:end => 421 4.3.2 Shutting down").await;
    post.fails(Stage::EndOfData, "421").await;
    assert!(post.one().await.is_ok());
    assert_eq!(server.connections(), 2);
}
