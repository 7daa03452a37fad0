//! Clients who mean harm: they guess, hold, burst and spoof, and everybody else goes on.

mod bombs;
mod guesses;
mod offer;
mod overload;
mod relaying;
mod slow;
