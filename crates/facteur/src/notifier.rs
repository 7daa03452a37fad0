//! The notifier: sees to it that senders hear of what became of their mail.

use control::Registry;
use mail::{Language, Principal};
use queue::{Languages, Queue};
use std::sync::Arc;
use std::time::Duration;

/// How often notices that are owed are looked for: the table is empty but for moments.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Of so many looks, one is also for mail that has become late.
const LOOKS_FOR_LATE: u32 = 30;

/// The languages of accounts, and the server's for everybody else.
struct Known {
    registry: Arc<Registry>,
    language: Language,
}

impl Languages for Known {
    fn of(&self, principal: Principal) -> Language {
        self.registry.language(principal).unwrap_or(self.language)
    }
}

/// Tells, for ever. What fails is tried again at the next look: what is owed stays owed.
pub async fn run(queue: Arc<Queue>, registry: Arc<Registry>, language: Language) {
    let known = Known { registry, language };
    let mut looks: u32 = 0;
    loop {
        let mut more = false;
        match queue.tell_senders(&known).await {
            // Only what was made can have made room for more: what waits for its siblings waits.
            Ok(round) => more |= round.more && round.made > 0,
            Err(error) => {
                tracing::error!(worker = "notifier", %error, "notices to senders cannot be made: trying again");
            }
        }
        if looks.is_multiple_of(LOOKS_FOR_LATE) {
            match queue.tell_of_delays(&known).await {
                Ok(round) => more |= round.more,
                Err(error) => {
                    tracing::error!(worker = "notifier", %error, "late mail cannot be looked for: trying again");
                }
            }
        }
        if !more {
            looks = looks.wrapping_add(1);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
