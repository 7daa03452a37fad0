//! What is known around a failure, to fill the gaps of its wording.

use mail::{Evidence, Seen, Timestamp, TlsFault};

/// What is known around a failure. Whatever is absent leaves its words out of the sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The server's name, as it was asked for.
    pub host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// The name of our relay.
    pub relay: Option<String>,
    /// The sender's address.
    pub sender: Option<String>,
    /// The largest size that the server takes, in bytes.
    pub limit_bytes: Option<u64>,
    /// The names that the certificate is for.
    pub names: Vec<String>,
    /// When the certificate ended.
    pub ended: Option<Timestamp>,
    /// How long to wait, in seconds.
    pub wait_secs: Option<u32>,
    /// What the server does not offer.
    pub missing: Option<String>,
    /// The address that was not allowed.
    pub address: Option<String>,
    /// When something of our own happens (a scheduled departure), already written in the reader's language
    /// and time zone.
    pub when: Option<String>,
    /// Whether the reader has the commands of this server at hand: whoever reads a page of the portal, or a bounce, may not.
    pub at_prompt: bool,
}

impl Facts {
    /// The facts that the evidence itself carries.
    pub fn of(evidence: &Evidence) -> Self {
        let mut facts = Self {
            host: evidence.peer.as_ref().map(|peer| peer.host.clone()),
            port: evidence.peer.as_ref().map(|peer| peer.port),
            ..Self::default()
        };
        match &evidence.seen {
            Seen::Tls { fault: TlsFault::WrongName { presented } } => facts.names.clone_from(presented),
            Seen::Tls { fault: TlsFault::Expired { not_after } } => facts.ended = *not_after,
            Seen::TooBig { limit } => facts.limit_bytes = Some(*limit),
            Seen::NotOffered { what } => facts.missing = Some(what.clone()),
            Seen::AddressForbidden { address } => facts.address = Some(address.to_string()),
            _ => {}
        }
        facts
    }
}
