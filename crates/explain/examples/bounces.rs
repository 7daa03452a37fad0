//! Reads the bounces whose files are named, and writes one line a file: its kind and its recipients.

use explain::bounce;
use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    for file in std::env::args().skip(1) {
        let report = bounce::read(&std::fs::read(&file)?);
        let recipients: Vec<_> = report
            .recipients
            .iter()
            .map(|one| serde_json::json!({"recipient": one.address, "permanent": one.permanent, "raw": one.raw, "answer": one.answer()}))
            .collect();
        let line = serde_json::json!({"file": file, "kind": report.kind, "message_id": report.message_id, "recipients": recipients});
        writeln!(out, "{line}")?;
    }
    out.flush()
}
