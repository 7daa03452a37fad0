//! A letter to many recipients, in as many transactions as the server's limits make of it (RFC 9422).

use crate::form::{Form, Source};
use mail::{Evidence, Recipient, Reply, Returned, ReversePath, Seen, Stage};
use net::Connection;
use smtp::client::{Client, Outgoing};
use smtp::transport::Transport as _;

/// An envelope on its way.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub from: &'a ReversePath,
    pub recipients: &'a [Recipient],
    /// The sender's own name for the envelope, as xtext.
    pub envid: Option<&'a str>,
    pub ret: Option<Returned>,
}

/// What the server said.
pub(crate) struct Sent {
    /// For each recipient; `None` where the server takes no more on this connection, and was not asked.
    pub results: Vec<Option<Result<Reply, Evidence>>>,
    /// Whether the connection broke after the first transaction.
    pub is_lost: bool,
}

impl Sent {
    /// The places of the recipients that were not asked about.
    pub(crate) fn unasked(&self) -> Vec<usize> {
        let unasked = |(at, result): (usize, &Option<_>)| result.is_none().then_some(at);
        self.results.iter().enumerate().filter_map(unasked).collect()
    }

    /// Gives those who have no answer this one: the way to the server broke.
    pub(crate) fn lose(&mut self, evidence: &Evidence) {
        for result in self.results.iter_mut().filter(|result| result.is_none()) {
            *result = Some(Err(evidence.clone()));
        }
        self.is_lost = true;
    }

    /// Adds what was said, on another connection, to the recipients in those places.
    pub(crate) fn join(&mut self, places: &[usize], more: Self) {
        for (&at, result) in places.iter().zip(more.results) {
            if let Some(place) = self.results.get_mut(at) {
                *place = result;
            }
        }
        self.is_lost |= more.is_lost;
    }

    fn place(&mut self, places: &[usize], results: Vec<Result<Reply, Evidence>>) {
        for (&at, result) in places.iter().zip(results) {
            if let Some(place) = self.results.get_mut(at) {
                *place = Some(result);
            }
        }
    }
}

/// Sends the letter. The error means that nothing was said to anybody, or that nothing is known of anybody.
pub(crate) async fn send(
    client: &mut Client,
    connection: &mut Connection,
    envelope: Envelope<'_>,
    source: &dyn Source,
) -> Result<Sent, Evidence> {
    let mut sent = Sent { results: vec![None; envelope.recipients.len()], is_lost: false };
    let rounds = client.extensions().rounds(envelope.recipients);
    for (number, places) in rounds.iter().enumerate() {
        if number > 0 && client.is_spent() {
            break;
        }
        let recipients: Vec<Recipient> =
            places.iter().filter_map(|&at| envelope.recipients.get(at).cloned()).collect();
        let round = Envelope { recipients: &recipients, ..envelope };
        match send_round(client, connection, round, source).await {
            Ok(results) => sent.place(places, results),
            Err(evidence) if number == 0 => return Err(evidence),
            Err(evidence) => {
                sent.lose(&evidence);
                break;
            }
        }
    }
    Ok(sent)
}

async fn send_round(
    client: &mut Client,
    connection: &mut Connection,
    envelope: Envelope<'_>,
    source: &dyn Source,
) -> Result<Vec<Result<Reply, Evidence>>, Evidence> {
    let Envelope { from, recipients, envid, ret } = envelope;
    let Form { mut content, size, body } = match source.open(client.extensions()).await {
        Ok(form) => form,
        Err(seen @ Seen::NotOffered { .. }) => {
            let (at, peer) = (connection.now(), Some(connection.peer()));
            let evidence = Evidence { at, stage: Stage::Mail, peer, seen };
            client.note(at, &evidence.to_string());
            return Ok(vec![Err(evidence); recipients.len()]);
        }
        Err(seen) => {
            return Err(Evidence { at: connection.now(), stage: Stage::Queue, peer: None, seen });
        }
    };
    let outgoing = Outgoing { from, recipients, envid, ret, body, size, content: &mut *content };
    client.send(connection, outgoing).await
}
