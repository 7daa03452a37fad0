//! The relay courier against scripted servers on loopback, over real sockets.

mod carrying;
mod opening;
mod own;
pub mod post;
pub mod server;
