//! Who waits after too many wrong passwords: shown, and let go.

use crate::{Answer, Audit, Control, Fault};

impl Control {
    pub(crate) fn slowed_list(&self) -> Answer {
        Answer::Slowed { slowed: self.sign_in.patience.slowed(self.clock.now()) }
    }

    pub(crate) async fn slowed_lift(&self, audit: &Audit<'_>, what: Option<String>) -> Result<Answer, Fault> {
        let on = what.as_deref().unwrap_or("*");
        self.store.append(audit.of(&self.clock, on)).await?;
        Ok(Answer::Lifted { count: self.sign_in.patience.lift(what.as_deref(), self.clock.now()) })
    }
}
