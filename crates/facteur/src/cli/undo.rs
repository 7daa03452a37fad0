//! `facteur undo`: take a message back before it leaves.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show;
use clap::Args;
use control::{Answer, Operation, QueueFilter};
use mail::QueueId;
use store::Act;

/// Which message.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "ID")]
    id: QueueId,
}

/// Takes it back; what has left, or is leaving, is told apart.
pub async fn undo(arguments: Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let filter = QueueFilter { ids: vec![arguments.id], ..QueueFilter::default() };
    let Answer::Acted { acted, .. } = console.perform(Operation::QueueAct { act: Act::Undo, filter }).await?
    else {
        return Err(Failure::Unexpected);
    };
    console.show(&acted, |reader| show::acted(Act::Undo, &acted, reader))?;
    Ok(if acted.recipients == 0 || acted.in_flight > 0 { Exit::Failed } else { Exit::Done })
}
