//! The sentences of a notice: one table, whole in every language because its type says so.

use super::NoticeKind;
use mail::Language;

/// A sentence for one recipient, and for several.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    pub(super) one: &'static str,
    pub(super) many: &'static str,
}

/// What is said of one kind of notice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    /// In front of the message's subject, in the subject of the notice.
    pub(super) subject: &'static str,
    /// What happened.
    pub(super) happened: Count,
}

/// All sentences of one language. A gap is written `{name}`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sentences {
    pub(super) failure: Opening,
    pub(super) delay: Opening,
    pub(super) success: Opening,
    pub(super) relayed: Opening,
    /// The failure of a recipient that was tried for as long as this server tries.
    pub(super) expired: &'static str,
    /// The message, with its subject and without.
    pub(super) message: &'static str,
    pub(super) message_without_subject: &'static str,
    pub(super) moment: &'static str,
    /// What stands in front of each line about a recipient.
    pub(super) reason: &'static str,
    pub(super) fix: &'static str,
    pub(super) who: &'static str,
    /// The same of a message that is late and still tried.
    pub(super) fix_of_delay: &'static str,
    pub(super) who_of_delay: &'static str,
    pub(super) link: &'static str,
    /// What a server answered, whose name is known, or not.
    pub(super) answer_of: &'static str,
    pub(super) answer: &'static str,
    pub(super) seen: &'static str,
    /// More recipients than are shown.
    pub(super) others: &'static str,
    /// What is attached.
    pub(super) with_message: &'static str,
    pub(super) with_header: &'static str,
    /// Who wrote this.
    pub(super) closing: &'static str,
}

impl Sentences {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &EN,
            Language::Fr => &FR,
        }
    }

    pub(super) const fn opening(&self, kind: NoticeKind) -> &Opening {
        match kind {
            NoticeKind::Failure => &self.failure,
            NoticeKind::Delay => &self.delay,
            NoticeKind::Success => &self.success,
            NoticeKind::Relayed => &self.relayed,
        }
    }
}

const EN: Sentences = Sentences {
    failure: Opening {
        subject: "Undelivered mail: {subject}",
        happened: Count {
            one: "{message} could not be delivered to {to}, and will not be tried again.",
            many: "{message} could not be delivered to {count} recipients, and will not be tried again for them. The reason for each, and what to do, stand below.",
        },
    },
    delay: Opening {
        subject: "Late mail, still being tried: {subject}",
        happened: Count {
            one: "{message} has not reached {to} yet. It is still being tried, until {until}: there is nothing that you need to do, and please do not send it again. You will be told if it fails.",
            many: "{message} has not reached {count} recipients yet. It is still being tried, until {until}: there is nothing that you need to do, and please do not send it again. You will be told if it fails.",
        },
    },
    success: Opening {
        subject: "Delivered: {subject}",
        happened: Count {
            one: "{message} has been delivered to {to}. You asked for this confirmation.",
            many: "{message} has been delivered to the {count} recipients below. You asked for this confirmation.",
        },
    },
    relayed: Opening {
        subject: "Handed on: {subject}",
        happened: Count {
            one: "{message} has been handed on, for {to}, to a server that sends no confirmations. You will hear of it again only if its delivery fails.",
            many: "{message} has been handed on, for the {count} recipients below, to a server that sends no confirmations. You will hear of it again only if its delivery fails.",
        },
    },
    expired: "{message} could not be delivered to {to} despite repeated attempts, and has been given up.",
    message: "Your message “{subject}” of {date}",
    message_without_subject: "Your message of {date}",
    moment: "{day} at {time} ({zone})",
    reason: "Reason: {text}",
    fix: "What to do: {text}",
    who: "Who must act: {text}.",
    fix_of_delay: "What could help: {text}",
    who_of_delay: "Who could act: {text}.",
    link: "Help: {text}",
    answer_of: "Answer of {host}: {text}",
    answer: "Answer of the server: {text}",
    seen: "What was seen: {text}",
    others: "And {count} others: the attached report names them all.",
    with_message: "Attached are a report for programs, and your message.",
    with_header: "Attached are a report for programs, and the header of your message.",
    closing: "This notice was written by the mail server {host}, which knows your message as {id}. If you need help, send the whole notice to the administrator of that server.",
};

const FR: Sentences = Sentences {
    failure: Opening {
        subject: "Message non remis\u{a0}: {subject}",
        happened: Count {
            one: "{message} n'a pas pu être remis à {to}, et ne sera plus essayé.",
            many: "{message} n'a pas pu être remis à {count} destinataires, et ne sera plus essayé pour eux. La raison et ce qu'il faut faire sont indiqués plus bas pour chacun.",
        },
    },
    delay: Opening {
        subject: "Message en retard, toujours essayé\u{a0}: {subject}",
        happened: Count {
            one: "{message} n'est pas encore arrivé chez {to}. Les essais continuent, jusqu'au {until}\u{a0}: vous n'avez rien à faire, et ne le renvoyez pas, s'il vous plaît. Vous serez prévenu en cas d'échec.",
            many: "{message} n'est pas encore arrivé chez {count} destinataires. Les essais continuent, jusqu'au {until}\u{a0}: vous n'avez rien à faire, et ne le renvoyez pas, s'il vous plaît. Vous serez prévenu en cas d'échec.",
        },
    },
    success: Opening {
        subject: "Message remis\u{a0}: {subject}",
        happened: Count {
            one: "{message} a été remis à {to}. Vous aviez demandé cette confirmation.",
            many: "{message} a été remis aux {count} destinataires ci-dessous. Vous aviez demandé cette confirmation.",
        },
    },
    relayed: Opening {
        subject: "Message transmis\u{a0}: {subject}",
        happened: Count {
            one: "{message} a été transmis, pour {to}, à un serveur qui n'envoie pas de confirmation. Vous n'en aurez plus de nouvelles que si sa remise échoue.",
            many: "{message} a été transmis, pour les {count} destinataires ci-dessous, à un serveur qui n'envoie pas de confirmation. Vous n'en aurez plus de nouvelles que si sa remise échoue.",
        },
    },
    expired: "{message} n'a pas pu être remis à {to} malgré des essais répétés, et a été abandonné.",
    message: "Votre message «\u{a0}{subject}\u{a0}» du {date}",
    message_without_subject: "Votre message du {date}",
    moment: "{day} à {time} ({zone})",
    reason: "Raison\u{a0}: {text}",
    fix: "Que faire\u{a0}: {text}",
    who: "Qui doit agir\u{a0}: {text}.",
    fix_of_delay: "Ce qui aiderait\u{a0}: {text}",
    who_of_delay: "Qui peut agir\u{a0}: {text}.",
    link: "Aide\u{a0}: {text}",
    answer_of: "Réponse de {host}\u{a0}: {text}",
    answer: "Réponse du serveur\u{a0}: {text}",
    seen: "Constat\u{a0}: {text}",
    others: "Et {count} autres\u{a0}: le rapport joint les nomme tous.",
    with_message: "Ci-joint, un rapport pour les programmes et votre message.",
    with_header: "Ci-joint, un rapport pour les programmes et l'en-tête de votre message.",
    closing: "Cet avis a été écrit par le serveur de messagerie {host}, où votre message porte le numéro {id}. Si vous avez besoin d'aide, transmettez cet avis en entier à l'administrateur de ce serveur.",
};

/// A sentence with its gaps filled, in one pass: what fills a gap is never read for gaps.
pub(super) fn fill(sentence: &str, gaps: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(sentence.len() + 64);
    let mut rest = sentence;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let value = gaps.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all(table: &Sentences) -> Vec<&'static str> {
        let openings = [table.failure, table.delay, table.success, table.relayed];
        let mut all: Vec<&str> =
            openings.iter().flat_map(|o| [o.subject, o.happened.one, o.happened.many]).collect();
        all.extend([table.expired, table.message, table.message_without_subject, table.moment]);
        all.extend([table.reason, table.fix, table.who, table.fix_of_delay, table.who_of_delay]);
        all.extend([table.link, table.answer_of, table.answer, table.seen, table.others]);
        all.extend([table.with_message, table.with_header, table.closing]);
        all
    }

    fn gaps(sentence: &str) -> BTreeSet<&str> {
        sentence.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }

    #[test]
    fn both_languages_say_the_same_with_the_same_gaps() {
        for (en, fr) in all(&EN).into_iter().zip(all(&FR)) {
            assert_eq!(gaps(en), gaps(fr), "{en} / {fr}");
            assert!(!en.is_empty() && en != fr, "{en}");
        }
    }

    #[test]
    fn french_is_set_as_french_is_set() {
        for sentence in all(&FR) {
            for mark in [":", ";", "!", "?", "»"] {
                for (at, _) in sentence.match_indices(mark) {
                    assert!(sentence[..at].ends_with('\u{a0}'), "{sentence}");
                }
            }
            assert!(!sentence.contains('’') && !sentence.contains('"'), "{sentence}");
        }
    }

    #[test]
    fn what_fills_a_gap_is_not_read_again() {
        assert_eq!(fill("{a} and {b}", &[("a", "{b}"), ("b", "x")]), "{b} and x");
        assert_eq!(fill("{a", &[("a", "x")]), "x");
    }
}
