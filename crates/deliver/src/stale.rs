//! Kept connections that were kept too long.

use mail::{Evidence, Seen, Stage};

/// Whether the failure of a kept connection only says that it was kept too long: it was cut, or the server said
/// goodbye, or a box on the way forgot it and lets nothing through, before it took anything. A fresh connection may do.
pub(crate) fn is_stale(evidence: &Evidence) -> bool {
    let cut = matches!(evidence.seen, Seen::Dropped | Seen::Io { .. } | Seen::Timeout { .. });
    evidence.stage == Stage::Mail && (cut || evidence.reply().is_some_and(|reply| reply.code.get() == 421))
}
