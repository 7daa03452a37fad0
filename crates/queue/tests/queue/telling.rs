//! Senders are told: what is owed becomes a notice, once, and what nobody wants to hear becomes none.

use crate::world::{Mood, World, run};
use mail::{Language, Notify, Principal, QueueId, Returned, ReversePath};
use queue::{Joined, Languages, Round};
use store::{History as _, MessageRow, NoticeKind, RecipientState, Spool as _};

struct French;

impl Languages for French {
    fn of(&self, _: Principal) -> Language {
        Language::Fr
    }
}

/// Sends with what a client may ask for each recipient.
fn send(world: &World, from: &str, to: &[(&str, Option<Notify>)]) -> QueueId {
    let addresses: Vec<&str> = to.iter().map(|(address, _)| *address).collect();
    let mut submission = world.submission(1, from, &addresses);
    for (recipient, (_, notify)) in submission.envelope.recipients.iter_mut().zip(to) {
        recipient.notify = *notify;
    }
    submission.envelope.ret = Some(Returned::Headers);
    run(world.queue.accept(submission)).unwrap()
}

fn tell(world: &World) -> Round {
    run(world.queue.tell_senders(&French)).unwrap()
}

fn tell_late(world: &World) -> Round {
    run(world.queue.tell_of_delays(&French)).unwrap()
}

fn notices(world: &World) -> Vec<MessageRow> {
    world.rows_of_all().into_iter().filter(|row| row.principal == Principal::System).collect()
}

fn text(world: &World, id: QueueId) -> String {
    let mut body = run(world.memory.body(id)).unwrap();
    let mut bytes = Vec::new();
    while let Some(piece) = run(body.next()).unwrap() {
        bytes.extend(piece);
    }
    String::from_utf8(bytes).unwrap()
}

fn world() -> World {
    let mut world = World::new();
    world.relay("one", |_| {});
    world
}

const SUCCESS: Notify = Notify { success: true, failure: false, delay: false };

#[test]
fn a_failure_is_told_once_to_the_sender() {
    let mut world = world();
    let id = send(&world, "anne@x.test", &[("gone@y.test", None), ("bob@y.test", None)]);
    world.settle_down();
    world.pass(2);
    assert_eq!(tell(&world).made, 1);
    assert_eq!(tell(&world), Round::default());
    let notices = notices(&world);
    assert_eq!(notices.len(), 1);
    let notice = &notices[0];
    assert_eq!((&notice.from, notice.recipients[0].address.as_str()), (&ReversePath::Null, "anne@x.test"));
    let about = notice.extras.about.unwrap();
    assert_eq!((about.message, about.kind), (id, NoticeKind::Failure));
    let said = text(&world, notice.id);
    assert!(
        said.contains("Final-Recipient: rfc822; gone@y.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"),
        "{said}"
    );
    assert!(
        said.contains("Content-Language: fr") && !said.contains("Final-Recipient: rfc822; bob@"),
        "{said}"
    );
    assert!(said.contains("Subject: a story\r\n"), "{said}");
    let story = run(world.memory.story(id)).unwrap().unwrap();
    let noticed = story.events.iter().find(|event| event.kind == store::EventKind::Noticed).unwrap();
    assert_eq!((noticed.recipient, noticed.detail.as_str()), (Some(0), notice.id.to_string().as_str()));
}

#[test]
fn nobody_is_told_what_they_do_not_want_to_hear() {
    let mut world = world();
    send(&world, "anne@x.test", &[("gone@y.test", Some(Notify::NEVER)), ("gone2@y.test", Some(SUCCESS))]);
    send(&world, "", &[("gone@y.test", None)]);
    world.settle_down();
    world.pass(120);
    assert_eq!(tell(&world), Round::default());
    assert!(notices(&world).is_empty());
}

#[test]
fn a_notice_that_fails_makes_no_notice() {
    let mut world = world();
    send(&world, "gone@x.test", &[("gone@y.test", None)]);
    world.settle_down();
    world.pass(2);
    assert_eq!(tell(&world).made, 1);
    world.settle_down();
    assert_eq!(notices(&world)[0].recipients[0].state, RecipientState::Failed);
    world.pass(120);
    assert_eq!(tell(&world), Round::default());
}

#[test]
fn what_was_handed_on_is_told_to_those_who_asked() {
    let mut world = world();
    send(&world, "anne@x.test", &[("bob@y.test", Some(SUCCESS)), ("carl@y.test", None)]);
    world.settle_down();
    world.pass(2);
    assert_eq!(tell(&world).made, 1);
    let said = text(&world, notices(&world)[0].id);
    assert!(said.contains("Action: relayed\r\nStatus: 2.0.0\r\n"), "{said}");
    assert!(said.contains("Diagnostic-Code: smtp; 250 2.0.0 Ok: queued\r\n"), "{said}");
    assert!(!said.contains("carl"), "{said}");
}

#[test]
fn what_one_message_came_to_is_told_together() {
    let mut world = world();
    let id = send(&world, "anne@x.test", &[("gone@y.test", None), ("gone2@y.test", None)]);
    world.settle_down();
    // Too soon: others may follow in a moment.
    assert_eq!(tell(&world).made, 0);
    world.pass(1);
    assert_eq!(tell(&world).made, 1);
    let said = text(&world, notices(&world)[0].id);
    assert_eq!(said.matches("Final-Recipient:").count(), 2, "{said}");
    assert_eq!(world.row(id).recipients.len(), 2);
}

#[test]
fn a_notice_waits_for_those_in_flight_but_not_for_long() {
    let mut world = world();
    let relay = world.relay("slow", |relay| relay.max_recipients = 1);
    world.route(store::RouteScope::Default, Some(relay));
    send(&world, "anne@x.test", &[("gone@y.test", None), ("bob@y.test", None)]);
    world.feed().unwrap();
    let first = world.take().unwrap();
    let second = world.take().unwrap();
    world.deliver(first);
    world.clock.advance(std::time::Duration::from_secs(30));
    assert_eq!(tell(&world).made, 0, "the other is on its way");
    world.clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(tell(&world).made, 1);
    world.deliver(second);
}

#[test]
fn a_late_message_is_told_once_at_four_hours() {
    let mut world = world();
    let id = send(
        &world,
        "anne@x.test",
        &[("later@y.test", None), ("bob@y.test", None), ("later2@y.test", Some(SUCCESS))],
    );
    world.pass(4 * 3_600 - 60);
    assert_eq!(tell_late(&world).made, 0);
    world.pass(120);
    assert_eq!(tell_late(&world).made, 1);
    assert_eq!(tell_late(&world), Round::default());
    let late = notices(&world);
    let said = text(&world, late[0].id);
    assert!(
        said.contains("Action: delayed\r\nStatus: 4.2.0\r\n") && said.contains("Will-Retry-Until: "),
        "{said}"
    );
    assert_eq!(said.matches("Final-Recipient:").count(), 1, "{said}");
    assert_eq!(late[0].extras.about.unwrap().message, id);
    // Days later it is given up, and that is told as well.
    world.pass(6 * 86_400);
    assert_eq!(tell_late(&world).made, 0);
    assert_eq!(tell(&world).made, 1);
    let said = text(&world, notices(&world)[1].id);
    assert!(said.contains("Action: failed\r\nStatus: 4.4.7\r\n"), "{said}");
}

#[test]
fn a_message_that_was_to_leave_later_is_late_four_hours_after() {
    let mut world = world();
    let mut submission = world.submission(1, "anne@x.test", &["later@y.test"]);
    submission.envelope.hold = Some(mail::Hold::ForSecs(6 * 3_600));
    run(world.queue.accept(submission)).unwrap();
    world.pass(5 * 3_600);
    assert_eq!(tell_late(&world).made, 0, "it waits because it was asked to");
    world.crash();
    world.pass(4 * 3_600);
    assert_eq!(tell_late(&world).made, 0, "it has been tried for three hours");
    world.pass(3_660);
    assert_eq!(tell_late(&world).made, 1);
    world.pass(86_400);
    assert_eq!(tell_late(&world).made, 0);
    assert_eq!(notices(&world).len(), 1);
    let kept = run(store::Directory::setting(&*world.memory, "late.planned")).unwrap();
    assert_eq!(kept.as_deref(), Some(""), "nothing is remembered of what was told");
}

#[test]
fn a_delay_that_a_crash_left_untold_is_told_once() {
    let mut world = world();
    send(&world, "anne@x.test", &[("later@y.test", None)]);
    world.pass(4 * 3_600 + 60);
    assert_eq!(tell_late(&world).made, 1);
    // The mark of how far it was looked is lost, the notice is not.
    run(store::Directory::set_setting(&*world.memory, "late.last".to_owned(), None)).unwrap();
    world.crash();
    assert_eq!(tell_late(&world).made, 0);
}

#[test]
fn a_delay_notice_that_is_overtaken_is_dropped() {
    let mut world = world();
    let relay = world.relay("two", |_| {});
    world.route(store::RouteScope::Site(mail::SiteId(1)), Some(relay));
    // The notice itself goes by the default relay, and both are out of reach.
    world.moods.values_mut().for_each(|mood| *mood = Mood::parse("connect refused"));
    send(&world, "anne@x.test", &[("bob@y.test", None)]);
    world.pass(4 * 3_600 + 60);
    assert_eq!(tell_late(&world).made, 1);
    world.pass(60);
    let notice = notices(&world).remove(0);
    assert!(!notice.recipients[0].state.is_final(), "it waits like all mail of that relay");
    // The message leaves; its notice has nothing to say any more.
    world.moods.insert(relay, Mood::Fine);
    world.pass(3_600);
    world.moods.values_mut().for_each(|mood| *mood = Mood::Fine);
    world.pass(2 * 3_600);
    let notice = notices(&world).remove(0);
    assert_eq!(notice.recipients[0].state, RecipientState::Cancelled);
}

#[test]
fn a_crash_between_loses_and_doubles_nothing() {
    let mut world = world();
    send(&world, "anne@x.test", &[("gone@y.test", None)]);
    world.settle_down();
    world.pass(2);
    world.crash();
    assert_eq!(tell(&world).made, 1);
    world.crash();
    assert_eq!(tell(&world).made, 0);
    assert_eq!(notices(&world).len(), 1);
}

/// A bounce of another server about a message of ours.
fn bounce(action: &str, status: &str, to: &str) -> Vec<u8> {
    format!(
        "From: MAILER-DAEMON@y.test\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt did not arrive.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; y.test\r\n\r\n\
         Final-Recipient: rfc822; {to}\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 No such user here\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

#[test]
fn what_comes_back_joins_the_story_and_is_told() {
    let mut world = world();
    let id = send(&world, "anne@x.test", &[("bob@y.test", None), ("carl@y.test", None)]);
    let back = |world: &World, raw: &[u8]| run(world.queue.came_back(id, raw)).unwrap();
    assert_eq!(back(&world, &bounce("failed", "5.1.1", "Bob@Y.test")), Joined::TooSoon);
    world.settle_down();
    assert_eq!(back(&world, &bounce("delayed", "4.4.1", "bob@y.test")), Joined::Noted);
    assert_eq!(back(&world, &bounce("failed", "5.1.1", "Bob@Y.test")), Joined::Failed(1));
    assert_eq!(back(&world, &bounce("failed", "5.1.1", "bob@y.test")), Joined::Ignored, "it said so already");
    let row = world.row(id);
    assert_eq!(
        (row.recipients[0].state, row.recipients[1].state),
        (RecipientState::Failed, RecipientState::Delivered)
    );
    assert_eq!(row.recipients[0].cause.as_deref(), Some("recipient_unknown"));
    world.pass(2);
    assert_eq!(tell(&world).made, 1);
    let said = text(&world, notices(&world)[0].id);
    assert!(
        said.contains("Final-Recipient: rfc822; bob@y.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"),
        "{said}"
    );
    let story = run(world.memory.story(id)).unwrap().unwrap();
    let kinds: Vec<_> = story.events.iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&store::EventKind::CameBack) && kinds.contains(&store::EventKind::Reported));
}

#[test]
fn what_nobody_can_read_goes_to_the_sender_as_it_is() {
    let mut world = world();
    let id = send(&world, "anne@x.test", &[("bob@y.test", None)]);
    world.settle_down();
    let raw = b"From: someone@y.test\r\nSubject: hello\r\n\r\nWhat is this?\r\n";
    assert_eq!(run(world.queue.came_back(id, raw)).unwrap(), Joined::HandedOn);
    assert_eq!(text(&world, notices(&world)[0].id), String::from_utf8_lossy(raw));
    for _ in 0..100 {
        run(world.queue.came_back(id, raw)).unwrap();
    }
    assert_eq!(run(world.queue.came_back(id, raw)).unwrap(), Joined::Ignored);
    assert_eq!(notices(&world).len(), 50, "an address that somebody learnt is worth little");
    assert_eq!(run(world.queue.came_back(QueueId::from_stored(7), raw)).unwrap(), Joined::Ignored);
}
