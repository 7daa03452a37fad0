//! Readers of documents from strangers: autoconfig 1.1 and Autodiscover.
//!
//! What is not understood is passed over, a server that cannot be is dropped alone, and a document that attacks its
//! reader is refused as a whole: no document types, no entities, bounded size, depth and number of elements.

mod autoconfig;
mod autodiscover;
mod xml;

pub use autoconfig::autoconfig;
pub use autodiscover::{Redirect, autodiscover, autodiscover_request, requested_address};

use crate::finding::Why;
use crate::server::{Protocol, Server};
use mail::Domain;

/// The most bytes of a document. The largest honest one that is known has 9 KiB.
pub const MAX_BYTES: usize = 256 * 1024;

/// The most servers of one document that are taken: the largest honest one has ten.
const MAX_SERVERS: usize = 16;

/// What a document says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The servers that can be used.
    pub servers: Vec<Server>,
    /// The servers that cannot, and why.
    pub dropped: Vec<(Protocol, String, Why)>,
    /// Whether it speaks of Exchange.
    pub exchange: bool,
    /// Where it sends us instead.
    pub redirect: Option<Redirect>,
}

impl Said {
    fn take(&mut self, protocol: Protocol, named: &str, read: Result<Server, Why>) {
        match read {
            _ if self.servers.len() + self.dropped.len() >= MAX_SERVERS => {}
            Ok(server) if self.servers.iter().any(|known| known.same_door(&server)) => {}
            Ok(server) => self.servers.push(server),
            Err(why) => self.dropped.push((protocol, harmless(named), why)),
        }
    }
}

/// What a stranger wrote, to be shown: short, and without a character that does something to what shows it.
pub(crate) fn harmless(text: &str) -> String {
    let fine = |c: char| c.is_alphanumeric() || c.is_ascii_graphic() || c == ' ';
    text.chars().take(80).map(|c| if fine(c) { c } else { '?' }).collect()
}

/// A host name of a document: a name of the Internet as A-label, never an address or a single label.
fn host(text: &str) -> Option<String> {
    let domain: Domain = text.trim().parse().ok()?;
    let name = domain.as_ascii();
    let number = name.rsplit('.').next().is_some_and(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    let labels_fit = name.split('.').all(|label| !label.starts_with('-') && !label.ends_with('-'));
    let fine = name.contains('.') && !name.contains('_') && !domain.is_literal() && !number && labels_fit;
    fine.then(|| name.to_owned())
}

fn port(text: &str) -> Option<u16> {
    text.trim().parse().ok().filter(|port| *port != 0)
}
