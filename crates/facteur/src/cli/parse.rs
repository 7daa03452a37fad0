//! Values as they are typed: ages, states, languages of TLS.

use super::publish::Form;
use crate::show::ForProgram;
use store::{RecipientState, RelayTls, SenderMode};

/// Seconds in an age such as `90s`, `30m`, `2h`, `1d12h`, `2w`; French `j` is a day.
pub fn age_secs(text: &str) -> Result<u64, String> {
    let bad = || format!("'{text}' is not an age such as 30m, 2h or 1d");
    let mut rest = text;
    let mut secs: u64 = 0;
    if rest.is_empty() {
        return Err(bad());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let (number, unit) = rest.split_at(digits);
        let scale = match unit.chars().next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d' | 'j') => 86_400,
            Some('w') => 604_800,
            _ => return Err(bad()),
        };
        let number: u64 = number.parse().map_err(|_| bad())?;
        secs = number.checked_mul(scale).and_then(|more| secs.checked_add(more)).ok_or_else(bad)?;
        rest = unit.get(1..).unwrap_or_default();
    }
    Ok(secs)
}

/// A state of a recipient.
pub fn state(text: &str) -> Result<RecipientState, String> {
    one_of(text, &RecipientState::ALL.map(|state| (state.as_str(), state)))
}

/// The ways in which a relay may want TLS, by the words of the JSON.
const SENDERS: [(&str, SenderMode); 2] = [("keep", SenderMode::Keep), ("login", SenderMode::Login)];
const TLS: [(&str, RelayTls); 4] = [
    ("auto", RelayTls::Auto),
    ("implicit", RelayTls::Implicit),
    ("starttls", RelayTls::Starttls),
    ("never", RelayTls::Never),
];

/// How a relay wants TLS.
pub fn tls(text: &str) -> Result<RelayTls, String> {
    one_of(text, &TLS)
}

/// With which sender a relay gets mail.
pub fn sender_mode(text: &str) -> Result<SenderMode, String> {
    one_of(text, &SENDERS)
}

/// What settings are for.
pub fn program(text: &str) -> Result<ForProgram, String> {
    one_of(text, &ForProgram::ALL)
}

/// In which form a domain's settings are published.
pub fn form(text: &str) -> Result<Form, String> {
    one_of(text, &Form::ALL)
}

fn one_of<T: Copy>(text: &str, list: &[(&str, T)]) -> Result<T, String> {
    let found = list.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<&str> = list.iter().map(|(word, _)| *word).collect();
        words.join(", ")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_as_people_type_them() {
        for (text, secs) in [
            ("90s", Some(90)),
            ("2h", Some(7_200)),
            ("1d12h", Some(129_600)),
            ("1j", Some(86_400)),
            ("0m", Some(0)),
            ("2", None),
            ("", None),
            ("h", None),
            ("2é", None),
            ("-1h", None),
            ("99999999999999999999d", None),
            ("9999999999999999d", None),
        ] {
            assert_eq!(age_secs(text).ok(), secs, "{text}");
        }
    }

    #[test]
    fn words_are_those_of_the_json() {
        for state in RecipientState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for (word, tls) in TLS {
            assert_eq!(serde_json::to_value(tls).unwrap(), word);
        }
        assert!(state("asleep").unwrap_err().contains("waiting, held"));
    }
}
