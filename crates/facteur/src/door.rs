//! The door of the submission ports: `net` asks, `control` and `queue` answer.

use crate::mail_log::{MailLog, refused_sign_in};
use crate::returned::{self, ReturnedIntake};
use control::{Control, SignInError, Slowed, SlowedBy, Standing};
use mail::{Address, AuthorError, EnhancedCode, Envelope, Language, OwnerId, Principal, Reply, ReversePath};
use net::door::{BoxFuture, Client, Door, Intake, Origin, Visitor};
use queue::{Draft, Refusal, Submission, Trace};
use smtp::server::SignIn;
use std::net::IpAddr;
use std::sync::Arc;
use store::StoreError;

/// The door over a server's operations.
pub struct ControlDoor {
    control: Arc<Control>,
    mail_log: Arc<MailLog>,
}

impl ControlDoor {
    /// A door to that server.
    pub const fn new(control: Arc<Control>, mail_log: Arc<MailLog>) -> Self {
        Self { control, mail_log }
    }

    fn visitor(&self, principal: Principal, owner: OwnerId, name: String) -> Visitor {
        let line_endings = self.control.registry().line_endings(principal);
        Visitor { principal, owner, name, line_endings }
    }
}

impl ControlDoor {
    fn log_refusal(&self, client: &Client, attempt: &SignIn) {
        // Programs of this machine have nothing to sign in with, and no address to be banned.
        if let Some(ip) = client.origin.ip() {
            let line = refused_sign_in(ip, attempt.mechanism.name(), &attempt.login);
            self.mail_log.write(self.control.queue().clock().now(), line);
        }
    }

    /// Says in the log, once for each wait, that wrong passwords made somebody wait. The login is not named: what people
    /// type there may be a password.
    fn tell_slowed(&self, client: &Client, slowed: &Slowed) {
        if !slowed.is_first {
            return;
        }
        let what = match (slowed.by, self.control.language()) {
            (SlowedBy::Network, Language::En) => "too many wrong passwords from a network: it waits",
            (SlowedBy::Network, Language::Fr) => "trop de mots de passe faux venant d'un réseau : il attend",
            (SlowedBy::Login, Language::En) => {
                "too many wrong passwords for a login: addresses that are not known to it wait"
            }
            (SlowedBy::Login, Language::Fr) => {
                "trop de mots de passe faux pour un compte : les adresses qui ne lui sont pas connues attendent"
            }
            (SlowedBy::Pair, Language::En) => {
                "too many wrong passwords from an address that is known: it waits"
            }
            (SlowedBy::Pair, Language::Fr) => {
                "trop de mots de passe faux venant d'une adresse connue : elle attend"
            }
            (SlowedBy::Everybody, Language::En) => {
                "wrong passwords come from so many networks that all strangers wait"
            }
            (SlowedBy::Everybody, Language::Fr) => {
                "des mots de passe faux viennent de tant de réseaux que tous les inconnus attendent"
            }
        };
        tracing::warn!(client = %client.origin, "{what}. facteur sign-in list");
    }

    /// What a client is told whose password was not looked at. It is the same for logins that do not exist.
    fn put_off(&self, slowed: &Slowed) -> Reply {
        let left_ms = slowed.until.since_ms(self.control.queue().clock().now()).max(0);
        let minutes = left_ms / 60_000 + 1;
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        let why = match slowed.by {
            SlowedBy::Network => "Too many wrong passwords came from your network",
            SlowedBy::Login => "Too many wrong passwords were tried for this login",
            SlowedBy::Pair => "Too many wrong passwords came from your address for this login",
            SlowedBy::Everybody => "Too many wrong passwords come from everywhere",
        };
        let text = format!("{why}: nothing was checked, try again in {minutes} {unit}");
        reply(454, (4, 7, 0), text)
    }
}

/// A reply with its enhanced code.
pub(crate) fn reply(code: u16, enhanced: (u8, u16, u16), text: impl Into<String>) -> Reply {
    Reply::new(code, Some(EnhancedCode::new(enhanced.0, enhanced.1, enhanced.2)), text)
}

/// What a client is told, with the code of the page that tells more.
pub(crate) fn refused(refusal: &Refusal) -> Reply {
    worded(refusal).explained(refusal.cause())
}

/// The words; who may act is told how.
fn worded(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::SenderNotOwned(sender) => reply(
            553,
            (5, 7, 1),
            format!(
                "<{sender}> is not an address of this login: send with one of its own, or have the administrator add it"
            ),
        ),
        Refusal::AuthorNotOwned(author) => reply(
            550,
            (5, 7, 1),
            format!(
                "From: <{author}> is not an address of this login: write with one of its own, or have the administrator add it"
            ),
        ),
        Refusal::AuthorUnclear(AuthorError::Several) => {
            reply(554, (5, 6, 0), "The message has several From fields: write one, with an address of yours")
        }
        Refusal::AuthorUnclear(AuthorError::Unreadable) => reply(
            554,
            (5, 6, 0),
            "The From field of the message cannot be read: write one, with an address of yours",
        ),
        Refusal::Blocked => reply(
            550,
            (5, 7, 1),
            "This login is blocked on this server and may not send: the portal says why, or ask the administrator",
        ),
        Refusal::NoRecipient => reply(503, (5, 5, 1), "No recipient: give at least one with RCPT TO"),
        Refusal::TooManyRecipients(most) => {
            reply(452, (4, 5, 3), format!("More than {most} recipients: send the rest in another message"))
        }
        Refusal::TooBig(most) => reply(
            552,
            (5, 3, 4),
            format!("Message larger than {most} bytes: send a link instead of the attachment"),
        ),
        Refusal::Loop(hops) => {
            reply(554, (5, 4, 6), format!("Mail loop: the message has been through more than {hops} servers"))
        }
        Refusal::Store(StoreError::Full { .. }) => {
            reply(452, (4, 3, 1), "The disk of this server is full: try again later")
        }
        Refusal::Store(StoreError::ReadOnly { .. }) => reply(
            451,
            (4, 3, 0),
            "The disk of this server has failed: nothing is taken until its administrator has looked at it",
        ),
        Refusal::Store(_) | Refusal::NoRandomness => {
            reply(451, (4, 3, 0), "The message could not be stored: try again later")
        }
    }
}

/// Why mail for a name of this machine is not taken. A program of the machine puts it aside until there is an administrator,
/// since nobody would read a bounce of cron's; a client on the network has its sender to tell.
fn nobody(address: &Address, waits: bool) -> Reply {
    let text = format!(
        "<{address}>: nobody gets the mail of this machine's users: name an administrator with facteur setup, or an alias"
    );
    let nobody = if waits { reply(451, (4, 3, 5), text) } else { reply(550, (5, 1, 1), text) };
    nobody.explained("recipient_unknown")
}

impl Door for ControlDoor {
    fn network_site(&self, client: IpAddr) -> Option<Visitor> {
        let (principal, owner, name) = self.control.registry().network_site(client)?;
        Some(self.visitor(principal, owner, name.to_string()))
    }

    fn sign_in<'a>(&'a self, client: &'a Client, attempt: SignIn) -> BoxFuture<'a, Result<Visitor, Reply>> {
        Box::pin(async move {
            let from = client.origin.ip();
            match self.control.sign_in(from, &attempt.login, &attempt.password).await {
                Ok(who) => Ok(self.visitor(who.principal, who.owner, who.name)),
                Err(SignInError::Wrong) => {
                    self.log_refusal(client, &attempt);
                    Err(reply(
                        535,
                        (5, 7, 8),
                        "Login or password refused: check both, upper and lower case matter",
                    )
                    .explained("auth_bad_credentials"))
                }
                Err(SignInError::Unavailable) => {
                    let text = "Sign-in cannot be checked at the moment: try again later";
                    Err(reply(454, (4, 7, 0), text).explained("auth_temporary_failure"))
                }
                Err(SignInError::AppPasswordNeeded) => Err(reply(
                    534,
                    (5, 7, 9),
                    "This account asks for a code: make an app password in the portal, and give that one to the program",
                )
                .explained("auth_app_password_required")),
                Err(SignInError::Slowed(slowed)) => {
                    // Whoever guesses on is counted on by those who read the log. At a login that strangers attack, the
                    // next stranger may be its owner, on a journey: they must not be banned for it.
                    if matches!(slowed.by, SlowedBy::Network | SlowedBy::Pair) {
                        self.log_refusal(client, &attempt);
                    }
                    self.tell_slowed(client, &slowed);
                    Err(self.put_off(&slowed))
                }
            }
        })
    }

    fn sender(&self, visitor: &Visitor, path: &ReversePath, _size: Option<u64>) -> Result<(), Reply> {
        if self.control.registry().is_blocked(visitor.principal) {
            return Err(refused(&Refusal::Blocked));
        }
        match path.address() {
            Some(address) if !self.control.registry().owns(visitor.principal, address) => {
                Err(refused(&Refusal::SenderNotOwned(address.to_string())))
            }
            _ => Ok(()),
        }
    }

    fn recipient(&self, visitor: &Visitor, address: &Address) -> Result<(), Reply> {
        let registry = self.control.registry();
        match registry.standing(address) {
            Standing::Elsewhere | Standing::Means(_) => Ok(()),
            Standing::Nobody => Err(nobody(address, registry.is_of_a_user(visitor.principal))),
        }
    }

    fn local(&self, uid: u32) -> BoxFuture<'_, Result<Visitor, Reply>> {
        Box::pin(async move {
            match self.control.user_site(uid).await {
                Ok((principal, owner, name)) => Ok(self.visitor(principal, owner, name.to_string())),
                Err(fault) => {
                    tracing::error!(uid, %fault, "a local user's site cannot be made");
                    Err(reply(451, (4, 3, 0), "Your mail cannot be taken at the moment: try again later"))
                }
            }
        })
    }

    fn intake(&self, visitor: &Visitor, client: &Client) -> Result<Box<dyn Intake>, Reply> {
        // Before its content, which would be sent in vain.
        self.ready()?;
        // What a program of this machine calls itself says nothing; whose it is, the system has said.
        let helo = match client.origin {
            Origin::Tcp { .. } => client.helo.clone(),
            Origin::Local { .. } => visitor.name.clone(),
        };
        Ok(Box::new(DraftIntake {
            control: Arc::clone(&self.control),
            draft: self.control.queue().draft(),
            visitor: visitor.clone(),
            trace: Trace { helo, client: client.origin.ip(), protocol: client.protocol },
        }))
    }

    fn peer_recipient(&self, _client: &Client, address: &Address) -> Result<(), Reply> {
        returned::message_of(&self.control, address).map(drop)
    }

    fn peer_intake(&self, _client: &Client) -> Result<Box<dyn Intake>, Reply> {
        self.ready()?;
        Ok(Box::new(ReturnedIntake::new(Arc::clone(&self.control))))
    }
}

impl ControlDoor {
    /// Refuses while nothing can be kept.
    fn ready(&self) -> Result<(), Reply> {
        self.control.queue().store().ready().map_err(|error| refused(&Refusal::Store(error)))
    }
}

/// A message on its way from a client into the queue.
struct DraftIntake {
    control: Arc<Control>,
    draft: Draft,
    visitor: Visitor,
    trace: Trace,
}

impl DraftIntake {
    async fn accept(mut self: Box<Self>, envelope: Envelope, last: Vec<u8>) -> Result<Reply, Reply> {
        self.draft.append(last).await.map_err(|refusal| refused(&refusal))?;
        let Self { control, draft, visitor, trace } = *self;
        let submission =
            Submission { principal: visitor.principal, owner: visitor.owner, envelope, trace, draft };
        match control.queue().accept(submission).await {
            Ok(id) => Ok(reply(250, (2, 0, 0), format!("Ok: queued as {id}"))),
            Err(refusal) => {
                if let Refusal::Store(error) = &refusal {
                    tracing::error!(%error, "a message was not taken: its sender is told to try again");
                }
                Err(refused(&refusal))
            }
        }
    }
}

impl Intake for DraftIntake {
    fn append<'a>(&'a mut self, chunk: Vec<u8>) -> BoxFuture<'a, Result<(), Reply>> {
        Box::pin(async move { self.draft.append(chunk).await.map_err(|refusal| refused(&refusal)) })
    }

    fn finish(
        self: Box<Self>,
        envelope: Envelope,
        last: Vec<u8>,
    ) -> BoxFuture<'static, Result<Reply, Reply>> {
        Box::pin(self.accept(envelope, last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smtp::Error;

    /// A refusal of our own ends with the code of a page that exists, and fits the line (RFC 5321 §4.5.3.1.5).
    #[track_caller]
    fn check(reply: &Reply) {
        let text = reply.to_string();
        let code = text.rsplit_once("[F:").and_then(|(_, code)| code.strip_suffix(']'));
        let cause = code.and_then(explain::CauseId::lookup).unwrap_or_else(|| panic!("{text}"));
        assert!(text.len() + 2 <= 512, "{text}");
        let verdict = explain::judge_text(&text, None, None);
        assert_eq!((verdict.cause, verdict.confidence), (cause, explain::Confidence::High), "{text}");
    }

    #[test]
    fn each_of_our_refusals_names_its_page() {
        let long = format!("{}@{}.test", "a".repeat(64), "b".repeat(180));
        for refusal in [
            Refusal::SenderNotOwned(long.clone()),
            Refusal::Blocked,
            Refusal::NoRecipient,
            Refusal::TooManyRecipients(1_000),
            Refusal::TooBig(30_000_000),
            Refusal::Loop(50),
            Refusal::NoRandomness,
        ] {
            check(&refused(&refusal));
        }
        let address: Address = "root@first.test".parse().expect("an address");
        for waits in [true, false] {
            check(&nobody(&address, waits));
        }
        for error in [
            Error::UnknownCommand,
            Error::SenderSyntax,
            Error::RecipientSyntax,
            Error::TooManyRecipients,
            Error::MessageTooBig,
            Error::HeaderTooBig,
            Error::BareLineEnd,
            Error::NeedsUtf8,
            Error::Loop,
            Error::NoAuth,
            Error::AuthNeedsTls,
            Error::TooManySignIns,
            Error::NoStartTls,
            Error::TimedOut,
            Error::ShuttingDown,
            Error::NoAnswer,
        ] {
            check(&error.reply());
        }
    }
}
