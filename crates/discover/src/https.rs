//! Asking for one document over a connection that has TLS already: as much of HTTP/1.1 (RFC 9112) as that needs.
//!
//! One request a connection, no cookies, no compression, no credentials. Everything that comes is bounded.

use crate::plan::{Document, Reply};
use crate::read::MAX_BYTES;
use mail::{Evidence, Seen, Stage};
use smtp::transport::Transport;
use std::time::Duration;

/// How long each read may take.
pub const READ_LIMIT: Duration = Duration::from_secs(5);
/// The most bytes before the document.
const MAX_HEAD: usize = 32 * 1024;
/// The most bytes in all: a document that is too large by one byte is seen to be, and chunks have sizes of their own.
const MAX_ANSWER: usize = MAX_HEAD + 2 * MAX_BYTES;

/// No answer of HTTP: there is no such status.
const NOT_HTTP: Reply = Reply::Status(0);

/// Asks for a document and gives the answer; a failure of the connection is evidence.
pub async fn fetch(t: &mut dyn Transport, document: &Document) -> Result<Reply, Evidence> {
    t.set_time_limit(READ_LIMIT);
    let request = request(document);
    let failed = |t: &dyn Transport, seen| Evidence {
        at: t.now(),
        stage: Stage::Greeting,
        peer: Some(t.peer()),
        seen,
    };
    if let Err(seen) = t.write(&[request.as_bytes()]).await {
        return Err(failed(t, seen));
    }
    let mut answer = Vec::new();
    loop {
        if let Some(reply) = whole(&answer, false) {
            return if reply == NOT_HTTP { Err(failed(t, not_http())) } else { Ok(reply) };
        }
        match t.read(&mut answer).await {
            Ok(0) => break,
            Ok(_) if answer.len() > MAX_ANSWER => return Ok(Reply::Document(vec![b' '; MAX_BYTES + 1])),
            Ok(_) => {}
            // Many close the connection without ending TLS as they should; the length says whether all is there.
            Err(Seen::Dropped) if !answer.is_empty() => break,
            Err(seen) => return Err(failed(t, seen)),
        }
    }
    match whole(&answer, true) {
        Some(NOT_HTTP) => Err(failed(t, not_http())),
        reply => reply.ok_or_else(|| failed(t, Seen::Dropped)),
    }
}

/// What is told of an answer that is something else. What a stranger sent is not repeated.
fn not_http() -> Seen {
    Seen::NotSmtp { text: "an answer that is not HTTP".to_owned() }
}

fn request(document: &Document) -> String {
    let head = format!(
        "Host: {}\r\nUser-Agent: facteur\r\nAccept: text/xml, application/xml\r\nConnection: close\r\n",
        document.host
    );
    match &document.post {
        None => format!("GET {} HTTP/1.1\r\n{head}\r\n", document.path),
        Some(body) => format!(
            "POST {} HTTP/1.1\r\n{head}Content-Type: text/xml; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            document.path,
            body.len()
        ),
    }
}

/// The answer, when it is all there, or when nothing more will come.
fn whole(answer: &[u8], ended: bool) -> Option<Reply> {
    let Some(end) = find(answer, b"\r\n\r\n") else {
        return (answer.len() > MAX_HEAD).then_some(NOT_HTTP);
    };
    let head = String::from_utf8_lossy(answer.get(..end)?).into_owned();
    let body = answer.get(end + 4..)?;
    let mut lines = head.split("\r\n");
    let mut status_line = lines.next()?.splitn(3, ' ');
    let http = status_line.next().is_some_and(|version| version.starts_with("HTTP/1."));
    let status: Option<u16> = status_line.next().and_then(|code| code.parse().ok());
    let Some(status) = status.filter(|_| http) else { return Some(NOT_HTTP) };
    let fields: Vec<(String, &str)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        .collect();
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| *value);
    match status {
        // What comes before the answer (RFC 9110 §15.2) is passed over.
        100..=199 => whole(body, ended),
        200 => {
            let chunked =
                field("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"));
            let length = field("content-length").and_then(|value| value.parse::<usize>().ok());
            let document = match (chunked, length) {
                (true, _) => chunks(body).or_else(|| ended.then(Vec::new))?,
                (false, Some(length)) if body.len() >= length => body.get(..length)?.to_vec(),
                (false, Some(length)) if length > MAX_BYTES => vec![b' '; MAX_BYTES + 1],
                (false, Some(_)) => ended.then(Vec::new)?,
                (false, None) if body.len() > MAX_BYTES => body.to_vec(),
                (false, None) => ended.then(|| body.to_vec())?,
            };
            Some(Reply::Document(document))
        }
        301 | 302 | 303 | 307 | 308 => {
            Some(field("location").map_or(Reply::Status(status), |to| Reply::Moved(to.to_owned())))
        }
        other => Some(Reply::Status(other)),
    }
}

/// Joins chunks (RFC 9112 §7.1); `None` while the last has not come. What is too large is given as such.
fn chunks(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut document = Vec::new();
    loop {
        let end = find(body, b"\r\n")?;
        let line = std::str::from_utf8(body.get(..end)?).ok()?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).unwrap_or(usize::MAX);
        if size == 0 {
            return Some(document);
        }
        if size > MAX_BYTES || document.len() + size > MAX_BYTES {
            return Some(vec![b' '; MAX_BYTES + 1]);
        }
        document.extend_from_slice(body.get(end + 2..end + 2 + size)?);
        body = body.get(end + 2 + size + 2..)?;
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(answer: &str, ended: bool, expected: Option<Reply>) {
        assert_eq!(whole(answer.as_bytes(), ended), expected, "{answer:.80}");
    }

    fn document(text: &str) -> Option<Reply> {
        Some(Reply::Document(text.as_bytes().to_vec()))
    }

    #[test]
    fn answers_are_read_however_they_end() {
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false, document("ab"));
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false, None);
        check("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", true, document(""));
        check("HTTP/1.1 200 OK\r\n\r\nab", false, None);
        check("HTTP/1.1 200 OK\r\n\r\nab", true, document("ab"));
        check(
            "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
            false,
            document("abc"),
        );
        check("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na", false, None);
        check("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\n\r\n", false, Some(Reply::Status(404)));
        check(
            "HTTP/1.1 302 Found\r\nLocation: https://b.example/\r\n\r\n",
            false,
            Some(Reply::Moved("https://b.example/".to_owned())),
        );
        check("HTTP/1.1 302 Found\r\n\r\n", false, Some(Reply::Status(302)));
        check("SSH-2.0-x\r\n\r\n", false, Some(NOT_HTTP));
        check("220 mx ESMTP\r\n\r\n", true, Some(NOT_HTTP));
        check("HTTP/1.1 200 OK", true, None);
    }

    #[test]
    fn what_is_too_large_is_seen_to_be() {
        let too_large =
            |reply: Option<Reply>| matches!(reply, Some(Reply::Document(bytes)) if bytes.len() > MAX_BYTES);
        let head = "HTTP/1.1 200 OK\r\n";
        assert!(too_large(whole(format!("{head}Content-Length: 99999999999\r\n\r\n").as_bytes(), false)));
        assert!(too_large(whole(
            format!("{head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n").as_bytes(),
            false
        )));
        assert!(too_large(whole(format!("{head}\r\n{}", " ".repeat(MAX_BYTES + 1)).as_bytes(), false)));
        assert_eq!(whole(&vec![b'x'; MAX_HEAD + 1], false), Some(NOT_HTTP));
    }

    proptest::proptest! {
        #[test]
        fn no_answer_makes_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200), ended: bool) {
            let _ = whole(&bytes, ended);
            let mut inside = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
            inside.extend(&bytes);
            let _ = whole(&inside, ended);
        }
    }
}
