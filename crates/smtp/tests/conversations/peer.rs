//! A driver of the server session with a door of fixed opinions, which writes down all that happens.

use mail::{Address, Envelope, Reply};
use smtp::Input;
use smtp::server::{Next, Session, SessionConfig};
use std::sync::Arc;

/// The server, its buffers and what happened.
pub struct Server {
    pub session: Session,
    pub input: Input,
    output: Vec<u8>,
    content: Vec<u8>,
    message: Vec<u8>,
    /// The content that comes is refused, and nothing of it may reach the driver.
    discarding: bool,
    /// What happened, a line each: replies as `S: …`, messages as `M: …`, the rest as `= …`.
    pub events: Vec<String>,
    /// The contents that were accepted.
    pub messages: Vec<Vec<u8>>,
    pub closed: bool,
}

impl Server {
    /// A server that has said its greeting.
    pub fn new(config: SessionConfig, tls: bool) -> Self {
        let mut server = Self {
            session: Session::new(Arc::new(config), tls),
            input: Input::new(),
            output: Vec::new(),
            content: Vec::new(),
            message: Vec::new(),
            discarding: false,
            events: Vec::new(),
            messages: Vec::new(),
            closed: false,
        };
        server.session.greeting(&mut server.output);
        server.flush();
        server
    }

    /// Gives the server bytes and lets it go as far as it can.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
        while !self.closed {
            match self.session.next(&mut self.input, &mut self.output, &mut self.content) {
                Next::Input => {
                    assert!(!self.discarding || self.content.is_empty(), "a refused content takes no room");
                    self.flush();
                    return;
                }
                other => self.act(other),
            }
        }
    }

    fn act(&mut self, next: Next) {
        match next {
            Next::Input => {}
            Next::SignIn(wish) => {
                let good = wish.password.reveal() == "secret";
                let refusal = Reply::new(535, "5.7.8".parse().ok(), "Wrong login or password");
                self.session.signed_in(if good { Ok(wish.login) } else { Err(refusal) }, &mut self.output);
            }
            Next::Mail(mail) => self.answer(mail.path.address().cloned().as_ref()),
            Next::Recipient(address) => self.answer(Some(&address)),
            Next::Data => {
                self.discarding = false;
                let full = self.session.envelope().unwrap().from.to_string().starts_with("full@");
                let refusal = Reply::new(452, "4.3.1".parse().ok(), "No space");
                self.session.answer(if full { Err(refusal) } else { Ok(()) }, &mut self.output);
            }
            Next::Content => self.message.append(&mut self.content),
            Next::Discard => {
                assert!(self.content.is_empty(), "a refused content is emptied");
                self.message.clear();
                self.discarding = true;
                self.events.push("= discard".to_owned());
            }
            Next::EndOfData => self.end_of_data(),
            Next::StartTls => {
                self.flush();
                assert!(self.input.is_empty(), "nothing crosses STARTTLS");
                self.events.push("= tls".to_owned());
                self.session.tls_started();
            }
            Next::Close => {
                self.flush();
                self.events.push("= close".to_owned());
                self.closed = true;
            }
        }
    }

    /// Names that are refused: `refused@`, `later@`, `gone@` (with 421).
    fn answer(&mut self, address: Option<&Address>) {
        let answer = match address.map(Address::local) {
            Some("refused") => Err(Reply::new(550, "5.7.1".parse().ok(), "Not you")),
            Some("later") => Err(Reply::new(451, None, "Not now")),
            Some("gone") => Err(Reply::new(421, "4.3.2".parse().ok(), "Goodbye")),
            _ => Ok(()),
        };
        self.session.answer(answer, &mut self.output);
    }

    fn end_of_data(&mut self) {
        self.message.append(&mut self.content);
        let message = std::mem::take(&mut self.message);
        assert_eq!(self.session.content_bytes(), message.len() as u64);
        let protocol = self.session.protocol();
        let envelope = self.session.take_envelope();
        let recipients: Vec<_> = envelope.recipients.iter().map(|to| to.address.to_string()).collect();
        self.events.push(format!("M: <{}> -> {} {protocol}", envelope.from, recipients.join(" ")));
        self.events.extend(wishes(&envelope));
        for line in message.split_inclusive(|&b| b == b'\n') {
            self.events.push(format!("| {}", line.escape_ascii()));
        }
        self.messages.push(message);
        let reply = Reply::new(250, "2.0.0".parse().ok(), format!("Ok: queued as {}", self.messages.len()));
        let bounced = envelope.from.to_string().starts_with("unsafe@");
        let refusal = Reply { lines: vec!["Not\r\nsafe".into(), "é".into()], ..Reply::new(554, None, "") };
        self.session.finish(if bounced { Err(refusal) } else { Ok(reply) }, &mut self.output);
    }

    /// Lets something be said without input.
    pub fn say(&mut self, say: impl Fn(&mut Session, &mut Vec<u8>)) {
        say(&mut self.session, &mut self.output);
        self.feed(b"");
    }

    fn flush(&mut self) {
        let output = std::mem::take(&mut self.output);
        let text = String::from_utf8(output).unwrap();
        assert!(text.is_empty() || text.ends_with("\r\n"), "{text:?}");
        for line in text.split_terminator("\r\n") {
            assert!(!line.contains(['\r', '\n']) && line.len() <= 510, "{line:?}");
            self.events.push(format!("S: {line}"));
        }
    }

    /// How many whole replies were written.
    pub fn replies(&self) -> usize {
        self.events.iter().filter(|event| event.starts_with("S: ") && event.as_bytes()[6] == b' ').count()
    }
}

/// What the envelope says beyond its addresses, if it does: `W: RET ENVID hold`, then `W: NOTIFY ORCPT` for each recipient.
fn wishes(envelope: &Envelope) -> Vec<String> {
    let hold = envelope.hold.map(|hold| format!("{hold:?}"));
    let of_all = [envelope.ret.map(|ret| format!("{ret:?}")), envelope.envid.clone(), hold];
    let of_each = envelope
        .recipients
        .iter()
        .map(|to| [to.notify.map(|notify| notify.to_string()), to.orcpt.clone(), None]);
    std::iter::once(of_all)
        .chain(of_each)
        .map(|wishes| wishes.into_iter().flatten().collect::<Vec<_>>().join(" "))
        .filter(|line| !line.is_empty())
        .map(|line| format!("W: {line}"))
        .collect()
}
