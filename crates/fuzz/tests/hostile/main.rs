//! Every parser against input that nobody meant well.

#[cfg(test)]
mod driver;
#[cfg(test)]
mod parsers;
