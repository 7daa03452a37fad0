//! One mail transaction: MAIL, RCPT, DATA and the content, in as few writes as the server bears.

use super::{COMMAND_TIME_LIMIT, CONTENT_TIME_LIMIT, Client, DATA_TIME_LIMIT, END_TIME_LIMIT};
use crate::dots::Stuffer;
use crate::transport::{Content, Piece, Transport};
use mail::{
    Address, BodyType, Evidence, Recipient, Reply, Returned, ReversePath, Seen, Severity, Speaker, Stage,
    xtext,
};
use std::borrow::Cow;
use std::io::Write as _;

/// How many recipients go into one write. The replies to more could fill the connection in one direction
/// while we fill it in the other, and nobody would read (RFC 2920 §3.1).
const RECIPIENTS_PER_GROUP: usize = 100;

/// How much content is gathered for one write: a usual message whole, a large one in slices of this.
const CONTENT_WRITE_BYTES: usize = 256 * 1024;

/// A message to be sent, with its envelope.
pub struct Outgoing<'a> {
    /// Who is told when it fails.
    pub from: &'a ReversePath,
    /// Who gets it, and what the sender wants to hear of each. A server that does not offer DSN is told the address
    /// alone.
    pub recipients: &'a [Recipient],
    /// The sender's own name for the envelope, as xtext; for a server that offers DSN.
    pub envid: Option<&'a str>,
    /// How much of the message goes back with a failure; for a server that offers DSN.
    pub ret: Option<Returned>,
    /// What the content is: 8-bit content is declared to servers that offer 8BITMIME, and goes as it is to others; content
    /// that is internationalised goes to servers that offer SMTPUTF8, and to no others.
    pub body: BodyType,
    /// Its size in bytes, as SIZE announces it.
    pub size: u64,
    /// The content.
    pub content: &'a mut dyn Content,
}

/// Why each recipient is out, if it is: those that are not share the reply to the content.
type Faults = Vec<Option<Evidence>>;

impl Client {
    /// Sends a message and says for each recipient what became of it, in their order.
    ///
    /// The outer error means that the connection must not be used again, and that nothing is known for any
    /// recipient but this. Evidence at [`Stage::EndOfData`] that is no reply is the one case in which the
    /// server may have taken the message all the same.
    pub async fn send(
        &mut self,
        t: &mut dyn Transport,
        mail: Outgoing<'_>,
    ) -> Result<Vec<Result<Reply, Evidence>>, Evidence> {
        if let Some(seen) = self.objection(&mail) {
            let evidence = self.fault(t, Stage::Mail, seen);
            return Ok(vec![Err(evidence); mail.recipients.len()]);
        }
        if self.needs_reset {
            self.reset(t).await?;
        }
        self.utf8 = self.extensions.smtputf8 && needs_utf8(&mail);
        let mut faults: Faults = mail.recipients.iter().map(|to| self.unspeakable(t, &to.address)).collect();
        let data = if self.extensions.pipelining {
            self.open_pipelined(t, &mail, &mut faults).await?
        } else {
            self.open_in_lockstep(t, &mail, &mut faults).await?
        };
        let somebody = faults.iter().any(Option::is_none);
        let outcome = match data {
            Some(data) => match data.severity() {
                Severity::Intermediate if somebody => self.content(t, mail.content).await?,
                Severity::Intermediate => self.nothing(t).await?,
                // A server that is done before the content has come is lost to us.
                Severity::Positive => return Err(self.fault(t, Stage::Data, Seen::Reply { reply: data })),
                Severity::Transient | Severity::Permanent => self.positive(t, Stage::Data, data),
            },
            // Nobody is left, and everybody has a fault.
            None => return Ok(faults.into_iter().flatten().map(Err).collect()),
        };
        Ok(faults.into_iter().map(|fault| fault.map_or_else(|| outcome.clone(), Err)).collect())
    }

    /// What speaks against the message as a whole before a word is said.
    fn objection(&self, mail: &Outgoing<'_>) -> Option<Seen> {
        let sender_needs_utf8 = mail.from.address().is_some_and(Address::needs_utf8);
        if (sender_needs_utf8 || mail.body == BodyType::Utf8) && !self.extensions.smtputf8 {
            return Some(Seen::NotOffered { what: "SMTPUTF8".to_owned() });
        }
        let limit = self.extensions.size_limit()?;
        (mail.size > limit).then_some(Seen::TooBig { limit })
    }

    /// Why a recipient cannot even be named to this server.
    fn unspeakable(&mut self, t: &dyn Transport, address: &Address) -> Option<Evidence> {
        let fine = self.extensions.smtputf8 || !address.needs_utf8();
        if fine { None } else { Some(self.not_offered(t, Stage::Rcpt, "SMTPUTF8")) }
    }

    /// MAIL, the recipients and DATA in one write, or in several when there are many recipients.
    /// The answer is the reply to DATA, if it was sent.
    async fn open_pipelined(
        &mut self,
        t: &mut dyn Transport,
        mail: &Outgoing<'_>,
        faults: &mut Faults,
    ) -> Result<Option<Reply>, Evidence> {
        let named: Vec<usize> =
            faults.iter().enumerate().filter(|(_, fault)| fault.is_none()).map(|(at, _)| at).collect();
        let groups = named.chunks(RECIPIENTS_PER_GROUP);
        let last = groups.len().saturating_sub(1);
        let mut refusal = None;
        for (number, group) in groups.enumerate() {
            self.commands.clear();
            if number == 0 {
                self.push_mail(mail);
            }
            for recipient in group.iter().filter_map(|&at| mail.recipients.get(at)) {
                self.push_rcpt(recipient);
            }
            if number == last {
                self.commands.extend_from_slice(b"DATA\r\n");
            }
            self.flush(t, if number == 0 { Stage::Mail } else { Stage::Rcpt }).await?;
            if number == 0 {
                refusal = self.mail_reply(t).await?.err();
            }
            for &at in group {
                let reply = self.rcpt_reply(t).await?;
                if let Some(fault) = faults.get_mut(at) {
                    *fault = reply.err();
                }
            }
            if refusal.is_some() && number < last {
                break;
            }
            if number == last {
                t.set_time_limit(DATA_TIME_LIMIT);
                let data = self.reply(t, Stage::Data).await?;
                // RFC 2920 §3.1: the server may say 354 although it knows no recipient.
                refused(faults, refusal);
                return Ok(Some(data));
            }
        }
        refused(faults, refusal);
        Ok(None)
    }

    /// One command, one reply, for a server that does not offer PIPELINING.
    async fn open_in_lockstep(
        &mut self,
        t: &mut dyn Transport,
        mail: &Outgoing<'_>,
        faults: &mut Faults,
    ) -> Result<Option<Reply>, Evidence> {
        if !faults.iter().any(Option::is_none) {
            return Ok(None);
        }
        self.commands.clear();
        self.push_mail(mail);
        self.flush(t, Stage::Mail).await?;
        if let Err(evidence) = self.mail_reply(t).await? {
            refused(faults, Some(evidence));
            return Ok(None);
        }
        for (recipient, fault) in mail.recipients.iter().zip(faults.iter_mut()) {
            if fault.is_none() {
                self.commands.clear();
                self.push_rcpt(recipient);
                self.flush(t, Stage::Rcpt).await?;
                *fault = self.rcpt_reply(t).await?.err();
            }
        }
        if !faults.iter().any(Option::is_none) {
            return Ok(None);
        }
        self.commands.clear();
        self.commands.extend_from_slice(b"DATA\r\n");
        self.flush(t, Stage::Data).await?;
        t.set_time_limit(DATA_TIME_LIMIT);
        self.reply(t, Stage::Data).await.map(Some)
    }

    fn push_mail(&mut self, mail: &Outgoing<'_>) {
        self.mails += 1;
        self.commands.extend_from_slice(b"MAIL FROM:<");
        if let Some(address) = mail.from.address() {
            self.push_address(address);
        }
        self.commands.push(b'>');
        if self.extensions.size.is_some() {
            let _ = write!(self.commands, " SIZE={}", mail.size);
        }
        if self.extensions.eight_bit_mime && mail.body != BodyType::SevenBit {
            self.commands.extend_from_slice(b" BODY=8BITMIME");
        }
        if self.utf8 {
            self.commands.extend_from_slice(b" SMTPUTF8");
        }
        if self.extensions.dsn {
            match mail.ret {
                Some(Returned::Full) => self.commands.extend_from_slice(b" RET=FULL"),
                Some(Returned::Headers) => self.commands.extend_from_slice(b" RET=HDRS"),
                None => {}
            }
            if let Some(envid) = mail.envid.filter(|envid| is_spoken(envid)) {
                let _ = write!(self.commands, " ENVID={envid}");
            }
        }
        self.commands.extend_from_slice(b"\r\n");
    }

    fn push_rcpt(&mut self, recipient: &Recipient) {
        self.commands.extend_from_slice(b"RCPT TO:<");
        self.push_address(&recipient.address);
        self.commands.push(b'>');
        if self.extensions.dsn {
            if let Some(notify) = recipient.notify {
                let _ = write!(self.commands, " NOTIFY={notify}");
            }
            let orcpt = recipient.orcpt.as_deref().filter(|orcpt| xtext::decode_typed(orcpt).is_some());
            if let Some(orcpt) = orcpt {
                let _ = write!(self.commands, " ORCPT={orcpt}");
            }
        }
        self.commands.extend_from_slice(b"\r\n");
    }

    /// A domain goes out as its A-label unless the transaction is SMTPUTF8: every server knows that form.
    fn push_address(&mut self, address: &Address) {
        let domain = if self.utf8 { address.domain().as_written() } else { address.domain().as_ascii() };
        let _ = write!(self.commands, "{}@{domain}", address.local());
    }

    /// Writes the commands that were gathered, and notes them.
    async fn flush(&mut self, t: &mut dyn Transport, stage: Stage) -> Result<(), Evidence> {
        t.set_time_limit(COMMAND_TIME_LIMIT);
        let commands = std::mem::take(&mut self.commands);
        let now = t.now();
        for line in commands.split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
            self.dialogue.push(now, Speaker::Us, String::from_utf8_lossy(line).trim_end());
        }
        let written = self.write(t, stage, &[&commands]).await;
        self.commands = commands;
        written
    }

    async fn mail_reply(&mut self, t: &mut dyn Transport) -> Result<Result<(), Evidence>, Evidence> {
        let reply = self.reply(t, Stage::Mail).await?;
        let answer = self.positive(t, Stage::Mail, reply).map(drop);
        // Until the content is through, what the server has begun would meet the next MAIL.
        self.needs_reset = answer.is_ok();
        Ok(answer)
    }

    async fn rcpt_reply(&mut self, t: &mut dyn Transport) -> Result<Result<Reply, Evidence>, Evidence> {
        let reply = self.reply(t, Stage::Rcpt).await?;
        Ok(self.positive(t, Stage::Rcpt, reply))
    }

    /// Sends the content and its end. The answer is the outcome of all recipients that are left.
    async fn content(
        &mut self,
        t: &mut dyn Transport,
        content: &mut dyn Content,
    ) -> Result<Result<Reply, Evidence>, Evidence> {
        t.set_time_limit(CONTENT_TIME_LIMIT);
        let mut stuffer = Stuffer::default();
        let mut total = 0;
        loop {
            let (pieces, is_end) = self.gather(t, content).await?;
            let stuffed: Vec<Cow<'_, [u8]>> =
                pieces.iter().map(|piece| stuffer.stuff(piece.as_ref())).collect();
            let mut parts: Vec<&[u8]> = stuffed.iter().map(AsRef::as_ref).collect();
            if is_end {
                parts.push(stuffer.end());
            }
            self.write(t, Stage::Data, &parts).await?;
            total += pieces.iter().map(|piece| piece.as_ref().len()).sum::<usize>();
            if is_end {
                break;
            }
        }
        self.dialogue.push(t.now(), Speaker::Note, &format!("content: {total} bytes"));
        self.dialogue.push(t.now(), Speaker::Us, ".");
        let reply = self.end_reply(t).await?;
        Ok(self.positive(t, Stage::EndOfData, reply))
    }

    /// The next pieces for one write, and whether they are the last.
    async fn gather(
        &mut self,
        t: &mut dyn Transport,
        content: &mut dyn Content,
    ) -> Result<(Vec<Piece>, bool), Evidence> {
        let (mut pieces, mut bytes) = (Vec::with_capacity(2), 0);
        while bytes < CONTENT_WRITE_BYTES {
            match content.next().await {
                Ok(Some(piece)) => {
                    bytes += piece.as_ref().len();
                    pieces.push(piece);
                }
                Ok(None) => return Ok((pieces, true)),
                Err(seen) => return Err(self.fault(t, Stage::Data, seen)),
            }
        }
        Ok((pieces, false))
    }

    /// Ends a transaction that the server opened for nobody (RFC 2920 §3.1): the dot alone, and the
    /// refusal that must follow.
    async fn nothing(&mut self, t: &mut dyn Transport) -> Result<Result<Reply, Evidence>, Evidence> {
        self.dialogue.push(t.now(), Speaker::Us, ".");
        self.write(t, Stage::Data, &[b".\r\n"]).await?;
        self.end_reply(t).await.map(Ok)
    }

    async fn end_reply(&mut self, t: &mut dyn Transport) -> Result<Reply, Evidence> {
        t.set_time_limit(END_TIME_LIMIT);
        let reply = self.reply(t, Stage::EndOfData).await?;
        if reply.severity() == Severity::Intermediate {
            return Err(self.fault(t, Stage::EndOfData, Seen::Reply { reply }));
        }
        self.needs_reset = false;
        Ok(reply)
    }
}

/// A refusal of the sender is the outcome of every recipient that was named behind it: what the server
/// said to those is an echo.
fn refused(faults: &mut Faults, refusal: Option<Evidence>) {
    let Some(evidence) = refusal else { return };
    for fault in faults {
        let never_named = matches!(fault, Some(Evidence { seen: Seen::NotOffered { .. }, .. }));
        if !never_named {
            *fault = Some(evidence.clone());
        }
    }
}

/// Whether a text can be the value of ENVID: it was stored, and must not become another command or parameter.
fn is_spoken(envid: &str) -> bool {
    !envid.is_empty() && xtext::decode(envid).is_some()
}

fn needs_utf8(mail: &Outgoing<'_>) -> bool {
    let recipients = mail.recipients.iter().map(|recipient| &recipient.address);
    mail.body == BodyType::Utf8 || mail.from.address().into_iter().chain(recipients).any(Address::needs_utf8)
}
