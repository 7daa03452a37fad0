//! From an address to the settings that work, and back: what is published for a domain.
//!
//! Owns the table of [`facts`] about providers, the [`Plan`] that says what to ask and learns from the answers, the
//! order of trust among what was found, and the documents by which other programs find settings. It never opens a
//! socket: whoever drives a plan asks its questions, and gives every byte that strangers sent back to the readers here,
//! which have limits and never fail louder than with a [`Refusal`]. Start at [`Plan`].

mod advice;
pub mod allowance;
pub mod facts;
mod finding;
pub mod give;
pub mod https;
mod outcome;
mod plan;
pub mod prove;
pub mod publish;
pub mod read;
mod refusal;
mod server;
mod subject;

pub use advice::{Advice, Reading};
pub use finding::{Candidate, Dropped, Findings, Source, Trust, Why};
pub use outcome::{Asked, Discovery, NoAnswer, Tried};
pub use plan::{Document, Plan, Question, Reply};
pub use refusal::Refusal;
pub use server::{Protocol, Server, SignIn, Tls, UserForm};
pub use subject::{Subject, SubjectError};
