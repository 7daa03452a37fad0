//! The OpenAPI document (version 3.1) and a page of it for people: both made from the table of routes, so that neither can
//! say anything else than what is answered.

use super::Told;
use super::problem::{OWN, Problem, status_of};
use super::shape::{ErrorShape, Shape, Spec};
use crate::Web;
use crate::ask::Ask;
use crate::page::{Page, Section};
use crate::table::{Access, Route, reading, table};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use control::Blame;
use control::phrases::Phrases;
use maud::{Markup, html};
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where schemas are in an OpenAPI document.
const SCHEMAS: &str = "/components/schemas";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/api/v1/openapi.json", Access::Everyone, reading(document)),
        Route::read(super::problem::DOCS, Access::Everyone, reading(page)),
    ]
}

/// What programs can ask, each with its description.
fn described(routes: &[Route]) -> impl Iterator<Item = (&Route, Spec)> {
    routes.iter().filter_map(|route| Some((route, route.spec?)))
}

async fn document(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Told {
    Ok(Json(made(&table(), &ask.phrases, web.control.host_name().as_ascii())).into_response())
}

/// The whole document, its sentences in one language.
fn made(routes: &[Route], phrases: &Phrases, host_name: &str) -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with(|settings| SCHEMAS.clone_into(settings.definitions_path.to_mut()));
    let mut generator = settings.into_generator();
    let error = generator.subschema_for::<ErrorShape>();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (route, spec) in described(routes) {
        let operation = operation(route, spec, (&mut generator, phrases), &json!(error));
        paths.entry(route.path).or_default().insert(route.method.to_ascii_lowercase(), operation);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "facteur",
            "version": env!("CARGO_PKG_VERSION"),
            "description": phrases.say("web-docs-hint"),
        },
        "servers": [{ "url": "/", "description": host_name }],
        "security": [{ "key": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
        },
    })
}

fn operation(
    route: &Route,
    spec: Spec,
    (generator, phrases): (&mut SchemaGenerator, &Phrases),
    error: &Value,
) -> Value {
    let in_json = |schema: Value| json!({ "application/json": { "schema": schema } });
    let mut responses = Map::new();
    let done = match spec.gives {
        Some(shape) => json!({ "description": "OK", "content": in_json(json!(shape(generator))) }),
        None => json!({ "description": "OK" }),
    };
    for status in spec.also {
        responses.insert(status.to_string(), done.clone());
    }
    responses.insert(spec.status.to_string(), done);
    for status in failures(route, spec) {
        let reason =
            axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let told = json!({ "description": reason.unwrap_or_default(), "content": in_json(error.clone()) });
        responses.insert(status.to_string(), told);
    }
    let mut parameters: Vec<Value> = gaps(route.path).map(in_path).collect();
    if let Some(query) = spec.query {
        parameters.extend(in_query(query, generator));
    }
    let told = json!({
        "operationId": spec.id,
        "tags": [spec.group],
        "summary": phrases.say(&format!("web-do-{}", spec.id.replace('_', "-"))),
        "parameters": parameters,
        "responses": responses,
    });
    let mut told = told.as_object().cloned().unwrap_or_default();
    if let Access::Key(scope) = route.access {
        told.insert("security".to_owned(), json!([{ "key": [scope.as_str()] }]));
    }
    if let Some(body) = spec.body {
        let content = in_json(json!(body(generator)));
        told.insert("requestBody".to_owned(), json!({ "required": true, "content": content }));
    }
    Value::Object(told)
}

/// The statuses with which a route may fail.
fn failures(route: &Route, spec: Spec) -> Vec<u16> {
    let own = OWN.iter().map(|(_, status)| *status);
    let mut all: Vec<u16> = own.chain(Blame::ALL.map(status_of)).map(|status| status.as_u16()).collect();
    all.sort_unstable();
    all.dedup();
    let named = gaps(route.path).next().is_some();
    let fits = |status: &u16| match status {
        400 => spec.query.is_some() || spec.body.is_some(),
        404 => named || spec.query.is_some() || spec.body.is_some(),
        413 | 415 => spec.body.is_some(),
        405 => false,
        409 => route.method != "GET",
        _ => true,
    };
    all.into_iter().filter(fits).collect()
}

/// The names of the gaps of a path.
fn gaps(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn in_path(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "minLength": 1 } })
}

/// The members of a query as parameters. A member that may be absent has no `null` in an address.
fn in_query(query: Shape, generator: &mut SchemaGenerator) -> Vec<Value> {
    let schema = query(generator).to_value();
    let name = referred(&schema).to_owned();
    let definition = generator.definitions().get(&name).cloned().unwrap_or(schema);
    let members = at(&definition, &["properties"]).as_object().cloned().unwrap_or_default();
    let parameter = |(name, mut schema): (String, Value)| {
        let description = schema.as_object_mut().and_then(|members| members.remove("description"));
        json!({ "name": name, "in": "query", "required": false, "description": description, "schema": without_null(schema) })
    };
    members.into_iter().map(parameter).collect()
}

fn without_null(mut schema: Value) -> Value {
    let is_null = |option: &Value| *option == "null" || *at(option, &["type"]) == "null";
    let options = at(&schema, &["anyOf"]).as_array().cloned().unwrap_or_default();
    let mut options = options.into_iter().filter(|option| !is_null(option));
    if let (Some(option), None) = (options.next(), options.next()) {
        return option;
    }
    let kinds = at(&schema, &["type"]).as_array().cloned().unwrap_or_default();
    let mut kinds = kinds.into_iter().filter(|kind| !is_null(kind));
    if let Some(members) = schema.as_object_mut() {
        members.remove("default");
        if let (Some(kind), None) = (kinds.next(), kinds.next()) {
            members.insert("type".to_owned(), kind);
        }
    }
    schema
}

/// What is at a path of a value; nothing where there is nothing.
fn at<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().try_fold(value, |value, name| value.get(name)).unwrap_or(&Value::Null)
}

/// The name of the schema that a value refers to.
fn referred(schema: &Value) -> &str {
    at(schema, &["$ref"]).as_str().and_then(|text| text.rsplit('/').next()).unwrap_or_default()
}

async fn page(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Response {
    let routes = table();
    let mut groups: BTreeMap<&str, Vec<(&Route, Spec)>> = BTreeMap::new();
    for (route, spec) in described(&routes) {
        groups.entry(spec.group).or_default().push((route, spec));
    }
    let document = made(&routes, &ask.phrases, web.control.host_name().as_ascii());
    let content = html! {
        h1 { (ask.say("web-docs")) }
        section class="card" {
            p { (ask.say("web-docs-hint")) }
            pre { "curl -H 'Authorization: Bearer fct_…' https://" (web.control.host_name()) ":8189/api/v1/key" }
            p { a href="/api/v1/openapi.json" { (ask.say("web-docs-document")) } }
        }
        @for (group, members) in &groups {
            section class="card" {
                h2 { (group) }
                @for (route, spec) in members { (one(&ask, route, *spec, &document)) }
            }
        }
        section class="card" {
            h2 { (ask.say("web-docs-problems")) }
            p { (ask.say("web-docs-problems-hint")) }
            dl { @for (code, status) in OWN { (problem(&ask, code, status.as_u16())) } }
        }
    };
    Page::new(ask.say("web-docs"), Section::None, content).answer(&web, &ask)
}

fn one(ask: &Ask, route: &Route, spec: Spec, document: &Value) -> Markup {
    let method = route.method.to_ascii_lowercase();
    let told = at(document, &["paths", route.path, &method]);
    let text = |value: &Value, name: &str| at(value, &[name]).as_str().unwrap_or_default().to_owned();
    let members = |content: &Value| -> Vec<(String, String)> {
        let name = referred(at(content, &["content", "application/json", "schema"]));
        let members = at(document, &["components", "schemas", name, "properties"]).as_object();
        let members = members.into_iter().flatten();
        members.map(|(name, value)| (name.clone(), text(value, "description"))).collect()
    };
    let status = spec.status.to_string();
    let sent = members(at(told, &["requestBody"]));
    let given = members(at(told, &["responses", &status]));
    let parameters = at(told, &["parameters"]).as_array().into_iter().flatten();
    let asked = parameters.filter(|one| *at(one, &["in"]) == "query");
    let asked: Vec<(String, String)> =
        asked.map(|one| (text(one, "name"), text(one, "description"))).collect();
    let lists = [("web-docs-query", asked), ("web-docs-sent", sent), ("web-docs-given", given)];
    html! {
        details class="site" {
            summary { code { (route.method) " " (route.path) } " " span class="soft" { (text(told, "summary")) } }
            @if let Access::Key(scope) = route.access { p { (ask.fill("web-key-may", [("text", scope.as_str().into())])) } }
            @for (key, members) in &lists {
                @if !members.is_empty() {
                    p { (ask.say(key)) }
                    dl { @for (name, text) in members { dt { code { (name) } } dd lang="en" { (text) } } }
                }
            }
        }
    }
}

fn problem(ask: &Ask, code: &'static str, status: u16) -> Markup {
    let problem = Problem::of(code);
    let (what, fix) = problem.words(&ask.phrases);
    html! {
        dt id=(problem.code()) { code { (problem.code()) } " " (status) }
        dd { (what) " " (fix) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Language;

    #[test]
    fn every_address_for_programs_says_what_it_does_with_which_shapes() {
        let routes = table();
        for route in
            routes.iter().filter(|route| route.path.starts_with("/api/") && route.access != Access::Everyone)
        {
            let spec = route.spec.unwrap_or_else(|| panic!("{} {} has no shape", route.method, route.path));
            for language in Language::ALL {
                let key = format!("web-do-{}", spec.id.replace('_', "-"));
                assert_ne!(crate::words::phrases(language).say(&key), key);
            }
            assert!(spec.status == 204 || spec.gives.is_some(), "{}", route.path);
        }
        let mut ids: Vec<&str> = described(&routes).map(|(_, spec)| spec.id).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "a name is there twice");
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = made(&table(), &crate::words::phrases(Language::En), "mx.test");
        let text = document.to_string();
        let mut found = 0;
        for part in text.split("\"$ref\":\"").skip(1) {
            let name = part.split('"').next().unwrap().strip_prefix("#/components/schemas/").unwrap();
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
            found += 1;
        }
        assert!(found > 50, "{found}");
        assert!(!text.contains("web-do-"), "each operation has its sentence");
    }
}
