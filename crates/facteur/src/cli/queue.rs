//! `facteur queue`: what waits, and what a person may do with it.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::{output, parse, password};
use crate::client::Client;
use crate::show;
use clap::{Args, Subcommand};
use control::{Answer, Operation, QueueFilter, QueuePage};
use mail::{Clock, QueueId};
use store::{Act, Page, RecipientState};

/// How many messages a person is shown unless they ask for more.
const SHOWN: usize = 50;

/// What can be done with the queue.
#[derive(Debug, Subcommand)]
pub enum Command {
    List(ListArguments),
    Retry(ActArguments),
    Hold(ActArguments),
    Release(ActArguments),
    Delete(FinalArguments),
    Bounce(FinalArguments),
}

/// What is to be listed.
#[derive(Debug, Default, Args)]
pub struct ListArguments {
    #[command(flatten)]
    filter: Filter,
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

/// To which messages something is to be done.
#[derive(Debug, Args)]
pub struct ActArguments {
    #[command(flatten)]
    filter: Filter,
    #[arg(long)]
    all: bool,
}

/// To which messages something is to be done that cannot be undone.
#[derive(Debug, Args)]
pub struct FinalArguments {
    #[command(flatten)]
    act: ActArguments,
    #[arg(long, short)]
    yes: bool,
}

#[derive(Debug, Default, Args)]
struct Filter {
    #[arg(value_name = "ID")]
    ids: Vec<QueueId>,
    #[arg(long, value_name = "ADDRESS")]
    sender: Option<String>,
    #[arg(long, value_name = "ADDRESS")]
    recipient: Option<String>,
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,
    #[arg(long, value_name = "NAME")]
    relay: Option<String>,
    #[arg(long, value_name = "CAUSE")]
    cause: Option<String>,
    #[arg(long, value_name = "TAG")]
    tag: Option<String>,
    #[arg(long, value_name = "AGE", value_parser = parse::age_secs)]
    older_than: Option<u64>,
    #[arg(long, value_name = "STATE", value_parser = parse::state)]
    state: Option<RecipientState>,
}

/// Does it.
pub async fn run(command: Option<Command>, console: &mut Console) -> Result<Exit, Failure> {
    let (act, arguments, sure) = match command {
        None => return list(ListArguments::default(), console).await,
        Some(Command::List(arguments)) => return list(arguments, console).await,
        Some(Command::Retry(arguments)) => (Act::Retry, arguments, true),
        Some(Command::Hold(arguments)) => (Act::Hold, arguments, true),
        Some(Command::Release(arguments)) => (Act::Release, arguments, true),
        Some(Command::Delete(FinalArguments { act, yes })) => (Act::Delete, act, yes),
        Some(Command::Bounce(FinalArguments { act, yes })) => (Act::Fail, act, yes),
    };
    let filter = arguments.filter.of();
    if filter == QueueFilter::default() && !arguments.all {
        return Err(Failure::Usage("usage-all-needed", String::new()));
    }
    // Who names messages by their id has looked at them; and a script has nobody to ask.
    let named = !filter.ids.is_empty();
    if !sure && !named && password::can_ask() && !confirmed(act, &filter, console).await? {
        console.say("queue-left")?;
        return Ok(Exit::Failed);
    }
    act_on(act, filter, console).await
}

/// Says how many messages are meant, and asks whether that is what was meant.
async fn confirmed(act: Act, filter: &QueueFilter, console: &mut Console) -> Result<bool, Failure> {
    let mut pages = Pages::of(filter.clone(), console).await?;
    let first = pages.next(Page::MAX).await;
    pages.close().await;
    let page = first?;
    let count = page.as_ref().map_or(0, |page| page.rows.len());
    if count == 0 {
        return Ok(true);
    }
    let more = page.is_some_and(|page| page.next.is_some());
    let phrases = &console.reader.phrases;
    let gaps = [("count", count.into())];
    let messages = phrases.fill(if more { "queue-sure-more" } else { "queue-sure-count" }, gaps);
    let key = if act == Act::Delete { "queue-sure-delete" } else { "queue-sure-bounce" };
    let prompt = phrases.fill(key, [("messages", messages.into())]);
    let answer = password::ask_openly(&format!("{prompt} "))?.to_lowercase();
    Ok(phrases.say("queue-sure-yes").split(' ').any(|yes| yes == answer))
}

/// Does something to what the filter means.
pub async fn act_on(act: Act, filter: QueueFilter, console: &mut Console) -> Result<Exit, Failure> {
    match console.perform(Operation::QueueAct { act, filter }).await? {
        Answer::Acted { acted, .. } => console.show(&acted, |reader| show::acted(act, &acted, reader)),
        _ => Err(Failure::Unexpected),
    }
}

impl Filter {
    fn of(self) -> QueueFilter {
        QueueFilter {
            ids: self.ids,
            sender: self.sender,
            recipient: self.recipient,
            domain: self.domain,
            relay: self.relay,
            cause: self.cause,
            tag: self.tag,
            older_than_secs: self.older_than,
            state: self.state,
            account: None,
            ..QueueFilter::default()
        }
    }
}

/// The queue page by page, so that a long one is neither held in memory nor waited for.
pub struct Pages {
    client: Client,
    filter: QueueFilter,
    after: Option<QueueId>,
    over: bool,
}

impl Pages {
    /// The pages of what the filter means.
    pub async fn of(filter: QueueFilter, console: &mut Console) -> Result<Self, Failure> {
        let client = console.reach().await?;
        console.reader.now = Clock::System.now();
        Ok(Self { client, filter, after: None, over: false })
    }

    /// The next page, of at most `limit` messages.
    pub async fn next(&mut self, limit: usize) -> Result<Option<Box<QueuePage>>, Failure> {
        if self.over {
            return Ok(None);
        }
        let operation = Operation::QueueList {
            filter: self.filter.clone(),
            after: self.after,
            limit: limit.min(Page::MAX),
        };
        match self.client.perform(operation).await? {
            Answer::Queue { page } => {
                self.after = page.next;
                self.over = page.next.is_none();
                Ok(Some(page))
            }
            _ => Err(Failure::Unexpected),
        }
    }

    /// Ends the reading.
    pub async fn close(self) {
        if let Err(error) = self.client.close().await {
            tracing::error!(%error, "the data was not closed in order");
        }
    }
}

async fn list(arguments: ListArguments, console: &mut Console) -> Result<Exit, Failure> {
    let limit = arguments.limit;
    let mut pages = Pages::of(arguments.filter.of(), console).await?;
    let done = if console.json {
        print_json(&mut pages, limit.unwrap_or(usize::MAX), console).await
    } else {
        print_text(&mut pages, limit.unwrap_or(SHOWN), console).await
    };
    pages.close().await;
    done
}

async fn print_text(pages: &mut Pages, limit: usize, console: &Console) -> Result<Exit, Failure> {
    let mut shown = 0;
    while shown < limit
        && let Some(page) = pages.next(limit - shown).await?
    {
        if shown > 0 && page.rows.is_empty() {
            break;
        }
        let gap = if shown > 0 { "\n" } else { "" };
        output::print(&format!("{gap}{}", show::queue(&page, &console.reader)))?;
        shown += page.rows.len();
    }
    if !pages.over && pages.next(1).await?.is_some_and(|page| !page.rows.is_empty()) {
        output::print(&show::queue_more(shown, &console.reader))?;
    }
    Ok(Exit::Done)
}

/// One array, written as it is read.
async fn print_json(pages: &mut Pages, limit: usize, console: &Console) -> Result<Exit, Failure> {
    let mut shown = 0;
    output::print("[")?;
    while shown < limit
        && let Some(page) = pages.next(limit - shown).await?
    {
        for message in show::queue_json(&page, &console.reader) {
            let comma = if shown > 0 { "," } else { "" };
            output::print(&format!("{comma}\n{}", show::json(&message).trim_end()))?;
            shown += 1;
        }
    }
    output::print("\n]\n")?;
    Ok(Exit::Done)
}
