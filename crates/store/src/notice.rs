//! Notices to senders: what is owed, and what a message that is itself a notice is about.

use mail::{Evidence, Hold, QueueId, RecipientId, RelayId, Returned};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a notice tells (RFC 3464 §2.3.3). The numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum NoticeKind {
    /// It will not be delivered.
    Failure = 0,
    /// It is late, and still tried.
    Delay = 1,
    /// It was delivered.
    Success = 2,
    /// It was given to a server that will tell nothing of it.
    Relayed = 3,
}

impl NoticeKind {
    /// The kind stored under a number.
    pub const fn from_stored(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Failure,
            1 => Self::Delay,
            2 => Self::Success,
            3 => Self::Relayed,
            _ => return None,
        })
    }
}

/// A notice that is owed to a sender, or that was just made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DueNotice {
    /// Of which recipient.
    pub recipient: RecipientId,
    /// What it tells.
    pub kind: NoticeKind,
}

/// What a message is about that is itself a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The message that it tells of.
    pub message: QueueId,
    /// What it tells.
    pub kind: NoticeKind,
}

/// What few messages have: the sender's wishes for notices, what a program says of them, and the bond of a notice.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Extras {
    /// The sender's own name for the envelope, as the xtext of ENVID (RFC 3461 §4.4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub envid: Option<String>,
    /// How much of the message goes back with a failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ret: Option<Returned>,
    /// Until when its sender wanted it to be kept (RFC 4865).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// What this message tells of, when it is a notice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<About>,
    /// The relay that its sender asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<RelayId>,
    /// The words by which its sender finds it again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Its subject, when a program gave it apart from the content, for news of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What its sender wants to be told along with news of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// What a sender wants to hear of one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Wishes {
    /// When; `None` when nothing was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<mail::Notify>,
    /// The address that was first written, as ORCPT has it (RFC 3461 §4.2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub orcpt: Option<String>,
}

impl Wishes {
    /// Whether nothing was said.
    pub const fn is_empty(&self) -> bool {
        self.notify.is_none() && self.orcpt.is_none()
    }
}

/// A message that came back from the server that had taken it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComeBack {
    /// Which.
    pub message: QueueId,
    /// For whom: their places in the envelope.
    pub recipients: Vec<u16>,
    /// What the other server reported.
    pub evidence: Arc<Evidence>,
    /// The cause, as the catalogue has it.
    pub cause: &'static str,
}
