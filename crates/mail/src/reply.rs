//! SMTP replies as words: the code, the enhanced code, the lines.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Why a text is not a reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The code is not three digits in the ranges of RFC 5321 §4.2.
    /// Usual cause: the peer does not speak SMTP on this port.
    #[error("'{0}' is not an SMTP reply code")]
    Code(String),
    /// The enhanced code is not `class.subject.detail` (RFC 3463 §2).
    #[error("'{0}' is not an enhanced status code")]
    Enhanced(String),
}

/// What a reply means for the next step (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// 2xx: done.
    Positive,
    /// 3xx: go on.
    Intermediate,
    /// 4xx: not now.
    Transient,
    /// 5xx: no.
    Permanent,
}

/// An SMTP reply code (RFC 5321 §4.2): three digits, the first 2 to 5, the second 0 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct ReplyCode(u16);

impl ReplyCode {
    /// What the code means for the next step.
    pub const fn severity(self) -> Severity {
        match self.0 / 100 {
            2 => Severity::Positive,
            3 => Severity::Intermediate,
            4 => Severity::Transient,
            _ => Severity::Permanent,
        }
    }

    /// The code as a number.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl TryFrom<u16> for ReplyCode {
    type Error = ReplyError;

    fn try_from(code: u16) -> Result<Self, ReplyError> {
        // RFC 5321 §4.2 stops the second digit at 5; replies such as 571 or 573 are seen in the world
        // (Swisscom's port 25 answers 573) and say something that people need explained.
        if (200..600).contains(&code) { Ok(Self(code)) } else { Err(ReplyError::Code(code.to_string())) }
    }
}

impl From<ReplyCode> for u16 {
    fn from(code: ReplyCode) -> Self {
        code.0
    }
}

impl fmt::Display for ReplyCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(itoa::Buffer::new().format(self.0))
    }
}

/// An enhanced status code (RFC 3463 §2): `class.subject.detail`, class 2, 4 or 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnhancedCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    /// A code known when the program is written; the class is brought into 2, 4, 5.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        let class = if class == 2 || class == 4 { class } else { 5 };
        Self { class, subject, detail }
    }

    /// The class: 2, 4 or 5.
    pub const fn class(self) -> u8 {
        self.class
    }

    /// The subject, as in RFC 3463 §3.1.
    pub const fn subject(self) -> u16 {
        self.subject
    }

    /// The detail within the subject.
    pub const fn detail(self) -> u16 {
        self.detail
    }
}

impl EnhancedCode {
    /// The code at the beginning of a text, and what follows it.
    fn leading(text: &[u8]) -> Option<(Self, &[u8])> {
        let (class, rest) = match text {
            [class @ (b'2' | b'4' | b'5'), b'.', rest @ ..] => (class - b'0', rest),
            _ => return None,
        };
        let (subject, rest) = leading_number(rest)?;
        let (detail, rest) = leading_number(rest.strip_prefix(b".")?)?;
        Some((Self { class, subject, detail }, rest))
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Each reply of each server is printed: `write!` with three numbers costs ten times as much.
        let mut digits = itoa::Buffer::new();
        f.write_str(digits.format(self.class))?;
        for number in [self.subject, self.detail] {
            f.write_str(".")?;
            f.write_str(digits.format(number))?;
        }
        Ok(())
    }
}

impl FromStr for EnhancedCode {
    type Err = ReplyError;

    fn from_str(text: &str) -> Result<Self, ReplyError> {
        match Self::leading(text.as_bytes()) {
            Some((code, [])) => Ok(code),
            _ => Err(ReplyError::Enhanced(text.to_owned())),
        }
    }
}

/// The number of one to three digits at the beginning, and what follows it.
fn leading_number(text: &[u8]) -> Option<(u16, &[u8])> {
    let digits = text.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let value = number.iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    (1..=3).contains(&digits).then_some((value, rest))
}

impl TryFrom<String> for EnhancedCode {
    type Error = ReplyError;

    fn try_from(text: String) -> Result<Self, ReplyError> {
        text.parse()
    }
}

impl From<EnhancedCode> for String {
    fn from(code: EnhancedCode) -> Self {
        code.to_string()
    }
}

/// A whole reply: a code and its lines, without the code and without the enhanced code repeated
/// on each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// The three digits.
    pub code: ReplyCode,
    /// The enhanced code, when the reply had one (RFC 2034 §4).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<EnhancedCode>,
    /// The text, a line each.
    pub lines: Vec<String>,
}

impl Reply {
    /// Builds a reply of one line. A code out of range becomes 550: it can only come from a
    /// mistake in this program, and a refusal loses nothing.
    pub fn new(code: u16, enhanced: Option<EnhancedCode>, text: impl Into<String>) -> Self {
        let code = ReplyCode::try_from(code).unwrap_or(ReplyCode(550));
        Self { code, enhanced, lines: vec![text.into()] }
    }

    /// Builds a reply from its lines as they came, codes removed: an enhanced code that every
    /// line repeats is taken out of the text. It counts only when its class fits the code.
    pub fn from_lines(code: ReplyCode, mut lines: Vec<String>) -> Self {
        let class = code.get() / 100;
        let first = lines.first().and_then(|line| leading_enhanced(line)).map(|(enhanced, _)| enhanced);
        let enhanced = first.filter(|first| u16::from(first.class()) == class);
        for line in lines.iter_mut().filter(|_| enhanced.is_some()) {
            if let Some((found, text)) = leading_enhanced(line)
                && Some(found) == enhanced
            {
                line.drain(..line.len() - text);
            }
        }
        Self { code, enhanced, lines }
    }

    /// The same with the short code of its explanation behind it: `… [F:message_too_big]`. It names a page of
    /// `docs/causes`, and `facteur explain` reads it.
    #[must_use]
    pub fn explained(mut self, cause: &str) -> Self {
        if let Some(last) = self.lines.last_mut() {
            last.push_str(" [F:");
            last.push_str(cause);
            last.push(']');
        }
        self
    }

    /// The cause that its short code names, if it ends with one.
    pub fn cause(&self) -> Option<&str> {
        let (_, cause) = self.lines.last()?.strip_suffix(']')?.rsplit_once(" [F:")?;
        let is_id = cause.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        Some(cause).filter(|_| is_id)
    }

    /// What the reply means for the next step.
    pub const fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether the reply is 2xx.
    pub fn is_positive(&self) -> bool {
        self.severity() == Severity::Positive
    }

    /// The lines joined by spaces: for logs, lists and matching.
    pub fn text(&self) -> String {
        self.lines.join(" ")
    }
}

/// The enhanced code that is the first word of a line, and the length of the text behind it.
fn leading_enhanced(line: &str) -> Option<(EnhancedCode, usize)> {
    let (code, rest) = EnhancedCode::leading(line.as_bytes())?;
    let is_word = matches!(rest.first(), None | Some(b' '));
    is_word.then(|| (code, rest.trim_ascii_start().len()))
}

impl fmt::Display for Reply {
    /// The reply on one line: `535 5.7.8 Username and Password not accepted`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        let text = self.text();
        if text.is_empty() { Ok(()) } else { write!(f, " {text}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explained_reply_ends_with_its_code() {
        let reply = Reply::new(552, None, "Too large").explained("message_too_big");
        assert_eq!(reply.to_string(), "552 Too large [F:message_too_big]");
        assert_eq!(reply.cause(), Some("message_too_big"));
        for text in ["Too large", "[F:a] more", "x [F:a/b]", "[F:a]"] {
            assert_eq!(Reply::new(552, None, text).cause(), None, "{text}");
        }
    }

    #[test]
    fn enhanced_codes_parse_and_print() {
        for good in ["2.0.0", "4.7.1", "5.7.139"] {
            assert_eq!(good.parse::<EnhancedCode>().unwrap().to_string(), good);
        }
        for bad in ["3.0.0", "5.7", "5.7.1.2", "5.7.1234", "5..1", "", "5.a.1", "5.+1.1"] {
            assert!(bad.parse::<EnhancedCode>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_repeated_enhanced_code_leaves_the_text() {
        let code = ReplyCode::try_from(535).unwrap();
        let reply = Reply::from_lines(code, vec!["5.7.8 Username and".into(), "5.7.8 Password".into()]);
        assert_eq!(reply.to_string(), "535 5.7.8 Username and Password");
        let odd = Reply::from_lines(code, vec!["4.7.8 no".into()]);
        assert_eq!((odd.enhanced, odd.text().as_str()), (None, "4.7.8 no"));
    }

    #[test]
    fn codes_out_of_range_are_refused() {
        assert!(ReplyCode::try_from(199).is_err() && ReplyCode::try_from(600).is_err());
        assert_eq!(ReplyCode::try_from(573).unwrap().severity(), Severity::Permanent);
    }
}
