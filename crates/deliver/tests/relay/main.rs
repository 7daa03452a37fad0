//! The relay courier against scripted servers on loopback, over real sockets.

#[cfg(test)]
mod carrying;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod post;
#[cfg(test)]
mod server;
