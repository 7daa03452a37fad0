//! `facteur account`: people who sign in and may send.

use super::block::{self, BlockArguments, NameArguments};
use super::console::Console;
use super::failure::{Exit, Failure};
use super::password;
use crate::show;
use clap::{Args, Subcommand};
use control::{AccountSpec, Answer, Guarded, Operation, Protect};
use mail::{Language, Secret};
use store::{AccountRole, SenderRule};

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum Command {
    List,
    Add(AddArguments),
    Change(ChangeArguments),
    Password(PasswordArguments),
    Remove(RemoveArguments),
    Block(BlockArguments),
    Unblock(NameArguments),
    RemoveCode(NameArguments),
}

/// An account to be added.
#[derive(Debug, Args)]
pub struct AddArguments {
    #[arg(value_name = "LOGIN")]
    login: String,
    #[arg(long, value_name = "ADDRESS|@DOMAIN|*")]
    sender: Vec<SenderRule>,
    #[arg(long, value_name = "fr|en")]
    language: Option<Language>,
    #[arg(long, value_name = "SECONDS", default_value_t = 0, hide_default_value = true, value_parser = clap::value_parser!(u32).range(..=3_600))]
    undo: u32,
    #[arg(long, value_name = "person|helper|administrator", default_value_t = AccountRole::Person, hide_default_value = true)]
    role: AccountRole,
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    #[command(flatten)]
    password: NewPassword,
}

/// What is to change of an account; what is absent stays.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
pub struct ChangeArguments {
    #[arg(value_name = "LOGIN")]
    login: String,
    #[arg(long, value_name = "ADDRESS|@DOMAIN|*", group = "what")]
    sender: Vec<SenderRule>,
    #[arg(long, value_name = "fr|en", group = "what")]
    language: Option<Language>,
    #[arg(long, value_name = "SECONDS", group = "what", value_parser = clap::value_parser!(u32).range(..=3_600))]
    undo: Option<u32>,
    #[arg(long, value_name = "person|helper|administrator", group = "what")]
    role: Option<AccountRole>,
}

/// Whose password is to change.
#[derive(Debug, Args)]
pub struct PasswordArguments {
    #[arg(value_name = "LOGIN")]
    login: String,
    #[command(flatten)]
    password: NewPassword,
}

/// Which account is to go.
#[derive(Debug, Args)]
pub struct RemoveArguments {
    #[arg(value_name = "LOGIN")]
    login: String,
}

/// Where a new password comes from; without either, one is made.
#[derive(Debug, Args)]
pub struct NewPassword {
    #[arg(long)]
    password_stdin: bool,
    #[arg(long, conflicts_with = "password_stdin")]
    ask: bool,
}

impl NewPassword {
    /// The password, or `None` to have one made.
    pub fn read(&self, login: &str, console: &Console) -> Result<Option<Secret>, Failure> {
        if self.password_stdin {
            return Ok(Some(password::of_stdin()?));
        }
        if !self.ask {
            return Ok(None);
        }
        let prompt = |key: &str| console.reader.phrases.fill(key, [("login", login.to_owned().into())]);
        let typed = password::ask(&prompt("ask-password"))?;
        let again = password::ask(&prompt("ask-password-again"))?;
        // Nobody sees what they type: a slip would lock them out.
        if typed == again {
            Ok(Some(typed))
        } else {
            Err(Failure::Usage("usage-passwords-differ", String::new()))
        }
    }
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let operation = match command {
        Command::Block(arguments) => {
            return block::run(arguments.operation(Guarded::Account), console).await;
        }
        Command::Unblock(NameArguments { name }) => {
            let of = Guarded::Account(name);
            return block::run(Operation::Protect { of, act: Protect::Unblock }, console).await;
        }
        Command::RemoveCode(NameArguments { name }) => {
            let of = Guarded::Account(name);
            return block::run(Operation::Protect { of, act: Protect::ResetSecondFactors }, console).await;
        }
        Command::List => Operation::AccountList,
        Command::Add(arguments) => Operation::AccountAdd { account: arguments.spec(console)? },
        Command::Change(ChangeArguments { login, sender, language, undo, role }) => {
            Operation::AccountChange {
                login,
                senders: Some(sender).filter(|senders| !senders.is_empty()),
                language,
                undo_secs: undo,
                role,
            }
        }
        Command::Password(PasswordArguments { login, password }) => {
            let password = password.read(&login, console)?;
            Operation::AccountPassword { login, password }
        }
        Command::Remove(RemoveArguments { login }) => Operation::AccountRemove { login },
    };
    let changes = matches!(operation, Operation::AccountChange { .. });
    let done = if changes { "account-changed" } else { "account-removed" };
    match console.perform(operation).await? {
        Answer::Accounts { accounts } => console.show(&accounts, |reader| show::accounts(&accounts, reader)),
        Answer::Password { made } => console.show(&made, |reader| show::password(&made, reader)),
        Answer::Done => console.say(done),
        _ => Err(Failure::Unexpected),
    }
}

impl AddArguments {
    fn spec(self, console: &Console) -> Result<AccountSpec, Failure> {
        Ok(AccountSpec {
            password: self.password.read(&self.login, console)?,
            login: self.login,
            senders: self.sender,
            language: self.language.unwrap_or_else(|| console.language()),
            undo_secs: self.undo,
            role: self.role,
            owner: self.owner,
        })
    }
}
