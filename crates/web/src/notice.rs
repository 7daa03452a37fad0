//! What came of a form, shown once on the page that follows it.

use crate::ask::Ask;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many notices wait to be read at most: one a session.
const WAITING_MOST: usize = 10_000;

/// What came of a form.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    /// Whether it is good news.
    pub(crate) good: bool,
    /// What happened.
    pub(crate) text: String,
    /// What more to know, such as what to do; empty for nothing.
    pub(crate) more: String,
    /// A password that was made, shown this once.
    pub(crate) secret: Option<String>,
    /// The number under which an act on messages can be taken back.
    pub(crate) undo: Option<u64>,
}

impl Notice {
    /// Good news.
    pub(crate) const fn good(text: String) -> Self {
        Self { good: true, text, more: String::new(), secret: None, undo: None }
    }

    /// What went wrong, and what to do.
    pub(crate) const fn bad(text: String, more: String) -> Self {
        Self { good: false, text, more, secret: None, undo: None }
    }
}

/// The notices that wait to be read, by the session's form key.
#[derive(Default)]
pub(crate) struct Notices(Mutex<HashMap<Arc<str>, Notice>>);

impl Notices {
    fn book(&self) -> MutexGuard<'_, HashMap<Arc<str>, Notice>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a notice for whoever asks, in place of an older one.
    pub(crate) fn put(&self, ask: &Ask, notice: Notice) {
        let Some(session) = &ask.session else { return };
        let mut book = self.book();
        if book.len() >= WAITING_MOST {
            // They were never read: nobody misses them.
            book.clear();
        }
        book.insert(Arc::clone(&session.form_key), notice);
    }

    /// Gives the notice out, once.
    pub(crate) fn take(&self, ask: &Ask) -> Option<Notice> {
        self.book().remove(&*ask.session.as_ref()?.form_key)
    }
}
