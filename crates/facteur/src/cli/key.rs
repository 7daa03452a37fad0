//! `facteur key`: keys with which programs ask over HTTP.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, KeyAct, KeySpec, Operation};
use store::Scope;

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum Command {
    List(ListArguments),
    Add(AddArguments),
    Remove(RemoveArguments),
}

/// Whose keys are listed.
#[derive(Debug, Args)]
pub struct ListArguments {
    #[arg(long, value_name = "LOGIN")]
    of: Option<String>,
}

/// A key to be made.
#[derive(Debug, Args)]
pub struct AddArguments {
    #[arg(value_name = "TEXT")]
    label: String,
    #[arg(long, value_name = "SCOPE", required = true)]
    scope: Vec<Scope>,
    #[arg(long, value_name = "LOGIN")]
    of: Option<String>,
    #[arg(long, value_name = "COUNT")]
    days: Option<u32>,
}

/// Which key is to go.
#[derive(Debug, Args)]
pub struct RemoveArguments {
    #[arg(value_name = "NAME")]
    name: String,
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let act = match command {
        Command::List(ListArguments { of }) => KeyAct::List { of },
        Command::Add(AddArguments { label, scope, of, days }) => {
            KeyAct::Add { key: KeySpec { label, of, scopes: scope, days } }
        }
        Command::Remove(RemoveArguments { name }) => KeyAct::Remove { name },
    };
    match console.perform(Operation::ApiKey { act }).await? {
        Answer::Keys { keys } => console.show(&keys, |reader| show::keys(&keys, reader)),
        Answer::KeyMade { made } => console.show(&made, |reader| show::key_made(&made, reader)),
        Answer::Done => console.say("key-removed"),
        _ => Err(Failure::Unexpected),
    }
}
