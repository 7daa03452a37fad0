//! What a discovery found, in the reader's language: for the command line, the portal and the API alike.

use crate::phrases::Gap;
use crate::reader::Reader;
use discover::facts::{Facts, Needs, Provider};
use discover::give::{Account, Program, Side, mobileconfig};
use discover::prove::Obstacle;
use discover::{
    Asked, Candidate, Discovery, Dropped, NoAnswer, Protocol, Reading, Refusal, Server, Source, Tls, Tried,
    Why,
};
use mail::Seen;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// What the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForProgram {
    /// Thunderbird.
    Thunderbird,
    /// Outlook.
    Outlook,
    /// Apple's Mail, on Mac, iPhone and iPad: a profile.
    Apple,
    /// A phone with Android.
    Android,
    /// The settings as plain text, for a person or a phone's camera.
    Text,
    /// A program that sends for a site or a server.
    Of(Program),
}

impl ForProgram {
    /// Those that are shown as text to copy, by the names under which people know them.
    pub const TO_COPY: [(&'static str, Self); 11] = [
        ("Thunderbird", Self::Thunderbird),
        ("Outlook", Self::Outlook),
        ("Android", Self::Android),
        ("msmtp", Self::Of(Program::Msmtp)),
        ("Postfix", Self::Of(Program::Postfix)),
        ("PHP", Self::Of(Program::Php)),
        ("WordPress", Self::Of(Program::WordPress)),
        ("Django", Self::Of(Program::Django)),
        ("Rails", Self::Of(Program::Rails)),
        ("Laravel", Self::Of(Program::Laravel)),
        ("Node", Self::Of(Program::Node)),
    ];
}

/// How TLS begins, in the words that mail programs show.
pub const fn security(tls: Tls) -> &'static str {
    match tls {
        Tls::Implicit => "SSL/TLS",
        Tls::Starttls => "STARTTLS",
        Tls::None => "-",
    }
}

/// What came of trying a server, in a word.
pub fn came_of(candidate: &Candidate, discovery: &Discovery, reader: &Reader) -> String {
    match discovery.proof(candidate) {
        Some(proof) if proof.login.is_some() => reader.phrases.say("discover-let-in"),
        Some(_) => reader.phrases.say("discover-answered"),
        None => String::new(),
    }
}

/// A line to show as soon as a server has answered.
pub fn answers(candidate: &Candidate, reader: &Reader) -> String {
    about(&candidate.server, "discover-answers", reader)
}

/// A sentence about a server.
fn about(server: &Server, key: &str, reader: &Reader) -> String {
    let gaps = [
        ("protocol", server.protocol.label().to_owned().into()),
        ("host", server.host.clone().into()),
        ("port", server.port.to_string().into()),
    ];
    reader.phrases.fill(key, gaps)
}

/// Why a server that was tried is not the one, with what to do.
fn stood_in_the_way(tried: &Tried, reader: &Reader) -> Option<String> {
    let obstacle = tried.outcome.as_ref().err()?;
    let words = obstacle.words(reader.language());
    let at = about(&tried.candidate.server, "discover-at", reader);
    Some(reader.phrases.fill(
        "discover-failed",
        [("at", at.into()), ("cause", words.cause.into()), ("fix", words.fix.into())],
    ))
}

/// The failures that a person is told of: of servers that somebody named, and of sign-ins; not of names that were
/// merely tried because they are usual.
fn failures(discovery: &Discovery, reader: &Reader) -> Vec<String> {
    let answered = |protocol: Protocol| {
        discovery.findings.of(protocol).any(|candidate| discovery.proof(candidate).is_some())
    };
    let proposed = |tried: &&Tried| discovery.findings.candidates.contains(&tried.candidate);
    let worth = |tried: &&Tried| {
        proposed(tried)
            || (tried.candidate.source != Source::Guess && !answered(tried.candidate.server.protocol))
    };
    let mut lines: Vec<String> =
        discovery.tried.iter().filter(worth).filter_map(|tried| stood_in_the_way(tried, reader)).collect();
    // A name that leads inside is worth a word even when it was a guess: somebody may mean their own network.
    let inside = |tried: &&Tried| match &tried.outcome {
        Err(Obstacle::Seen(evidence)) => matches!(evidence.seen, Seen::AddressForbidden { .. }),
        _ => false,
    };
    if lines.is_empty() && discovery.findings.candidates.is_empty() {
        let first = discovery.tried.iter().find(inside);
        lines.extend(first.and_then(|tried| stood_in_the_way(tried, reader)));
    }
    lines
}

/// Whether nothing at all could be reached, so that the fault is likely here.
fn nothing_reached(discovery: &Discovery) -> bool {
    let unreached = |tried: &Tried| match &tried.outcome {
        Err(Obstacle::Seen(evidence)) => matches!(evidence.seen, Seen::Unreachable | Seen::NameUnanswered),
        _ => false,
    };
    !discovery.tried.is_empty() && discovery.tried.iter().all(unreached)
}

/// What a person must know, one sentence a line.
pub fn remarks(discovery: &Discovery, reader: &Reader) -> Vec<String> {
    let phrases = &reader.phrases;
    let findings = &discovery.findings;
    let provider = findings.provider.as_ref();
    let mut lines = Vec::new();
    match discovery.reading() {
        Reading::Imap => lines.push(phrases.say("discover-imap")),
        Reading::Pop3Only => lines.push(phrases.say("discover-pop3-only")),
        Reading::ExchangeOnly => lines.push(phrases.say("discover-exchange-only")),
        Reading::Without => lines.extend(
            provider
                .and_then(|provider| provider.without.as_ref())
                .map(|text| text.of(reader.language()).to_owned()),
        ),
        Reading::Unknown if discovery.live => lines.push(phrases.say("discover-none-answers")),
        Reading::Unknown => lines.push(phrases.say("discover-unknown")),
    }
    if let Some(provider) = provider {
        lines.extend(of_provider(provider, reader));
    }
    for dropped in &findings.dropped {
        lines.push(unused(dropped, reader));
    }
    if nothing_reached(discovery) {
        lines.push(phrases.say("discover-own-machine"));
    } else {
        lines.extend(failures(discovery, reader));
    }
    for host in &discovery.unconfirmed {
        lines.push(phrases.fill("discover-unconfirmed", [("host", host.clone().into())]));
    }
    lines
}

/// Everything that was asked or tried in vain, one sentence a line: for whoever wants to know.
pub fn in_vain(discovery: &Discovery, reader: &Reader) -> Vec<String> {
    let dropped = discovery.findings.dropped.iter().map(|dropped| unused(dropped, reader));
    let asked = discovery.asked.iter().map(|asked| {
        let (_, says) = no_answer(&asked.why, reader);
        let gaps = [("name", asked.what.clone().into()), ("value", says.into())];
        reader.phrases.fill("discover-setting", gaps)
    });
    let tried = discovery.tried.iter().filter_map(|tried| stood_in_the_way(tried, reader));
    dropped.chain(asked).chain(tried).collect()
}

fn of_provider(provider: &Provider, reader: &Reader) -> Vec<String> {
    let phrases = &reader.phrases;
    let with = |key: &str, gap: Gap<'_>| phrases.fill(key, [gap]);
    let mut lines = Vec::new();
    match provider.needs {
        Some(Needs::AppPassword) => lines.push(phrases.say("discover-app-password")),
        Some(Needs::OAuth2) => lines.push(phrases.say("discover-oauth2-only")),
        None if provider.takes_oauth2_only() => lines.push(phrases.say("discover-oauth2-only")),
        None => {}
    }
    if let Some(url) = &provider.enable {
        lines.push(with("discover-enable", ("url", url.clone().into())));
    }
    if let Some(note) = &provider.note {
        lines.push(note.of(reader.language()).to_owned());
    }
    if let Some(url) = &provider.help {
        lines.push(with("discover-help", ("url", url.clone().into())));
    }
    lines
}

/// Why a server that somebody names is not proposed.
fn unused(dropped: &Dropped, reader: &Reader) -> String {
    let key = match dropped.why {
        Why::NoTls => "discover-no-tls",
        Why::NoName => "discover-no-name",
        Why::NoPort => "discover-no-port",
        Why::OddPort => "discover-odd-port",
        Why::NotOffered => "discover-not-offered",
    };
    let gaps =
        [("host", dropped.host.clone().into()), ("protocol", dropped.protocol.label().to_owned().into())];
    reader.phrases.fill(key, gaps)
}

/// The same for programs.
pub fn json(discovery: &Discovery, reader: &Reader) -> Value {
    let findings = &discovery.findings;
    let servers: Vec<Value> =
        findings.candidates.iter().map(|candidate| server(discovery, candidate)).collect();
    let mut tried: Vec<Value> =
        findings.dropped.iter().map(|dropped| dropped_json(dropped, reader)).collect();
    tried.extend(discovery.asked.iter().map(|asked| asked_json(asked, reader)));
    tried.extend(discovery.tried.iter().filter_map(|tried| tried_json(tried, reader)));
    json!({
        "address": discovery.address,
        "provider": findings.provider.as_ref().map(|provider| provider_json(provider, reader)),
        "servers": servers,
        "tried": tried,
        "exchange": findings.exchange,
        "reading": discovery.reading(),
        "advice": remarks(discovery, reader),
    })
}

fn server(discovery: &Discovery, candidate: &Candidate) -> Value {
    let server = &candidate.server;
    let issuer = Facts::shipped().issuer(discovery.findings.provider.as_ref(), &server.host);
    let takes_oauth2 = server.sign_in.contains(&discover::SignIn::OAuth2);
    json!({
        "protocol": server.protocol,
        "host": server.host,
        "port": server.port,
        "tls": server.tls,
        "username": discovery.login(candidate),
        "auth": discovery.proof(candidate).map_or(&server.sign_in, |proof| &proof.sign_in),
        "oauth2": issuer.filter(|_| takes_oauth2).map(|(name, issuer)| json!({ "issuer": name, "endpoints": issuer })),
        "proved": discovery.proof(candidate).is_some(),
        "signed_in": discovery.proof(candidate).is_some_and(|proof| proof.login.is_some()),
        "source": candidate.source,
        "trust": candidate.trust,
    })
}

fn provider_json(provider: &Provider, reader: &Reader) -> Value {
    json!({
        "id": provider.id,
        "name": provider.name,
        "needs": provider.needs,
        "enable": provider.enable,
        "help": provider.help,
        "without": provider.without.as_ref().map(|text| text.of(reader.language())),
        "from": provider.from,
        "checked": provider.checked,
    })
}

fn asked_json(asked: &Asked, reader: &Reader) -> Value {
    let (cause, says) = no_answer(&asked.why, reader);
    json!({ "document": asked.what, "source": asked.source, "cause": cause, "says": says })
}

/// Why a document taught nothing: a name for programs, and words.
fn no_answer(why: &NoAnswer, reader: &Reader) -> (&'static str, String) {
    match why {
        NoAnswer::Seen(evidence) => {
            let obstacle = Obstacle::Seen(evidence.clone());
            (obstacle.verdict().cause.as_str(), obstacle.words(reader.language()).cause)
        }
        NoAnswer::Refused(refusal) => ("document_refused", refused(refusal, reader)),
    }
}

/// Why a document was not believed.
fn refused(refusal: &Refusal, reader: &Reader) -> String {
    let key = match refusal {
        Refusal::TooLarge { .. } => "discover-document-too-large",
        Refusal::TooComplex | Refusal::Entities => "discover-document-attack",
        Refusal::Malformed | Refusal::WrongKind => "discover-document-other",
        Refusal::Empty => "discover-document-empty",
        Refusal::Redirects => "discover-document-redirects",
    };
    reader.phrases.say(key)
}

fn tried_json(tried: &Tried, reader: &Reader) -> Option<Value> {
    let obstacle = tried.outcome.as_ref().err()?;
    let (server, words) = (&tried.candidate.server, obstacle.words(reader.language()));
    Some(json!({
        "protocol": server.protocol,
        "host": server.host,
        "port": server.port,
        "tls": server.tls,
        "source": tried.candidate.source,
        "cause": obstacle.verdict().cause,
        "says": words.cause,
        "fix": words.fix,
    }))
}

fn dropped_json(dropped: &Dropped, reader: &Reader) -> Value {
    json!({
        "protocol": dropped.protocol,
        "host": dropped.host,
        "source": dropped.source,
        "why": dropped.why,
        "says": unused(dropped, reader),
    })
}

/// The settings as a program wants them; `None` when there is nothing to send with, or, for a mail program, to read with.
pub fn settings_for(program: ForProgram, discovery: &Discovery, reader: &Reader) -> Option<String> {
    let (incoming, outgoing) = discovery.pair();
    let outgoing = outgoing?;
    let logins = (incoming.map(|candidate| discovery.login(candidate)), discovery.login(outgoing));
    let side = |candidate: &'_ Candidate| candidate.server.clone();
    let (read, send) = (incoming.map(side), side(outgoing));
    let account = Account {
        address: &discovery.address,
        incoming: read.as_ref().zip(logins.0.as_ref()).map(|(server, login)| Side { server, login }),
        outgoing: Side { server: &send, login: &logins.1 },
    };
    let steps = |key: &str| {
        account.incoming.map(|_| format!("{}\n\n{}", reader.phrases.say(key), block(&account, reader)))
    };
    match program {
        ForProgram::Of(program) => Some(program.settings(&account)),
        ForProgram::Apple => mobileconfig(&account, &discovery.address.to_ascii_domain()),
        ForProgram::Thunderbird => steps("discover-for-thunderbird"),
        ForProgram::Outlook => steps("discover-for-outlook"),
        ForProgram::Android => steps("discover-for-android"),
        ForProgram::Text => account.incoming.map(|_| block(&account, reader)),
    }
}

/// The settings of an account as text.
fn block(account: &Account<'_>, reader: &Reader) -> String {
    let sides = [account.incoming, Some(account.outgoing)].into_iter().flatten();
    sides.map(|side| lines_of(side.server, side.login, reader)).collect()
}

/// One server as lines of text, with the user name there.
pub fn lines_of(server: &Server, login: &str, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let mut text = format!("{}\n", server.protocol.label());
    for (key, value) in [
        ("discover-server", server.host.clone()),
        ("discover-port", server.port.to_string()),
        ("discover-security", security(server.tls).to_owned()),
        ("discover-user", login.to_owned()),
    ] {
        let line =
            phrases.fill("discover-setting", [("name", phrases.say(key).into()), ("value", value.into())]);
        let _ = writeln!(text, "{line}");
    }
    text
}
