//! The verdict: typed evidence by its type, replies by the rules, and the policy over both.

use crate::catalogue::{CATALOGUE_VERSION, Catalogue, cause};
use crate::cause::{Cause, CauseId, Confidence, Group, Need, Place, Who};
use crate::effect::{Effect, Scope, Standing, police};
use crate::likeness::Known;
use crate::norm::Reading;
use crate::rule::{Kind, Rule};
use crate::scene::{Hint, Protocol};
use crate::{guess, provider, typed, wait};
use mail::{Evidence, Reply, Seen, Stage, TlsFault};
use serde::Serialize;

/// What the evidence means and what the queue may do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The cause.
    pub cause: CauseId,
    /// How sure that is.
    pub confidence: Confidence,
    /// What the queue does next: already what the policy allows.
    pub effect: Effect,
    /// How far that reaches: the effect's own scope, said here for readers of the JSON.
    pub scope: Scope,
    /// The wait that the server asked for, in seconds, when the recipient will be tried again.
    pub retry_after_secs: Option<u32>,
    /// Who must act.
    pub who: Who,
    /// What is needed.
    pub need: Need,
    /// Whether the same message may pass later without any change.
    pub may_pass_later: bool,
    /// The provider whose server it is, if known; a stable id such as `gmail`.
    pub provider: Option<&'static str>,
    /// The words (or codes) of the text that decided; empty for typed evidence.
    pub words_that_decided: String,
    /// The catalogue that decided.
    pub catalogue_version: u32,
}

/// What a rule, or a type, found.
struct Finding {
    cause: CauseId,
    confidence: Confidence,
    provider: Option<&'static str>,
    of_provider: bool,
    /// Whether the words mean the cause, unless something in the text says otherwise, and no code does.
    may_be_confirmed: bool,
    words: String,
}

/// What the evidence means, seen from `place`.
pub fn judge(evidence: &Evidence, place: Place) -> Verdict {
    let host = evidence.peer.as_ref().map(|peer| peer.host.as_str());
    let (reading, finding) = match (&evidence.seen, typed::cause_of(evidence, place)) {
        (Seen::Reply { reply }, _) => {
            let reading = Reading::of_reply(reply, evidence.stage, host);
            let finding = find_reply(&reading, reply, evidence.stage);
            (reading, finding)
        }
        (seen, typed) => {
            let reading = Reading {
                stage: Some(typed::stage_of(evidence)),
                host: host.map(str::to_owned),
                ..Reading::of_text(library_words(seen), &Hint::default())
            };
            let finding = find_typed(&reading, typed.unwrap_or(CauseId::UNKNOWN));
            (Reading { severity: None, ..reading }, finding)
        }
    };
    verdict(&reading, finding, place)
}

/// What a text means that a person pasted: a reply, a log line, a program's message, of any length.
/// `host` and `stage` are given when they are known apart from the text.
pub fn judge_text(text: &str, host: Option<&str>, stage: Option<Stage>) -> Verdict {
    judge_with(text, &Hint { host, stage, protocol: None })
}

/// What a text means, with what is known of it apart from its words.
pub fn judge_with(text: &str, hint: &Hint<'_>) -> Verdict {
    judge_by(text, hint, Books::built_in())
}

/// What answers are read from: the rules, and the texts whose causes are known.
#[derive(Clone, Copy)]
pub(crate) struct Books {
    pub(crate) catalogue: &'static Catalogue,
    pub(crate) known: &'static Known,
}

impl Books {
    fn built_in() -> Self {
        Self { catalogue: Catalogue::built_in(), known: Known::built_in() }
    }
}

/// What a text means by these books.
pub(crate) fn judge_by(text: &str, hint: &Hint<'_>, books: Books) -> Verdict {
    let reading = Reading::of_text(text, hint);
    if let Some(finding) = named(&reading) {
        return verdict(&reading, finding, Place::Pasted);
    }
    let finding = find(&reading, books.catalogue);
    if finding.confidence != Confidence::High
        && let Some(cut) = Reading::of_cut_text(text, hint)
    {
        let nearer = find(&cut, books.catalogue);
        if nearer.confidence == Confidence::High || finding.confidence == Confidence::None {
            return verdict(&cut, with_likeness(&cut, nearer, books.known), Place::Pasted);
        }
    }
    verdict(&reading, with_likeness(&reading, finding, books.known), Place::Pasted)
}

/// A finding with the witness of the known texts. Only a reader's question is answered so: what the queue does rests
/// on rules alone.
fn with_likeness(reading: &Reading, finding: Finding, known: &Known) -> Finding {
    // Words of the language without any code may be of anything: they are sure when a known text bears them out.
    let is_bare = reading.code.is_none() && reading.enhanced.is_none();
    if finding.confidence == Confidence::High && !(is_bare && finding.may_be_confirmed) {
        return finding;
    }
    let likeness = known.likeness_of(reading);
    // "Not found" and "no account" are said of settings and folders too: such words need a firm witness.
    let is_of_recipient = cause(finding.cause).group == Group::Recipient;
    let is_borne_out = likeness.is_some_and(|likeness| {
        if is_of_recipient { likeness.confirms(finding.cause) } else { likeness.cause == finding.cause }
    });
    match (finding.confidence, likeness) {
        (Confidence::None, likeness) => {
            let like = likeness.filter(|likeness| likeness.is_worth_saying()).map(|likeness| likeness.cause);
            match like.or_else(|| guess::of(reading)) {
                Some(cause) => Finding { cause, confidence: Confidence::Low, ..finding },
                None => finding,
            }
        }
        (Confidence::Low, Some(likeness)) if finding.may_be_confirmed && likeness.confirms(finding.cause) => {
            Finding { confidence: Confidence::High, ..finding }
        }
        (Confidence::High, _) if !is_borne_out => Finding { confidence: Confidence::Low, ..finding },
        _ => finding,
    }
}

/// The cause that a pasted text names by its id: a refusal of our own ends with `[F:id]`, and a person who looks for
/// the page gives the id alone, or `F:id`. Only a reader's question is answered so: what a stranger names moves nothing.
fn named(reading: &Reading) -> Option<Finding> {
    let marked = reading.text.rsplit_once("[f:").and_then(|(_, rest)| rest.split(']').next());
    // A single word is more likely a server's than an id, unless it is written as one.
    let alone = || {
        let text = reading.text.trim();
        text.strip_prefix("f:").or_else(|| Some(text).filter(|id| id.contains('_')))
    };
    let id = marked.or_else(alone)?;
    let cause = CauseId::lookup(id)?;
    let words = format!("[F:{id}]");
    Some(Finding {
        cause,
        confidence: Confidence::High,
        provider: None,
        of_provider: false,
        may_be_confirmed: false,
        words,
    })
}

/// The verdict for a cause that is known without reading.
pub(crate) fn known(cause: CauseId, confidence: Confidence) -> Verdict {
    let finding = Finding {
        cause,
        confidence,
        provider: None,
        of_provider: false,
        may_be_confirmed: false,
        words: String::new(),
    };
    verdict(&Reading::default(), finding, Place::Pasted)
}

/// The first rule that fits the innermost reply, if it is sure, else the first that fits the whole.
fn find(reading: &Reading, catalogue: &'static Catalogue) -> Finding {
    let at = provider::infer(reading.host.as_deref(), &reading.text);
    if let Some(innermost) = reading.innermost() {
        let finding = find_in(&innermost, at, catalogue);
        if finding.confidence == Confidence::High {
            return finding;
        }
        let whole = find_in(reading, at, catalogue);
        // Around a reply there are only names and addresses, and what a program says of it.
        let says_little =
            finding.confidence == Confidence::None || finding.cause == CauseId::REJECTED_UNSPECIFIED;
        let is_better =
            whole.confidence == Confidence::High || says_little && whole.confidence != Confidence::None;
        return if is_better { whole } else { finding };
    }
    find_in(reading, at, catalogue)
}

fn find_in(reading: &Reading, at: Option<&'static str>, catalogue: &'static Catalogue) -> Finding {
    let hits = catalogue.matcher.scan(&reading.text, &reading.plain);
    let fits =
        |rule: &'static Rule| rule.fits(reading, &catalogue.matcher, &hits, at).map(|words| (rule, words));
    let mut fitting = catalogue.rules_for(&hits).filter_map(fits);
    match fitting.next() {
        Some((rule, words)) => {
            let mut found = finding(rule, words, at);
            // Words of the language are sure as long as nothing in the text says otherwise.
            let is_denied = catalogue.codes.contradict(reading.enhanced, &rule.cause)
                || is_out_of_place(cause(found.cause), reading);
            found.may_be_confirmed = rule.kind == Kind::Language && !is_denied;
            let mut is_contested = || {
                is_denied || fitting.any(|(rival, _)| rival.kind != Kind::Broad && rival.cause != rule.cause)
            };
            if rule.kind == Kind::Language && found.confidence == Confidence::High && is_contested() {
                found.confidence = Confidence::Low;
            }
            found
        }
        None => Finding {
            cause: CauseId::UNKNOWN,
            confidence: Confidence::None,
            provider: at,
            of_provider: false,
            may_be_confirmed: false,
            words: String::new(),
        },
    }
}

/// Whether the reply code speaks against words of the language: a server that answers with a code was reached; a
/// mailbox that is not there, or closed, is no matter of waiting; and a server that is only down says so with a 4xx.
fn is_out_of_place(cause: &Cause, reading: &Reading) -> bool {
    if reading.code.is_none() || reading.protocol == Some(Protocol::Http) {
        return false;
    }
    let is_transient = reading.severity == Some(mail::Severity::Transient);
    match cause.id {
        CauseId::RECIPIENT_UNKNOWN | CauseId::RECIPIENT_DISABLED => is_transient,
        CauseId::SERVER_UNAVAILABLE => !is_transient,
        CauseId::CONNECT_REFUSED | CauseId::CONNECT_TIMEOUT | CauseId::TLS_CERT_NAME_MISMATCH => {
            matches!(reading.stage, Some(Stage::Mail | Stage::Rcpt | Stage::Data | Stage::EndOfData))
                || reading.severity == Some(mail::Severity::Permanent)
        }
        _ => false,
    }
}

fn finding(rule: &Rule, words: String, at: Option<&'static str>) -> Finding {
    let proven = rule.provider.as_deref().and_then(provider::interned);
    Finding {
        cause: CauseId::lookup_or_unknown(&rule.cause),
        confidence: rule.confidence,
        provider: proven.or(at),
        of_provider: rule.is_of_provider() && rule.confidence == Confidence::High,
        may_be_confirmed: false,
        words,
    }
}

/// A reply has the cause of its words, unless its place says it all; and its place may say what words do not.
fn find_reply(reading: &Reading, reply: &Reply, stage: Stage) -> Finding {
    let placed = |cause| Finding {
        cause,
        confidence: Confidence::High,
        provider: reading.host.as_deref().and_then(provider::provider_of_host),
        of_provider: false,
        may_be_confirmed: false,
        words: String::new(),
    };
    if let Some(cause) = typed::cause_by_place(reply, stage) {
        return placed(cause);
    }
    let found = find(reading, Catalogue::built_in());
    match typed::cause_of_silence(stage) {
        Some(cause) if found.confidence == Confidence::None => placed(cause),
        _ => found,
    }
}

/// Typed evidence has its cause; a library's words may only name a nearer one of the same kind.
fn find_typed(reading: &Reading, typed: CauseId) -> Finding {
    let nearer = match typed {
        CauseId::TLS_FAILED | CauseId::TLS_CERT_UNTRUSTED => Some(Group::Tls),
        CauseId::CONNECTION_DROPPED => Some(Group::Network),
        _ => None,
    };
    if let Some(group) = nearer
        && !reading.text.is_empty()
    {
        let found = find(reading, Catalogue::built_in());
        if found.confidence == Confidence::High && cause(found.cause).group == group {
            return found;
        }
    }
    Finding {
        cause: typed,
        confidence: Confidence::High,
        provider: reading.host.as_deref().and_then(provider::provider_of_host),
        of_provider: false,
        may_be_confirmed: false,
        words: String::new(),
    }
}

/// The words of the system or of the TLS library, where typed evidence has some.
fn library_words(seen: &Seen) -> &str {
    match seen {
        Seen::Io { detail }
        | Seen::Tls { fault: TlsFault::Rejected { detail } | TlsFault::Other { detail } } => detail,
        _ => "",
    }
}

fn verdict(reading: &Reading, finding: Finding, place: Place) -> Verdict {
    let entry: &Cause = cause(finding.cause);
    let standing = Standing {
        place,
        stage: reading.stage,
        severity: reading.severity,
        confidence: finding.confidence,
        of_provider: finding.of_provider,
        quoted: reading.quoted,
    };
    let effect = police(entry, standing);
    let of_provider = finding.provider.and_then(|provider| entry.wording.provider.get(provider));
    Verdict {
        cause: finding.cause,
        confidence: finding.confidence,
        effect,
        scope: effect.scope(),
        retry_after_secs: if effect.is_final() { None } else { wait::asked_for(&reading.text) },
        who: entry.who(place),
        need: of_provider.and_then(|special| special.need).unwrap_or(entry.need),
        may_pass_later: may_pass_later(entry, &finding, reading),
        provider: finding.provider,
        words_that_decided: finding.words,
        catalogue_version: CATALOGUE_VERSION,
    }
}

/// A 4xx says that the same message may pass later, whatever the cause; a cause that is not known
/// leaves the word to the code.
fn may_pass_later(entry: &Cause, finding: &Finding, reading: &Reading) -> bool {
    // A "4.x.x" of a log alone says that the message waits, which does not mean that waiting helps; and a 4xx of the
    // web blames the one who asked (RFC 9110 §15.5).
    let is_reply = reading.code.is_some() && reading.protocol != Some(Protocol::Http);
    let transient = is_reply && reading.severity == Some(mail::Severity::Transient);
    transient || (entry.may_pass_later && finding.cause != CauseId::UNKNOWN)
}
