//! The relay courier against scripted servers on loopback, over real sockets.

mod carrying;
mod opening;
mod post;
mod server;
