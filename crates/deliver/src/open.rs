//! Opening a connection to a relay: which port, which TLS, who we are.

use crate::courier::{Port, RelayCourier, Told};
use crate::pool::Open;
use mail::{Dialogue, Evidence, Peer, Seen, Speaker, Stage};
use net::{AddressPolicy, ClientTls, NetError, Purpose, Target, TlsMode, Verify};
use smtp::client::Client;
use smtp::transport::Transport as _;
use std::sync::Arc;
use std::time::Duration;
use store::{Relay, RelayAuth, RelayTls};

/// How long a connection may take to open when its port was named, and when there are others to try.
const OPEN_LIMIT: Duration = Duration::from_secs(30);
const TRY_LIMIT: Duration = Duration::from_secs(10);

/// A connection that could not be opened, with the dialogue as far as it came.
pub(crate) struct Closed {
    pub evidence: Evidence,
    pub dialogue: Dialogue,
}

impl RelayCourier {
    /// Opens a connection as far as being signed in.
    pub(crate) async fn open(&self, relay: &Relay, told: Told<'_>) -> Result<Open, Closed> {
        let ports: Vec<Port> = match relay.port {
            Some(number) => vec![Port::of(number)],
            None => {
                let remembered = self.pool.port(relay.id);
                let others = self.settings.ports.iter().copied().filter(|port| Some(*port) != remembered);
                remembered.into_iter().chain(others).collect()
            }
        };
        let limit = if relay.port.is_some() { OPEN_LIMIT } else { TRY_LIMIT };
        let mut first: Option<Closed> = None;
        for port in ports {
            match self.open_port(relay, port, limit, told).await {
                Ok(open) => {
                    if relay.port.is_none() {
                        self.pool.remember_port(relay.id, port);
                    }
                    return Ok(open);
                }
                Err(closed) => {
                    // Only a port that does not answer is worth another one. What was said on the first port
                    // that answered is what must be explained.
                    let silent = closed.evidence.stage == Stage::Connect;
                    if !silent {
                        return Err(closed);
                    }
                    first.get_or_insert(closed);
                }
            }
        }
        Err(first.unwrap_or_else(|| self.closed(relay, Port::of(587), Stage::Connect, Seen::Refused)))
    }

    async fn open_port(
        &self,
        relay: &Relay,
        port: Port,
        limit: Duration,
        told: Told<'_>,
    ) -> Result<Open, Closed> {
        let told = &mut |stage| told(stage, port.number);
        told(Stage::Connect);
        let tls = match relay.tls {
            RelayTls::Implicit => TlsMode::Implicit,
            RelayTls::Auto if port.implicit_tls => TlsMode::Implicit,
            RelayTls::Auto | RelayTls::Starttls => TlsMode::StartTls,
            RelayTls::Never => TlsMode::Never,
        };
        let now = self.clock.now();
        let mut dialogue = Dialogue::new(now);
        dialogue.push(now, Speaker::Note, &format!("connecting to {}:{}", relay.host, port.number));
        let client_tls = match self.client_tls(relay) {
            Ok(client_tls) => client_tls,
            Err(seen) => return Err(self.closed(relay, port, Stage::Tls, seen)),
        };
        let purpose = if relay.account.is_some() { Purpose::OwnRelay } else { Purpose::Relay };
        let target = match Target::new(purpose, &relay.host, port.number, client_tls) {
            Ok(target) => target.with_tls(tls).with_policy(self.policy(relay)),
            Err(NetError::PortForbidden { .. }) => {
                return Err(self.closed(relay, port, Stage::Connect, Seen::Refused));
            }
            // It was refused when the relay was set up; a row from before that rule may still be there.
            Err(_) => return Err(self.closed(relay, port, Stage::Resolve, Seen::NameUnknown)),
        };
        let mut connection = match self.dialer.dial(&target, limit).await {
            Ok(connection) => connection,
            Err(evidence) => {
                dialogue.push(self.clock.now(), Speaker::Note, &evidence.to_string());
                return Err(Closed { evidence, dialogue });
            }
        };
        let mut client = Client::new(now);
        match self.introduce(relay, tls, (&mut client, &mut connection), told).await {
            Ok(()) => Ok(Open { connection, client, revision: relay.revision, carried: 0, kept: false }),
            Err(evidence) => {
                let dialogue = client.take_dialogue(self.clock.now());
                client.quit(&mut connection).await;
                Err(Closed { evidence, dialogue })
            }
        }
    }

    async fn introduce(
        &self,
        relay: &Relay,
        tls: TlsMode,
        (client, connection): (&mut Client, &mut net::Connection),
        told: &mut (dyn FnMut(Stage) + Send),
    ) -> Result<(), Evidence> {
        told(Stage::Greeting);
        client.greet(connection).await?;
        client.hello(connection, &self.settings.our_name).await?;
        if tls == TlsMode::StartTls {
            told(Stage::StartTls);
            client.start_tls(connection).await?;
            client.hello(connection, &self.settings.our_name).await?;
        }
        match &relay.auth {
            RelayAuth::None => Ok(()),
            RelayAuth::Password { login, password } => {
                // The address was judged when it was dialled; this is the second lock on the same door.
                let in_clear = connection.tls().is_none() && !relay.insecure;
                let private = connection.peer().address.is_some_and(net::is_private);
                if in_clear && !private {
                    let seen = Seen::NotOffered { what: "TLS".to_owned() };
                    let peer = Some(connection.peer());
                    return Err(Evidence { at: self.clock.now(), stage: Stage::Auth, peer, seen });
                }
                told(Stage::Auth);
                client.sign_in(connection, login, password).await
            }
        }
    }

    fn client_tls(&self, relay: &Relay) -> Result<Arc<ClientTls>, Seen> {
        if relay.extra_ca.is_none() && !relay.insecure {
            return Ok(Arc::clone(&self.client_tls));
        }
        let mut cache = self.own_tls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((revision, tls)) = cache.get(&relay.id)
            && *revision == relay.revision
        {
            return Ok(Arc::clone(tls));
        }
        let verify = if relay.insecure { Verify::Insecure } else { Verify::Full };
        let tls = ClientTls::new(relay.extra_ca.as_deref().map(str::as_bytes), verify)
            .map_err(|error| Seen::Io { detail: error.to_string() })?;
        cache.insert(relay.id, (relay.revision, Arc::clone(&tls)));
        Ok(tls)
    }

    /// Where a relay may be. One of an account is named by whoever signs in, so it is on the public Internet, or where the
    /// configuration says; without TLS or a sign-in only there.
    fn policy(&self, relay: &Relay) -> AddressPolicy {
        match (relay.account, must_be_near(relay)) {
            (None, true) => AddressPolicy::PrivateOnly,
            (None, false) => AddressPolicy::Any,
            (Some(_), true) => AddressPolicy::Only(Arc::clone(&self.settings.own_networks)),
            (Some(_), false) => self.own_policy(),
        }
    }

    pub(crate) fn own_policy(&self) -> AddressPolicy {
        let networks = &self.settings.own_networks;
        if networks.is_empty() {
            AddressPolicy::PublicOnly
        } else {
            AddressPolicy::PublicAnd(Arc::clone(networks))
        }
    }

    fn closed(&self, relay: &Relay, port: Port, stage: Stage, seen: Seen) -> Closed {
        let now = self.clock.now();
        let peer = Some(Peer { host: relay.host.clone(), address: None, port: port.number });
        let evidence = Evidence { at: now, stage, peer, seen };
        let mut dialogue = Dialogue::new(now);
        dialogue.push(now, Speaker::Note, &evidence.to_string());
        Closed { evidence, dialogue }
    }
}

/// Whether a relay must be near: one without TLS, or one that asks for no sign-in. On the Internet the first shows mail and
/// passwords to everybody on the way, and the second is an open relay or a mistake. A person may vouch for the way
/// (`insecure`). Where a name leads is known only when it is dialled, so that is when the rule holds for names.
pub fn must_be_near(relay: &Relay) -> bool {
    let bare = relay.tls == RelayTls::Never || matches!(relay.auth, RelayAuth::None);
    bare && !relay.insecure
}
