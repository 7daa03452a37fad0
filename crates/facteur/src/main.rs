//! The program `facteur`.
//!
//! Owns the moment at which the program begins, and nothing else: all of it is in the library beside this file, where
//! tests reach it. It never does anything by itself. Start at [`facteur::run`].

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// A message is many small allocations that one thread makes and another frees: what this allocator is made for.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    facteur::run()
}
