//! The shape that all pages share: who is signed in, where they can go, what came of the last form, the content.

use crate::Web;
use crate::ask::Ask;
use crate::assets::VERSION;
use crate::forms::{form, one_button};
use crate::notice::Notice;
use crate::words::LANGUAGES;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse as _, Response};
use control::Role;
use maud::{DOCTYPE, Markup, html};
use store::Act;

/// Headers that tell of a body, and go with it.
pub(crate) const DESCRIBES_BODY: [HeaderName; 2] = [CONTENT_TYPE, CONTENT_LENGTH];

/// Where a page belongs in the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    /// Nowhere.
    None,
    /// The first page.
    Overview,
    /// Messages.
    Messages,
    /// How mail leaves.
    Relays,
    /// The relays of whoever reads.
    OwnRelays,
    /// Who may send.
    Accounts,
    /// Domains that mail is signed for.
    Domains,
    /// How much was sent.
    Statistics,
    /// Who is told of events.
    Webhooks,
    /// A pasted error.
    Explain,
    /// The settings of an address.
    Discover,
    /// Keys of programs.
    Keys,
    /// One's own account.
    Own,
}

impl Section {
    /// The menu: for administrators, for helpers, then for persons.
    fn menu(ask: &Ask) -> &'static [(Self, &'static str, &'static str)] {
        match ask.session.as_ref().map(|session| session.role) {
            None => &[],
            Some(Role::Administrator) => &[
                (Self::Overview, "/", "web-nav-overview"),
                (Self::Messages, "/messages", "web-nav-messages"),
                (Self::Relays, "/relays", "web-nav-relays"),
                (Self::Accounts, "/accounts", "web-nav-accounts"),
                (Self::Domains, "/domains", "web-nav-domains"),
                (Self::Keys, "/keys", "web-nav-keys"),
                (Self::Statistics, "/statistics", "web-nav-statistics"),
                (Self::Webhooks, "/webhooks", "web-nav-webhooks"),
                (Self::Explain, "/explain", "web-nav-explain"),
                (Self::Discover, "/discover", "web-nav-discover"),
            ],
            Some(Role::Helper) => &[
                (Self::Overview, "/", "web-nav-overview"),
                (Self::Messages, "/messages", "web-nav-messages"),
                (Self::Relays, "/relays", "web-nav-relays"),
                (Self::Accounts, "/accounts", "web-nav-accounts"),
                (Self::Domains, "/domains", "web-nav-domains"),
                (Self::Statistics, "/statistics", "web-nav-statistics"),
                (Self::Explain, "/explain", "web-nav-explain"),
                (Self::Discover, "/discover", "web-nav-discover"),
                (Self::Webhooks, "/webhooks", "web-nav-my-webhooks"),
                (Self::Keys, "/keys", "web-nav-my-keys"),
                (Self::Own, "/account", "web-nav-own"),
            ],
            Some(Role::Person | Role::Reader) => &[
                (Self::Messages, "/messages", "web-nav-my-messages"),
                (Self::OwnRelays, "/account/relays", "web-nav-own-relays"),
                (Self::Statistics, "/statistics", "web-nav-statistics"),
                (Self::Webhooks, "/webhooks", "web-nav-webhooks"),
                (Self::Explain, "/explain", "web-nav-explain"),
                (Self::Discover, "/discover", "web-nav-discover"),
                (Self::Keys, "/keys", "web-nav-keys"),
                (Self::Own, "/account", "web-nav-own"),
            ],
        }
    }
}

/// A page: its title, its place, and what it shows.
pub(crate) struct Page {
    title: String,
    section: Section,
    content: Markup,
    notice: Option<Notice>,
    /// Whether a part of it renews itself.
    live: bool,
    /// Whether it asks devices for passkeys.
    passkeys: bool,
}

impl Page {
    /// A page.
    pub(crate) const fn new(title: String, section: Section, content: Markup) -> Self {
        Self { title, section, content, notice: None, live: false, passkeys: false }
    }

    /// What went wrong, and what to do.
    pub(crate) fn problem(ask: &Ask, what: &str, fix: &str) -> Self {
        let content = html! {
            section class="card narrow" {
                h1 { (what) }
                p { (fix) }
                p { a class="button" href="/" { (ask.say("web-to-start")) } }
            }
        };
        Self::new(what.to_owned(), Section::None, content)
    }

    /// The same, of which what is marked `data-live` renews itself while it is marked `data-more`.
    pub(crate) fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// The same, with forms that are marked `data-passkey`.
    pub(crate) fn with_passkeys(self) -> Self {
        Self { passkeys: true, ..self }
    }

    /// The same with a notice that is not waiting.
    pub(crate) fn with(self, notice: Notice) -> Self {
        Self { notice: Some(notice), ..self }
    }

    /// The answer, with the notice that waited for this reader.
    pub(crate) fn answer(mut self, web: &Web, ask: &Ask) -> Response {
        self.notice = self.notice.or_else(|| web.notices.take(ask));
        self.show(ask).into_response()
    }

    /// The whole document.
    pub(crate) fn show(&self, ask: &Ask) -> Markup {
        html! {
            (DOCTYPE)
            html lang=(ask.language().tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · facteur" }
                    link rel="stylesheet" href={ "/assets/style.css?v=" (VERSION) };
                    @if self.live { script src={ "/assets/live.js?v=" (VERSION) } defer {} }
                    @if self.passkeys { script src={ "/assets/passkey.js?v=" (VERSION) } defer {} }
                    link rel="icon" type="image/svg+xml" href={ "/assets/icon.svg?v=" (VERSION) };
                }
                body {
                    a class="skip" href="#main" { (ask.say("web-skip")) }
                    header class="top" {
                        a class="brand" href="/" { img src={ "/assets/icon.svg?v=" (VERSION) } alt="" width="28" height="28"; "facteur" }
                        (languages(ask))
                        @if let Some(session) = &ask.session {
                            div class="who" {
                                a href="/account" { (session.login) }
                                (one_button(ask, "/sign-out", &ask.say("web-sign-out"), "quiet"))
                            }
                        }
                    }
                    @let menu = Section::menu(ask);
                    div class="body" {
                        @if !menu.is_empty() {
                            nav class="menu" aria-label=(ask.say("web-menu")) {
                                @for (section, href, key) in menu {
                                    a href=(href) aria-current=[(*section == self.section).then_some("page")] { (ask.say(key)) }
                                }
                            }
                        }
                        main id="main" tabindex="-1" {
                            @if let Some(notice) = &self.notice { (told(ask, notice)) }
                            (self.content)
                        }
                    }
                }
            }
        }
    }
}

/// A notice: announced by screen readers, with the way back where there is one.
fn told(ask: &Ask, notice: &Notice) -> Markup {
    let class = if notice.good { "notice good" } else { "notice bad" };
    html! {
        div class=(class) role=(if notice.good { "status" } else { "alert" }) {
            p { strong { (notice.text) } @if !notice.more.is_empty() { br; (notice.more) } }
            @if let Some(secret) = &notice.secret { p { code class="secret" { (secret) } } }
            @if let Some(number) = notice.undo {
                (form(ask, "/messages/take-back", &html! {
                    input type="hidden" name="number" value=(number);
                    input type="hidden" name="back" value=(ask.here);
                    button class="quiet" { (ask.say("web-take-back")) }
                }))
            }
        }
    }
}

/// The word of an act in forms.
pub(crate) const fn act_word(act: Act) -> &'static str {
    match act {
        Act::Retry => "retry",
        Act::Hold => "hold",
        Act::Release => "release",
        Act::Delete => "delete",
        Act::Undo => "undo",
        Act::Fail => "fail",
    }
}

/// The switch: each language under its own name.
fn languages(ask: &Ask) -> Markup {
    let mark = if ask.here.contains('?') { '&' } else { '?' };
    html! {
        nav class="languages" aria-label=(ask.say("web-language")) {
            @for (language, name) in LANGUAGES {
                @if language == ask.language() {
                    span aria-current="true" lang=(language.tag()) { (name) }
                } @else {
                    a href={ (ask.here) (mark) "lang=" (language.tag()) } lang=(language.tag())
                        hreflang=(language.tag()) { (name) }
                }
            }
        }
    }
}
