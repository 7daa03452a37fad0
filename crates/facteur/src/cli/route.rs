//! `facteur route`: whose mail takes which relay.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, Operation, RouteFor};
use mail::Domain;

/// What can be done with routes.
#[derive(Debug, Subcommand)]
pub enum Command {
    List,
    Set(SetArguments),
    Unset(Scope),
}

/// A route to be set.
#[derive(Debug, Args)]
pub struct SetArguments {
    #[arg(value_name = "RELAY")]
    relay: String,
    #[command(flatten)]
    scope: Scope,
}

/// Whose mail.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Scope {
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    #[arg(long, value_name = "LOGIN")]
    account: Option<String>,
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<Domain>,
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    #[arg(long)]
    default: bool,
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let (operation, done) = match command {
        Command::List => (Operation::RouteList, ""),
        Command::Set(SetArguments { relay, scope }) => {
            (Operation::RouteSet { scope: scope.of(), relay: Some(relay) }, "route-set")
        }
        Command::Unset(scope) => (Operation::RouteSet { scope: scope.of(), relay: None }, "route-unset"),
    };
    match console.perform(operation).await? {
        Answer::Routes { routes } => console.show(&routes, |reader| show::routes(&routes, reader)),
        Answer::Done => console.say(done),
        _ => Err(Failure::Unexpected),
    }
}

impl Scope {
    fn of(self) -> RouteFor {
        let one = self.site.map(RouteFor::Site);
        let one = one.or_else(|| self.account.map(RouteFor::Account));
        let one = one.or_else(|| self.domain.map(RouteFor::SenderDomain));
        // The parser lets exactly one through; what is left is the default.
        one.or_else(|| self.owner.map(RouteFor::Owner)).unwrap_or(RouteFor::Default)
    }
}
