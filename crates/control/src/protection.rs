//! What guards accounts and sites beside their passwords: second factors, app passwords, blocks; and who is signed in.

use crate::second_factor::{self, Shown};
use crate::sign_in::{hash_key, make_key};
use crate::{Answer, Audit, Blame, Caller, Control, Fault, NewPassword, Role};
use mail::{Principal, Timestamp};
use serde::{Deserialize, Serialize};
use store::{AppPassword, Block, NewEvent, Passkey, Plea, Protection, SecondFactor};

/// How many app passwords an account has at most.
const APP_PASSWORDS_MOST: usize = 50;
/// The most letters of what a person writes here.
const TEXT_MOST: usize = 1_000;
/// The most letters of a label.
pub(crate) const LABEL_MOST: usize = 100;
/// So often at most the last use of an app password is written down.
pub(crate) const USED_MS: i64 = 3_600_000;

/// Whom it is about, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "name", rename_all = "snake_case")]
pub enum Guarded {
    /// An account, by login.
    Account(String),
    /// A site.
    Site(String),
}

impl Guarded {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Account(name) | Self::Site(name) => name,
        }
    }
}

/// What is done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Protect {
    /// Shows what there is, without secrets.
    Show,
    /// Makes a secret for a device; nothing is asked for until a first code was shown.
    BeginSecondFactor,
    /// Shows the first code: from then on one is asked for. Gives the recovery codes.
    ConfirmSecondFactor {
        /// The code.
        code: String,
    },
    /// Asks for no code any more.
    RemoveSecondFactor,
    /// Asks a device for a passkey.
    BeginPasskey {
        /// What the browser calls this server: name and port.
        host: String,
    },
    /// Keeps the passkey that the device made: from then on it, or another second factor, is asked for besides the password.
    /// Gives recovery codes with the first second factor.
    AddPasskey {
        /// What its person calls it.
        label: String,
        /// What the browser calls this server: name and port.
        host: String,
        /// What the device answered.
        answer: String,
    },
    /// Takes a passkey away.
    RemovePasskey {
        /// Which.
        id: u32,
    },
    /// Takes away the code, the passkeys and the recovery codes of somebody who lost them: their password is enough again.
    ResetSecondFactors,
    /// Makes a password for one program.
    AddAppPassword {
        /// What it is for.
        label: String,
    },
    /// Takes it back.
    RemoveAppPassword {
        /// Which.
        id: u32,
    },
    /// Lets it send no more for the time being: its mail waits.
    Block {
        /// Why, for administrators.
        why: String,
        /// What its person is told, in English.
        note_en: String,
        /// The same in French.
        note_fr: String,
    },
    /// Lets it send again: its mail leaves.
    Unblock,
    /// A person's answer to the block.
    AskToUnblock {
        /// It.
        text: String,
    },
    /// Who is signed in to the portal under its name.
    Sessions,
    /// Ends one of these.
    EndSession {
        /// Which.
        id: u64,
    },
}

impl Protect {
    /// Whether a person may do it about themselves.
    pub(crate) const fn is_own(&self) -> bool {
        !matches!(self, Self::Block { .. } | Self::Unblock | Self::ResetSecondFactors)
    }

    /// Whether it changes nothing.
    pub(crate) const fn only_reads(&self) -> bool {
        matches!(self, Self::Show | Self::Sessions)
    }

    /// Its name, for the audit record.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Show => "protection show",
            Self::BeginSecondFactor => "second-factor begin",
            Self::ConfirmSecondFactor { .. } => "second-factor confirm",
            Self::RemoveSecondFactor => "second-factor remove",
            Self::BeginPasskey { .. } => "passkey begin",
            Self::AddPasskey { .. } => "passkey add",
            Self::RemovePasskey { .. } => "passkey remove",
            Self::ResetSecondFactors => "second-factor reset",
            Self::AddAppPassword { .. } => "app-password add",
            Self::RemoveAppPassword { .. } => "app-password remove",
            Self::Block { .. } => "block",
            Self::Unblock => "unblock",
            Self::AskToUnblock { .. } => "ask to unblock",
            Self::Sessions => "session list",
            Self::EndSession { .. } => "session end",
        }
    }
}

/// An app password without its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPasswordView {
    /// Its number.
    pub id: u32,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the hour.
    pub used_at: Option<Timestamp>,
}

/// A passkey without its keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyView {
    /// Its number.
    pub id: u32,
    /// What its person calls it.
    pub label: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used, to the hour.
    pub used_at: Option<Timestamp>,
    /// When it last counted backwards, and was refused.
    pub doubted_at: Option<Timestamp>,
}

/// What guards a principal, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectionView {
    /// Whom.
    pub of: Guarded,
    /// Since when a code is asked for.
    pub second_factor_since: Option<Timestamp>,
    /// The passkeys, by age.
    pub passkeys: Vec<PasskeyView>,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
    /// The app passwords.
    pub app_passwords: Vec<AppPasswordView>,
    /// Why it may not send.
    pub block: Option<Block>,
    /// What its person answered.
    pub plea: Option<Plea>,
}

impl ProtectionView {
    /// Whether the password alone is not enough to sign in.
    pub const fn asks_second(&self) -> bool {
        self.second_factor_since.is_some() || !self.passkeys.is_empty()
    }
}

/// A secret for a device, shown until its first code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewSecondFactor {
    /// The secret, to be typed.
    pub secret: String,
    /// The same, to be shown as a picture.
    pub uri: String,
}

impl std::fmt::Debug for NewSecondFactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSecondFactor").finish_non_exhaustive()
    }
}

/// What became of a code that was shown at sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeTried {
    Right,
    Wrong,
    Unavailable,
}

fn view(of: Guarded, protection: Protection) -> ProtectionView {
    let factor = protection.second_factor.filter(|factor| factor.since.is_some());
    let app = |one: AppPassword| AppPasswordView {
        id: one.id,
        label: one.label,
        created_at: one.created_at,
        used_at: one.used_at,
    };
    let passkey = |one: Passkey| PasskeyView {
        id: one.id,
        label: one.label,
        created_at: one.created_at,
        used_at: one.used_at,
        doubted_at: one.doubted_at,
    };
    ProtectionView {
        of,
        second_factor_since: factor.and_then(|factor| factor.since),
        passkeys: protection.passkeys.into_iter().map(passkey).collect(),
        recovery_codes: protection.recovery.len(),
        app_passwords: protection.app_passwords.into_iter().map(app).collect(),
        block: protection.block,
        plea: protection.plea,
    }
}

/// A text that a person wrote, no longer than it may be.
fn text_of(field: &str, text: &str, most: usize) -> Result<String, Fault> {
    let text = text.trim();
    if text.chars().count() > most {
        return Err(Fault::invalid(field, format!("> {most}")));
    }
    Ok(text.to_owned())
}

pub(crate) fn needed(field: &str, text: &str, most: usize) -> Result<String, Fault> {
    let text = text_of(field, text, most)?;
    if text.is_empty() { Err(Fault::about(Blame::Needed, field)) } else { Ok(text) }
}

fn no_randomness() -> Fault {
    Fault::about(Blame::Store, "random")
}

/// The recovery codes that come with the first second factor; none where some are left.
pub(crate) fn recovery_for(protection: &mut Protection) -> Result<Vec<String>, Fault> {
    if !protection.recovery.is_empty() {
        return Ok(Vec::new());
    }
    let (codes, hashes) = second_factor::make_recovery().ok_or_else(no_randomness)?;
    protection.recovery = hashes;
    Ok(codes)
}

/// Recovery codes stand in for a second factor, and go with the last one.
pub(crate) fn without_last(protection: &mut Protection) {
    if !protection.asks_second() {
        protection.recovery.clear();
    }
}

impl Control {
    async fn guarded(&self, of: &Guarded) -> Result<(Principal, Guarded), Fault> {
        Ok(match of {
            Guarded::Account(login) => {
                let account = self.account(login).await?;
                (Principal::Account(account.id), Guarded::Account(account.login))
            }
            Guarded::Site(name) => {
                let site = self.site(name).await?;
                (Principal::Site(site.id), Guarded::Site(site.name))
            }
        })
    }

    /// Everybody who has a second factor, an app password or a block.
    pub(crate) async fn protection_list(&self) -> Result<Answer, Fault> {
        let all = self.store.protections().await?;
        let named = all.into_iter().filter_map(|(principal, protection)| {
            let name = self.registry.name(principal)?.to_string();
            let of = match principal {
                Principal::Account(_) => Guarded::Account(name),
                Principal::Site(_) => Guarded::Site(name),
                Principal::System => return None,
            };
            Some(view(of, protection))
        });
        Ok(Answer::Protections { all: named.collect() })
    }

    pub(crate) async fn protect(
        &self,
        audit: &Audit<'_>,
        of: &Guarded,
        act: Protect,
    ) -> Result<Answer, Fault> {
        let (principal, of) = self.guarded(of).await?;
        match &act {
            Protect::Sessions => {
                return Ok(Answer::Sessions { sessions: self.sessions_of(of.name()) });
            }
            Protect::EndSession { id } => {
                self.store.append(audit.of(&self.clock, of.name())).await?;
                let ended = self.end_session(of.name(), *id);
                return if ended {
                    Ok(Answer::Done)
                } else {
                    Err(Fault::about(Blame::Missing, id.to_string()))
                };
            }
            _ => {}
        }
        // One at a time: each reads what is there and writes it back.
        let _one = self.protecting.lock().await;
        let mut protection = self.store.protection(principal).await?;
        let is_account = matches!(principal, Principal::Account(_));
        let answer = match act {
            Protect::Show => return Ok(Answer::Protection { view: Box::new(view(of, protection)) }),
            Protect::Block { why, note_en, note_fr } => {
                let notes = [note_en, note_fr].map(|note| text_of("note", &note, TEXT_MOST));
                let [note_en, note_fr] = notes;
                let why = needed("why", &why, TEXT_MOST)?;
                let (by, at) = (audit.caller.name.clone(), self.clock.now());
                protection.block = Some(Block { by, at, why, note_en: note_en?, note_fr: note_fr? });
                protection.plea = None;
                Answer::Done
            }
            Protect::Unblock => {
                if protection.block.take().is_none() {
                    return Err(Fault::about(Blame::Missing, of.name()));
                }
                protection.plea = None;
                Answer::Done
            }
            Protect::AskToUnblock { text } if protection.block.is_some() => {
                let text = needed("text", &text, TEXT_MOST)?;
                protection.plea = Some(Plea { at: self.clock.now(), text });
                Answer::Done
            }
            act @ (Protect::BeginPasskey { .. }
            | Protect::AddPasskey { .. }
            | Protect::RemovePasskey { .. })
                if is_account =>
            {
                self.own_passkeys(&mut protection, (principal, of.name()), act)?
            }
            // What is left is a person's.
            act if is_account => self.own(&mut protection, of.name(), act)?,
            _ => return Err(Fault::about(Blame::Missing, of.name())),
        };
        self.keep_protection(principal, protection, audit.of(&self.clock, of.name())).await?;
        Ok(answer)
    }

    async fn keep_protection(
        &self,
        principal: Principal,
        protection: Protection,
        events: Vec<NewEvent>,
    ) -> Result<(), Fault> {
        self.store.save_protection(principal, protection, events).await?;
        self.reload_registry().await?;
        Ok(self.queue.reload_blocks().await?)
    }

    /// What a person does about their own account.
    fn own(&self, protection: &mut Protection, login: &str, act: Protect) -> Result<Answer, Fault> {
        let now = self.clock.now();
        match act {
            Protect::BeginSecondFactor => {
                if protection.second_factor.as_ref().is_some_and(|factor| factor.since.is_some()) {
                    return Err(Fault::about(Blame::Exists, login));
                }
                let secret = second_factor::make_secret().ok_or_else(no_randomness)?;
                let uri = second_factor::uri(&secret, login, self.facts.host_name.as_ascii());
                let made = NewSecondFactor { secret: secret.reveal().to_owned(), uri };
                protection.second_factor = Some(SecondFactor { secret, since: None, last_step: 0 });
                Ok(Answer::SecondFactor { made })
            }
            Protect::ConfirmSecondFactor { code } => {
                let begun = protection.second_factor.as_mut().filter(|factor| factor.since.is_none());
                let factor = begun.ok_or_else(|| Fault::about(Blame::Missing, login))?;
                let Some(Shown::Step(step)) = second_factor::look(Some(factor), &[], &code, now) else {
                    return Err(Fault::about(Blame::Invalid, "code"));
                };
                (factor.since, factor.last_step) = (Some(now), step);
                Ok(Answer::RecoveryCodes { codes: recovery_for(protection)? })
            }
            Protect::RemoveSecondFactor => match protection.second_factor.take() {
                Some(_) => {
                    without_last(protection);
                    Ok(Answer::Done)
                }
                None => Err(Fault::about(Blame::Missing, login)),
            },
            Protect::ResetSecondFactors => {
                let had = protection.second_factor.take().is_some() || !protection.passkeys.is_empty();
                protection.passkeys.clear();
                without_last(protection);
                if had { Ok(Answer::Done) } else { Err(Fault::about(Blame::Missing, login)) }
            }
            Protect::AddAppPassword { label } => {
                let label = needed("label", &label, LABEL_MOST)?;
                if protection.app_passwords.len() >= APP_PASSWORDS_MOST {
                    return Err(Fault::invalid("label", format!("> {APP_PASSWORDS_MOST}")));
                }
                let key = make_key().ok_or_else(no_randomness)?;
                let id = protection.last_app_password.saturating_add(1);
                protection.last_app_password = id;
                let hash = hash_key(&key);
                protection.app_passwords.push(AppPassword {
                    id,
                    label,
                    hash,
                    created_at: now,
                    used_at: None,
                });
                Ok(Answer::Password { made: NewPassword { login: login.to_owned(), password: Some(key) } })
            }
            Protect::RemoveAppPassword { id } => {
                let before = protection.app_passwords.len();
                protection.app_passwords.retain(|one| one.id != id);
                let gone = protection.app_passwords.len() < before;
                if gone { Ok(Answer::Done) } else { Err(Fault::about(Blame::Missing, id.to_string())) }
            }
            _ => Err(Fault::about(Blame::Missing, login)),
        }
    }

    /// Looks at a code that is shown at sign-in, and uses it up.
    pub(crate) async fn try_code(&self, principal: Principal, login: &str, code: &str) -> CodeTried {
        let _one = self.protecting.lock().await;
        let Ok(mut protection) = self.store.protection(principal).await else {
            return CodeTried::Unavailable;
        };
        let now = self.clock.now();
        // Taken off meanwhile: the password was right, and nothing else is asked for.
        if !protection.asks_second() {
            return CodeTried::Right;
        }
        let mut factor = protection.second_factor.as_mut().filter(|factor| factor.since.is_some());
        let operation = match second_factor::look(factor.as_deref(), &protection.recovery, code, now) {
            None => return CodeTried::Wrong,
            Some(Shown::Step(step)) => {
                if let Some(factor) = &mut factor {
                    factor.last_step = step;
                }
                "second-factor code"
            }
            Some(Shown::Recovery(index)) => {
                protection.recovery.remove(index);
                "second-factor recovery code"
            }
        };
        let caller = Caller { name: login.to_owned(), role: Role::Person };
        let events = Audit { caller: &caller, operation }.of(&self.clock, login);
        // A code that is not written down as used could be used again.
        match self.store.save_protection(principal, protection, events).await {
            Ok(()) => CodeTried::Right,
            Err(_) => CodeTried::Unavailable,
        }
    }

    /// Notes that an app password was used, when that was not written down lately.
    pub(crate) async fn note_app_use(&self, principal: Principal, id: u32) {
        let now = self.clock.now();
        let _one = self.protecting.lock().await;
        let Ok(mut protection) = self.store.protection(principal).await else { return };
        let Some(one) = protection.app_passwords.iter_mut().find(|one| one.id == id) else { return };
        one.used_at = Some(now);
        if let Err(error) = self.store.save_protection(principal, protection, Vec::new()).await {
            tracing::debug!(%error, "the use of an app password is not written down");
        }
    }
}
