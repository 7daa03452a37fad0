//! How a command reaches a server: over its socket, or in process while it is stopped.

use crate::assembly::{Assembly, AssemblyError, PATIENCE_LOOKS, PATIENCE_PAUSE};
use crate::config::ConfigError;
use crate::place::Place;
use crate::privileges::{Identity, PrivilegeError};
use crate::socket::Outcome;
use control::{Answer, Caller, Fault, Operation, Role};
use mail::Language;
use net::NetError;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use store::StoreError;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

/// Why a command got no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The operation was not done.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// No server was ever made there.
    #[error("there is no server in {}", data.display())]
    NotInitialised {
        /// Where.
        data: PathBuf,
    },
    /// A server runs there, and its socket does not answer.
    #[error("the server in {} does not answer: {detail}", data.display())]
    Unreachable {
        /// Where.
        data: PathBuf,
        /// The system's words.
        detail: String,
    },
    /// The data belongs to another user.
    #[error("{} may not be read", data.display())]
    Forbidden {
        /// Where.
        data: PathBuf,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The data belongs to a user that this command, as root, cannot become.
    #[error(transparent)]
    Privileges(#[from] PrivilegeError),
    /// The data cannot be opened.
    #[error(transparent)]
    Store(StoreError),
    /// The network's side cannot be set up.
    #[error(transparent)]
    Net(#[from] NetError),
}

enum Way {
    Socket(BufReader<UnixStream>),
    InProcess(Box<Assembly>, Caller),
}

/// A way to a server.
pub struct Client {
    data: PathBuf,
    way: Way,
}

impl Client {
    /// Finds the running server, or opens the data of a stopped one. A server that is just starting or stopping, and
    /// another command on a stopped one, are waited for a little.
    pub async fn reach(place: &Place, language: Language) -> Result<Self, ClientError> {
        let mut looks = 0;
        loop {
            match Self::reach_now(place, language).await {
                Err(ClientError::Unreachable { .. }) if looks < PATIENCE_LOOKS => {
                    looks += 1;
                    tokio::time::sleep(PATIENCE_PAUSE).await;
                }
                reached => return reached,
            }
        }
    }

    async fn reach_now(place: &Place, language: Language) -> Result<Self, ClientError> {
        let data = place.data.clone();
        if let Err(error) = fs::read_dir(&data)
            && error.kind() == io::ErrorKind::PermissionDenied
        {
            return Err(ClientError::Forbidden { data });
        }
        if let Ok(short) = place.short_socket()
            && let Ok(stream) = UnixStream::connect(&short.path).await
        {
            return Ok(Self { data, way: Way::Socket(BufReader::new(stream)) });
        }
        if !place.is_initialised() {
            return Err(ClientError::NotInitialised { data });
        }
        if let Some(owner) = Identity::of_owner(&data) {
            owner.assume()?;
        }
        let assembly = match Assembly::open(place, language, Vec::new(), None).await {
            Ok(assembly) => assembly,
            Err(AssemblyError::Config(error)) => return Err(error.into()),
            Err(AssemblyError::Net(error)) => return Err(error.into()),
            Err(AssemblyError::Control(fault)) => return Err(fault.into()),
            // It runs, but its socket did not answer: it is just starting, or stopping; or another command has the data.
            Err(AssemblyError::Store(error @ StoreError::InUse { .. })) => {
                return Err(ClientError::Unreachable { data, detail: error.to_string() });
            }
            Err(AssemblyError::Store(error)) => return Err(ClientError::Store(error)),
        };
        let uid = fs::metadata("/proc/self").map(|own| own.uid()).unwrap_or_default();
        let caller = Caller { name: format!("uid {uid}"), role: Role::Administrator };
        Ok(Self { data, way: Way::InProcess(Box::new(assembly), caller) })
    }

    /// Whether a running server answers.
    pub const fn is_live(&self) -> bool {
        matches!(self.way, Way::Socket(_))
    }

    /// Asks for an operation.
    pub async fn perform(&mut self, operation: Operation) -> Result<Answer, ClientError> {
        match &mut self.way {
            Way::InProcess(assembly, caller) => Ok(assembly.control.perform(caller, operation).await?),
            Way::Socket(stream) => {
                let asked = ask(stream, &operation).await;
                let unreachable = |error: io::Error| ClientError::Unreachable {
                    data: self.data.clone(),
                    detail: error.to_string(),
                };
                match asked.map_err(unreachable)? {
                    Outcome::Ok(answer) => Ok(answer),
                    Outcome::Fault(fault) => Err(fault.into()),
                }
            }
        }
    }

    /// Ends the way: what was opened in process is closed in order.
    pub async fn close(self) -> Result<(), ClientError> {
        match self.way {
            Way::Socket(_) => Ok(()),
            Way::InProcess(assembly, _) => assembly.close().await.map_err(ClientError::Store),
        }
    }
}

async fn ask(stream: &mut BufReader<UnixStream>, operation: &Operation) -> io::Result<Outcome> {
    let mut text = serde_json::to_vec(operation)?;
    text.push(b'\n');
    stream.get_mut().write_all(&text).await?;
    let mut line = Vec::new();
    stream.read_until(b'\n', &mut line).await?;
    if line.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(serde_json::from_slice(&line)?)
}
