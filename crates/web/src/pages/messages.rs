//! Messages: searched, listed, and acted on one by one or together.

use super::{Shown, back, failed, perform};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, select};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section, act_word};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use control::reader::coming;
use control::{Answer, Blame, Operation, QueueFilter, QueuePage, wording};
use mail::QueueId;
use maud::{Markup, html};
use queue::Acted;
use std::sync::Arc;
use store::{Act, MessageRow, RecipientRow, RecipientState};

/// How many messages are shown at once.
const SHOWN: usize = 50;
/// How many recipients of a message are shown in a list.
const RECIPIENTS_SHOWN: usize = 3;
/// The fields of a search, as they stand in an address.
const SEARCH: [&str; 7] = ["from", "to", "state", "cause", "tag", "relay", "account"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::read("/messages", Access::Person, reading(list)),
        Route::change("/messages/act", Access::Person, changing(act)),
        Route::change("/messages/take-back", Access::Helper, changing(take_back)),
    ]
}

/// What a search means. A text with an at sign is an address, another is a domain.
fn filter_of(fields: &Fields) -> QueueFilter {
    let to = fields.text("to");
    let is_address = to.as_ref().is_some_and(|to| to.contains('@'));
    let (recipient, domain) = if is_address { (to, None) } else { (None, to) };
    let word = fields.text("state");
    let state = RecipientState::ALL.into_iter().find(|state| Some(state.as_str()) == word.as_deref());
    QueueFilter {
        sender: fields.text("from"),
        recipient,
        domain,
        relay: fields.text("relay"),
        cause: fields.text("cause"),
        tag: fields.text("tag"),
        state,
        account: fields.text("account"),
        ..QueueFilter::default()
    }
}

/// The search as the query of an address, without a page.
fn query_of(fields: &Fields) -> String {
    let pair = |name: &&str| Some(format!("{name}={}", super::segment(&fields.text(name)?)));
    SEARCH.iter().filter_map(pair).collect::<Vec<_>>().join("&")
}

async fn list(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>, uri: Uri) -> Shown {
    let fields = Fields::of(uri.query().unwrap_or_default().as_bytes());
    let after = fields.text("after").and_then(|id| id.parse::<QueueId>().ok());
    let operation = Operation::QueueList { filter: filter_of(&fields), after, limit: SHOWN };
    let found = match perform(&web, &ask, operation).await {
        Ok(Answer::Queue { page }) => Ok(page),
        Ok(_) => return Err(Trouble::Ours.into()),
        Err(fault) => Err(super::bad(&ask, &fault)),
    };
    let title = ask.say(if ask.is_helper() { "web-nav-messages" } else { "web-nav-my-messages" });
    let shown = match &found {
        Ok(page) => rows(&ask, page, &fields),
        Err(_) => html! {},
    };
    let relays = relays(&web, &ask).await?;
    let is_blocked = match ask.is_helper() {
        true => false,
        false => super::protection::of_reader(&web, &ask).await?.is_some_and(|view| view.block.is_some()),
    };
    let content = html! { h1 { (title) } @if is_blocked { (told_of_block(&ask)) } (search(&ask, &fields, &relays)) (shown) };
    let mut page = Page::new(title, Section::Messages, content);
    if let Err(notice) = found {
        page = page.with(notice);
    }
    Ok(page.answer(&web, &ask))
}

/// That the reader may not send, and where it says why.
fn told_of_block(ask: &Ask) -> Markup {
    html! {
        section class="card bad" {
            h2 { (ask.say("web-blocked")) }
            p { (ask.say("web-blocked-more")) }
            p { a class="button" href="/account#blocked" { (ask.say("web-blocked-own")) } }
        }
    }
}

/// The names of the relays, for those who know them.
async fn relays(web: &Web, ask: &Ask) -> Result<Vec<String>, super::Refused> {
    if !ask.is_helper() {
        return Ok(Vec::new());
    }
    match perform(web, ask, Operation::RelayList).await? {
        Answer::Relays { relays } => Ok(relays.into_iter().map(|relay| relay.name).collect()),
        _ => Err(Trouble::Ours.into()),
    }
}

fn search(ask: &Ask, fields: &Fields, relays: &[String]) -> Markup {
    let value = |name: &str| fields.text(name).unwrap_or_default();
    let word = |state: RecipientState| (state.as_str().to_owned(), ask.say(wording::key_of_state(state)));
    let mut states = vec![(String::new(), ask.say("web-state-open"))];
    states.extend(RecipientState::ALL.map(word));
    let mut ways = vec![(String::new(), ask.say("web-any"))];
    ways.extend(relays.iter().map(|name| (name.clone(), name.clone())));
    let open = SEARCH.iter().any(|name| *name != "state" && fields.text(name).is_some());
    html! {
        form class="card search" method="get" action="/messages" role="search" {
            (select("state", &ask.say("web-field-state"), &states, &value("state")))
            (Field::text("to", ask.say("web-field-to"), &value("to")).show())
            @if ask.is_helper() {
                details open[open] {
                    summary { (ask.say("web-more-fields")) }
                    div class="fields" {
                        (Field::text("from", ask.say("web-field-from"), &value("from")).show())
                        (Field::text("account", ask.say("web-field-account"), &value("account")).show())
                        (Field::text("cause", ask.say("web-field-cause"), &value("cause")).show())
                        (Field::text("tag", ask.say("web-field-tag"), &value("tag")).show())
                        (select("relay", &ask.say("web-field-relay"), &ways, &value("relay")))
                    }
                }
            } @else {
                (Field::text("from", ask.say("web-field-from"), &value("from")).show())
                (Field::text("tag", ask.say("web-field-tag"), &value("tag")).show())
            }
            button { (ask.say("web-search")) }
        }
    }
}

/// The acts that a reader may ask for, with their words.
pub(super) fn acts(ask: &Ask) -> &'static [(Act, &'static str)] {
    if ask.is_helper() {
        &[
            (Act::Retry, "web-act-retry"),
            (Act::Hold, "web-act-hold"),
            (Act::Release, "web-act-release"),
            (Act::Fail, "web-act-fail"),
            (Act::Delete, "web-act-delete"),
        ]
    } else {
        &[(Act::Undo, "web-act-undo")]
    }
}

/// The buttons of the acts.
pub(super) fn buttons(ask: &Ask, acts: &[(Act, &str)]) -> Markup {
    html! {
        div class="acts" {
            @for (act, key) in acts {
                @let class = if matches!(act, Act::Delete | Act::Fail) { "danger" } else { "quiet" };
                button class=(class) name="act" value=(act_word(*act)) { (ask.say(key)) }
            }
        }
    }
}

fn rows(ask: &Ask, page: &QueuePage, fields: &Fields) -> Markup {
    if page.rows.is_empty() {
        return html! { section class="card calm" { p { (ask.say("web-no-messages")) } } };
    }
    let query = query_of(fields);
    let acts_on_open = fields.text("state").is_none_or(|state| matches!(&*state, "waiting" | "held"));
    let list = html! {
        ul class="messages" { @for row in &page.rows { (message(ask, page, row, acts_on_open)) } }
    };
    html! {
        @if acts_on_open {
            (form(ask, "/messages/act", &html! {
                input type="hidden" name="back" value=(ask.here);
                (list)
                div class="bulk" {
                    div class="tick" {
                        input type="checkbox" id="everything" name="everything" value="1";
                        label for="everything" { (ask.say("web-everything")) }
                        input type="hidden" name="search" value=(query);
                    }
                    (buttons(ask, acts(ask)))
                }
            }))
        } @else { (list) }
        @if let Some(next) = page.next {
            p { a class="button quiet" rel="next" href={ "/messages?" (query) "&after=" (next) } { (ask.say("web-next-page")) } }
        }
    }
}

fn message(ask: &Ask, page: &QueuePage, row: &MessageRow, with_box: bool) -> Markup {
    let id = row.id.to_string();
    let sender = row.from.address().map_or_else(|| ask.say("story-nobody"), ToString::to_string);
    let hidden = row.recipients.len().saturating_sub(RECIPIENTS_SHOWN);
    html! {
        li class="card" {
            @if with_box {
                input type="checkbox" name="id" value=(id) aria-label=(ask.fill("web-choose", [("id", id.clone().into())]));
            }
            div class="message" {
                p class="head" {
                    a href={ "/messages/" (id) } { (sender) }
                    span class="soft" { (super::reason::stamp(ask, row.received_at)) " · " (id) }
                }
                @for one in row.recipients.iter().take(RECIPIENTS_SHOWN) { (recipient(ask, page, one)) }
                @if hidden > 0 { p class="soft" { (ask.fill("queue-others", [("count", hidden.into())])) } }
            }
        }
    }
}

fn recipient(ask: &Ask, page: &QueuePage, row: &RecipientRow) -> Markup {
    let relay = row.relay.and_then(|id| page.relays.get(&id)).map_or("", String::as_str);
    let reason = wording::of_recipient(row, &page.closures, relay, ask.language());
    html! {
        p {
            span class="to" { "→ " (row.address) } " " (state_badge(ask, row))
            @if let Some(at) = wording::next_attempt(row, &page.closures) {
                " " span class="soft" { (ask.fill("queue-next", [("when", coming(at, &ask.reader()).into())])) }
            }
        }
        @if let Some(reason) = reason { p class="why" { (reason.words.cause) } }
    }
}

/// A recipient's state, by word and colour.
pub(super) fn state_badge(ask: &Ask, row: &RecipientRow) -> Markup {
    let class = match row.state {
        RecipientState::Delivered => "badge good",
        RecipientState::Waiting | RecipientState::Held => "badge warn",
        RecipientState::Failed | RecipientState::Expired => "badge bad",
        RecipientState::Cancelled => "badge",
    };
    html! { span class=(class) { (ask.say(wording::state_key(row))) } }
}

fn act_of(word: &str) -> Option<Act> {
    [Act::Retry, Act::Hold, Act::Release, Act::Delete, Act::Undo, Act::Fail]
        .into_iter()
        .find(|act| act_word(*act) == word)
}

async fn act(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let act = act_of(fields.exact("act")).ok_or(Trouble::NotFound)?;
    let to = fields.text("back").unwrap_or_else(|| "/messages".to_owned());
    let all = fields.has("everything");
    let ids: Vec<QueueId> = fields.all("id").filter_map(|id| id.parse().ok()).collect();
    if ids.is_empty() && !all {
        let notice = Notice::bad(ask.say("web-nothing-chosen"), ask.say("web-nothing-chosen-fix"));
        return Ok(back(&web, &ask, &to, notice));
    }
    let filter = match all {
        true => filter_of(&Fields::of(fields.exact("search").as_bytes())),
        false => QueueFilter { ids, ..QueueFilter::default() },
    };
    if matches!(act, Act::Delete | Act::Fail) && !fields.has("sure") {
        return confirm(&web, &ask, act, (&filter, &fields)).await;
    }
    match perform(&web, &ask, Operation::QueueAct { act, filter }).await {
        Ok(Answer::Acted { acted, undo }) => {
            Ok(back(&web, &ask, &to, Notice { undo, ..told(&ask, wording::acted_key(act), &acted) }))
        }
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) => Ok(failed(&web, &ask, &to, &fault)),
    }
}

/// Takes back what was done to messages, to exactly those that it was done to.
async fn take_back(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let to = fields.text("back").unwrap_or_else(|| "/messages".to_owned());
    let number = fields.number("number").ok_or(Trouble::NotFound)?;
    match perform(&web, &ask, Operation::QueueTakeBack { number }).await {
        Ok(Answer::Acted { acted, undo }) => {
            Ok(back(&web, &ask, &to, Notice { undo, ..told(&ask, "web-taken-back", &acted) }))
        }
        Ok(_) => Err(Trouble::Ours.into()),
        Err(fault) if fault.blame == Blame::Missing => {
            let notice = Notice::bad(ask.say("web-too-late"), ask.say("web-too-late-fix"));
            Ok(back(&web, &ask, &to, notice))
        }
        Err(fault) => Ok(failed(&web, &ask, &to, &fault)),
    }
}

/// What came of it.
fn told(ask: &Ask, key: &str, acted: &Acted) -> Notice {
    let recipients = ask.fill("count-recipients", [("count", acted.recipients.into())]);
    let gaps = [("messages", acted.messages.into()), ("recipients", recipients.into())];
    let mut notice = Notice::good(ask.fill(key, gaps));
    notice.good = acted.messages > 0;
    if acted.in_flight > 0 {
        notice.more = ask.fill("acted-in-flight", [("count", acted.in_flight.into())]);
    }
    notice
}

/// What cannot be taken back is asked for twice.
async fn confirm(web: &Web, ask: &Ask, act: Act, (filter, fields): (&QueueFilter, &Fields)) -> Shown {
    let operation = Operation::QueueList { filter: filter.clone(), after: None, limit: SHOWN };
    let Answer::Queue { page } = perform(web, ask, operation).await? else {
        return Err(Trouble::Ours.into());
    };
    let more = page.next.is_some();
    let key = if act == Act::Delete { "web-sure-delete" } else { "web-sure-fail" };
    let many = if more { "web-sure-more" } else { "web-sure-count" };
    let count = ask.fill(many, [("count", page.rows.len().into())]);
    let title = ask.fill(key, [("messages", count.into())]);
    let to = fields.text("back").unwrap_or_else(|| "/messages".to_owned());
    let label = if act == Act::Delete { "web-act-delete" } else { "web-act-fail" };
    let content = html! {
        section class="card" {
            h1 { (title) }
            ul { @for row in page.rows.iter().take(10) {
                li { (row.id) " — " @for (at, one) in row.recipients.iter().take(RECIPIENTS_SHOWN).enumerate() {
                    @if at > 0 { ", " } (one.address)
                } }
            } }
            (form(ask, "/messages/act", &html! {
                @for id in fields.all("id") { input type="hidden" name="id" value=(id); }
                @if fields.has("everything") {
                    input type="hidden" name="everything" value="1";
                    input type="hidden" name="search" value=(fields.exact("search"));
                }
                input type="hidden" name="back" value=(to);
                input type="hidden" name="sure" value="1";
                div class="acts" {
                    button class="danger" name="act" value=(act_word(act)) { (ask.say(label)) }
                    a class="button quiet" href="/messages" { (ask.say("web-cancel")) }
                }
            }))
        }
    };
    let response: Response = Page::new(title, Section::Messages, content).answer(web, ask);
    Ok(response)
}
