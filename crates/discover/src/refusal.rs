//! Why an answer of a stranger was not believed.

use serde::{Deserialize, Serialize};

/// Why a document was refused as a whole. A bad server inside a good document is dropped alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It is larger than any honest one.
    /// Usual cause: a web page, or somebody who wants to fill our memory.
    #[error("the document is larger than {limit} bytes")]
    TooLarge {
        /// The most bytes that are read.
        limit: usize,
    },
    /// It is nested deeper, or has more elements, than any honest one.
    /// Usual cause: an attack on XML readers.
    #[error("the document has too many elements")]
    TooComplex,
    /// It has a document type or entities of its own.
    /// Usual cause: an attack on XML readers; an honest document needs neither.
    #[error("the document defines entities")]
    Entities,
    /// It cannot be read.
    /// Usual cause: a web page for people where a document for programs was asked for.
    #[error("the document cannot be read")]
    Malformed,
    /// It is something else.
    /// Usual cause: a web server that answers every question with its front page.
    #[error("the document is not of the kind that was asked for")]
    WrongKind,
    /// It says nothing that can be used.
    /// Usual cause: only servers without TLS, or for other protocols.
    #[error("the document names no server that can be used")]
    Empty,
    /// It sends us on to another address, again and again, or to itself.
    /// Usual cause: a web server that redirects everything.
    #[error("the document redirects too often")]
    Redirects,
}
