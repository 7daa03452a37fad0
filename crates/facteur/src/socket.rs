//! The control socket: one line of JSON asks, one line of JSON answers. Only the server's own user and root get in.

use crate::place::Place;
use crate::privileges;
use control::{Answer, Caller, Control, Fault, Operation, Role};
use net::stop_asked;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The longest request: a relay with a private authority, a test message with its text.
const REQUEST_BYTES: u64 = 4 << 20;
/// The most callers at once.
const CALLERS: usize = 64;
/// How long callers may go on after the stop.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// What comes back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was done.
    Ok(Answer),
    /// It was not.
    Fault(Fault),
}

/// Opens the socket, in place of one that a dead server left: the lock on the data says that no other lives.
pub fn listen(place: &Place) -> io::Result<UnixListener> {
    let _ = fs::remove_file(place.socket());
    let short = place.short_socket()?;
    let listener = UnixListener::bind(&short.path)?;
    fs::set_permissions(place.socket(), fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Whether a server listens there.
pub async fn answers(place: &Place) -> bool {
    match place.short_socket() {
        Ok(short) => UnixStream::connect(&short.path).await.is_ok(),
        Err(_) => false,
    }
}

/// Serves callers until `stop` becomes true.
pub async fn serve(listener: UnixListener, control: Arc<Control>, mut stop: watch::Receiver<bool>) {
    // Not asked of /proc: what cannot be dumped belongs to root there.
    let own_uid = privileges::own_uid();
    let mut callers = JoinSet::new();
    loop {
        tokio::select! {
            () = stop_asked(&mut stop) => break,
            Some(_) = callers.join_next(), if !callers.is_empty() => {}
            accepted = listener.accept(), if callers.len() < CALLERS => match accepted {
                Ok((stream, _)) => {
                    let control = Arc::clone(&control);
                    callers.spawn(async move {
                        if let Err(error) = converse(stream, &control, own_uid).await {
                            tracing::debug!(%error, "a caller of the control socket went away");
                        }
                    });
                }
                Err(error) => {
                    tracing::error!(%error, "the control socket takes no caller");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            },
        }
    }
    let ending = async { while callers.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_GRACE, ending).await;
}

async fn converse(stream: UnixStream, control: &Control, own_uid: u32) -> io::Result<()> {
    let uid = stream.peer_cred()?.uid();
    if uid != own_uid && uid != 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let caller = Caller { name: format!("uid {uid}"), role: Role::Administrator };
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        (&mut stream).take(REQUEST_BYTES).read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            return Ok(());
        }
        let outcome = match serde_json::from_slice::<Operation>(&line) {
            Ok(operation) => match control.perform(&caller, operation).await {
                Ok(answer) => Outcome::Ok(answer),
                Err(fault) => Outcome::Fault(fault),
            },
            Err(error) => Outcome::Fault(Fault::invalid("request", error)),
        };
        let mut text = serde_json::to_vec(&outcome)?;
        text.push(b'\n');
        stream.get_mut().write_all(&text).await?;
    }
}
