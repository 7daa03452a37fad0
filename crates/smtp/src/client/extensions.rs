//! What a server offers, as its answer to EHLO says (RFC 5321 §4.1.1.1).

/// The extensions that matter to a client.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Extensions {
    /// Commands may be sent in groups (RFC 2920).
    pub pipelining: bool,
    /// Content may be declared as 8-bit (RFC 6152).
    pub eight_bit_mime: bool,
    /// Addresses and headers may hold UTF-8 (RFC 6531).
    pub smtputf8: bool,
    /// Replies carry enhanced codes (RFC 2034).
    pub enhanced_codes: bool,
    /// What the sender wants to hear of each recipient is passed on, and told by those who take the message from there
    /// on (RFC 3461 §5.2.1). A message that went to a server without it leaves the news of its success to us (§5.2.2).
    pub dsn: bool,
    /// TLS can be started (RFC 3207).
    pub starttls: bool,
    /// SIZE is known, and with it perhaps a limit in bytes (RFC 1870).
    pub size: Option<Option<u64>>,
    /// The mechanisms to sign in by, in capital letters (RFC 4954).
    pub auth: Vec<String>,
}

impl Extensions {
    /// Reads the lines of a reply to EHLO, without the first, which is the server's name.
    pub fn of_lines(lines: &[String]) -> Self {
        let mut extensions = Self::default();
        for line in lines {
            extensions.learn(line);
        }
        extensions
    }

    fn learn(&mut self, line: &str) {
        // Old servers say `AUTH=LOGIN`, which their clients took for the keyword with its value.
        let mut words = line.split([' ', '=', '\t']).filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
        match keyword.as_str() {
            "PIPELINING" => self.pipelining = true,
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "ENHANCEDSTATUSCODES" => self.enhanced_codes = true,
            "DSN" => self.dsn = true,
            "STARTTLS" => self.starttls = true,
            // RFC 1870 §4: zero, or no number, is no limit.
            "SIZE" => self.size = Some(words.next().and_then(|n| n.parse().ok()).filter(|&n| n > 0)),
            "AUTH" => {
                for mechanism in words.map(str::to_ascii_uppercase) {
                    if !self.auth.contains(&mechanism) {
                        self.auth.push(mechanism);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether one can sign in by that mechanism.
    pub fn offers_auth(&self, mechanism: &str) -> bool {
        self.auth.iter().any(|offered| offered == mechanism)
    }

    /// The largest message that the server takes, if it says so.
    pub fn size_limit(&self) -> Option<u64> {
        self.size.flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::Extensions;

    #[test]
    fn offers_are_read_as_servers_word_them() {
        let lines = [
            "PIPELINING",
            "size 35882577",
            "dsn",
            "8BITMIME",
            "AUTH PLAIN LOGIN",
            "AUTH=LOGIN xoauth2",
            "X-ODD 1",
        ];
        let read = Extensions::of_lines(&lines.map(str::to_owned));
        assert!(read.pipelining && read.dsn && read.eight_bit_mime && !read.smtputf8 && !read.starttls);
        assert_eq!(
            (read.size_limit(), read.auth.as_slice()),
            (Some(35_882_577), &["PLAIN", "LOGIN", "XOAUTH2"].map(String::from)[..])
        );
        assert_eq!(Extensions::of_lines(&["SIZE".to_owned()]).size, Some(None));
        assert_eq!(Extensions::of_lines(&["SIZE 0".to_owned()]).size, Some(None));
    }
}
