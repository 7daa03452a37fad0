//! Both ends of SMTP in conversation: dialogues from files, hostile bytes, random bytes.

#[cfg(test)]
mod client;
#[cfg(test)]
mod outgoing;
#[cfg(test)]
mod peer;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod script;
#[cfg(test)]
mod server;
#[cfg(test)]
mod smuggling;
