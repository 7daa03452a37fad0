//! Messages: how they stand, what happened to them, and what can be done with them.

use super::shape::{Both, Spec};
use super::take::{Asked, Body, Named, invalid, limit, moment, parsed};
use super::{Problem, Told, both, perform};
use crate::Web;
use crate::table::{Route, changing, reading};
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::{Extension, Json};
use control::{Answer, ClosureView, Keyed, Operation, QueueFilter, Role, wording};
use mail::{ClosureId, Language, QueueId, RelayId, Speaker};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Act, Attempt, Event, EventKind, MessageRow, RecipientRow, RecipientState, Scope, Story};

/// The most messages that one bulk request names.
const IDS_MOST: usize = 1_000;

pub(super) fn routes() -> Vec<Route> {
    const GROUP: &str = "messages";
    let (read, write) = (Scope::MessagesRead, Scope::MessagesWrite);
    let act = |path, id, handler| {
        Route::with_key("POST", path, write, handler).spec(Spec::new(GROUP, id).gives::<Acted>())
    };
    vec![
        Route::with_key("GET", "/api/v1/messages", read, reading(list))
            .spec(Spec::new(GROUP, "list_messages").asks::<MessageQuery>().gives::<MessagePage>()),
        Route::with_key("GET", "/api/v1/messages/{id}", read, reading(show))
            .spec(Spec::new(GROUP, "get_message").gives::<MessageStory>()),
        act("/api/v1/messages/{id}/cancel", "cancel_message", changing(cancel)),
        act("/api/v1/messages/{id}/retry", "retry_message", changing(retry)),
        act("/api/v1/messages/{id}/hold", "hold_message", changing(hold)),
        act("/api/v1/messages/{id}/release", "release_message", changing(release)),
        act("/api/v1/messages/{id}/fail", "fail_message", changing(fail)),
        Route::with_key("POST", "/api/v1/messages/act", write, changing(bulk))
            .spec(Spec::new(GROUP, "act_on_messages").takes::<Bulk>().gives::<Acted>()),
    ]
}

/// Where a recipient is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// It waits for its turn, its next attempt, or for a relay.
    Waiting,
    /// It is being sent.
    Sending,
    /// Somebody holds it.
    Held,
    /// The remote server has it.
    Delivered,
    /// It was refused for good.
    Failed,
    /// It waited too long.
    Expired,
    /// Somebody cancelled it.
    Cancelled,
}

impl Status {
    const fn of(row: &RecipientRow) -> Self {
        match row.state {
            RecipientState::Waiting if row.leased => Self::Sending,
            RecipientState::Waiting => Self::Waiting,
            RecipientState::Held => Self::Held,
            RecipientState::Delivered => Self::Delivered,
            RecipientState::Failed => Self::Failed,
            RecipientState::Expired => Self::Expired,
            RecipientState::Cancelled => Self::Cancelled,
        }
    }
}

/// Which messages are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum StatusFilter {
    /// With a recipient that is not over yet.
    Open,
    /// With one that waits or is being sent.
    Waiting,
    /// With one that is held.
    Held,
    /// With one that was delivered.
    Delivered,
    /// With one that was refused.
    Failed,
    /// With one that waited too long.
    Expired,
    /// With one that was cancelled.
    Cancelled,
}

impl StatusFilter {
    const fn state(self) -> Option<RecipientState> {
        Some(match self {
            Self::Open => return None,
            Self::Waiting => RecipientState::Waiting,
            Self::Held => RecipientState::Held,
            Self::Delivered => RecipientState::Delivered,
            Self::Failed => RecipientState::Failed,
            Self::Expired => RecipientState::Expired,
            Self::Cancelled => RecipientState::Cancelled,
        })
    }
}

/// Which messages are listed, by age; every member narrows.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MessageQuery {
    /// How a recipient stands; without it, whatever it is.
    status: Option<StatusFilter>,
    /// A recipient, or a domain of recipients.
    to: Option<String>,
    /// The envelope sender.
    from: Option<String>,
    /// The cause that keeps a recipient waiting, or ended it.
    cause: Option<String>,
    /// A tag that was given with the message.
    tag: Option<String>,
    /// The relay of the last attempt, or the one that is waited for; `direct` for none.
    relay: Option<String>,
    /// The account or site that gave the message.
    by: Option<String>,
    /// Accepted before this moment (RFC 3339).
    before: Option<String>,
    /// Accepted at this moment or after it (RFC 3339).
    after: Option<String>,
    /// The most messages.
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u16>,
    /// Where to go on: `next` of the page before.
    #[schemars(length(max = 64))]
    cursor: Option<String>,
}

impl MessageQuery {
    fn filter(&self) -> Result<QueueFilter, Problem> {
        let is_address = self.to.as_ref().is_some_and(|to| to.contains('@'));
        let (recipient, domain) = if is_address { (self.to.clone(), None) } else { (None, self.to.clone()) };
        Ok(QueueFilter {
            sender: self.from.clone(),
            recipient,
            domain,
            relay: self.relay.clone(),
            cause: self.cause.clone(),
            tag: self.tag.clone(),
            account: self.by.clone(),
            state: self.status.and_then(StatusFilter::state),
            every: self.status.is_none(),
            before: self.before.as_deref().map(|text| moment("before", text)).transpose()?,
            ..QueueFilter::default()
        })
    }

    /// The last message before those that are meant.
    fn begins_after(&self) -> Result<Option<QueueId>, Problem> {
        let cursor = self.cursor.as_deref().map(|text| parsed("cursor", text)).transpose()?;
        let since = self.after.as_deref().map(|text| moment("after", text)).transpose()?;
        Ok(cursor.into_iter().chain(since.map(QueueId::before)).max())
    }
}

/// A recipient of a message.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Recipient {
    /// Its id.
    id: String,
    /// Its address.
    email: String,
    /// Where it is.
    status: Status,
    /// How often it was tried.
    attempts: u32,
    /// When it is tried next, when that is known (RFC 3339).
    next_attempt_at: Option<String>,
    /// When it is given up at last (RFC 3339); only while it waits.
    expires_at: Option<String>,
    /// The relay of the last attempt; `direct` for none.
    relay: Option<String>,
    /// Why it waits or ended: a stable id of the catalogue of causes.
    cause: Option<String>,
    /// What the other server said, or what was seen.
    reply: Option<String>,
    /// Why it waits or ended, in words.
    explain: Option<Both>,
    /// What to do about it.
    action: Option<Both>,
    /// Who must act.
    who: Option<Both>,
}

/// A message.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Message {
    /// Its id, which nobody can guess.
    id: String,
    /// Its queue id, as logs and replies name it.
    queue_id: String,
    /// The envelope sender; absent when there is none.
    from: Option<String>,
    /// Its `Message-ID:`.
    message_id: String,
    /// Its size in bytes.
    size: u64,
    /// When it was accepted (RFC 3339).
    received_at: String,
    /// The account or site that gave it; absent when it is this server's own.
    by: Option<String>,
    /// Its subject, when it was given over HTTP.
    subject: Option<String>,
    /// The tags that were given with it.
    tags: Vec<String>,
    /// The metadata that were given with it.
    metadata: BTreeMap<String, String>,
    /// The recipients that were meant.
    recipients: Vec<Recipient>,
}

/// A part of the list of messages.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct MessagePage {
    /// The messages, the oldest first.
    messages: Vec<Message>,
    /// The cursor of the next page; absent when there is none.
    next: Option<String>,
}

/// What an attempt meant for a recipient.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Outcome {
    /// The recipient.
    email: String,
    /// Whether the other server took it.
    delivered: bool,
    /// What it said.
    reply: String,
}

/// A line that was spoken with another server.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Line {
    /// Milliseconds since the attempt began.
    at_ms: u32,
    /// Who said it: `us`, `them`, or `note`.
    by: String,
    /// What was said; never a secret.
    text: String,
}

/// One try to deliver.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Attempt")]
struct AttemptShape {
    /// When it began (RFC 3339).
    began_at: String,
    /// When it ended (RFC 3339).
    ended_at: String,
    /// Through which relay; `direct` for none.
    relay: Option<String>,
    /// Which server answered.
    server: Option<String>,
    /// The version of TLS, when there was any.
    tls: Option<String>,
    /// What it meant for each recipient.
    outcomes: Vec<Outcome>,
    /// What was said, when it failed.
    dialogue: Vec<Line>,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Event")]
struct EventShape {
    /// Its id: growing, and always the same for the same event.
    id: i64,
    /// When (RFC 3339).
    at: String,
    /// What: `accepted`, `delivered`, `deferred`, `failed`, `expired`, `held`, `released`, `cancelled`, `retried`…
    kind: EventWord,
    /// The recipient, when it is about one.
    email: Option<String>,
    /// The cause, when there is one.
    cause: Option<String>,
}

/// The word of an event.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
struct EventWord(#[schemars(with = "String")] EventKind);

/// All that is known of a message.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct MessageStory {
    /// The message, with all its recipients.
    #[serde(flatten)]
    message: Message,
    /// The attempts, the oldest first.
    attempts: Vec<AttemptShape>,
    /// What happened, the oldest first.
    events: Vec<EventShape>,
}

/// What came of an act.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Acted {
    /// Messages of which a recipient was changed.
    messages: u64,
    /// Recipients that were changed.
    recipients: u64,
    /// Recipients that were being sent at that moment, and were left alone.
    in_flight: u64,
}

/// What is done with messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Deed {
    /// Cancels what was not delivered yet.
    Cancel,
    /// Tries what waits at once.
    Retry,
    /// Holds what waits, until it is released.
    Hold,
    /// Releases what is held.
    Release,
    /// Gives up, and tells the sender.
    Fail,
}

/// What is done, with which messages: those of `ids`, or those that `filter` means.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Bulk {
    /// What is done.
    act: Deed,
    /// These messages, by id or queue id.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    ids: Vec<String>,
    /// Those that this means.
    filter: Option<BulkFilter>,
}

/// Which messages are meant; every member narrows, and at least one is needed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BulkFilter {
    /// A recipient, or a domain of recipients.
    to: Option<String>,
    /// The envelope sender.
    from: Option<String>,
    /// The cause that keeps a recipient waiting.
    cause: Option<String>,
    /// A tag that was given with the message.
    tag: Option<String>,
    /// The relay of the last attempt, or the one that is waited for.
    relay: Option<String>,
    /// The account or site that gave the message.
    by: Option<String>,
    /// Accepted before this moment (RFC 3339).
    before: Option<String>,
    /// Everything that is not over: must be said, so that nothing that was forgotten means everything.
    #[serde(default)]
    all: bool,
}

impl BulkFilter {
    fn filter(self) -> Result<QueueFilter, Problem> {
        let query = MessageQuery {
            status: Some(StatusFilter::Open),
            to: self.to,
            from: self.from,
            cause: self.cause,
            tag: self.tag,
            relay: self.relay,
            by: self.by,
            before: self.before,
            ..MessageQuery::default()
        };
        let filter = query.filter()?;
        if filter == QueueFilter::default() && !self.all {
            return Err(invalid("filter", "{}"));
        }
        Ok(filter)
    }
}

/// What rows refer to.
struct Names<'a> {
    web: &'a Web,
    closures: &'a BTreeMap<ClosureId, ClosureView>,
    relays: &'a BTreeMap<RelayId, String>,
}

impl Names<'_> {
    fn relay(&self, id: Option<RelayId>) -> Option<String> {
        self.relays.get(&id?).cloned()
    }

    fn message(&self, row: &MessageRow) -> Message {
        Message {
            id: row.public_id.to_string(),
            queue_id: row.id.to_string(),
            from: row.from.address().map(ToString::to_string),
            message_id: row.message_id.clone(),
            size: row.bytes,
            received_at: row.received_at.rfc3339(),
            by: self.web.control.registry().name(row.principal).map(|name| name.to_string()),
            subject: row.extras.subject.clone(),
            tags: row.extras.tags.clone(),
            metadata: row.extras.metadata.clone(),
            recipients: row.recipients.iter().map(|one| self.recipient(row.id, one)).collect(),
        }
    }

    fn recipient(&self, message: QueueId, row: &RecipientRow) -> Recipient {
        let relay = self.relay(row.relay);
        let name = relay.as_deref().unwrap_or_default();
        let [en, fr] =
            Language::ALL.map(|language| wording::of_recipient(row, self.closures, name, language));
        let reply = en.as_ref().map(|reason| reason.raw.clone()).filter(|raw| !raw.is_empty());
        let cause = en.as_ref().map(|reason| reason.cause.to_string());
        let words = en.map(|reason| reason.words).zip(fr.map(|reason| reason.words));
        let waits = row.state == RecipientState::Waiting;
        Recipient {
            id: format!("{message}.{}", row.index),
            email: row.address.clone(),
            status: Status::of(row),
            attempts: row.attempts,
            next_attempt_at: wording::next_attempt(row, self.closures).map(mail::Timestamp::rfc3339),
            expires_at: waits.then(|| row.expires_at.rfc3339()),
            relay,
            cause,
            reply,
            explain: words.as_ref().map(|(en, fr)| both(&en.cause, &fr.cause)),
            action: words.as_ref().map(|(en, fr)| both(&en.fix, &fr.fix)),
            who: words.as_ref().map(|(en, fr)| both(&en.who, &fr.who)),
        }
    }

    fn story(&self, story: &Story) -> MessageStory {
        let email = |index: u16| {
            let row = story.message.recipients.iter().find(|row| row.index == index);
            row.map(|row| row.address.clone())
        };
        MessageStory {
            message: self.message(&story.message),
            attempts: story.attempts.iter().map(|one| self.attempt(one, &email)).collect(),
            events: story.events.iter().map(|one| event(one, &email)).collect(),
        }
    }

    fn attempt(&self, attempt: &Attempt, email: &impl Fn(u16) -> Option<String>) -> AttemptShape {
        let outcomes = attempt.outcomes.iter().map(|outcome| Outcome {
            email: email(outcome.index).unwrap_or_default(),
            delivered: outcome.delivered,
            reply: outcome.said.clone(),
        });
        let lines = attempt.dialogue.iter().flat_map(|dialogue| &dialogue.lines).map(|line| {
            let by = match line.by {
                Speaker::Us => "us",
                Speaker::Them => "them",
                Speaker::Note => "note",
            };
            Line { at_ms: line.at_ms, by: by.to_owned(), text: line.text.clone() }
        });
        AttemptShape {
            began_at: attempt.began_at.rfc3339(),
            ended_at: attempt.ended_at.rfc3339(),
            relay: self.relay(Some(attempt.relay)),
            server: attempt.peer.as_ref().map(ToString::to_string),
            tls: attempt.tls.as_ref().map(|tls| tls.version.clone()),
            outcomes: outcomes.collect(),
            dialogue: lines.collect(),
        }
    }
}

fn event(event: &Event, email: &impl Fn(u16) -> Option<String>) -> EventShape {
    EventShape {
        id: event.id.0,
        at: event.at.rfc3339(),
        kind: EventWord(event.kind),
        email: event.recipient.and_then(email),
        cause: event.cause.clone(),
    }
}

async fn list(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Asked(query): Asked<MessageQuery>,
) -> Told {
    let limit = limit(query.limit)?;
    let operation = Operation::QueueList { filter: query.filter()?, after: query.begins_after()?, limit };
    let Answer::Queue { page } = perform(&web, &keyed, operation).await? else { return Err(Problem::ours()) };
    let names = Names { web: &web, closures: &page.closures, relays: &page.relays };
    let messages = page.rows.iter().map(|row| names.message(row)).collect();
    let next = page.next.map(|id| id.to_string());
    Ok(Json(MessagePage { messages, next }).into_response())
}

async fn show(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(id): Named) -> Told {
    match perform(&web, &keyed, Operation::Why { id }).await? {
        Answer::Story { story, closures, relays, .. } => {
            let names = Names { web: &web, closures: &closures, relays: &relays };
            Ok(Json(names.story(&story)).into_response())
        }
        _ => Err(Problem::ours()),
    }
}

/// What a deed is for whoever asks: a person takes back what was never tried, the administrator deletes.
const fn act_of(deed: Deed, keyed: &Keyed) -> Act {
    match (deed, keyed.caller.role) {
        (Deed::Cancel, Role::Person) => Act::Undo,
        (Deed::Cancel, _) => Act::Delete,
        (Deed::Retry, _) => Act::Retry,
        (Deed::Hold, _) => Act::Hold,
        (Deed::Release, _) => Act::Release,
        (Deed::Fail, _) => Act::Fail,
    }
}

async fn done(web: &Web, keyed: &Keyed, deed: Deed, filter: QueueFilter) -> Result<Acted, Problem> {
    let act = act_of(deed, keyed);
    if keyed.caller.role == Role::Person && act != Act::Undo {
        return Err(Problem::of("not-allowed-for-person"));
    }
    match perform(web, keyed, Operation::QueueAct { act, filter }).await? {
        Answer::Acted { acted, .. } => {
            Ok(Acted { messages: acted.messages, recipients: acted.recipients, in_flight: acted.in_flight })
        }
        _ => Err(Problem::ours()),
    }
}

/// Does something with one message: it must be there, and something must change.
async fn to_one(web: &Web, keyed: &Keyed, deed: Deed, id: &str) -> Told {
    let id = web.control.message_id(&keyed.caller, id).await?;
    let acted = done(web, keyed, deed, QueueFilter { ids: vec![id], ..QueueFilter::default() }).await?;
    match acted.recipients {
        0 if acted.in_flight > 0 => Err(Problem::of("in-flight").wait_ms(5_000)),
        0 => Err(Problem::of("nothing-to-do")),
        _ => Ok(Json(acted).into_response()),
    }
}

async fn cancel(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(id): Named) -> Told {
    to_one(&web, &keyed, Deed::Cancel, &id).await
}

async fn retry(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(id): Named) -> Told {
    to_one(&web, &keyed, Deed::Retry, &id).await
}

async fn hold(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(id): Named) -> Told {
    to_one(&web, &keyed, Deed::Hold, &id).await
}

async fn release(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(id): Named) -> Told {
    to_one(&web, &keyed, Deed::Release, &id).await
}

async fn fail(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>, Named(id): Named) -> Told {
    to_one(&web, &keyed, Deed::Fail, &id).await
}

async fn bulk(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Body(bulk): Body<Bulk>,
) -> Told {
    let filter = match (bulk.ids.is_empty(), bulk.filter) {
        (true, Some(filter)) => filter.filter()?,
        (false, None) if bulk.ids.len() <= IDS_MOST => {
            let mut ids = Vec::with_capacity(bulk.ids.len());
            for id in &bulk.ids {
                ids.push(web.control.message_id(&keyed.caller, id).await?);
            }
            QueueFilter { ids, ..QueueFilter::default() }
        }
        (false, None) => return Err(invalid("ids", format!("> {IDS_MOST}"))),
        _ => return Err(invalid("ids, filter", "≠ 1")),
    };
    Ok(Json(done(&web, &keyed, bulk.act, filter).await?).into_response())
}
