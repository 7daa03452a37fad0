//! `facteur secrets`: the key that seals passwords and private keys.

use super::console::Console;
use super::failure::{Exit, Failure};
use clap::Subcommand;
use control::{Answer, Operation};

/// What can be done with secrets.
#[derive(Debug, Subcommand)]
pub enum Command {
    Rotate,
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let Command::Rotate = command;
    match console.perform(Operation::KeyChange).await? {
        Answer::KeyChanged { report } => console.show(&report, |reader| {
            let gaps = [
                ("path", report.path.display().to_string().into()),
                ("key", report.key.clone().into()),
                ("secrets", report.secrets.into()),
            ];
            let phrases = &reader.phrases;
            format!("{}\n{}\n", phrases.fill("secrets-rotated", gaps), phrases.say("secrets-rotated-backups"))
        }),
        _ => Err(Failure::Unexpected),
    }
}
