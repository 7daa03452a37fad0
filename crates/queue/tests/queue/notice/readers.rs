//! Two readers that are not ours: the email package of Python, and flufl.bounce, the reader of Mailman.

use super::samples::Sample;
use queue::notice::NoticeKind;
use std::path::Path;
use std::process::Command;

/// Writes every sample to a directory with what is expected of it, and asks both readers.
pub fn check_all(samples: &[Sample]) {
    let dir = tempfile::tempdir().unwrap();
    // Neither reads the internationalised form (RFC 6533), which goes only to those whose addresses are.
    let samples: Vec<&Sample> = samples.iter().filter(|sample| sample.to.local().is_ascii()).collect();
    for sample in &samples {
        let addresses: Vec<String> = sample.told.iter().map(|told| told.address.to_string()).collect();
        let outcome = match sample.kind {
            NoticeKind::Failure => "permanent",
            NoticeKind::Delay => "temporary",
            NoticeKind::Success | NoticeKind::Relayed => "none",
        };
        let expected = serde_json::json!({
            "addresses": addresses,
            "outcome": outcome,
            "language": sample.language.tag(),
            "ascii": addresses.iter().all(|address| address.is_ascii()),
        });
        std::fs::write(dir.path().join(format!("{}.eml", sample.name)), sample.compose().content).unwrap();
        std::fs::write(dir.path().join(format!("{}.json", sample.name)), expected.to_string()).unwrap();
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/queue/notice/readers.py");
    let output = Command::new("/usr/bin/python3").arg(script).arg(dir.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{wrong}");
    assert_eq!(said.trim(), format!("read {} notices", samples.len()), "{wrong}");
}
