//! Asking and trying, all at once: the one place of a discovery that reaches the network.
//!
//! Only public addresses are dialled, on fixed ports, each judged after its name was resolved and again when a
//! document moves. Every question and every server has its limit, and all of it together ends after [`HARD_STOP`].

use discover::facts::Facts;
use discover::prove::{Credentials, Obstacle, Proof, prove};
use discover::{
    Asked, Candidate, Discovery, Document, Findings, NoAnswer, Plan, Protocol, Question, Reply, Server,
    Source, Subject, SubjectError, Tls, Tried, Trust, https,
};
use mail::{Address, Clock, Evidence, Peer, Secret, Seen, Stage};
use net::{AddressPolicy, ClientTls, Dialer, Dns, NetError, Purpose, Resolver, Target, TlsMode};
use resolve::Answer;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// How long all of a discovery may take.
const HARD_STOP: Duration = Duration::from_secs(20);
/// How long all questions may take; what has not answered by then is not waited for.
const ASKING_STOP: Duration = Duration::from_secs(7);
/// When the servers that are known by then are tried, while others are still asked for: so that somebody who waits sees a
/// first answer within three seconds, whoever else is silent.
const FIRST_LOOK: Duration = Duration::from_millis(1_500);
/// The most servers that are tried for one address.
const MAX_TRIED: usize = 48;
/// How long an answer of the DNS may take.
const DNS_LIMIT: Duration = Duration::from_secs(3);
/// How long a document may take, connection and all.
const DOCUMENT_LIMIT: Duration = Duration::from_secs(6);
/// How long a connection with its TLS may take.
const DIAL_LIMIT: Duration = Duration::from_secs(5);
/// How long one server may take in all, without the connection.
const SERVER_LIMIT: Duration = Duration::from_secs(9);
/// Where documents are.
const HTTPS: u16 = 443;

/// Something that is worth telling before all is known.
pub enum News<'n> {
    /// A server answers as it should.
    Answers(&'n Candidate),
}

/// What is under way, and what came of it.
#[derive(Default)]
struct Search {
    asking: JoinSet<(Question, Reply, Option<Evidence>)>,
    trying: JoinSet<Tried>,
    /// The servers that were tried, or are.
    begun: Vec<Candidate>,
    missed: Vec<Asked>,
    tried: Vec<Tried>,
}

impl Search {
    fn ask(&mut self, road: &Live, questions: Vec<Question>) {
        for question in questions {
            let road = road.clone();
            self.asking.spawn(async move {
                let (reply, seen) = road.answer(&question).await;
                (question, reply, seen)
            });
        }
    }

    fn learn(&mut self, plan: &mut Plan<'_>, question: &Question, reply: Reply, seen: Option<Evidence>) {
        let refused = plan.learn(question, reply).err();
        let why = seen.map(NoAnswer::Seen).or(refused.map(NoAnswer::Refused));
        if let (Question::Document(document), Some(why)) = (question, why) {
            self.missed.push(Asked { what: document.url(), source: document.source(), why });
        }
    }

    /// Tries the candidates that were not tried yet, all at once and without a credential.
    fn try_all(&mut self, road: &Live, findings: &Findings) {
        for candidate in &findings.candidates {
            let known = self.begun.iter().any(|begun| begun.server.same_door(&candidate.server));
            if known || self.begun.len() >= MAX_TRIED {
                continue;
            }
            self.begun.push(candidate.clone());
            let (road, candidate) = (road.clone(), candidate.clone());
            self.trying.spawn(async move {
                let outcome = road.attempt(&candidate, None).await;
                Tried { candidate, outcome }
            });
        }
    }
}

impl Search {
    /// What came of it, in the order in which servers were tried; those that have not answered are told as too slow.
    fn end(mut self) -> (Vec<Asked>, Vec<Tried>) {
        let tried = self.begun.into_iter().map(|candidate| {
            let mut done = self.tried.iter();
            let outcome = match done.position(|tried| tried.candidate.server.same_door(&candidate.server)) {
                Some(at) => self.tried.swap_remove(at).outcome,
                None => {
                    let Server { host, port, .. } = &candidate.server;
                    Err(Obstacle::Seen(too_slow(host, *port, SERVER_LIMIT)))
                }
            };
            Tried { candidate, outcome }
        });
        (self.missed, tried.collect())
    }
}

/// How the network is reached.
#[derive(Clone)]
pub struct Live {
    dns: Dns,
    dialer: Dialer,
    client_tls: Arc<ClientTls>,
    policy: AddressPolicy,
    /// What is known of providers.
    pub(super) facts: &'static Facts,
    /// This server's own servers, where it hosts the domain.
    own: Vec<Server>,
    /// Whether names of private networks may be asked about.
    private: bool,
    /// Where the servers of a test listen instead of the ports that they stand for.
    #[cfg(test)]
    pub(super) ports: std::collections::HashMap<(String, u16), u16>,
}

impl Live {
    /// By the system's name servers and authorities. `private` allows private names and addresses, which is for an
    /// administrator's own network.
    pub fn new(private: bool) -> Result<Self, NetError> {
        let policy = if private { AddressPolicy::Any } else { AddressPolicy::PublicOnly };
        Ok(Self::with(
            Dns::system(),
            Resolver::System,
            ClientTls::new(None, net::Verify::Full)?,
            policy,
            private,
        ))
    }

    /// Where this server hosts the domain, and these are its servers.
    #[must_use]
    pub fn hosting(self, own: Vec<Server>) -> Self {
        Self { own, ..self }
    }

    /// By these.
    pub(super) fn with(
        dns: Dns,
        resolver: Resolver,
        client_tls: Arc<ClientTls>,
        policy: AddressPolicy,
        private: bool,
    ) -> Self {
        let dialer = Dialer::new(Clock::System, resolver);
        #[cfg(test)]
        let ports = std::collections::HashMap::new();
        Self {
            dns,
            dialer,
            client_tls,
            policy,
            facts: Facts::shipped(),
            own: Vec::new(),
            private,
            #[cfg(test)]
            ports,
        }
    }

    /// Reaches others, who may be elsewhere.
    #[cfg(test)]
    pub(super) fn reach(&mut self, resolver: Resolver, policy: AddressPolicy) {
        self.dialer = Dialer::new(Clock::System, resolver);
        self.policy = policy;
    }

    /// Asks other name servers.
    #[cfg(test)]
    pub(super) fn ask_at(&mut self, dns: Dns) {
        self.dns = dns;
    }

    /// The same as [`Live::discover_for`] for an address as a person types it.
    pub async fn discover(
        &self,
        text: &str,
        password: Option<&Secret>,
        trusted: Option<&str>,
        told: impl FnMut(News<'_>),
    ) -> Result<Discovery, SubjectError> {
        let subject = Subject::read(text, self.private)?;
        Ok(self.discover_for(subject, password, trusted, told).await)
    }

    /// Finds the settings of an address and tries them; with a password, also whether it is let in. The password is
    /// sent to servers that the address's own domain or our table names, and to those within `trusted`.
    pub async fn discover_for(
        &self,
        subject: Subject,
        password: Option<&Secret>,
        trusted: Option<&str>,
        mut told: impl FnMut(News<'_>),
    ) -> Discovery {
        let began = Instant::now();
        let end = began + HARD_STOP;
        let mut plan = Plan::new(subject, self.facts, &self.own);
        let mut search = Search::default();
        self.search(&mut plan, &mut search, began, &mut told).await;
        let mut discovery = Discovery::new(plan.address().clone(), plan.findings(), true);
        (discovery.asked, discovery.tried) = search.end();
        keep_proved(&mut discovery);
        if let Some(password) = password {
            self.sign_in(&mut discovery, password, trusted, end).await;
        }
        discovery
    }

    /// Asks until everything is answered, enough is known, or time is over; and tries what is known by then, from
    /// [`FIRST_LOOK`] on also while answers are still waited for.
    async fn search(
        &self,
        plan: &mut Plan<'_>,
        search: &mut Search,
        began: Instant,
        told: &mut impl FnMut(News<'_>),
    ) {
        let end = began + HARD_STOP;
        loop {
            let findings = plan.findings();
            let now = Instant::now();
            // What the domain itself or our table says needs no other opinion.
            if is_enough(&findings) || now >= began + ASKING_STOP {
                search.asking = JoinSet::new();
            } else {
                search.ask(self, plan.questions());
            }
            let asking = !search.asking.is_empty();
            let looking = !asking || now >= began + FIRST_LOOK;
            if looking {
                search.try_all(self, &findings);
            }
            let wake = match (asking, looking) {
                (true, false) => began + FIRST_LOOK,
                (true, true) => began + ASKING_STOP,
                (false, _) if search.trying.is_empty() => return,
                (false, _) => end,
            };
            tokio::select! {
                Some(done) = search.asking.join_next() => {
                    if let Ok((question, reply, seen)) = done {
                        search.learn(plan, &question, reply, seen);
                    }
                }
                Some(done) = search.trying.join_next() => {
                    if let Ok(tried) = done {
                        if tried.outcome.is_ok() {
                            told(News::Answers(&tried.candidate));
                        }
                        search.tried.push(tried);
                    }
                }
                () = sleep_until(wake) => {
                    if wake == end {
                        return;
                    }
                }
            }
        }
    }

    pub(super) async fn answer(&self, question: &Question) -> (Reply, Option<Evidence>) {
        match question {
            Question::Records(question) => match timeout(DNS_LIMIT, self.dns.ask(question)).await {
                Ok(Answer::Found(found)) => {
                    (Reply::Records { records: found.records, authentic: false }, None)
                }
                _ => (Reply::Nothing, None),
            },
            Question::Document(document) => match timeout(DOCUMENT_LIMIT, self.document(document)).await {
                Ok(Ok(reply)) => (reply, None),
                Ok(Err(evidence)) => (Reply::Nothing, Some(evidence)),
                Err(_) => (Reply::Nothing, Some(too_slow(&document.host, HTTPS, DOCUMENT_LIMIT))),
            },
        }
    }

    async fn document(&self, document: &Document) -> Result<Reply, Evidence> {
        let mut connection = self.dial(Purpose::Document, &document.host, HTTPS, TlsMode::Implicit).await?;
        https::fetch(&mut connection, document).await
    }

    async fn dial(
        &self,
        purpose: Purpose,
        host: &str,
        port: u16,
        tls: TlsMode,
    ) -> Result<net::Connection, Evidence> {
        let client_tls = || Arc::clone(&self.client_tls);
        let target = Target::new(purpose, host, port, client_tls());
        #[cfg(test)]
        let target = target.and_then(|_| {
            // The port was judged; it is the test that leads it elsewhere, or to where nobody is.
            let of = |host: &str| self.ports.get(&(host.to_owned(), port)).copied();
            let moved = of(host).or_else(|| of("*")).unwrap_or(1);
            Target::new(Purpose::Relay, host, moved, client_tls())
        });
        // A port of something else, which a record in the DNS may name: nobody is called there, and nothing is told of it
        // that a closed one would not tell.
        let target = target.map_err(|_| Evidence {
            at: Clock::System.now(),
            stage: Stage::Connect,
            peer: Some(Peer { host: host.to_owned(), address: None, port }),
            seen: Seen::Refused,
        })?;
        let target = target.with_tls(tls).with_policy(self.policy.clone());
        self.dialer.dial(&target, DIAL_LIMIT).await
    }

    pub(super) async fn attempt(
        &self,
        candidate: &Candidate,
        credentials: Option<Credentials<'_>>,
    ) -> Result<Proof, Obstacle> {
        let server = &candidate.server;
        let tls = if server.tls == Tls::Implicit { TlsMode::Implicit } else { TlsMode::StartTls };
        let mut connection =
            self.dial(Purpose::Probe, &server.host, server.port, tls).await.map_err(Obstacle::Seen)?;
        let proved = timeout(SERVER_LIMIT, prove(&mut connection, server, "localhost", credentials)).await;
        // A greeting that does not come is noticed before, by the limit of each step.
        let evidence =
            || Evidence { stage: Stage::Ehlo, ..too_slow(&server.host, server.port, SERVER_LIMIT) };
        proved.unwrap_or_else(|_| Err(Obstacle::Seen(evidence())))
    }

    /// Signs in at the best server for reading and at the best for sending.
    async fn sign_in(
        &self,
        discovery: &mut Discovery,
        password: &Secret,
        trusted: Option<&str>,
        end: Instant,
    ) {
        let (incoming, outgoing) = discovery.pair();
        let mut chosen: Vec<Candidate> = [outgoing, incoming].into_iter().flatten().cloned().collect();
        while let Some(candidate) = chosen.pop() {
            if discovery.proof(&candidate).is_none() {
                continue;
            }
            if !may_have_the_password(&candidate, &discovery.address, trusted) {
                discovery.unconfirmed.push(candidate.server.host.clone());
                continue;
            }
            let signed_in = timeout_at(end, self.sign_in_at(&candidate, &discovery.address, password)).await;
            let Ok(outcome) = signed_in else { return };
            // An account for which IMAP is switched off may still have POP3.
            if is_switched_off(&outcome) && candidate.server.protocol == Protocol::Imap {
                chosen.extend(discovery.findings.best(Protocol::Pop3).cloned());
            }
            let of = |tried: &&mut Tried| tried.candidate.server.same_door(&candidate.server);
            if let Some(tried) = discovery.tried.iter_mut().find(of) {
                tried.outcome = outcome;
            }
        }
    }

    /// One connection for each form of the user name, as long as the server only says that name and password do not fit.
    pub(super) async fn sign_in_at(
        &self,
        candidate: &Candidate,
        address: &Address,
        password: &Secret,
    ) -> Result<Proof, Obstacle> {
        let mut outcome = None;
        for form in candidate.user_forms() {
            let login = form.of(address);
            let credentials = Credentials { login: &login, password, sender: address };
            match self.attempt(candidate, Some(credentials)).await {
                Err(obstacle) if obstacle.lets_another_form_be_tried() => outcome = Some(obstacle),
                other => return other,
            }
        }
        Err(outcome.unwrap_or_else(|| {
            Obstacle::Seen(too_slow(&candidate.server.host, candidate.server.port, SERVER_LIMIT))
        }))
    }
}

fn is_switched_off(outcome: &Result<Proof, Obstacle>) -> bool {
    outcome.as_ref().is_err_and(|obstacle| obstacle.verdict().cause.as_str() == "imap_disabled")
}

/// Whether both a server for reading and one for sending are known from who should know, or none is to be had.
fn is_enough(findings: &Findings) -> bool {
    let known = |protocol| findings.best(protocol).is_some_and(|candidate| candidate.trust == Trust::A);
    let without = findings.provider.as_ref().is_some_and(|provider| provider.without.is_some());
    without || ((known(Protocol::Imap) || known(Protocol::Pop3)) && known(Protocol::Smtp))
}

/// Puts what answered first; what did not is told, and not proposed, unless nothing of its protocol answered and
/// somebody who knows has named it.
fn keep_proved(discovery: &mut Discovery) {
    let candidates = std::mem::take(&mut discovery.findings.candidates);
    let proved = |candidate: &Candidate| discovery.proof(candidate).is_some();
    let any = |protocol: Protocol| {
        candidates.iter().any(|candidate| candidate.server.protocol == protocol && proved(candidate))
    };
    let kept = candidates.iter().filter(|candidate| {
        let known = candidate.source != Source::Guess;
        proved(candidate) || (known && !any(candidate.server.protocol))
    });
    let kept = kept.cloned().collect();
    discovery.findings.candidates = kept;
}

/// Whether a password may go there: the domain itself, or our table, or the person names the server. A hint from the
/// DNS does not, for anybody on the way could have given it.
fn may_have_the_password(candidate: &Candidate, address: &Address, trusted: Option<&str>) -> bool {
    let within = |domain: &str| {
        let host = candidate.server.host.as_str();
        host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    candidate.trust == Trust::A || within(address.domain().as_ascii()) || trusted.is_some_and(within)
}

fn too_slow(host: &str, port: u16, limit: Duration) -> Evidence {
    let after_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let peer = Peer { host: host.to_owned(), address: None, port };
    Evidence {
        at: Clock::System.now(),
        stage: Stage::Greeting,
        peer: Some(peer),
        seen: Seen::Timeout { after_ms },
    }
}
