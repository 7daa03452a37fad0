//! Who is told what the queue does hears each thing once, when it is stored.

use crate::story::tell;
use crate::world::World;
use mail::{RecipientId, ReversePath};
use queue::{Letter, Trace, Witness};
use std::sync::{Arc, Mutex};
use store::Act;

#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Heard {
    fn hear(&self, what: String) {
        self.0.lock().unwrap().push(what);
    }
}

impl Witness for Heard {
    fn accepted(&self, letter: &Letter, message_id: &str, _trace: &Trace, recipients: usize) {
        assert!(message_id.starts_with('<'), "{message_id}");
        self.hear(format!("accepted from {} to {recipients}", letter.from));
    }

    fn expired(&self, recipient: RecipientId, from: &ReversePath) {
        self.hear(format!("expired {} from {from}", recipient.index));
    }

    fn acted(&self, act: Act, recipients: &[RecipientId]) {
        self.hear(format!("{act:?} {}", recipients.len()));
    }
}

#[track_caller]
fn check(story: &str, expected: &[&str]) {
    let (world, heard) = (World::new(), Arc::new(Heard::default()));
    world.queue.tell(Arc::clone(&heard) as Arc<dyn Witness>);
    tell(world, story);
    assert_eq!(*heard.0.lock().unwrap(), expected);
}

#[test]
fn what_is_accepted_acted_on_and_expired_is_told_once() {
    check(
        "send anne@here.test -> bob@x.test
         hold domain=x.test -> 1
         release domain=x.test -> 1
         pass 18d
         pass 5d
         m1 expired no_route",
        &["accepted from anne@here.test to 1", "Hold 1", "Release 1", "expired 0 from anne@here.test"],
    );
    check(
        "relay a
         send anne@here.test -> bob@x.test
         pass 1s
         delivered 1",
        &["accepted from anne@here.test to 1"],
    );
}
