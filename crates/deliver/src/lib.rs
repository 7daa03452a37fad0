//! The remote couriers: one carries batches through relays, one carries letters to the hosts of their domains.
//!
//! Owns the connections to relays and hosts: opening them (port, TLS, sign-in), keeping them, using them again, and the
//! pure table of presets. It never decides what becomes of a message (that is `queue`), never words a failure
//! (that is `explain`), and never lets a password out of the dialogue that needs it. Start at [`RelayCourier`] and at
//! [`direct::DirectCourier`].

mod content;
mod courier;
mod couriers;
pub mod direct;
mod form;
mod login_sender;
mod open;
mod pool;
mod preset;
mod return_paths;
mod rounds;
mod seven_bit;
mod signing;
mod stale;

pub use courier::{Port, Rehearsal, RelayCourier, Settings, Told};
pub use couriers::Couriers;
pub use form::{Form, LetterSource, Source};
pub use open::must_be_near;
pub use preset::{PRESETS, Preset, SignIn, preset};
pub use return_paths::ReturnPaths;
pub use signing::{Keyring, Unsigned};
