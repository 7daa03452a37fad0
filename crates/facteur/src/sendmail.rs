//! The doors that every Unix program knows: `sendmail`, `newaliases`, `postsuper`, under these names or as commands of
//! `facteur`.
//!
//! `sendmail` reads its options and its message as callers have written them for forty years, hands the message to
//! the server over the socket for local users, and puts it into the drop folder when there is no server or it cannot take
//! it now. It ends with 0 only when the message is on disk, with 75 when the caller should try again, and with the
//! code of sysexits(3) that fits otherwise.

mod aliases;
mod hand_over;
pub(crate) mod letter;
pub(crate) mod options;
mod postsuper;
mod smtp_pipe;
mod submit;

use crate::cli::{Console, Exit, Failure, postfix_flush, postfix_list};
use crate::config::Config;
use crate::place::Place;
use control::QueueFilter;
use hand_over::Sender;
use mail::Domain;
use options::{Flush, Mode, OptionError, Options};
use std::fs;
use std::path::{Path, PathBuf};

pub use submit::SOCKET;

/// The file in the public directory that says how the server is called.
pub const HOST_NAME: &str = "host_name";

/// The programs that are here, by the names they are called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// Hands over mail.
    Sendmail,
    /// Checks the aliases.
    Newaliases,
    /// Acts on the queue.
    Postsuper,
}

impl Program {
    /// The program of that name.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "sendmail" => Self::Sendmail,
            "newaliases" => Self::Newaliases,
            "postsuper" => Self::Postsuper,
            _ => return None,
        })
    }

    /// Does what the program does with these arguments.
    pub async fn run(self, arguments: Vec<String>, console: &mut Console) -> Result<Exit, Failure> {
        let mut desk = Desk::new(console);
        match self {
            Self::Sendmail => desk.sendmail(arguments).await,
            // newaliases(1) takes sendmail's options, and means nothing else by them.
            Self::Newaliases => desk.newaliases(),
            Self::Postsuper => postsuper::run(arguments, desk.console).await,
        }
    }
}

/// A program's surroundings.
struct Desk<'a> {
    console: &'a mut Console,
    config: Config,
}

impl<'a> Desk<'a> {
    fn new(console: &'a mut Console) -> Self {
        let config = readable(&console.place);
        Self { console, config }
    }

    fn public(&self) -> PathBuf {
        self.console.place.public(&self.config)
    }

    /// The server's name: as it said itself when it ran last, else as it would find it.
    fn host_name(&self) -> Domain {
        let written = fs::read_to_string(self.public().join(HOST_NAME)).ok();
        written.and_then(|name| name.trim().parse().ok()).unwrap_or_else(|| self.config.host_name())
    }

    fn aliases(&self) -> PathBuf {
        self.config.aliases()
    }

    async fn sendmail(&mut self, arguments: Vec<String>) -> Result<Exit, Failure> {
        let options = options::parse(arguments).map_err(refused)?;
        if let Some(data) = &options.data {
            self.console.place = Place::find_for_all(Some(Path::new(data)));
            self.config = readable(&self.console.place);
        }
        match options.mode {
            Mode::Send => self.send(options).await,
            Mode::Smtp => smtp_pipe::run(&self.public(), self.console),
            Mode::Verify => self.verify(&options).await,
            Mode::List => postfix_list(self.console).await,
            Mode::Flush(what) => postfix_flush(filter(what)?, self.console).await,
            Mode::Aliases => self.newaliases(),
            Mode::Nothing => Ok(Exit::Done),
        }
    }

    async fn send(&self, options: Options) -> Result<Exit, Failure> {
        Sender::new(&options, self.host_name(), &self.public(), self.console)?.send(options).await
    }

    async fn verify(&self, options: &Options) -> Result<Exit, Failure> {
        Sender::new(options, self.host_name(), &self.public(), self.console)?.verify(options).await
    }

    fn newaliases(&self) -> Result<Exit, Failure> {
        aliases::check(&self.aliases(), self.console)
    }
}

/// The configuration, which may belong to the server alone: what it would have said has a default.
fn readable(place: &Place) -> Config {
    Config::read(&place.config).unwrap_or_default()
}

fn filter(what: Flush) -> Result<QueueFilter, Failure> {
    Ok(match what {
        Flush::All => QueueFilter::default(),
        // Postfix ends well when there is no such message: it may just have left.
        Flush::Id(id) => match id.parse() {
            Ok(id) => QueueFilter { ids: vec![id], ..QueueFilter::default() },
            Err(_) => return Err(Failure::Usage("sendmail-no-id", id)),
        },
        Flush::Site(domain) => QueueFilter { domain: Some(domain), ..QueueFilter::default() },
    })
}

fn refused(error: OptionError) -> Failure {
    match error {
        OptionError::Unknown(option) => Failure::Usage("usage-unknown-argument", option),
        OptionError::NoValue(option) => Failure::Usage("usage-no-value", option),
        OptionError::Value(option, value) => Failure::Usage("sendmail-value", format!("{option} {value}")),
        OptionError::Daemon(option) => Failure::Usage("sendmail-daemon", option),
        OptionError::Unsupported(option) => Failure::Mail("sendmail-unsupported", option, Exit::Unavailable),
    }
}
