//! Passwords from standard input or from a terminal that does not show them; never from the arguments, which every user
//! of the machine can read.

use super::failure::Failure;
use super::output;
use mail::Secret;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, IsTerminal as _};

/// The most bytes of a line that is a password.
const MAX_BYTES: u64 = 4_096;

/// The first line of standard input.
pub fn of_stdin() -> Result<Secret, Failure> {
    line(io::stdin().lock())
}

/// Whether somebody sits there who can be asked.
pub fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Asks on the terminal, without showing what is typed.
pub fn ask(prompt: &str) -> Result<Secret, Failure> {
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(Failure::System)?;
    // Silence first: whoever, or whatever, types as soon as the question is there is neither shown nor cut off.
    let silent = Silent::begin(&terminal).map_err(Failure::System)?;
    output::warn(prompt);
    let typed = line(BufReader::new(&terminal));
    drop(silent);
    // The line end that was typed was not shown either.
    output::warn("\n");
    typed
}

/// Asks on the terminal for something that may be seen.
pub fn ask_openly(prompt: &str) -> Result<String, Failure> {
    output::warn(prompt);
    Ok(line(io::stdin().lock())?.reveal().trim().to_owned())
}

fn line(input: impl io::BufRead) -> Result<Secret, Failure> {
    let mut text = String::new();
    input.take(MAX_BYTES).read_line(&mut text).map_err(Failure::System)?;
    let typed = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(typed.strip_suffix('\r').unwrap_or(typed)))
}

/// A terminal that shows nothing of what is typed, until it is dropped.
struct Silent<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Silent<'a> {
    fn begin(terminal: &'a File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Silent<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_without_its_end() {
        for (input, password) in [
            ("secret\n", "secret"),
            ("secret\r\nmore", "secret"),
            ("secret", "secret"),
            (" with spaces \n", " with spaces "),
            ("", ""),
        ] {
            assert_eq!(line(input.as_bytes()).unwrap().reveal(), password, "{input:?}");
        }
    }
}
