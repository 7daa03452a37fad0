//! The house rules that neither the compiler nor clippy can hold, as tests.
//!
//! Each rule is a pure function from text (or from `cargo metadata`) to a list of breaches; each
//! has a sample that it must catch, and is then run over the tree. A rule that hurts is changed
//! here and in CONTRIBUTING.md, in one commit.

#[cfg(test)]
mod code;
#[cfg(test)]
mod crates;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod licences;
#[cfg(test)]
mod locales;
#[cfg(test)]
mod metadata;
#[cfg(test)]
mod proofs;
#[cfg(test)]
mod tree;
