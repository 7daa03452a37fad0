//! `mailq` and `postqueue`: what scripts and hands know from Postfix.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::output;
use super::queue::{Pages, act_on};
use crate::place::Place;
use crate::show::{self, Mailq};
use clap::Args;
use control::{Blame, Fault, QueueFilter};
use mail::QueueId;
use std::path::PathBuf;
use store::{Act, Page};

/// Of `mailq`.
#[derive(Debug, Args)]
pub struct MailqArguments {
    #[arg(short = 'C', value_name = "DIR")]
    config: Option<PathBuf>,
}

/// Of `postqueue`.
#[derive(Debug, Args)]
pub struct PostqueueArguments {
    #[arg(short = 'c', value_name = "DIR")]
    config: Option<PathBuf>,
    #[command(flatten)]
    what: What,
}

/// What `postqueue` is to do.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct What {
    #[arg(short = 'p')]
    print: bool,
    #[arg(short = 'j')]
    lines: bool,
    #[arg(short = 'f')]
    flush: bool,
    #[arg(short = 'i', value_name = "ID")]
    id: Option<String>,
}

/// Prints the queue as Postfix does.
pub async fn mailq(arguments: MailqArguments, console: &mut Console) -> Result<Exit, Failure> {
    find(arguments.config, console);
    print(console).await
}

/// Does what `postqueue` does.
pub async fn postqueue(arguments: PostqueueArguments, console: &mut Console) -> Result<Exit, Failure> {
    find(arguments.config, console);
    match arguments.what {
        What { lines: true, .. } => print_lines(console).await,
        What { flush: true, .. } => retry(QueueFilter::default(), console).await,
        What { id: Some(id), .. } => {
            let id: QueueId = id.parse().map_err(|_| Fault::about(Blame::Missing, id))?;
            retry(QueueFilter { ids: vec![id], ..QueueFilter::default() }, console).await
        }
        _ => print(console).await,
    }
}

/// Where Postfix's programs are told their configuration, ours are told the data.
fn find(data: Option<PathBuf>, console: &mut Console) {
    if data.is_some() {
        console.place = Place::find(data.as_deref());
    }
}

async fn print(console: &mut Console) -> Result<Exit, Failure> {
    let mut pages = Pages::of(QueueFilter::default(), console).await?;
    let mut listing = Mailq::default();
    while let Some(page) = pages.next(Page::MAX).await? {
        output::print(&listing.page(&page, &console.reader))?;
    }
    pages.close().await;
    console.print(&listing.end())
}

async fn print_lines(console: &mut Console) -> Result<Exit, Failure> {
    let mut pages = Pages::of(QueueFilter::default(), console).await?;
    while let Some(page) = pages.next(Page::MAX).await? {
        output::print(&show::json_lines(&page, &console.reader))?;
    }
    pages.close().await;
    Ok(Exit::Done)
}

/// Prints the queue, as `sendmail -bp` does.
pub async fn list(console: &mut Console) -> Result<Exit, Failure> {
    print(console).await
}

/// Tries again what is meant, as `sendmail -q` does.
pub async fn flush(filter: QueueFilter, console: &mut Console) -> Result<Exit, Failure> {
    retry(filter, console).await
}

/// Postfix flushes without a word; so do we when a script may listen, that is always.
async fn retry(filter: QueueFilter, console: &mut Console) -> Result<Exit, Failure> {
    if console.json {
        return act_on(Act::Retry, filter, console).await;
    }
    let operation = control::Operation::QueueAct { act: Act::Retry, filter };
    console.perform(operation).await.map(|_| Exit::Done)
}
