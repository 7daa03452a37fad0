//! The part of a notice that a person reads.

use super::encode::wrapped;
use super::original::Headline;
use super::sentences::{Sentences, fill};
use super::{Notice, NoticeKind, Told};
use explain::{CauseId, Facts, Place, Who, Words};
use mail::{Evidence, Timestamp};

/// The most recipients that are shown one by one; the report behind names all.
const MOST_SHOWN: usize = 50;
/// The most characters of a server's answer.
const MOST_SAID: usize = 500;

/// The subject of the notice.
pub(super) fn subject(notice: &Notice<'_>, headline: &Headline) -> String {
    let sentences = Sentences::of(notice.language);
    let subject = sentences.opening(notice.kind).subject;
    if headline.subject.is_empty() {
        return subject.trim_end_matches("{subject}").trim_end().trim_end_matches([':', '\u{a0}']).to_owned();
    }
    fill(subject, &[("subject", &headline.subject)])
}

/// The text: what happened and what to do, the recipients one by one, who wrote this.
pub(super) fn text(notice: &Notice<'_>, headline: &Headline, is_whole: bool) -> String {
    let sentences = Sentences::of(notice.language);
    let mut text = wrapped(&first_paragraph(notice, headline), "");
    for told in notice.recipients.iter().take(MOST_SHOWN) {
        text.push('\n');
        text += &block(notice, told);
    }
    if let Some(others) = notice.recipients.len().checked_sub(MOST_SHOWN).filter(|others| *others > 0) {
        text.push('\n');
        text += &wrapped(&fill(sentences.others, &[("count", &others.to_string())]), "");
    }
    let attached = if is_whole { sentences.with_message } else { sentences.with_header };
    let (host, id) = (notice.host_name.as_ascii(), notice.message.id.to_string());
    let closing = fill(sentences.closing, &[("host", host), ("id", &id)]);
    text.push('\n');
    text += &wrapped(&format!("{attached} {closing}"), "");
    text
}

/// Which message, what happened to it, and, for a single recipient, why and what to do now.
fn first_paragraph(notice: &Notice<'_>, headline: &Headline) -> String {
    let sentences = Sentences::of(notice.language);
    let date = moment(notice.message.received_at, notice, headline);
    let named = match headline.subject.as_str() {
        "" => fill(sentences.message_without_subject, &[("date", &date)]),
        subject => fill(sentences.message, &[("subject", subject), ("date", &date)]),
    };
    let until = notice.recipients.iter().filter_map(|told| told.tried_until).max();
    let until = moment(until.unwrap_or(notice.now), notice, headline);
    let count = notice.recipients.len().to_string();
    let to = notice.recipients.first().map(|told| told.address.to_string()).unwrap_or_default();
    let opening = sentences.opening(notice.kind).happened;
    let gaps = [("message", named.as_str()), ("to", &to), ("count", &count), ("until", &until)];
    let [told] = notice.recipients else { return fill(opening.many, &gaps) };
    let has_expired = told.has_expired && notice.kind == NoticeKind::Failure;
    let mut text = fill(if has_expired { sentences.expired } else { opening.one }, &gaps);
    if let Some(said) = words(notice, told) {
        text.push(' ');
        text += &said.words.cause;
        if notice.kind == NoticeKind::Failure {
            text.push(' ');
            text += &said.words.fix;
        }
    }
    text
}

/// What is known of one recipient, a line each.
fn block(notice: &Notice<'_>, told: &Told<'_>) -> String {
    let sentences = Sentences::of(notice.language);
    let mut text = format!("<{}>\n", told.address);
    let mut line = |sentence: &str, value: &str| {
        text += "    ";
        text += &wrapped(&fill(sentence, &[("text", value)]), "        ");
    };
    let is_late = notice.kind == NoticeKind::Delay;
    let stands_above = notice.recipients.len() == 1;
    if let Some(said) = words(notice, told) {
        let words = &said.words;
        if !stands_above {
            line(sentences.reason, &words.cause);
        }
        // Of a delay that passes by itself it was said that there is nothing to do.
        match (is_late, said.is_nobodys) {
            (true, true) => {}
            (true, false) => {
                line(sentences.fix_of_delay, &words.fix);
                line(sentences.who_of_delay, &words.who);
            }
            (false, _) => {
                if !stands_above {
                    line(sentences.fix, &words.fix);
                }
                line(sentences.who, &words.who);
            }
        }
        if let Some(link) = &words.link {
            line(sentences.link, link);
        }
    }
    if let Some(raw) = raw(notice, told) {
        text += "    ";
        text += &wrapped(&raw, "        ");
    }
    text
}

/// What the server answered, or what was seen instead: a stranger's words on one line, bounded.
fn raw(notice: &Notice<'_>, told: &Told<'_>) -> Option<String> {
    let sentences = Sentences::of(notice.language);
    let shown = |text: &str| super::decode::shown(text, MOST_SAID);
    let refused = told.evidence.and_then(Evidence::reply).map(ToString::to_string);
    let answered = refused.or_else(|| told.reply.map(str::to_owned));
    let Some(reply) = answered else {
        let evidence = told.evidence?;
        return Some(fill(sentences.seen, &[("text", &shown(&evidence.to_string()))]));
    };
    let peer = told.evidence.and_then(|evidence| evidence.peer.as_ref());
    let host = peer.map(|peer| peer.host.as_str()).or(told.answered_by);
    let gaps = [("host", host.unwrap_or_default()), ("text", &shown(&reply))];
    Some(fill(if host.is_some() { sentences.answer_of } else { sentences.answer }, &gaps))
}

/// The words of the catalogue, and whether they ask nothing of anybody.
struct Said {
    words: Words,
    is_nobodys: bool,
}

/// The words of the catalogue for a recipient that was not reached.
fn words(notice: &Notice<'_>, told: &Told<'_>) -> Option<Said> {
    if matches!(notice.kind, NoticeKind::Success | NoticeKind::Relayed) {
        return None;
    }
    let cause = told.cause()?;
    let (place, verdict) = (told.place, told.verdict());
    let facts = Facts {
        relay: told.relay.map(str::to_owned),
        sender: Some(notice.to.to_string()),
        wait_secs: verdict.as_ref().and_then(|verdict| verdict.retry_after_secs),
        ..told.evidence.map(Facts::of).unwrap_or_default()
    };
    let provider = verdict.and_then(|verdict| verdict.provider);
    let words_of = |cause| explain::words(cause, provider, place, notice.language, &facts);
    let mut words = words_of(cause);
    let mut who = explain::cause(cause).who(place);
    // What would pass by itself has not, and is given up: it is the sender's again.
    if who == Who::Nobody && notice.kind == NoticeKind::Failure {
        words.fix = words_of(CauseId::MESSAGE_EXPIRED).fix;
        who = Who::Sender;
    }
    // The reader is the sender, whom the words of a list call "the sender of the message".
    if who == Who::Sender {
        Who::Sender.label(Place::Pasted, notice.language).clone_into(&mut words.who);
    }
    Some(Said { words, is_nobodys: who == Who::Nobody })
}

/// A moment by the clock of whoever wrote the message, as far as its `Date:` tells.
fn moment(at: Timestamp, notice: &Notice<'_>, headline: &Headline) -> String {
    let offset = headline.offset.unwrap_or(jiff::tz::Offset::UTC);
    let local = at.plus_secs(offset.seconds().into());
    let minutes = local.secs().rem_euclid(86_400) / 60;
    let time = format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let ahead = offset.seconds() / 60;
    let sign = if ahead < 0 { '-' } else { '+' };
    let zone = match ahead.unsigned_abs() {
        0 => "UTC".to_owned(),
        ahead => format!("UTC{sign}{:02}:{:02}", ahead / 60, ahead % 60),
    };
    let day = explain::day(local, notice.language);
    fill(Sentences::of(notice.language).moment, &[("day", &day), ("time", &time), ("zone", &zone)])
}
