//! `facteur why`: the story of a message.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show::{self, StoryOf};
use clap::Args;
use control::{Answer, Operation};

/// Which message.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "ID")]
    id: String,
    #[arg(long)]
    dialogue: bool,
}

/// Tells it.
pub async fn why(arguments: &Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let Answer::Story { story, closures, relays, refusing_all } =
        console.perform(Operation::Why { id: arguments.id.clone() }).await?
    else {
        return Err(Failure::Unexpected);
    };
    let of = StoryOf { story: &story, closures: &closures, relays: &relays, refusing_all: &refusing_all };
    if console.json {
        return console.print(&show::json(&show::story_json(of, &console.reader)));
    }
    console.print(&show::story(of, arguments.dialogue, &console.reader))
}
