//! Why a command did not do its work, its exit code, and its words.

use super::backup;
use crate::client::ClientError;
use crate::config::ConfigError;
use crate::privileges::PrivilegeError;
use crate::server::StartError;
use crate::show::{Reader, Trouble};
use crate::words::Gap;
use control::{Blame, Fault};
use std::io;
use store::StoreError;

/// Exit codes, as sysexits(3) has them: scripts test 0 and 75.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Not done.
    Failed = 1,
    /// The command was called in a way that means nothing.
    Usage = 64,
    /// A value is not valid.
    Data = 65,
    /// What should be read is not there.
    NoInput = 66,
    /// There is no such recipient.
    NoUser = 67,
    /// There is no server, or it does not answer.
    Unavailable = 69,
    /// Not now: try again later.
    Temporary = 75,
    /// The caller may not do this.
    NoPermission = 77,
    /// The configuration cannot be used.
    Config = 78,
}

impl Exit {
    /// The first of two that is not well.
    pub const fn or(self, other: Self) -> Self {
        if matches!(self, Self::Done) { other } else { self }
    }

    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub enum Failure {
    /// Whoever read our output has gone: there is nobody to tell.
    NobodyReads,
    /// The operation got no answer, or a fault.
    Client(ClientError),
    /// The server did not start.
    Start(StartError),
    /// The arguments mean nothing together; the key of the words, and what fills their gap.
    Usage(&'static str, String),
    /// A backup was not restored.
    Restore(StoreError),
    /// Mail was not handed over; the key of the words, what fills their gap, and the exit code.
    Mail(&'static str, String, Exit),
    /// A file that was named cannot be read.
    File(String, io::Error),
    /// The system refuses something that every program needs.
    System(io::Error),
    /// The server answered something else than what was asked: it is of another version.
    Unexpected,
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        Self::Client(error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        Self::Start(error)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Client(ClientError::Fault(fault))
    }
}

impl Failure {
    /// The exit code.
    pub const fn exit(&self) -> Exit {
        match self {
            Self::NobodyReads => Exit::Done,
            Self::Client(error) => exit_of_client(error),
            Self::Start(StartError::Config(_) | StartError::Privileges(_)) => Exit::Config,
            Self::Start(StartError::Control(fault)) => exit_of_blame(fault.blame),
            Self::Start(_) => Exit::Unavailable,
            Self::Usage(..) => Exit::Usage,
            Self::Restore(StoreError::Disk { .. } | StoreError::Full { .. }) => Exit::Temporary,
            Self::File(..) | Self::Restore(_) => Exit::Data,
            Self::Mail(_, _, exit) => *exit,
            Self::System(_) => Exit::Temporary,
            Self::Unexpected => Exit::Unavailable,
        }
    }

    /// What a person is told; `None` when there is nobody to tell.
    pub fn trouble(&self, reader: &Reader) -> Option<Trouble> {
        let of = |key: &str, gaps: &[Gap<'_>]| Trouble::of(key, gaps, reader);
        Some(match self {
            Self::NobodyReads => return None,
            Self::Client(error) => of_client(error, reader),
            Self::Start(error) => of_start(error, reader),
            // The words for options that clap does not read have their gap under the name that clap's have.
            Self::Usage(key, what) => {
                of(key, &[("what", what.clone().into()), ("argument", what.clone().into())])
            }
            Self::Mail(key, what, _) => of(key, &[("what", what.clone().into())]),
            Self::Restore(error) => backup::trouble(error, reader).unwrap_or_else(|| of_store(error, reader)),
            Self::File(path, error) => {
                of("trouble-file", &[("path", path.clone().into()), ("detail", error.to_string().into())])
            }
            Self::System(error) => of("trouble-system", &[("detail", error.to_string().into())]),
            Self::Unexpected => of("trouble-unexpected", &[]),
        })
    }
}

const fn exit_of_client(error: &ClientError) -> Exit {
    match error {
        ClientError::Fault(fault) => exit_of_blame(fault.blame),
        ClientError::Forbidden { .. } => Exit::NoPermission,
        ClientError::Config(_) | ClientError::Privileges(_) => Exit::Config,
        ClientError::Store(_) => Exit::Temporary,
        ClientError::NotInitialised { .. } | ClientError::Unreachable { .. } | ClientError::Net(_) => {
            Exit::Unavailable
        }
    }
}

const fn exit_of_blame(blame: Blame) -> Exit {
    match blame {
        Blame::NotAllowed => Exit::NoPermission,
        Blame::Missing | Blame::Exists | Blame::Refused | Blame::LastAdministrator => Exit::Failed,
        Blame::Invalid
        | Blame::OAuth2Only
        | Blame::Insecure
        | Blame::NotPublished
        | Blame::NoListener
        | Blame::NotPublic => Exit::Data,
        Blame::Needed => Exit::Usage,
        Blame::Store | Blame::NotRunning | Blame::TooOften => Exit::Temporary,
    }
}

fn of_client(error: &ClientError, reader: &Reader) -> Trouble {
    let path = |data: &std::path::Path| ("path", data.display().to_string().into());
    match error {
        ClientError::Fault(fault) => Trouble::of_fault(fault, reader),
        ClientError::NotInitialised { data } => Trouble::of("client-not-initialised", &[path(data)], reader),
        ClientError::Unreachable { data, detail } => {
            let gaps = [path(data), ("detail", detail.clone().into())];
            Trouble::of("client-unreachable", &gaps, reader)
        }
        ClientError::Forbidden { data } => Trouble::of("client-forbidden", &[path(data)], reader),
        ClientError::Config(error) => of_config(error, reader),
        ClientError::Privileges(error) => of_privileges(error, reader),
        ClientError::Store(error) => of_store(error, reader),
        ClientError::Net(error) => Trouble::of("start-net", &[("detail", error.to_string().into())], reader),
    }
}

fn of_start(error: &StartError, reader: &Reader) -> Trouble {
    match error {
        StartError::Config(error) => of_config(error, reader),
        StartError::Store(error) => of_store(error, reader),
        StartError::Net(error) => Trouble::of("start-net", &[("detail", error.to_string().into())], reader),
        StartError::File { path, source } => {
            let gaps = [("path", path.display().to_string().into()), ("detail", source.to_string().into())];
            Trouble::of("start-file", &gaps, reader)
        }
        StartError::Control(fault) => Trouble::of_fault(fault, reader),
        StartError::Privileges(error) => of_privileges(error, reader),
    }
}

fn of_privileges(error: &PrivilegeError, reader: &Reader) -> Trouble {
    match error {
        PrivilegeError::UnknownUser { name } => {
            Trouble::of("start-user-unknown", &[("user", name.clone().into())], reader)
        }
        PrivilegeError::IsRoot { name } => {
            Trouble::of("start-user-root", &[("user", name.clone().into())], reader)
        }
        PrivilegeError::Refused { detail } => {
            Trouble::of("start-user-refused", &[("detail", detail.clone().into())], reader)
        }
    }
}

fn of_config(error: &ConfigError, reader: &Reader) -> Trouble {
    match error {
        ConfigError::Unreadable { path, source } => {
            let gaps = [("path", path.display().to_string().into()), ("detail", source.to_string().into())];
            Trouble::of("config-unreadable", &gaps, reader)
        }
        ConfigError::Invalid { path, detail } => {
            let gaps = [("path", path.display().to_string().into()), ("detail", detail.clone().into())];
            Trouble::of("config-invalid", &gaps, reader)
        }
    }
}

fn of_store(error: &StoreError, reader: &Reader) -> Trouble {
    let key = match error {
        StoreError::InUse { .. } => "store-in-use",
        StoreError::Full { .. } => "store-full",
        StoreError::ReadOnly { .. } => "store-read-only",
        StoreError::Newer { .. } => "store-newer",
        _ => "store-other",
    };
    Trouble::of(key, &[("detail", error.to_string().into())], reader)
}
