//! One post: as much of HTTP/1.1 (RFC 9112) as telling somebody something needs.
//!
//! One request a connection, over the one dialer. Redirects are not followed: an address that moved is told as such, for
//! whoever wrote it may not have meant the new one. Everything that comes is bounded in bytes and in time.

use crate::address::WebAddress;
use crate::sign::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mail::{Clock, Evidence, Peer, Seen, Stage, Timestamp};
use net::{AddressPolicy, ClientTls, Connection, Dialer, Purpose, Target, TlsMode};
use smtp::transport::Transport as _;
use std::sync::Arc;
use std::time::Duration;
use store::PostResult;
use tokio::time::timeout;

/// How long a post may take in all: receivers that work before they answer should not.
const POST_LIMIT: Duration = Duration::from_secs(15);
/// How long is waited for the words behind a status that says no.
const WORDS_LIMIT: Duration = Duration::from_secs(2);
/// The most bytes before the words.
const MAX_HEAD: usize = 16 * 1024;
/// The words that are kept.
const MAX_WORDS: usize = 300;

/// Who calls receivers.
#[derive(Clone)]
pub struct Caller {
    dialer: Dialer,
    tls: Arc<ClientTls>,
    policy: AddressPolicy,
    clock: Clock,
    limit: Duration,
}

/// What is posted.
pub(crate) struct Letter<'a> {
    pub(crate) id: &'a str,
    pub(crate) body: &'a [u8],
}

impl Caller {
    /// Calls through this dialer, at addresses that the policy allows.
    pub const fn new(dialer: Dialer, tls: Arc<ClientTls>, policy: AddressPolicy, clock: Clock) -> Self {
        Self { dialer, tls, policy, clock, limit: POST_LIMIT }
    }

    /// With another limit of time for a post.
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The clock that posts are dated by.
    pub(crate) const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Posts, and says what came of it.
    pub(crate) async fn post(&self, to: &WebAddress, secret: &Secret, letter: &Letter<'_>) -> PostResult {
        match timeout(self.limit, self.exchange(to, secret, letter)).await {
            Ok(Ok((status, said))) => PostResult::Answered { status, said },
            Ok(Err(evidence)) => PostResult::Unanswered { evidence },
            Err(_) => {
                let after_ms = u64::try_from(self.limit.as_millis()).unwrap_or(u64::MAX);
                let peer = Some(Peer { host: to.host.clone(), address: None, port: to.port });
                let (at, seen) = (self.clock.now(), Seen::Timeout { after_ms });
                PostResult::Unanswered { evidence: Evidence { at, stage: Stage::Greeting, peer, seen } }
            }
        }
    }

    async fn exchange(
        &self,
        to: &WebAddress,
        secret: &Secret,
        letter: &Letter<'_>,
    ) -> Result<(u16, String), Evidence> {
        let target = Target::new(Purpose::Webhook, &to.host, to.port, Arc::clone(&self.tls));
        // The address was read as one that may be called, so the port is one of these.
        let target = target.map_err(|_| Evidence {
            at: self.clock.now(),
            stage: Stage::Connect,
            peer: Some(Peer { host: to.host.clone(), address: None, port: to.port }),
            seen: Seen::Refused,
        })?;
        let tls = if to.tls { TlsMode::Implicit } else { TlsMode::Never };
        let target = target.with_tls(tls).with_policy(self.policy.clone());
        let mut connection = self.dialer.dial(&target, self.limit).await?;
        connection.set_time_limit(self.limit);
        let head = head(to, secret, letter, self.clock.now());
        // A receiver may answer before it has read all; its answer counts.
        let written = connection.write(&[head.as_bytes(), letter.body]).await;
        let answered = answer(&mut connection).await;
        answered.map_err(|seen| Evidence {
            at: self.clock.now(),
            stage: Stage::Greeting,
            peer: Some(connection.peer()),
            seen: written.err().unwrap_or(seen),
        })
    }
}

fn head(to: &WebAddress, secret: &Secret, letter: &Letter<'_>, now: Timestamp) -> String {
    let WebAddress { path, authority, .. } = to;
    let Letter { id, body } = letter;
    let mut head = format!(
        "POST {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: facteur-webhooks\r\n\
         Content-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\nAccept: */*\r\n",
        body.len()
    );
    if let Some(sign_in) = &to.sign_in {
        head += &format!("Authorization: Basic {}\r\n", STANDARD.encode(sign_in.reveal()));
    }
    let (at, signature) = (now.secs(), secret.sign(id, now, body));
    head += &format!("webhook-id: {id}\r\nwebhook-timestamp: {at}\r\nwebhook-signature: {signature}\r\n");
    // The same under the names that receivers made for Svix look for.
    head += &format!("svix-id: {id}\r\nsvix-timestamp: {at}\r\nsvix-signature: {signature}\r\n");
    head += &format!("X-Signature: {}\r\n\r\n", secret.sign_body(body));
    head
}

/// The status, and the first words behind it when it says no.
async fn answer(connection: &mut Connection) -> Result<(u16, String), Seen> {
    let mut bytes = Vec::new();
    let (status, mut words) = loop {
        if let Some(found) = read_head(&bytes)? {
            break found;
        }
        if connection.read(&mut bytes).await? == 0 {
            return Err(Seen::Dropped);
        }
    };
    if !(200..=299).contains(&status) {
        connection.set_time_limit(WORDS_LIMIT);
        // What does not come in time, or at all, is not waited for: the status says what counts.
        let _ = timeout(WORDS_LIMIT, async {
            while words.len() < MAX_WORDS && connection.read(&mut words).await.is_ok_and(|count| count > 0) {}
        })
        .await;
    } else {
        words.clear();
    }
    Ok((status, shown(&words)))
}

/// The status and what follows the head, once it is all there.
fn read_head(bytes: &[u8]) -> Result<Option<(u16, Vec<u8>)>, Seen> {
    let not_http = || Seen::NotSmtp { text: "an answer that is not HTTP".to_owned() };
    let mut rest = bytes;
    loop {
        // What cannot become HTTP any more is not waited for.
        let begins = rest.get(..rest.len().min(5)).unwrap_or_default();
        if !b"HTTP/".starts_with(begins) {
            return Err(not_http());
        }
        let Some(end) = rest.windows(4).position(|window| window == b"\r\n\r\n") else {
            return if bytes.len() > MAX_HEAD { Err(not_http()) } else { Ok(None) };
        };
        let line = rest.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = std::str::from_utf8(line).map_err(|_| not_http())?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok());
        let status = status.filter(|code| (100..=599).contains(code)).ok_or_else(not_http)?;
        rest = rest.get(end + 4..).unwrap_or_default();
        // What comes before the answer (RFC 9110 §15.2) is passed over.
        if status >= 200 {
            return Ok(Some((status, rest.to_vec())));
        }
        if bytes.len() > MAX_HEAD {
            return Err(not_http());
        }
    }
}

/// The first characters of a stranger's words, on one line and without anything that a terminal would obey.
fn shown(words: &[u8]) -> String {
    let text =
        String::from_utf8_lossy(words.get(..words.len().min(MAX_WORDS)).unwrap_or_default()).into_owned();
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Option<Option<(u16, &str)>>) {
        let found = read_head(bytes).ok().map(|found| found.map(|(status, words)| (status, shown(&words))));
        let expected = expected.map(|found| found.map(|(status, words)| (status, words.to_owned())));
        assert_eq!(found, expected, "{}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn heads_are_read() {
        check(b"", Some(None));
        check(b"HTT", Some(None));
        check(b"HTTP/1.1 200 OK\r\nA: b\r\n", Some(None));
        check(b"HTTP/1.1 204 No Content\r\n\r\n", Some(Some((204, ""))));
        check(b"HTTP/1.0 500 No\r\nA: b\r\n\r\nbroken\x1b[2J\r\n here", Some(Some((500, "broken [2J here"))));
        check(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 302 Found\r\n\r\n", Some(Some((302, ""))));
        check(b"HTTP/1.1 999 What\r\n\r\n", None);
        check(b"SSH-2.0-x\r\n", None);
        check(b"220 mx ESMTP\r\n", None);
        check(&[b"HTTP/1.1 200 OK\r\nA: ".as_slice(), &[b'x'; MAX_HEAD]].concat(), None);
        check(&b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000), None);
    }
}
