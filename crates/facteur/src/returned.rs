//! Reports that other servers send back: taken at return paths only, read, and joined to their messages.

use crate::door::{refused, reply};
use control::Control;
use explain::bounce::MAX_BYTES;
use mail::{Address, AuthorError, AuthorScan, Envelope, QueueId, Reply};
use net::door::{BoxFuture, Intake, no_mail_for};
use queue::{Joined, NotReturned, Refusal};
use std::sync::Arc;

/// The message that an address of this server brings back, or what the other server is told.
pub fn message_of(control: &Control, address: &Address) -> Result<QueueId, Reply> {
    let now = control.queue().clock().now();
    control.return_paths().message(address, now).map_err(|fault| match fault {
        NotReturned::Form => no_mail_for(address),
        NotReturned::Forged => reply(
            550,
            (5, 1, 1),
            format!("<{address}> is no address of this server: check how it is written"),
        ),
        NotReturned::Expired => {
            reply(550, (5, 1, 1), format!("<{address}> is too old: reports to it are no longer taken"))
        }
    })
}

/// A report on its way in: its beginning is kept in memory, and no more of it is ever read.
pub struct ReturnedIntake {
    control: Arc<Control>,
    kept: Vec<u8>,
    authors: AuthorScan,
}

impl ReturnedIntake {
    /// An empty one.
    pub fn new(control: Arc<Control>) -> Self {
        Self { control, kept: Vec::new(), authors: AuthorScan::default() }
    }

    fn keep(&mut self, chunk: &[u8]) {
        self.authors.feed(chunk);
        let room = MAX_BYTES.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
    }

    async fn join(self: Box<Self>, envelope: Envelope) -> Result<Reply, Reply> {
        // What reports write into From is often strange; two of them are written by nobody who means well.
        if self.authors.is_several() {
            return Err(refused(&Refusal::AuthorUnclear(AuthorError::Several)));
        }
        let mut is_too_soon = false;
        for recipient in &envelope.recipients {
            let id = message_of(&self.control, &recipient.address)?;
            match self.control.queue().came_back(id, &self.kept).await {
                Ok(Joined::TooSoon) => is_too_soon = true,
                Ok(joined) => tracing::info!(message = %id, ?joined, "a report came back"),
                Err(error) => {
                    tracing::error!(message = %id, %error, "a report cannot be stored: its server is told to try again");
                    return Err(refused(&Refusal::Store(error)));
                }
            }
        }
        if is_too_soon {
            // What was taken down is not taken down twice when the report comes again.
            return Err(reply(
                451,
                (4, 3, 0),
                "That message is still on its way: send the report again later",
            ));
        }
        Ok(reply(250, (2, 0, 0), "Ok: taken down"))
    }
}

impl Intake for ReturnedIntake {
    fn append<'a>(&'a mut self, chunk: Vec<u8>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async move {
            self.keep(&chunk);
            Ok(())
        })
    }

    fn finish(
        mut self: Box<Self>,
        envelope: Envelope,
        last: Vec<u8>,
    ) -> BoxFuture<'static, Result<Reply, Reply>> {
        Box::pin(async move {
            self.keep(&last);
            self.join(envelope).await
        })
    }
}
