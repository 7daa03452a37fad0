//! The remote courier: carries batches through relays.
//!
//! Owns the connections to relays: opening them (port, TLS, sign-in), keeping them, using them again, and the
//! pure table of presets. It never decides what becomes of a message (that is `queue`), never words a failure
//! (that is `explain`), and never lets a password out of the dialogue that needs it. Start at [`RelayCourier`].

mod content;
mod courier;
mod open;
mod pool;
mod preset;

pub use courier::{Rehearsal, RelayCourier, Settings};
pub use preset::{PRESETS, Preset, SignIn, preset};
