//! The answers to whoever gives out certificates (ACME, RFC 8555 §8.3). Another program gets the certificates and writes the
//! answers (certbot with `--webroot`, lego with `--http.webroot`); here they are only handed over.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Where a challenge is asked for; the token follows.
pub(crate) const PATH: &str = "/.well-known/acme-challenge/";

/// The longest token: those of RFC 8555 have some forty letters.
const TOKEN_BYTES: usize = 200;

/// The largest answer: a token, a dot and a digest.
const ANSWER_BYTES: u64 = 1_024;

/// The answer to a challenge, when there is one. A token is letters, digits, `-` and `_`, so that it names no other file.
pub(crate) fn answer(webroot: &Path, token: &str) -> Option<Vec<u8>> {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if token.is_empty() || token.len() > TOKEN_BYTES || !token.bytes().all(is_fine) {
        return None;
    }
    let file = File::open(webroot.join(PATH.trim_start_matches('/')).join(token)).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut answer = Vec::new();
    file.take(ANSWER_BYTES).read_to_end(&mut answer).ok()?;
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn only_tokens_are_answered() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join(".well-known/acme-challenge");
        fs::create_dir_all(place.join("folder")).unwrap();
        fs::write(place.join("aZ0-_"), "aZ0-_.digest").unwrap();
        fs::write(root.path().join("secret"), "x").unwrap();
        fs::write(place.join("with.dot"), "x").unwrap();
        for (token, expected) in [
            ("aZ0-_", Some("aZ0-_.digest")),
            ("folder", None),
            ("none", None),
            ("with.dot", None),
            ("", None),
            ("../../secret", None),
            ("/etc/hostname", None),
            ("%2e%2e", None),
        ] {
            let found = answer(root.path(), token).map(|bytes| String::from_utf8(bytes).unwrap());
            assert_eq!(found.as_deref(), expected, "{token}");
        }
    }
}
