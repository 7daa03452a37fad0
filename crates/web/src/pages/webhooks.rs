//! Webhooks: where events are told, how that goes, and telling again.

use super::{Refused, Shown, back, failed, perform, removed, segment};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, one_button, select, tick};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect};
use control::reader::when;
use control::{Answer, Operation, WebhookAct, WebhookSpec, WebhookView, webhook_words};
use mail::{Secret, Timestamp};
use maud::{Markup, html};
use std::sync::Arc;
use store::{Post, WebhookShape};

/// The posts that a page shows.
const POSTS: usize = 30;
/// The ages since which everything can be told again, in seconds, with their words.
const AGES: [(i64, &str); 3] =
    [(3_600, "web-hook-hour"), (86_400, "web-hook-day"), (604_800, "web-hook-week")];

pub(super) fn routes() -> Vec<Route> {
    let person = Access::Person;
    vec![
        Route::read("/webhooks", person, reading(list)),
        Route::change("/webhooks", person, changing(add)),
        Route::read("/webhooks/{name}", person, reading(show)),
        Route::change("/webhooks/{name}", person, changing(change)),
        Route::change("/webhooks/{name}/test", person, changing(test)),
        Route::change("/webhooks/{name}/pause", person, changing(pause)),
        Route::change("/webhooks/{name}/resume", person, changing(resume)),
        Route::change("/webhooks/{name}/replay", person, changing(replay)),
        Route::change("/webhooks/{name}/secret", person, changing(secret)),
        Route::change("/webhooks/{name}/remove", person, changing(remove)),
    ]
}

fn path(name: &str) -> String {
    format!("/webhooks/{}", segment(name))
}

async fn ask_for(web: &Web, ask: &Ask, act: WebhookAct) -> Result<Answer, control::Fault> {
    perform(web, ask, Operation::Webhook { act }).await
}

async fn list(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let Answer::Webhooks { webhooks } = ask_for(&web, &ask, WebhookAct::List).await? else {
        return Err(Trouble::Ours.into());
    };
    let content = html! {
        h1 { (ask.say("web-nav-webhooks")) }
        section class="card" {
            p { (ask.say("web-hooks-hint")) }
            @if webhooks.is_empty() { p { (ask.say("web-hooks-none")) } }
            @if !webhooks.is_empty() { ul class="rows" {
                @for webhook in &webhooks {
                    li {
                        a href=(path(&webhook.name)) { (webhook.name) }
                        span class="soft" { (webhook.url) }
                        (badge(&ask, webhook))
                    }
                }
            } }
        }
        section class="card" {
            h2 { (ask.say("web-hook-add")) }
            (form(&ask, "/webhooks", &html! {
                (Field::text("name", ask.say("web-field-name"), "").required().show())
                (wishes(&ask, None))
                button { (ask.say("web-hook-add")) }
            }))
        }
    };
    Ok(Page::new(ask.say("web-nav-webhooks"), Section::Webhooks, content).answer(&web, &ask))
}

fn badge(ask: &Ask, webhook: &WebhookView) -> Markup {
    let key = webhook_words::state_key(webhook);
    let class = match key {
        "hook-state-good" => "badge good",
        "hook-state-paused" => "badge warn",
        _ => "badge bad",
    };
    html! { span class=(class) { (ask.say(key)) } }
}

/// The fields of a webhook, filled with what one is.
fn wishes(ask: &Ask, webhook: Option<&WebhookView>) -> Markup {
    let shapes = WebhookShape::ALL.map(|shape| {
        let words = if shape == WebhookShape::Own { ask.say("web-hook-own") } else { shape.to_string() };
        (shape.to_string(), words)
    });
    let events = webhook.map(|webhook| webhook.events.join(" ")).unwrap_or_default();
    let url = webhook.map(|webhook| webhook.url.as_str()).unwrap_or_default();
    let scope = webhook.map_or("server", |webhook| webhook.scope.as_str());
    let note = webhook.map(|webhook| webhook.description.as_str()).unwrap_or_default();
    let shape = webhook.map_or("own", |webhook| webhook.shape.as_str());
    html! {
        (Field::text("url", ask.say("web-hook-url"), url).hint(ask.say("web-hook-url-hint")).required().show())
        div class="fields" {
            (select("shape", &ask.say("web-hook-shape"), &shapes, shape))
            @if ask.is_administrator() {
                (Field::text("scope", ask.say("web-hook-scope"), scope).hint(ask.say("web-hook-scope-hint")).show())
            }
        }
        (Field::text("events", ask.say("web-hook-events"), &events).hint(ask.say("web-hook-events-hint")).show())
        (Field::text("description", ask.say("web-hook-note"), note).show())
    }
}

fn spec(fields: &Fields) -> WebhookSpec {
    let events = fields.text("events").unwrap_or_default();
    let words = events.split([' ', ',']).filter(|word| !word.is_empty()).map(str::to_owned);
    WebhookSpec {
        url: fields.text("url").map(Secret::new),
        scope: fields.text("scope"),
        events: Some(words.collect()),
        shape: fields.text("shape").and_then(|shape| shape.parse().ok()),
        description: Some(fields.text("description").unwrap_or_default()),
    }
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let name = fields.text("name").unwrap_or_default();
    let act = WebhookAct::Add { name, webhook: spec(&fields) };
    match ask_for(&web, &ask, act).await {
        Ok(Answer::Webhook { webhook, made }) => {
            let mut notice = Notice::good(ask.say("web-hook-added"));
            notice.more = ask.say("web-hook-secret-once");
            notice.secret = made.and_then(|made| made.password);
            Ok(back(&web, &ask, &path(&webhook.name), notice))
        }
        Ok(_) => Ok(Redirect::to("/webhooks").into_response()),
        Err(fault) => Ok(failed(&web, &ask, "/webhooks", &fault)),
    }
}

async fn show(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    match ask_for(&web, &ask, WebhookAct::Show { name }).await? {
        Answer::Webhook { webhook, .. } => Ok(page(&ask, &webhook).answer(&web, &ask)),
        _ => Err(Trouble::Ours.into()),
    }
}

fn page(ask: &Ask, webhook: &WebhookView) -> Page {
    let here = path(&webhook.name);
    let to = |what: &str| format!("{here}/{what}");
    let content = html! {
        p class="crumb" { a href="/webhooks" { (ask.say("web-nav-webhooks")) } }
        h1 { (webhook.name) " " (badge(ask, webhook)) }
        section class="card" {
            p { (webhook.url) }
            @if let Some(pause) = &webhook.paused {
                p { (webhook_words::of_pause(pause, &ask.reader())) }
                (form(ask, &to("resume"), &html! {
                    (tick("skip", &ask.say("web-hook-skip"), false))
                    button { (ask.say("web-hook-resume")) }
                }))
            } @else {
                div class="acts" {
                    (one_button(ask, &to("test"), &ask.say("web-hook-test"), ""))
                    (one_button(ask, &to("pause"), &ask.say("web-hook-pause"), "quiet"))
                }
            }
            @if webhook.owed > 0 { p { (ask.fill("web-hook-owed", [("count", webhook.owed.into())])) } }
        }
        section class="card" {
            h2 { (ask.say("web-hook-posts")) }
            @if webhook.posts.is_empty() { p { (ask.say("web-hook-no-posts")) } }
            @if !webhook.posts.is_empty() {
                ol class="steps" { @for post in webhook.posts.iter().take(POSTS) { (shown(ask, &to("replay"), post)) } }
            }
        }
        section class="card" {
            h2 { (ask.say("web-hook-replay")) }
            p class="hint" { (ask.say("web-hook-replay-hint")) }
            (form(ask, &to("replay"), &html! {
                (select("age", &ask.say("web-hook-since"), &AGES.map(|(secs, key)| (secs.to_string(), ask.say(key))), "3600"))
                button { (ask.say("web-hook-replay")) }
            }))
        }
        section class="card" {
            h2 { (ask.say("web-hook-change")) }
            (form(ask, &here, &html! { (wishes(ask, Some(webhook))) button { (ask.say("web-save")) } }))
            (one_button(ask, &to("secret"), &ask.say("web-hook-new-secret"), "quiet"))
        }
        section class="card" {
            h2 { (ask.say("web-hook-remove")) }
            (form(ask, &to("remove"), &html! {
                (tick("sure", &ask.say("web-sure"), false))
                button class="danger" { (ask.say("web-hook-remove")) }
            }))
        }
    };
    Page::new(webhook.name.clone(), Section::Webhooks, content)
}

/// A post, with what came of it, and the way to have it told again.
fn shown(ask: &Ask, replay: &str, post: &Post) -> Markup {
    let words = webhook_words::of_post(&post.result, &ask.reader());
    let class = if post.result.is_taken() { "took" } else { "refused" };
    html! {
        li {
            time datetime=(post.at.rfc3339()) { (when(post.at, &ask.reader())) }
            div {
                p { strong { (post.word) } " " span class=(class) { (words.what) } " "
                    span class="soft" { (post.id) " · " (post.millis) " ms" } }
                @if !words.fix.is_empty() { p { (words.fix) } }
                @if !words.fix.is_empty() && !words.raw.is_empty() { pre { (words.raw) } }
                @if post.event.is_some() {
                    (form(ask, replay, &html! {
                        input type="hidden" name="event" value=(post.id);
                        button class="quiet" aria-label={ (ask.say("web-hook-again")) ": " (post.id) } { (ask.say("web-hook-again")) }
                    }))
                }
            }
        }
    }
}

/// Does something to a webhook, and goes back to its page.
async fn act(web: &Web, ask: &Ask, name: &str, act: WebhookAct, done: &str) -> Shown {
    match ask_for(web, ask, act).await {
        Ok(_) => Ok(back(web, ask, &path(name), Notice::good(ask.say(done)))),
        Err(fault) => Ok(failed(web, ask, &path(name), &fault)),
    }
}

async fn change(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let changed = WebhookAct::Change { name: name.clone(), webhook: spec(&fields) };
    act(&web, &ask, &name, changed, "web-saved").await
}

async fn test(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    match ask_for(&web, &ask, WebhookAct::Test { name: name.clone() }).await {
        Ok(Answer::WebhookTested { post, .. }) => {
            let words = webhook_words::of_post(&post.result, &ask.reader());
            let notice = if post.result.is_taken() {
                Notice::good(ask.say("web-hook-tested"))
            } else {
                Notice::bad(words.what, format!("{} {}", words.fix, words.raw))
            };
            Ok(back(&web, &ask, &path(&name), notice))
        }
        Ok(_) => Err(Refused::from(Trouble::Ours)),
        Err(fault) => Ok(failed(&web, &ask, &path(&name), &fault)),
    }
}

async fn pause(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    act(&web, &ask, &name, WebhookAct::Pause { name: name.clone() }, "web-hook-is-paused").await
}

async fn resume(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let resumed = WebhookAct::Resume { name: name.clone(), skip_refused: fields.has("skip") };
    act(&web, &ask, &name, resumed, "web-hook-is-resumed").await
}

async fn replay(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let event = fields.text("event");
    let age: Option<i64> = fields.number("age").filter(|_| event.is_none());
    let since: Option<Timestamp> = age.map(|secs| ask.now.plus_secs(secs.saturating_neg()));
    let again = WebhookAct::Replay { name: name.clone(), since, event };
    act(&web, &ask, &name, again, "web-hook-is-told-again").await
}

async fn secret(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    match ask_for(&web, &ask, WebhookAct::Secret { name: name.clone() }).await {
        Ok(Answer::Webhook { made, .. }) => {
            let mut notice = Notice::good(ask.say("web-hook-secret-new"));
            notice.more = ask.say("web-hook-secret-once");
            notice.secret = made.and_then(|made| made.password);
            Ok(back(&web, &ask, &path(&name), notice))
        }
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) => Ok(failed(&web, &ask, &path(&name), &fault)),
    }
}

async fn remove(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let operation = Operation::Webhook { act: WebhookAct::Remove { name: name.clone() } };
    let places = (&*path(&name), "/webhooks");
    Ok(removed((&web, &ask), fields.has("sure"), places, operation, "web-hook-removed").await)
}
