//! Servers that mean harm or go wrong, and what becomes of the mail, the password and the queue.

mod peers;
mod scripts;
mod tls;
mod ways;
