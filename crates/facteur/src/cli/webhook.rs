//! `facteur webhook`: addresses on the web that are told what happens to mail.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::parse;
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, Operation, WebhookAct, WebhookSpec};
use mail::{Clock, Secret, Timestamp};
use store::WebhookShape;

/// What can be done with webhooks.
#[derive(Debug, Subcommand)]
pub enum Command {
    List,
    Show(NameArguments),
    Add(AddArguments),
    Change(ChangeArguments),
    Secret(NameArguments),
    Test(NameArguments),
    Replay(ReplayArguments),
    Pause(NameArguments),
    Resume(ResumeArguments),
    Remove(NameArguments),
}

/// Which.
#[derive(Debug, Args)]
pub struct NameArguments {
    #[arg(value_name = "NAME")]
    name: String,
}

/// What can be said of a webhook.
#[derive(Debug, Args)]
pub struct Wishes {
    #[arg(long = "for", value_name = "server|owner:NAME|account:LOGIN|site:NAME")]
    scope: Option<String>,
    #[arg(long, value_name = "EVENT")]
    event: Vec<String>,
    #[arg(long, value_name = "own|postmark|sendgrid|resend|brevo|mailjet")]
    shape: Option<WebhookShape>,
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

/// A webhook to be added.
#[derive(Debug, Args)]
pub struct AddArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(value_name = "URL")]
    url: String,
    #[command(flatten)]
    wishes: Wishes,
}

/// What is to change of a webhook; what is absent stays.
#[derive(Debug, Args)]
pub struct ChangeArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "URL")]
    url: Option<String>,
    #[arg(long, conflicts_with = "event")]
    all_events: bool,
    #[command(flatten)]
    wishes: Wishes,
}

/// Which goes on.
#[derive(Debug, Args)]
pub struct ResumeArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(long)]
    skip_refused: bool,
}

/// What is told again.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct ReplayArguments {
    #[arg(value_name = "NAME")]
    name: String,
    #[arg(long, value_name = "AGE|TIME", value_parser = since, group = "what")]
    since: Option<Timestamp>,
    #[arg(long, value_name = "ID", group = "what")]
    event: Option<String>,
}

/// A moment: an age, or a time with its date.
pub(super) fn since(text: &str) -> Result<Timestamp, String> {
    if let Some(at) = Timestamp::from_rfc3339(text) {
        return Ok(at);
    }
    let secs = parse::age_secs(text)?;
    Ok(Clock::System.now().plus_secs(i64::try_from(secs).unwrap_or(i64::MAX).saturating_neg()))
}

impl Wishes {
    fn spec(self, url: Option<String>) -> WebhookSpec {
        WebhookSpec {
            url: url.map(Secret::new),
            scope: self.scope,
            events: Some(self.event).filter(|events| !events.is_empty()),
            shape: self.shape,
            description: self.description,
        }
    }
}

impl Command {
    fn act(self) -> WebhookAct {
        match self {
            Self::List => WebhookAct::List,
            Self::Show(NameArguments { name }) => WebhookAct::Show { name },
            Self::Add(AddArguments { name, url, wishes }) => {
                WebhookAct::Add { name, webhook: wishes.spec(Some(url)) }
            }
            Self::Change(ChangeArguments { name, url, all_events, wishes }) => {
                let mut webhook = wishes.spec(url);
                if all_events {
                    webhook.events = Some(Vec::new());
                }
                WebhookAct::Change { name, webhook }
            }
            Self::Secret(NameArguments { name }) => WebhookAct::Secret { name },
            Self::Test(NameArguments { name }) => WebhookAct::Test { name },
            Self::Replay(ReplayArguments { name, since, event }) => WebhookAct::Replay { name, since, event },
            Self::Pause(NameArguments { name }) => WebhookAct::Pause { name },
            Self::Resume(ResumeArguments { name, skip_refused }) => WebhookAct::Resume { name, skip_refused },
            Self::Remove(NameArguments { name }) => WebhookAct::Remove { name },
        }
    }
}

/// Does it.
pub async fn run(command: Command, console: &mut Console) -> Result<Exit, Failure> {
    match console.perform(Operation::Webhook { act: command.act() }).await? {
        Answer::Webhooks { webhooks } => console.show(&webhooks, |reader| show::webhooks(&webhooks, reader)),
        Answer::Webhook { webhook, made } => {
            let secret = made.and_then(|made| made.password);
            let json = serde_json::json!({ "webhook": webhook, "secret": secret });
            console.show(&json, |reader| show::webhook(&webhook, secret.as_deref(), reader))
        }
        Answer::WebhookTested { post, .. } => {
            let taken = post.result.is_taken();
            console.show(&post, |reader| show::webhook_post(&post, reader))?;
            Ok(if taken { Exit::Done } else { Exit::Failed })
        }
        Answer::Done => console.say("webhook-removed"),
        _ => Err(Failure::Unexpected),
    }
}
