//! `facteur domain`: domains that mail is signed for, and the records to publish.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::publish;
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, Operation};
use mail::Domain;

/// What can be done with domains.
#[derive(Debug, Subcommand)]
pub enum Command {
    List,
    Add(AddArguments),
    Check(NameArguments),
    Bounces(BouncesArguments),
    Publish(publish::PublishArguments),
    Settings(publish::Arguments),
    Remove(NameArguments),
}

/// A domain to be added.
#[derive(Debug, Args)]
pub struct AddArguments {
    #[arg(value_name = "DOMAIN")]
    name: Domain,
    #[arg(long, value_name = "SELECTOR")]
    selector: Option<String>,
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
}

/// Which domain.
#[derive(Debug, Args)]
pub struct NameArguments {
    #[arg(value_name = "DOMAIN")]
    name: Domain,
}

/// Where the bounces of a domain's mail come back to.
#[derive(Debug, Args)]
pub struct BouncesArguments {
    #[arg(value_name = "DOMAIN")]
    name: Domain,
    #[arg(long, value_name = "SUBDOMAIN", required_unless_present = "off")]
    to: Option<Domain>,
    #[arg(long, conflicts_with = "to")]
    off: bool,
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let operation = match command {
        Command::List => Operation::DomainList,
        Command::Add(AddArguments { name, selector, owner }) => {
            Operation::DomainAdd { name, selector, owner }
        }
        Command::Check(NameArguments { name }) => Operation::DomainCheck { name },
        Command::Bounces(BouncesArguments { name, to, .. }) => {
            Operation::DomainReturnPath { name, return_path: to }
        }
        Command::Publish(arguments) => {
            let operation = arguments.operation(console)?;
            return match console.perform(operation).await? {
                Answer::Domain { domain } => {
                    console.show(&domain, |reader| show::domain_settings(&domain, reader))
                }
                _ => Err(Failure::Unexpected),
            };
        }
        Command::Settings(arguments) => return publish::settings(arguments, console).await,
        Command::Remove(NameArguments { name }) => Operation::DomainRemove { name },
    };
    match console.perform(operation).await? {
        Answer::Domains { domains } => console.show(&domains, |reader| show::domains(&domains, reader)),
        Answer::Domain { domain } => console.show(&domain, |reader| show::domain(&domain, reader)),
        Answer::Done => console.say("domain-removed"),
        _ => Err(Failure::Unexpected),
    }
}
