//! What came of carrying a parcel: host after host, for each recipient.

use crate::direct::Answers;
use crate::direct::session::Open;
use mail::{Dialogue, Evidence, Peer, Reply, Seen, Severity, Speaker, Stage, Timestamp, TlsFacts};
use queue::Carried;
use resolve::Fault;
use smtp::transport::Transport as _;
use std::net::IpAddr;
use std::sync::Arc;

/// One address that was tried.
#[derive(Debug, Clone)]
pub struct Try {
    /// Which.
    pub peer: Option<Peer>,
    /// The TLS session, if there was one.
    pub tls: Option<TlsFacts>,
    /// What failed; nothing when the host took the letter for everybody who was left.
    pub evidence: Option<Arc<Evidence>>,
}

/// What came of carrying a parcel.
#[derive(Debug)]
pub struct Delivery {
    /// The outcome in the queue's form: for each recipient the last word, the dialogue of all that was tried when
    /// something failed.
    pub carried: Carried,
    /// Everything that was tried, in order: a connection whose TLS failed and the one without TLS are two.
    pub tries: Vec<Try>,
    /// Why no host could be tried, when the DNS is the reason.
    pub fault: Option<Fault>,
}

/// Whether another host can change an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The recipient has its answer.
    Final,
    /// Another host may take it.
    Another,
    /// Nothing may be tried now: the letter may have been taken, or cannot be read.
    Stop,
}

fn next(evidence: &Evidence) -> Next {
    match &evidence.seen {
        // RFC 5321 §4.2.1: 5yz is final, but a greeting of 554 speaks of the host alone (§3.1).
        Seen::Reply { reply }
            if reply.severity() == Severity::Permanent && !evidence.stage.is_before_mail() =>
        {
            Next::Final
        }
        Seen::Reply { .. } => Next::Another,
        // What the letter is, it is for every host of the domain.
        Seen::TooBig { .. } | Seen::NotOffered { .. } => Next::Final,
        Seen::BodyUnreadable => Next::Stop,
        // RFC 5321 §4.5.3.2.6: the host may have the letter; another one would deliver it twice.
        _ if evidence.stage == Stage::EndOfData => Next::Stop,
        _ => Next::Another,
    }
}

/// How far a conversation came: the further, the more its end tells.
const fn depth(stage: Stage) -> u8 {
    match stage {
        Stage::Resolve => 0,
        Stage::Connect => 1,
        Stage::Tls | Stage::StartTls => 2,
        Stage::Greeting => 3,
        Stage::Ehlo | Stage::Auth => 4,
        Stage::Mail => 5,
        Stage::Rcpt => 6,
        Stage::Data => 7,
        Stage::EndOfData => 8,
        Stage::Queue => 9,
    }
}

#[derive(Debug, Clone)]
enum State {
    /// Without a final answer; the most telling failure so far.
    Waiting(Option<Arc<Evidence>>),
    Final(Result<Reply, Arc<Evidence>>),
}

/// A parcel on its way.
pub(crate) struct Progress {
    began_at: Timestamp,
    states: Vec<State>,
    tries: Vec<Try>,
    dialogue: Dialogue,
    fault: Option<Fault>,
    peer: Option<Peer>,
    tls: Option<TlsFacts>,
    declines: usize,
    heard_by: Vec<IpAddr>,
    /// A host took the letter for somebody and does not tell the sender of its success (RFC 3461 §5.2.2).
    keeps_silent: bool,
    stopped: bool,
}

impl Progress {
    pub(crate) fn new(recipients: usize, now: Timestamp) -> Self {
        Self {
            began_at: now,
            states: vec![State::Waiting(None); recipients],
            tries: Vec::new(),
            dialogue: Dialogue::new(now),
            fault: None,
            peer: None,
            tls: None,
            declines: 0,
            heard_by: Vec::new(),
            keeps_silent: false,
            stopped: false,
        }
    }

    /// The recipients without a final answer, by their place.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        let waiting = |(at, state): (usize, &State)| matches!(state, State::Waiting(_)).then_some(at);
        self.states.iter().enumerate().filter_map(waiting).collect()
    }

    /// Whether nothing more is to be tried.
    pub(crate) fn is_done(&self) -> bool {
        self.stopped || self.waiting().is_empty()
    }

    /// Whether the server at that address has heard the letter.
    pub(crate) fn was_heard_by(&self, address: IpAddr) -> bool {
        self.heard_by.contains(&address)
    }

    /// How many hosts heard the letter and declined it.
    pub(crate) const fn declines(&self) -> usize {
        self.declines
    }

    /// Adds a line of our own to the dialogue.
    pub(crate) fn note(&mut self, now: Timestamp, text: &str) {
        self.dialogue.push(now, Speaker::Note, text);
    }

    /// Adds what was said on one connection.
    pub(crate) fn append(&mut self, said: &Dialogue) {
        for line in &said.lines {
            self.dialogue.push(said.began.plus_ms(line.at_ms.into()), line.by, &line.text);
        }
        self.dialogue.cut |= said.cut;
    }

    /// The DNS gave no host.
    pub(crate) fn no_way(&mut self, now: Timestamp, fault: Fault, evidence: Evidence) {
        self.note(now, &fault.to_string());
        self.peer.clone_from(&evidence.peer);
        self.fault = Some(fault);
        self.failed(evidence);
    }

    /// An address could not be spoken to.
    pub(crate) fn failed(&mut self, evidence: Evidence) {
        let evidence = Arc::new(evidence);
        self.tries.push(Try {
            peer: evidence.peer.clone(),
            tls: None,
            evidence: Some(Arc::clone(&evidence)),
        });
        if self.peer.is_none() {
            self.peer.clone_from(&evidence.peer);
        }
        for at in self.waiting() {
            self.defer(at, &evidence);
        }
    }

    /// TLS failed, and the same address is tried without.
    pub(crate) fn tls_failed(&mut self, evidence: Evidence) {
        let peer = evidence.peer.clone();
        self.tries.push(Try { peer, tls: None, evidence: Some(Arc::new(evidence)) });
    }

    /// A host heard the letter.
    pub(crate) fn heard(&mut self, open: &Open, sent: Result<Answers, Evidence>) {
        self.peer = Some(open.peer());
        self.tls = open.connection.tls().cloned();
        let is_whole = sent.as_ref().is_ok_and(|answers| answers.unasked.is_empty());
        if is_whole || sent.is_err() {
            self.heard_by.extend(open.peer().address);
        }
        let mut first: Option<Arc<Evidence>> = None;
        match sent {
            Ok(answers) => {
                for (at, answer) in answers.said {
                    match answer {
                        Ok(reply) => {
                            self.keeps_silent |= !open.client.extensions().dsn;
                            self.set(at, State::Final(Ok(reply)));
                        }
                        Err(evidence) => {
                            let evidence = Arc::new(evidence);
                            first.get_or_insert_with(|| Arc::clone(&evidence));
                            self.take_down(at, &evidence);
                        }
                    }
                }
            }
            Err(evidence) => {
                let evidence = Arc::new(evidence);
                first = Some(Arc::clone(&evidence));
                for at in self.waiting() {
                    self.take_down(at, &evidence);
                }
            }
        }
        self.tries.push(Try { peer: self.peer.clone(), tls: self.tls.clone(), evidence: first.clone() });
        if (is_whole || first.is_some()) && !self.waiting().is_empty() {
            self.declines += 1;
        }
    }

    fn take_down(&mut self, at: usize, evidence: &Arc<Evidence>) {
        match next(evidence) {
            Next::Final => self.set(at, State::Final(Err(Arc::clone(evidence)))),
            Next::Another => self.defer(at, evidence),
            Next::Stop => {
                self.stopped = true;
                self.set(at, State::Waiting(Some(Arc::clone(evidence))));
            }
        }
    }

    fn set(&mut self, at: usize, new: State) {
        if let Some(state) = self.states.get_mut(at) {
            *state = new;
        }
    }

    /// Keeps the most telling failure: "try later, you are greylisted" of one host says more than the silence of
    /// the next.
    fn defer(&mut self, at: usize, evidence: &Arc<Evidence>) {
        let Some(State::Waiting(kept)) = self.states.get_mut(at) else { return };
        if kept.as_ref().is_none_or(|kept| depth(evidence.stage) >= depth(kept.stage)) {
            *kept = Some(Arc::clone(evidence));
        }
    }

    /// The end: every recipient has an answer, or the most telling failure.
    pub(crate) fn finish(self, now: Timestamp) -> Delivery {
        let began_at = self.began_at;
        let unheard = || {
            let peer = None;
            Arc::new(Evidence { at: now, stage: Stage::Connect, peer, seen: Seen::Unreachable })
        };
        let results: Vec<Result<Reply, Arc<Evidence>>> = self
            .states
            .into_iter()
            .map(|state| match state {
                State::Final(result) => result,
                State::Waiting(evidence) => Err(evidence.unwrap_or_else(unheard)),
            })
            .collect();
        // TLS that failed is worth its dialogue even when the mail went through without.
        let failed = self.tries.iter().any(|tried| tried.evidence.is_some());
        let dialogue = failed.then_some(self.dialogue);
        let (peer, tls) = (self.peer, self.tls);
        // One word for all: news that comes twice is better than news that nobody brings.
        let tells_success = !self.keeps_silent && results.iter().any(Result::is_ok);
        let carried = Carried { peer, tls, dialogue, tells_success, ..Carried::new(began_at, now, results) };
        Delivery { carried, tries: self.tries, fault: self.fault }
    }
}
