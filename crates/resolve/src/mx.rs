//! From a domain to the hosts that take its mail, in the order in which to try them (RFC 5321 §5.1).
//!
//! The search is a conversation: [`MxSearch::poll`] says what it wants to know, [`MxSearch::learn`] takes the answers.
//! Nothing here waits or asks.

use crate::{Answer, Fault, Kind, Name, Note, Question, Record, Unfit};
use mail::Domain;
use std::collections::HashMap;
use std::net::IpAddr;

/// The most hosts of a domain that are tried. A hundred MX records are a mistake or an attack: each costs two
/// questions, and up to [`MAX_ADDRESSES`] waits.
const MAX_HOSTS: usize = 10;
/// The most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 8;

/// By what this server may be known in MX records.
#[derive(Debug, Clone, Default)]
pub struct Ours {
    /// Its names.
    pub names: Vec<Name>,
    /// Its addresses, as the world sees them.
    pub addresses: Vec<IpAddr>,
}

/// A host to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name; for an address literal the literal as written, `[192.0.2.1]`.
    pub name: String,
    /// Its preference; lower is tried first.
    pub preference: u16,
    /// Its addresses, never none: IPv6 and IPv4 in turns, so that a network whose IPv6 is broken costs one wait.
    pub addresses: Vec<IpAddr>,
}

/// Where to bring the mail of a domain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The hosts in the order in which to try them, never none.
    pub hosts: Vec<Host>,
    /// The hosts that are not tried.
    pub notes: Vec<Note>,
    /// How long the plan holds, in seconds.
    pub ttl_secs: u32,
}

/// What a search wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// These questions, all at once; each answer goes to [`MxSearch::learn`].
    Ask(Vec<Question>),
    /// Nothing more.
    Done(Result<Plan, Fault>),
}

/// A host that was named, and is not looked up yet.
#[derive(Debug, Clone)]
struct Candidate {
    name: Name,
    preference: u16,
}

#[derive(Debug)]
enum Stage {
    Exchanges,
    /// By MX records, or the domain itself for want of any.
    Addresses {
        implicit: bool,
    },
    /// The fault stands when the control question is answered by yes.
    Control(Fault),
    Done(Result<Plan, Fault>),
}

/// The search for the hosts of one domain.
pub struct MxSearch<'a> {
    domain: Name,
    ours: &'a Ours,
    allows: &'a (dyn Fn(IpAddr) -> bool + Sync),
    seed: u64,
    stage: Stage,
    candidates: Vec<Candidate>,
    notes: Vec<Note>,
    answers: HashMap<Question, Answer>,
    ttl_secs: u32,
    met_ourselves: bool,
}

impl<'a> MxSearch<'a> {
    /// A search. `allows` judges every address, since MX records come from strangers; `seed` orders the hosts of one
    /// preference, which RFC 5321 §5.1 wants random, to spread the load.
    pub fn new(
        domain: &Domain,
        ours: &'a Ours,
        seed: u64,
        allows: &'a (dyn Fn(IpAddr) -> bool + Sync),
    ) -> Self {
        let mut search = Self {
            domain: domain.into(),
            ours,
            allows,
            seed,
            stage: Stage::Exchanges,
            candidates: Vec::new(),
            notes: Vec::new(),
            answers: HashMap::new(),
            ttl_secs: u32::MAX,
            met_ourselves: false,
        };
        if domain.is_literal() {
            search.stage = Stage::Done(search.literal(domain));
        }
        search
    }

    /// What to do next. Questions that were asked and not learnt yet are given again.
    pub fn poll(&mut self) -> Poll {
        loop {
            let missing = self.missing();
            if !missing.is_empty() {
                return Poll::Ask(missing);
            }
            if let Stage::Done(result) = &self.stage {
                return Poll::Done(result.clone());
            }
            self.advance();
        }
    }

    /// Takes the answer to a question.
    pub fn learn(&mut self, question: Question, answer: Answer) {
        if let Answer::Found(found) = &answer {
            self.ttl_secs = self.ttl_secs.min(found.ttl_secs);
        }
        self.answers.insert(question, answer);
    }

    fn missing(&self) -> Vec<Question> {
        let wanted: Vec<Question> = match &self.stage {
            Stage::Exchanges => vec![self.mx_question()],
            Stage::Addresses { .. } => {
                self.candidates.iter().flat_map(|candidate| questions(&candidate.name)).collect()
            }
            Stage::Control(_) => vec![Question::control()],
            Stage::Done(_) => Vec::new(),
        };
        wanted.into_iter().filter(|question| !self.answers.contains_key(question)).collect()
    }

    fn mx_question(&self) -> Question {
        Question::new(self.domain.clone(), Kind::Mx)
    }

    /// Goes on with the answers that the stage asked for.
    fn advance(&mut self) {
        self.stage = match &self.stage {
            Stage::Exchanges => match self.exchanges() {
                Ok(implicit) => Stage::Addresses { implicit },
                Err(fault) => self.doubted(fault),
            },
            Stage::Addresses { implicit } => match self.plan(*implicit) {
                Ok(plan) => Stage::Done(Ok(plan)),
                Err(fault) => self.doubted(fault),
            },
            Stage::Control(fault) => Stage::Done(Err(self.confirmed(fault.clone()))),
            Stage::Done(result) => Stage::Done(result.clone()),
        };
    }

    /// A fault that may be the resolver's own is confirmed before it is believed: it would bounce mail.
    fn doubted(&self, fault: Fault) -> Stage {
        if fault.may_be_the_resolvers() { Stage::Control(fault) } else { Stage::Done(Err(fault)) }
    }

    fn confirmed(&self, fault: Fault) -> Fault {
        let control = Question::control();
        let believed = self.answers.get(&control).is_some_and(|answer| !answer.records().is_empty());
        let failure = crate::Failure::NotBelieved;
        if believed { fault } else { Fault::Unanswered { question: self.mx_question(), failure } }
    }

    /// RFC 5321 §4.1.3: a literal is its own and only host.
    fn literal(&self, domain: &Domain) -> Result<Plan, Fault> {
        let inside = domain.as_ascii().trim_start_matches('[').trim_end_matches(']');
        let ip = inside.strip_prefix("ipv6:").unwrap_or(inside).parse::<IpAddr>();
        let Ok(address) = ip else { return Err(Fault::NoHost) };
        if self.ours.addresses.contains(&address) {
            return Err(Fault::PointsToSelf);
        }
        if !(self.allows)(address) {
            return Err(Fault::Forbidden { address });
        }
        let host = Host { name: format!("[{address}]"), preference: 0, addresses: vec![address] };
        Ok(Plan { hosts: vec![host], notes: Vec::new(), ttl_secs: u32::MAX })
    }

    /// Reads the answer to the MX question into candidates; whether they are implicit.
    fn exchanges(&mut self) -> Result<bool, Fault> {
        let question = self.mx_question();
        let named: Vec<Candidate> = match self.answers.get(&question) {
            Some(Answer::NameUnknown) => return Err(Fault::DomainUnknown),
            Some(Answer::Failed(failure)) => return Err(Fault::Unanswered { question, failure: *failure }),
            Some(answer) => answer.records().iter().filter_map(candidate).collect(),
            None => Vec::new(),
        };
        if named.is_empty() {
            // RFC 5321 §5.1: a domain without MX is treated as if it had one, of preference 0, to itself.
            self.candidates = vec![Candidate { name: self.domain.clone(), preference: 0 }];
            return Ok(true);
        }
        // RFC 7505 §3: a null MX stands alone. Beside others it is a mistake, and the others count.
        if named.iter().all(|candidate| candidate.name.is_root()) {
            return Err(Fault::NullMx);
        }
        self.candidates = self.in_order(named);
        self.drop_ourselves_by_name();
        self.drop_no_hosts();
        for candidate in self.candidates.split_off(self.candidates.len().min(MAX_HOSTS)) {
            self.notes.push(Note { host: candidate.name, unfit: Unfit::BeyondLimit });
        }
        Ok(false)
    }

    /// By preference, equals in random order, each host once.
    fn in_order(&self, mut named: Vec<Candidate>) -> Vec<Candidate> {
        // The order in which a name server sends its records must not matter.
        named.sort_by(|a, b| (&a.name, a.preference).cmp(&(&b.name, b.preference)));
        named.dedup_by(|later, first| later.name == first.name);
        let mut random = Random(self.seed);
        let mut keyed: Vec<(u16, u64, Candidate)> =
            named.into_iter().map(|candidate| (candidate.preference, random.next(), candidate)).collect();
        keyed.sort_by_key(|(preference, chance, _)| (*preference, *chance));
        keyed.into_iter().map(|(_, _, candidate)| candidate).collect()
    }

    fn drop_ourselves_by_name(&mut self) {
        let own = self.candidates.iter().filter(|candidate| self.ours.names.contains(&candidate.name));
        if let Some(preference) = own.map(|candidate| candidate.preference).min() {
            self.drop_from(preference, |search, candidate| search.ours.names.contains(&candidate.name));
        }
    }

    /// RFC 5321 §5.1: where this server finds itself, hosts of the same preference and of higher ones are not for it.
    fn drop_from(&mut self, preference: u16, is_us: impl Fn(&Self, &Candidate) -> bool) {
        self.met_ourselves = true;
        let candidates = std::mem::take(&mut self.candidates);
        for candidate in candidates {
            if candidate.preference < preference {
                self.candidates.push(candidate);
            } else {
                let unfit = if is_us(self, &candidate) { Unfit::Ourselves } else { Unfit::NotBetterThanUs };
                self.notes.push(Note { host: candidate.name, unfit });
            }
        }
    }

    fn drop_no_hosts(&mut self) {
        let candidates = std::mem::take(&mut self.candidates);
        for candidate in candidates {
            let unfit = if !candidate.name.is_host() {
                Unfit::NotAHost
            } else if candidate.name.is_localhost() {
                Unfit::Localhost
            } else {
                self.candidates.push(candidate);
                continue;
            };
            self.notes.push(Note { host: candidate.name, unfit });
        }
    }

    /// Makes the plan out of the candidates' addresses.
    fn plan(&mut self, implicit: bool) -> Result<Plan, Fault> {
        let own = self.candidates.iter().filter(|candidate| self.leads_to_us(candidate));
        if let Some(preference) = own.map(|candidate| candidate.preference).min() {
            self.drop_from(preference, Self::leads_to_us);
        }
        let mut hosts = Vec::new();
        for candidate in std::mem::take(&mut self.candidates) {
            match self.addresses(&candidate.name) {
                Ok(addresses) => hosts.push(Host {
                    name: candidate.name.as_str().to_owned(),
                    preference: candidate.preference,
                    addresses,
                }),
                Err(unfit) => self.notes.push(Note { host: candidate.name, unfit }),
            }
        }
        if hosts.is_empty() {
            return Err(self.nobody(implicit));
        }
        Ok(Plan { hosts, notes: self.notes.clone(), ttl_secs: self.ttl_secs })
    }

    fn leads_to_us(&self, candidate: &Candidate) -> bool {
        let mut found = self.found(&candidate.name);
        found.any(|ip| self.ours.addresses.contains(&ip))
    }

    fn found<'s>(&'s self, name: &Name) -> impl Iterator<Item = IpAddr> + 's {
        let answers = questions(name).map(|question| self.answers.get(&question));
        answers.into_iter().flatten().flat_map(Answer::records).filter_map(Record::address)
    }

    /// The addresses of a host, in the order in which to try them.
    fn addresses(&self, name: &Name) -> Result<Vec<IpAddr>, Unfit> {
        let (mut six, mut four): (Vec<_>, Vec<_>) =
            self.found(name).filter(|ip| (self.allows)(*ip)).partition(IpAddr::is_ipv6);
        dedup(&mut six);
        dedup(&mut four);
        let turns = six.len().max(four.len());
        let both = (0..turns).flat_map(|turn| [six.get(turn).copied(), four.get(turn).copied()]);
        let addresses: Vec<IpAddr> = both.flatten().take(MAX_ADDRESSES).collect();
        if addresses.is_empty() { Err(self.why_none(name)) } else { Ok(addresses) }
    }

    fn why_none(&self, name: &Name) -> Unfit {
        if let Some(failure) = self.failure(name) {
            return Unfit::Unanswered(failure.1);
        }
        if let Some(address) = self.found(name).next() {
            return Unfit::Forbidden(address);
        }
        let [four, _] = questions(name);
        match self.answers.get(&four) {
            Some(Answer::NameUnknown) => Unfit::Unknown,
            _ => Unfit::NoAddress,
        }
    }

    fn failure(&self, name: &Name) -> Option<(Question, crate::Failure)> {
        let failed = |question: Question| {
            let failure = self.answers.get(&question)?.failure()?;
            Some((question, failure))
        };
        questions(name).into_iter().find_map(failed)
    }

    /// Why no host is left. What was not answered comes first: it may be the one host that takes the mail.
    fn nobody(&self, implicit: bool) -> Fault {
        let unanswered = self.notes.iter().find(|note| matches!(note.unfit, Unfit::Unanswered(_)));
        if let Some((question, failure)) = unanswered.and_then(|note| self.failure(&note.host)) {
            return Fault::Unanswered { question, failure };
        }
        if self.met_ourselves {
            return Fault::PointsToSelf;
        }
        let forbidden = self.notes.iter().find_map(|note| match note.unfit {
            Unfit::Forbidden(address) => Some(address),
            _ => None,
        });
        match forbidden {
            Some(address) => Fault::Forbidden { address },
            None if !implicit => Fault::NoHost,
            None if self.notes.iter().any(|note| note.unfit == Unfit::Unknown) => Fault::DomainUnknown,
            None => Fault::NoAddress,
        }
    }
}

fn candidate(record: &Record) -> Option<Candidate> {
    match record {
        Record::Mx { preference, exchange } => {
            Some(Candidate { name: exchange.clone(), preference: *preference })
        }
        _ => None,
    }
}

fn questions(name: &Name) -> [Question; 2] {
    [Question::new(name.clone(), Kind::A), Question::new(name.clone(), Kind::Aaaa)]
}

fn dedup(addresses: &mut Vec<IpAddr>) {
    let mut seen = Vec::new();
    addresses.retain(|ip| {
        let new = !seen.contains(ip);
        seen.push(*ip);
        new
    });
}

/// SplitMix64: enough to spread load, and the same for the same seed.
struct Random(u64);

impl Random {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests;
