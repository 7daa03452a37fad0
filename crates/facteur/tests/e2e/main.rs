//! facteur as its users meet it: the program itself, known mail clients, a real Postfix, all on loopback.
//!
//! Each test has a server and relays of its own, at ports that the system chooses, and ends all that it started.

#[cfg(test)]
mod api;
#[cfg(test)]
mod backup;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod confined;
#[cfg(test)]
mod content;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod data_folders;
#[cfg(test)]
mod declaration;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod direct;
#[cfg(test)]
mod discover;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod first_start;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod inherited;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod local;
#[cfg(test)]
mod loops;
#[cfg(test)]
mod mail_log;
#[cfg(test)]
mod mailq;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod owners;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod portal;
#[cfg(test)]
mod privileges;
#[cfg(test)]
mod protocol;
#[cfg(test)]
mod publishing;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod sending;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod statistics;
#[cfg(test)]
mod stopped;
#[cfg(test)]
mod submission;
#[cfg(test)]
mod support;
#[cfg(test)]
mod sure;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod twice;
#[cfg(test)]
mod undo;
#[cfg(test)]
mod webhooks;
#[cfg(test)]
mod wishes;
