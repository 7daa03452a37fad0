//! One timer for each connection, set again lazily.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until};

/// A deadline that moves with every step of a conversation. Moving it later costs one look at the
/// clock and touches no timer: the timer fires at its old time, sees the new one, and sleeps on.
pub(crate) struct TimeLimit {
    due: Instant,
    // Made at the first wait: a conversation that never waits never has a timer.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl TimeLimit {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { due: Instant::now() + limit, sleep: None }
    }

    /// Counts anew from now.
    pub(crate) fn restart(&mut self, limit: Duration) {
        self.due = Instant::now() + limit;
    }

    /// Counts anew from now, but never beyond `latest`.
    pub(crate) fn restart_by(&mut self, limit: Duration, latest: Instant) {
        self.due = (Instant::now() + limit).min(latest);
    }

    /// Ready when the time is over.
    pub(crate) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(self.due)));
        if sleep.deadline() > self.due {
            sleep.as_mut().reset(self.due);
        }
        while sleep.as_mut().poll(cx).is_ready() {
            if Instant::now() >= self.due {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(self.due);
        }
        Poll::Pending
    }

    /// Waits for `work` at most until the deadline; `None` when the time is over first.
    pub(crate) async fn bound<F: Future>(&mut self, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        poll_fn(|cx| match work.as_mut().poll(cx) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending => self.poll_over(cx).map(|()| None),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_deadline_moves_both_ways() {
        let start = Instant::now();
        let mut limit = TimeLimit::new(Duration::from_secs(10));
        assert_eq!(limit.bound(tokio::time::sleep(Duration::from_secs(4))).await, Some(()));
        limit.restart(Duration::from_secs(10));
        assert_eq!(limit.bound(std::future::pending::<()>()).await, None);
        assert_eq!(start.elapsed().as_secs(), 14);
        limit.restart(Duration::from_secs(1));
        assert_eq!(limit.bound(std::future::pending::<()>()).await, None);
        assert_eq!(start.elapsed().as_secs(), 15);
    }
}
