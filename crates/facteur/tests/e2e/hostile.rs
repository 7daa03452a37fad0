//! Clients who mean harm: they guess, hold, burst and spoof, and everybody else goes on.

mod bombs;
mod guesses;
mod offer;
mod outgoing;
mod overload;
mod relaying;
mod slow;
