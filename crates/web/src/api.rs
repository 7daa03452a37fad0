//! `/api/v1`: the operations in JSON, for programs that bring a key.
//!
//! A request becomes an operation, its answer becomes JSON; nothing is done here that the command line could not do. Each
//! failure, whatever it is, is answered as a [`Problem`]. A session of a browser is worth nothing here, so that no page
//! of another site can ask in somebody's name.

pub(crate) mod entry;
mod key;
mod limit;
mod problem;
mod server;

pub(crate) use limit::Limits;
pub(crate) use problem::Problem;

use crate::Web;
use crate::table::Route;
use axum::response::Response;
use control::{Answer, Keyed, Operation};

/// Where all of it is.
pub(crate) const BASE: &str = "/api/";

/// What is answered.
pub(crate) type Told = Result<Response, Problem>;

/// All routes.
pub(crate) fn routes() -> Vec<Route> {
    [key::routes(), server::routes()].into_iter().flatten().collect()
}

/// Asks for an operation in the name of whoever a key speaks for.
pub(crate) async fn perform(web: &Web, keyed: &Keyed, operation: Operation) -> Result<Answer, Problem> {
    Ok(web.control.perform_keyed(keyed, operation).await?)
}
