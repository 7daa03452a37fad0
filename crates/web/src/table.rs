//! Every address that is answered, in one table: the router is made from it, and so are the tests.

use crate::api::entry::{Teller, as_problem, with_key};
use crate::api::shape::Spec;
use crate::frame::frame;
use crate::guard::guard;
use crate::{Web, api, assets, doors, health, metrics, pages, settings};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{MethodRouter, get, post};
use std::sync::Arc;
use store::Scope;

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Everyone,
    /// Whoever is signed in.
    Person,
    /// A helper or an administrator who is signed in.
    Helper,
    /// An administrator who is signed in.
    Administrator,
    /// A program with a key that may do that.
    Key(Scope),
    /// A program with any key that is good.
    AnyKey,
}

/// One method at one address.
pub struct Route {
    /// The method: `GET`, which answers `HEAD` as well, `POST`, `PATCH`, `DELETE`.
    pub method: &'static str,
    /// Whether it is a form that changes something, and so must bring the key of its session.
    pub changes: bool,
    /// The path, with its gaps in braces.
    pub path: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What it does and with which shapes, when programs ask it.
    pub(crate) spec: Option<Spec>,
    handler: MethodRouter<Arc<Web>>,
    teller: Teller,
}

impl Route {
    /// A question that programs put into the body of a `POST`, and that changes nothing.
    pub(crate) const fn question(
        path: &'static str,
        access: Access,
        handler: MethodRouter<Arc<Web>>,
    ) -> Self {
        Self { method: "POST", changes: false, path, access, spec: None, handler, teller: as_problem }
    }

    /// A page or a document that changes nothing.
    pub(crate) const fn read(path: &'static str, access: Access, handler: MethodRouter<Arc<Web>>) -> Self {
        Self { method: "GET", changes: false, path, access, spec: None, handler, teller: as_problem }
    }

    /// What a program asks with a key that may do that.
    pub(crate) const fn with_key(
        method: &'static str,
        path: &'static str,
        scope: Scope,
        handler: MethodRouter<Arc<Web>>,
    ) -> Self {
        Self {
            method,
            changes: false,
            path,
            access: Access::Key(scope),
            spec: None,
            handler,
            teller: as_problem,
        }
    }

    /// What a program asks with any key.
    pub(crate) const fn with_any_key(
        method: &'static str,
        path: &'static str,
        handler: MethodRouter<Arc<Web>>,
    ) -> Self {
        Self { method, changes: false, path, access: Access::AnyKey, spec: None, handler, teller: as_problem }
    }

    /// The same with what it does and with which shapes.
    pub(crate) fn spec(self, spec: Spec) -> Self {
        Self { spec: Some(spec), ..self }
    }

    /// A form that changes something.
    pub(crate) const fn change(path: &'static str, access: Access, handler: MethodRouter<Arc<Web>>) -> Self {
        Self { method: "POST", changes: true, path, access, spec: None, handler, teller: as_problem }
    }
}

/// All that is answered, purpose by purpose.
pub fn table() -> Vec<Route> {
    [
        health::routes(),
        assets::routes(),
        pages::routes(),
        settings::routes(),
        api::routes(),
        doors::routes(),
        metrics::routes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The router of the table.
pub(crate) fn router(web: &Arc<Web>) -> Router {
    let mut router = Router::new();
    for route in table() {
        let scope = match route.access {
            Access::Key(scope) => Some(Some(scope)),
            Access::AnyKey => Some(None),
            _ => None,
        };
        let guarded = if let Some(scope) = scope {
            let keeper = (Arc::clone(web), scope, route.teller);
            route.handler.route_layer(from_fn(move |request, next| with_key(keeper.clone(), request, next)))
        } else {
            let entry = (route.access, route.changes);
            route.handler.route_layer(from_fn(move |request, next| guard(entry, request, next)))
        };
        router = router.route(route.path, guarded);
    }
    router.layer(from_fn_with_state(Arc::clone(web), frame)).with_state(Arc::clone(web))
}

/// A handler of `GET`.
pub(crate) fn reading<H, T>(handler: H) -> MethodRouter<Arc<Web>>
where
    H: axum::handler::Handler<T, Arc<Web>>,
    T: 'static,
{
    get(handler)
}

/// A handler of `POST`.
pub(crate) fn changing<H, T>(handler: H) -> MethodRouter<Arc<Web>>
where
    H: axum::handler::Handler<T, Arc<Web>>,
    T: 'static,
{
    post(handler)
}
