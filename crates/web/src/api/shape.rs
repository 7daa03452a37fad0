//! What goes in and out: the shapes that the routes are declared with, from which the OpenAPI document is made, and the
//! parts that many of them share.

use axum::extract::Query;
use axum::http::Uri;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The shape of a type.
pub(crate) type Shape = fn(&mut SchemaGenerator) -> Schema;

fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Whether bytes from a stranger are what a route takes.
pub(crate) type Reading = fn(&[u8]) -> bool;

fn reads_body<T: DeserializeOwned>(bytes: &[u8]) -> bool {
    serde_json::from_slice::<T>(bytes).is_ok()
}

fn reads_query<T: DeserializeOwned>(bytes: &[u8]) -> bool {
    let uri = Uri::try_from([&b"/?"[..], bytes].concat());
    uri.is_ok_and(|uri| Query::<T>::try_from_uri(&uri).is_ok())
}

/// What a route does, and with which shapes.
#[derive(Clone, Copy)]
pub(crate) struct Spec {
    /// Its name in generated programs. Its sentence is kept under `web-do-` and this name.
    pub(crate) id: &'static str,
    /// What it belongs to.
    pub(crate) group: &'static str,
    /// The parts of the query.
    pub(crate) query: Option<Shape>,
    /// The body that is sent.
    pub(crate) body: Option<Shape>,
    /// The status of a success.
    pub(crate) status: u16,
    /// Other statuses of a success, with the same body.
    pub(crate) also: &'static [u16],
    /// The body that comes back; `None` for none.
    pub(crate) gives: Option<Shape>,
    /// How the query, or the body, is read here; what `letter` reads is not read here.
    pub(crate) reading: Option<Reading>,
}

impl Spec {
    /// A route that gives nothing back but its status.
    pub(crate) const fn new(group: &'static str, id: &'static str) -> Self {
        Self { id, group, query: None, body: None, status: 204, also: &[], gives: None, reading: None }
    }

    /// The same with this query.
    pub(crate) fn asks<T: JsonSchema + DeserializeOwned>(self) -> Self {
        Self { query: Some(shape::<T>), reading: Some(reads_query::<T>), ..self }
    }

    /// The same with this body.
    pub(crate) fn takes<T: JsonSchema + DeserializeOwned>(self) -> Self {
        Self { body: Some(shape::<T>), reading: Some(reads_body::<T>), ..self }
    }

    /// The same with this body, which `letter` reads.
    pub(crate) fn takes_letters<T: JsonSchema>(self) -> Self {
        Self { body: Some(shape::<T>), ..self }
    }

    /// The same with this answer.
    pub(crate) fn gives<T: JsonSchema>(self) -> Self {
        Self { gives: Some(shape::<T>), status: 200, ..self }
    }

    /// The same with this answer to what was taken, also with these other statuses.
    pub(crate) fn accepts<T: JsonSchema>(self, also: &'static [u16]) -> Self {
        Self { status: 202, also, ..self.gives::<T>() }
    }

    /// The same with this answer to what was made.
    pub(crate) fn makes<T: JsonSchema>(self) -> Self {
        Self { status: 201, ..self.gives::<T>() }
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Both {
    /// In French.
    pub(crate) fr: String,
    /// In English.
    pub(crate) en: String,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Error")]
pub(crate) struct ErrorShape {
    /// A stable code.
    pub(crate) code: String,
    /// What is wrong, in the language of the request.
    pub(crate) message: String,
    /// The cause in the catalogue of causes, when it comes from mail.
    pub(crate) cause: Option<String>,
    /// What is wrong and what to do, in both languages.
    pub(crate) explain: Both,
    /// What to do, in the language of the request.
    pub(crate) action: String,
    /// Where this is explained.
    pub(crate) docs: String,
    /// The name or the member that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
}

/// A password or key that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Made {
    /// Whose.
    pub(crate) login: String,
    /// The password, which is shown this once; absent when it was given, or none is needed.
    pub(crate) password: Option<String>,
}

/// A part of a list.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// The most entries.
    #[schemars(range(min = 1, max = 500))]
    pub(crate) limit: Option<u16>,
    /// Where to go on: `next` of the page before.
    #[schemars(length(max = 64))]
    pub(crate) cursor: Option<String>,
}
