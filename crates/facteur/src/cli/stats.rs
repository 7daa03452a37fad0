//! `facteur stats`: how much was sent, delivered, delayed and refused.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::webhook::since;
use crate::show;
use clap::Args;
use control::{Answer, Operation, StatisticsBy, StatisticsWish};
use mail::Timestamp;

/// What is asked.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(long, value_name = "day|hour|relay|destination|cause|account", default_value = "day")]
    by: StatisticsBy,
    #[arg(long, value_name = "AGE|TIME", value_parser = since)]
    from: Option<Timestamp>,
    #[arg(long, value_name = "AGE|TIME", value_parser = since)]
    to: Option<Timestamp>,
    #[arg(long, value_name = "LOGIN|NAME")]
    of: Option<String>,
}

/// Shows it.
pub async fn stats(arguments: Arguments, console: &mut Console) -> Result<Exit, Failure> {
    let Arguments { by, from, to, of } = arguments;
    let wish = StatisticsWish { by, from, to, of };
    match console.perform(Operation::Statistics { wish }).await? {
        Answer::Statistics { report } => console.show(&report, |reader| show::statistics(&report, reader)),
        _ => Err(Failure::Unexpected),
    }
}
