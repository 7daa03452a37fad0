//! `/api/v1`: the operations in JSON, for programs that bring a key.
//!
//! A request becomes an operation, its answer becomes JSON; nothing is done here that the command line could not do. Each
//! failure, whatever it is, is answered as a [`Problem`]. A session of a browser is worth nothing here, so that no page
//! of another site can ask in somebody's name. The document that describes all of it is made from the same table.

mod blocks;
mod document;
mod domains;
pub(crate) mod entry;
mod insight;
mod limit;
mod messages;
mod people;
mod problem;
mod relays;
pub(crate) mod sending;
mod server;
pub(crate) mod shape;
pub(crate) mod take;
mod webhooks;

pub(crate) use limit::Limits;
pub(crate) use problem::Problem;

use crate::Web;
use crate::table::Route;
use axum::response::Response;
use control::{Answer, Keyed, Operation};
use shape::Both;

/// Where all of it is.
pub(crate) const BASE: &str = "/api/";

/// What is answered.
pub(crate) type Told = Result<Response, Problem>;

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    let all = [
        messages::routes(),
        relays::routes(),
        people::routes(),
        blocks::routes(),
        domains::routes(),
        server::routes(),
        insight::routes(),
        webhooks::routes(),
        document::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// Asks for an operation in the name of whoever a key speaks for.
pub(crate) async fn perform(web: &Web, keyed: &Keyed, operation: Operation) -> Result<Answer, Problem> {
    Ok(web.control.perform_keyed(keyed, operation).await?)
}

/// A text in both languages.
fn both(en: &str, fr: &str) -> Both {
    Both { fr: fr.to_owned(), en: en.to_owned() }
}
