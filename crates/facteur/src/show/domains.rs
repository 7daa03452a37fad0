//! Domains and the records to publish.

use super::Reader;
use super::table::Table;
use crate::discover::{Had, Standing};
use ::discover::prove::Obstacle;
use control::{DomainView, Published, RecordPurpose, RecordView};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Domains.
pub fn domains(domains: &[DomainView], reader: &Reader) -> String {
    let phrases = &reader.phrases;
    if domains.is_empty() {
        return format!("{}\n", phrases.say("domains-none"));
    }
    let mut table = Table::new([
        phrases.say("column-domain"),
        phrases.say("column-owner"),
        phrases.say("column-bounces"),
    ]);
    for domain in domains {
        let back = domain.return_path.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
        table.row([domain.name.to_string(), domain.owner.clone(), back]);
    }
    table.text()
}

/// One domain: what to publish, and what is.
pub fn domain(domain: &DomainView, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let asked = domain.records.iter().any(|record| record.published.is_some());
    let missing = domain.records.iter().filter(|record| record.published != Some(Published::Yes)).count();
    let key = match (asked, missing) {
        (false, _) => "domain-publish",
        (true, 0) => "domain-all-published",
        (true, _) => "domain-some-missing",
    };
    let mut text = format!("{}\n", phrases.fill(key, [("domain", domain.name.to_string().into())]));
    for record in &domain.records {
        let _ = write!(text, "\n{}\n", phrases.say(control::wording::purpose_key(record.purpose)));
        if let Some(published) = &record.published {
            let _ = writeln!(text, "  {}", standing(published, record, reader));
        }
        if record.published != Some(Published::Yes) {
            let _ =
                writeln!(text, "  {}", phrases.fill("record-name", [("name", record.name.clone().into())]));
            let _ =
                writeln!(text, "  {}", phrases.fill("record-kind", [("kind", record.kind.clone().into())]));
            let _ = writeln!(
                text,
                "  {}",
                phrases.fill("record-value", [("value", record.value.clone().into())])
            );
        }
    }
    if !asked {
        let gaps = [("domain", domain.name.to_string().into())];
        let _ = write!(text, "\n{}\n", phrases.fill("domain-then-check", gaps));
    }
    text
}

/// What a domain tells mail programs from now on, and the records that lead there.
pub fn domain_settings(domain: &DomainView, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let gaps = || [("domain", domain.name.to_string().into())];
    if domain.settings.is_none() {
        return format!("{}\n", phrases.fill("settings-off", gaps()));
    }
    let mut text = format!("{}\n\n", phrases.fill("settings-on", gaps()));
    let of_settings = [RecordPurpose::MailServer, RecordPurpose::MailDocuments];
    for record in domain.records.iter().filter(|record| of_settings.contains(&record.purpose)) {
        let _ = writeln!(text, "{}", record.zone);
    }
    let _ = write!(text, "\n{}\n", phrases.fill("settings-then", gaps()));
    text
}

fn standing(published: &Published, record: &RecordView, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    match published {
        Published::Yes => phrases.say("record-published"),
        Published::No => phrases.say("record-missing"),
        Published::Unanswered => phrases.fill("record-unanswered", [("name", record.name.clone().into())]),
        Published::Otherwise { text } => phrases.fill("record-otherwise", [("text", text.clone().into())]),
    }
}

/// The documents that mail programs ask for, and whether they get them.
pub fn documents(had: &[Had], reader: &Reader) -> String {
    let mut text = String::new();
    if !had.is_empty() {
        let _ = write!(text, "\n{}\n", reader.phrases.say("documents"));
    }
    for one in had {
        let _ = write!(text, "  {}\n    {}\n", one.url, document(one, reader));
    }
    text
}

/// The same, for programs.
pub fn documents_json(had: &[Had], reader: &Reader) -> Value {
    let one = |one: &Had| {
        let state = match one.standing {
            Standing::Same => "yes",
            Standing::Other => "otherwise",
            Standing::OutOfReach(_) => "out_of_reach",
        };
        json!({ "url": one.url, "state": state, "says": document(one, reader) })
    };
    had.iter().map(one).collect()
}

fn document(had: &Had, reader: &Reader) -> String {
    match &had.standing {
        Standing::Same => reader.phrases.say("record-published"),
        Standing::Other => reader.phrases.say("document-otherwise"),
        Standing::OutOfReach(evidence) => {
            let words = Obstacle::Seen(evidence.clone()).words(reader.language());
            format!("{} {}", words.cause, reader.phrases.say("document-out-of-reach"))
        }
    }
}
