//! The live resolver: carries [`resolve`]'s questions to name servers, or to a zone in memory.
//!
//! Every failure stays a failure: only a clear NXDOMAIN, or a clear answer without records, counts as a no.

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{self, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use mail::Domain;
use resolve::{
    Answer, Failure, Fault, Found, Kind, MxSearch, Name, Ours, Plan, Poll, Question, Record, Zone,
};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// How long one name server may take before it is asked again, or the next one is.
const TRY_LIMIT: Duration = Duration::from_secs(4);
/// How often a question is sent again.
const TRIES: usize = 2;
/// How long an answer may take in all.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How many answers are remembered.
const CACHED_ANSWERS: u64 = 4_096;
/// The longest that an answer is remembered, whatever its own word.
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 3_600);
/// How often the system's configuration is looked at again: a laptop changes its network, a server its resolver.
const RELOAD_AFTER: Duration = Duration::from_secs(10);
/// Where the system says which name servers to ask.
const SYSTEM_FILE: &str = "/etc/resolv.conf";

/// Who answers questions about names.
#[derive(Debug, Clone)]
pub enum Dns {
    /// The name servers of the system.
    System(Arc<System>),
    /// These name servers.
    Servers(Arc<Servers>),
    /// A zone in memory, for tests.
    Zone(Arc<Zone>),
}

/// The name servers that the system's configuration names, read again when it changes.
#[derive(Debug)]
pub struct System {
    state: Mutex<Loaded>,
}

#[derive(Debug)]
struct Loaded {
    looked_at: Instant,
    changed_at: Option<SystemTime>,
    servers: Arc<Servers>,
}

/// Name servers, and what they answered.
pub struct Servers {
    remembering: Option<TokioResolver>,
    forgetful: Option<TokioResolver>,
    addresses: Vec<SocketAddr>,
}

impl fmt::Debug for Servers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Servers").field(&self.addresses).finish()
    }
}

impl Dns {
    /// The name servers of the system.
    pub fn system() -> Self {
        let servers = Arc::new(system_servers());
        let state = Loaded { looked_at: Instant::now(), changed_at: changed_at(), servers };
        Self::System(Arc::new(System { state: Mutex::new(state) }))
    }

    /// These name servers, in this order.
    pub fn servers(addresses: Vec<SocketAddr>) -> Self {
        Self::Servers(Arc::new(Servers::new(addresses, TRY_LIMIT)))
    }

    /// A zone in memory.
    pub fn zone(zone: Zone) -> Self {
        Self::Zone(Arc::new(zone))
    }

    /// The answer to a question. Waits at most [`ANSWER_LIMIT`].
    pub async fn ask(&self, question: &Question) -> Answer {
        let servers = match self {
            Self::Zone(zone) => return zone.ask(question),
            Self::Servers(servers) => Arc::clone(servers),
            Self::System(system) => system.servers(),
        };
        servers.ask(question).await
    }

    /// The answers to questions that are asked all at once.
    pub async fn ask_all(&self, questions: Vec<Question>) -> Vec<(Question, Answer)> {
        let mut asked = JoinSet::new();
        let mut answered = Vec::with_capacity(questions.len());
        for question in questions {
            if let Self::Zone(zone) = self {
                let answer = zone.ask(&question);
                answered.push((question, answer));
                continue;
            }
            let dns = self.clone();
            asked.spawn(async move {
                let answer = dns.ask(&question).await;
                (question, answer)
            });
        }
        // A question whose task was lost is simply not answered: the search asks it again, a bounded number of times.
        while let Some(done) = asked.join_next().await {
            answered.extend(done.ok());
        }
        answered
    }

    /// The hosts that take the mail of a domain, in the order in which to try them. `allows` judges their addresses,
    /// `seed` orders equals.
    pub async fn mail_hosts(
        &self,
        domain: &Domain,
        ours: &Ours,
        seed: u64,
        allows: &(dyn Fn(IpAddr) -> bool + Sync),
    ) -> Result<Plan, Fault> {
        // A search asks three times: for the MX records, for addresses, and the control question.
        const MOST_ROUNDS: usize = 6;
        let mut search = MxSearch::new(domain, ours, seed, allows);
        for _ in 0..MOST_ROUNDS {
            match search.poll() {
                Poll::Done(result) => return result,
                Poll::Ask(questions) => {
                    for (question, answer) in self.ask_all(questions).await {
                        search.learn(question, answer);
                    }
                }
            }
        }
        let question = Question::new(domain.into(), Kind::Mx);
        Err(Fault::Unanswered { question, failure: Failure::Other })
    }

    /// The addresses of a host that a person named: a relay.
    pub(crate) async fn addresses(&self, name: &Domain) -> Answer {
        let name = Name::from(name);
        let questions = [Kind::Aaaa, Kind::A].map(|kind| Question::new(name.clone(), kind));
        let mut found = Found { ttl_secs: u32::MAX, ..Found::default() };
        let (mut failed, mut missing) = (None, Answer::NameUnknown);
        for (_, answer) in self.ask_all(questions.to_vec()).await {
            match answer {
                Answer::Found(some) => {
                    found.ttl_secs = found.ttl_secs.min(some.ttl_secs);
                    found.records.extend(some.records);
                }
                Answer::Failed(_) => failed = Some(answer),
                Answer::NoData => missing = Answer::NoData,
                Answer::NameUnknown => {}
            }
        }
        if found.records.is_empty() { failed.unwrap_or(missing) } else { Answer::Found(found) }
    }
}

impl System {
    fn servers(&self) -> Arc<Servers> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked_at.elapsed() >= RELOAD_AFTER {
            state.looked_at = Instant::now();
            let changed_at = changed_at();
            if changed_at != state.changed_at {
                state.changed_at = changed_at;
                state.servers = Arc::new(system_servers());
                tracing::info!(servers = ?state.servers.addresses, "the system's name servers changed");
            }
        }
        Arc::clone(&state.servers)
    }
}

fn changed_at() -> Option<SystemTime> {
    std::fs::metadata(SYSTEM_FILE).and_then(|file| file.modified()).ok()
}

fn system_servers() -> Servers {
    let named = read_system_conf().map(|(config, _)| config.name_servers).unwrap_or_default();
    let port =
        |server: &NameServerConfig| server.connections.first().map_or(53, |connection| connection.port);
    let mut addresses: Vec<SocketAddr> =
        named.iter().map(|server| SocketAddr::new(server.ip, port(server))).collect();
    if addresses.is_empty() {
        // resolv.conf(5): without a name server in the file, it is the one on this machine.
        addresses.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 53));
    }
    Servers::new(addresses, TRY_LIMIT)
}

impl Servers {
    fn new(addresses: Vec<SocketAddr>, try_limit: Duration) -> Self {
        let build = |remembered: u64| {
            let config = ResolverConfig::from_name_servers(addresses.iter().map(name_server).collect());
            let provider = TokioRuntimeProvider::default();
            let builder = TokioResolver::builder_with_config(config, provider);
            builder.with_options(options(remembered, try_limit)).build()
        };
        let built = |resolver: Result<TokioResolver, NetError>| match resolver {
            Ok(resolver) => Some(resolver),
            Err(error) => {
                tracing::error!(%error, "the resolver cannot be set up: no name will be answered");
                None
            }
        };
        Self { remembering: built(build(CACHED_ANSWERS)), forgetful: built(build(0)), addresses }
    }

    async fn ask(&self, question: &Question) -> Answer {
        // A name that does not fit the DNS cannot be there.
        let Ok(mut name) = rr::Name::from_ascii(question.name.as_str()) else { return Answer::NameUnknown };
        // No search list: mail is for whole names.
        name.set_fqdn(true);
        // The control question asks how the resolver is now.
        let is_control = *question == Question::control();
        let resolver = if is_control { &self.forgetful } else { &self.remembering };
        let Some(resolver) = resolver else { return Answer::Failed(Failure::Other) };
        match timeout(ANSWER_LIMIT, resolver.lookup(name.clone(), record_type(question.kind))).await {
            Ok(Ok(lookup)) => found(question, lookup.answers()),
            Ok(Err(error)) if is_bare(&error) => is_there_nothing(resolver, name).await,
            Ok(Err(error)) => why_not(&error),
            Err(_) => Answer::Failed(Failure::TimedOut),
        }
    }
}

/// Whether an answer is empty, and does not even say of which zone, as RFC 2308 §2.2 wants it to.
fn is_bare(error: &NetError) -> bool {
    let NetError::Dns(DnsError::NoRecordsFound(none)) = error else { return false };
    none.response_code == ResponseCode::NoError && none.soa.is_none() && none.ns.is_none()
}

/// An empty answer may hide an alias that leads round in a circle, which is no no.
async fn is_there_nothing(resolver: &TokioResolver, name: rr::Name) -> Answer {
    match timeout(ANSWER_LIMIT, resolver.lookup(name, RecordType::CNAME)).await {
        Ok(Ok(_)) => Answer::Failed(Failure::AliasLoop),
        Ok(Err(error)) => why_not(&error),
        Err(_) => Answer::Failed(Failure::TimedOut),
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
    for connection in &mut connections {
        connection.port = address.port();
    }
    NameServerConfig::new(address.ip(), true, connections)
}

fn options(remembered: u64, try_limit: Duration) -> ResolverOpts {
    let mut options = ResolverOpts::default();
    options.timeout = try_limit;
    options.attempts = TRIES;
    options.cache_size = remembered;
    options.positive_max_ttl = Some(LONGEST_LIFE);
    // A no is never remembered: one that was said while the resolver was broken would be believed after it is well
    // again, and bounce mail.
    options.negative_max_ttl = Some(Duration::ZERO);
    // MX hosts are names of the DNS alone; the hosts file is for names that a person gave (see `Resolver`).
    options.use_hosts_file = ResolveHosts::Never;
    options.preserve_intermediates = true;
    options
}

const fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
        Kind::Mx => RecordType::MX,
        Kind::Ns => RecordType::NS,
        Kind::Txt => RecordType::TXT,
        Kind::Srv => RecordType::SRV,
        Kind::Ptr => RecordType::PTR,
        Kind::Tlsa => RecordType::TLSA,
    }
}

fn found(question: &Question, answers: &[rr::Record]) -> Answer {
    let mut found = Found { ttl_secs: u32::MAX, ..Found::default() };
    for answer in answers {
        found.ttl_secs = found.ttl_secs.min(answer.ttl);
        if let RData::CNAME(alias) = &answer.data {
            let alias = Name::answered(&alias.0.to_ascii());
            if alias == question.name || found.aliases.contains(&alias) {
                return Answer::Failed(Failure::AliasLoop);
            }
            found.aliases.push(alias);
        }
        let record = record(&answer.data).filter(|record| record.kind() == question.kind);
        if found.records.len() < Found::MAX_RECORDS {
            found.records.extend(record);
        }
    }
    if found.records.is_empty() { Answer::NoData } else { Answer::Found(found) }
}

fn record(data: &RData) -> Option<Record> {
    let name = |name: &rr::Name| Name::answered(&name.to_ascii());
    Some(match data {
        RData::A(ip) => Record::A(ip.0),
        RData::AAAA(ip) => Record::Aaaa(ip.0),
        RData::MX(mx) => Record::Mx { preference: mx.preference, exchange: name(&mx.exchange) },
        RData::NS(server) => Record::Ns(name(&server.0)),
        RData::PTR(host) => Record::Ptr(name(&host.0)),
        RData::TXT(txt) => Record::Txt(txt.txt_data.concat()),
        RData::SRV(srv) => Record::Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: name(&srv.target),
        },
        RData::TLSA(tlsa) => Record::Tlsa {
            usage: tlsa.cert_usage.into(),
            selector: tlsa.selector.into(),
            matching: tlsa.matching.into(),
            data: tlsa.cert_data.clone(),
        },
        _ => return None,
    })
}

fn why_not(error: &NetError) -> Answer {
    let failure = match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NXDomain => return Answer::NameUnknown,
            // A server that only points to others does not know the zone that it was asked for.
            ResponseCode::NoError if none.soa.is_none() && none.ns.is_some() => Failure::ServerFailed,
            ResponseCode::NoError => return Answer::NoData,
            code => of_code(code),
        },
        NetError::Dns(DnsError::ResponseCode(code)) => of_code(*code),
        // Hickory gives up a server that stays silent, and then says that it has none left.
        NetError::Timeout | NetError::NoConnections => Failure::TimedOut,
        NetError::Proto(_) | NetError::Truncated | NetError::ForeignClassRecord { .. } => Failure::Malformed,
        _ => Failure::Other,
    };
    Answer::Failed(failure)
}

const fn of_code(code: ResponseCode) -> Failure {
    match code {
        ResponseCode::ServFail => Failure::ServerFailed,
        ResponseCode::Refused | ResponseCode::NotAuth => Failure::Refused,
        _ => Failure::Other,
    }
}

#[cfg(test)]
mod tests;
