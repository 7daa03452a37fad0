//! What strangers said, worded in every shape without posting it: the door of the fuzz targets.

use crate::round::sample;
use crate::scene::Scene;
use crate::shape;
use crate::word::Word;
use explain::CauseId;
use mail::{Domain, Timestamp};
use serde_json::Value;
use store::WebhookShape;

/// The bodies that tell of each event in each shape, of a message whose words, and what a server said of it, are this text.
pub fn bodies(text: &str, from: &Domain, cause: Option<CauseId>) -> Vec<Value> {
    let mut message = sample(from, Timestamp(0));
    text.clone_into(&mut message.message_id);
    for recipient in &mut message.recipients {
        text.clone_into(&mut recipient.address);
    }
    let mut bodies = Vec::new();
    for word in Word::ALL {
        let mut scene = Scene::of_test(&message, Timestamp(0));
        (scene.word, scene.cause, scene.said) = (word, cause, text.to_owned());
        for shape in WebhookShape::ALL {
            let count = shape::count(shape, &scene);
            bodies.extend((0..count).filter_map(|number| shape::body(shape, &scene, number)));
        }
    }
    bodies
}
