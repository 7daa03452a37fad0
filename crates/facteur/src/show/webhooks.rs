//! Webhooks: where they go, how that goes, and what to do.

use super::table::Table;
use super::{Reader, when};
use control::{WebhookView, webhook_words};
use store::Post;

/// The posts that are shown of one webhook.
const POSTS: usize = 20;

/// All of them.
pub fn webhooks(webhooks: &[WebhookView], reader: &Reader) -> String {
    let phrases = &reader.phrases;
    if webhooks.is_empty() {
        return format!("{}\n", phrases.say("webhooks-none"));
    }
    let mut table = Table::new([
        phrases.say("column-name"),
        phrases.say("column-state"),
        phrases.say("column-scope"),
        phrases.say("column-address"),
    ]);
    for webhook in webhooks {
        table.row([
            webhook.name.clone(),
            phrases.say(control::webhook_words::state_key(webhook)),
            webhook.scope.clone(),
            webhook.url.clone(),
        ]);
    }
    let paused = webhooks.iter().filter_map(|webhook| {
        let pause = webhook.paused.as_ref()?;
        Some(format!("\n{}: {}\n", webhook.name, webhook_words::of_pause(pause, reader)))
    });
    table.text() + &paused.collect::<String>()
}

/// One, with its latest posts; with its secret when it was made a moment ago.
pub fn webhook(webhook: &WebhookView, secret: Option<&str>, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let events = webhook.events.join(", ");
    let events = if events.is_empty() { phrases.say("webhook-all-events") } else { events };
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        if !value.is_empty() {
            text += &format!("{}\n", phrases.fill(key, [("value", value.to_owned().into())]));
        }
    };
    line("webhook-line-name", &webhook.name);
    line("webhook-line-address", &webhook.url);
    line("webhook-line-description", &webhook.description);
    line("webhook-line-scope", &webhook.scope);
    line("webhook-line-events", &events);
    line("webhook-line-shape", webhook.shape.as_str());
    line("webhook-line-state", &phrases.say(webhook_words::state_key(webhook)));
    if let Some(pause) = &webhook.paused {
        text += &format!("{}\n", webhook_words::of_pause(pause, reader));
    }
    if webhook.owed > 0 {
        text += &format!("{}\n", phrases.fill("webhook-owed", [("count", (webhook.owed as u64).into())]));
    }
    if let Some(secret) = secret {
        text += &format!("\n{}\n", phrases.fill("webhook-secret", [("secret", secret.to_owned().into())]));
    }
    for post in webhook.posts.iter().take(POSTS) {
        text += &format!("\n{}", webhook_post(post, reader));
    }
    text
}

/// One post, with what to do when it was not taken.
pub fn webhook_post(post: &Post, reader: &Reader) -> String {
    let words = webhook_words::of_post(&post.result, reader);
    let gaps = [
        ("when", when(post.at, reader).into()),
        ("event", post.word.clone().into()),
        ("id", post.id.clone().into()),
        ("millis", u64::from(post.millis).into()),
        ("what", words.what.into()),
    ];
    let mut text = format!("{}\n", reader.phrases.fill("webhook-post", gaps));
    if !words.fix.is_empty() {
        text += &format!("    {}\n", words.fix);
        if !words.raw.is_empty() {
            text += &format!("    {}\n", words.raw);
        }
    }
    text
}
