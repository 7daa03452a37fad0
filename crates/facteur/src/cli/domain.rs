//! `facteur domain`: domains that mail is signed for, and the records to publish.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::publish;
use crate::discover::Live;
use crate::server::StartError;
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, Operation, published_model};
use mail::Domain;

/// What can be done with domains.
#[derive(Debug, Subcommand)]
pub enum Command {
    List,
    Add(AddArguments),
    Check(CheckArguments),
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

/// Which domain is looked at.
#[derive(Debug, Args)]
pub struct CheckArguments {
    #[arg(value_name = "DOMAIN")]
    name: Domain,
    #[arg(long)]
    private: bool,
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
        Command::Check(arguments) => return check(arguments, console).await,
        Command::Bounces(BouncesArguments { name, to, .. }) => {
            Operation::DomainReturnPath { name, return_path: to }
        }
        Command::Publish(arguments) => {
            let operation = arguments.operation(console).await?;
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

/// Looks up the records of a domain, and asks for its documents as others do: from here, so that the server itself calls
/// nobody for whoever may only read its state.
async fn check(arguments: CheckArguments, console: &mut Console) -> Result<Exit, Failure> {
    let operation = Operation::DomainCheck { name: arguments.name };
    let Answer::Domain { domain } = console.perform(operation).await? else {
        return Err(Failure::Unexpected);
    };
    let had = match &domain.settings {
        Some(settings) => {
            let live = Live::new(arguments.private).map_err(StartError::from)?;
            let hosted = published_model(&domain.name, settings);
            live.published(&hosted).await
        }
        None => Vec::new(),
    };
    if console.json {
        let mut told = serde_json::to_value(&domain).unwrap_or_default();
        if let Some(fields) = told.as_object_mut().filter(|_| domain.settings.is_some()) {
            fields.insert("documents".to_owned(), show::documents_json(&had, &console.reader));
        }
        return console.show(&told, |_| String::new());
    }
    let text = show::domain(&domain, &console.reader) + &show::documents(&had, &console.reader);
    console.print(&text)
}
