//! `facteur sign-in`: who has to wait after too many wrong passwords.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, Operation};

/// What can be done with those who wait.
#[derive(Debug, Subcommand)]
pub enum Command {
    List,
    Lift(LiftArguments),
}

/// Who is to wait no more.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct LiftArguments {
    #[arg(value_name = "ADDRESS|LOGIN")]
    what: Option<String>,
    #[arg(long)]
    all: bool,
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let operation = match command {
        Command::List => Operation::SlowedList,
        Command::Lift(LiftArguments { what, .. }) => Operation::SlowedLift { what },
    };
    match console.perform(operation).await? {
        Answer::Slowed { slowed } => console.show(&slowed, |reader| show::slowed(&slowed, reader)),
        Answer::Lifted { count } => console.show(&count, |reader| show::lifted(count, reader)),
        _ => Err(Failure::Unexpected),
    }
}
