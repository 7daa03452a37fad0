//! Webhooks: telling addresses on the web what happened to mail, each event at least once, in order for each message.
//!
//! Owns the words of events, the shapes in which receivers want them, the signature, the post, and the round that works off
//! the event log for one webhook. It never decides who may have a webhook (`control` does), and keeps nothing in memory that
//! a crash may not take: how far each webhook has been told is in the store. Start at [`Hooks::round`].
//!
//! | what a crash leaves | who sees it | what is done |
//! |---|---|---|
//! | an event that was posted, and not yet noted as told | the next round | posted again, under the same id |
//! | an event that was put aside as owed | the next round | posted when it is due |
//! | a streak of failures, which is in memory | nobody | the receiver is asked once more than it would have been |

mod address;
pub mod parsers;
mod post;
mod round;
mod scene;
mod shape;
mod sign;
mod wait;
mod word;

pub use address::{AddressFault, WebAddress};
pub use post::Caller;
pub use round::{Hooks, Rest};
pub use scene::event_id;
pub use sign::{Secret, SecretFault};
pub use word::Word;
