//! How much of what is given over HTTP is in memory at the same time.

use crate::api::Problem;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The largest request: a message with about 24 MB of files, as base64.
pub(crate) const REQUEST_BYTES: usize = 32 << 20;
/// All requests together: past it a request waits for others to end.
const TOGETHER_BYTES: usize = 48 << 20;
/// What a request is counted as that does not say its size, and the most that it may have.
const UNSAID_BYTES: usize = 1 << 20;
/// The unit in which bytes are counted.
const UNIT: usize = 1 << 10;
/// How long a request may wait for its place.
const WAIT: Duration = Duration::from_secs(30);
/// How long its body may take to come in.
const READ: Duration = Duration::from_secs(90);

/// The budget.
pub(crate) struct Budget(Arc<Semaphore>);

impl Default for Budget {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(TOGETHER_BYTES / UNIT)))
    }
}

impl Budget {
    /// Reads a body, and keeps its place in the budget for as long as the second value lives.
    pub(crate) async fn read(&self, body: Body) -> Result<(Bytes, OwnedSemaphorePermit), Problem> {
        let said = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
        let most = said.unwrap_or(UNSAID_BYTES);
        if most > REQUEST_BYTES {
            return Err(Problem::of("too-large"));
        }
        let units = u32::try_from(most.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let busy = || Problem::of("unavailable").wait_ms(5_000);
        let place = tokio::time::timeout(WAIT, Arc::clone(&self.0).acquire_many_owned(units)).await;
        let place = place.map_err(|_| busy())?.map_err(|_| busy())?;
        match tokio::time::timeout(READ, to_bytes(body, most)).await {
            Ok(Ok(bytes)) => Ok((bytes, place)),
            Ok(Err(_)) => Err(Problem::of("too-large")),
            Err(_) => Err(Problem::of("too-slow")),
        }
    }
}
