//! The courier itself: a batch in, what came of it out.

use crate::content;
use crate::form::LetterSource;
use crate::open::Closed;
use crate::pool::{Open, Pool};
use crate::stale::is_stale;
use crate::{Keyring, rounds};
use mail::{
    Address, Clock, Dialogue, Evidence, Network, Recipient, RelayId, Reply, ReversePath, Severity, Stage,
    Timestamp,
};
use net::{ClientTls, Dialer, HostName, NetError, Purpose, Verify};
use queue::{Batch, BoxFuture, Carried, Courier};
use smtp::transport::Transport as _;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use store::{Relay, RelayAuth, SenderMode, Store};

/// What a courier must know.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What we call ourselves in EHLO.
    pub our_name: String,
    /// The ports of a relay that names none, in the order in which they are tried.
    pub ports: Vec<Port>,
    /// The networks besides the public Internet in which the relays of people may be.
    pub own_networks: Arc<[Network]>,
}

/// A port on which relays take mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// Its number.
    pub number: u16,
    /// Whether TLS begins at once there, unless the relay says otherwise.
    pub implicit_tls: bool,
}

impl Port {
    /// A port as it is used in the world: TLS begins at once on 465 (RFC 8314) and nowhere else.
    pub const fn of(number: u16) -> Self {
        Self { number, implicit_tls: number == 465 }
    }
}

impl Settings {
    /// The settings of a server of that name: 587 is tried first (RFC 6409), then 465 (RFC 8314), then the port that
    /// providers open for networks which block the others.
    pub fn new(our_name: impl Into<String>) -> Self {
        Self {
            our_name: our_name.into(),
            ports: [587, 465, 2525].map(Port::of).to_vec(),
            own_networks: Arc::default(),
        }
    }
}

/// Carries mail through relays.
pub struct RelayCourier {
    pub(crate) dialer: Dialer,
    pub(crate) settings: Settings,
    pub(crate) pool: Pool,
    pub(crate) client_tls: Arc<ClientTls>,
    /// Of relays with an authority of their own, or none at all: by relay, with the revision they were made of.
    pub(crate) own_tls: Mutex<HashMap<RelayId, (u32, Arc<ClientTls>)>>,
    pub(crate) clock: Clock,
    store: Arc<dyn Store>,
    keyring: Arc<Keyring>,
}

/// Who is told of each step of an opening as it begins, with the port that is tried.
pub type Told<'t> = &'t mut (dyn FnMut(Stage, u16) + Send);

/// What a rehearsal saw: a whole way to a relay, without mail.
#[derive(Debug, Clone)]
pub struct Rehearsal {
    /// How it ended.
    pub result: Result<(), Evidence>,
    /// The dialogue, without secrets.
    pub dialogue: Dialogue,
}

impl RelayCourier {
    /// A courier that dials with `dialer` and reads contents from `store`.
    pub fn new(
        dialer: Dialer,
        clock: Clock,
        settings: Settings,
        store: Arc<dyn Store>,
    ) -> Result<Self, NetError> {
        let client_tls = ClientTls::new(None, Verify::Full)?;
        let (pool, own_tls) = (Pool::default(), Mutex::default());
        let keyring = Arc::default();
        Ok(Self { dialer, settings, pool, client_tls, own_tls, clock, store, keyring })
    }

    /// The same with keys, for mail that leaves in another form than the one that was signed.
    #[must_use]
    pub fn signing_with(self, keyring: Arc<Keyring>) -> Self {
        Self { keyring, ..self }
    }

    /// Goes to a relay without mail and shows the whole dialogue: what `facteur relay test` prints. Whoever waits is told
    /// of each step as it begins, with the port that is tried.
    pub async fn rehearse(&self, relay: &Relay, told: Told<'_>) -> Rehearsal {
        match self.open(relay, told).await {
            Ok(mut open) => {
                open.client.quit(&mut open.connection).await;
                Rehearsal { result: Ok(()), dialogue: open.client.take_dialogue(self.clock.now()) }
            }
            Err(Closed { evidence, dialogue }) => Rehearsal { result: Err(evidence), dialogue },
        }
    }

    /// Whether somebody's own relay may be there, as far as that is known before a name is looked up; what it leads to is
    /// judged when it is dialled.
    pub fn may_be_own(&self, host: &HostName, port: Option<u16>) -> bool {
        let policy = self.own_policy();
        let reached = host.address().is_none_or(|ip| policy.allows(ip));
        policy.may_ask_for(host) && reached && port.is_none_or(|port| Purpose::OwnRelay.allows(port))
    }

    /// Closes connections that have been idle for too long. A worker calls this every few seconds.
    pub async fn sweep(&self) {
        for open in self.pool.expired(self.clock.now()) {
            hang_up(open).await;
        }
    }

    async fn carry_batch(&self, batch: &Batch) -> Carried {
        let began_at = self.clock.now();
        let Some(relay) = batch.relay() else { return Carried::new(began_at, began_at, Vec::new()) };
        loop {
            let mut open = match self.pool.take(relay, began_at) {
                Some(open) => open,
                None => match self.open(relay, &mut |_, _| {}).await {
                    Ok(open) => open,
                    Err(Closed { evidence, dialogue }) => {
                        return self.failed(batch, began_at, evidence, Some(dialogue));
                    }
                },
            };
            let kept = std::mem::take(&mut open.kept);
            if kept {
                open.client.take_dialogue(began_at);
            }
            match self.send(batch, relay, &mut open).await {
                Ok(sent) => return self.carried(relay, began_at, open, sent).await,
                // The server may have hung up while the connection lay idle: nothing was taken, a fresh one may do.
                Err(evidence) if kept && is_stale(&evidence) => {}
                // This server's own trouble, before a word was said: the connection is as good as before.
                Err(evidence) if evidence.stage == Stage::Queue => {
                    self.keep(relay.id, open).await;
                    return self.failed(batch, began_at, evidence, None);
                }
                Err(evidence) => {
                    let dialogue = open.client.take_dialogue(began_at);
                    let tls = open.connection.tls().cloned();
                    return Carried { tls, ..self.failed(batch, began_at, evidence, Some(dialogue)) };
                }
            }
        }
    }

    /// Sends a batch. A notice whose null sender the relay refuses is sent again with the address that signs in there: the
    /// other choice is that nobody ever hears of the failure. Its `Auto-Submitted` keeps what answers it from a loop.
    async fn send(&self, batch: &Batch, relay: &Relay, open: &mut Open) -> Result<Sent, Evidence> {
        // A notice has nobody to be told of its failure, whoever carries it.
        let own = login_sender(relay).filter(|_| batch.letter.from.address().is_some());
        let own = own.map(ReversePath::Address);
        let from = own.as_ref().unwrap_or(&batch.letter.from);
        let Answers { results, is_lost } = self.send_from(batch, relay, open, from).await?;
        // What the relay tells, it tells the sender that it was given.
        let tells_success = open.client.extensions().dsn && *from == batch.letter.from;
        let login = login_instead(relay, &batch.letter.from, &results).filter(|_| !is_lost);
        let Some(login) = login else {
            return Ok(Sent { results, is_lost, tells_success, is_remarkable: false });
        };
        let note = format!("the null sender was refused: trying again as <{login}>");
        open.client.note(self.clock.now(), &note);
        let from = ReversePath::Address(login);
        let Answers { results, is_lost } = self.send_from(batch, relay, open, &from).await?;
        Ok(Sent { results, is_lost, tells_success: false, is_remarkable: true })
    }

    async fn send_from(
        &self,
        batch: &Batch,
        relay: &Relay,
        open: &mut Open,
        from: &ReversePath,
    ) -> Result<Answers, Evidence> {
        let login = login_sender(relay);
        let (letter, spool, keyring) = (&*batch.letter, &*self.store, &*self.keyring);
        let source = LetterSource { letter, spool, keyring, login: login.as_ref(), now: self.clock.now() };
        let recipients = content::recipients(batch, from);
        let (envid, ret) = (letter.extras.envid.as_deref(), letter.extras.ret);
        let envelope = rounds::Envelope { from, recipients: &recipients, envid, ret };
        let mut sent = rounds::send(&mut open.client, &mut open.connection, envelope, &source).await?;
        loop {
            let places = sent.unasked();
            if places.is_empty() {
                break;
            }
            // The relay takes no more on this connection (MAILMAX, RFC 9422 §4.1).
            let recipients: Vec<Recipient> =
                places.iter().filter_map(|&at| recipients.get(at).cloned()).collect();
            let envelope = rounds::Envelope { recipients: &recipients, ..envelope };
            match self.open(relay, &mut |_, _| {}).await {
                Ok(fresh) => hang_up(std::mem::replace(open, fresh)).await,
                Err(Closed { evidence, .. }) => {
                    sent.lose(&evidence);
                    break;
                }
            }
            match rounds::send(&mut open.client, &mut open.connection, envelope, &source).await {
                Ok(more) => sent.join(&places, more),
                Err(evidence) => sent.lose(&evidence),
            }
        }
        let is_lost = sent.is_lost;
        Ok(Answers { results: sent.results.into_iter().flatten().collect(), is_lost })
    }

    async fn carried(&self, relay: &Relay, began_at: Timestamp, mut open: Open, sent: Sent) -> Carried {
        let ended_at = self.clock.now();
        let Sent { results, is_lost, tells_success, is_remarkable } = sent;
        let failed = results.iter().any(Result::is_err);
        let dialogue = (failed || is_remarkable).then(|| open.client.take_dialogue(ended_at));
        let results = results.into_iter().map(|result| result.map_err(Arc::new)).collect();
        let carried = Carried {
            peer: Some(open.connection.peer()),
            tls: open.connection.tls().cloned(),
            dialogue,
            tells_success,
            ..Carried::new(began_at, ended_at, results)
        };
        if !is_lost {
            open.carried += 1;
            self.keep(relay.id, open).await;
        }
        carried
    }

    /// Keeps a connection for the next message, or says goodbye when it has carried enough.
    async fn keep(&self, relay: RelayId, open: Open) {
        if let Some(spent) = self.pool.keep(relay, open, self.clock.now()) {
            hang_up(spent).await;
        }
    }

    fn failed(
        &self,
        batch: &Batch,
        began_at: Timestamp,
        evidence: Evidence,
        dialogue: Option<Dialogue>,
    ) -> Carried {
        let evidence = Arc::new(evidence);
        let (ended_at, peer) = (self.clock.now(), evidence.peer.clone());
        let results = vec![Err(evidence); batch.passengers.len()];
        Carried { peer, dialogue, ..Carried::new(began_at, ended_at, results) }
    }
}

/// What a relay said of each recipient, and whether the connection broke on the way.
struct Answers {
    results: Vec<Result<Reply, Evidence>>,
    is_lost: bool,
}

/// What a relay said of a batch.
struct Sent {
    results: Vec<Result<Reply, Evidence>>,
    /// Whether the connection broke on the way.
    is_lost: bool,
    /// Whether the relay tells the sender of success.
    tells_success: bool,
    /// Whether the dialogue is worth keeping although nothing failed.
    is_remarkable: bool,
}

/// The address to send a notice with, when the relay wants no mail with the null sender (which RFC 5321 §4.5.5 asks it to
/// take).
fn login_instead(relay: &Relay, from: &ReversePath, results: &[Result<Reply, Evidence>]) -> Option<Address> {
    let refused = |result: &Result<Reply, Evidence>| {
        let Err(evidence) = result else { return false };
        let permanent = |reply: &Reply| reply.severity() == Severity::Permanent;
        evidence.stage == Stage::Mail && evidence.reply().is_some_and(permanent)
    };
    let is_refused = *from == ReversePath::Null && !results.is_empty() && results.iter().all(refused);
    login_address(relay).filter(|_| is_refused)
}

/// The address that a relay wants to see as the sender of all mail, when it does.
fn login_sender(relay: &Relay) -> Option<Address> {
    login_address(relay).filter(|_| relay.sender == SenderMode::Login)
}

/// The login of a relay, when it is an address.
fn login_address(relay: &Relay) -> Option<Address> {
    match &relay.auth {
        RelayAuth::Password { login, .. } => login.parse().ok(),
        RelayAuth::None => None,
    }
}

async fn hang_up(mut open: Open) {
    open.client.quit(&mut open.connection).await;
}

impl Courier for RelayCourier {
    fn carry<'a>(&'a self, batch: &'a Batch) -> BoxFuture<'a, Carried> {
        Box::pin(self.carry_batch(batch))
    }

    fn probe(&self, relay: Arc<Relay>) -> BoxFuture<'_, Result<(), Box<Evidence>>> {
        Box::pin(async move { self.rehearse(&relay, &mut |_, _| {}).await.result.map_err(Box::new) })
    }
}
