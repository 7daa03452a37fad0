//! `facteur send`: a test message, followed until it is there or its reason is known.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::output;
use crate::client::Client;
use crate::show::{self, Progress, StoryOf};
use clap::Args;
use control::{Answer, Operation, TestMail};
use mail::{Address, Clock, Domain, QueueId};
use std::time::Duration;

/// How often the message is looked at while it is followed.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Which message.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "ADDRESS", required_unless_present = "to")]
    recipients: Vec<Address>,
    #[arg(long, value_name = "ADDRESS")]
    to: Vec<Address>,
    #[arg(long, value_name = "ADDRESS")]
    from: Option<Address>,
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    #[arg(long)]
    no_follow: bool,
}

/// Sends it.
pub async fn send(arguments: Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let mut client = console.reach().await?;
    let done = send_by(&mut client, arguments, console).await;
    if let Err(error) = client.close().await {
        tracing::error!(%error, "the data was not closed in order");
    }
    done
}

async fn send_by(client: &mut Client, arguments: Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let phrases = &console.reader.phrases;
    let from = match arguments.from {
        Some(from) => from,
        None => sender(client, None).await?,
    };
    let mut to = arguments.recipients;
    to.extend(arguments.to);
    let sender_text = from.to_string();
    let mail = TestMail {
        from,
        to,
        subject: arguments.subject.unwrap_or_else(|| phrases.say("send-subject")),
        text: arguments.text.unwrap_or_else(|| phrases.say("send-text")),
    };
    let Answer::Accepted { id } = client.perform(Operation::Send { mail }).await? else {
        return Err(Failure::Unexpected);
    };
    if console.json {
        if !arguments.no_follow && client.is_live() {
            return follow(client, id, console).await;
        }
        return console.print(&show::json(&serde_json::json!({ "id": id })));
    }
    let gaps = [("id", id.to_string().into()), ("from", sender_text.into())];
    output::print(&format!("{}\n", phrases.fill("send-accepted", gaps)))?;
    if !client.is_live() {
        // Nobody carries mail now: there is nothing to follow.
        return console.say("send-stopped");
    }
    if arguments.no_follow { Ok(Exit::Done) } else { follow(client, id, console).await }
}

/// With which address: the login of the relay that everybody's mail takes, which it surely accepts, else this server's
/// own. `host` is the name that the server has from its next start on.
pub async fn sender(client: &mut Client, host: Option<&Domain>) -> Result<Address, Failure> {
    let Answer::Status { report } = client.perform(Operation::Status).await? else {
        return Err(Failure::Unexpected);
    };
    let Answer::Routes { routes } = client.perform(Operation::RouteList).await? else {
        return Err(Failure::Unexpected);
    };
    let default = routes.iter().find(|route| route.scope == "default");
    let relay = default.and_then(|route| report.relays.iter().find(|relay| relay.name == route.relay));
    let login = relay.and_then(|relay| relay.login.as_deref()?.parse().ok());
    let host = host.map_or(report.host_name, ToString::to_string);
    let own = || format!("postmaster@{host}").parse().ok();
    login.or_else(own).ok_or_else(|| Failure::Usage("usage-from-needed", String::new()))
}

/// Looks on until nothing more happens soon, or Ctrl-C. The message goes its way in any case.
pub async fn follow(client: &mut Client, id: QueueId, console: &mut Console) -> Result<Exit, Failure> {
    let mut known = 0;
    let mut over = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        let answer = client.perform(Operation::Why { id: id.to_string() }).await?;
        let Answer::Story { story, closures, relays, refusing_all } = answer else {
            return Err(Failure::Unexpected);
        };
        console.reader.now = Clock::System.now();
        let of = StoryOf { story: &story, closures: &closures, relays: &relays, refusing_all: &refusing_all };
        if !console.json {
            output::print(&show::progress(of, known, &console.reader))?;
        }
        known = story.attempts.len();
        let progress = Progress::of(&story.message);
        if progress != Progress::Moving {
            let text = if console.json {
                show::json(&show::story_json(of, &console.reader))
            } else {
                show::outcome(of, &console.reader)
            };
            output::print(&text)?;
            return Ok(match progress {
                Progress::Delivered | Progress::Moving => Exit::Done,
                Progress::Waits => Exit::Temporary,
                Progress::Failed => Exit::Failed,
            });
        }
        tokio::select! {
            _ = &mut over => return console.say("send-left"),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
