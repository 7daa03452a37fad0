//! `facteur account block` and `facteur site block`, and what takes them back.

use super::console::Console;
use super::failure::{Exit, Failure};
use clap::Args;
use control::{Answer, Guarded, Operation, Protect};

/// Who may not send any more, why, and what they are told.
#[derive(Debug, Args)]
pub struct BlockArguments {
    #[arg(value_name = "NAME")]
    pub name: String,
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note_en: String,
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note_fr: String,
}

/// Who is meant.
#[derive(Debug, Args)]
pub struct NameArguments {
    #[arg(value_name = "NAME")]
    pub name: String,
}

impl BlockArguments {
    /// The operation.
    pub fn operation(self, of: fn(String) -> Guarded) -> Operation {
        let act = Protect::Block { why: self.why, note_en: self.note_en, note_fr: self.note_fr };
        Operation::Protect { of: of(self.name), act }
    }
}

/// Does it, and says what that means.
pub async fn run(operation: Operation, console: &mut Console) -> Result<Exit, Failure> {
    let Operation::Protect { act, .. } = &operation else { return Err(Failure::Unexpected) };
    let done = match act {
        Protect::Block { .. } => "guard-blocked",
        Protect::Unblock => "guard-unblocked",
        _ => "guard-code-removed",
    };
    match console.perform(operation).await? {
        Answer::Done => console.say(done),
        _ => Err(Failure::Unexpected),
    }
}
