//! `sendmail -bs`: SMTP on standard input and output, which the server itself speaks.
//!
//! Callers feed a whole session from a file, with the line ends of their system. The server takes no command before it
//! has answered the last one, so commands are passed on one by one here.

use super::submit::Connection;
use crate::cli::{Console, Exit, Failure, output};
use std::io::{self, BufRead, BufReader, Read as _, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The longest line: commands are shorter, and a line of content is passed on in pieces.
const LINE_BYTES: u64 = 64 << 10;

/// Passes a session through until either end is over.
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
    let passed = pass(BufReader::new(stream), &mut io::stdin().lock(), &mut io::stdout().lock());
    // A caller that reads no more has gone; a server that is cut off has said so, or nothing can be said.
    Ok(if passed.is_ok() { Exit::Done } else { Exit::Temporary })
}

fn pass(
    mut server: BufReader<UnixStream>,
    caller: &mut impl BufRead,
    output: &mut impl Write,
) -> io::Result<()> {
    let mut reply = answer(&mut server, output)?;
    let mut line = Vec::new();
    while reply.is_some() && read_line(caller, &mut line)? {
        server.get_mut().write_all(&line)?;
        reply = answer(&mut server, output)?;
        if reply.as_deref() == Some("354") {
            if !content(&mut server, caller)? {
                break;
            }
            reply = answer(&mut server, output)?;
        }
    }
    Ok(())
}

/// Passes a content on, up to its dot. `false` when the caller ends within it.
fn content(server: &mut BufReader<UnixStream>, caller: &mut impl BufRead) -> io::Result<bool> {
    let mut line = Vec::new();
    let mut at_start = true;
    while read_line(caller, &mut line)? {
        server.get_mut().write_all(&line)?;
        if at_start && line == b".\r\n" {
            return Ok(true);
        }
        at_start = line.ends_with(b"\n");
    }
    Ok(false)
}

/// Reads a line of the caller, and ends it as SMTP does; of a very long one only a piece. `false` at the end.
fn read_line(caller: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    caller.by_ref().take(LINE_BYTES).read_until(b'\n', line)?;
    if line.ends_with(b"\n") && !line.ends_with(b"\r\n") {
        line.truncate(line.len() - 1);
        line.extend_from_slice(b"\r\n");
    }
    Ok(!line.is_empty())
}

/// Shows a reply of the server, and gives its code; `None` when the server is done.
fn answer(server: &mut BufReader<UnixStream>, output: &mut impl Write) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if server.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        output.write_all(&line)?;
        if line.get(3) != Some(&b'-') {
            output.flush()?;
            return Ok(Some(String::from_utf8_lossy(line.get(..3).unwrap_or_default()).into_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A session as the caller writes it, the replies of a server, and what the server gets.
    #[track_caller]
    fn check(session: &str, replies: &[&str], got: &[&str]) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let replies: Vec<String> = replies.iter().map(|reply| format!("{reply}\r\n")).collect();
        let said = replies.concat();
        let server = std::thread::spawn(move || {
            let mut theirs = BufReader::new(theirs);
            theirs.get_mut().write_all(said.as_bytes()).unwrap();
            theirs.get_mut().shutdown(std::net::Shutdown::Write).unwrap();
            let mut text = String::new();
            theirs.read_to_string(&mut text).unwrap();
            text
        });
        let mut output = Vec::new();
        pass(BufReader::new(ours), &mut session.as_bytes(), &mut output).unwrap();
        assert_eq!(server.join().unwrap().split_inclusive("\r\n").collect::<Vec<_>>(), got, "{session:?}");
    }

    #[test]
    fn a_session_is_passed_on_with_the_line_ends_of_smtp() {
        check(
            "HELO me\nDATA\nSubject: x\n\n..\n.\nQUIT\n",
            &["220 hi", "250-me", "250 ok", "354 go on", "250 taken", "221 bye"],
            &["HELO me\r\n", "DATA\r\n", "Subject: x\r\n", "\r\n", "..\r\n", ".\r\n", "QUIT\r\n"],
        );
        check("DATA\r\nNOOP\r\n", &["220 hi", "503 no", "250 ok"], &["DATA\r\n", "NOOP\r\n"]);
        // The caller goes away within a content: nothing ends it.
        check("DATA\nhalf\n", &["220 hi", "354 go on"], &["DATA\r\n", "half\r\n"]);
        check("NOOP\n1\n2\n3\n", &["220 hi", "421 closing"], &["NOOP\r\n", "1\r\n"]);
    }
}
