//! `facteur demo`: the main thing in a minute, without network. A pretend Gmail that wants an app password, a real
//! facteur in a directory that goes away, a message that waits with its reason, the correction, the message leaving.
//!
//! In a terminal, or when it is asked to, it then stays: with a portal, a town of mailboxes that answer as they do in life, and
//! a month of history.

mod pretend;
mod town;

use super::console::Console;
use super::failure::{Exit, Failure};
use super::output;
use crate::client::Client;
use crate::place::Place;
use crate::server::{self, Announcement, StartError, StartOptions};
use crate::show::{self, Mailq, Progress, StoryOf};
use clap::Args;
use control::{Answer, Operation, QueueFilter, RelaySpec, TestMail};
use mail::{Clock, Language, QueueId, Secret};
use net::{Inherited, NetError};
use pretend::{Pretend, RIGHT_PASSWORD, WRONG_PASSWORD};
use std::fs;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::Duration;
use store::Page;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// The longest that anything in the scene may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often the message is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The relay's name.
const RELAY: &str = "gmail";
/// Who gets the message.
const FRIEND: &str = "lea@example.org";

/// How it is to go on after the scene.
#[derive(Debug, Default, Args)]
pub struct Arguments {
    #[arg(long)]
    stay: bool,
    #[arg(long, conflicts_with = "stay")]
    short: bool,
}

/// Plays the scene; Ctrl-C leaves it. Nothing is left behind in either case.
pub async fn demo(arguments: Arguments, console: &mut Console) -> Result<Exit, Failure> {
    // Whoever reads it in a pipe does not wait for an end.
    let stays = arguments.stay || (!arguments.short && io::stdout().is_terminal());
    // Asked for before there is anything to leave behind.
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::System)?;
    console.say("demo-intro")?;
    let directory = tempfile::tempdir().map_err(Failure::System)?;
    let (stopper, stop) = watch::channel(false);
    let gmail = Pretend::start(directory.path(), pretend::NAME, stop.clone())?;
    let place = make_place(directory.path(), stays)?;
    if stays {
        let town = Pretend::start(directory.path(), town::NAME, stop.clone())?;
        town::prepare(&place, (&town, &gmail), console).await?;
    }
    let server = start_server(&place, console.language(), stop).await?;
    let played = tokio::select! {
        played = tokio::time::timeout(PATIENCE, play(&place, &gmail, stays, console)) => played,
        _ = interrupt.recv() => Ok(Ok(Exit::Failed)),
    };
    if stays && matches!(played, Ok(Ok(Exit::Done))) {
        interrupt.recv().await;
    }
    // The directory may only go when nobody writes to it any more.
    let _ = stopper.send(true);
    let ended = server.await.map_err(|error| Failure::System(io::Error::other(error)))?;
    let exit = played.unwrap_or_else(|_| Err(Failure::System(io::ErrorKind::TimedOut.into())))?;
    ended?;
    Ok(exit)
}

async fn play(place: &Place, gmail: &Pretend, stays: bool, console: &mut Console) -> Result<Exit, Failure> {
    let mut client = Client::reach(place, console.language()).await?;
    let mut done = scene(&mut client, gmail, console).await;
    if stays && done.is_ok() {
        done = town::open(&mut client, console).await.map(|()| Exit::Done);
    }
    client.close().await?;
    done
}

/// The directory of a facteur of its own, with a portal if it is to stay.
fn make_place(directory: &Path, with_portal: bool) -> Result<Place, Failure> {
    let data = directory.join("facteur-data");
    let place = Place::of(data.clone());
    fs::create_dir(&data).map_err(Failure::System)?;
    let mut config = "host_name = \"facteur.test\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n".to_owned();
    if with_portal {
        config += "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"https\"\n";
    }
    fs::write(&place.config, config).map_err(Failure::System)?;
    Ok(place)
}

/// Runs it beside us, and waits until it is ready.
async fn start_server(
    place: &Place,
    language: Language,
    stop: watch::Receiver<bool>,
) -> Result<JoinHandle<Result<(), StartError>>, Failure> {
    let options = StartOptions { place: place.clone(), language, ports: Some(Inherited::default()) };
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
    // It ended without being ready: its error says why.
    match server.await {
        Ok(Err(error)) => Err(error.into()),
        _ => Err(Failure::Unexpected),
    }
}

async fn scene(client: &mut Client, gmail: &Pretend, console: &mut Console) -> Result<Exit, Failure> {
    let login = console.reader.phrases.say("demo-login");
    step("demo-add", &format!("facteur relay add {RELAY} --login {login}"), console)?;
    let Answer::Relay { relay } = client.perform(relay_add(gmail, &login)).await? else {
        return Err(Failure::Unexpected);
    };
    // The pretend server's address would only puzzle.
    let known = control::RelayView { host: pretend::NAME.to_owned(), port: None, ..*relay };
    output::print(&show::relays(std::slice::from_ref(&known), &console.reader))?;

    step("demo-send", &format!("facteur send {FRIEND}"), console)?;
    let id = send(client, &login, console).await?;
    until(client, id, Progress::Waits, console).await?;
    step("demo-waits", "mailq", console)?;
    print_mailq(client, console).await?;
    console.say("demo-nothing-lost")?;

    step("demo-correct", &format!("facteur relay password {RELAY}"), console)?;
    let operation = Operation::RelayPassword {
        name: RELAY.to_owned(),
        login: None,
        password: Secret::new(RIGHT_PASSWORD),
    };
    client.perform(operation).await?;
    console.say("demo-corrected")?;
    until(client, id, Progress::Delivered, console).await?;

    let gaps = [("count", gmail.received().into())];
    output::print(&format!("\n{}\n", console.reader.phrases.fill("demo-arrived", gaps)))?;
    output::print(&format!("\n{}\n", console.reader.phrases.say("demo-next")))?;
    Ok(Exit::Done)
}

/// A sentence, and the command that would be typed.
fn step(key: &str, command: &str, console: &Console) -> Result<(), Failure> {
    output::print(&format!("\n{}\n\n$ {command}\n", console.reader.phrases.say(key)))
}

fn relay_add(gmail: &Pretend, login: &str) -> Operation {
    let relay = RelaySpec {
        preset: Some(RELAY.to_owned()),
        host: Some(gmail.host.clone()),
        port: Some(gmail.port),
        extra_ca: Some(gmail.certificate.clone()),
        login: Some(login.to_owned()),
        password: Some(Secret::new(WRONG_PASSWORD)),
        default: true,
        ..RelaySpec::default()
    };
    Operation::RelayAdd { relay }
}

async fn send(client: &mut Client, login: &str, console: &Console) -> Result<QueueId, Failure> {
    let phrases = &console.reader.phrases;
    let address = |text: &str| text.parse().map_err(|_| Failure::Unexpected);
    let mail = TestMail {
        from: address(login)?,
        to: vec![address(FRIEND)?],
        subject: phrases.say("send-subject"),
        text: phrases.say("send-text"),
    };
    let Answer::Accepted { id } = client.perform(Operation::Send { mail }).await? else {
        return Err(Failure::Unexpected);
    };
    let gaps = [("id", id.to_string().into()), ("from", login.into())];
    output::print(&format!("{}\n", phrases.fill("send-accepted", gaps)))?;
    Ok(id)
}

/// Looks on until the message is where it should be, and shows how it stands there.
async fn until(
    client: &mut Client,
    id: QueueId,
    wanted: Progress,
    console: &mut Console,
) -> Result<(), Failure> {
    loop {
        let answer = client.perform(Operation::Why { id: id.to_string() }).await?;
        let Answer::Story { story, closures, relays, refusing_all } = answer else {
            return Err(Failure::Unexpected);
        };
        console.reader.now = Clock::System.now();
        let of = StoryOf { story: &story, closures: &closures, relays: &relays, refusing_all: &refusing_all };
        if Progress::of(&story.message) == wanted {
            return output::print(&show::outcome(of, &console.reader));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn print_mailq(client: &mut Client, console: &Console) -> Result<(), Failure> {
    let operation = Operation::QueueList { filter: QueueFilter::default(), after: None, limit: Page::MAX };
    let Answer::Queue { page } = client.perform(operation).await? else { return Err(Failure::Unexpected) };
    let mut listing = Mailq::default();
    let text = listing.page(&page, &console.reader);
    output::print(&format!("{text}{}\n", listing.end()))
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        Self::Start(StartError::Net(error))
    }
}
