//! A thousand mails, signed by both kinds of keys, and what others make of them.

use crate::mails::{BODIES, HEADERS, Random, random};
use authenticity::{Algorithm, Hashing, KeyRecord, Signer, SigningKey};
use mail::{Clock, Domain};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Random mails besides those with traps.
const MAILS: usize = 1_000;

struct Post {
    signers: Vec<Signer>,
    records: Vec<KeyRecord>,
}

impl Post {
    fn new() -> Self {
        let domain: Domain = "example.org".parse().unwrap();
        let mut post = Self { signers: Vec::new(), records: Vec::new() };
        for (selector, algorithm) in [("rsa1", Algorithm::RsaSha256), ("ed1", Algorithm::Ed25519Sha256)] {
            let pem = SigningKey::generate(algorithm).unwrap();
            let key = || SigningKey::from_pem(&pem).unwrap();
            post.records.push(KeyRecord::new(&domain, selector, &key()).unwrap());
            post.signers.push(Signer::new(domain.clone(), selector, key()).unwrap());
        }
        post
    }

    /// The mail with both signatures in front.
    fn sign(&self, mail: &str, piece: usize) -> String {
        let mut hashing = Hashing::new();
        for piece in mail.as_bytes().chunks(piece) {
            hashing.update(piece);
        }
        let hashed = hashing.finish().unwrap();
        let now = Clock::System.now();
        let signatures: String =
            self.signers.iter().map(|signer| signer.sign(&hashed, now).unwrap()).collect();
        // SMTP ends every content with a line end (RFC 5321 §4.1.1.4), whether it had one or not.
        let end = if mail.ends_with("\r\n") { "" } else { "\r\n" };
        signatures + mail + end
    }
}

/// Writes good and spoilt mails, and the records, for the verifiers to read.
fn write_all(post: &Post, dir: &Path) {
    let mut dice = Random(20_261_122);
    let traps = HEADERS.iter().flat_map(|header| BODIES.iter().map(move |body| (header, body)));
    let mut mails: Vec<String> =
        traps.map(|(header, body)| format!("From: a@example.org\r\n{header}\r\n{body}")).collect();
    mails.extend((0..MAILS).map(|_| random(&mut dice)));
    for (number, mail) in mails.iter().enumerate() {
        let signed = post.sign(mail, 1 + dice.below(200));
        fs::write(dir.join(format!("good-{number:04}.eml")), &signed).unwrap();
        if number % 10 == 0 {
            let spoilt =
                [signed.replacen("\r\n\r\n", "\r\n\r\nPS ", 1), signed.replacen("From: A", "From: B", 1)];
            let spoilt = spoilt.into_iter().find(|spoilt| *spoilt != signed).unwrap();
            fs::write(dir.join(format!("spoilt-{number:04}.eml")), spoilt).unwrap();
        }
    }
    let records: String =
        post.records.iter().map(|record| format!("{}\t{}\n", record.name, record.text)).collect();
    fs::write(dir.join("records"), records).unwrap();
}

fn run(script: &str, dir: &Path) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dkim").join(script);
    // The system's own interpreter: the verifiers are packages of the system.
    let output = Command::new("/usr/bin/python3").arg(&script).arg(dir).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{said}\n{complaint}", script.display());
    println!("{said}");
}

#[test]
fn others_verify_what_we_sign_and_refuse_what_was_changed() {
    let dir = tempfile::tempdir().unwrap();
    write_all(&Post::new(), dir.path());
    for script in ["by_dkimpy.py", "by_opendkim.py"] {
        run(script, dir.path());
    }
}
