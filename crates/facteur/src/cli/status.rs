//! `facteur status`: what needs attention, then numbers.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show;
use control::{Answer, Operation};

/// Shows it.
pub async fn status(console: &mut Console) -> Result<Exit, Failure> {
    match console.perform(Operation::Status).await? {
        Answer::Status { report } => console.show(&report, |reader| show::status(&report, reader)),
        _ => Err(Failure::Unexpected),
    }
}
