//! Reports: delivery status (RFC 3464) and complaints (RFC 5965).

use super::mime::{Header, Message};
use super::{Action, Described, addresses, notice};
use crate::CauseId;
use mail::EnhancedCode;

/// The recipients of a complaint, if the message is one.
pub(super) fn complaint(message: &Message) -> Option<Vec<String>> {
    let report = message.texts_of("/feedback-report").next().map(|text| Header::read(text.as_bytes()).0);
    let original = message.original();
    // Hotmail's complaints have no report, but mark the message that comes back.
    let marked = original.as_ref().and_then(|original| original.field("x-hmxmroriginalrecipient"));
    if report.is_none() && marked.is_none() && !message.is_report("feedback-report") {
        return None;
    }
    let field = |name: &str| report.as_ref().and_then(|report| report.field(name));
    let named = ["original-rcpt-to", "removal-recipient"].iter().find_map(|name| field(name));
    let from_original = || {
        let original = original.as_ref()?;
        ["x-hmxmroriginalrecipient", "x-rcpt-to", "to", "delivered-to"]
            .iter()
            .find_map(|name| original.field(name))
    };
    // A report of failed authentication goes to whoever owns the domain: they are no recipient.
    let is_of_domain = field("feedback-type").is_some_and(|kind| kind.eq_ignore_ascii_case("auth-failure"));
    let named = named.filter(|_| !is_of_domain);
    let address = named.or(marked).or_else(from_original).and_then(addresses::in_field);
    Some(vec![address.unwrap_or_default()])
}

/// The recipients of a delivery report; empty when there is none.
pub(super) fn recipients(message: &Message) -> Vec<Described> {
    let notice = message.notice_text();
    let mut found: Vec<Described> = Vec::new();
    let mut groups: Vec<Header> = Vec::new();
    for text in message.texts_of("delivery-status") {
        groups.extend(groups_of(text));
    }
    if groups.iter().all(|group| final_recipient(group).is_none()) {
        // Some programs write the fields of a report into an ordinary text.
        groups.extend(message.texts_of("text/plain").filter(|text| has_fields(text)).flat_map(groups_of));
    }
    for group in &groups {
        let Some(address) = final_recipient(group) else { continue };
        let described = describe(group, address);
        let is_known = |one: &&mut Described| one.address.eq_ignore_ascii_case(&described.address);
        match found.iter_mut().find(is_known) {
            Some(known) => known.texts.extend(described.texts),
            None => found.push(described),
        }
    }
    if let ([only], Some(named)) = (found.as_mut_slice(), message.field("x-failed-recipients"))
        && only.address.is_empty()
    {
        only.address = addresses::in_field(named).unwrap_or_default();
    }
    if found.is_empty() {
        found = notified(message);
    }
    let several = found.len() > 1;
    for described in &mut found {
        described.after_data = notice::is_after_data(&notice);
        described.texts.extend(notice::reasons(&notice, &described.address, several));
    }
    found
}

/// The recipients of a notification by Amazon's SES, which writes JSON into a mail.
fn notified(message: &Message) -> Vec<Described> {
    let Some(text) = message.texts_of("text/plain").find(|text| text.contains("notificationType")) else {
        return Vec::new();
    };
    let text = text.replace("\\\"", "\"");
    let value = |object: &str, name: &str| -> Option<String> {
        let (_, after) = object.split_once(&format!("\"{name}\":\""))?;
        after.split('"').next().map(str::to_owned)
    };
    let list =
        |name: &str| text.split_once(&format!("\"{name}\":[")).and_then(|(_, after)| after.split(']').next());
    if let Some(bounced) = list("bouncedRecipients") {
        let one = |object: &str| {
            let address = value(object, "emailAddress").and_then(|address| addresses::in_field(&address))?;
            let status = value(object, "status").and_then(|status| status.parse().ok());
            let diagnostic = value(object, "diagnosticCode").map(|code| code.replace("smtp; ", ""));
            let texts = diagnostic.into_iter().collect();
            Some(Described { address, action: Some(Action::Failed), status, texts, ..Described::default() })
        };
        return bounced.split('{').filter_map(one).collect();
    }
    if text.contains("\"notificationType\":\"Delivery\"")
        && let Some((_, delivered)) = text.split_once("\"delivery\":")
        && let Some((_, after)) = delivered.split_once("\"recipients\":[")
    {
        let addresses = addresses::in_line(after.split(']').next().unwrap_or_default());
        let done =
            |(_, address)| Described { address, action: Some(Action::Succeeded), ..Described::default() };
        return addresses.into_iter().map(done).collect();
    }
    Vec::new()
}

fn has_fields(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("\nfinal-recipient:") || lower.starts_with("final-recipient:")
}

/// The groups of fields, which empty lines part (RFC 3464 §2.1).
fn groups_of(text: &str) -> Vec<Header> {
    /// The most groups that are read.
    const MAX_GROUPS: usize = 2_000;
    let mut groups = Vec::new();
    let mut rest = text.as_bytes();
    while !rest.is_empty() && groups.len() < MAX_GROUPS {
        let (group, after) = Header::read(rest);
        groups.push(group);
        rest = after;
    }
    groups
}

fn final_recipient(group: &Header) -> Option<String> {
    // RFC 6533 §3: `utf-8; \x{E9}@example.org` is an address whose letters seven bits carry.
    let readable = |address: String| mail::xtext::utf8_text(&address).unwrap_or(address);
    let field = |name| group.field(name).and_then(addresses::in_field).map(readable);
    let has_status = group.field("status").is_some() || group.field("action").is_some();
    field("final-recipient")
        .or_else(|| field("x-actual-recipient"))
        .or_else(|| field("original-recipient"))
        .or_else(|| (has_status && group.field("final-recipient").is_some()).then(String::new))
}

fn describe(group: &Header, address: String) -> Described {
    let action = match group.field("action").unwrap_or_default().to_ascii_lowercase() {
        action if action.starts_with("delayed") => Some(Action::Delayed),
        action
            if ["delivered", "relayed", "expanded", "deliverable"].iter().any(|a| action.starts_with(a)) =>
        {
            Some(Action::Succeeded)
        }
        action if action.is_empty() => None,
        _ => Some(Action::Failed),
    };
    let status = group.field("status").and_then(|status| {
        let code = status.split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
        code.parse().ok()
    });
    let host = group.field("remote-mta").and_then(|mta| {
        let name = mta.split_once(';').map_or(mta, |(_, name)| name).trim();
        name.split([' ', '[', '(']).next().filter(|name| name.contains('.')).map(str::to_owned)
    });
    let diagnostic = group.field("diagnostic-code").map(|code| {
        let words = code.split_once(';').filter(|(kind, _)| kind.len() < 12).map_or(code, |(_, words)| words);
        words.trim().to_owned()
    });
    let texts = diagnostic.into_iter().collect();
    Described { address, action, status, host, texts, after_data: false }
}

/// What a status code alone says (RFC 3463 §3), where there are no words.
pub(super) fn cause_of_status(status: EnhancedCode) -> Option<CauseId> {
    const CAUSES: &[(u16, u16, &str)] = &[
        (1, 0, "recipient_unknown"),
        (1, 1, "recipient_unknown"),
        (1, 2, "recipient_domain_unknown"),
        (1, 3, "recipient_syntax"),
        (1, 4, "recipient_unknown"),
        (1, 6, "recipient_moved"),
        (1, 7, "sender_address_invalid"),
        (1, 8, "sender_domain_unresolvable"),
        (1, 10, "null_mx"),
        (2, 0, "local_delivery_error"),
        (2, 1, "recipient_disabled"),
        (2, 2, "recipient_mailbox_full"),
        (2, 3, "message_too_big"),
        (2, 4, "local_delivery_error"),
        (3, 0, "server_local_error"),
        (3, 1, "server_storage_full"),
        (3, 2, "server_unavailable"),
        (3, 4, "message_too_big"),
        (3, 5, "server_local_error"),
        (4, 1, "connect_timeout"),
        (4, 2, "connection_dropped"),
        (4, 3, "dns_temporary"),
        (4, 4, "recipient_domain_unknown"),
        (4, 6, "mail_loop"),
        (4, 7, "message_expired"),
        (5, 3, "too_many_recipients"),
        (6, 0, "message_malformed"),
        (7, 0, "policy_rejected"),
        (7, 1, "rejected_unspecified"),
        (7, 25, "ptr_missing"),
        (7, 26, "sender_unauthenticated"),
    ];
    let known =
        CAUSES.iter().find(|(subject, detail, _)| (*subject, *detail) == (status.subject(), status.detail()));
    known.and_then(|(.., cause)| CauseId::lookup(cause))
}
