//! Both couriers against scripted servers on loopback, over real sockets.

#[cfg(test)]
mod direct;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod relay;
