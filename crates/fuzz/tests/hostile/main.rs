//! Every parser against input that nobody meant well.

#[cfg(test)]
mod parsers;
