//! Blocks: who may not send for the time being, why, and what their person answered.

use super::shape::{Both, Spec};
use super::take::{Body, Named};
use super::{Problem, Told, both, perform};
use crate::Web;
use crate::table::{Route, reading};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::{delete, put};
use axum::{Extension, Json};
use control::{Answer, Guarded, Keyed, Operation, Protect, ProtectionView};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::Scope;

const BLOCKS: &str = "/api/v1/blocks";
const OF_ACCOUNT: &str = "/api/v1/accounts/{login}/block";
const OF_SITE: &str = "/api/v1/sites/{name}/block";

pub(super) fn routes() -> Vec<Route> {
    const GROUP: &str = "blocks";
    let (read, write) = (Scope::AccountsRead, Scope::AccountsWrite);
    let key = Route::with_key;
    vec![
        key("GET", BLOCKS, read, reading(list)).spec(Spec::new(GROUP, "list_blocks").gives::<Blocks>()),
        key("PUT", OF_ACCOUNT, write, put(block_account))
            .spec(Spec::new(GROUP, "block_account").takes::<BlockBody>()),
        key("DELETE", OF_ACCOUNT, write, delete(unblock_account)).spec(Spec::new(GROUP, "unblock_account")),
        key("PUT", OF_SITE, write, put(block_site)).spec(Spec::new(GROUP, "block_site").takes::<BlockBody>()),
        key("DELETE", OF_SITE, write, delete(unblock_site)).spec(Spec::new(GROUP, "unblock_site")),
    ]
}

/// A block that stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct BlockShape {
    /// `account` or `site`.
    kind: String,
    /// The login of the account, or the name of the site.
    name: String,
    /// Since when (RFC 3339).
    since: String,
    /// Who set it.
    by: String,
    /// Why, for administrators.
    why: String,
    /// What its person is told.
    note: Both,
    /// What its person answered.
    answer: Option<Plea>,
}

/// What the person of a blocked account answered.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Plea {
    /// When (RFC 3339).
    at: String,
    /// It.
    text: String,
}

/// All blocks.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
struct Blocks {
    /// The blocks that stand.
    blocks: Vec<BlockShape>,
}

/// Why somebody shall not send for the time being.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct BlockBody {
    /// Why, for administrators.
    #[schemars(length(min = 1, max = 1_000))]
    why: String,
    /// What its person is told, in English.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    note_en: String,
    /// The same in French.
    #[serde(default)]
    #[schemars(length(max = 1_000))]
    note_fr: String,
}

fn standing(view: ProtectionView) -> Option<BlockShape> {
    let block = view.block?;
    let kind = if matches!(view.of, Guarded::Account(_)) { "account" } else { "site" };
    Some(BlockShape {
        kind: kind.to_owned(),
        name: view.of.name().to_owned(),
        since: block.at.rfc3339(),
        by: block.by,
        why: block.why,
        note: both(&block.note_en, &block.note_fr),
        answer: view.plea.map(|plea| Plea { at: plea.at.rfc3339(), text: plea.text }),
    })
}

async fn list(State(web): State<Arc<Web>>, Extension(keyed): Extension<Keyed>) -> Told {
    match perform(&web, &keyed, Operation::ProtectionList).await? {
        Answer::Protections { all } => {
            Ok(Json(Blocks { blocks: all.into_iter().filter_map(standing).collect() }).into_response())
        }
        _ => Err(Problem::ours()),
    }
}

async fn protect(web: &Web, keyed: &Keyed, of: Guarded, act: Protect) -> Told {
    perform(web, keyed, Operation::Protect { of, act }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn block(BlockBody { why, note_en, note_fr }: BlockBody) -> Protect {
    Protect::Block { why, note_en, note_fr }
}

async fn block_account(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(login): Named,
    Body(body): Body<BlockBody>,
) -> Told {
    protect(&web, &keyed, Guarded::Account(login), block(body)).await
}

async fn unblock_account(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(login): Named,
) -> Told {
    protect(&web, &keyed, Guarded::Account(login), Protect::Unblock).await
}

async fn block_site(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
    Body(body): Body<BlockBody>,
) -> Told {
    protect(&web, &keyed, Guarded::Site(name), block(body)).await
}

async fn unblock_site(
    State(web): State<Arc<Web>>,
    Extension(keyed): Extension<Keyed>,
    Named(name): Named,
) -> Told {
    protect(&web, &keyed, Guarded::Site(name), Protect::Unblock).await
}
