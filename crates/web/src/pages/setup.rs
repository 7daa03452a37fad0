//! The first visit: what must be decided before mail leaves, one after the other. Nothing is kept of where somebody was:
//! each step is done or not by what the server is, so that it can be left and taken up again.

use super::needs::steps;
use super::reason::{because, stamp};
use super::relays::default_way;
use super::{Shown, back, failed, perform, segment};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, one_button, select};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use axum::http::Uri;
use axum::response::{IntoResponse as _, Redirect};
use control::reader::coming;
use control::{
    ADMINISTRATOR, Answer, FIRST_ADMINISTRATOR, Fault, HOST_NAME, Operation, RouteFor, StatusReport,
    TestMail, wording,
};
use deliver::{PRESETS, SignIn};
use mail::{Address, QueueId, Secret};
use maud::{Markup, html};
use std::sync::Arc;
use store::RecipientState;

const HOME: &str = "/setup";
/// The way without a relay.
const DIRECT: &str = super::relays::DIRECT;

pub(super) fn routes() -> Vec<Route> {
    let admin = Access::Administrator;
    vec![
        Route::read(HOME, admin, reading(show)),
        Route::change("/setup/administrator", admin, changing(name_administrator)),
        Route::change("/setup/name", admin, changing(set_name)),
        Route::change("/setup/direct", admin, changing(go_direct)),
        Route::change("/setup/mail", admin, changing(send)),
        Route::read("/setup/mail/{id}", admin, reading(follow)),
    ]
}

/// What the server is, as far as the steps ask.
struct Standing {
    report: Box<StatusReport>,
    administrator: Option<String>,
    /// Its name from the next start on, when another was chosen.
    next_name: Option<String>,
    way: Option<String>,
}

async fn standing(web: &Web, ask: &Ask) -> Result<Standing, super::Refused> {
    let Answer::Status { report } = perform(web, ask, Operation::Status).await? else {
        return Err(Trouble::Ours.into());
    };
    let Answer::Settings { settings } = perform(web, ask, Operation::SettingList).await? else {
        return Err(Trouble::Ours.into());
    };
    let administrator = settings.get(ADMINISTRATOR).cloned();
    let next_name = settings.get(HOST_NAME).filter(|name| **name != report.host_name).cloned();
    Ok(Standing { report, administrator, next_name, way: default_way(web, ask).await? })
}

/// Whether there is something to set up: whoever signs in with a link begins there.
pub(super) async fn is_wanted(web: &Web) -> bool {
    let caller = control::Caller { name: FIRST_ADMINISTRATOR.to_owned(), role: control::Role::Reader };
    let routes = web.control.perform(&caller, Operation::RouteList).await;
    matches!(routes, Ok(Answer::Routes { routes }) if routes.is_empty())
}

/// A step: its number and title, whether it is done, what belongs to it.
fn step(ask: &Ask, (number, key): (u8, &str), done: bool, content: &Markup) -> Markup {
    let (class, word) = if done { ("badge good", "web-step-done") } else { ("badge", "web-step-open") };
    html! {
        li class=(if done { "card good" } else { "card" }) {
            h2 { (number) ". " (ask.say(key)) " " span class=(class) { (ask.say(word)) } }
            (content)
        }
    }
}

async fn show(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>, uri: Uri) -> Shown {
    let fields = Fields::of(uri.query().unwrap_or_default().as_bytes());
    let now = standing(&web, &ask).await?;
    let has_way = now.report.has_route;
    let content = html! {
        h1 { (ask.say("web-setup")) }
        p { (ask.say("web-setup-hint")) }
        ol class="plain" {
            (step(&ask, (1, "web-setup-name"), true, &html! {
                (name(&ask, &now))
            }))
            (step(&ask, (2, "web-setup-admin"), now.administrator.is_some(), &administrator(&ask, &now)))
            (step(&ask, (3, "web-setup-way"), has_way, &ways(&ask, &now, &fields)))
            (step(&ask, (4, "web-setup-test"), has_way && now.report.relays.iter().all(|relay| relay.closures.is_empty()), &test(&ask, &now)))
            (step(&ask, (5, "web-setup-mail"), false, &confirmation(&ask, &now)))
        }
        p { a href="/" { (ask.say("web-setup-later")) } }
    };
    Ok(Page::new(ask.say("web-setup"), Section::None, content).answer(&web, &ask))
}

fn name(ask: &Ask, now: &Standing) -> Markup {
    let shown = now.next_name.as_ref().unwrap_or(&now.report.host_name);
    let field =
        Field::text("name", ask.say("web-setup-name"), shown).hint(ask.say("web-setup-name-hint")).required();
    html! {
        @if let Some(next) = &now.next_name {
            @let gaps = [("host", now.report.host_name.clone().into()), ("next", next.clone().into())];
            div class="notice good" role="status" { p { strong { (ask.fill("web-setup-name-next", gaps)) } } }
        }
        (form(ask, "/setup/name", &html! { (field.show()) button { (ask.say("web-save")) } }))
    }
}

async fn set_name(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let set = Operation::SettingSet { name: HOST_NAME.to_owned(), value: fields.text("name") };
    match perform(&web, &ask, set).await {
        Ok(_) => Ok(back(&web, &ask, HOME, Notice::good(ask.say("web-saved")))),
        Err(fault) => Ok(failed(&web, &ask, HOME, &fault)),
    }
}

fn administrator(ask: &Ask, now: &Standing) -> Markup {
    let address = now.administrator.clone().unwrap_or_default();
    let mut field = Field::text("address", ask.say("web-setup-address"), &address)
        .hint(ask.say("web-setup-address-hint"))
        .required();
    (field.kind, field.fill) = ("email", "email");
    let password = Field::password("password", ask.say("web-field-password-new"), "new-password")
        .hint(ask.say("web-setup-password-hint"));
    form(
        ask,
        "/setup/administrator",
        &html! { (field.show()) (password.show()) button { (ask.say("web-save")) } },
    )
}

fn ways(ask: &Ask, now: &Standing, fields: &Fields) -> Markup {
    let told = match now.way.as_deref() {
        None => html! { p { (ask.say("web-setup-way-hint")) } },
        Some(DIRECT) => html! { p { strong { (ask.say("web-mode-local")) } } },
        Some(name) => {
            let gap = [("relay", name.to_owned().into())];
            html! { p { strong { (ask.fill("web-mode-relay", gap)) } } }
        }
    };
    let chosen = fields.text("preset").and_then(|name| deliver::preset(&name));
    let mut known = vec![(String::new(), ask.say("web-preset-none"))];
    known.extend(PRESETS.iter().map(|one| (one.name.to_owned(), format!("{} ({})", one.name, one.host))));
    html! {
        (told)
        div class="pair" {
            section {
                h3 { (ask.say("web-setup-relay")) }
                p class="hint" { (ask.say("web-setup-relay-hint")) }
                form method="get" action=(HOME) {
                    (select("preset", &ask.say("web-field-preset"), &known, chosen.map_or("", |one| one.name)))
                    button class="quiet" { (ask.say("web-setup-explain")) }
                }
                @match chosen {
                    Some(preset) => {
                        p { strong { (preset.name) } }
                        (steps(ask, Some(preset), preset.host))
                        @if preset.sign_in != SignIn::OAuth2Only {
                            p { a class="button" href={ "/relays/new?default=1&preset=" (segment(preset.name)) } { (ask.say("web-setup-relay-do")) } }
                        }
                    }
                    None => { p { a href="/relays/new?default=1" { (ask.say("web-setup-relay-own")) } } }
                }
            }
            section {
                h3 { (ask.say("web-mode-local-short")) }
                p class="hint" { (ask.say("web-setup-local-hint")) }
                (one_button(ask, "/setup/direct", &ask.say("web-setup-local-do"), "quiet"))
            }
        }
    }
}

fn test(ask: &Ask, now: &Standing) -> Markup {
    let name = now.way.as_deref().filter(|way| *way != DIRECT);
    html! {
        @match (name, now.way.is_some()) {
            (Some(name), _) => {
                p { (ask.say("web-relay-test-hint")) }
                (one_button(ask, &format!("/relays/{}/test", segment(name)), &ask.say("web-relay-test"), "quiet"))
            }
            (None, true) => p { (ask.say("web-setup-test-local")) },
            (None, false) => p class="hint" { (ask.say("web-setup-first-way")) },
        }
    }
}

fn confirmation(ask: &Ask, now: &Standing) -> Markup {
    if !now.report.has_route {
        return html! { p class="hint" { (ask.say("web-setup-first-way")) } };
    }
    let to = now.administrator.clone().unwrap_or_default();
    let mut field = Field::text("to", ask.say("web-field-to"), &to).required();
    (field.kind, field.fill) = ("email", "email");
    html! {
        p { (ask.say("web-setup-mail-hint")) }
        (form(ask, "/setup/mail", &html! { (field.show()) button { (ask.say("web-setup-mail-do")) } }))
    }
}

async fn name_administrator(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let value = fields.text("address");
    if value.is_none() {
        return Ok(failed(&web, &ask, HOME, &Fault::about(control::Blame::Needed, "address")));
    }
    let set = Operation::SettingSet { name: ADMINISTRATOR.to_owned(), value };
    if let Err(fault) = perform(&web, &ask, set).await {
        return Ok(failed(&web, &ask, HOME, &fault));
    }
    let password = fields.exact("password");
    if !password.is_empty() {
        let (login, password) = (FIRST_ADMINISTRATOR.to_owned(), Some(Secret::new(password)));
        if let Err(fault) = perform(&web, &ask, Operation::AccountPassword { login, password }).await {
            return Ok(failed(&web, &ask, HOME, &fault));
        }
    }
    Ok(back(&web, &ask, HOME, Notice::good(ask.say("web-saved"))))
}

async fn go_direct(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let operation = Operation::RouteSet { scope: RouteFor::Default, relay: Some(DIRECT.to_owned()) };
    match perform(&web, &ask, operation).await {
        Ok(_) => Ok(back(&web, &ask, HOME, Notice::good(ask.say("web-mode-set")))),
        Err(fault) => Ok(failed(&web, &ask, HOME, &fault)),
    }
}

async fn send(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let to = fields.text("to").unwrap_or_default();
    let host = web.control.host_name().as_ascii().to_owned();
    let from = sender(&web, &ask).await?.unwrap_or_else(|| format!("{FIRST_ADMINISTRATOR}@{host}"));
    let read = |text: &str| text.parse::<Address>().map_err(|error| Fault::invalid("recipient", error));
    let (from, to) = match read(&from).and_then(|from| Ok((from, read(&to)?))) {
        Ok(read) => read,
        Err(fault) => return Ok(failed(&web, &ask, HOME, &fault)),
    };
    let gap = || [("host", host.clone().into())];
    let (subject, text) = (ask.fill("web-setup-subject", gap()), ask.fill("web-setup-text", gap()));
    match perform(&web, &ask, Operation::Send { mail: TestMail { from, to: vec![to], subject, text } }).await
    {
        Ok(Answer::Accepted { id }) => Ok(Redirect::to(&format!("/setup/mail/{id}")).into_response()),
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) => Ok(failed(&web, &ask, HOME, &fault)),
    }
}

/// The address that signs in at the default relay: many take no other sender.
async fn sender(web: &Web, ask: &Ask) -> Result<Option<String>, super::Refused> {
    let way = default_way(web, ask).await?;
    let Answer::Relays { relays } = perform(web, ask, Operation::RelayList).await? else {
        return Err(Trouble::Ours.into());
    };
    let relay = relays.into_iter().find(|relay| Some(&relay.name) == way.as_ref());
    Ok(relay.and_then(|relay| relay.login).filter(|login| login.parse::<Address>().is_ok()))
}

/// The confirmation mail on its way. The part that changes renews itself while it waits.
async fn follow(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(id): Path<String>,
) -> Shown {
    let id: QueueId = id.parse().map_err(|_| Trouble::NotFound)?;
    let answer = perform(&web, &ask, Operation::Why { id: id.to_string() }).await?;
    let Answer::Story { story, closures, relays, .. } = answer else {
        return Err(Trouble::Ours.into());
    };
    let waits = story.message.recipients.iter().any(|row| row.state == RecipientState::Waiting);
    let content = html! {
        p class="crumb" { a href=(HOME) { (ask.say("web-setup")) } }
        h1 { (ask.say("web-setup-mail")) }
        div data-live="" data-more[waits] aria-live="polite" {
            @for row in &story.message.recipients {
                @let relay = row.relay.and_then(|id| relays.get(&id)).map_or("", String::as_str);
                @let reason = wording::of_recipient(row, &closures, relay, ask.language());
                @let class = match row.state {
                    RecipientState::Delivered => "card good",
                    RecipientState::Failed | RecipientState::Expired => "card bad",
                    _ => "card",
                };
                article class=(class) {
                    h2 { (row.address) " " (super::messages::state_badge(&ask, row)) }
                    @if row.state == RecipientState::Delivered { p { (ask.say("web-setup-left")) } }
                    @if let Some(reason) = reason { (because(&ask, &reason)) }
                    @if let Some(at) = wording::next_attempt(row, &closures) {
                        p { (ask.fill("story-next", [("when", coming(at, &ask.reader()).into())])) }
                    }
                }
            }
            @for attempt in &story.attempts {
                p { (stamp(&ask, attempt.began_at)) " " (ask.say("web-setup-tried")) }
                @if let Some(spoken) = &attempt.dialogue { (super::reason::dialogue(&ask, spoken, false)) }
            }
        }
        div class="acts" {
            a class="button" href="/" { (ask.say("web-setup-end")) }
            a class="button quiet" href={ "/messages/" (id) } { (ask.say("web-setup-story")) }
            @if waits { a class="button quiet" href={ "/setup/mail/" (id) } { (ask.say("web-look-again")) } }
        }
    };
    Ok(Page::new(ask.say("web-setup-mail"), Section::None, content).live().answer(&web, &ask))
}
