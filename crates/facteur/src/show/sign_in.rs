//! Who has to wait after too many wrong passwords.

use super::{Reader, coming};
use control::{SlowedBy, SlowedView};

/// All of them, each with the way to let it go.
pub fn slowed(slowed: &[SlowedView], reader: &Reader) -> String {
    if slowed.is_empty() {
        return format!("{}\n", reader.phrases.say("slowed-none"));
    }
    let paragraphs: Vec<String> = slowed.iter().map(|view| paragraph(view, reader)).collect();
    paragraphs.join("\n")
}

fn paragraph(view: &SlowedView, reader: &Reader) -> String {
    let key = match view.by {
        SlowedBy::Network => "slowed-network",
        SlowedBy::Login => "slowed-login",
        SlowedBy::Pair => "slowed-pair",
        SlowedBy::Everybody => "slowed-everybody",
    };
    let gaps = [
        ("network", view.network.clone().unwrap_or_default().into()),
        ("login", view.login.clone().unwrap_or_default().into()),
        ("until", coming(view.until, reader).into()),
        ("count", view.put_off.into()),
    ];
    let what = view.network.clone().or_else(|| view.login.clone()).unwrap_or_else(|| "--all".to_owned());
    let lift = reader.phrases.fill("slowed-lift", [("what", what.into())]);
    format!("{}\n{lift}\n", reader.phrases.fill(key, gaps))
}

/// How many wait no more.
pub fn lifted(count: usize, reader: &Reader) -> String {
    format!("{}\n", reader.phrases.fill("lifted", [("count", count.into())]))
}
