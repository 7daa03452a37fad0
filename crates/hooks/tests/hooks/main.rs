//! Webhooks against real sockets, on a clock that is moved.

#[cfg(test)]
mod guard;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod rounds;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod stage;
