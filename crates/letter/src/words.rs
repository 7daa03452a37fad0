//! What is wrong, in words.

use crate::wrong::{Kind, Problem, Wrong};
use mail::Language;

impl Wrong {
    /// What a person is told: the field, and why.
    pub fn words(&self, language: Language) -> String {
        match (self.field.as_str(), language) {
            ("", _) => self.problem.words(language),
            (field, Language::En) => format!("{field}: {}", self.problem.words(language)),
            (field, Language::Fr) => format!("{field}\u{a0}: {}", self.problem.words(language)),
        }
    }
}

impl Problem {
    /// The words of the problem alone.
    pub fn words(&self, language: Language) -> String {
        match language {
            Language::En => self.english(),
            Language::Fr => self.french(),
        }
    }

    fn english(&self) -> String {
        match self {
            Self::Missing => "is missing".into(),
            Self::Kind(kind) => format!("must be {}", kind.english()),
            Self::Address(text) => format!("'{text}' is not an address"),
            Self::Control => "holds a line break or a control character, which a header cannot hold".into(),
            Self::HeaderName => "is not the name of a header field: letters, digits and hyphens".into(),
            Self::Reserved => "is written by this server, or has a field of its own in the request".into(),
            Self::TooLong(most) => format!("is longer than {most}"),
            Self::TooMany(most) => format!("has more than {most} entries"),
            Self::Base64 => "is not base64".into(),
            Self::MediaType => "is not a type that an attachment can have, such as application/pdf".into(),
            Self::ContentId => "cannot name an image: letters, digits and .-_@ without spaces".into(),
            Self::Moment => "is not a moment: write 2026-12-24T18:00:00Z".into(),
            Self::TooLate(days) => format!("is more than {days} days from now"),
            Self::Empty => "there is nothing to send: give a text, HTML or an attachment".into(),
            Self::Gap(gap) => format!("{gap} has no value"),
            Self::NotOffered => "asks for something that facteur does not do: leave it out".into(),
            Self::Unknown => "is not known here, or is not yours to use".into(),
            Self::Json(detail) => format!("the request is not the JSON that is read here: {detail}"),
        }
    }

    fn french(&self) -> String {
        match self {
            Self::Missing => "manque".into(),
            Self::Kind(kind) => format!("doit être {}", kind.french()),
            Self::Address(text) => format!("«\u{a0}{text}\u{a0}» n'est pas une adresse"),
            Self::Control => {
                "contient un saut de ligne ou un caractère de contrôle, impossible dans un en-tête".into()
            }
            Self::HeaderName => {
                "n'est pas un nom d'en-tête\u{a0}: lettres, chiffres et traits d'union".into()
            }
            Self::Reserved => "est écrit par ce serveur, ou a son propre champ dans la requête".into(),
            Self::TooLong(most) => format!("est plus long que {most}"),
            Self::TooMany(most) => format!("a plus de {most} éléments"),
            Self::Base64 => "n'est pas du base64".into(),
            Self::MediaType => {
                "n'est pas un type qu'une pièce jointe peut avoir, tel que application/pdf".into()
            }
            Self::ContentId => {
                "ne peut pas nommer une image\u{a0}: lettres, chiffres et .-_@ sans espace".into()
            }
            Self::Moment => "n'est pas un moment\u{a0}: écrivez 2026-12-24T18:00:00Z".into(),
            Self::TooLate(days) => format!("est à plus de {days} jours"),
            Self::Empty => {
                "il n'y a rien à envoyer\u{a0}: donnez un texte, du HTML ou une pièce jointe".into()
            }
            Self::Gap(gap) => format!("{gap} n'a pas de valeur"),
            Self::NotOffered => "demande ce que facteur ne fait pas\u{a0}: enlevez-le".into(),
            Self::Unknown => "est inconnu ici, ou n'est pas à vous".into(),
            Self::Json(detail) => format!("la requête n'est pas le JSON qui est lu ici\u{a0}: {detail}"),
        }
    }
}

impl Kind {
    const fn english(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Number => "a whole number",
            Self::Flag => "true or false",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    const fn french(self) -> &'static str {
        match self {
            Self::Text => "un texte",
            Self::Number => "un nombre entier",
            Self::Flag => "true ou false",
            Self::List => "une liste",
            Self::Object => "un objet",
        }
    }
}
