//! The API, as programs meet it.

mod entry;
