//! `facteur discover`: the mail settings of an address.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::parse;
use crate::discover::Discovery;
use crate::show;
use ::discover::SubjectError;
use clap::Args;
use std::io::{self, BufRead as _, Read as _};

/// The most bytes of one line of `--jsonl`.
const MAX_LINE: u64 = 1_000;

/// Which address, and for what.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "ADDRESS", required_unless_present = "jsonl")]
    address: Option<String>,
    #[arg(long = "for", value_name = "PROGRAM", value_parser = parse::program, conflicts_with = "jsonl")]
    program: Option<show::ForProgram>,
    #[arg(long, conflicts_with = "address")]
    jsonl: bool,
}

/// Finds them.
pub fn discover(arguments: &Arguments, console: &Console) -> Result<Exit, Failure> {
    let Some(address) = arguments.address.as_deref().filter(|_| !arguments.jsonl) else {
        return lines(console);
    };
    let discovery = of(address)?;
    let known = discovery.findings.best(::discover::Protocol::Smtp).is_some();
    match arguments.program {
        Some(program) => match show::settings_for(program, &discovery, &console.reader) {
            Some(text) => console.print(&text),
            None => Err(Failure::Mail("discover-nothing-to-copy", address.to_owned(), Exit::Failed)),
        },
        None => {
            console.show(&show::discovery_json(&discovery, &console.reader), |reader| {
                show::discovery(&discovery, reader)
            })?;
            Ok(if known { Exit::Done } else { Exit::Failed })
        }
    }
}

fn of(address: &str) -> Result<Discovery, Failure> {
    Discovery::offline(address).map_err(|error| match error {
        SubjectError::Address(_) => Failure::Mail("discover-not-an-address", address.to_owned(), Exit::Data),
        SubjectError::NotPublic(domain) => Failure::Mail("discover-not-public", domain, Exit::Data),
    })
}

/// An address a line, an answer a line.
fn lines(console: &Console) -> Result<Exit, Failure> {
    let mut input = io::stdin().lock();
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(Failure::System)? == 0 {
            return Ok(Exit::Done);
        }
        let text = String::from_utf8_lossy(line.trim_ascii()).into_owned();
        if text.is_empty() {
            continue;
        }
        let answer = match Discovery::offline(&text) {
            Ok(discovery) => show::json_line(&show::discovery_json(&discovery, &console.reader)),
            Err(error) => {
                show::json_line(&serde_json::json!({ "address": text, "error": error.to_string() }))
            }
        };
        console.print(&answer)?;
    }
}
