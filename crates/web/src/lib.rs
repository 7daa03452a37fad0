//! HTTP in front of `control`: pages, health, and the documents that programs ask for.
//!
//! Owns the table of routes, the way from a request to a typed operation and back, the pages in both languages, and what
//! keeps browsers safe (headers, limits of body and time). It adds nothing to what `control` can do, never touches
//! the store, and opens no socket: [`net::serve_secure`] brings it connections over TLS.
//! Start at [`Web`] for what it needs, and at [`table`](mod@table) for what can be asked.

mod acme;
mod api;
mod ask;
mod assets;
mod doors;
mod forms;
mod frame;
mod guard;
mod health;
mod host;
mod key;
mod metrics;
mod notice;
mod page;
mod pages;
pub mod parsers;
mod settings;
pub mod table;
mod trouble;
mod words;

pub use host::WebHost;
pub use metrics::MetricsAccess;

use control::Control;
use control::phrases::Phrases;
use mail::{Clock, Language};
use net::ServerTls;
use notice::Notices;
use std::path::PathBuf;
use std::sync::Arc;

/// What every answer is made from.
pub struct Web {
    control: Arc<Control>,
    tls: Arc<ServerTls>,
    challenges: PathBuf,
    clock: Clock,
    notices: Notices,
    limits: api::Limits,
    doors: doors::Budget,
    metrics: MetricsAccess,
    en: Arc<Phrases>,
    fr: Arc<Phrases>,
}

impl Web {
    /// The faces of these operations. The key of `tls` signs profiles. `challenges` is the directory in which a program
    /// that gets certificates puts the answers that are asked of this server in clear. `metrics` says who may read them.
    pub fn new(
        control: Arc<Control>,
        tls: Arc<ServerTls>,
        challenges: PathBuf,
        clock: Clock,
        metrics: MetricsAccess,
    ) -> Arc<Self> {
        let [en, fr] = Language::ALL.map(|language| Arc::new(words::phrases(language)));
        Arc::new(Self {
            control,
            tls,
            challenges,
            clock,
            notices: Notices::default(),
            limits: api::Limits::default(),
            doors: doors::Budget::default(),
            metrics,
            en,
            fr,
        })
    }

    /// All sentences of one language.
    const fn phrases(&self, language: Language) -> &Arc<Phrases> {
        match language {
            Language::En => &self.en,
            Language::Fr => &self.fr,
        }
    }
}
