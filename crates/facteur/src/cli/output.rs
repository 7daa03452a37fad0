//! The one place where the program writes to its reader.

use super::Failure;
use std::io::{self, ErrorKind, Write as _};

/// Writes text to standard output. A reader who went away (`facteur queue | head`) ends the program quietly.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(visible(text).as_bytes()).and_then(|()| output.flush()) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Failure::NobodyReads),
        Err(error) => Err(Failure::System(error)),
    }
}

/// Writes text to standard error: troubles, prompts, what is not the answer. Nobody is left to tell of a failure to do so.
pub fn warn(text: &str) {
    let _ = io::stderr().lock().write_all(visible(text).as_bytes());
}

/// The text without characters that would act on the reader's terminal: names, replies and headers come from strangers.
fn visible(text: &str) -> String {
    let acts = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(acts) { text.replace(acts, "\u{fffd}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_on_a_terminal_is_written() {
        assert_eq!(visible("a\u{1b}[2Jb\tc\n\u{9b}d"), "a\u{fffd}[2Jb\tc\n\u{fffd}d");
    }
}
