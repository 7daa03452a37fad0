//! The direct courier: carries a letter to the hosts that take the mail of its recipients' domain.
//!
//! The hosts come from the DNS ([`net::Dns::mail_hosts`]) and are tried in their order, address after address, until
//! every recipient has an answer that another host would not change: taken, or refused for good. TLS is used wherever
//! a host offers it and can; which certificate it shows does not matter, since without TLS the mail would go in clear.

mod kept;
mod outcome;
mod session;

pub use outcome::{Delivery, Try};

use crate::direct::kept::Kept;
use crate::direct::outcome::Progress;
use crate::form::Source;
use crate::rounds;
use crate::stale::is_stale;
use mail::{Clock, Dialogue, Domain, Evidence, Recipient, Reply, Returned, ReversePath, Seen, Stage};
use net::{AddressPolicy, ClientTls, Dialer, Dns, NetError, Resolver, Verify};
use resolve::{Ours, Plan};
use session::Open;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// How direct delivery is set up.
#[derive(Debug, Clone)]
pub struct DirectSettings {
    /// What we call ourselves in EHLO.
    pub our_name: String,
    /// By what this server may be known in MX records.
    pub ours: Ours,
    /// Which addresses may be connected to. Names come from strangers: the public Internet only, unless a test says
    /// otherwise.
    pub policy: AddressPolicy,
    /// The port; 25, unless a test says otherwise.
    pub port: u16,
    /// The most addresses that are tried for one letter. Default 8.
    pub tries: usize,
    /// The most hosts that may decline a letter in one attempt before it waits. Default 3.
    pub declines: usize,
}

impl DirectSettings {
    /// The defaults, for a server of that name.
    pub fn new(our_name: impl Into<String>) -> Self {
        let our_name = our_name.into();
        let ours = Ours { names: vec![resolve::Name::answered(&our_name)], addresses: Vec::new() };
        let policy = AddressPolicy::PublicOnly;
        Self { our_name, ours, policy, port: 25, tries: 8, declines: 3 }
    }
}

/// A letter for recipients of one domain.
#[derive(Clone, Copy)]
pub struct Parcel<'a> {
    /// The envelope sender.
    pub from: &'a ReversePath,
    /// The recipients, all of the domain that the parcel is carried to, and what the sender wants to hear of each.
    pub recipients: &'a [Recipient],
    /// The sender's own name for the envelope, as xtext.
    pub envid: Option<&'a str>,
    /// How much of the message goes back with a failure.
    pub ret: Option<Returned>,
    /// The bytes, to be opened anew for each transaction.
    pub source: &'a dyn Source,
}

/// Carries mail to the hosts of its domain.
pub struct DirectCourier {
    dns: Dns,
    clock: Clock,
    settings: DirectSettings,
    client_tls: Arc<ClientTls>,
    pub(crate) dialer: Dialer,
    kept: Kept,
}

impl DirectCourier {
    /// A courier that asks `dns`.
    pub fn new(dns: Dns, clock: Clock, settings: DirectSettings) -> Result<Self, NetError> {
        // RFC 7435: some protection always beats none, and nobody can say which names a stranger's certificate must
        // have: the MX came over a DNS that proves nothing.
        let client_tls = ClientTls::new(None, Verify::Insecure)?;
        // Every address comes from the search for the hosts of a domain, so that the dialer itself asks nobody.
        let dialer = Dialer::new(clock.clone(), Resolver::Fixed(HashMap::new()));
        Ok(Self { dns, clock, settings, client_tls, dialer, kept: Kept::default() })
    }

    /// The DNS that it asks.
    pub const fn dns(&self) -> &Dns {
        &self.dns
    }

    /// Carries a parcel to a domain. `seed` orders hosts of one preference.
    pub async fn carry(&self, domain: &Domain, parcel: Parcel<'_>, seed: u64) -> Delivery {
        let mut progress = Progress::new(parcel.recipients.len(), self.clock.now());
        if self.by_kept_connection(domain, parcel, &mut progress).await {
            return progress.finish(self.clock.now());
        }
        match self.hosts(domain, seed).await {
            Ok(plan) => {
                for note in &plan.notes {
                    progress.note(self.clock.now(), &note.to_string());
                }
                self.by_plan(domain, &plan, parcel, &mut progress).await;
            }
            Err(fault) => {
                let evidence = self.evidence_of(domain, &fault);
                progress.no_way(self.clock.now(), fault, evidence);
            }
        }
        progress.finish(self.clock.now())
    }

    /// Closes connections that have been idle for too long. A worker calls this every few seconds.
    pub async fn sweep(&self) {
        for open in self.kept.expired(self.clock.now()) {
            open.hang_up().await;
        }
    }

    async fn hosts(&self, domain: &Domain, seed: u64) -> Result<Plan, resolve::Fault> {
        let allows = |ip: IpAddr| self.settings.policy.allows(ip);
        self.dns.mail_hosts(domain, &self.settings.ours, seed, &allows).await
    }

    /// What stands in the way, as evidence. The dialogue keeps the exact words.
    fn evidence_of(&self, domain: &Domain, fault: &resolve::Fault) -> Evidence {
        let seen = match fault {
            resolve::Fault::Unanswered { .. } => Seen::NameUnanswered,
            resolve::Fault::Forbidden { address } => Seen::AddressForbidden { address: *address },
            resolve::Fault::DomainUnknown => Seen::NameUnknown,
            resolve::Fault::NullMx => Seen::NullMx,
            resolve::Fault::NoAddress | resolve::Fault::NoHost => Seen::NoMailHost,
            resolve::Fault::PointsToSelf => Seen::PointsToSelf,
        };
        let host = domain.as_ascii().to_owned();
        let peer = Some(mail::Peer { host, address: None, port: self.settings.port });
        Evidence { at: self.clock.now(), stage: Stage::Resolve, peer, seen }
    }

    /// Sends through a connection that is still open, if there is one and it still works.
    async fn by_kept_connection(&self, domain: &Domain, parcel: Parcel<'_>, progress: &mut Progress) -> bool {
        while let Some(mut open) = self.kept.take(domain, self.clock.now()) {
            open.client.take_dialogue(self.clock.now());
            let sent = self.send(&mut open, parcel, &progress.waiting()).await;
            match sent {
                // The server may have hung up while the connection lay idle: nothing was taken, a fresh one may do.
                Err(evidence) if is_stale(&evidence) => {}
                sent => {
                    self.settle(domain, open, sent, progress).await;
                    return progress.is_done();
                }
            }
        }
        false
    }

    async fn by_plan(&self, domain: &Domain, plan: &Plan, parcel: Parcel<'_>, progress: &mut Progress) {
        let mut tries = 0;
        for host in &plan.hosts {
            if host.addresses.iter().any(|address| progress.was_heard_by(*address)) {
                // Through a kept connection: it would say the same again.
                continue;
            }
            for &address in &host.addresses {
                if tries >= self.settings.tries || progress.declines() >= self.settings.declines {
                    return;
                }
                tries += 1;
                let Some(open) = self.open(&host.name, address, progress).await else { continue };
                self.hand_over(domain, (&host.name, address, open), parcel, progress).await;
                if progress.is_done() {
                    return;
                }
                // It was heard: its other addresses would say the same.
                break;
            }
        }
    }

    /// Hands the parcel to a host, on as many connections as its limits ask for (MAILMAX, RFC 9422 §4.1).
    async fn hand_over(
        &self,
        domain: &Domain,
        (host, address, open): (&str, IpAddr, Open),
        parcel: Parcel<'_>,
        progress: &mut Progress,
    ) {
        let (mut next, mut places) = (Some(open), progress.waiting());
        while let Some(mut open) = next.take() {
            let sent = self.send(&mut open, parcel, &places).await;
            places = sent.as_ref().map(|answers| answers.unasked.clone()).unwrap_or_default();
            self.settle(domain, open, sent, progress).await;
            if !places.is_empty() {
                next = self.open(host, address, progress).await;
            }
        }
    }

    /// Sends the parcel to the recipients in those places.
    async fn send(&self, open: &mut Open, parcel: Parcel<'_>, places: &[usize]) -> Result<Answers, Evidence> {
        let recipients: Vec<Recipient> =
            places.iter().filter_map(|&at| parcel.recipients.get(at).cloned()).collect();
        let Parcel { from, envid, ret, source, .. } = parcel;
        let envelope = rounds::Envelope { from, recipients: &recipients, envid, ret };
        let sent = rounds::send(&mut open.client, &mut open.connection, envelope, source).await?;
        let mut answers = Answers { is_lost: sent.is_lost, ..Answers::default() };
        for (&at, result) in places.iter().zip(sent.results) {
            match result {
                Some(result) => answers.said.push((at, result)),
                None => answers.unasked.push(at),
            }
        }
        Ok(answers)
    }

    /// Takes down what a host said, and keeps its connection if it can be used again.
    async fn settle(
        &self,
        domain: &Domain,
        mut open: Open,
        sent: Result<Answers, Evidence>,
        progress: &mut Progress,
    ) {
        let now = self.clock.now();
        let usable = sent.as_ref().is_ok_and(|answers| !answers.is_lost);
        progress.heard(&open, sent);
        let dialogue: Dialogue = open.client.take_dialogue(now);
        progress.append(&dialogue);
        if !usable {
            // The server is gone, or says no more: a farewell would wait for nothing.
            return;
        }
        open.carried += 1;
        if let Some(spent) = self.kept.keep(domain, open, now) {
            spent.hang_up().await;
        }
    }
}

/// What a host said on one connection.
#[derive(Default)]
pub(crate) struct Answers {
    /// For recipients, by their places in the parcel.
    pub said: Vec<(usize, Result<Reply, Evidence>)>,
    /// The places of those whom it takes on another connection only.
    pub unasked: Vec<usize>,
    /// Whether the connection broke on the way.
    pub is_lost: bool,
}
