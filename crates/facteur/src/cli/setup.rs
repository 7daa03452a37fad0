//! `facteur setup`: from nothing to a confirmation mail that arrived, by questions or by flags.
//!
//! It asks nothing that it was told, and does nothing before it knows everything. Done again, it changes what is to change
//! and adds nothing twice.

mod host_name;
mod questions;

use super::console::Console;
use super::failure::{Exit, Failure};
use super::{output, parse, publish, send};
use crate::client::Client;
use crate::config::Config;
use crate::server::{self, Announcement, StartError, StartOptions};
use crate::show;
use clap::Args;
use control::{Answer, Operation, RelaySpec, RouteFor, TestMail};
use mail::{Address, Domain};
use std::path::PathBuf;
use store::RelayTls;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// What stands in place of a relay for the way without one.
const DIRECT: &str = "direct";

/// What is to be set up.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(long, value_name = "NAME")]
    host_name: Option<Domain>,
    #[arg(long, conflicts_with_all = ["relay", "login", "password_stdin", "no_auth", "port", "tls", "ca", "region"])]
    direct: bool,
    #[arg(long, value_name = "PRESET|HOST")]
    relay: Option<String>,
    #[arg(long, value_name = "LOGIN", visible_alias = "user")]
    login: Option<String>,
    #[arg(long)]
    password_stdin: bool,
    #[arg(long, conflicts_with_all = ["login", "password_stdin"])]
    no_auth: bool,
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    #[arg(long, value_name = "auto|implicit|starttls|never", value_parser = parse::tls)]
    tls: Option<RelayTls>,
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<Address>,
    #[arg(long)]
    no_test: bool,
}

/// How mail leaves.
#[derive(Debug, Clone)]
enum Way {
    /// Straight to the servers of each recipient's domain.
    Direct,
    /// Through a relay.
    Relay(Box<RelaySpec>),
}

/// All that must be known before anything is done.
#[derive(Debug, Clone)]
struct Wishes {
    host_name: Domain,
    way: Way,
    administrator: Address,
}

/// Sets up, and sends the confirmation mail.
pub async fn setup(arguments: Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let no_test = arguments.no_test;
    let known = publish::config(console).await?.host_name();
    let wishes = questions::wishes(arguments, known, console)?;
    let direct = matches!(wishes.way, Way::Direct);
    for doubt in host_name::doubts_of(&wishes.host_name, direct).await {
        tell(&doubt.text(&wishes.host_name, &console.reader), console)?;
    }
    make(&wishes, console).await?;
    let mut client = console.reach().await?;
    let live = client.is_live();
    let done = arrange(&mut client, &wishes, console).await;
    client.close().await?;
    done?;
    if no_test {
        if console.json {
            return console.print(&show::json(&summary(&wishes)));
        }
        return console.say(if live { "setup-done" } else { "setup-next-start" });
    }
    let exit =
        if live { confirm(&wishes, console).await? } else { confirm_stopped(&wishes, console).await? };
    if exit == Exit::Done && !live && !console.json {
        console.say("setup-next-start")?;
    }
    Ok(exit)
}

/// Says how it goes on: beside the answer when a program reads the answer.
fn tell(text: &str, console: &Console) -> Result<(), Failure> {
    if console.json {
        output::warn(text);
        return Ok(());
    }
    output::print(text)
}

fn summary(wishes: &Wishes) -> serde_json::Value {
    let relay = match &wishes.way {
        Way::Direct => None,
        Way::Relay(spec) => spec.name.clone(),
    };
    serde_json::json!({
        "host_name": wishes.host_name.to_string(),
        "direct": relay.is_none(),
        "relay": relay,
        "administrator": wishes.administrator.to_string(),
    })
}

/// Makes the server where there is none; gives it its name where there is one.
async fn make(wishes: &Wishes, console: &Console) -> Result<(), Failure> {
    if !console.place.is_initialised() {
        let mut said = String::new();
        let mut announce =
            |announcement: Announcement| said += &super::start::worded(&announcement, &console.reader);
        server::init(&console.place, Some(wishes.host_name.clone()), console.language(), &mut announce)
            .await?;
        tell(&said, console)?;
    }
    if Config::read(&console.place.config).map_err(StartError::from)?.host_name() == wishes.host_name {
        return Ok(());
    }
    server::rename(&console.place, &wishes.host_name)?;
    let gaps = [
        ("host", wishes.host_name.to_string().into()),
        ("path", console.place.config.display().to_string().into()),
    ];
    tell(&format!("{}\n", console.reader.phrases.fill("setup-host-changed", gaps)), console)
}

/// The relay or the direct way, and the administrator.
async fn arrange(client: &mut Client, wishes: &Wishes, console: &Console) -> Result<(), Failure> {
    let said = match &wishes.way {
        Way::Direct => {
            let relay = Some(DIRECT.to_owned());
            client.perform(Operation::RouteSet { scope: RouteFor::Default, relay }).await?;
            format!("{}\n", console.reader.phrases.say("setup-direct"))
        }
        Way::Relay(spec) => {
            let relay = relay_of(client, spec).await?;
            show::relay(&relay, &console.reader)
        }
    };
    tell(&said, console)?;
    let value = Some(wishes.administrator.to_string());
    client.perform(Operation::SettingSet { name: control::ADMINISTRATOR.to_owned(), value }).await?;
    // The name is in the file now: one that was chosen in the portal before is older.
    client.perform(Operation::SettingSet { name: control::HOST_NAME.to_owned(), value: None }).await?;
    let gaps = [("address", wishes.administrator.to_string().into())];
    tell(&format!("{}\n", console.reader.phrases.fill("setup-administrator", gaps)), console)
}

/// Adds the relay, or changes the one of that name.
async fn relay_of(client: &mut Client, spec: &RelaySpec) -> Result<control::RelayView, Failure> {
    let Answer::Relays { relays } = client.perform(Operation::RelayList).await? else {
        return Err(Failure::Unexpected);
    };
    let name = spec.name.clone().unwrap_or_default();
    let operation = if relays.iter().any(|relay| relay.name.eq_ignore_ascii_case(&name)) {
        Operation::RelayChange { name, relay: RelaySpec { name: None, ..spec.clone() } }
    } else {
        Operation::RelayAdd { relay: spec.clone() }
    };
    match client.perform(operation).await? {
        Answer::Relay { relay } => Ok(*relay),
        _ => Err(Failure::Unexpected),
    }
}

/// Sends the confirmation mail through the running server and follows it.
async fn confirm(wishes: &Wishes, console: &mut Console) -> Result<Exit, Failure> {
    let mut client = console.reach().await?;
    let done = confirm_by(&mut client, wishes, console).await;
    client.close().await?;
    done
}

async fn confirm_by(client: &mut Client, wishes: &Wishes, console: &mut Console) -> Result<Exit, Failure> {
    let from = send::sender(client, Some(&wishes.host_name)).await?;
    let phrases = &console.reader.phrases;
    let gaps = || [("host", wishes.host_name.to_string().into()), ("from", from.to_string().into())];
    let mail = TestMail {
        to: vec![wishes.administrator.clone()],
        subject: phrases.fill("setup-mail-subject", gaps()),
        text: phrases.fill("setup-mail-text", gaps()),
        from: from.clone(),
    };
    let Answer::Accepted { id } = client.perform(Operation::Send { mail }).await? else {
        return Err(Failure::Unexpected);
    };
    let gaps = [("address", wishes.administrator.to_string().into()), ("from", from.to_string().into())];
    tell(&format!("{}\n", phrases.fill("setup-sent", gaps)), console)?;
    let exit = send::follow(client, id, console).await?;
    let key = match exit {
        Exit::Done => "setup-confirmed",
        Exit::Temporary => "setup-waits",
        _ => "setup-refused",
    };
    tell(&format!("{}\n", console.reader.phrases.say(key)), console)?;
    Ok(exit)
}

/// Runs the server without its ports just for the confirmation mail: what waits leaves too, as it would at any start.
async fn confirm_stopped(wishes: &Wishes, console: &mut Console) -> Result<Exit, Failure> {
    let (stopper, stop) = watch::channel(false);
    let server = start_without_ports(stop, console).await?;
    let done = confirm(wishes, console).await;
    let _ = stopper.send(true);
    let ended = server.await.map_err(|error| Failure::System(std::io::Error::other(error)))?;
    let exit = done?;
    ended?;
    Ok(exit)
}

async fn start_without_ports(
    stop: watch::Receiver<bool>,
    console: &Console,
) -> Result<JoinHandle<Result<(), StartError>>, Failure> {
    let options = StartOptions { place: console.place.clone(), language: console.language(), ports: None };
    let (teller, mut told) = mpsc::unbounded_channel();
    let server = tokio::spawn(async move {
        let mut announce = move |announcement| {
            let _ = teller.send(announcement);
        };
        server::run(options, stop, &mut announce).await
    });
    while let Some(announcement) = told.recv().await {
        if matches!(announcement, Announcement::Ready { .. }) {
            return Ok(server);
        }
    }
    match server.await {
        Ok(Err(error)) => Err(error.into()),
        _ => Err(Failure::Unexpected),
    }
}
