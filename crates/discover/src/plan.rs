//! What to ask about an address, and what the answers teach. Whoever drives a plan asks all its questions at once.
//!
//! The plan begins with what needs no network ([`Plan::findings`] answers at once), gives out [`Question`]s, and may
//! give out more when it learns: a document that moved, a mail host that has its own. It never asks in the clear, and
//! no question carries a credential.

mod dns;
mod document;

pub use document::Document;

use crate::facts::{Facts, Provider};
use crate::finding::{Candidate, Dropped, Findings, Source, Trust, Why, rank};
use crate::read::Said;
use crate::refusal::Refusal;
use crate::server::{Protocol, Server, Tls};
use crate::subject::Subject;
use mail::Address;
use resolve::{Kind, Name, Record};

/// The most questions of one plan: a few dozen servers that send us on to each other are an attack.
const MAX_QUESTIONS: usize = 40;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A document, by https.
    Document(Document),
    /// Records of the DNS.
    Records(resolve::Question),
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The document's bytes, at most [`crate::read::MAX_BYTES`] and one more, so that what is larger is seen to be.
    Document(Vec<u8>),
    /// The document has moved, to this absolute address.
    Moved(String),
    /// The server answered with this status and no document.
    Status(u16),
    /// The records; none when there are none. `authentic` when the resolver has proved them (DNSSEC).
    Records {
        /// The records.
        records: Vec<Record>,
        /// Whether they are proved.
        authentic: bool,
    },
    /// There was no answer: what stood in the way is the driver's to tell.
    Nothing,
}

/// What is asked about one address, and what is known so far.
#[derive(Debug)]
pub struct Plan<'f> {
    facts: &'f Facts,
    subject: Subject,
    /// Questions that were not given out yet.
    open: Vec<Question>,
    /// How many there were in all.
    asked: usize,
    provider: Option<Provider>,
    found: Vec<Candidate>,
    dropped: Vec<Dropped>,
    not_offered: Vec<Protocol>,
    exchange: bool,
}

impl<'f> Plan<'f> {
    /// A plan for an address. `own` are the servers of this very server, when it hosts the domain.
    pub fn new(subject: Subject, facts: &'f Facts, own: &[Server]) -> Self {
        let provider = facts.of_domain(subject.domain()).cloned();
        let mut plan = Self {
            facts,
            subject,
            open: Vec::new(),
            asked: 0,
            provider: None,
            found: Vec::new(),
            dropped: Vec::new(),
            not_offered: Vec::new(),
            exchange: false,
        };
        plan.add(Source::Own, Trust::A, own.iter().cloned());
        if let Some(provider) = provider {
            plan.recognise(provider, Source::Facts, Trust::A);
        }
        plan.guess();
        plan.begin();
        plan
    }

    /// The address in question.
    pub const fn address(&self) -> &Address {
        self.subject.address()
    }

    /// The questions that came up since the last call. None are left when this is empty and all were answered.
    pub fn questions(&mut self) -> Vec<Question> {
        std::mem::take(&mut self.open)
    }

    /// Learns from an answer. What is refused is said, and the plan goes on without it.
    pub fn learn(&mut self, question: &Question, reply: Reply) -> Result<(), Refusal> {
        match (question, reply) {
            (Question::Document(document), reply) => self.learn_document(document, reply),
            (Question::Records(question), Reply::Records { records, authentic }) => {
                self.learn_records(question, &records, authentic);
                Ok(())
            }
            (Question::Records(_), _) => Ok(()),
        }
    }

    /// What is known so far, in the order of belief.
    pub fn findings(&self) -> Findings {
        let mut dropped = self.dropped.clone();
        let offered = |candidate: &&Candidate| {
            candidate.source != Source::Guess || !self.not_offered.contains(&candidate.server.protocol)
        };
        let candidates = rank(self.found.iter().filter(offered).cloned().collect(), &mut dropped);
        Findings { provider: self.provider.clone(), candidates, dropped, exchange: self.exchange }
    }

    fn ask(&mut self, question: Question) {
        if self.asked < MAX_QUESTIONS {
            self.asked += 1;
            self.open.push(question);
        }
    }

    fn add(&mut self, source: Source, trust: Trust, servers: impl IntoIterator<Item = Server>) {
        self.found.extend(servers.into_iter().map(|server| Candidate { server, source, trust }));
    }

    fn recognise(&mut self, provider: Provider, source: Source, trust: Trust) {
        let domain = self.subject.domain().to_owned();
        self.add(source, trust, provider.servers.iter().map(|server| server.of_domain(&domain)));
        self.exchange |= provider.exchange;
        self.provider = Some(provider);
    }

    /// Takes what a document says.
    fn take(&mut self, said: Said, source: Source, trust: Trust) {
        self.exchange |= said.exchange;
        self.add(source, trust, said.servers);
        let dropped = said.dropped.into_iter();
        self.dropped.extend(dropped.map(|(protocol, host, why)| Dropped { protocol, host, why, source }));
    }

    /// The names that are usual. They are tried only where nobody knows better.
    fn guess(&mut self) {
        // A provider without IMAP has such names as well, and none of them would help.
        if self.provider.as_ref().is_some_and(|provider| provider.without.is_some()) {
            return;
        }
        let domain = self.subject.domain().to_owned();
        let names: [(Protocol, &[&str]); 3] = [
            (Protocol::Imap, &["imap", "mail"]),
            (Protocol::Pop3, &["pop", "pop3", "mail"]),
            (Protocol::Smtp, &["smtp", "mail"]),
        ];
        for (protocol, names) in names {
            let doors = match protocol {
                Protocol::Smtp => [(587, Tls::Starttls), (465, Tls::Implicit)],
                _ => [(protocol.tls_port(), Tls::Implicit), (protocol.starttls_port(), Tls::Starttls)],
            };
            for (port, tls) in doors {
                let servers =
                    names.iter().map(|name| Server::at(protocol, &format!("{name}.{domain}"), port, tls));
                self.add(Source::Guess, Trust::D, servers.collect::<Vec<_>>());
            }
        }
    }

    /// The first questions, all at once.
    fn begin(&mut self) {
        if self.provider.as_ref().is_some_and(|provider| provider.without.is_some()) {
            return;
        }
        let domain = self.subject.domain().to_owned();
        self.ask(Question::Document(Document::autoconfig(
            &format!("autoconfig.{domain}"),
            Source::Autoconfig,
        )));
        self.ask(Question::Document(Document::well_known(&domain)));
        for service in dns::SERVICES {
            self.ask_records(&format!("{}._tcp.{domain}", service.label), Kind::Srv);
        }
        self.ask_records(&domain, Kind::Mx);
        self.ask_records(&domain, Kind::Txt);
        for host in [format!("autodiscover.{domain}"), domain] {
            self.ask(Question::Document(Document::autodiscover(
                &host,
                self.subject.address(),
                Source::Autodiscover,
            )));
        }
    }

    fn ask_records(&mut self, name: &str, kind: Kind) {
        self.ask(Question::Records(resolve::Question::new(Name::answered(name), kind)));
    }

    fn refuse(&mut self, protocol: Protocol, host: &str, source: Source) {
        let why = Why::NotOffered;
        self.not_offered.push(protocol);
        self.dropped.push(Dropped { protocol, host: host.to_owned(), why, source });
    }
}

#[cfg(test)]
mod tests;
