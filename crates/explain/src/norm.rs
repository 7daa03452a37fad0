//! From a server's words to a text that rules can read: one line, lower case, no accents, no codes,
//! no addresses.

use crate::scene::{Hint, Marks, Protocol, host_in, is_quoting, protocol_in, stage_in};
use crate::wrapped;
use mail::{EnhancedCode, Reply, ReplyCode, Severity, Stage};
use std::sync::LazyLock;

/// What the rules look at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// The words, normalised.
    pub(crate) text: String,
    /// The words alone: no marks, no addresses.
    pub(crate) plain: String,
    /// The reply code nearest to the words: of replies that quote replies, the innermost.
    pub(crate) code: Option<u16>,
    /// The enhanced code nearest to the words.
    pub(crate) enhanced: Option<EnhancedCode>,
    /// What the outermost reply decided.
    pub(crate) severity: Option<Severity>,
    /// The step, as far as it is known.
    pub(crate) stage: Option<Stage>,
    /// The protocol, where it is not SMTP.
    pub(crate) protocol: Option<Protocol>,
    /// The server, as far as it is known.
    pub(crate) host: Option<String>,
    /// Whether the server quotes another server's words.
    pub(crate) quoted: bool,
    /// Where the words behind the last reply code begin in the text: before it are a program's own.
    pub(crate) reply_at: usize,
}

impl Reading {
    /// The most bytes that are read; of a longer text the middle is passed over.
    pub(crate) const MAX_BYTES: usize = 32 * 1024;

    /// Reads a reply that a server gave us.
    pub(crate) fn of_reply(reply: &Reply, stage: Stage, host: Option<&str>) -> Self {
        let read = Scan::of(&reply.text());
        Self {
            quoted: is_quoting(&read.text),
            plain: plain(&read.text),
            text: read.text,
            code: Some(reply.code.get()),
            enhanced: reply.enhanced.or(read.enhanced),
            severity: Some(reply.severity()),
            reply_at: read.reply_at,
            stage: Some(stage),
            protocol: Some(Protocol::Smtp),
            host: host.map(str::to_owned),
        }
    }

    /// Reads a text that a person pasted.
    pub(crate) fn of_text(text: &str, hint: &Hint<'_>) -> Self {
        Self::of_lines(&wrapped::unquoted(&shortened(text)), hint)
    }

    /// Reads a text whose lines were cut at a fixed column, in the middle of words; `None` when they were not.
    pub(crate) fn of_cut_text(text: &str, hint: &Hint<'_>) -> Option<Self> {
        let text = shortened(text);
        wrapped::joined(&wrapped::unquoted(&text)).map(|text| Self::of_lines(&text, hint))
    }

    fn of_lines(text: &str, hint: &Hint<'_>) -> Self {
        let read = Scan::of(text);
        let severity = read.first_code.and_then(|code| ReplyCode::try_from(code).ok());
        let class = |e: &EnhancedCode| if e.class() == 4 { Severity::Transient } else { Severity::Permanent };
        Self {
            severity: severity.map(ReplyCode::severity).or_else(|| read.enhanced.as_ref().map(class)),
            stage: hint.stage.or_else(|| stage_in(&read.text)),
            protocol: hint.protocol.or_else(|| protocol_in(&read.text)),
            host: hint.host.map(str::to_owned).or_else(|| host_in(&read.text)),
            quoted: is_quoting(&read.text),
            code: read.last_code,
            enhanced: read.enhanced,
            reply_at: read.reply_at,
            plain: plain(&read.text),
            text: read.text,
        }
    }
}

/// What stands before a reply that is passed on.
const INNER_MARKS: [&str; 20] = [
    " said:",
    "refused to talk to me:",
    "response was:",
    "remote server returned",
    "last transfail:",
    " -> ",
    "error message was:",
    "following error message:",
    "remote host said:",
    "rejected by the remote server with error:",
    "the server responded:",
    "server said:",
    "server response:",
    "with message \"",
    "reponse du serveur etait :",
    "reponse du serveur :",
    "respuesta del servidor fue:",
    "serverantwort war:",
    "server antwortete:",
    "risposta del server:",
];

static INNER: LazyLock<Marks> = LazyLock::new(|| Marks::new(INNER_MARKS.into_iter()));

impl Reading {
    /// The same, of the innermost reply alone: of a reply that quotes a reply, the words of the last server.
    /// `None` when nothing is quoted.
    pub(crate) fn innermost(&self) -> Option<Self> {
        /// Fewer bytes are no reply of their own.
        const LEAST: usize = 8;
        let quoted = || INNER_MARKS.iter().filter_map(|mark| self.text.rfind(mark).map(|at| at + mark.len()));
        let marked = INNER.first_in(&self.text).and_then(|_| quoted().max());
        let coded = Some(self.reply_at).filter(|at| *at > 0 && marked.is_none_or(|marked| *at > marked));
        let words = |from: usize| self.text.get(from..).map(str::trim).filter(|text| text.len() >= LEAST);
        let text = coded.and_then(words).or_else(|| marked.and_then(words))?;
        Some(Self { plain: plain(text), text: text.to_owned(), reply_at: 0, ..self.clone() })
    }
}

/// Whether a character is no part of a word, and so is left out of the plain words.
pub(crate) fn is_mark(c: char) -> bool {
    // The four marks of the phrases' own writing do not count.
    !(c.is_alphanumeric() || " .'_*~{}".contains(c))
}

/// The words alone, each after one space: marks and addresses go, points and apostrophes stay inside words.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let is_cut = |c: char| !(c.is_alphanumeric() || c == '.' || c == '\'' || c == '_');
    for word in text.split(is_cut).map(|word| word.trim_matches(['.', '\''])).filter(|word| !word.is_empty())
    {
        // "e-mail" and "email" are one word.
        if word.starts_with("mail") && (plain == "e" || plain.ends_with(" e")) {
            plain.push_str(word);
            continue;
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    plain
}

/// A text without its codes and addresses, and the codes that it had.
#[derive(Default)]
struct Scan {
    text: String,
    first_code: Option<u16>,
    last_code: Option<u16>,
    enhanced: Option<EnhancedCode>,
    /// Where the words of the last reply begin in the text.
    reply_at: usize,
}

impl Scan {
    fn of(text: &str) -> Self {
        let text = without_addresses(&fold(without_client(without_envelope(&shortened(text)))));
        // One maker's gateways put these words before whatever another server said.
        let text = text.replace("unknown address error 5", "5").replace("unknown address error 4", "4");
        let mut scan = Self { text: String::with_capacity(text.len()), ..Self::default() };
        for line in text.lines() {
            let mut before = None;
            let mut words = line.split_whitespace().peekable();
            while let Some(word) = words.next() {
                scan.word(word, before, words.peek().copied());
                before = Some(word);
            }
        }
        scan
    }

    fn word(&mut self, word: &str, before: Option<&str>, after: Option<&str>) {
        let core = bare(word);
        if let Some(enhanced) = enhanced(core) {
            self.enhanced = Some(enhanced);
            return;
        }
        let Some((code, rest)) = leading_code(core) else { return self.keep(word) };
        let continued = rest.strip_prefix('-');
        let stands_alone = rest.is_empty() || rest == "," || rest == ":";
        let in_place = before.is_none_or(|b| b.ends_with([':', ',', ';', '>', '=', '"', '(']))
            || after.is_some_and(|after| enhanced(bare(after)).is_some());
        if continued.is_none() && !(stands_alone && in_place) {
            return self.keep(word);
        }
        self.first_code = self.first_code.or(Some(code));
        // The lines of one reply repeat its code.
        if self.last_code != Some(code) {
            self.reply_at = self.text.len();
        }
        self.last_code = Some(code);
        match continued.map(|rest| (rest, enhanced(bare(rest)))) {
            Some((_, Some(enhanced))) => self.enhanced = Some(enhanced),
            Some((rest, None)) if !rest.is_empty() => self.keep(rest),
            _ => {}
        }
    }

    fn keep(&mut self, word: &str) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(word);
    }
}

/// A word without the marks around it: `(#5.7.1)`, `<421`, `b'5.7.139`.
fn bare(word: &str) -> &str {
    let word = word.strip_prefix("b'").or_else(|| word.strip_prefix("b\"")).unwrap_or(word);
    // RFC 3464 §2.3.6 writes the type of a diagnostic before it.
    let word = word.strip_prefix("smtp;").or_else(|| word.strip_prefix("dsn=")).unwrap_or(word);
    word.trim_start_matches(['<', '(', '"', '\'', ':', '#'])
        .trim_end_matches([')', '>', ',', ';', '.', '"', '\''])
}

fn enhanced(word: &str) -> Option<EnhancedCode> {
    if !word.starts_with(['4', '5']) {
        return None;
    }
    word.trim_end_matches(':').parse().ok()
}

/// A reply code that refuses, and what follows it in the word.
fn leading_code(word: &str) -> Option<(u16, &str)> {
    let (digits, rest) = word.split_at_checked(3)?;
    let plain =
        digits.bytes().all(|b| b.is_ascii_digit()) && !rest.starts_with(|c: char| c.is_alphanumeric());
    let code: u16 = if plain { digits.parse().ok()? } else { return None };
    // RFC 5321 §4.2 stops the second digit at 5; 571 and 573 are seen in the world, and the numbers
    // that are ports (465) or limits must not pass for codes.
    // No server says 400 to 419: those are of the web.
    let is_reply = (420..560).contains(&code) && code / 10 % 10 <= 5 || matches!(code, 571 | 573);
    is_reply.then_some((code, rest))
}

/// Lower case, no accents, plain quotes and spaces: the form in which texts and rules meet.
pub(crate) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        // Most characters are plain, and need no table.
        if c.is_ascii() && c != '\0' && c != '\t' && c != '`' {
            folded.push(c.to_ascii_lowercase());
            continue;
        }
        for c in c.to_lowercase() {
            fold_one(c, &mut folded);
        }
    }
    folded
}

fn fold_one(c: char, folded: &mut String) {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ą' | 'ă' => folded.push('a'),
        'ç' | 'ć' | 'č' => folded.push('c'),
        'è' | 'é' | 'ê' | 'ë' | 'ę' | 'ě' => folded.push('e'),
        'ì' | 'í' | 'î' | 'ï' | 'ı' => folded.push('i'),
        'ñ' | 'ń' | 'ň' => folded.push('n'),
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ő' | 'ø' => folded.push('o'),
        'ù' | 'ú' | 'û' | 'ü' | 'ű' | 'ů' => folded.push('u'),
        'ý' | 'ÿ' => folded.push('y'),
        'ş' | 'ś' | 'š' | 'ș' => folded.push('s'),
        'ż' | 'ź' | 'ž' => folded.push('z'),
        'ğ' => folded.push('g'),
        'ł' => folded.push('l'),
        'ř' => folded.push('r'),
        'ț' | 'ţ' | 'ť' => folded.push('t'),
        'œ' => folded.push_str("oe"),
        'æ' => folded.push_str("ae"),
        'ß' => folded.push_str("ss"),
        '‘' | '’' | '`' | '´' => folded.push('\''),
        '“' | '”' | '«' | '»' => folded.push('"'),
        '–' | '—' | '‑' => folded.push('-'),
        '\u{a0}' | '\u{202f}' | '\t' => folded.push(' '),
        // Combining accents, as texts from Apple's programs have them, and zero-width marks.
        '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200d}' | '\u{feff}' | '\0' => {}
        c => folded.push(c),
    }
}

fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    if text.len() <= Reading::MAX_BYTES {
        return text.into();
    }
    let half = Reading::MAX_BYTES / 2;
    let (head, _) = text.split_at(text.floor_char_boundary(half));
    let (_, tail) = text.split_at(text.ceil_char_boundary(text.len() - half));
    format!("{head}\n{tail}").into()
}

/// Takes out the addresses: their words are not the server's, and a stranger chooses them.
fn without_addresses(text: &str) -> String {
    /// The most bytes between `<` and `>` that can be an address (RFC 5321 §4.5.3.1.3).
    const PATH: usize = 256;
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        strip_bare_addresses(before, &mut plain);
        let end = text_until(from, PATH).find('>').map(|end| end + 1);
        match end.map(|end| from.split_at(end)) {
            Some((path, after)) if path.contains('@') => {
                plain.push_str("<@>");
                rest = after;
            }
            _ => {
                plain.push('<');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    strip_bare_addresses(rest, &mut plain);
    plain
}

/// A log line of Postfix without the envelope that stands behind the reply: its words are the client's.
fn without_envelope(text: &str) -> &str {
    match text.find("; from=<") {
        Some(at) if !text.get(at..).is_some_and(|rest| rest.contains('\n')) => text.get(..at).unwrap_or(text),
        _ => text,
    }
}

/// A log line of Postfix from its reply on, where it says whom it refused: `reject: RCPT from name[192.0.2.1]: 554 …`. The
/// name is the client's own.
fn without_client(text: &str) -> &str {
    /// The most bytes of a name and its address.
    const CLIENT: usize = 400;
    let Some((_, refused)) = text.split_once("reject: ").filter(|_| !text.contains('\n')) else {
        return text;
    };
    let of_command = |rest: &&str| rest.split(' ').nth(1) == Some("from");
    let Some(rest) = Some(refused).filter(of_command) else { return text };
    match text_until(rest, CLIENT).split_once("]: ") {
        Some((client, _)) => rest.get(client.len() + 3..).unwrap_or(text),
        None => text,
    }
}

fn text_until(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes.min(text.len()))).unwrap_or_default()
}

fn strip_bare_addresses(text: &str, plain: &mut String) {
    let is_edge = |c: char| c.is_whitespace() || "<>()[]{},;:\"'=".contains(c);
    for piece in text.split_inclusive(is_edge) {
        if !piece.contains('@') {
            plain.push_str(piece);
            continue;
        }
        plain.push('@');
        plain.extend(piece.chars().next_back().filter(|&c| is_edge(c)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, words: &str, code: Option<u16>, enhanced: &str) {
        let reading = Reading::of_text(text, &Hint::default());
        assert_eq!(reading.text, words);
        assert_eq!(reading.code, code, "{text}");
        assert_eq!(reading.enhanced.map(|e| e.to_string()).unwrap_or_default(), enhanced, "{text}");
    }

    #[test]
    fn codes_leave_the_text_wherever_they_stand() {
        check("535-5.7.8 Username and\n535 5.7.8 Password", "username and password", Some(535), "5.7.8");
        check("550-5.2.1 The user 550-5.2.1 is busy", "the user is busy", Some(550), "5.2.1");
        check("use port 587 or 465 (SSL)", "use port 587 or 465 (ssl)", None, "");
        check("limit of 500 messages", "limit of 500 messages", None, "");
        check("535, b'5.7.139 Locked", "locked", Some(535), "5.7.139");
        check("no mailbox here (#5.7.1)", "no mailbox here", None, "5.7.1");
        check("554 4.4.7 Expired<421 4.4.2 Timed out>", "expired<421 timed out>", Some(554), "4.4.2");
        check("550-\"JunkMail", "\"junkmail", Some(550), "");
    }

    #[test]
    fn the_innermost_words_are_those_behind_the_last_code() {
        for (text, words) in [
            (
                "ERROR: failed to send: (451, b'4.7.1 Service unavailable - try again later')",
                Some("service unavailable - try again later')"),
            ),
            ("550 5.1.1 relay says: 452 4.2.2 the mailbox is full", Some("the mailbox is full")),
            ("535-5.7.8 Username and\n535 5.7.8 Password not accepted", None),
            ("the mailbox is full (552)", None),
        ] {
            let inner = Reading::of_text(text, &Hint::default()).innermost().map(|inner| inner.text);
            assert_eq!(inner.as_deref(), words, "{text}");
        }
    }

    #[test]
    fn addresses_leave_the_text() {
        check("550 <spam.detected@example.org>: no", "<@>: no", Some(550), "");
        check("550 user virus@example.org unknown", "user @ unknown", Some(550), "");
        check("550 <\"quota exceeded\"@example.org> no", "<@> no", Some(550), "");
        check("550 a < b and c > d", "a < b and c > d", Some(550), "");
    }

    #[test]
    fn accents_quotes_and_spaces_are_plain() {
        check("Boîte du destinataire pleine\u{a0}!", "boite du destinataire pleine !", None, "");
        check("it’s “full”", "it's \"full\"", None, "");
    }

    #[test]
    fn the_plain_words_have_no_marks_and_no_addresses() {
        for (text, words) in [
            ("550 <a@example.org>: mail-box (full).", "mail box full"),
            ("E-Mail address can't be found!", "email address can't be found"),
            ("see https://example.org/x?y=1.", "see https example.org x y 1"),
        ] {
            assert_eq!(Reading::of_text(text, &Hint::default()).plain, words);
        }
    }

    #[test]
    fn a_log_line_names_its_host_and_step() {
        let line = "host smtp.gmail.com[192.0.2.1] said: 535 no (in reply to AUTH command)";
        let reading = Reading::of_text(line, &Hint::default());
        assert_eq!((reading.host.as_deref(), reading.stage), (Some("smtp.gmail.com"), Some(Stage::Auth)));
    }

    #[test]
    fn a_long_text_keeps_its_ends() {
        let text = format!("535 first {} last 421 4.4.2 end", "é ".repeat(Reading::MAX_BYTES));
        let reading = Reading::of_text(&text, &Hint::default());
        assert!(reading.text.len() <= Reading::MAX_BYTES && reading.text.ends_with("end"));
        assert!(reading.text.starts_with("first"));
    }
}
