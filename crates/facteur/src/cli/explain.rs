//! `facteur explain`: what a refusal means, pasted from anywhere. No server is asked.

use super::console::Console;
use super::failure::{Exit, Failure};
use super::output;
use crate::show;
use clap::Args;
use explain::bounce::{self, BounceReport, Kind};
use explain::{Answer, Hint, log};
use serde::Deserialize;
use std::io::{self, BufRead as _, Read as _};

/// The most bytes of a text that are read: a whole bounce with a large message attached is cut, its reasons come
/// first; of a log these are the first tens of thousands of lines.
const MAX_BYTES: u64 = 16_000_000;

/// The most bytes of one line of `--jsonl`.
const MAX_LINE: u64 = 1_000_000;

/// Which text.
#[derive(Debug, Args)]
pub struct Arguments {
    #[arg(value_name = "TEXT")]
    text: Vec<String>,
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    #[arg(long, conflicts_with_all = ["text", "host"])]
    jsonl: bool,
    #[arg(long, value_name = "NAME", conflicts_with_all = ["text", "host", "jsonl"])]
    topic: Option<String>,
}

/// Explains it.
pub fn explain(arguments: &Arguments, console: &Console) -> Result<Exit, Failure> {
    if arguments.jsonl {
        return lines(console);
    }
    if let Some(name) = &arguments.topic {
        return topic(name, console);
    }
    let host = arguments.host.as_deref();
    let bytes = match arguments.text.as_slice() {
        [] => bytes_of(io::stdin().lock()).map_err(Failure::System)?,
        [path] if is_file(path) => {
            let file = std::fs::File::open(path).and_then(bytes_of);
            file.map_err(|error| Failure::File(path.clone(), error))?
        }
        words => return one(&words.join(" "), host, console),
    };
    let report = bounce::read(&bytes);
    let is_bounce = !report.recipients.is_empty() && has_header(&bytes);
    if is_bounce || arguments.text.first().is_some_and(|path| is_file(path) && has_ending(path, "eml")) {
        return bounced(&report, console);
    }
    let text = String::from_utf8_lossy(&bytes);
    if log::is_log(&text) { logged(&text, console) } else { one(&text, host, console) }
}

/// A name of a file, and no text: it ends as mails and logs do, and is there.
fn is_file(path: &str) -> bool {
    ["eml", "log", "txt"].iter().any(|ending| has_ending(path, ending))
        && std::path::Path::new(path).is_file()
}

fn has_ending(path: &str, ending: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

/// Whether the bytes begin as a mail does: with a field, and not with words that hold a colon somewhere.
fn has_header(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let name = first.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_name = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'-';
    first.starts_with(b"From ") || (name.len() < first.len() && !name.is_empty() && name.iter().all(is_name))
}

fn bytes_of(source: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What to do in order about something that several causes share.
fn topic(name: &str, console: &Console) -> Result<Exit, Failure> {
    let language = console.reader.language();
    let Some(topic) = explain::topic(name, language) else {
        let known: Vec<&str> = explain::topics(language).map(|topic| topic.id).collect();
        return Err(Failure::Usage("usage-topic-unknown", known.join(", ").replace('_', "-")));
    };
    console.show(&topic, |_| show::topic(&topic))
}

fn one(text: &str, host: Option<&str>, console: &Console) -> Result<Exit, Failure> {
    if text.trim().is_empty() {
        return Err(Failure::Usage("usage-text-needed", String::new()));
    }
    let hint = Hint { host, ..Hint::default() };
    if console.json {
        return console.print(&show::json(&Answer::of_text(text, &hint)));
    }
    let verdict = explain::judge_with(text, &hint);
    console.print(&show::explained(&verdict, host, &console.reader))
}

/// A bounce: one answer a recipient.
fn bounced(report: &BounceReport, console: &Console) -> Result<Exit, Failure> {
    if console.json {
        let answers: Vec<_> = report.recipients.iter().map(show::Bounced::of).collect();
        return console.print(&show::json(&answers));
    }
    if matches!(report.kind, Kind::NotABounce | Kind::AutoReply) {
        return console.say("explain-not-a-bounce");
    }
    console.print(&show::bounced(report, &console.reader))
}

/// A log: one answer for each line that tells of a failure.
fn logged(text: &str, console: &Console) -> Result<Exit, Failure> {
    for failure in log::failures(text) {
        let verdict = explain::judge_with(failure.text, &failure.hint());
        let shown = if console.json {
            show::logged_json(&failure)
        } else {
            let told = show::explained(&verdict, failure.host.as_deref(), &console.reader);
            format!("{}\n{told}\n", failure.recipient.or(failure.id).unwrap_or_default())
        };
        output::print(&shown)?;
    }
    Ok(Exit::Done)
}

#[derive(Deserialize)]
struct Question {
    text: String,
    host: Option<String>,
    #[serde(default)]
    stage: Option<String>,
}

/// One question a line, one answer a line, as they come.
fn lines(console: &Console) -> Result<Exit, Failure> {
    let mut input = io::stdin().lock();
    let mut number = 0_u64;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).map_err(Failure::System)? == 0 {
            return Ok(Exit::Done);
        }
        number += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let question: Question = serde_json::from_slice(&line)
            .map_err(|_| Failure::Usage("usage-question-needed", number.to_string()))?;
        let hint = Hint::of_word(question.host.as_deref(), question.stage.as_deref().unwrap_or_default());
        console.print(&show::json_line(&Answer::of_text(&question.text, &hint)))?;
    }
}
