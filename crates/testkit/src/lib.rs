//! What tests share: the model of the store, and the story that every store must pass.
//!
//! Owns [`memory`] (the store as plain maps: the oracle) and [`contract`] (what every [`store::Store`] must do). It
//! never goes into the program: other crates name it among their development dependencies only.

pub mod contract;
pub mod memory;
