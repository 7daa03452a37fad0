//! Mail as a relay's own login: for providers that take mail from no other address.
//!
//! The header's `From` becomes the login with the name of the one who wrote, who moves to `Reply-To`. The body, and every
//! other field, passes as it is. The header is read into memory, which is bounded; the rest streams by.

use mail::{Address, Mailbox, Seen, mailboxes, phrase};
use smtp::transport::{BoxFuture, Content, Piece};

/// The most bytes of a header: what the submission ports take, and the lines that this server adds.
const HEADER_BYTES: usize = (1 << 20) + (64 << 10);

/// A letter's bytes with the header of the login.
pub(crate) struct AsLogin {
    /// Header, and what was read of the body with it.
    first: Option<Vec<u8>>,
    rest: Box<dyn Content>,
    /// The bytes by which the whole grew; negative when it shrank.
    pub(crate) grown: i64,
}

impl AsLogin {
    /// Reads the header and writes it anew. A content whose header does not end within the limit stays as it is: it is
    /// none that this server has taken, and the relay says what it thinks of it.
    pub(crate) async fn open(mut rest: Box<dyn Content>, login: &Address) -> Result<Self, Seen> {
        let mut read = Vec::new();
        let end = loop {
            let searched = read.len();
            match rest.next().await? {
                Some(piece) => read.extend_from_slice(piece.as_ref()),
                None => break read.len(),
            }
            if let Some(end) = header_end(&read, searched) {
                break end;
            }
            if read.len() > HEADER_BYTES {
                break 0;
            }
        };
        let (header, body) = read.split_at_checked(end).unwrap_or((&read, &[]));
        let mut made = if end == 0 { header.to_vec() } else { as_login(header, login) };
        let grown = made.len() as i64 - header.len() as i64;
        made.extend_from_slice(body);
        Ok(Self { first: Some(made), rest, grown })
    }
}

impl Content for AsLogin {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Piece>, Seen>> {
        match self.first.take() {
            Some(first) => Box::pin(async move { Ok(Some(Piece::Owned(first))) }),
            None => self.rest.next(),
        }
    }
}

/// Where the header ends: behind its last field, in front of the empty line. `searched` bytes were looked at before.
fn header_end(read: &[u8], searched: usize) -> Option<usize> {
    if read.starts_with(b"\r\n") {
        return Some(0);
    }
    let from = searched.saturating_sub(3);
    let ends = read.get(from..)?.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some(from + ends + 2)
}

/// The header with the login as its author.
fn as_login(header: &[u8], login: &Address) -> Vec<u8> {
    let fields = fields(header);
    let named = |name: &[u8]| fields.iter().find(|field| is(field, name)).copied();
    let value = |field: &'_ [u8]| -> Vec<u8> {
        let colon = field.iter().position(|b| *b == b':').map_or(field.len(), |at| at + 1);
        field.get(colon..).unwrap_or_default().trim_ascii().to_vec()
    };
    let written = named(b"from").map(value).unwrap_or_default();
    let authors = mailboxes(&written).unwrap_or_default();
    if is_own(&authors, login) && named(b"sender").is_none() {
        return header.to_vec();
    }
    let mut made = Vec::with_capacity(header.len() + 200);
    let mut is_written = false;
    for field in &fields {
        // Providers look at `Sender` as they do at `From`; who handed over the mail is in `Received`.
        if is(field, b"sender") {
            continue;
        }
        if !is(field, b"from") {
            made.extend_from_slice(field);
        } else if !std::mem::replace(&mut is_written, true) {
            push_author(&mut made, &authors, login);
        }
    }
    if !is_written {
        push_author(&mut made, &authors, login);
    }
    if named(b"reply-to").is_none() && !authors.is_empty() && !is_own(&authors, login) {
        made.extend_from_slice(b"Reply-To: ");
        made.extend_from_slice(&written);
        made.extend_from_slice(b"\r\n");
    }
    made
}

fn is_own(authors: &[Mailbox], login: &Address) -> bool {
    matches!(authors, [one] if address(one).is_some_and(|address| address.key() == login.key()))
}

fn address(mailbox: &Mailbox) -> Option<Address> {
    mailbox.address("localhost")?.ok()
}

/// `From: "name" <login>`: the name that stood there, else the address that did.
fn push_author(made: &mut Vec<u8>, authors: &[Mailbox], login: &Address) {
    made.extend_from_slice(b"From: ");
    let author = authors.first();
    let name = author.and_then(|author| {
        let own = address(author).is_some_and(|address| address.key() == login.key());
        let shown =
            || address(author).filter(|_| !own).map(|address| phrase(&address.to_string()).into_bytes());
        author.name.clone().or_else(shown)
    });
    if let Some(name) = name {
        made.extend_from_slice(&name);
        made.push(b' ');
    }
    // The login goes out in a form that every server reads.
    made.extend_from_slice(format!("<{}>\r\n", login.to_ascii_domain()).as_bytes());
}

fn is(field: &[u8], name: &[u8]) -> bool {
    let written = field.iter().position(|b| *b == b':').and_then(|colon| field.get(..colon));
    written.is_some_and(|written| written.trim_ascii_end().eq_ignore_ascii_case(name))
}

/// The fields with their folds and line ends.
fn fields(header: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    for line in header.split_inclusive(|b| *b == b'\n') {
        if starts.is_empty() || !matches!(line.first(), Some(b' ' | b'\t')) {
            starts.push(at);
        }
        at += line.len();
    }
    starts.push(at);
    starts.windows(2).filter_map(|two| header.get(*two.first()?..*two.last()?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A header (LF line ends) and what it becomes for `me@gmail.test`.
    #[track_caller]
    fn check(header: &str, expected: &str) {
        let login: Address = "me@gmail.test".parse().unwrap();
        let made = as_login(header.replace('\n', "\r\n").as_bytes(), &login);
        assert_eq!(String::from_utf8(made).unwrap(), expected.replace('\n', "\r\n"), "{header}");
    }

    #[test]
    fn the_author_becomes_the_login_and_the_one_who_gets_the_answers() {
        check(
            "Received: x\nFrom: root@h.test (Cron Daemon)\nTo: a@b.test\n",
            "Received: x\nFrom: Cron Daemon <me@gmail.test>\nTo: a@b.test\nReply-To: root@h.test (Cron Daemon)\n",
        );
        check(
            "From: \"Dupont, Anne\" <anne@x.test>\n",
            "From: \"Dupont, Anne\" <me@gmail.test>\nReply-To: \"Dupont, Anne\" <anne@x.test>\n",
        );
        check(
            "From: =?utf-8?Q?=C3=89lise?= <e@x.test>\n",
            "From: =?utf-8?Q?=C3=89lise?= <me@gmail.test>\nReply-To: =?utf-8?Q?=C3=89lise?= <e@x.test>\n",
        );
        check("From: www@x.test\n", "From: \"www@x.test\" <me@gmail.test>\nReply-To: www@x.test\n");
        check("FROM:\n www@x.test\n", "From: \"www@x.test\" <me@gmail.test>\nReply-To: www@x.test\n");
        check(
            "From: a@x.test, b@x.test\nSubject: s\n",
            "From: \"a@x.test\" <me@gmail.test>\nSubject: s\nReply-To: a@x.test, b@x.test\n",
        );
    }

    #[test]
    fn what_the_author_said_of_answers_stands() {
        check(
            "Reply-To: c@x.test\nFrom: a@x.test\n",
            "Reply-To: c@x.test\nFrom: \"a@x.test\" <me@gmail.test>\n",
        );
    }

    #[test]
    fn the_logins_own_mail_passes_as_it_is() {
        check("From: Me <ME@gmail.test>\n", "From: Me <ME@gmail.test>\n");
        check("From: me@gmail.test\nTo: x\n", "From: me@gmail.test\nTo: x\n");
        check("Sender: s@x.test\nFrom: Me <me@gmail.test>\n", "From: Me <me@gmail.test>\n");
    }

    #[test]
    fn headers_that_are_not_as_they_should_be() {
        check("Subject: s\n", "Subject: s\nFrom: <me@gmail.test>\n");
        check("From: a b c\n", "From: <me@gmail.test>\n");
        check("From: a@x.test\nFrom: b@x.test\n", "From: \"a@x.test\" <me@gmail.test>\nReply-To: a@x.test\n");
        check("", "From: <me@gmail.test>\n");
    }

    #[test]
    fn the_end_is_found_wherever_the_pieces_are_cut() {
        let text = b"From: a@x.test\r\nSubject: s\r\n\r\nbody\r\n\r\n";
        for searched in 0..28 {
            assert_eq!(header_end(text, searched), Some(28), "{searched}");
        }
        assert_eq!(header_end(b"\r\nbody", 0), Some(0));
        assert_eq!(header_end(b"From: a@x.test\r\n", 0), None);
    }

    proptest! {
        #[test]
        fn every_line_stays_whole(header in "([A-Za-z]{1,6}: [ -~]{0,12}\r\n( [ -~]{0,8}\r\n)?){0,5}") {
            let made = as_login(header.as_bytes(), &"me@gmail.test".parse().unwrap());
            let text = String::from_utf8(made).unwrap();
            prop_assert!(text.lines().all(|line| !line.is_empty()));
            prop_assert_eq!(text.to_lowercase().matches("\r\nfrom:").count() + usize::from(text.to_lowercase().starts_with("from:")), 1);
        }
    }
}
