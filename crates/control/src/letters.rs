//! Mail that programs describe: from a letter to a message on disk, and back again as long as it has not left.
//!
//! Everything goes through the queue's one door, with its policy and its limits. A message is made ready first, which refuses
//! whatever can be refused, and then given: so that a request of many letters can be taken whole or not at all.

use crate::local::Standing;
use crate::relays::DIRECT;
use crate::sign_in::sha256;
use crate::{Audit, Control, Keyed};
use letter::shape::Receipt;
use letter::{Letter, Problem, Wrong};
use mail::{Address, Envelope, Hold, Principal, PublicId, QueueId, RelayId, ReversePath, Timestamp};
use queue::{Particulars, Refusal, Submission, Trace};
use std::net::IpAddr;
use store::{Act, Filter, Once, RecipientState, StoreError, Story};

/// How long the key of a request means the messages that it gave.
const ONCE_MS: i64 = 24 * 3_600_000;
/// The longest key of a request.
pub const ONCE_BYTES: usize = 256;
/// A content past this is handed over in pieces, so that it can go to disk as it comes.
const PIECE_BYTES: usize = 64 << 10;

/// Why a letter is not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// A field of it stands in the way.
    #[error(transparent)]
    Wrong(#[from] Wrong),
    /// The door refuses it.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// It is for a name of this machine of which nobody gets the mail.
    #[error("nobody gets the mail of <{0}>")]
    Nobody(Address),
    /// The key of the request came with another request before.
    #[error("the key of the request came with another request before")]
    Twice,
    /// There is no such message, or it is somebody else's.
    #[error("there is no such message")]
    Missing,
    /// The message has left, or is about to.
    #[error("the message has left")]
    Late,
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> Self {
        Self::Refusal(Refusal::Store(error))
    }
}

/// The key of a request, and what it came with.
#[derive(Debug, Clone)]
pub struct RequestKey {
    key: String,
    content: [u8; 32],
}

impl RequestKey {
    /// The key of a request with this body at this address.
    pub fn new(key: String, address: &str, body: &[u8]) -> Result<Self, Wrong> {
        let is_fine = (1..=ONCE_BYTES).contains(&key.len()) && !key.chars().any(char::is_control);
        if !is_fine {
            return Err(Wrong::new("Idempotency-Key", Problem::TooLong(ONCE_BYTES)));
        }
        let content = sha256(&[&sha256(address.as_bytes())[..], &sha256(body)[..]].concat());
        Ok(Self { key, content })
    }

    /// The slot of a message of the request: the key belongs to whoever sends, whichever key of ours they use.
    fn once(&self, principal: Principal, index: usize, now: Timestamp) -> Once {
        let whole = format!("{principal:?}\n{index}\n{}", self.key);
        Once { slot: sha256(whole.as_bytes()), content: self.content, until: now.plus_ms(ONCE_MS) }
    }
}

/// A letter that would be taken.
pub enum Ready {
    /// It was taken before, under the same key of a request.
    Known(Receipt),
    /// It was only to be checked.
    Checked(Receipt),
    /// It is to be given.
    Fresh(Box<Submission>, Box<Particulars>),
}

impl Control {
    /// Makes a letter ready, in the name of whoever a key speaks for. Its texts and files are taken out of it: they are in
    /// the message from now on. `index` is its place in the request.
    pub async fn make_ready(
        &self,
        keyed: &Keyed,
        from: IpAddr,
        letter: &mut Letter,
        (once, index): (Option<&RequestKey>, usize),
    ) -> Result<Ready, NotTaken> {
        let now = self.clock.now();
        let once = once.map(|once| once.once(keyed.principal, index, now));
        if let Some(receipt) = self.given_before(once.as_ref()).await? {
            return Ok(Ready::Known(receipt));
        }
        let content = letter.content(now)?;
        (letter.text, letter.html) = (None, None);
        letter.attachments = Vec::new();
        let hold = self.hold(letter, now)?;
        let particulars = Particulars {
            once,
            tags: std::mem::take(&mut letter.tags),
            subject: Some(letter.subject.clone()).filter(|subject| !subject.is_empty()),
            metadata: letter.metadata.clone(),
            relay: self.relay_of(keyed, letter.relay.as_deref()).await?,
            undo_secs: letter.undo_seconds,
        };
        let recipients = letter.recipients();
        if let Some(nobody) = recipients.iter().find(|to| self.registry.standing(to) == Standing::Nobody) {
            return Err(NotTaken::Nobody(nobody.clone()));
        }
        let mut draft = self.queue.draft();
        if content.len() <= self.queue.limits().spill_bytes {
            draft.append(content).await?;
        } else {
            for piece in content.chunks(PIECE_BYTES) {
                draft.append(piece.to_vec()).await?;
            }
        }
        let envelope = Envelope {
            from: ReversePath::Address(letter.from.address.clone()),
            recipients: recipients.into_iter().map(Into::into).collect(),
            body: letter.body_type(),
            hold,
            ..Envelope::default()
        };
        let trace = Trace { helo: "api".to_owned(), client: Some(from), protocol: "HTTP" };
        let submission =
            Submission { principal: keyed.principal, owner: keyed.owner, envelope, trace, draft };
        self.queue.examine(&submission)?;
        if letter.dry_run {
            return Ok(Ready::Checked(checked(now)));
        }
        Ok(Ready::Fresh(Box::new(submission), Box::new(particulars)))
    }

    /// Gives a message that is ready: when there is a receipt, it is on disk.
    pub async fn give(&self, ready: Ready) -> Result<Receipt, NotTaken> {
        let (submission, particulars) = match ready {
            Ready::Known(receipt) | Ready::Checked(receipt) => return Ok(receipt),
            Ready::Fresh(submission, particulars) => (submission, particulars),
        };
        let once = particulars.once;
        match self.queue.accept_with(*submission, *particulars).await {
            Ok(accepted) => Ok(Receipt {
                id: Some(accepted.public_id),
                number: accepted.id.get(),
                message_id: accepted.message_id,
                at: accepted.at,
                release_at: accepted.release_at,
            }),
            // The same request came a second time while the first was on its way to the disk.
            Err(Refusal::Store(StoreError::Exists { name })) if name == Once::TAKEN => {
                self.given_before(once.as_ref()).await?.ok_or(NotTaken::Twice)
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// What became of a message that a request gave before.
    async fn given_before(&self, once: Option<&Once>) -> Result<Option<Receipt>, NotTaken> {
        let Some(once) = once else { return Ok(None) };
        let Some(taken) = self.store.taken(once.slot, self.clock.now()).await? else { return Ok(None) };
        if taken.content != once.content {
            return Err(NotTaken::Twice);
        }
        let story = self.store.story(taken.message).await?.ok_or(NotTaken::Missing)?;
        Ok(Some(receipt_of(&story, self.clock.now())))
    }

    fn hold(&self, letter: &Letter, now: Timestamp) -> Result<Option<Hold>, Wrong> {
        let most_secs = self.queue.limits().hold_secs;
        let most = now.plus_secs(most_secs.into());
        for (field, at) in [
            ("send_at", letter.send_at),
            ("undo_seconds", letter.undo_seconds.map(|secs| now.plus_secs(secs.into()))),
        ] {
            if at.is_some_and(|at| at > most) {
                return Err(Wrong::new(field, Problem::TooLate(most_secs / 86_400)));
            }
        }
        Ok(letter.send_at.filter(|at| *at > now).map(Hold::Until))
    }

    /// The relay that a letter asks for. Which way a person's mail takes is the administrator's choice.
    async fn relay_of(&self, keyed: &Keyed, name: Option<&str>) -> Result<Option<RelayId>, NotTaken> {
        let Some(name) = name else { return Ok(None) };
        let unknown = || NotTaken::Wrong(Wrong::new("relay", Problem::Unknown));
        if matches!(keyed.principal, Principal::Account(_)) {
            return Err(unknown());
        }
        if name == DIRECT {
            return Ok(Some(RelayId::DIRECT));
        }
        let relays = self.store.relays().await?;
        let is_meant = |relay: &&store::Relay| {
            relay.name == name && (relay.owner == keyed.owner || keyed.principal == Principal::System)
        };
        relays.iter().find(is_meant).map(|relay| Some(relay.id)).ok_or_else(unknown)
    }

    /// The story of a message that whoever a key speaks for gave; the administrator's sees all.
    pub async fn given(&self, keyed: &Keyed, id: &str) -> Result<Story, NotTaken> {
        let public: PublicId = id.replace('-', "").parse().map_err(|_| NotTaken::Missing)?;
        let found: Option<QueueId> = self.store.by_public_id(public).await?;
        let story = self.store.story(found.ok_or(NotTaken::Missing)?).await?.ok_or(NotTaken::Missing)?;
        let is_own = keyed.principal == Principal::System || story.message.principal == keyed.principal;
        if is_own { Ok(story) } else { Err(NotTaken::Missing) }
    }

    /// Takes a message back that was never tried. Whoever may send may take back what they sent.
    pub async fn take_back(&self, keyed: &Keyed, id: &str) -> Result<(), NotTaken> {
        let story = self.given(keyed, id).await?;
        let audit = Audit { caller: &keyed.caller, operation: "undo" };
        self.store.append(audit.of(&self.clock, &story.message.id.to_string())).await?;
        let filter = Filter { ids: vec![story.message.id], ..Filter::default() };
        let acted = self.queue.act(Act::Undo, filter).await?;
        let is_back = |state: RecipientState| acted.recipients == 0 && state == RecipientState::Cancelled;
        let was_back = story.message.recipients.iter().all(|row| is_back(row.state));
        if acted.recipients > 0 || was_back { Ok(()) } else { Err(NotTaken::Late) }
    }
}

/// The receipt of what was only checked.
fn checked(now: Timestamp) -> Receipt {
    Receipt { id: None, number: 0, message_id: String::new(), at: now, release_at: None }
}

/// The receipt of a message that was taken before.
fn receipt_of(story: &Story, now: Timestamp) -> Receipt {
    let row = &story.message;
    let waits = row.recipients.iter().filter(|one| one.state == RecipientState::Waiting && one.attempts == 0);
    let is_later = |at: &Timestamp| *at > now;
    let is_scheduled =
        |one: &&store::RecipientRow| one.cause.as_deref() == Some(explain::CauseId::SCHEDULED.as_str());
    Receipt {
        id: Some(row.public_id),
        number: row.id.get(),
        message_id: row.message_id.clone(),
        at: row.received_at,
        release_at: waits.filter(is_scheduled).map(|one| one.next_attempt_at).min().filter(is_later),
    }
}
