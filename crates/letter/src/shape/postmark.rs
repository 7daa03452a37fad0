//! Postmark's shape: `POST /email`, `POST /email/batch`.

use super::fields::Fields;
use super::{Answer, Blame, Call, Failure, LETTERS, Order, Outcome, first_failure, listed};
use crate::Letter;
use crate::wrong::{Problem, Wrong};
use serde_json::{Value, json};

pub(super) fn read(call: Call, value: Value) -> Result<Order, Wrong> {
    match call {
        Call::One => Ok(Order::one(letter(String::new(), value)?)),
        Call::Many => Ok(Order::many(listed(value, letter)?, false)),
    }
}

fn letter(at: String, value: Value) -> Result<Letter, Wrong> {
    let mut fields = Fields::of(at, value)?;
    let mut letter = Letter::of(fields.author("From", ("", ""))?);
    letter.to = fields.addresses("To")?;
    letter.cc = fields.addresses("Cc")?;
    letter.bcc = fields.addresses("Bcc")?;
    letter.reply_to = fields.addresses("ReplyTo")?;
    letter.subject = fields.text("Subject")?.unwrap_or_default();
    letter.html = fields.text("HtmlBody")?.filter(|text| !text.is_empty());
    letter.text = fields.text("TextBody")?.filter(|text| !text.is_empty());
    letter.tags = fields.text("Tag")?.filter(|tag| !tag.is_empty()).into_iter().collect();
    letter.metadata = fields.words("Metadata")?;
    for mut header in fields.objects("Headers")? {
        let (name, value) = (header.needed("Name")?, header.text("Value")?.unwrap_or_default());
        header.end()?;
        letter.headers.push((name, value));
    }
    for mut attachment in fields.objects("Attachments")? {
        // Postmark's libraries send it along; the size is that of the content.
        attachment.pass(&["ContentLength"]);
        let names = ["Name", "ContentType", "Content", "ContentID"];
        letter.attachments.push(attachment.attachment(names)?);
    }
    // The streams that every server of theirs has. Another would change how the mail is sent.
    let stream = fields.text("MessageStream")?.unwrap_or_default();
    if !["", "outbound"].contains(&stream.as_str()) {
        return Err(fields.wrong("MessageStream", Problem::NotOffered));
    }
    fields.pass(&["TrackOpens", "TrackLinks"]);
    fields.end()?;
    Ok(letter)
}

pub(super) fn answer(order: &Order, outcomes: &[Outcome]) -> Answer {
    let one = |(item, outcome): (&super::Item, &Outcome)| match outcome {
        Ok(receipt) => {
            let letter = item.letter.as_ref().ok();
            let to: Vec<String> = letter
                .map(|letter| letter.to.iter().map(|party| party.address.to_string()).collect())
                .unwrap_or_default();
            json!({
                "To": to.join(", "),
                "SubmittedAt": receipt.at.rfc3339(),
                "MessageID": receipt.uuid(),
                "ErrorCode": 0,
                "Message": "OK",
            })
        }
        Err(failure) => words(failure),
    };
    let mut answers = order.items.iter().zip(outcomes).map(one);
    if order.is_list {
        // Each letter of a list has its own code, and the list is always answered.
        return Answer::new(200, answers.collect());
    }
    match first_failure(outcomes) {
        Some(failure) => self::failure(failure),
        None => Answer::new(200, answers.next().unwrap_or_default()),
    }
}

pub(super) fn failure(failure: &Failure) -> Answer {
    let status = match failure.blame {
        Blame::Form | Blame::Field | Blame::Sender | Blame::Twice | Blame::Late => 422,
        other => other.status(),
    };
    Answer::new(status, words(failure))
}

/// The numbers of Postmark's table of errors.
fn words(failure: &Failure) -> Value {
    let number = match failure.blame {
        Blame::Key | Blame::Rights => 10,
        Blame::Server => 100,
        Blame::Form => 402,
        Blame::Sender => 400,
        Blame::Size => 413,
        Blame::Pace => 429,
        Blame::Field if failure.field.is_empty() && failure.message.contains(&LETTERS.to_string()) => 410,
        Blame::Field if failure.field.contains("Attachments") => 300,
        Blame::Field if failure.field.ends_with("MessageStream") => 1235,
        Blame::Field | Blame::Twice | Blame::Late | Blame::Nothing | Blame::Method => 300,
    };
    json!({ "ErrorCode": number, "Message": failure.message })
}
