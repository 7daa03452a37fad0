//! Direct delivery, between a zone in memory and scripted servers on loopback.

mod carrying;
pub mod host;
mod letter;
mod situations;
mod stalls;
