//! The story that every store must pass: each sentence of [`store`]'s documentation as a scene on a fresh store, and long
//! random walks on which a store must answer as [`crate::memory::MemoryStore`] does, across crashes.
//!
//! A store's test implements [`Subject`] and calls [`story`] and [`random::walk`].

mod directory;
mod history;
mod keys;
mod leases;
mod protections;
pub mod random;
pub mod sample;
mod spool;
mod statistics;
mod webhooks;

use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use store::{Later, Store, StoreError};

/// A kind of store under test: how it is made, killed and stopped.
pub trait Subject: Send + Sync {
    /// A new and empty store.
    fn fresh(&self) -> Later<'_, Arc<dyn Store>>;
    /// The store as it is found after its process was killed.
    fn crash(&self, store: Arc<dyn Store>) -> Later<'_, Arc<dyn Store>>;
    /// The store as it is found after a clean stop.
    fn restart(&self, store: Arc<dyn Store>) -> Later<'_, Arc<dyn Store>>;
}

/// What the store did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub String);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self(format!("unexpected refusal: {error}"))
    }
}

/// The end of a scene: nothing to say, or what was wrong.
pub type Proof = Result<(), Failure>;

/// A store on stage.
pub(crate) struct Stage {
    pub(crate) store: Arc<dyn Store>,
    subject: Arc<dyn Subject>,
}

impl Stage {
    async fn new(subject: &Arc<dyn Subject>) -> Result<Self, Failure> {
        Ok(Self { store: subject.fresh().await?, subject: Arc::clone(subject) })
    }

    /// The same with an empty store.
    pub(crate) async fn anew(self) -> Result<Self, Failure> {
        Self::new(&self.subject).await
    }

    /// Kills the store and opens it again.
    pub(crate) async fn crash(&mut self) -> Proof {
        self.store = self.subject.crash(Arc::clone(&self.store)).await?;
        Ok(())
    }

    /// Stops the store and opens it again.
    pub(crate) async fn restart(&mut self) -> Proof {
        self.store = self.subject.restart(Arc::clone(&self.store)).await?;
        Ok(())
    }
}

type Playing = Pin<Box<dyn Future<Output = Proof> + Send>>;
/// A scene by its name.
type Scene = (&'static str, fn(Stage) -> Playing);

/// Plays every scene, each on a fresh store. All failures are told at once.
pub async fn story(subject: Arc<dyn Subject>) -> Proof {
    let all = [spool::SCENES, leases::SCENES, directory::SCENES, keys::SCENES, protections::SCENES];
    let more = [history::SCENES, webhooks::SCENES, statistics::SCENES];
    let scenes = [all.concat(), more.concat()].concat();
    let mut wrong = Vec::new();
    for (name, play) in scenes {
        let played = match Stage::new(&subject).await {
            Ok(stage) => play(stage).await,
            Err(failure) => Err(failure),
        };
        if let Err(Failure(text)) = played {
            wrong.push(format!("{name}: {text}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Failure(wrong.join("\n"))) }
}

/// Two values are the same.
#[track_caller]
pub(crate) fn same<T: PartialEq + Debug>(what: &str, found: T, expected: T) -> Proof {
    if found == expected {
        return Ok(());
    }
    let line = std::panic::Location::caller().line();
    Err(Failure(format!("{what} (line {line}):\n   found {found:?}\nexpected {expected:?}")))
}

/// A call was refused with this error.
#[track_caller]
pub(crate) fn refused<T: Debug>(what: &str, found: Result<T, StoreError>, expected: StoreError) -> Proof {
    same(what, found.map(|_| ()), Err(expected))
}

/// What must be there.
pub(crate) fn there<T>(what: &str, found: Option<T>) -> Result<T, Failure> {
    found.ok_or_else(|| Failure(format!("{what} is not there")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryStore;
    use std::sync::Mutex;

    /// The model in the place of a store: there is always one, the newest.
    #[derive(Default)]
    struct Model {
        newest: Mutex<Arc<MemoryStore>>,
    }

    impl Subject for Model {
        fn fresh(&self) -> Later<'_, Arc<dyn Store>> {
            let store = Arc::new(MemoryStore::new());
            *self.newest.lock().unwrap() = Arc::clone(&store);
            Box::pin(async { Ok(store as Arc<dyn Store>) })
        }

        fn crash(&self, store: Arc<dyn Store>) -> Later<'_, Arc<dyn Store>> {
            self.newest.lock().unwrap().crash();
            Box::pin(async { Ok(store) })
        }

        fn restart(&self, store: Arc<dyn Store>) -> Later<'_, Arc<dyn Store>> {
            self.crash(store)
        }
    }

    #[test]
    fn the_model_passes_its_own_story() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        if let Err(Failure(text)) = runtime.block_on(story(Arc::new(Model::default()))) {
            panic!("{text}");
        }
    }
}
