//! The pages of `docs/causes`, one a cause and language: written from the catalogue, held to it by a test.
//! `UPDATE=1 cargo test -p explain page_tests` writes them anew.

use crate::catalogue::{Catalogue, causes};
use crate::cause::{Cause, CauseId, Group, Place};
use crate::facts::Facts;
use crate::words::words;
use mail::Language;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn group_name(group: Group, language: Language) -> &'static str {
    let (en, fr) = match group {
        Group::Network => ("Names and connections", "Noms et connexions"),
        Group::Tls => ("Encryption and certificates", "Chiffrement et certificats"),
        Group::Auth => ("Signing in", "Authentification"),
        Group::MailboxAccess => ("Reading a mailbox", "Lecture d'une boîte"),
        Group::Sender => ("The sender", "L'expéditeur"),
        Group::Recipient => ("The recipient", "Le destinataire"),
        Group::Rate => ("Limits and rates", "Limites et débits"),
        Group::Reputation => ("Reputation and blocklists", "Réputation et listes de blocage"),
        Group::Identity => ("Proof of identity", "Preuves d'identité"),
        Group::Content => ("The content of the message", "Le contenu du message"),
        Group::Transport => ("Servers and protocol", "Serveurs et protocole"),
        Group::Queue => ("This server's own waits", "Les attentes de ce serveur"),
    };
    if language == Language::Fr { fr } else { en }
}

/// The headings of a page: who, what to do, later, at providers, texts, typical texts, more.
fn headings(language: Language) -> [&'static str; 9] {
    match language {
        Language::En => [
            "Who must act",
            "What to do",
            "Later",
            "The same message may pass later, without any change.",
            "Sending the same message again does not help before something has changed.",
            "At particular providers",
            "Texts that were really seen",
            "Such texts look like this",
            "More",
        ],
        Language::Fr => [
            "Qui doit agir",
            "Que faire",
            "Plus tard",
            "Le même message peut passer plus tard, sans rien changer.",
            "Renvoyer le même message ne sert à rien tant que rien n'a changé.",
            "Chez certains fournisseurs",
            "Textes réellement rencontrés",
            "De tels textes ressemblent à ceci",
            "Pour en savoir plus",
        ],
    }
}

/// Causes whose names are kept although nothing in the program gives them: their pages must not claim a feature.
const RESERVED: &[CauseId] = &[CauseId::FROZEN, CauseId::WAITING_FOR_LIMIT];

/// What stands on the page of a cause that nothing gives.
fn reserved(language: Language) -> &'static str {
    match language {
        Language::En => {
            "This name is kept for the day when it is needed: no version of facteur gives this cause so far."
        }
        Language::Fr => {
            "Ce nom est gardé pour le jour où il servira : aucune version de facteur ne donne cette cause à ce jour."
        }
    }
}

/// The most texts that a page shows.
const MAX_TEXTS: usize = 16;

fn page(cause: &Cause, language: Language) -> String {
    let [who, fix, later, may, may_not, special, seen, typical, more] = headings(language);
    // As `facteur explain` says it.
    let facts = Facts { at_prompt: true, ..Facts::default() };
    let said = words(cause.id, None, Place::Pasted, language, &facts);
    let passes = if cause.may_pass_later { may } else { may_not };
    let mut page = format!(
        "# {}\n\n`{}`\n\n## {who}\n\n{}\n\n## {fix}\n\n{}\n\n## {later}\n\n{passes}\n",
        said.cause,
        cause.id,
        capital(&said.who),
        said.fix
    );
    if RESERVED.contains(&cause.id) {
        let note = reserved(language).replace(" :", "\u{a0}:");
        page = format!("# {}\n\n`{}`\n\n{note}\n", said.cause, cause.id);
    }
    let named: Vec<&String> = cause.wording.provider.keys().collect();
    if !named.is_empty() {
        write!(page, "\n## {special}\n\n").expect("text");
        for id in named {
            let name = crate::provider_name(id).unwrap_or(id);
            let said = words(cause.id, Some(id), Place::Pasted, language, &facts);
            let colon = if language == Language::Fr { "\u{a0}:" } else { ":" };
            writeln!(page, "- **{name}**{colon} {}", said.fix).expect("text");
        }
    }
    let rules = || Catalogue::built_in().rules.iter().filter(|rule| rule.cause == cause.id.as_str());
    let real: BTreeSet<&String> = rules().flat_map(|rule| &rule.seen).collect();
    let ours: BTreeSet<&String> = rules().flat_map(|rule| &rule.typical).collect();
    let (heading, texts) = if real.is_empty() { (typical, ours) } else { (seen, real) };
    if !texts.is_empty() {
        write!(page, "\n## {heading}\n\n```text\n").expect("text");
        for text in texts.iter().take(MAX_TEXTS) {
            writeln!(page, "{}", text.trim_end()).expect("text");
        }
        page.push_str("```\n");
    }
    if let Some(topic) = crate::topic_of(cause.id, language) {
        write!(page, "\n## {}\n\n[{}]({}.md)\n", headings_of_topics(language), topic.title, topic.id)
            .expect("text");
    }
    if let Some(link) = said.link {
        write!(page, "\n## {more}\n\n<{link}>\n").expect("text");
    }
    page
}

fn headings_of_topics(language: Language) -> &'static str {
    if language == Language::Fr { "À faire ensuite" } else { "To do then" }
}

fn topic_page(topic: &crate::Topic) -> String {
    let mut page = format!("# {}\n\n`{}`\n\n{}\n\n", topic.title, topic.id, topic.about);
    for (at, step) in topic.steps.iter().enumerate() {
        writeln!(page, "{}. {step}", at + 1).expect("text");
    }
    page
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).chain(['.']).collect())
}

fn index(language: Language) -> String {
    let (title, about) = match language {
        Language::En => (
            "Why mail fails",
            "Every cause that facteur knows, what it means, who must act and what to do. Written from the catalogue; do not edit.\n\n\
             A refusal of facteur's own ends with the short code of its cause, as in `[F:message_too_big]`. `facteur explain F:message_too_big` tells \
             what its page says. Where these pages are published, name the place in `facteur.toml`, and each refusal carries the address of its page:\n\n\
             ```toml\n\
             pages = \"https://mail.example.org/causes/en/{cause}.html\"\n\
             ```\n\n\
             `{cause}` stands for the cause; without it the cause is added behind a slash.",
        ),
        Language::Fr => (
            "Pourquoi un message n'arrive pas",
            "Toutes les causes que facteur connaît, ce qu'elles veulent dire, qui doit agir et que faire. Pages tirées du catalogue ; ne pas modifier.\n\n\
             Un refus de facteur lui-même se termine par le code court de sa cause, comme `[F:message_too_big]`. `facteur explain F:message_too_big` dit \
             ce que dit sa page. Là où ces pages sont publiées, indiquez leur adresse dans `facteur.toml`, et chaque refus porte celle de sa page :\n\n\
             ```toml\n\
             pages = \"https://mail.example.org/causes/fr/{cause}.html\"\n\
             ```\n\n\
             `{cause}` tient la place de la cause ; sans lui, elle est ajoutée après une barre oblique.",
        ),
    };
    let mut index = format!("# {title}\n\n{}\n", about.replace(" ;", "\u{a0};").replace(" :\n", "\u{a0}:\n"));
    for group in Group::ALL {
        write!(index, "\n## {}\n\n", group_name(*group, language)).expect("text");
        for cause in causes().filter(|cause| cause.group == *group && !RESERVED.contains(&cause.id)) {
            let said = words(cause.id, None, Place::Pasted, language, &Facts::default());
            writeln!(index, "- [{}]({}.md)", said.cause, cause.id).expect("text");
        }
    }
    writeln!(index, "\n## {}\n", headings_of_topics(language)).expect("text");
    for topic in crate::topics(language) {
        writeln!(index, "- [{}]({}.md)", topic.title, topic.id).expect("text");
    }
    index
}

fn directory(language: Language) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/causes").join(language.tag())
}

#[test]
fn the_pages_are_those_of_the_catalogue() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut stale = Vec::new();
    for language in Language::ALL {
        let directory = directory(language);
        let mut pages = vec![("README.md".to_owned(), index(language))];
        pages.extend(causes().map(|cause| (format!("{}.md", cause.id), page(cause, language))));
        pages.extend(crate::topics(language).map(|topic| (format!("{}.md", topic.id), topic_page(&topic))));
        if update {
            let _ = std::fs::remove_dir_all(&directory);
            std::fs::create_dir_all(&directory).expect("the directory");
        }
        let known: Vec<String> = pages.iter().map(|(name, _)| name.clone()).collect();
        for (name, text) in pages {
            let path = directory.join(&name);
            if update {
                std::fs::write(&path, text).expect("a page");
            } else if std::fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
                stale.push(format!("{}/{name}", language.tag()));
            }
        }
        for file in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            if !known.contains(&name) {
                stale.push(format!("{}/{name} is of no cause", language.tag()));
            }
        }
    }
    assert!(stale.is_empty(), "run: UPDATE=1 cargo test -p explain page_tests; stale: {stale:#?}");
}
