//! The edge from outside: two ends on loopback, at ports that the system chooses.

mod client_tls;
mod dialling;
mod limits;
mod server_tls;
mod submission;
mod support;
