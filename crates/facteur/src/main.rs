//! The program `facteur`.
//!
//! Owns the moment at which the program begins, and nothing else: all of it is in the library beside this file, where
//! tests reach it. It never does anything by itself. Start at [`facteur::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    facteur::run()
}
