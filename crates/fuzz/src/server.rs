//! The whole server session: bytes in, bytes out.
//!
//! A model beside it knows no grammar. It knows that each line has exactly one reply, that a content has one at its end,
//! in which order the driver may be asked, and that nobody is signed in whom the driver did not let in.

use crate::text::{assert_canonical, text};
use crate::{Size, Target};
use mail::{Clock, Domain, EnhancedCode, Reply, Timestamp};
use smtp::Input;
use smtp::server::{AuthOffer, CONTENT_CHUNK_BYTES, Next, Session, SessionConfig};
use std::sync::Arc;

pub const SESSION: Target = Target {
    name: "smtp_session",
    size: Size::Conversation,
    run: |input| {
        let (head, rest) = input.split_at_checked(2).unwrap_or((input, &[]));
        let Ok(host) = "mx.example.org".parse::<Domain>() else { return };
        let how = head.first().copied().unwrap_or(0);
        let answers = head.get(1).copied().unwrap_or(0);
        let mut world = World::new(how, answers, host);
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            if !world.line(line) {
                break;
            }
        }
    },
    seeds: &[
        b"\x00\x00EHLO a.test\r\nSTARTTLS\r\nEHLO a.test\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b.test> SIZE=3\r\nRCPT TO:<c@d.test>\r\nDATA\r\nhi\r\n..\r\n.\r\nQUIT\r\n",
        b"\x03\x00EHLO a.test\r\nAUTH LOGIN\r\nYQ==\r\nYg==\r\nMAIL FROM:<>\r\nRCPT TO:<postmaster>\r\nDATA\r\n.\r\nRSET\r\nMAIL FROM:<a@b>\r\n",
        b"\x05\x25HELO a\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\nRCPT TO:<e@d.test>\r\nDATA\r\na\n.\r\nb\r\n.\r\nVRFY a\r\nHELP\r\nNOOP\r\n",
        b"\x1c\x00EHLO a\r\nMAIL FROM:<a@b.test> RET=HDRS ENVID=a HOLDFOR=60\r\nRCPT TO:<c@d.test> NOTIFY=NEVER\r\nBDAT 3\r\nabcBDAT 0 LAST\r\nDATA\r\n",
    ],
    words: &[
        "EHLO a\r\n", "HELO a\r\n", "STARTTLS\r\n", "AUTH PLAIN ", "AUTH LOGIN\r\n", "AGEAYg==\r\n", "MAIL FROM:<a@b.test>",
        "MAIL FROM:<>\r\n", "RCPT TO:<c@d.test>\r\n", "DATA\r\n", "\r\n.\r\n", ".\r\n", "BDAT 3\r\n", " LAST", "RSET\r\n",
        "NOOP\r\n", "QUIT\r\n", "\r\n", "\n", "\r", "\0", "*\r\n", " SIZE=", " BODY=8BITMIME", "\n.\r\n", "\r\n.\n",
    ],
};

/// A session, its driver and the model.
struct World {
    session: Session,
    input: Input,
    output: Vec<u8>,
    content: Vec<u8>,
    /// The bits of the driver's answers, turned by one with each.
    answers: u8,
    tls: bool,
    auth: AuthOffer,
    may_sign_in: bool,
    /// The raw bytes since the go-ahead, while a content comes.
    raw: Option<Vec<u8>>,
    taken: Vec<u8>,
    mail_open: bool,
    recipients: usize,
    signed_in: bool,
    /// BDAT was seen: its chunks are not lines, and replies are no longer counted.
    chunks: bool,
}

impl World {
    fn new(how: u8, answers: u8, host: Domain) -> Self {
        let tls = how & 1 != 0;
        let mut config = SessionConfig::new(host);
        config.auth = match how >> 1 & 3 {
            0 | 3 => AuthOffer::UnderTls,
            1 => AuthOffer::Always,
            _ => AuthOffer::Never,
        };
        config.offer_dsn = how & 8 != 0;
        config.max_hold_secs = (how & 16 != 0).then_some(86_400);
        config.offer_smtputf8 = how & 32 != 0;
        config.clock = Clock::manual(Timestamp(1_800_000_000_000));
        if how & 64 != 0 {
            (config.max_command_bytes, config.max_auth_line_bytes) = (64, 128);
            (config.max_message_bytes, config.max_header_bytes) = (200, 100);
            (config.max_recipients, config.max_errors, config.max_idle_commands) = (2, 4, 5);
        }
        let auth = config.auth;
        let mut session = Session::new(Arc::new(config), tls);
        let mut output = Vec::new();
        session.greeting(&mut output);
        assert!(replies(&output) == 1, "the greeting");
        output.clear();
        Self {
            session,
            input: Input::new(),
            output,
            content: Vec::new(),
            answers,
            tls,
            auth,
            may_sign_in: false,
            raw: None,
            taken: Vec::new(),
            mail_open: false,
            recipients: 0,
            signed_in: false,
            chunks: false,
        }
    }

    /// Gives one line, and says whether the conversation goes on.
    fn line(&mut self, line: &[u8]) -> bool {
        let was_content = self.raw.is_some();
        if !was_content && line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT")) {
            self.chunks = true;
        }
        if let Some(raw) = &mut self.raw {
            raw.extend_from_slice(line);
        }
        self.may_sign_in = self.auth == AuthOffer::Always || (self.auth == AuthOffer::UnderTls && self.tls);
        self.input.extend(line);
        let goes_on = self.drive();
        let count = replies(&self.output);
        let is_go_ahead = self.output.starts_with(b"354 ");
        self.output.clear();
        if self.chunks {
            return goes_on;
        }
        if was_content {
            self.end_of_content(count, goes_on);
        } else if line.ends_with(b"\n") {
            assert!(count == 1, "{count} replies to {:?}", text(line));
        } else {
            assert!(count <= 1, "{count} replies to {:?}", text(line));
        }
        if is_go_ahead {
            assert!(self.recipients > 0, "a content without recipients");
            self.raw = Some(Vec::new());
            self.taken.clear();
        }
        goes_on
    }

    /// A content has one reply, at its one true end, or when the connection is given up.
    fn end_of_content(&mut self, count: usize, goes_on: bool) {
        assert!(count <= 1, "{count} replies within a content");
        if count == 1 {
            let raw = self.raw.take().unwrap_or_default();
            let is_end = raw == b".\r\n" || raw.ends_with(b"\r\n.\r\n");
            assert!(is_end || !goes_on, "the content ended at {:?}", text(&raw));
            (self.mail_open, self.recipients) = (false, 0);
        }
    }

    /// The driver's next answer.
    fn answer(&mut self) -> Result<(), Reply> {
        let turn = self.answers;
        self.answers = self.answers.rotate_right(1);
        match turn & 3 {
            1 => Err(Reply::new(550, Some(EnhancedCode::new(5, 7, 1)), "no\r\n250 yes")),
            3 if turn & 4 != 0 => Err(Reply::new(451, None, "later")),
            _ => Ok(()),
        }
    }

    fn drive(&mut self) -> bool {
        loop {
            let next = self.session.next(&mut self.input, &mut self.output, &mut self.content);
            assert!(!self.session.is_signed_in() || self.signed_in, "signed in by nobody");
            assert!(self.content.len() <= CONTENT_CHUNK_BYTES * 2, "{} bytes of content", self.content.len());
            match next {
                Next::Input => {
                    self.taken.append(&mut self.content);
                    return true;
                }
                Next::Close => return false,
                Next::StartTls => {
                    assert!(!self.tls, "TLS within TLS");
                    assert!(self.input.is_empty(), "bytes from before TLS");
                    self.session.tls_started();
                    (self.tls, self.signed_in) = (true, false);
                    (self.mail_open, self.recipients) = (false, 0);
                    assert!(
                        !self.session.is_signed_in() && self.session.helo().is_none(),
                        "known from before TLS"
                    );
                }
                Next::Content => self.taken.append(&mut self.content),
                Next::Discard => {
                    self.taken.clear();
                    self.content.clear();
                }
                asked => self.asked(asked),
            }
        }
    }

    fn asked(&mut self, next: Next) {
        let answer = self.answer();
        match next {
            Next::SignIn(_) => {
                assert!(self.may_sign_in, "a password was taken where none is offered");
                assert!(!self.session.is_signed_in(), "signed in twice");
                self.signed_in = answer.is_ok();
                self.session.signed_in(answer.map(|()| "anne".to_owned()), &mut self.output);
            }
            Next::Mail(_) => {
                assert!(self.session.helo().is_some(), "MAIL before EHLO");
                (self.mail_open, self.recipients) = (answer.is_ok(), 0);
                self.session.answer(answer, &mut self.output);
            }
            Next::Recipient(_) => {
                assert!(self.mail_open, "RCPT before MAIL");
                self.recipients += usize::from(answer.is_ok());
                self.session.answer(answer, &mut self.output);
            }
            Next::Data => {
                assert!(self.mail_open && self.recipients > 0, "DATA before RCPT");
                self.session.answer(answer, &mut self.output);
            }
            Next::EndOfData => self.end_of_data(answer),
            _ => {}
        }
    }

    fn end_of_data(&mut self, answer: Result<(), Reply>) {
        self.taken.append(&mut self.content);
        assert!(self.raw.is_some() || self.chunks, "a message that nobody announced");
        assert!(self.mail_open, "a message without an envelope");
        let envelope = self.session.take_envelope();
        assert!(envelope.recipients.len() == self.recipients, "recipients that nobody let in");
        if !self.chunks {
            assert_canonical(&self.taken);
        }
        self.taken.clear();
        if self.chunks {
            (self.mail_open, self.recipients) = (false, 0);
        }
        let good = Reply::new(250, Some(EnhancedCode::new(2, 0, 0)), "queued");
        self.session.finish(answer.map(|()| good), &mut self.output);
    }
}

/// How many replies there are, each of them well formed (RFC 5321 §4.2, RFC 2034 §4).
fn replies(output: &[u8]) -> usize {
    let mut count = 0;
    let mut open: Option<&[u8]> = None;
    assert!(output.is_empty() || output.ends_with(b"\r\n"), "an open line: {:?}", text(output));
    for line in output.split_inclusive(|byte| *byte == b'\n') {
        let shown = text(line);
        let bare = line.strip_suffix(b"\r\n").unwrap_or_default();
        assert!(bare.iter().all(|byte| matches!(byte, b' '..=b'~')), "{shown:?} is not printable");
        assert!(line.len() <= 512, "{shown:?} is too long");
        let (code, rest) = bare.split_at_checked(3).unwrap_or((bare, &[]));
        let digits = matches!(code, [b'2'..=b'5', b'0'..=b'5', b'0'..=b'9']);
        assert!(digits && open.is_none_or(|before| before == code), "{shown:?} begins with no code");
        let (is_last, words) = match rest.split_first() {
            Some((b' ', words)) => (true, words),
            Some((b'-', words)) => (false, words),
            _ => (rest.is_empty(), rest),
        };
        assert!(!rest.is_empty() || is_last, "{shown:?} has no separator");
        if let Some(class @ (b'4' | b'5')) = code.first() {
            let enhanced = words.split(|byte| *byte == b' ').next().unwrap_or_default();
            let read = text(enhanced).parse::<EnhancedCode>();
            assert!(read.is_ok_and(|read| read.class() == class - b'0'), "{shown:?} has no enhanced code");
        }
        open = (!is_last).then_some(code);
        count += usize::from(is_last);
    }
    assert!(open.is_none(), "a reply without an end: {:?}", text(output));
    count
}
