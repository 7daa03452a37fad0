//! The program `facteur`: all of it is in the library beside this file, where tests reach it.

use std::process::ExitCode;

fn main() -> ExitCode {
    facteur::run()
}
