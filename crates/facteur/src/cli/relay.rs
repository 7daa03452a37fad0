//! `facteur relay`: the servers that carry the mail on.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::{output, parse, password};
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, Blame, Fault, Operation, RelaySpec};
use deliver::{SignIn, preset};
use explain::{CauseId, Facts, Place, words};
use mail::Secret;
use std::fs;
use std::path::{Path, PathBuf};
use store::{RelayTls, SenderMode};

/// What can be done with relays.
#[derive(Debug, Subcommand)]
pub enum Command {
    List,
    Presets,
    Add(AddArguments),
    Change(ChangeArguments),
    Password(PasswordArguments),
    Test(NameArguments),
    Remove(NameArguments),
}

/// A relay to be added.
#[derive(Debug, Args)]
pub struct AddArguments {
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    #[arg(long, value_name = "NAME")]
    pub owner: Option<String>,
    #[arg(long, value_name = "LOGIN", conflicts_with = "owner")]
    pub account: Option<String>,
    #[command(flatten)]
    pub settings: Settings,
}

/// A relay to be changed.
#[derive(Debug, Args)]
pub struct ChangeArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "NAME")]
    rename: Option<String>,
    #[arg(long, conflicts_with = "insecure")]
    secure: bool,
    #[command(flatten)]
    settings: Settings,
}

/// What a relay is.
#[derive(Debug, Args)]
pub struct Settings {
    #[arg(long, value_name = "PRESET")]
    pub preset: Option<String>,
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    #[arg(long, value_name = "auto|implicit|starttls|never", value_parser = parse::tls)]
    pub tls: Option<RelayTls>,
    #[arg(long)]
    pub insecure: bool,
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    #[arg(long, value_name = "LOGIN", visible_alias = "user")]
    pub login: Option<String>,
    #[arg(long)]
    pub password_stdin: bool,
    #[arg(long, conflicts_with_all = ["login", "password_stdin"])]
    pub no_auth: bool,
    #[arg(long, value_name = "keep|login", value_parser = parse::sender_mode)]
    pub sender: Option<SenderMode>,
    #[arg(long, value_name = "REGION")]
    pub region: Option<String>,
    #[arg(long, value_name = "N")]
    pub connections: Option<u16>,
    #[arg(long, value_name = "N")]
    pub recipients: Option<u16>,
    #[arg(long)]
    pub default: bool,
}

/// Which relay's password is to change.
#[derive(Debug, Args)]
pub struct PasswordArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "LOGIN", visible_alias = "user")]
    login: Option<String>,
    #[arg(long)]
    password_stdin: bool,
}

/// Which relay.
#[derive(Debug, Args)]
pub struct NameArguments {
    #[arg(value_name = "NAME")]
    name: String,
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    let operation = match command {
        Command::List => Operation::RelayList,
        Command::Presets => return console.show(&show::presets_json(), show::presets),
        Command::Add(arguments) => Operation::RelayAdd { relay: arguments.spec(console)? },
        Command::Change(arguments) => {
            let name = arguments.name.clone();
            Operation::RelayChange { name, relay: arguments.spec()? }
        }
        Command::Password(PasswordArguments { name, login, password_stdin }) => {
            let password = secret(password_stdin, &name, console)?;
            Operation::RelayPassword { name, login, password }
        }
        Command::Test(NameArguments { name }) => Operation::RelayTest { name },
        Command::Remove(NameArguments { name }) => Operation::RelayRemove { name },
    };
    let answer = console.perform(operation).await?;
    match &answer {
        Answer::Relays { relays } => console.show(relays, |reader| show::relays(relays, reader)),
        Answer::Relay { relay } => console.show(relay, |reader| show::relay(relay, reader)),
        Answer::Tested { relay, preset, evidence, dialogue, neighbours } => {
            let text = |reader: &show::Reader| {
                show::tested(
                    relay,
                    preset.as_deref(),
                    evidence.as_ref(),
                    dialogue,
                    neighbours.as_ref(),
                    reader,
                )
            };
            console.show(&answer, text)?;
            Ok(if evidence.is_none() { Exit::Done } else { Exit::Unavailable })
        }
        Answer::Done => console.say("relay-removed"),
        _ => Err(Failure::Unexpected),
    }
}

/// The password from where the caller wants it to come: standard input, or the terminal.
fn secret(from_stdin: bool, whose: &str, console: &Console) -> Result<Secret, Failure> {
    if from_stdin {
        return password::of_stdin();
    }
    if !password::can_ask() {
        return Err(Failure::Usage("usage-password-needed", String::new()));
    }
    password::ask(&console.reader.phrases.fill("ask-password", [("login", whose.to_owned().into())]))
}

impl AddArguments {
    /// The relay that is meant; asks for what is missing.
    pub fn spec(self, console: &Console) -> Result<RelaySpec, Failure> {
        let mut settings = self.settings;
        // `relay add gmail` says enough.
        if settings.preset.is_none() && settings.host.is_none() {
            settings.preset = self.name.clone().filter(|name| preset(name).is_some());
        }
        let known = settings.preset.as_deref().and_then(preset);
        if known.is_some_and(|known| known.sign_in == SignIn::OAuth2Only) && !settings.no_auth {
            // Said before a password is asked for that would never work.
            return Err(Fault::about(Blame::OAuth2Only, known.map_or("", |known| known.name)).into());
        }
        if let Some(known) =
            known.filter(|_| !settings.password_stdin && !settings.no_auth && password::can_ask())
        {
            output::warn(&needs(known.name, console));
        }
        if !settings.no_auth {
            let login =
                settings.login.take().or_else(|| known.and_then(|known| known.login).map(str::to_owned));
            settings.login = match login {
                None if password::can_ask() && !settings.password_stdin => {
                    Some(password::ask_openly(&console.reader.phrases.say("ask-login"))?)
                }
                login => login,
            };
        }
        let password = match (settings.no_auth, &settings.login) {
            (false, Some(login)) => Some(secret(settings.password_stdin, login, console)?),
            _ => None,
        };
        let spec = settings.spec(password)?;
        Ok(RelaySpec { name: self.name, owner: self.owner, account: self.account, ..spec })
    }
}

/// What a provider wants to be shown, and where one gets it, when it is not simply the password.
fn needs(name: &str, console: &Console) -> String {
    let of = |provider| {
        let cause = CauseId::AUTH_BAD_CREDENTIALS;
        words(cause, provider, Place::Pasted, console.language(), &Facts::default())
    };
    let special = of(Some(name));
    if special.fix == of(None).fix {
        return String::new();
    }
    format!("{}\n{}", special.fix, special.link.map(|link| format!("{link}\n")).unwrap_or_default())
}

impl ChangeArguments {
    fn spec(self) -> Result<RelaySpec, Failure> {
        let password = if self.settings.password_stdin { Some(password::of_stdin()?) } else { None };
        let spec = self.settings.spec(password)?;
        let insecure = if self.secure { Some(false) } else { spec.insecure };
        Ok(RelaySpec { name: self.rename, insecure, ..spec })
    }
}

impl Settings {
    fn spec(self, password: Option<Secret>) -> Result<RelaySpec, Failure> {
        Ok(RelaySpec {
            name: None,
            owner: None,
            account: None,
            preset: self.preset,
            host: self.host,
            port: self.port,
            tls: self.tls,
            insecure: self.insecure.then_some(true),
            extra_ca: self.ca.as_deref().map(read).transpose()?,
            login: self.login,
            password,
            no_auth: self.no_auth,
            sender: self.sender,
            region: self.region,
            max_connections: self.connections,
            max_recipients: self.recipients,
            default: self.default,
        })
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::File(path.display().to_string(), error))
}
