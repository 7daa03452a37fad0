//! Direct delivery, between a zone in memory and scripted servers on loopback.

mod carrying;
mod host;
mod letter;
mod situations;
mod stalls;
