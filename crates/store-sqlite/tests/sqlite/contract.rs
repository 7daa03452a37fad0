//! The contract's story, and walks beside the model.

use crate::subject::{Sqlite, block_on};
use std::sync::Arc;
use testkit::contract::{Failure, Subject, random, story};

#[test]
fn sqlite_passes_the_story() {
    if let Err(Failure(text)) = block_on(story(Sqlite::new())) {
        panic!("{text}");
    }
}

#[test]
fn sqlite_walks_as_the_model_does() {
    let subject: Arc<dyn Subject> = Sqlite::new();
    // More walks, for a long night: FACTEUR_WALKS=10000.
    let walks = std::env::var("FACTEUR_WALKS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    for seed in 1..=walks {
        if let Err(Failure(text)) = block_on(random::walk(&subject, seed, 250)) {
            panic!("{text}");
        }
    }
}
