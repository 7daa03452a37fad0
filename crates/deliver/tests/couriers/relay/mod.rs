//! The relay courier against scripted servers on loopback, over real sockets.

mod carrying;
mod opening;
pub mod post;
pub mod server;
