//! Opening a conversation with one address of a host, with TLS if the host can.

use crate::direct::DirectCourier;
use crate::direct::outcome::Progress;
use mail::{Evidence, Peer, Seen, Stage};
use net::{Connection, Purpose, Target, TlsMode};
use smtp::client::Client;
use smtp::transport::Transport as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long one address may take to answer. A letter has others to go to.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// A conversation with a host, as far as being introduced.
pub(crate) struct Open {
    pub connection: Connection,
    pub client: Client,
    /// Letters that it carried.
    pub carried: u32,
}

impl Open {
    /// Says goodbye.
    pub(crate) async fn hang_up(mut self) {
        self.client.quit(&mut self.connection).await;
    }

    pub(crate) fn peer(&self) -> Peer {
        self.connection.peer()
    }
}

/// What became of TLS on the way to an introduction.
enum Trouble {
    /// TLS was begun and failed: without it the host may do.
    Tls(Evidence),
    Other(Evidence),
}

impl DirectCourier {
    /// Opens a conversation with one address. What fails is taken down.
    pub(crate) async fn open(&self, host: &str, address: IpAddr, progress: &mut Progress) -> Option<Open> {
        match self.open_once(host, address, true, progress).await {
            Ok(open) => Some(open),
            Err(Trouble::Other(evidence)) => {
                progress.failed(evidence);
                None
            }
            Err(Trouble::Tls(evidence)) => {
                // RFC 3207 §4.1 leaves the choice to the client. Half a handshake cannot be taken back, so it is a
                // new connection; the mail would go in clear to a host without TLS as well.
                progress.tls_failed(evidence);
                match self.open_once(host, address, false, progress).await {
                    Ok(open) => Some(open),
                    Err(Trouble::Other(evidence) | Trouble::Tls(evidence)) => {
                        progress.failed(evidence);
                        None
                    }
                }
            }
        }
    }

    async fn open_once(
        &self,
        host: &str,
        address: IpAddr,
        with_tls: bool,
        progress: &mut Progress,
    ) -> Result<Open, Trouble> {
        let now = self.clock.now();
        let without = if with_tls { "" } else { ", without TLS" };
        progress.note(now, &format!("connecting to {host}[{address}]:{}{without}", self.settings.port));
        // The address was chosen and judged with the plan; the name is for TLS and for the evidence.
        let target = self.target(host).map_err(Trouble::Other)?;
        let connection = self.dialer.dial_at(&target, address, CONNECT_LIMIT).await.map_err(|evidence| {
            progress.note(self.clock.now(), &evidence.to_string());
            Trouble::Other(evidence)
        })?;
        let mut open = Open { connection, client: Client::new(now), carried: 0 };
        match self.introduce(&mut open, with_tls).await {
            Ok(()) => Ok(open),
            Err(trouble) => {
                let dialogue = open.client.take_dialogue(self.clock.now());
                progress.append(&dialogue);
                if let Trouble::Other(evidence) = &trouble
                    && evidence.reply().is_some()
                {
                    open.hang_up().await;
                }
                Err(trouble)
            }
        }
    }

    /// A host that the DNS named. A name that cannot be a host's was left out with the plan.
    fn target(&self, host: &str) -> Result<Target, Evidence> {
        let port = self.settings.port;
        let target = Target::new(Purpose::Exchange, host, port, Arc::clone(&self.client_tls));
        target
            .map(|target| target.with_tls(TlsMode::StartTls).with_policy(self.settings.policy.clone()))
            .map_err(|_| {
                let peer = Some(Peer { host: host.to_owned(), address: None, port });
                Evidence { at: self.clock.now(), stage: Stage::Resolve, peer, seen: Seen::NoMailHost }
            })
    }

    async fn introduce(&self, open: &mut Open, with_tls: bool) -> Result<(), Trouble> {
        let Open { connection, client, .. } = open;
        client.greet(connection).await.map_err(Trouble::Other)?;
        client.hello(connection, &self.settings.our_name).await.map_err(Trouble::Other)?;
        if with_tls && client.extensions().starttls {
            client.start_tls(connection).await.map_err(Trouble::Tls)?;
            client.hello(connection, &self.settings.our_name).await.map_err(Trouble::Other)?;
        }
        Ok(())
    }
}
