//! Lines of a server, with a limit on their length and number.

use mail::{Evidence, Seen, Stage};
use smtp::transport::Transport;

/// The longest line: lists of capabilities are a few hundred bytes.
const MAX_LINE: usize = 8 * 1024;
/// The most lines of one answer.
const MAX_LINES: usize = 200;

/// What came and was not yet looked at.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    count: usize,
}

impl Lines {
    /// The next line, without its end.
    pub(super) async fn next(&mut self, t: &mut dyn Transport, stage: Stage) -> Result<String, Evidence> {
        loop {
            if let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.buffer.drain(..=end).collect();
                self.count += 1;
                if self.count > MAX_LINES {
                    return Err(evidence(t, stage, not_mail("an endless answer")));
                }
                return Ok(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
            }
            if self.buffer.len() > MAX_LINE {
                return Err(evidence(t, stage, not_mail("a line without end")));
            }
            let read = t.read(&mut self.buffer).await.map_err(|seen| evidence(t, stage, seen))?;
            if read == 0 {
                return Err(evidence(t, stage, Seen::Dropped));
            }
        }
    }

    /// Sends a line.
    pub(super) async fn send(
        &mut self,
        t: &mut dyn Transport,
        stage: Stage,
        line: &str,
    ) -> Result<(), Evidence> {
        self.count = 0;
        t.write(&[line.as_bytes(), b"\r\n"]).await.map_err(|seen| evidence(t, stage, seen))
    }

    /// Starts TLS. What came behind the server's consent came without TLS: somebody on the way put it there, to be
    /// taken for an answer under TLS (CVE-2011-0411).
    pub(super) async fn start_tls(&mut self, t: &mut dyn Transport) -> Result<(), Evidence> {
        if !self.buffer.is_empty() {
            let text = String::from_utf8_lossy(&self.buffer).chars().map(plain).take(80).collect();
            self.buffer.clear();
            return Err(evidence(t, Stage::StartTls, Seen::Injected { text }));
        }
        let started = t.start_tls().await;
        started.map(drop).map_err(|seen| evidence(t, Stage::Tls, seen))
    }
}

/// A character that does nothing to whatever shows it.
const fn plain(character: char) -> char {
    if character.is_ascii_graphic() || character == ' ' { character } else { '?' }
}

/// What was seen, with where and when.
pub(super) fn evidence(t: &dyn Transport, stage: Stage, seen: Seen) -> Evidence {
    Evidence { at: t.now(), stage, peer: Some(t.peer()), seen }
}

/// Something that is not the protocol that was asked for. What a stranger sent is not repeated.
pub(super) fn not_mail(what: &str) -> Seen {
    Seen::NotSmtp { text: what.to_owned() }
}
