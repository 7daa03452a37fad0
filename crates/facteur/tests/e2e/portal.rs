//! The portal, as programs and people meet it.

mod foundation;
