//! `facteur check`: whether everything that is stored is as it was written.

use super::console::Console;
use super::failure::{Exit, Failure};
use crate::show;
use control::{Answer, CheckReport, Operation};
use std::fmt::Write as _;

/// Looks through the data while the server runs, or while it is stopped.
pub async fn check(console: &mut Console) -> Result<Exit, Failure> {
    let Answer::Checked { report } = console.perform(Operation::Check).await? else {
        return Err(Failure::Unexpected);
    };
    console.show(&report, |reader| told(&report, reader))?;
    Ok(if report.damages.is_empty() { Exit::Done } else { Exit::Failed })
}

fn told(report: &CheckReport, reader: &show::Reader) -> String {
    let phrases = &reader.phrases;
    let messages = || [("messages", report.messages.into())];
    if report.damages.is_empty() {
        return format!("{}\n", phrases.fill("check-whole", messages()));
    }
    let mut text = format!("{}\n", phrases.fill("check-found", messages()));
    for damage in &report.damages {
        let detail = ("detail", damage.detail.clone().into());
        let line = match damage.message {
            Some(id) => phrases.fill("check-message", [("message", id.to_string().into()), detail]),
            None => phrases.fill("check-database", [detail]),
        };
        let _ = writeln!(text, "  {line}");
    }
    let _ = writeln!(text, "{}", phrases.say("check-fix"));
    text
}
