//! Mail without a relay: the program finds the hosts of a domain by a name server of the test's, and brings the mail to
//! real servers and to scripted ones, all on one port of loopback.

mod dkim;
mod dns;
mod situations;
mod stage;
mod trouble;
