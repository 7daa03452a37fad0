//! From an address to its mail settings over the network: what others answer, and what was proved.

mod finder;
mod live;
mod published;
#[cfg(test)]
mod tests;

pub use finder::LiveFinder;
pub use live::{Live, News};
pub use published::{Had, Standing};
