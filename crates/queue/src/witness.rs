//! Who is told what the queue does, as it does it.

use crate::{Letter, Trace};
use mail::{RecipientId, ReversePath};
use store::Act;

/// Hears what the queue does: for a log. What it is told has happened and is stored; it never waits, and decides nothing.
pub trait Witness: Send + Sync {
    /// A message is on disk. Told before any of its recipients leaves.
    fn accepted(&self, letter: &Letter, message_id: &str, trace: &Trace, recipients: usize);

    /// A recipient waited too long, without an attempt that told so.
    fn expired(&self, recipient: RecipientId, from: &ReversePath);

    /// A person did something to these.
    fn acted(&self, act: Act, recipients: &[RecipientId]);
}
