//! A signed profile is what openssl accepts: from its own key to its own verifier, with each kind of key.

use discover::give::{Scheme, SignError, Signer, signed};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

const DOCUMENT: &str = "<?xml version=\"1.0\"?>\n<plist version=\"1.0\"><dict/></plist>\n";

#[track_caller]
fn openssl(place: &Path, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new("openssl")
        .args(arguments)
        .current_dir(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is installed by scripts/setup.sh");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let done = child.wait_with_output().unwrap();
    if done.status.success() { Ok(done.stdout) } else { Err(String::from_utf8_lossy(&done.stderr).into()) }
}

/// Makes a key and its certificate, has the document signed, and gives what openssl reads out of the signature.
fn check(kind: &[&str], scheme: Scheme, digest: &str) {
    let place = tempfile::tempdir().unwrap();
    let made = ["req", "-x509", "-nodes", "-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=mail.test"];
    openssl(place.path(), &[&made, kind].concat(), b"").unwrap();
    let chain = [openssl(place.path(), &["x509", "-in", "cert.pem", "-outform", "DER"], b"").unwrap()];
    let sign = |message: &[u8]| openssl(place.path(), &["dgst", digest, "-sign", "key.pem"], message).ok();
    let whole = signed(DOCUMENT, &Signer { chain: &chain, scheme, sign: &sign }).unwrap();
    for verifier in ["smime", "cms"] {
        let verify = |bytes: &[u8]| {
            let arguments =
                [verifier, "-verify", "-inform", "DER", "-CAfile", "cert.pem", "-purpose", "any", "-binary"];
            openssl(place.path(), &arguments, bytes)
        };
        assert_eq!(verify(&whole).map(|bytes| String::from_utf8(bytes).unwrap()), Ok(DOCUMENT.into()));
        let at = whole.windows(5).position(|window| window == b"plist").expect("the document is in it");
        let mut other = whole.clone();
        other[at] = b'q';
        assert!(verify(&other).is_err(), "{verifier}: a changed document passes");
    }
}

#[test]
fn each_kind_of_key_signs() {
    check(&["-newkey", "rsa:2048"], Scheme::RsaSha256, "-sha256");
    let curve = |name| ["-newkey", "ec", "-pkeyopt", name];
    check(&curve("ec_paramgen_curve:P-256"), Scheme::EcdsaSha256, "-sha256");
    check(&curve("ec_paramgen_curve:P-384"), Scheme::EcdsaSha384, "-sha384");
}

#[test]
fn without_a_certificate_or_a_signature_there_is_none() {
    let scheme = Scheme::EcdsaSha256;
    let of = |chain: &[Vec<u8>]| signed(DOCUMENT, &Signer { chain, scheme, sign: &|_| None });
    assert!(matches!(of(&[]), Err(SignError::Certificate { .. })));
    assert!(matches!(of(&[b"hello".to_vec()]), Err(SignError::Certificate { .. })));
    let place = tempfile::tempdir().unwrap();
    let made = ["req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    let out = ["-keyout", "/dev/null", "-outform", "DER", "-subj", "/CN=mail.test"];
    let certificate = openssl(place.path(), &[&made[..], &out].concat(), b"").unwrap();
    assert_eq!(of(&[certificate]), Err(SignError::Key));
}
