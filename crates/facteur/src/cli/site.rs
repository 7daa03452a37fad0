//! `facteur site`: programs that send, by login or by their network.

use super::account::NewPassword;
use super::block::{self, BlockArguments, NameArguments};
use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, Blame, Fault, Guarded, Operation, Protect, SiteChanges, SiteSpec, system_users};
use mail::LineEndings;
use store::{Network, SenderRule};

/// What can be done with sites.
#[derive(Debug, Subcommand)]
pub enum Command {
    List,
    Add(AddArguments),
    Change(ChangeArguments),
    Password(PasswordArguments),
    Remove(RemoveArguments),
    Block(BlockArguments),
    Unblock(NameArguments),
}

/// A site to be added.
#[derive(Debug, Args)]
pub struct AddArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "CIDR")]
    network: Vec<Network>,
    #[arg(long, value_name = "UID")]
    uid: Vec<u32>,
    #[arg(long, value_name = "NAME")]
    user: Vec<String>,
    #[arg(long, value_name = "ADDRESS|@DOMAIN|*")]
    sender: Vec<SenderRule>,
    #[arg(long)]
    allow_any_sender: bool,
    #[arg(long, value_name = "strict|repair", default_value_t)]
    line_endings: LineEndings,
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    #[command(flatten)]
    password: NewPassword,
}

/// What is to change of a site; what is absent stays.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct ChangeArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "CIDR", group = "what")]
    network: Vec<Network>,
    #[arg(long, value_name = "UID", group = "what")]
    uid: Vec<u32>,
    #[arg(long, value_name = "ADDRESS|@DOMAIN|*", group = "what")]
    sender: Vec<SenderRule>,
    #[arg(long, value_name = "strict|repair", group = "what")]
    line_endings: Option<LineEndings>,
}

/// Whose key is to change.
#[derive(Debug, Args)]
pub struct PasswordArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    password: NewPassword,
}

/// Which site is to go.
#[derive(Debug, Args)]
pub struct RemoveArguments {
    #[arg(value_name = "NAME")]
    name: String,
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let operation = match command {
        Command::Block(arguments) => return block::run(arguments.operation(Guarded::Site), console).await,
        Command::Unblock(NameArguments { name }) => {
            let of = Guarded::Site(name);
            return block::run(Operation::Protect { of, act: Protect::Unblock }, console).await;
        }
        Command::List => Operation::SiteList,
        Command::Add(arguments) => Operation::SiteAdd { site: arguments.spec(console)? },
        Command::Change(ChangeArguments { name, network, uid, sender, line_endings }) => {
            let changes = SiteChanges {
                networks: Some(network).filter(|networks| !networks.is_empty()),
                uids: Some(uid).filter(|uids| !uids.is_empty()),
                senders: Some(sender).filter(|senders| !senders.is_empty()),
                line_endings,
            };
            Operation::SiteChange { name, changes }
        }
        Command::Password(PasswordArguments { name, password }) => {
            let password = password.read(&name, console)?;
            Operation::SitePassword { name, password }
        }
        Command::Remove(RemoveArguments { name }) => Operation::SiteRemove { name },
    };
    let done = match operation {
        Operation::SiteChange { .. } => "site-changed",
        _ => "site-removed",
    };
    let adds = matches!(operation, Operation::SiteAdd { .. });
    match console.perform(operation).await? {
        Answer::Sites { sites } => console.show(&sites, |reader| show::sites(&sites, reader)),
        // A site that comes from its own network has no password to speak of.
        Answer::Password { made } if adds && made.password.is_none() => {
            console.show(&made, |reader| format!("{}\n", reader.phrases.say("site-added")))
        }
        Answer::Password { made } => console.show(&made, |reader| show::password(&made, reader)),
        Answer::Done => console.say(done),
        _ => Err(Failure::Unexpected),
    }
}

impl AddArguments {
    fn spec(self, console: &Console) -> Result<SiteSpec, Failure> {
        let mut senders = self.sender;
        if self.allow_any_sender {
            senders.push(SenderRule::Any);
        }
        let mut uids = self.uid;
        for user in &self.user {
            uids.push(uid_of(user)?);
        }
        Ok(SiteSpec {
            password: self.password.read(&self.name, console)?,
            name: self.name,
            networks: self.network,
            uids,
            senders,
            line_endings: self.line_endings,
            owner: self.owner,
        })
    }
}

/// The number of a user of this machine.
fn uid_of(name: &str) -> Result<u32, Failure> {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let user = system_users::parse(&users).into_iter().find(|user| user.name == name);
    user.map(|user| user.uid).ok_or_else(|| Fault::about(Blame::Missing, name).into())
}
