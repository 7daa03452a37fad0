//! `facteur discover`: the mail settings of an address.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::{output, parse, password};
use crate::discover::{Live, News};
use crate::server::StartError;
use crate::show;
use ::discover::{Discovery, Server, SubjectError};
use clap::Args;
use control::{Answer, Operation, found};
use mail::Secret;
use std::io::{self, BufRead as _, Read as _};

/// The most bytes of one line of `--jsonl`.
const MAX_LINE: u64 = 1_000;

/// Which address, and for what.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "ADDRESS", required_unless_present = "jsonl")]
    address: Option<String>,
    #[arg(long = "for", value_name = "PROGRAM", value_parser = parse::program, conflicts_with = "jsonl")]
    program: Option<show::ForProgram>,
    #[arg(long, conflicts_with_all = ["password_stdin", "private"])]
    offline: bool,
    #[arg(long, conflicts_with = "jsonl")]
    password_stdin: bool,
    #[arg(long, value_name = "DOMAIN", requires = "password_stdin")]
    trust: Option<mail::Domain>,
    #[arg(long = "use", requires = "password_stdin", conflicts_with_all = ["program", "offline"])]
    use_it: bool,
    #[arg(long)]
    private: bool,
    #[arg(long, conflicts_with = "address")]
    jsonl: bool,
}

/// Finds them.
pub async fn discover(arguments: &Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let Some(address) = arguments.address.as_deref().filter(|_| !arguments.jsonl) else {
        return lines(arguments, console).await;
    };
    let password = if arguments.password_stdin { Some(password::of_stdin()?) } else { None };
    let own = own(address, console).await;
    // What comes is shown as it comes, beside the answer: people wait better when they see that something happens.
    let told = |News::Answers(candidate): News<'_>| {
        if !console.json && arguments.program.is_none() {
            output::warn(&format!("{}\n", found::answers(candidate, &console.reader)));
        }
    };
    let discovery =
        of(address, arguments, own, password.as_ref(), told).await?.map_err(|error| match error {
            SubjectError::Address(_) => {
                Failure::Mail("discover-not-an-address", address.to_owned(), Exit::Data)
            }
            SubjectError::NotPublic(domain) => Failure::Mail("discover-not-public", domain, Exit::Data),
        })?;
    if let Some(password) = password.as_ref().filter(|_| arguments.use_it) {
        return use_it(&discovery, password, console).await;
    }
    match arguments.program {
        Some(program) => match show::settings_for(program, &discovery, &console.reader) {
            Some(text) => console.print(&text),
            None => Err(Failure::Mail("discover-nothing-to-copy", address.to_owned(), Exit::Failed)),
        },
        None => {
            console.show(&found::json(&discovery, &console.reader), |reader| {
                show::discovery(&discovery, reader)
            })?;
            Ok(exit_of(&discovery, password.is_some()))
        }
    }
}

/// Makes the server for sending a relay of this server.
async fn use_it(discovery: &Discovery, password: &Secret, console: &mut Console) -> Result<Exit, Failure> {
    let Some(relay) = control::relay_of(discovery, password) else {
        // Why it was not let in stands among the remarks.
        output::warn(&show::discovery(discovery, &console.reader));
        return Err(Failure::Mail("discover-not-let-in", discovery.address.to_string(), Exit::Failed));
    };
    match console.perform(Operation::RelayAdd { relay }).await? {
        Answer::Relay { relay } => console.show(&relay, |reader| show::relay(&relay, reader)),
        _ => Err(Failure::Unexpected),
    }
}

/// Done means: there is something to send with, and with a password, it was let in wherever it was asked for.
fn exit_of(discovery: &Discovery, with_password: bool) -> Exit {
    let (incoming, outgoing) = discovery.pair();
    let let_in = |candidate| discovery.proof(candidate).is_some_and(|proof| proof.login.is_some());
    let proved = |candidate| discovery.proof(candidate).is_some();
    let fine = match (outgoing, with_password) {
        (None, _) => false,
        (Some(outgoing), true) => let_in(outgoing) && incoming.is_none_or(let_in),
        (Some(outgoing), false) => !discovery.live || proved(outgoing),
    };
    if fine { Exit::Done } else { Exit::Failed }
}

/// The servers of this very server, where it hosts the domain. Whoever may not look into its data, or has none here, asks
/// as anybody does.
async fn own(address: &str, console: &mut Console) -> Vec<Server> {
    let domain = address.rsplit_once('@').and_then(|(_, domain)| domain.trim().parse::<mail::Domain>().ok());
    let Some(name) = domain.filter(|_| console.place.is_initialised()) else { return Vec::new() };
    let Ok(Answer::Domains { domains }) = console.perform(Operation::DomainList).await else {
        return Vec::new();
    };
    let known = domains.into_iter().find(|domain| domain.name == name).and_then(|domain| domain.settings);
    known.map(|settings| control::published_model(&name, &settings).servers).unwrap_or_default()
}

async fn of(
    address: &str,
    arguments: &Arguments,
    own: Vec<Server>,
    password: Option<&Secret>,
    told: impl FnMut(News<'_>),
) -> Result<Result<Discovery, SubjectError>, Failure> {
    if arguments.offline {
        return Ok(Discovery::offline(address, &own));
    }
    let live = Live::new(arguments.private).map_err(|error| Failure::Start(StartError::Net(error)))?;
    let trusted = arguments.trust.as_ref().map(mail::Domain::as_ascii);
    Ok(live.hosting(own).discover(address, password, trusted, told).await)
}

/// An address a line, an answer a line.
async fn lines(arguments: &Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(Failure::System)? == 0 {
            return Ok(Exit::Done);
        }
        let text = String::from_utf8_lossy(line.trim_ascii()).into_owned();
        if text.is_empty() {
            continue;
        }
        let own = own(&text, console).await;
        let answer = match of(&text, arguments, own, None, |_| {}).await? {
            Ok(discovery) => show::json_line(&found::json(&discovery, &console.reader)),
            Err(error) => {
                show::json_line(&serde_json::json!({ "address": text, "error": error.to_string() }))
            }
        };
        console.print(&answer)?;
    }
}
