//! Direct delivery, between a zone in memory and scripted servers on loopback.

#[cfg(test)]
mod carrying;
#[cfg(test)]
mod host;
#[cfg(test)]
mod letter;
#[cfg(test)]
mod situations;
