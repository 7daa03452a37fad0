//! The notices that this server writes to senders: a message failed, is late, arrived, was handed on.
//!
//! Owns their form: a report of RFC 3464 in the frame of RFC 6522, whose first part a person reads in their language, whose
//! second part programs read, and whose third gives the message back, or its header. It never decides whether a notice is
//! due, and never sends one. Whatever strangers wrote (the message's header, a server's reply, the ORCPT of a client) is
//! decoded, bounded and made harmless before it enters. Start at [`Notice::compose`].

mod decode;
mod encode;
mod original;
mod person;
mod sentences;
mod status;

pub use original::bytes_needed;
pub use store::NoticeKind;

use encode::{field, quoted_printable, text_field, utf8_field};
use explain::{CauseId, Place, Verdict};
use mail::{Address, BodyType, Domain, Evidence, Hold, Language, QueueId, Returned, Timestamp};
use original::{Attachment, Headline};

/// The message that a notice is about.
#[derive(Debug, Clone, Copy)]
pub struct Original<'a> {
    /// Its queue id.
    pub id: QueueId,
    /// When it was accepted.
    pub received_at: Timestamp,
    /// The sender's own name for the envelope, as the xtext of the ENVID parameter.
    pub envid: Option<&'a str>,
    /// How much of it the sender wants back.
    pub ret: Option<Returned>,
    /// Until when its sender wanted it to be kept.
    pub hold: Option<Hold>,
    /// Its size in bytes, the lines that this server added included.
    pub bytes: u64,
    /// Its beginning, the lines that this server added included: [`bytes_needed`] bytes of it.
    pub front: &'a [u8],
}

/// A recipient that a notice tells of.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// Where the message was to go.
    pub address: &'a Address,
    /// The address that the sender first wrote, as in the ORCPT parameter.
    pub orcpt: Option<&'a str>,
    /// Whether it was given up because it had been tried for long enough.
    pub has_expired: bool,
    /// What was seen last, where it was not reached.
    pub evidence: Option<&'a Evidence>,
    /// The cause that was decided at that time.
    pub decided: Option<CauseId>,
    /// What the server said that took the message.
    pub reply: Option<&'a str>,
    /// That server.
    pub answered_by: Option<&'a str>,
    /// Where the mail goes: to a relay, or straight to its recipients.
    pub place: Place,
    /// The name of the relay of the last attempt.
    pub relay: Option<&'a str>,
    /// When it was tried last.
    pub last_attempt_at: Option<Timestamp>,
    /// Until when it is tried.
    pub tried_until: Option<Timestamp>,
}

impl Told<'_> {
    fn verdict(&self) -> Option<Verdict> {
        self.evidence.map(|evidence| explain::judge(evidence, self.place))
    }

    /// Why it was not reached.
    fn cause(&self) -> Option<CauseId> {
        let expired = self.has_expired.then_some(CauseId::MESSAGE_EXPIRED);
        self.decided.or_else(|| self.verdict().map(|verdict| verdict.cause)).or(expired)
    }
}

/// A notice to be written.
#[derive(Debug, Clone, Copy)]
pub struct Notice<'a> {
    /// What it says.
    pub kind: NoticeKind,
    /// In which language.
    pub language: Language,
    /// When it is written.
    pub now: Timestamp,
    /// The name of this server.
    pub host_name: &'a Domain,
    /// Who is told: the sender of the message.
    pub to: &'a Address,
    /// The message.
    pub message: Original<'a>,
    /// Its recipients that the notice tells of; at least one.
    pub recipients: &'a [Told<'a>],
}

/// A notice as a message: canonical bytes, and how they must be declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// The content.
    pub content: Vec<u8>,
    /// Internationalised only for a sender whose address is; 8-bit only when the message that goes back is.
    pub body_type: BodyType,
}

impl Notice<'_> {
    /// Whether the notice is internationalised (RFC 6533): its way back takes UTF-8, or there is none. To everybody else it
    /// goes in seven bits as far as can be, so that every server on the way takes it.
    pub(crate) fn is_global(&self) -> bool {
        self.to.needs_utf8()
    }

    /// Writes the notice.
    pub fn compose(&self) -> Composed {
        let message = &self.message;
        let headline = Headline::read(message.front);
        let is_global = self.is_global();
        let attachment = Attachment::of(self.kind, message.ret, message.bytes, message.front, is_global);
        let (status, status_encoding) = if is_global {
            ("global-delivery-status", "Content-Transfer-Encoding: 8bit\r\n")
        } else {
            ("delivery-status", "")
        };
        let boundary = self.boundary(&attachment.content);
        let person = quoted_printable(person::text(self, &headline, attachment.is_whole).as_bytes());
        let mut content = self.header(&headline, &boundary, attachment.is_eight_bit).into_bytes();
        let parts = format!(
            "This is a report in several parts (MIME).\r\n\r\n\
             --{boundary}\r\n\
             Content-Description: Notification\r\n\
             Content-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: quoted-printable\r\n\r\n{person}\r\n\
             --{boundary}\r\n\
             Content-Description: Delivery report\r\n\
             Content-Type: message/{status}\r\n{status_encoding}\r\n{}\r\n\
             --{boundary}\r\n{}",
            status::report(self),
            attachment.header,
        );
        content.extend_from_slice(parts.as_bytes());
        content.extend_from_slice(&attachment.content);
        content.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let body_type = match (is_global, attachment.is_eight_bit) {
            (true, _) => BodyType::Utf8,
            (false, true) => BodyType::EightBitMime,
            (false, false) => BodyType::SevenBit,
        };
        Composed { content, body_type }
    }

    fn header(&self, headline: &Headline, boundary: &str, is_eight_bit: bool) -> String {
        let host = self.host_name.as_ascii();
        let mut text = field("Date", &mail::date(self.now));
        text += &field("From", &format!("Mail Delivery System <MAILER-DAEMON@{host}>"));
        text += &utf8_field("To", &self.to.to_ascii_domain());
        text += &text_field("Subject", &person::subject(self, headline));
        if let Some(id) = &headline.message_id {
            text += &field("In-Reply-To", id);
        }
        if !headline.references.is_empty() {
            text += &field("References", &headline.references.join(" "));
        }
        text += "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n";
        text += &field("Content-Language", self.language.tag());
        let global = if self.is_global() { "global-" } else { "" };
        text += &format!("Content-Type: multipart/report; report-type={global}delivery-status;\r\n");
        text += &format!("\tboundary=\"{boundary}\"\r\n");
        let encoding = if is_eight_bit || self.is_global() { "8bit" } else { "7bit" };
        text += &format!("Content-Transfer-Encoding: {encoding}\r\n\r\n");
        text
    }

    /// A boundary that the message that goes back does not hold. Quoted-printable cannot hold `=_` (RFC 2045 §6.7), and the
    /// report's fields begin with their names.
    fn boundary(&self, attached: &[u8]) -> String {
        let mut number = 0_u32;
        loop {
            let boundary = format!("=_{}.{number}", self.message.id);
            if !contains(attached, boundary.as_bytes()) {
                return boundary;
            }
            number = number.wrapping_add(1);
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
