//! What tests share: the model of the store, and the story that every store must pass.
//!
//! Owns [`memory`] (the store as plain maps: the oracle), [`contract`] (what every [`store::Store`] must do),
//! [`hostile`] (servers that go wrong as they are told to), [`disk`] and [`fault`] (what a disk may do to a
//! program), [`phrases`] (words in both languages) and [`proof`] (how much a test does, and the record of it). It never goes into the program: other crates name
//! it among their development dependencies only.

pub mod bodies;
pub mod chance;
pub mod contract;
pub mod disk;
pub mod fault;
pub mod hostile;
pub mod memory;
pub mod phrases;
pub mod proof;
