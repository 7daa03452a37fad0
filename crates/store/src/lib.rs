//! What a store of facteur must offer, in the nouns of mail: traits with boxed futures, row types, errors.
//!
//! Owns the contract between the engines (`queue`, `control`) and the stores, and nothing of any database.
//! The contract's story is in `testkit::contract`, and every store passes it. Start at [`Spool`] (messages on
//! their way), [`Directory`] (who may send, and through which relay), [`Keys`] (with which programs ask),
//! [`History`] (what happened) and [`Webhooks`] (who is told of it).
//!
//! Two words decide everything here:
//!
//! - *durable*: when the future of a writing call is ready with `Ok`, the change survives a power cut;
//! - *leased*: a recipient that is in a node's memory, about to be sent. Everything else waits in the store, and
//!   is handed out by [`Spool::claim`]. After a crash the leased recipients are those that were perhaps in flight.

mod body;
mod directory;
mod error;
mod history;
mod keys;
mod notice;
mod once;
mod protection;
mod settings;
mod spool;
mod statistics;
mod webhooks;

pub use body::{Body, BodyReader, BodySink, StoredBody};
pub use directory::{
    Account, AccountRole, Closure, Directory, DkimKey, HostedDomain, LoginRecord, NewLogin, Owner, Relay,
    RelayAuth, RelayTls, Route, RouteScope, SenderMode, SenderRule, Site,
};
pub use error::StoreError;
pub use history::{
    Act, Attempt, AttemptOutcome, AuditEntry, Event, EventKind, Filter, History, MessageRow, NewEvent, Page,
    RecipientRow, Story,
};
pub use keys::{ApiKey, Keys, REVOKED_KEPT_MS, Scope};
pub use notice::{About, ComeBack, DueNotice, Extras, NoticeKind, Wishes};
pub use once::{Once, Taken};
pub use protection::{AppPassword, Block, Passkey, Plea, Protection, Protections, SecondFactor};
pub use settings::{MAX_SERVERS, MailLogin, MailProtocol, MailServer, MailSettings, MailTls};
pub use spool::{
    Change, ClaimLimits, Claimed, ClaimedMessage, ClaimedRecipient, NewMessage, NewRecipient, Parking,
    RecipientState, RecipientUpdate, Settlement, Spool, Start, Totals,
};

pub use statistics::{
    CountKey, CountQuery, CountRow, Countable, Counts, Dimension, MOST_KEYS, MOST_PRINCIPALS, PrincipalKey,
    Span, Statistics, Tally, principal_key,
};
pub use webhooks::{
    KEPT_POSTS, MAX_WEBHOOKS, OwedPost, PauseReason, Post, PostResult, Webhook, WebhookPause, WebhookScope,
    WebhookShape, WebhookStep, Webhooks,
};

pub use mail::Network;

use std::pin::Pin;

/// The future that a store's method gives back: boxed, so that engines need no generics.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Everything that one node's store offers.
pub trait Store: Spool + Directory + History + Keys + Protections + Webhooks + Statistics {}

impl<T: Spool + Directory + History + Keys + Protections + Webhooks + Statistics> Store for T {}
