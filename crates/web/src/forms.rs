//! The parts that forms are made of. Every field has its label, and what explains it is tied to it.

use crate::ask::Ask;
use crate::guard::FORM_KEY;
use crate::words::LANGUAGES;
use mail::Language;
use maud::{Markup, html};

/// A form that changes something: it brings the key along.
pub(crate) fn form(ask: &Ask, action: &str, content: &Markup) -> Markup {
    html! {
        form method="post" action=(action) autocomplete="off" {
            input type="hidden" name=(FORM_KEY) value=(ask.form_key());
            (content)
        }
    }
}

/// A form of one button.
pub(crate) fn one_button(ask: &Ask, action: &str, label: &str, class: &str) -> Markup {
    form(ask, action, &html! { button class=(class) { (label) } })
}

/// A field of one line.
pub(crate) struct Field<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// What sets its id apart from that of a field of the same name in another form; empty for nothing.
    pub(crate) mark: &'a str,
    /// Its label.
    pub(crate) label: String,
    /// What explains it; empty for nothing.
    pub(crate) hint: String,
    /// What is in it.
    pub(crate) value: &'a str,
    /// `text`, `email`, `password`, `number`.
    pub(crate) kind: &'a str,
    /// Whether it must be filled in.
    pub(crate) required: bool,
    /// What browsers and password managers may fill it with.
    pub(crate) fill: &'a str,
}

impl<'a> Field<'a> {
    /// A field of text.
    pub(crate) fn text(name: &'a str, label: String, value: &'a str) -> Self {
        Self { name, mark: "", label, hint: String::new(), value, kind: "text", required: false, fill: "off" }
    }

    /// A field of a password, which is never filled in from here.
    pub(crate) fn password(name: &'a str, label: String, fill: &'a str) -> Self {
        Self { kind: "password", fill, ..Self::text(name, label, "") }
    }

    /// The same with an explanation.
    pub(crate) fn hint(self, hint: String) -> Self {
        Self { hint, ..self }
    }

    /// The same in a second form.
    pub(crate) fn marked(self, mark: &'a str) -> Self {
        Self { mark, ..self }
    }

    /// The same, to be filled in.
    pub(crate) fn required(self) -> Self {
        Self { required: true, ..self }
    }

    /// The field.
    pub(crate) fn show(&self) -> Markup {
        let id = format!("{}{}", self.mark, self.name);
        let described = format!("{id}-hint");
        html! {
            div class="field" {
                label for=(id) { (self.label) }
                input id=(id) name=(self.name) type=(self.kind) value=[(self.kind != "password").then_some(self.value)]
                    required[self.required] autocomplete=(self.fill) spellcheck="false" autocapitalize="none"
                    aria-describedby=[(!self.hint.is_empty()).then_some(&described)];
                @if !self.hint.is_empty() { p class="hint" id=(described) { (self.hint) } }
            }
        }
    }
}

/// A choice of one among several, each a value and its words.
pub(crate) fn select(name: &str, label: &str, options: &[(String, String)], chosen: &str) -> Markup {
    html! {
        div class="field" {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, words) in options {
                    option value=(value) selected[value == chosen] { (words) }
                }
            }
        }
    }
}

/// A choice of a language.
pub(crate) fn language(ask: &Ask, chosen: Language) -> Markup {
    let options = LANGUAGES.map(|(language, name)| (language.tag().to_owned(), name.to_owned()));
    select("language", &ask.say("web-language"), &options, chosen.tag())
}

/// A box to tick.
pub(crate) fn tick(name: &str, label: &str, on: bool) -> Markup {
    html! {
        div class="tick" {
            input type="checkbox" id=(name) name=(name) value="1" checked[on];
            label for=(name) { (label) }
        }
    }
}
