//! Telling senders: what is owed in the store becomes notices in the queue, each exactly once.
//!
//! A notice is owed from the transaction that ended its recipient on, and no longer from the transaction that keeps the
//! notice itself: no crash between the two loses it or doubles it.

use crate::accept::{Bond, Refusal, Submission, Trace};
use crate::notice::{Composed, Notice, NoticeKind, Original, Told, bytes_needed};
use crate::{Draft, Queue};
use explain::{CauseId, Place};
use mail::{
    Address, ClosureId, Envelope, Evidence, HeaderScan, Language, Principal, QueueId, Recipient, RecipientId,
    RelayId, ReversePath, Timestamp,
};
use std::collections::HashMap;
use store::{
    About, Attempt, DueNotice, EventKind, MessageRow, Page, RecipientRow, RecipientState, StoreError, Story,
};

/// How long a notice waits for what its message's other recipients come to, in milliseconds, when none of them is on its way.
const SIBLINGS_MS: i64 = 1_000;
/// The same while some of them are on their way: one notice tells of all that one attempt ended.
const SIBLINGS_IN_FLIGHT_MS: i64 = 60_000;
/// The age at which a message that is still tried is late, in seconds (RFC 5321 §4.5.4.1 leaves it open; 4 hours is custom).
const LATE_SECS: i64 = 4 * 3_600;
/// The setting that keeps the last message that was looked at for being late.
const LATE_SETTING: &str = "late.last";
/// The setting that keeps the messages that are to leave later, until they have left or are late.
const PLANNED_SETTING: &str = "late.planned";
/// The most such messages; the senders of more are not told of a delay, only of a failure.
const MOST_PLANNED: usize = 1_000;
/// The most messages that are looked at in one go for being late.
const LATE_PAGE: usize = 100;

/// In which language a principal is told, and from when on a message is late.
pub trait Languages: Send + Sync {
    /// The language of whoever gave a message.
    fn of(&self, principal: Principal) -> Language;
}

/// What one round of telling came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Round {
    /// The notices that were made.
    pub made: usize,
    /// Whether there is more to do at once.
    pub more: bool,
}

impl Queue {
    /// Makes the notices that are owed: one for each message and kind, of all its recipients that it is owed for.
    pub async fn tell_senders(&self, languages: &dyn Languages) -> Result<Round, StoreError> {
        let due = self.store().notices_due(Page::MAX).await?;
        let mut round = Round { made: 0, more: due.len() >= Page::MAX };
        let mut groups: Vec<(QueueId, NoticeKind, Vec<DueNotice>)> = Vec::new();
        for notice in due {
            let (message, kind) = (notice.recipient.message, notice.kind);
            match groups.iter_mut().find(|group| (group.0, group.1) == (message, kind)) {
                Some(group) => group.2.push(notice),
                None => groups.push((message, kind, vec![notice])),
            }
        }
        for (message, kind, notices) in groups {
            let told = self.tell_of(message, kind, notices, languages).await;
            round.made += usize::from(unless_unreadable(message, told)?);
        }
        Ok(round)
    }

    /// Makes the notices of one message; whether one was made.
    async fn tell_of(
        &self,
        message: QueueId,
        kind: NoticeKind,
        notices: Vec<DueNotice>,
        languages: &dyn Languages,
    ) -> Result<bool, StoreError> {
        let now = self.clock().now();
        let story = self.store().story(message).await?;
        let Some((story, to)) = story.and_then(|story| {
            let to = story.message.from.address().cloned()?;
            Some((story, to))
        }) else {
            self.store().drop_notices(notices).await?;
            return Ok(false);
        };
        let is_owed = |notice: &DueNotice| {
            let row = story.message.recipients.iter().find(|row| row.index == notice.recipient.index);
            row.is_some_and(|row| is_wanted(row, kind))
        };
        let (owed, unwanted): (Vec<_>, Vec<_>) = notices.into_iter().partition(is_owed);
        if !unwanted.is_empty() {
            self.store().drop_notices(unwanted).await?;
        }
        if owed.is_empty() || waits_for_siblings(&story.message, &owed, now) {
            return Ok(false);
        }
        self.send_notice(&story, &to, kind, owed, languages).await
    }

    /// Tells the senders of messages that have become late: each message once, when it is as old as that; one that was to
    /// leave later, as long after its departure.
    pub async fn tell_of_delays(&self, languages: &dyn Languages) -> Result<Round, StoreError> {
        let now = self.clock().now();
        let last = self.store().setting(LATE_SETTING).await?;
        let last: Option<QueueId> = last.and_then(|text| text.parse().ok());
        let late = self.store().late(last, now.plus_secs(-LATE_SECS), LATE_PAGE).await?;
        let kept = planned_of(&self.store().setting(PLANNED_SETTING).await?.unwrap_or_default());
        let (due, mut planned): (Vec<_>, Vec<_>) = kept.iter().partition(|(_, at)| *at <= now);
        let mut round = Round { made: 0, more: late.len() >= LATE_PAGE };
        for id in due.iter().map(|(id, _)| *id).chain(late.iter().copied()) {
            let told = self.tell_of_delay(id, languages).await;
            let looked = unless_unreadable(id, told)?;
            round.made += usize::from(looked.made);
            let room = planned.len() < MOST_PLANNED;
            planned.extend(looked.leaves_at.filter(|_| room).map(|at| (id, at.plus_secs(LATE_SECS))));
        }
        // After the notices: what a crash leaves is looked at again, and the story says who was told.
        if planned != kept {
            let text = planned.iter().map(|(id, at)| format!("{id}:{}", at.0)).collect::<Vec<_>>().join(" ");
            self.store().set_setting(PLANNED_SETTING.to_owned(), Some(text)).await?;
        }
        if let Some(last) = late.last() {
            self.store().set_setting(LATE_SETTING.to_owned(), Some(last.to_string())).await?;
        }
        Ok(round)
    }

    /// Tells the sender of a message that has become late.
    async fn tell_of_delay(&self, id: QueueId, languages: &dyn Languages) -> Result<Looked, StoreError> {
        let Some(story) = self.store().story(id).await? else { return Ok(Looked::default()) };
        let Some(to) = story.message.from.address().cloned() else { return Ok(Looked::default()) };
        let notice = |row: &RecipientRow| DueNotice {
            recipient: RecipientId { message: id, index: row.index },
            kind: NoticeKind::Delay,
        };
        let rows = || story.message.recipients.iter().filter(|row| is_wanted(row, NoticeKind::Delay));
        let leaves_at = rows().filter(|row| is_planned(row)).map(|row| row.next_attempt_at).max();
        let is_late = |row: &&RecipientRow| !is_planned(row) && !was_told(&story, row.index);
        let owed: Vec<DueNotice> = rows().filter(is_late).map(notice).collect();
        let made =
            !owed.is_empty() && self.send_notice(&story, &to, NoticeKind::Delay, owed, languages).await?;
        Ok(Looked { made, leaves_at })
    }

    /// Writes a notice and puts it into the queue, in the transaction after which it is owed no more.
    async fn send_notice(
        &self,
        story: &Story,
        to: &Address,
        kind: NoticeKind,
        owed: Vec<DueNotice>,
        languages: &dyn Languages,
    ) -> Result<bool, StoreError> {
        let row = &story.message;
        let composed = self.compose(story, to, kind, &owed, languages.of(row.principal)).await?;
        let envelope = Envelope {
            from: ReversePath::Null,
            recipients: vec![Recipient::from(to.clone())],
            body: composed.body_type,
            ..Envelope::default()
        };
        let bond =
            Bond { about: Some(About { message: row.id, kind }), tells: owed.clone(), ..Bond::default() };
        let mut draft = self.draft();
        let accepted = match fill(&mut draft, &composed.content).await {
            Ok(()) => {
                let trace = Trace { helo: "localhost".to_owned(), client: None, protocol: "local" };
                let submission =
                    Submission { principal: Principal::System, owner: row.owner, envelope, trace, draft };
                self.accept_notice(submission, bond).await
            }
            Err(refusal) => Err(refusal),
        };
        match accepted {
            Ok(_) => Ok(true),
            Err(Refusal::Store(error)) => Err(error),
            Err(Refusal::NoRandomness) => Err(StoreError::Disk { detail: Refusal::NoRandomness.to_string() }),
            Err(refusal) => {
                // Nothing that is tried again would change that: the story shows the failure all the same.
                tracing::warn!(message = %row.id, %refusal, "a notice cannot be sent to the sender of a message");
                self.store().drop_notices(owed).await?;
                Ok(false)
            }
        }
    }

    async fn compose(
        &self,
        story: &Story,
        to: &Address,
        kind: NoticeKind,
        owed: &[DueNotice],
        language: Language,
    ) -> Result<Composed, StoreError> {
        let row = &story.message;
        let (front, bytes) = self.front(row, kind).await?;
        let closures = self.evidence_of_closures(row).await?;
        let facts: Vec<Facts> = row
            .recipients
            .iter()
            .filter(|recipient| owed.iter().any(|notice| notice.recipient.index == recipient.index))
            .filter_map(|recipient| self.facts(story, recipient, &closures))
            .collect();
        let told: Vec<Told<'_>> = facts.iter().map(|facts| facts.told(kind)).collect();
        let extras = &row.extras;
        let notice = Notice {
            kind,
            language,
            now: self.clock().now(),
            host_name: self.host_name(),
            to,
            message: Original {
                id: row.id,
                received_at: row.received_at,
                envid: extras.envid.as_deref(),
                ret: extras.ret,
                hold: extras.hold,
                bytes,
                front: &front,
            },
            recipients: &told,
        };
        Ok(notice.compose())
    }

    /// As much of the message as its notice needs, and the size of the whole. Of a message whose content is gone (it was
    /// delivered, and came back) the store still knows the Message-ID.
    async fn front(&self, row: &MessageRow, kind: NoticeKind) -> Result<(Vec<u8>, u64), StoreError> {
        let wanted = bytes_needed(kind, row.extras.ret, row.bytes);
        let mut content = Vec::new();
        let mut is_whole = true;
        match self.store().body(row.id).await {
            Ok(mut body) => {
                while let Some(piece) = body.next().await? {
                    content.extend_from_slice(&piece);
                    if content.len() > wanted {
                        is_whole = false;
                        content.truncate(wanted);
                        break;
                    }
                }
            }
            Err(StoreError::Missing { .. }) => is_whole = false,
            Err(error) => return Err(error),
        }
        let mut scan = HeaderScan::default();
        scan.feed(&content);
        // The content as it was given, with what this server had to add for it to be a message.
        let mut front = Vec::new();
        if scan.missing().date {
            front.extend_from_slice(format!("Date: {}\r\n", mail::date(row.received_at)).as_bytes());
        }
        if scan.missing().message_id {
            front.extend_from_slice(format!("Message-ID: {}\r\n", row.message_id).as_bytes());
        }
        if scan.has_no_header() {
            front.extend_from_slice(b"\r\n");
        }
        front.append(&mut content);
        let bytes = front.len() as u64;
        Ok((front, if is_whole { bytes } else { row.bytes.max(bytes + 1) }))
    }

    /// What was seen when the closures were made that recipients of a message wait for.
    async fn evidence_of_closures(
        &self,
        row: &MessageRow,
    ) -> Result<HashMap<ClosureId, Evidence>, StoreError> {
        if row.recipients.iter().all(|recipient| recipient.closure.is_none()) {
            return Ok(HashMap::new());
        }
        let closures = self.store().closures().await?;
        Ok(closures.into_iter().map(|closure| (closure.id, closure.evidence)).collect())
    }

    fn facts(
        &self,
        story: &Story,
        row: &RecipientRow,
        closures: &HashMap<ClosureId, Evidence>,
    ) -> Option<Facts> {
        let tried = |attempt: &&Attempt| attempt.outcomes.iter().any(|outcome| outcome.index == row.index);
        let last = story.attempts.iter().rev().find(tried);
        let taken = last.and_then(|attempt| {
            let outcome = attempt.outcomes.iter().find(|outcome| outcome.index == row.index)?;
            outcome.delivered.then(|| outcome.said.clone())
        });
        let relay = row.relay.filter(|relay| *relay != RelayId::DIRECT);
        let is_direct = row.relay == Some(RelayId::DIRECT);
        let parked = row.closure.and_then(|closure| closures.get(&closure));
        Some(Facts {
            address: row.address.parse().ok()?,
            orcpt: row.wishes.orcpt.clone(),
            has_expired: row.state == RecipientState::Expired,
            evidence: row.evidence.clone().or_else(|| parked.cloned()),
            decided: row.cause.as_deref().and_then(CauseId::lookup),
            reply: taken,
            answered_by: last.and_then(|attempt| attempt.peer.as_ref()).map(|peer| peer.host.clone()),
            place: if is_direct { Place::Direct } else { Place::Relay },
            relay: relay.and_then(|relay| self.relay(relay)).map(|relay| relay.name_for_owner().to_owned()),
            last_attempt_at: last.map(|attempt| attempt.ended_at),
            expires_at: row.expires_at,
        })
    }
}

/// What is known of a recipient, held for the notice.
struct Facts {
    address: Address,
    orcpt: Option<String>,
    has_expired: bool,
    evidence: Option<Evidence>,
    decided: Option<CauseId>,
    reply: Option<String>,
    answered_by: Option<String>,
    place: Place,
    relay: Option<String>,
    last_attempt_at: Option<Timestamp>,
    expires_at: Timestamp,
}

impl Facts {
    fn told(&self, kind: NoticeKind) -> Told<'_> {
        let was_taken = matches!(kind, NoticeKind::Success | NoticeKind::Relayed);
        Told {
            address: &self.address,
            orcpt: self.orcpt.as_deref(),
            has_expired: self.has_expired,
            evidence: self.evidence.as_ref().filter(|_| !was_taken),
            decided: self.decided.filter(|_| !was_taken),
            reply: self.reply.as_deref().filter(|_| was_taken),
            answered_by: self.answered_by.as_deref().filter(|_| was_taken),
            place: self.place,
            relay: self.relay.as_deref(),
            last_attempt_at: self.last_attempt_at,
            tried_until: (kind == NoticeKind::Delay).then_some(self.expires_at),
        }
    }
}

/// Gives a content of our own to a draft.
pub(crate) async fn fill(draft: &mut Draft, content: &[u8]) -> Result<(), Refusal> {
    /// The bytes that are given to the draft at a time: no piece of a large notice takes more of the budget of memory.
    const PIECE: usize = 64 * 1024;
    for piece in content.chunks(PIECE) {
        draft.append(piece.to_vec()).await?;
    }
    Ok(())
}

/// What looking at one message for its delay came to.
#[derive(Debug, Clone, Copy, Default)]
struct Looked {
    made: bool,
    /// When it is to leave, if that is still to come.
    leaves_at: Option<Timestamp>,
}

/// The messages that are to leave later, and when each of them will be late: `ID:milliseconds`, with spaces between.
fn planned_of(text: &str) -> Vec<(QueueId, Timestamp)> {
    let one = |word: &str| {
        let (id, at) = word.split_once(':')?;
        Some((id.parse().ok()?, Timestamp(at.parse().ok()?)))
    };
    text.split(' ').filter_map(one).collect()
}

/// What one message came to. One that cannot be read must not keep the senders of all others waiting.
fn unless_unreadable<T: Default>(message: QueueId, told: Result<T, StoreError>) -> Result<T, StoreError> {
    match told {
        Err(error @ (StoreError::Damaged { .. } | StoreError::Missing { .. })) => {
            tracing::error!(%message, %error, "the sender of a message cannot be told");
            Ok(T::default())
        }
        told => told,
    }
}

/// Whether the sender wants to hear this of a recipient, and it is still so.
fn is_wanted(row: &RecipientRow, kind: NoticeKind) -> bool {
    let notify = row.wishes.notify.unwrap_or_default();
    match kind {
        NoticeKind::Failure => {
            notify.failure && matches!(row.state, RecipientState::Failed | RecipientState::Expired)
        }
        // What a person holds is late because they want it so.
        NoticeKind::Delay => notify.delay && row.state == RecipientState::Waiting,
        NoticeKind::Success | NoticeKind::Relayed => notify.success && row.state == RecipientState::Delivered,
    }
}

/// Whether a recipient waits because it was asked to leave later.
fn is_planned(row: &RecipientRow) -> bool {
    row.attempts == 0 && row.cause.as_deref() == Some(CauseId::SCHEDULED.as_str())
}

/// Whether the sender was told of a recipient that is still tried: that can only have been of its delay.
fn was_told(story: &Story, index: u16) -> bool {
    story.events.iter().any(|event| event.kind == EventKind::Noticed && event.recipient == Some(index))
}

/// Whether more may be owed in a moment: what one attempt ended is told in one notice.
fn waits_for_siblings(row: &MessageRow, owed: &[DueNotice], now: Timestamp) -> bool {
    let is_due = |recipient: &&RecipientRow| owed.iter().any(|n| n.recipient.index == recipient.index);
    let first = row.recipients.iter().filter(is_due).map(|recipient| recipient.since).min();
    let age = first.map_or(i64::MAX, |first| now.since_ms(first));
    let in_flight = row.recipients.iter().any(|recipient| recipient.leased && !recipient.state.is_final());
    // A clock that was set back makes the end of a recipient lie ahead: nothing waits for that.
    let is_past = first.is_none_or(|first| first <= now.plus_ms(SIBLINGS_IN_FLIGHT_MS));
    is_past && age < if in_flight { SIBLINGS_IN_FLIGHT_MS } else { SIBLINGS_MS }
}
