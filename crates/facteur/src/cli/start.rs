//! `facteur start` and `facteur init`: the server, and its first words.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::output;
use crate::confine;
use crate::server::{self, Announcement, StartOptions};
use crate::show::{Reader, listener};
use clap::Args;
use mail::Domain;
use net::Inherited;
use std::io::IsTerminal as _;
use tokio::runtime::{Builder, Runtime};
use tracing_subscriber::EnvFilter;

/// The variable that says how much is logged.
const LOG: &str = "FACTEUR_LOG";

/// How a server is made.
#[derive(Debug, Args)]
pub struct InitArguments {
    #[arg(long, value_name = "NAME")]
    host_name: Option<Domain>,
}

/// Runs the server until it is told to stop. It is prepared on this thread alone, and what this thread may not do any
/// more after that, those that it starts may not do either.
pub fn start(inherited: Inherited, console: &Console) -> Result<Exit, Failure> {
    log();
    let options =
        StartOptions { place: console.place.clone(), language: console.language(), ports: Some(inherited) };
    let mut announce = |announcement| output::warn(&worded(&announcement, &console.reader));
    let first = Builder::new_current_thread().enable_all().build().map_err(Failure::System)?;
    let prepared = first.block_on(server::prepare(options, &mut announce))?;
    drop(first);
    for lack in prepared.reach().iter().flat_map(confine::apply) {
        announce(Announcement::Unconfined { lack });
    }
    let runtime = Runtime::new().map_err(Failure::System)?;
    let ran = runtime.block_on(server::start(prepared, &mut announce));
    // A look-up that still waits must not hold the program.
    runtime.shutdown_background();
    ran?;
    Ok(Exit::Done)
}

/// Makes the server without starting it.
pub async fn init(arguments: InitArguments, console: &Console) -> Result<Exit, Failure> {
    if console.place.is_initialised() {
        let gaps = [("path", console.place.data.display().to_string().into())];
        return console.print(&format!("{}\n", console.reader.phrases.fill("init-already", gaps)));
    }
    let mut said = String::new();
    let mut announce = |announcement| said += &worded(&announcement, &console.reader);
    server::init(&console.place, arguments.host_name, console.language(), &mut announce).await?;
    console.print(&said)?;
    console.say("init-next")
}

/// The log goes to standard error, where service managers look for it.
fn log() {
    let filter = EnvFilter::try_from_env(LOG).unwrap_or_else(|_| EnvFilter::new("info"));
    let colours = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr).init();
}

/// What a starting server says, in words.
pub fn worded(announcement: &Announcement, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let text = match announcement {
        Announcement::Initialised { data, host_name } => {
            let gaps = [("path", data.display().to_string().into()), ("host", host_name.clone().into())];
            phrases.fill("start-initialised", gaps)
        }
        Announcement::AdministratorMade { login, password } => {
            let gaps = [("login", login.clone().into()), ("password", password.reveal().to_owned().into())];
            phrases.fill("start-administrator", gaps)
        }
        Announcement::CertificateMade { path } => {
            phrases.fill("start-certificate", [("path", path.display().to_string().into())])
        }
        Announcement::Listening { listener: port } => listener(port, reader),
        Announcement::NotListening { address, detail } => {
            let gaps = [("address", address.to_string().into()), ("detail", detail.clone().into())];
            phrases.fill("start-not-listening", gaps)
        }
        Announcement::PerhapsTwice { count } => {
            phrases.fill("start-perhaps-twice", [("count", (*count).into())])
        }
        Announcement::AsRoot => phrases.say("start-as-root"),
        Announcement::Unconfined { lack } => {
            let gaps = [("measure", lack.measure.into()), ("detail", lack.detail.clone().into())];
            phrases.fill("start-unconfined", gaps)
        }
        Announcement::NoRelay => phrases.say("start-no-relay"),
        Announcement::PortalLink { links, minutes } => {
            let lines: Vec<String> = links.iter().map(|link| format!("\n    {link}")).collect();
            format!("{}{}", phrases.fill("portal-link", [("count", (*minutes).into())]), lines.concat())
        }
        Announcement::Ready { host_name } => {
            phrases.fill("start-ready", [("host", host_name.clone().into())])
        }
    };
    format!("{text}\n")
}
