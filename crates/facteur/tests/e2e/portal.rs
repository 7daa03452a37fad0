//! The portal, as programs and people meet it.

mod attacks;
mod browser;
mod entry;
mod foundation;
mod guards;
mod mending;
