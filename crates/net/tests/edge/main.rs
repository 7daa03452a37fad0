//! The edge from outside: two ends on loopback, at ports that the system chooses.

#[cfg(test)]
mod client_tls;
#[cfg(test)]
mod dialling;
#[cfg(test)]
mod forbidden;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod local;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod server_tls;
#[cfg(test)]
mod smuggling;
#[cfg(test)]
mod stalls;
#[cfg(test)]
mod starttls;
#[cfg(test)]
mod submission;
#[cfg(test)]
mod support;
#[cfg(test)]
mod ways;
