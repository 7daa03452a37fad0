//! The portal, as programs and people meet it.

mod attacks;
mod axe;
mod browser;
mod entry;
mod foundation;
mod guards;
mod mending;
mod own_relays;
mod passkeys;
mod roles;
mod sending;
mod strangers;
mod visit;
