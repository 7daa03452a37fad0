//! `sendmail -bs`: SMTP on standard input and output, which the server itself speaks.

use super::submit::Connection;
use crate::cli::{Console, Exit, Failure, output};
use std::io::{self, Write as _};
use std::net::Shutdown;
use std::path::Path;
use std::thread;

/// Passes both directions through until either end is over.
pub fn run(public: &Path, console: &Console) -> Result<Exit, Failure> {
    let stream = match Connection::open(public).and_then(Connection::into_stream) {
        Ok(stream) => stream,
        Err(error) => {
            // A program that speaks SMTP reads a reply; RFC 5321 §3.8 has this one for a service that is not there.
            output::print("421 4.3.2 The mail server does not run, try again later\r\n")?;
            let no_server = Failure::Mail("sendmail-no-server", error.to_string(), Exit::Temporary);
            return Ok(console.fail(no_server));
        }
    };
    let mut from_caller = stream.try_clone().map_err(Failure::System)?;
    // Ends with the program when the server is done first: nothing waits for it.
    thread::spawn(move || {
        let _ = io::copy(&mut io::stdin().lock(), &mut from_caller);
        let _ = from_caller.shutdown(Shutdown::Write);
    });
    let mut stream = stream;
    let mut output = io::stdout().lock();
    let passed = io::copy(&mut stream, &mut output).and_then(|_| output.flush());
    // A caller that reads no more has gone.
    Ok(if passed.is_ok() { Exit::Done } else { Exit::Failed })
}
