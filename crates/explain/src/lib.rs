//! What a failure means, who must act, and what the queue may do about it.
//!
//! Owns the catalogue of causes (data, in `catalogue/`), the rules that read a server's words, and the
//! policy that decides which effect a cause is allowed. It never does I/O, knows no clock and keeps no
//! state: the same evidence always gives the same verdict. Start at [`judge`], then [`words`].
//!
//! The cause proposes, the policy decides: the text of a reply comes from strangers, so what it proposes
//! is done only where the evidence has the right to it (see [`Effect`]).

mod answer;
pub mod bounce;
mod catalogue;
mod cause;
mod code;
mod effect;
mod facts;
#[cfg(test)]
mod folds;
mod guess;
mod judge;
mod label;
mod likeness;
#[cfg(test)]
mod lint;
pub mod log;
mod norm;
#[cfg(test)]
mod page_tests;
mod phrase;
mod provider;
mod rule;
mod scene;
mod topic;
mod typed;
mod wait;
mod word_enum;
mod words;
mod wrapped;

pub use answer::{Answer, Wording};
pub use catalogue::{CATALOGUE_VERSION, Catalogue, CatalogueError, cause, causes};
pub use cause::{Cause, CauseId, Confidence, Export, Group, Need, Place, UnknownCause, Who};
pub use effect::{Effect, Scope};
pub use facts::Facts;
pub use judge::{Verdict, judge, judge_text, judge_with};
pub use provider::{provider_name, provider_of_host};
pub use scene::{Hint, Protocol};
pub use topic::{Topic, topic, topic_of, topics};
pub use word_enum::UnknownWord;
pub use words::{Words, day, words};
