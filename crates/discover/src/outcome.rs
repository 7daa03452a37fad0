//! What came of a discovery: what was found, what was tried, and what stood in the way.

use crate::facts::Facts;
use crate::prove::{Obstacle, Proof};
use crate::{
    Candidate, Findings, Plan, Protocol, Reading, Refusal, Server, Source, Subject, SubjectError, UserForm,
};
use mail::{Address, Evidence};
use serde::{Deserialize, Serialize};

/// What came of trying a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The server.
    pub candidate: Candidate,
    /// What it showed, or what stood in the way.
    pub outcome: Result<Proof, Obstacle>,
}

/// A question that was not answered as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What was asked for.
    pub what: String,
    /// On which road.
    pub source: Source,
    /// What stood in the way.
    pub why: NoAnswer,
}

/// Why an answer taught nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAnswer {
    /// The connection failed.
    Seen(Evidence),
    /// The document was not believed.
    Refused(Refusal),
}

/// Everything that is known about an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discovery {
    /// The address.
    pub address: Address,
    /// What was found, best first. After servers were tried: those that answered, or all when none did.
    pub findings: Findings,
    /// What was asked, and was not answered as it should be.
    pub asked: Vec<Asked>,
    /// What came of trying servers.
    pub tried: Vec<Tried>,
    /// Servers to which the password was not sent, because only a hint led to them.
    pub unconfirmed: Vec<String>,
    /// Whether servers were asked at all.
    pub live: bool,
}

impl Discovery {
    /// What is known of an address before any server was tried; `live` says whether some will be.
    pub const fn new(address: Address, findings: Findings, live: bool) -> Self {
        Self { address, findings, asked: Vec::new(), tried: Vec::new(), unconfirmed: Vec::new(), live }
    }

    /// What the table of providers knows, without a question to anybody; `own` are this server's own, where it hosts the
    /// domain.
    pub fn offline(text: &str, own: &[Server]) -> Result<Self, SubjectError> {
        let plan = Plan::new(Subject::read(text, true)?, Facts::shipped(), own);
        let mut findings = plan.findings();
        // What nobody has tried is no answer.
        findings.candidates.retain(|candidate| candidate.source != Source::Guess);
        Ok(Self::new(plan.address().clone(), findings, false))
    }

    /// The servers to use: the best of each protocol, IMAP rather than POP3; but for reading the one that let us in, when
    /// only one did.
    pub fn pair(&self) -> (Option<&Candidate>, Option<&Candidate>) {
        let best = |protocol| self.findings.best(protocol);
        let let_in =
            |candidate: &&Candidate| self.proof(candidate).is_some_and(|proof| proof.login.is_some());
        let reading = [Protocol::Imap, Protocol::Pop3].map(best);
        let incoming =
            reading.into_iter().flatten().find(let_in).or_else(|| reading.into_iter().flatten().next());
        (incoming, best(Protocol::Smtp))
    }

    /// How to read, now that servers were tried: an account for which IMAP is switched off is read by POP3.
    pub fn reading(&self) -> Reading {
        let only_pop3 = self.pair().0.is_some_and(|candidate| candidate.server.protocol == Protocol::Pop3);
        match self.findings.advice().reading {
            Reading::Imap if only_pop3 => Reading::Pop3Only,
            other => other,
        }
    }

    /// What a server showed when it was tried.
    pub fn proof(&self, candidate: &Candidate) -> Option<&Proof> {
        let of = |tried: &&Tried| tried.candidate.server.same_door(&candidate.server);
        self.tried.iter().find(of).and_then(|tried| tried.outcome.as_ref().ok())
    }

    /// The user name at a server: the one that was let in, else the most likely one.
    pub fn login(&self, candidate: &Candidate) -> String {
        let proved = self.proof(candidate).and_then(|proof| proof.login.clone());
        proved.unwrap_or_else(|| candidate.user_forms().first().unwrap_or(&UserForm::Full).of(&self.address))
    }
}
