//! Signatures, checked by a reader that knows nothing but RFC 6376.

use super::*;
use crate::{Algorithm, KeyRecord};
use proptest::prelude::*;
use ring::signature::{ED25519, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

/// The message and keys of RFC 8463 §A.
const DINNER: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
To: Suzie Q <suzie@shopping.example.net>\r\n\
Subject: Is dinner ready?\r\n\
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\
\r\n\
Hi.\r\n\
\r\n\
We lost the game.  Are you hungry yet?\r\n\
\r\n\
Joe.\r\n";
const DINNER_ED25519_RECORD: &str = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const DINNER_SIGNATURE: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
d=football.example.com; i=@football.example.com;\r\n \
q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
subject : date : message-id : from : subject : date;\r\n \
bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n \
b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n \
Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n";

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn tag<'a>(text: &'a str, name: &str) -> &'a str {
    let tags = text.split(';').filter_map(|tag| tag.split_once('='));
    tags.map(|(known, value)| (known.trim(), value)).find(|(known, _)| *known == name).unwrap().1
}

fn bytes(base64: &str) -> Vec<u8> {
    let bare: String = base64.chars().filter(|c| !c.is_whitespace()).collect();
    STANDARD.decode(bare).unwrap()
}

/// Verifies the one signature in front of a message, as RFC 6376 §6.1 says.
fn verify(message: &str, record: &str) -> Result<(), &'static str> {
    let (header, body) = message.split_once("\r\n\r\n").unwrap_or((message, ""));
    let header = format!("{header}\r\n");
    let fields = header::fields(header.as_bytes());
    let signature = std::str::from_utf8(fields[0].value).unwrap();
    let mut hash = BodyHash::new();
    hash.update(body.as_bytes());
    if bytes(tag(signature, "bh")) != hash.finish().as_ref() {
        return Err("body");
    }
    let names: Vec<String> = tag(signature, "h").split(':').map(|name| name.trim().to_owned()).collect();
    let mut text = Vec::new();
    header::canonical(&fields[1..], names.iter().map(String::as_str), &mut text);
    let empty = signature.replace(tag(signature, "b"), "");
    header::canonical_field(Field { name: b"DKIM-Signature", value: empty.as_bytes() }, &mut text);
    let (public, signed) = (bytes(tag(record, "p")), bytes(tag(signature, "b")));
    let verified = match tag(signature, "a") {
        "ed25519-sha256" => {
            let hash = ring::digest::digest(&ring::digest::SHA256, &text);
            UnparsedPublicKey::new(&ED25519, public).verify(hash.as_ref(), &signed)
        }
        // ring reads the bare RSAPublicKey, which stands behind the 24 bytes that say what it is.
        _ => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public[24..]).verify(&text, &signed),
    };
    verified.map_err(|_| "header")
}

fn hashed(message: &[u8]) -> Result<Hashed, AuthenticityError> {
    let mut hashing = Hashing::new();
    hashing.update(message);
    hashing.finish()
}

/// A signer and the record of its key; each key is made once.
fn signer(algorithm: Algorithm) -> (Signer, String) {
    static RSA: std::sync::OnceLock<mail::Secret> = std::sync::OnceLock::new();
    let pem = match algorithm {
        Algorithm::RsaSha256 => RSA.get_or_init(|| SigningKey::generate(algorithm).unwrap()).clone(),
        Algorithm::Ed25519Sha256 => SigningKey::generate(algorithm).unwrap(),
    };
    let domain: Domain = "Football.Example.com".parse().unwrap();
    let key = SigningKey::from_pem(&pem).unwrap();
    let record = KeyRecord::new(&domain, "f1", &key).unwrap().text;
    (Signer::new(domain, "f1", key).unwrap(), record)
}

#[test]
fn the_example_of_the_standard_verifies() {
    let message = format!("{DINNER_SIGNATURE}{DINNER}");
    assert_eq!(verify(&message, DINNER_ED25519_RECORD), Ok(()));
    assert_eq!(hashed(DINNER.as_bytes()).unwrap().body_hash, "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    let changed = message.replace("dinner ready", "dinner burnt");
    assert_eq!(verify(&changed, DINNER_ED25519_RECORD), Err("header"));
    assert_eq!(verify(&message.replace("lost", "won"), DINNER_ED25519_RECORD), Err("body"));
}

#[test]
fn both_algorithms_sign_one_hash() {
    let message = hashed(DINNER.as_bytes()).unwrap();
    for algorithm in [Algorithm::RsaSha256, Algorithm::Ed25519Sha256] {
        let (signer, record) = signer(algorithm);
        let signature = signer.sign(&message, NOW).unwrap();
        assert!(signature.starts_with("DKIM-Signature: v=1; a=") && signature.ends_with("\r\n"));
        assert!(signature.contains("d=football.example.com; s=f1; t=1800000000;"), "{signature}");
        assert!(signature.lines().all(|line| line.len() <= 78), "{signature}");
        assert_eq!(verify(&format!("{signature}{DINNER}"), &record), Ok(()), "{signature}");
    }
}

#[test]
fn what_may_change_on_the_way_and_what_may_not() {
    let (signer, record) = signer(Algorithm::Ed25519Sha256);
    let signature = signer.sign(&hashed(DINNER.as_bytes()).unwrap(), NOW).unwrap();
    let signed = format!("{signature}{DINNER}");
    for (from, to, expected) in [
        ("Subject: Is dinner", "SUBJECT:   Is\r\n dinner", Ok(())),
        ("Joe.\r\n", "Joe.  \r\n\r\n \r\n\t\r\n", Ok(())),
        ("game.  Are", "game. \t Are", Ok(())),
        ("Date: ", "Received: from here\r\nDate: ", Ok(())),
        ("Date: ", "List-Id: <a.list>\r\nDate: ", Ok(())),
        // What is guarded cannot be added, changed or taken away.
        ("Date: ", "From: Mallory <m@example.net>\r\nDate: ", Err("header")),
        ("Date: ", "Subject: Pay at once\r\nDate: ", Err("header")),
        ("Date: ", "Content-Type: text/html\r\nDate: ", Err("header")),
        ("Date: ", "Reply-To: m@example.net\r\nDate: ", Err("header")),
        ("To: Suzie Q <suzie@shopping.example.net>\r\n", "", Err("header")),
        ("Joe.\r\n", "Joe.\r\nPS\r\n", Err("body")),
    ] {
        assert!(signed.contains(from));
        assert_eq!(verify(&signed.replacen(from, to, 1), &record), expected, "{to}");
    }
}

#[test]
fn what_cannot_be_signed() {
    let fail = |message: &[u8]| hashed(message).err().unwrap();
    assert_eq!(fail(b""), AuthenticityError::NoFrom);
    assert_eq!(fail(b"\r\nFrom: in the body\r\n"), AuthenticityError::NoFrom);
    assert_eq!(fail(b"To: a\r\n\r\nFrom: b\r\n"), AuthenticityError::NoFrom);
    let endless = "X: y\r\n".repeat(300_000);
    assert_eq!(fail(endless.as_bytes()), AuthenticityError::HeaderTooLong);
    assert_eq!(fail(format!("{endless}From: a\r\n\r\nb").as_bytes()), AuthenticityError::HeaderTooLong);
    let mut pieces = Hashing::new();
    for piece in endless.as_bytes().chunks(1_000) {
        pieces.update(piece);
    }
    assert_eq!(pieces.finish().err(), Some(AuthenticityError::HeaderTooLong));
}

#[test]
fn a_large_body_is_not_kept() {
    let mut hashing = Hashing::new();
    hashing.update(b"From: a@football.example.com\r\n\r\n");
    let piece = vec![b'x'; 64 * 1024];
    for _ in 0..800 {
        hashing.update(&piece);
    }
    assert!(hashing.body.is_some() && hashing.header.len() < 100 && hashing.header.capacity() < 100_000);
    assert!(hashing.finish().is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn random_messages_verify_however_they_are_cut(
        fields in prop::collection::vec(("(Subject|To|X-[a-z]{1,5}|Cc|Sender|List-Id)", "[ -~\u{e9}]{0,40}(\r\n [ -~]{1,20})?"), 0..8),
        body in "([ -~\t\u{e9}]{0,30}(\r\n){0,3}){0,6}",
        size in 1_usize..40,
    ) {
        let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let message = format!("From: a@football.example.com\r\n{lines}\r\n{body}");
        let mut hashing = Hashing::new();
        for piece in message.as_bytes().chunks(size) {
            hashing.update(piece);
        }
        let (signer, record) = signer(Algorithm::Ed25519Sha256);
        let signature = signer.sign(&hashing.finish().unwrap(), NOW).unwrap();
        prop_assert_eq!(verify(&format!("{signature}{message}"), &record), Ok(()));
    }
}
