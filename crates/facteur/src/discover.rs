//! From an address to its mail settings: what the table of providers knows, for the commands to show.

use discover::facts::Facts;
use discover::{Candidate, Findings, Plan, Protocol, Source, Subject, SubjectError, UserForm};
use mail::Address;

/// Everything that is known about an address.
pub struct Discovery {
    /// The address.
    pub address: Address,
    /// What was found, best first.
    pub findings: Findings,
}

impl Discovery {
    /// What the table of providers knows, without a question to anybody.
    pub fn offline(text: &str) -> Result<Self, SubjectError> {
        let plan = Plan::new(Subject::read(text, true)?, Facts::shipped(), &[]);
        let mut findings = plan.findings();
        // What nobody has tried is no answer.
        findings.candidates.retain(|candidate| candidate.source != Source::Guess);
        Ok(Self { address: plan.address().clone(), findings })
    }

    /// The servers to use: the best of each protocol, IMAP rather than POP3.
    pub fn pair(&self) -> (Option<&Candidate>, Option<&Candidate>) {
        let best = |protocol| self.findings.best(protocol);
        (best(Protocol::Imap).or_else(|| best(Protocol::Pop3)), best(Protocol::Smtp))
    }

    /// The user name at a server.
    pub fn login(&self, candidate: &Candidate) -> String {
        candidate.user_forms().first().unwrap_or(&UserForm::Full).of(&self.address)
    }
}
