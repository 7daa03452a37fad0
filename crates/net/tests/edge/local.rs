//! The local socket: programs of this machine, known by the user that they belong to.

use crate::support::{Setting, TestDoor, until, visitor};
use net::{ListenerKind, LocalSocket, NetError, Origin};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::net::UnixStream;

fn own_uid() -> u32 {
    std::fs::metadata("/proc/self").unwrap().uid()
}

fn setting() -> Setting {
    Setting::new(ListenerKind::Plain)
}

#[tokio::test]
async fn a_local_program_sends_without_a_word_of_proof() {
    let door = Arc::new(TestDoor::default());
    let port = setting().serve_local(&door);
    let mode = std::fs::metadata(port.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o666, "open to everybody");
    let mut client = port.connect().await;
    client
        .check(
            "S: 220 mail.test
            C: EHLO cron
            S: 250-mail.test|250-PIPELINING|250-SIZE 50000000|250-8BITMIME|250-CHUNKING|250-LIMITS RCPTMAX=1000|250-SMTPUTF8|250-DSN|250 ENHANCEDSTATUSCODES
            C: STARTTLS
            S: 502 5.5.1
            C: AUTH PLAIN AGFubmEAcmlnaHQ=
            S: 502 5.5.1
            C: NOOP
            S: 250",
        )
        .await;
    assert_eq!(door.users_asked.load(Ordering::SeqCst), 0, "who only looks in stays unknown");
    for _ in 0..2 {
        client
            .check(
                "C: MAIL FROM:<root@site.test> RET=HDRS
                S: 250
                C: RCPT TO:<b@far.test> NOTIFY=NEVER
                S: 250
                C: RCPT TO:<nobody@far.test>
                S: 550
                C: DATA
                S: 354
                C: from cron
                C: .
                S: 250 2.0.0 Ok: queued as TEST",
            )
            .await;
    }
    assert_eq!(door.users_asked.load(Ordering::SeqCst), 1, "asked once a connection");
    client
        .check("C: MAIL FROM:<stranger@site.test>\nS: 550 5.7.1 not yours\nC: QUIT\nS: 221\nS: (closed)")
        .await;
    let taken = door.taken.lock().unwrap().clone();
    assert_eq!(taken.len(), 2);
    assert_eq!(taken[0].visitor, visitor(&format!("uid {}", own_uid())));
    let client = &taken[0].client;
    assert_eq!((client.origin, client.helo.as_str()), (Origin::Local { uid: own_uid() }, "cron"));
    assert_eq!((client.protocol, client.tls), ("local", false));
    assert_eq!((client.origin.ip(), client.origin.to_string()), (None, format!("local uid {}", own_uid())));
    assert_eq!(taken[0].envelope.recipients[0].notify, Some(mail::Notify::NEVER));
    assert_eq!(taken[0].envelope.ret, Some(mail::Returned::Headers));
}

#[tokio::test]
async fn a_user_whom_the_door_refuses_hears_why() {
    let door = Arc::new(TestDoor { users_refused: true, ..TestDoor::default() });
    let port = setting().serve_local(&door);
    let mut client = port.connect().await;
    client.check("S: 220\nC: HELO x\nS: 250").await;
    for times in 1..=2 {
        client.check("C: MAIL FROM:<>\nS: 550 5.7.1 unknown user\nC: RCPT TO:<b@far.test>\nS: 503").await;
        assert_eq!(
            door.users_asked.load(Ordering::SeqCst),
            times,
            "asked again: it may have been made known"
        );
    }
}

#[tokio::test]
async fn a_door_that_does_not_say_who_it_is_is_not_waited_for_for_ever() {
    let door = Arc::new(TestDoor { users_stall: true, ..TestDoor::default() });
    let port = setting().serve_local(&door);
    let mut client = port.connect().await;
    client.check("S: 220\nC: HELO x\nS: 250").await;
    tokio::time::pause();
    client.check("C: MAIL FROM:<>\nS: 451 4.3.0").await;
}

#[tokio::test]
async fn a_user_has_so_many_connections_and_no_more() {
    let door = Arc::new(TestDoor::default());
    let mut setting = setting();
    setting.limits.max_per_user = 2;
    let port = setting.serve_local(&door);
    let (mut first, mut second) = (port.connect().await, port.connect().await);
    first.check("S: 220").await;
    second.check("S: 220").await;
    port.connect().await.check("S: 421 4.7.0 mail.test Too many connections\nS: (closed)").await;
    drop(first);
    until("a place is free", || port.shared.connections() == 1).await;
    port.connect().await.check("S: 220").await;
}

#[tokio::test]
async fn the_socket_goes_with_its_server() {
    let door = Arc::new(TestDoor::default());
    let port = setting().serve_local(&door);
    let mut client = port.connect().await;
    client.check("S: 220\nC: HELO x\nS: 250\nC: MAIL FROM:<>\nS: 250\nC: RCPT TO:<b@far.test>\nS: 250").await;
    client.check("C: DATA\nS: 354").await;
    port.stop.send(true).unwrap();
    until("the socket is gone", || !port.path().exists()).await;
    assert!(UnixStream::connect(port.path()).await.is_err());
    client.check("C: the end\nC: .\nS: 250 2.0.0\nS: 421 4.3.2\nS: (closed)").await;
    port.task.await.unwrap();
    assert_eq!(door.contents(), ["the end\r\n"]);
}

#[tokio::test]
async fn only_a_socket_is_replaced_and_only_where_it_can_be() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("submit.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let left_behind = std::fs::symlink_metadata(&path).unwrap();
    assert!(left_behind.file_type().is_socket());
    drop(LocalSocket::bind(&path).unwrap());
    assert!(!path.exists());

    std::fs::write(&path, "somebody's file").unwrap();
    let error = LocalSocket::bind(&path).err().unwrap();
    assert!(matches!(&error, NetError::Socket { path: at, .. } if *at == path), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody's file");
    assert!(LocalSocket::bind(&dir.path().join("missing/submit.sock")).is_err());

    // A link is not followed: what it leads to stays.
    let link = dir.path().join("link.sock");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(LocalSocket::bind(&link).is_err());
}

#[tokio::test]
async fn a_deep_directory_has_its_socket_too() {
    let top = tempfile::tempdir().unwrap();
    let deep = top.path().join("d".repeat(200));
    std::fs::create_dir(&deep).unwrap();
    let socket = LocalSocket::bind(&deep.join("submit.sock")).unwrap();
    assert!(socket.path.exists());
    drop(socket);
    assert!(!deep.join("submit.sock").exists());
}
