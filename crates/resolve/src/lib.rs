//! The DNS as mail needs it: typed questions and answers, a zone in memory, and the road to a domain's hosts.
//!
//! Owns [`Question`], [`Answer`] (what was found, what is not there, what was not answered: three different things), a
//! [`Zone`] that answers like a name server, and [`MxSearch`]: from answers to an ordered [`Plan`] of hosts and
//! addresses, or to a [`Fault`] that says whether waiting can help. It never opens a socket, reads no clock and asks
//! nobody: `net` carries the questions. Start at [`MxSearch::poll`].

mod answer;
mod fault;
mod mx;
mod name;
mod zone;

pub use answer::{Answer, Failure, Found, Kind, Question, Record};
pub use fault::{Fault, Note, Unfit};
pub use mx::{Host, MxSearch, Ours, Plan, Poll};
pub use name::Name;
pub use zone::{Zone, ZoneError};
