//! `facteur explain`: what a refusal means, pasted from anywhere. No server is asked.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show;
use clap::Args;
use std::io::{self, Read as _};

/// The most bytes of a text that are read: a whole bounce with a large message attached is cut, its reasons come first.
const MAX_BYTES: u64 = 1_000_000;

/// Which text.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
}

/// Explains it.
pub fn explain(arguments: &Arguments, console: &Console) -> Result<Exit, Failure> {
    let text = if arguments.text.is_empty() { of_stdin()? } else { arguments.text.join(" ") };
    if text.trim().is_empty() {
        return Err(Failure::Usage("usage-text-needed", String::new()));
    }
    let host = arguments.host.as_deref();
    let verdict = explain::judge_text(&text, host, None);
    if console.json {
        return console.print(&show::explained_json(&verdict, host, &console.reader));
    }
    console.print(&show::explained(&verdict, host, &console.reader))
}

fn of_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_BYTES).read_to_end(&mut bytes).map_err(Failure::System)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
