//! The words of mail: the types that every other crate speaks.
//!
//! Owns addresses, envelopes, identifiers, time, replies, header text, secrets and [`Evidence`]
//! (what happened to a message, before anyone words it). It never does I/O, keeps no state and
//! knows no protocol dialogue. Start at [`Address`], [`QueueId`] and [`Evidence`].

mod address;
mod author;
mod clock;
mod dialogue;
mod encoded;
mod envelope;
mod evidence;
mod header;
mod id;
mod language;
mod line_endings;
mod mailbox;
mod network;
mod reply;
mod secret;
pub mod xtext;

pub use address::{Address, AddressError, Domain, ReversePath};
pub use author::{AuthorError, AuthorScan};
pub use clock::{Clock, Timestamp};
pub use dialogue::{Dialogue, Line, Speaker};
pub use encoded::decoded_words;
pub use envelope::{BodyType, Envelope, Hold, Notify, Principal, Recipient, Returned};
pub use evidence::{Evidence, Peer, Seen, Stage, TlsFacts, TlsFault};
pub use header::{HeaderScan, Missing, ReceivedFields, date, message_id, received};
pub use id::{
    AccountId, AttemptId, ClosureId, DomainId, EventId, IdError, IdMint, OwnerId, PublicId, QueueId,
    RecipientId, RelayId, SiteId, WebhookId,
};
pub use language::Language;
pub use line_endings::{LineEndings, LineEndingsError};
pub use mailbox::{Mailbox, MailboxError, encoded_words, mailboxes, phrase};
pub use network::{Network, NetworkError};
pub use reply::{EnhancedCode, Reply, ReplyCode, ReplyError, Severity};
pub use secret::Secret;
