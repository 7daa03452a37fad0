//! What a server offers, as its answer to EHLO says (RFC 5321 §4.1.1.1).

use mail::Recipient;
use std::collections::HashSet;

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
    /// The most recipients of one transaction (RFC 9422 §4.2).
    pub rcpt_max: Option<usize>,
    /// The most transactions of one connection (RFC 9422 §4.1).
    pub mail_max: Option<usize>,
    /// The most domains among the recipients of one transaction (RFC 9422 §4.3).
    pub rcpt_domain_max: Option<usize>,
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
            "LIMITS" => self.learn_limits(line),
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

    /// RFC 9422 §3: names and values; what is not known, or no number, or zero, is passed over.
    fn learn_limits(&mut self, line: &str) {
        for (name, value) in line.split([' ', '\t']).filter_map(|word| word.split_once('=')) {
            let value = value.parse().ok().filter(|&value: &usize| value > 0);
            match name.to_ascii_uppercase().as_str() {
                "RCPTMAX" => self.rcpt_max = value,
                "MAILMAX" => self.mail_max = value,
                "RCPTDOMAINMAX" => self.rcpt_domain_max = value,
                _ => {}
            }
        }
    }

    /// The recipients by their places, divided so that each transaction keeps the limits.
    pub fn rounds(&self, recipients: &[Recipient]) -> Vec<Vec<usize>> {
        let most = self.rcpt_max.unwrap_or(usize::MAX);
        let most_domains = self.rcpt_domain_max.unwrap_or(usize::MAX);
        if recipients.len() <= most && self.rcpt_domain_max.is_none() {
            return vec![(0..recipients.len()).collect()];
        }
        let mut rounds = Vec::new();
        let (mut round, mut domains) = (Vec::new(), HashSet::new());
        for (at, recipient) in recipients.iter().enumerate() {
            let domain = recipient.address.domain().as_ascii();
            let is_full = round.len() >= most || domains.len() >= most_domains && !domains.contains(domain);
            if is_full {
                rounds.push(std::mem::take(&mut round));
                domains.clear();
            }
            round.push(at);
            domains.insert(domain);
        }
        rounds.push(round);
        rounds
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
    fn recipients_are_divided_as_the_server_asks() {
        let recipients: Vec<_> = ["a@x.test", "b@y.test", "c@x.test", "d@X.test", "e@z.test"]
            .map(|text| text.parse().unwrap())
            .into();
        let check = |offer: &str, expected: &[&[usize]]| {
            let read = Extensions::of_lines(&[offer.to_owned()]);
            assert_eq!(read.rounds(&recipients), expected, "{offer}");
        };
        check("LIMITS", &[&[0, 1, 2, 3, 4]]);
        check("LIMITS RCPTMAX=2", &[&[0, 1], &[2, 3], &[4]]);
        check("limits MAILMAX=5 rcptmax=5", &[&[0, 1, 2, 3, 4]]);
        check("LIMITS RCPTDOMAINMAX=1", &[&[0], &[1], &[2, 3], &[4]]);
        check("LIMITS RCPTDOMAINMAX=2 RCPTMAX=3", &[&[0, 1, 2], &[3, 4]]);
        check("LIMITS RCPTMAX=0 MAILMAX=x OTHER=1", &[&[0, 1, 2, 3, 4]]);
        assert_eq!(Extensions::of_lines(&["LIMITS MAILMAX=7".to_owned()]).mail_max, Some(7));
    }

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
