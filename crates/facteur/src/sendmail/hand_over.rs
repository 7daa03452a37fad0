//! A message on its way from a local program to the server, or into the drop folder.

use super::letter::{self, Facts, Letter, LetterError};
use super::options::Options;
use super::submit::{Answer, Connection, submit};
use crate::cli::{Console, Exit, Failure, output};
use crate::drop_folder;
use control::system_users::{self, SystemUser};
use mail::{
    Address, Clock, Domain, Envelope, IdMint, MailboxError, PublicId, Recipient, Reply, ReversePath, Stage,
    mailboxes,
};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Who hands over, and where.
pub struct Sender<'a> {
    console: &'a Console,
    public: PathBuf,
    host: Domain,
    user: SystemUser,
    from: ReversePath,
    ids: IdMint,
}

impl<'a> Sender<'a> {
    /// The sender that the options and the caller's uid make.
    pub fn new(
        options: &Options,
        host: Domain,
        public: &Path,
        console: &'a Console,
    ) -> Result<Self, Failure> {
        let user = caller();
        let from = match &options.sender {
            None => ReversePath::Address(address_of(&user.name, &host)?),
            Some(text) => reverse_path(text, &host)?,
        };
        let ids = IdMint::new(0, 0);
        Ok(Self { console, public: public.to_owned(), host, user, from, ids })
    }

    /// Reads the message and hands it over.
    pub async fn send(&self, options: Options) -> Result<Exit, Failure> {
        let mut recipients = self.recipients(&options.recipients)?;
        if recipients.is_empty() && !options.reads_header {
            return Err(Failure::Usage("sendmail-no-recipient", String::new()));
        }
        let letter = self.letter(&options)?;
        if options.reads_header {
            if let Some(unreadable) = letter.unreadable {
                return Err(Failure::Mail("sendmail-address", unreadable, Exit::Data));
            }
            recipients.extend(letter.recipients.iter().cloned());
            recipients = letter::once(recipients);
            if recipients.len() > letter::RECIPIENTS {
                let count = recipients.len().to_string();
                return Err(Failure::Mail("sendmail-too-many", count, Exit::Data));
            }
            if recipients.is_empty() {
                return Err(Failure::Mail("sendmail-none-in-header", String::new(), Exit::Data));
            }
        }
        let to = |address| Recipient { notify: options.notify, ..Recipient::from(address) };
        let envelope = Envelope {
            from: self.from.clone(),
            recipients: recipients.into_iter().map(to).collect(),
            body: letter.body_type(options.body),
            envid: options.envid.clone(),
            ret: options.ret,
            hold: None,
        };
        let mut told = Exit::Done;
        // The server takes so many at once; so does a file of the drop folder.
        for part in envelope.recipients.chunks(drop_folder::RECIPIENTS) {
            let envelope = Envelope { recipients: part.to_vec(), ..envelope.clone() };
            told = told.or(self.hand_over(&envelope, &letter.content, options.verbose).await?);
        }
        Ok(told)
    }

    fn letter(&self, options: &Options) -> Result<Letter, Failure> {
        let content =
            letter::read(&mut io::stdin().lock(), options.keeps_dots).map_err(|error| match error {
                LetterError::Io(error) => Failure::System(error),
                LetterError::TooBig => Failure::Mail("sendmail-too-big", String::new(), Exit::Data),
            })?;
        let now = Clock::System.now();
        let author = match &self.from {
            ReversePath::Address(address) => address.clone(),
            ReversePath::Null => address_of(&self.user.name, &self.host)?,
        };
        let unique = self.ids.public_id();
        let facts = Facts {
            author,
            full_name: options.full_name.clone().unwrap_or_else(|| self.user.full_name.clone()),
            now,
            message_id: unique.map(|id| format!("<{}.{id}@{}>", now.secs(), self.host.as_ascii())),
            host: self.host.clone(),
        };
        Ok(letter::prepare(&content, &facts))
    }

    /// Addresses of the line. A word may be a list.
    fn recipients(&self, words: &[String]) -> Result<Vec<Address>, Failure> {
        let refused = |text| Failure::Mail("sendmail-address", text, Exit::Data);
        let mut found = Vec::new();
        for word in words {
            found.extend(letter::addresses(word.as_bytes()).map_err(refused)?);
        }
        Ok(letter::once(found))
    }

    /// Gives the message to the server; what the server has not taken now goes into the drop folder.
    async fn hand_over(&self, envelope: &Envelope, content: &[u8], verbose: bool) -> Result<Exit, Failure> {
        let Ok(mut connection) = Connection::open(&self.public) else {
            self.put(envelope, content)?;
            return self.tell_dropped(verbose);
        };
        let answers = submit(&mut connection, self.host.as_ascii(), envelope, content).await;
        let mut later = Vec::new();
        let mut told = Exit::Done;
        for (to, answer) in envelope.recipients.iter().zip(answers) {
            match answer {
                Answer::Taken(reply) if verbose => output::print(&format!("{}: {reply}\n", to.address))?,
                Answer::Taken(_) => {}
                Answer::NotNow(evidence) => {
                    tracing::debug!(%evidence, "the server does not take it now");
                    later.push(to.clone());
                }
                Answer::Refused { stage, reply } => {
                    self.tell_refused(&to.address, &reply);
                    told = told.or(exit_of(stage, &reply));
                }
            }
        }
        if !later.is_empty() {
            self.put(&Envelope { recipients: later, ..envelope.clone() }, content)?;
            self.tell_dropped(verbose)?;
        }
        Ok(told)
    }

    fn put(&self, envelope: &Envelope, content: &[u8]) -> Result<(), Failure> {
        let unable = |detail: String| Failure::Mail("sendmail-not-taken", detail, Exit::Temporary);
        let unique: PublicId = self.ids.public_id().ok_or_else(|| unable("random".to_owned()))?;
        let name = format!("{:015}-{unique}", Clock::System.now().0);
        let folder = drop_folder::folder(&self.public);
        drop_folder::put(&folder, &name, envelope, content)
            .map_err(|error| unable(format!("{}: {error}", folder.display())))
    }

    fn tell_dropped(&self, verbose: bool) -> Result<Exit, Failure> {
        if verbose { self.console.say("sendmail-dropped") } else { Ok(Exit::Done) }
    }

    fn tell_refused(&self, address: &Address, reply: &Reply) {
        let gaps = [("address", address.to_string().into()), ("reply", reply.to_string().into())];
        output::warn(&format!("{}\n", self.console.reader.phrases.fill("sendmail-refused", gaps)));
    }

    /// Says of each recipient whether mail for it is taken.
    pub async fn verify(&self, options: &Options) -> Result<Exit, Failure> {
        let recipients = self.recipients(&options.recipients)?;
        if recipients.is_empty() {
            return Err(Failure::Usage("sendmail-no-recipient", String::new()));
        }
        let not_there =
            |error: io::Error| Failure::Mail("sendmail-no-server", error.to_string(), Exit::Temporary);
        let mut connection = Connection::open(&self.public).map_err(not_there)?;
        let answers = connection.verify(self.host.as_ascii(), &self.from, &recipients).map_err(not_there)?;
        let mut told = Exit::Done;
        for (address, reply) in recipients.iter().zip(answers) {
            let key = if reply.is_positive() { "sendmail-deliverable" } else { "sendmail-undeliverable" };
            let gaps = [("address", address.to_string().into()), ("reply", reply.to_string().into())];
            output::print(&format!("{}\n", self.console.reader.phrases.fill(key, gaps)))?;
            if !reply.is_positive() {
                told = told.or(Exit::NoUser);
            }
        }
        Ok(told)
    }
}

/// The code that tells a program what a refusal means (sysexits(3)).
fn exit_of(stage: Stage, reply: &Reply) -> Exit {
    match (stage, reply.code.get()) {
        (Stage::Mail, 552) | (Stage::Data | Stage::EndOfData, _) => Exit::Data,
        (Stage::Mail, _) => Exit::NoPermission,
        _ => Exit::NoUser,
    }
}

/// The user who calls, as the system knows them.
fn caller() -> SystemUser {
    let uid = rustix::process::getuid().as_raw();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let unknown = || SystemUser { name: format!("uid{uid}"), uid, full_name: String::new() };
    system_users::parse(&users).into_iter().find(|user| user.uid == uid).unwrap_or_else(unknown)
}

fn address_of(name: &str, host: &Domain) -> Result<Address, Failure> {
    let address = format!("{name}@{host}").parse();
    address.map_err(|_| Failure::Mail("sendmail-address", name.to_owned(), Exit::Data))
}

/// The envelope sender: `<>` or nothing at all is the null sender.
fn reverse_path(text: &str, host: &Domain) -> Result<ReversePath, Failure> {
    let refused = |text: &str| Failure::Mail("sendmail-address", text.to_owned(), Exit::Usage);
    let found = mailboxes(text.as_bytes()).map_err(|MailboxError(text)| refused(&text))?;
    match found.as_slice() {
        [] => Ok(ReversePath::Null),
        [one] => match one.address(host.as_ascii()) {
            None => Ok(ReversePath::Null),
            Some(address) => Ok(ReversePath::Address(address.map_err(|_| refused(text))?)),
        },
        _ => Err(refused(text)),
    }
}
