//! The bodies of posts: our own, and those that the users of other services have receivers for.
//!
//! Each gives the bodies of one event, one after the other: most shapes have one, some have one for each recipient, and
//! one that has no word for an event has none.

mod brevo;
mod mailjet;
mod own;
mod postmark;
mod resend;
mod sendgrid;

use crate::scene::Scene;
use serde_json::Value;
use store::WebhookShape;

/// How many posts tell an event in a shape.
pub(crate) fn count(shape: WebhookShape, scene: &Scene<'_>) -> usize {
    match shape {
        WebhookShape::Own => 1,
        WebhookShape::Postmark => usize::from(postmark::has(scene)),
        WebhookShape::Sendgrid => usize::from(sendgrid::word(scene.word).is_some()),
        WebhookShape::Resend => usize::from(resend::word(scene.word).is_some()),
        WebhookShape::Brevo => {
            if brevo::word(scene).is_some() {
                scene.recipients().count()
            } else {
                0
            }
        }
        WebhookShape::Mailjet => usize::from(mailjet::word(scene).is_some()),
    }
}

/// The n-th of them.
pub(crate) fn body(shape: WebhookShape, scene: &Scene<'_>, number: usize) -> Option<Value> {
    match shape {
        WebhookShape::Own => Some(own::body(scene)),
        WebhookShape::Postmark => postmark::body(scene),
        WebhookShape::Sendgrid => sendgrid::body(scene),
        WebhookShape::Resend => resend::body(scene),
        WebhookShape::Brevo => brevo::body(scene, scene.recipients().nth(number)?),
        WebhookShape::Mailjet => mailjet::body(scene),
    }
}

/// A moment as `2026-11-22 10:00:00`, in UTC.
fn plain_date(at: mail::Timestamp) -> String {
    at.rfc3339().replace('T', " ").trim_end_matches('Z').to_owned()
}
