//! The contract's story on SQLite, and what can go wrong on a disk.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod lists;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod rot;
#[cfg(test)]
mod subject;
