//! Trying a server: greeting, TLS, what it offers, and, with a password, whether it lets us in.
//!
//! Over a [`Transport`] that somebody else dialled, for the name that was asked for. No credential is sent before TLS
//! with a valid certificate for that name, none as a mere hash without TLS, and nothing is tried a second time here.

mod imap;
mod lines;
mod pop3;

use crate::server::{Protocol, Server, SignIn, Tls};
use explain::{CauseId, Facts, Hint, Place, Verdict, Words};
use mail::{Address, Evidence, Language, Peer, ReversePath, Secret, Seen, Stage, Timestamp, TlsFacts};
use serde::{Deserialize, Serialize};
use smtp::client::Client;
use smtp::transport::{BoxFuture, Transport};
use std::time::Duration;

/// How long each step may take: a server that is slower than this is no server to use every day.
pub const STEP_LIMIT: Duration = Duration::from_secs(8);

/// A user name and its password.
#[derive(Debug, Clone, Copy)]
pub struct Credentials<'a> {
    /// The user name.
    pub login: &'a str,
    /// The password.
    pub password: &'a Secret,
    /// Whose mail the server for sending must take.
    pub sender: &'a Address,
}

/// What a server showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// How one can sign in there.
    pub sign_in: Vec<SignIn>,
    /// The user name that was let in.
    pub login: Option<String>,
}

/// What stood in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// Something was seen.
    Seen(Evidence),
    /// An IMAP or POP3 server refused, in these words.
    Said {
        /// The server.
        peer: Peer,
        /// Which of the two it speaks.
        protocol: Protocol,
        /// At which step.
        stage: Stage,
        /// Its words.
        text: String,
    },
}

impl Obstacle {
    /// What it means. A refusal in words that nobody knows means what its step says: not now, or not with this name and
    /// password.
    pub fn verdict(&self) -> Verdict {
        let judged = self.judged();
        let cause = match self {
            Self::Said { stage, .. } if says_nothing(&judged) => match stage {
                Stage::Greeting => CauseId::SERVER_UNAVAILABLE,
                Stage::Auth => CauseId::AUTH_BAD_CREDENTIALS,
                _ => CauseId::PROTOCOL_ERROR,
            },
            _ => judged.cause,
        };
        Verdict { cause, ..judged }
    }

    /// What the words themselves mean.
    fn judged(&self) -> Verdict {
        match self {
            Self::Seen(evidence) => explain::judge(evidence, Place::Discovery),
            Self::Said { peer, protocol, stage, text } => {
                let protocol = match protocol {
                    Protocol::Imap => explain::Protocol::Imap,
                    Protocol::Pop3 => explain::Protocol::Pop3,
                    Protocol::Smtp => explain::Protocol::Smtp,
                };
                let hint = Hint { host: Some(&peer.host), stage: Some(*stage), protocol: Some(protocol) };
                explain::judge_with(text, &hint)
            }
        }
    }

    /// What a person is told.
    pub fn words(&self, language: Language) -> Words {
        let verdict = self.verdict();
        let facts = match self {
            Self::Seen(evidence) => Facts::of(evidence),
            Self::Said { peer, .. } => {
                Facts { host: Some(peer.host.clone()), port: Some(peer.port), ..Facts::default() }
            }
        };
        explain::words(verdict.cause, verdict.provider, Place::Discovery, language, &facts)
    }

    /// Whether another form of the user name may be tried: only when the server said that name and password do not
    /// fit. Whatever smells of a lock, of a limit or of a fault of the server ends it.
    pub fn lets_another_form_be_tried(&self) -> bool {
        let judged = self.judged();
        judged.cause == CauseId::AUTH_BAD_CREDENTIALS && !says_nothing(&judged)
    }
}

/// Whether no words of it are known: what it may mean is then told by its step alone.
fn says_nothing(judged: &Verdict) -> bool {
    judged.words_that_decided.is_empty()
        || [CauseId::UNKNOWN, CauseId::REJECTED_UNSPECIFIED].contains(&judged.cause)
}

/// Tries a server over a connection that was made for it, with TLS already on when it begins at once.
pub async fn prove(
    transport: &mut dyn Transport,
    server: &Server,
    our_name: &str,
    credentials: Option<Credentials<'_>>,
) -> Result<Proof, Obstacle> {
    let mut patient = Patient(transport);
    patient.set_time_limit(STEP_LIMIT);
    match server.protocol {
        Protocol::Imap => imap::prove(&mut patient, server, credentials).await,
        Protocol::Pop3 => pop3::prove(&mut patient, server, credentials).await,
        Protocol::Smtp => {
            submission(&mut patient, server, our_name, credentials).await.map_err(Obstacle::Seen)
        }
    }
}

async fn submission(
    t: &mut dyn Transport,
    server: &Server,
    our_name: &str,
    credentials: Option<Credentials<'_>>,
) -> Result<Proof, Evidence> {
    let mut client = Client::new(t.now());
    client.greet(t).await?;
    client.hello(t, our_name).await?;
    if server.tls == Tls::Starttls {
        client.start_tls(t).await?;
        client.hello(t, our_name).await?;
    }
    let sign_in = offered(client.extensions().auth.iter().map(String::as_str));
    if let Some(Credentials { login, password, sender }) = credentials {
        client.sign_in(t, login, password).await?;
        // Some let everybody of theirs in and take mail from other addresses alone. An address beyond ASCII is not asked
        // for: that needs an extension (RFC 6531), and says nothing of the account.
        if sender.local().is_ascii() {
            let sender: Result<ReversePath, _> = sender.to_ascii_domain().parse();
            if let Ok(sender) = sender {
                client.ask_for_sender(t, &sender).await?;
            }
        }
    }
    client.quit(t).await;
    Ok(Proof { sign_in, login: credentials.map(|credentials| credentials.login.to_owned()) })
}

/// What the names of SASL mechanisms mean for a person.
fn offered<'m>(mechanisms: impl Iterator<Item = &'m str>) -> Vec<SignIn> {
    let mut found = Vec::new();
    for mechanism in mechanisms {
        let how = match mechanism {
            "PLAIN" | "LOGIN" => SignIn::Password,
            "OAUTHBEARER" | "XOAUTH2" => SignIn::OAuth2,
            name if name == "CRAM-MD5" || name.starts_with("SCRAM-") => SignIn::Encrypted,
            _ => continue,
        };
        if !found.contains(&how) {
            found.push(how);
        }
    }
    found
}

/// A transport on which no step takes longer than [`STEP_LIMIT`], whatever the dialogue would grant it.
struct Patient<'t>(&'t mut dyn Transport);

impl Transport for Patient<'_> {
    fn read<'a>(&'a mut self, into: &'a mut Vec<u8>) -> BoxFuture<'a, Result<usize, Seen>> {
        self.0.read(into)
    }

    fn write<'a>(&'a mut self, parts: &'a [&'a [u8]]) -> BoxFuture<'a, Result<(), Seen>> {
        self.0.write(parts)
    }

    fn start_tls(&mut self) -> BoxFuture<'_, Result<TlsFacts, Seen>> {
        self.0.start_tls()
    }

    fn set_time_limit(&mut self, limit: Duration) {
        self.0.set_time_limit(limit.min(STEP_LIMIT));
    }

    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn peer(&self) -> Peer {
        self.0.peer()
    }

    fn tls(&self) -> Option<&TlsFacts> {
        self.0.tls()
    }
}

#[cfg(test)]
mod tests;
