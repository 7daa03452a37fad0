//! Mails to sign: the traps that bodies and headers hold, and random ones.

/// Bodies on which signers and verifiers are known to differ.
pub const BODIES: &[&str] = &[
    "",
    "\r\n",
    "\r\n\r\n\r\n",
    " ",
    " \r\n\t\r\n",
    "Hello",
    "Hello\r\n",
    "Hello\r\n\r\n\r\n",
    // Some libraries forget that these lines are empty (RFC 6376 §3.4.4).
    "Hello\r\n \r\n\t\r\n",
    "Hello\r\n\r\n \t \r\n\r\n",
    "Hello\r\n \r\nBye\r\n",
    "\r\n\r\nHello\r\n",
    " Hello  you \t\r\n",
    ".\r\n..\r\n...\r\n",
    "From me\r\n>From you\r\n",
    "\u{e9}t\u{e9} \u{2014} \u{1f4e8}\r\n",
    "a\tb \t c\r\n",
    "\tHello\r\n",
];

/// Headers behind the From that every mail has.
pub const HEADERS: &[&str] = &[
    "",
    "Subject:\r\n",
    "Subject: \r\n",
    "Subject: a\r\n b\r\n\tc\r\n",
    "SUBJECT:  A   lot \t of   space  \r\n",
    "Subject: \r\n folded at once\r\n",
    "Subject: \u{e9}t\u{e9}\r\n",
    "To: a@example.net\r\nTo: b@example.net\r\nCc: c@example.net\r\n",
    "List-Unsubscribe: <https://example.org/u>, <mailto:u@example.org>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n\tboundary=\"a;b=c\"\r\n",
    "References: <a@b>\r\n\t<c@d>\r\nIn-Reply-To: <c@d>\r\n",
    "X-Long: x\r\nMessage-ID: <1@example.org>\r\nDate: Sun, 22 Nov 2026 09:00:00 +0000\r\n",
];

/// SplitMix64: the same mails for the same seed.
pub struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

const NAMES: &[&str] = &[
    "Subject",
    "To",
    "Cc",
    "X-Mailer",
    "Received",
    "References",
    "List-Id",
    "Reply-To",
    "Sender",
    "sUbJeCt",
];
const WORDS: &[&str] =
    &["word", "a", "", " ", "  ", "\t", "\r\n ", "\r\n\t", "\u{e9}", ":", ";", "=", "\"q\"", "<a@b>", "0"];
const LINES: &[&str] = &[
    "",
    "",
    " ",
    "\t",
    " \t ",
    "text",
    "a  b",
    "a\tb",
    " leading",
    "trailing ",
    "trailing\t\t",
    ".",
    "..",
    "From x",
    "\u{e9}\u{e9}",
    "=3D",
    "--",
    "\u{a0}",
    "https://example.org/?a=b&c=d",
];

/// A random mail, whose lines all end as RFC 5322 §2.3 wants them to.
pub fn random(random: &mut Random) -> String {
    let mut mail = String::new();
    let from_at = random.below(4);
    for number in 0..4 + random.below(6) {
        if number == from_at {
            mail.push_str("From: Anna <anna@example.org>\r\n");
        }
        let value: String = (0..random.below(8)).map(|_| random.one_of(WORDS)).collect();
        // A fold needs something behind it: a line of white space alone ends no header, but confuses old parsers.
        mail.push_str(&format!("{}: {value}end\r\n", random.one_of(NAMES)));
    }
    mail.push_str("\r\n");
    let lines = random.below(12);
    for number in 0..lines {
        mail.push_str(random.one_of(LINES));
        if number + 1 < lines || random.below(4) > 0 {
            mail.push_str("\r\n");
        }
    }
    mail
}
