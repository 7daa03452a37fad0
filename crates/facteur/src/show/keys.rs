//! Keys of programs as a table, and one that was made, shown this once.

use super::table::Table;
use super::{Reader, when};
use control::{KeyState, KeyView, NewKey};

/// Keys.
pub fn keys(keys: &[KeyView], reader: &Reader) -> String {
    let phrases = &reader.phrases;
    if keys.is_empty() {
        return format!("{}\n", phrases.say("keys-none"));
    }
    let mut table = Table::new([
        phrases.say("column-name"),
        phrases.say("column-state"),
        phrases.say("column-of"),
        phrases.say("column-used"),
        phrases.say("column-ends"),
        phrases.say("column-label"),
        phrases.say("column-scopes"),
    ]);
    let moment = |at: Option<mail::Timestamp>| at.map_or_else(|| "-".to_owned(), |at| when(at, reader));
    for key in keys {
        let state = match key.state {
            KeyState::Good => "key-good",
            KeyState::Expired => "key-expired",
            KeyState::Revoked => "key-revoked",
        };
        let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
        table.row([
            key.name.clone(),
            phrases.say(state),
            key.of.clone().unwrap_or_else(|| phrases.say("key-of-server")),
            moment(key.used_at),
            moment(key.expires_at),
            key.label.clone(),
            scopes.join(" "),
        ]);
    }
    table.text()
}

/// A key that was made.
pub fn key_made(made: &NewKey, reader: &Reader) -> String {
    let gaps = [("name", made.view.name.clone().into()), ("key", made.key.clone().into())];
    format!("{}\n", reader.phrases.fill("key-made", gaps))
}
