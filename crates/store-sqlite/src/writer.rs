//! The one writer: a thread that puts whatever waits into one transaction, and answers when it is durable.

use crate::fault::{Fault, Outcome};
use crate::health::Health;
use crate::session::Session;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use store::StoreError;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

/// The operations that may wait for the writer; more callers wait before they enter.
const INBOX: usize = 4_096;
/// The most operations of one transaction: it bounds what a failure repeats, and how long the first one waits.
const BATCH_OPERATIONS: usize = 1_024;
/// The most bytes of contents in one transaction, so that it stays within the log's usual size.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// What a caller asks of the writer.
trait Task: Send {
    /// Does it, inside a transaction. May be called twice: again after the first transaction was undone.
    fn apply(&mut self, session: &mut Session) -> Result<(), StoreError>;
    /// Tells the caller: what `apply` said last, or why the whole transaction failed.
    fn answer(self: Box<Self>, failure: Option<&StoreError>);
    /// How much it adds to the transaction.
    fn bytes(&self) -> usize;
}

struct TaskOf<T, F> {
    act: F,
    bytes: usize,
    result: Option<Result<T, StoreError>>,
    caller: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&mut Session) -> Outcome<T> + Send> Task for TaskOf<T, F> {
    fn apply(&mut self, session: &mut Session) -> Result<(), StoreError> {
        let result = (self.act)(session).map_err(Fault::into_store);
        let verdict = result.as_ref().map(|_| ()).map_err(Clone::clone);
        self.result = Some(result);
        verdict
    }

    fn answer(self: Box<Self>, failure: Option<&StoreError>) {
        let result = match (failure, self.result) {
            (Some(failure), _) => Err(failure.clone()),
            (None, Some(result)) => result,
            (None, None) => Err(StoreError::Closed),
        };
        // A caller that went away does not want to know.
        let _ = self.caller.send(result);
    }

    fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Who waits for the end of the thread.
type Closer = oneshot::Sender<Result<(), StoreError>>;

enum Message {
    Task(Box<dyn Task>),
    Close(Closer),
}

/// The callers' end.
#[derive(Clone)]
pub(crate) struct Writer {
    inbox: mpsc::Sender<Message>,
}

impl Writer {
    /// Starts the thread. `reopen` makes a new session after the disk failed; `bodies` is where body files are.
    pub(crate) fn start(
        session: Session,
        bodies: PathBuf,
        health: Arc<Health>,
        reopen: impl FnMut() -> Outcome<Session> + Send + 'static,
    ) -> std::io::Result<(Self, std::thread::JoinHandle<()>)> {
        let (inbox, outbox) = mpsc::channel(INBOX);
        let loop_ = Loop { outbox, session: Some(session), bodies, health, reopen: Box::new(reopen) };
        let thread =
            std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || loop_.run())?;
        Ok((Self { inbox }, thread))
    }

    /// Puts an operation into the next transaction, and waits until it is durable. The operation may run twice, and
    /// then finds everything as it was the first time.
    pub(crate) async fn write<T, F>(&self, bytes: usize, act: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Session) -> Outcome<T> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let task = Box::new(TaskOf { act, bytes, result: None, caller });
        self.inbox.send(Message::Task(task)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Finishes what is in the inbox, writes the log back, and ends the thread.
    pub(crate) async fn close(&self) -> Result<(), StoreError> {
        let (caller, answer) = oneshot::channel();
        if self.inbox.send(Message::Close(caller)).await.is_err() {
            return Ok(());
        }
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

struct Loop {
    outbox: mpsc::Receiver<Message>,
    /// `None` after the disk failed, until it could be opened anew.
    session: Option<Session>,
    bodies: PathBuf,
    health: Arc<Health>,
    reopen: Box<dyn FnMut() -> Outcome<Session> + Send>,
}

impl Loop {
    fn run(mut self) {
        while let Some(message) = self.outbox.blocking_recv() {
            let (batch, close) = self.gather(message);
            if !batch.is_empty() {
                self.serve(batch);
            }
            if let Some(caller) = close {
                self.finish(caller);
                return;
            }
        }
    }

    /// Takes whatever else waits by now.
    fn gather(&mut self, first: Message) -> (Vec<Box<dyn Task>>, Option<Closer>) {
        let mut batch = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Close(caller) => return (batch, Some(caller)),
                Message::Task(task) => {
                    bytes += task.bytes();
                    batch.push(task);
                }
            }
            let full = batch.len() >= BATCH_OPERATIONS || bytes >= BATCH_BYTES;
            next = if full { None } else { self.outbox.try_recv().ok() };
        }
        (batch, None)
    }

    fn finish(&mut self, caller: Closer) {
        self.outbox.close();
        while let Ok(message) = self.outbox.try_recv() {
            if let Message::Task(task) = message {
                task.answer(Some(&StoreError::Closed));
            }
        }
        let session = self.session.take();
        // What the log holds after a failed sync is for the next start to find out.
        let done = self.health.check().map_err(Fault::from).and_then(|()| match &session {
            Some(session) => session.checkpoint(),
            None => Ok(()),
        });
        let _ = caller.send(done.map_err(Fault::into_store));
    }

    fn serve(&mut self, mut batch: Vec<Box<dyn Task>>) {
        // A panic inside an operation is a fault of this program; it must not take the store with it.
        let done = catch_unwind(AssertUnwindSafe(|| self.transact(&mut batch)));
        let failure = match done {
            // A content may have failed to reach the disk meanwhile: nothing is confirmed after that.
            Ok(Ok(files)) if self.health.check().is_ok() => {
                batch.into_iter().for_each(|task| task.answer(None));
                self.remove_files(&files);
                return;
            }
            Ok(Ok(_)) => self.health.check().err().unwrap_or(StoreError::Closed),
            Ok(Err(failure)) => failure,
            Err(_) => StoreError::Disk { detail: "the writer failed".to_owned() },
        };
        if let StoreError::ReadOnly { detail } = &failure {
            self.health.lose(detail);
            if let Some(session) = self.session.take() {
                session.abandon();
            }
        } else if !matches!(failure, StoreError::Full { .. }) && self.session.take().is_some() {
            error!(error = %failure, "the store failed: nothing is accepted until it was opened anew");
        }
        batch.into_iter().for_each(|task| task.answer(Some(&failure)));
    }

    /// One transaction with all of the batch. An error here is an error of the disk and of everybody in the batch.
    fn transact(&mut self, batch: &mut [Box<dyn Task>]) -> Result<Vec<String>, StoreError> {
        self.health.check()?;
        if self.session.is_none() {
            self.session = Some((self.reopen)().map_err(Fault::into_store)?);
            info!("the store was opened anew");
        }
        let Some(session) = self.session.as_mut() else { return Err(StoreError::Closed) };
        let result = match together(session, batch) {
            Ok(ControlFlow::Continue(())) => session.commit(),
            Ok(ControlFlow::Break(())) => one_by_one(session, batch).and_then(|()| session.commit()),
            Err(fault) => Err(fault),
        };
        result.map_err(|fault| {
            let failure = fault.into_store();
            // The first error is the one that counts; what cannot be rolled back is thrown away with the session.
            match session.roll_back() {
                Ok(()) => failure,
                Err(_) if matches!(failure, StoreError::ReadOnly { .. }) => failure,
                Err(_) => StoreError::Disk { detail: failure.to_string() },
            }
        })
    }

    fn remove_files(&self, names: &[String]) {
        for name in names {
            if let Err(error) = std::fs::remove_file(crate::bodies::path_of(&self.bodies, name)) {
                info!(%error, "the file of a body that nobody needs stays until the next start");
            }
        }
    }
}

/// Whether an error is everybody's: the disk failed, and not one operation.
pub(crate) const fn is_the_disk(error: &StoreError) -> bool {
    matches!(error, StoreError::Disk { .. } | StoreError::ReadOnly { .. })
}

/// Applies the batch in one go. Breaks off at the first operation that fails for its own reason.
fn together(session: &mut Session, batch: &mut [Box<dyn Task>]) -> Outcome<ControlFlow<()>> {
    session.begin()?;
    for task in batch {
        let Err(error) = task.apply(session) else { continue };
        if !session.in_transaction() || is_the_disk(&error) {
            return Err(error.into());
        }
        session.roll_back()?;
        return Ok(ControlFlow::Break(()));
    }
    Ok(ControlFlow::Continue(()))
}

/// Applies the batch again, each operation in a part of its own, so that a bad one is undone alone. This is not done from
/// the start because the parts cost a tenth of a transaction, and bad operations are rare.
fn one_by_one(session: &mut Session, batch: &mut [Box<dyn Task>]) -> Outcome<()> {
    session.begin()?;
    for task in batch {
        let before = session.begin_part()?;
        let failed = task.apply(session).err();
        match failed {
            Some(error) if !session.in_transaction() || is_the_disk(&error) => {
                return Err(error.into());
            }
            Some(_) => session.end_part(Some(before))?,
            None => session.end_part(None)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::FreeSpace;
    use crate::key::Sealer;
    use crate::schema::open_writer;
    use mail::Clock;
    use std::path::Path;
    use std::sync::atomic::{AtomicU32, Ordering};

    fn session(directory: &Path) -> Outcome<Session> {
        let space = Arc::new(FreeSpace::new(directory.to_owned(), 0, Clock::System));
        Session::new(open_writer(&directory.join("facteur.db"))?, space, Arc::new(Sealer::open(directory)?))
    }

    fn disk() -> StoreError {
        StoreError::Disk { detail: "pulled out".to_owned() }
    }

    /// Sends calls that meet in one batch: the thread is kept busy until all of them wait.
    fn in_one_batch(
        writer: &Writer,
        acts: Vec<fn(&mut Session) -> Outcome<()>>,
    ) -> Vec<Result<(), StoreError>> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let (free, busy) = std::sync::mpsc::channel::<()>();
            let (began, waiting) = std::sync::mpsc::channel::<()>();
            let first = tokio::spawn({
                let writer = writer.clone();
                let hold = move |_: &mut Session| {
                    let _ = began.send(());
                    let _ = busy.recv();
                    Ok(())
                };
                async move { writer.write(0, hold).await }
            });
            while waiting.try_recv().is_err() && !first.is_finished() {
                tokio::task::yield_now().await;
            }
            let calls: Vec<_> = acts
                .into_iter()
                .map(|act| {
                    let writer = writer.clone();
                    tokio::spawn(async move { writer.write(0, act).await })
                })
                .collect();
            while writer.inbox.max_capacity() - writer.inbox.capacity() < calls.len() {
                tokio::task::yield_now().await;
            }
            drop(free);
            let _ = first.await;
            let mut answers = Vec::new();
            for call in calls {
                answers.push(call.await.unwrap());
            }
            answers
        })
    }

    fn set(session: &mut Session) -> Outcome<()> {
        session.set_setting("a", Some("1"))
    }

    #[test]
    fn a_failed_disk_fails_the_batch_and_is_opened_anew() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let tries = Arc::new(AtomicU32::new(0));
        let reopen = {
            let (tries, path) = (Arc::clone(&tries), path.clone());
            move || match tries.fetch_add(1, Ordering::SeqCst) {
                0 => Err(Fault::Store(disk())),
                _ => session(&path),
            }
        };
        let (writer, thread) =
            Writer::start(session(&path).unwrap(), path.join("bodies"), Arc::default(), reopen).unwrap();
        let answers = in_one_batch(&writer, vec![set, |_| Err(Fault::Store(disk())), set]);
        assert_eq!(answers, vec![Err(disk()), Err(disk()), Err(disk())], "everybody in the batch");
        assert_eq!(tries.load(Ordering::SeqCst), 0);
        assert_eq!(
            in_one_batch(&writer, vec![]),
            vec![],
            "the first call after it meets a disk that is still gone"
        );
        assert_eq!(tries.load(Ordering::SeqCst), 1);
        let counted = in_one_batch(&writer, vec![set, |session| session.set_setting("b", Some("2"))]);
        assert_eq!(counted, vec![Ok(()), Ok(())], "once it is back, it serves again");
        drop(writer);
        thread.join().unwrap();
        let conn = open_writer(&path.join("facteur.db")).unwrap();
        let kept: i64 = conn.query_row("SELECT count(*) FROM settings", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, 2);
    }

    #[test]
    fn a_bad_call_is_undone_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().to_owned();
        let never = || Err(Fault::Store(StoreError::Closed));
        let (writer, thread) =
            Writer::start(session(&path).unwrap(), path.join("bodies"), Arc::default(), never).unwrap();
        let bad: fn(&mut Session) -> Outcome<()> = |session| {
            session.set_setting("bad", Some("1"))?;
            session.saw_id(99);
            session.next_row();
            Err(Fault::missing("it"))
        };
        let answers = in_one_batch(&writer, vec![set, bad, |session| session.set_setting("b", None), bad]);
        let missing = || Err(StoreError::Missing { name: "it".to_owned() });
        assert_eq!(answers, vec![Ok(()), missing(), Ok(()), missing()]);
        let panicking = in_one_batch(&writer, vec![|_| panic!("a fault of this program")]);
        assert!(matches!(panicking[..], [Err(StoreError::Disk { .. })]), "{panicking:?}");
        drop(writer);
        thread.join().unwrap();
        let session = session(&path).unwrap();
        assert_eq!(session.last_id(), 0, "what the bad call counted is forgotten");
        let conn = open_writer(&path.join("facteur.db")).unwrap();
        let kept: String =
            conn.query_row("SELECT group_concat(name) FROM settings", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "a");
    }
}
