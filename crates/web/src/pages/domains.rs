//! Domains that mail is signed for: their records, and whether these are published.

use super::{Refused, Shown, back, failed, perform, removed, segment};
use crate::Web;
use crate::ask::Ask;
use crate::forms::{Field, form, tick};
use crate::guard::Fields;
use crate::notice::Notice;
use crate::page::{Page, Section};
use crate::table::{Access, Route, changing, reading};
use crate::trouble::Trouble;
use axum::Extension;
use axum::extract::{Path, State};
use control::{Answer, Blame, DomainView, Fault, Operation, Published, RecordView, wording};
use mail::Domain;
use maud::{Markup, html};
use std::sync::Arc;

pub(super) fn routes() -> Vec<Route> {
    let admin = Access::Administrator;
    vec![
        Route::read("/domains", Access::Helper, reading(list)),
        Route::change("/domains", admin, changing(add)),
        Route::read("/domains/{name}", Access::Helper, reading(show)),
        Route::change("/domains/{name}/check", Access::Helper, changing(check)),
        Route::change("/domains/{name}/remove", admin, changing(remove)),
    ]
}

fn path(name: &str) -> String {
    format!("/domains/{}", segment(name))
}

fn domain_of(name: &str) -> Result<Domain, Fault> {
    name.parse().map_err(|error| Fault::invalid("name", error))
}

async fn domains_of(web: &Web, ask: &Ask) -> Result<Vec<DomainView>, Refused> {
    match perform(web, ask, Operation::DomainList).await? {
        Answer::Domains { domains } => Ok(domains),
        _ => Err(Trouble::Ours.into()),
    }
}

async fn list(State(web): State<Arc<Web>>, Extension(ask): Extension<Ask>) -> Shown {
    let domains = domains_of(&web, &ask).await?;
    let content = html! {
        h1 { (ask.say("web-nav-domains")) }
        section class="card" {
            p { (ask.say("web-domains-hint")) }
            @if domains.is_empty() { p { (ask.say("web-domains-none")) } }
            ul class="rows" {
                @for domain in &domains { li { a href=(path(domain.name.as_ascii())) { (domain.name) } } }
            }
            @if ask.is_administrator() {
                (form(&ask, "/domains", &html! {
                    (Field::text("name", ask.say("web-field-domain"), "").required().show())
                    button { (ask.say("web-domain-add")) }
                }))
            }
        }
    };
    Ok(Page::new(ask.say("web-nav-domains"), Section::Domains, content).answer(&web, &ask))
}

async fn add(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let name = match domain_of(&fields.text("name").unwrap_or_default()) {
        Ok(name) => name,
        Err(fault) => return Ok(failed(&web, &ask, "/domains", &fault)),
    };
    let to = path(name.as_ascii());
    match perform(&web, &ask, Operation::DomainAdd { name, selector: None, owner: None }).await {
        Ok(_) => Ok(back(&web, &ask, &to, Notice::good(ask.say("web-domain-added")))),
        Err(fault) => Ok(failed(&web, &ask, "/domains", &fault)),
    }
}

async fn show(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    let wanted = domain_of(&name)?;
    let found = domains_of(&web, &ask).await?.into_iter().find(|domain| domain.name == wanted);
    let domain = found.ok_or_else(|| Fault::about(Blame::Missing, name))?;
    Ok(page(&ask, &domain).answer(&web, &ask))
}

/// Asks the DNS, and shows what it says.
async fn check(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
) -> Shown {
    let name = domain_of(&name)?;
    match perform(&web, &ask, Operation::DomainCheck { name }).await? {
        Answer::Domain { domain } => Ok(page(&ask, &domain).answer(&web, &ask)),
        _ => Err(Trouble::Ours.into()),
    }
}

fn page(ask: &Ask, domain: &DomainView) -> Page {
    let here = path(domain.name.as_ascii());
    let content = html! {
        p class="crumb" { a href="/domains" { (ask.say("web-nav-domains")) } }
        h1 { (domain.name) }
        section class="card" {
            p { (ask.say("web-domain-publish")) }
            (form(ask, &format!("{here}/check"), &html! { button { (ask.say("web-domain-check")) } }))
        }
        @for record in &domain.records { (show_record(ask, record)) }
        @if ask.is_administrator() {
            section class="card" {
                h2 { (ask.say("web-domain-remove")) }
                (form(ask, &format!("{here}/remove"), &html! {
                    (tick("sure", &ask.say("web-sure"), false))
                    button class="danger" { (ask.say("web-domain-remove")) }
                }))
            }
        }
    };
    Page::new(domain.name.to_string(), Section::Domains, content)
}

fn show_record(ask: &Ask, record: &RecordView) -> Markup {
    let standing = record.published.as_ref().map(|published| match published {
        Published::Yes => ("badge good", ask.say("record-published")),
        Published::No => ("badge bad", ask.say("record-missing")),
        Published::Otherwise { text } => {
            ("badge bad", ask.fill("record-otherwise", [("text", text.clone().into())]))
        }
        Published::Unanswered => {
            ("badge warn", ask.fill("record-unanswered", [("name", record.name.clone().into())]))
        }
    });
    html! {
        article class="card record" {
            h2 class="small" { (ask.say(wording::purpose_key(record.purpose))) }
            @if let Some((class, words)) = standing { p { span class=(class) { (words) } } }
            p { (ask.fill("record-kind", [("kind", record.kind.clone().into())])) }
            p { (ask.say("web-record-name")) }
            pre { (record.name) }
            p { (ask.say("web-record-value")) }
            pre { (record.value) }
        }
    }
}

async fn remove(
    State(web): State<Arc<Web>>,
    Extension(ask): Extension<Ask>,
    Path(name): Path<String>,
    Extension(fields): Extension<Fields>,
) -> Shown {
    let operation = Operation::DomainRemove { name: domain_of(&name)? };
    let places = (&*path(&name), "/domains");
    Ok(removed((&web, &ask), fields.has("sure"), places, operation, "web-domain-removed").await)
}
