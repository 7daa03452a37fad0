//! Contents as they arrive, and the lines that are put in front of them.

use crate::faulty::Fault;
use crate::world::{START, World, run, submission};
use mail::QueueId;
use queue::{Budget, Limits, Queue, Refusal};
use store::{Spool as _, StoreError};

fn small() -> Limits {
    Limits {
        message_bytes: 1_000,
        body_bytes: 400,
        spill_bytes: 100,
        recipients: 3,
        hops: 2,
        ..Limits::default()
    }
}

/// Everything that leaves for a message: added lines and content.
fn whole(world: &mut World, id: QueueId) -> String {
    let batch = std::iter::from_fn(|| world.take()).find(|batch| batch.letter.id == id).unwrap();
    let mut bytes = batch.letter.added_headers.to_vec();
    match &batch.letter.body {
        Some(body) => bytes.extend_from_slice(body),
        None => {
            let mut reader = run(world.memory.body(id)).unwrap();
            while let Some(piece) = run(reader.next()).unwrap() {
                bytes.extend(piece);
            }
        }
    }
    assert_eq!(batch.letter.body_bytes + batch.letter.added_headers.len() as u64, bytes.len() as u64);
    String::from_utf8(bytes).unwrap()
}

/// Accepts a content in pieces of every size, and gives what leaves without the `Received:` line.
fn check(content: &str, leaves: &str) {
    for size in [1, 7, 60, 5_000] {
        let mut world = World::with(Limits { message_bytes: 100_000, ..small() });
        world.relay("a", |_| {});
        let mut draft = world.queue.draft();
        for piece in content.as_bytes().chunks(size) {
            run(draft.append(piece.to_vec())).unwrap();
        }
        let id = run(world.queue.accept(submission(1, "anne@here.test", &["bob@x.test"], draft))).unwrap();
        let whole = whole(&mut world, id);
        let received = format!(
            "Received: from client.test\r\n\tby mx.facteur.test with ESMTPSA id {id};\r\n\t{}\r\n",
            mail::date(START)
        );
        let rest = whole.strip_prefix(&received).unwrap_or_else(|| panic!("{whole}"));
        let date = format!("Date: {}\r\n", mail::date(START));
        let message_id = format!("Message-ID: <{}.{id}@mx.facteur.test>\r\n", START.secs());
        let expected = leaves.replace("{date}", &date).replace("{id}", &message_id);
        assert_eq!(rest, expected, "{content:?} in pieces of {size}");
    }
}

#[test]
fn missing_lines_are_added_and_the_content_is_never_altered() {
    let long = "x".repeat(3_000);
    for (content, leaves) in [
        ("Subject: x\r\n\r\nbody\r\n", "{date}{id}Subject: x\r\n\r\nbody\r\n"),
        (
            "Date: today\r\nMessage-ID: <1@x>\r\n\r\n.\r\n..\r\n",
            "Date: today\r\nMessage-ID: <1@x>\r\n\r\n.\r\n..\r\n",
        ),
        (
            "date: today\r\n\r\nMessage-ID: in the body\r\n",
            "{id}date: today\r\n\r\nMessage-ID: in the body\r\n",
        ),
        ("no header at all\r\n", "{date}{id}\r\nno header at all\r\n"),
        ("\r\nan empty header\r\n", "{date}{id}\r\nan empty header\r\n"),
        ("", "{date}{id}\r\n"),
    ] {
        check(content, leaves);
    }
    let content = format!("Subject: {long}\r\nDate: x\r\nMessage-ID: <1@x>\r\n\r\n{long}\r\n");
    check(&content, &content);
}

#[test]
fn limits_are_refusals_with_their_names() {
    let world = World::with(small());
    let accept = |to: &[&str], content: &str| {
        let mut draft = world.queue.draft();
        run(draft.append(content.as_bytes().to_vec()))?;
        run(world.queue.accept(submission(1, "anne@here.test", to, draft)))
    };
    let hop = "Received: by x\r\n";
    for (to, content, refusal) in [
        (&[][..], "a".to_owned(), Refusal::NoRecipient),
        (&["a@x.test"; 4][..], "a".to_owned(), Refusal::TooManyRecipients(3)),
        (&["a@x.test"][..], "a".repeat(1_001), Refusal::TooBig(1_000)),
        (&["a@x.test"][..], format!("{}\r\n", hop.repeat(3)), Refusal::Loop(2)),
    ] {
        assert_eq!(accept(to, &content), Err(refusal), "{content:?}");
    }
    assert!(accept(&["a@x.test"; 3], &format!("{}\r\n{}", hop.repeat(2), "a".repeat(900))).is_ok());
    assert_eq!(world.totals().messages, 1);
}

#[test]
fn a_content_that_was_refused_in_part_never_becomes_a_message() {
    let world = World::with(small());
    let mut draft = world.queue.draft();
    run(draft.append(vec![b'a'; 900])).unwrap();
    assert_eq!(run(draft.append(vec![b'b'; 200])), Err(Refusal::TooBig(1_000)));
    assert_eq!(run(draft.append(vec![b'c'; 10])), Err(Refusal::TooBig(1_000)), "however small");
    let refused = run(world.queue.accept(submission(1, "anne@here.test", &["bob@x.test"], draft)));
    assert_eq!(refused, Err(Refusal::TooBig(1_000)));

    let mut draft = world.queue.draft();
    run(draft.append(vec![b'a'; 90])).unwrap();
    world.store.fail("body_sink", Fault::Refused);
    assert!(matches!(run(draft.append(vec![b'b'; 90])), Err(Refusal::Store(_))));
    let refused = run(world.queue.accept(submission(1, "anne@here.test", &["bob@x.test"], draft)));
    assert!(matches!(refused, Err(Refusal::Store(StoreError::Disk { .. }))), "{refused:?}");

    let mut draft = world.queue.draft();
    run(draft.append(vec![b'a'; 90])).unwrap();
    assert!(!crate::world::run_partly(draft.append(vec![b'b'; 90]), 1), "cut while it was written");
    let refused = run(world.queue.accept(submission(1, "anne@here.test", &["bob@x.test"], draft)));
    assert_eq!(refused, Err(Refusal::Store(StoreError::Closed)));
    assert_eq!(world.totals().messages, 0);
}

#[test]
fn contents_share_one_budget_and_give_it_back() {
    let mut world = World::with(small());
    world.relay("a", |_| {});
    let send = |queue: &Queue| {
        let mut draft = queue.draft();
        run(draft.append(vec![b'a'; 90])).unwrap();
        run(queue.accept(submission(1, "anne@here.test", &["bob@x.test"], draft))).unwrap()
    };
    let ids: Vec<_> = (0..6).map(|_| send(&world.queue)).collect();
    let batches: Vec<_> = ids.iter().map(|_| world.take().unwrap()).collect();
    let in_memory = batches.iter().filter(|batch| batch.letter.body.is_some()).count();
    assert_eq!(in_memory, 4, "4 × 90 of 400 bytes; the others are read back from the store");
    batches.into_iter().for_each(|batch| world.deliver(batch));
    send(&world.queue);
    assert!(world.take().unwrap().letter.body.is_some(), "what was delivered gave its part back");
    // A draft that is dropped does too.
    let budget = Budget::new(10);
    drop(budget.reserve(10));
    assert_eq!(budget.left(), 10);
}

#[test]
fn a_full_disk_refuses_and_keeps_nothing() {
    let world = World::with(small());
    world.memory.fill_disk(Some(7));
    let refused = run(world.queue.accept(world.submission(1, "anne@here.test", &["bob@x.test"])));
    assert_eq!(refused, Err(Refusal::Store(StoreError::Full { free_bytes: 7 })));
    assert_eq!((world.queue.active(), world.totals().messages), (0, 0));
}
