//! Signing in with passkeys, alone or after the password, and the keeping of them.
//!
//! Whoever asks learns nothing of who exists: an unknown passkey, that of a removed account and a bad signature get one
//! answer, and are counted as wrong passwords are.

use crate::passkeys::{self, Added, Place, Proof, Purpose, Question, Refusal};
use crate::protection::{LABEL_MOST, USED_MS, needed, recovery_for, without_last};
use crate::sessions::Pending;
use crate::sign_in::sha256;
use crate::{Answer, Audit, Blame, Caller, CodeError, Control, Fault, Guest, Opened, Protect, Role};
use mail::{Principal, Timestamp};
use store::Protection;

/// How many passkeys an account has at most.
const PASSKEYS_MOST: usize = 20;

/// What is asked of somebody whose password was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedSecond {
    /// Whether their device makes codes.
    pub has_code: bool,
    /// Whether they have passkeys.
    pub has_passkeys: bool,
    /// What the browser is told to ask for one of them (`PublicKeyCredentialRequestOptionsJSON`); `None` where none works.
    pub passkey: Option<String>,
}

impl Control {
    /// Whether passkeys work where a browser is, which calls this server so: by its own name, and by no other.
    pub fn is_passkey_place(&self, host: &str) -> bool {
        self.place(host).is_some()
    }

    fn place(&self, host: &str) -> Option<Place> {
        Place::of(&self.facts.host_name, host)
    }

    fn wait_for(&self, (question, told): (Question, String), purpose: Purpose, guest: &Guest) -> String {
        self.ceremonies.begin(question, purpose, Some(guest.from), self.clock.now());
        told
    }

    /// Asks a browser for any passkey of this server's; `None` where none works.
    pub fn ask_passkey(&self, guest: &Guest, host: &str) -> Option<String> {
        let asked = passkeys::ask_alone(&self.place(host)?)?;
        Some(self.wait_for(asked, Purpose::Alone, guest))
    }

    /// What is asked of somebody whose password was right, by the key of that question; `None` when it is over.
    pub async fn ask_second(&self, guest: &Guest, host: &str, key: &str) -> Option<AskedSecond> {
        let key = sha256(key.as_bytes());
        let pending = self.sessions.awaited(&key, self.clock.now())?;
        let protection = self.store.protection(pending.principal).await.ok()?;
        let place = self.place(host);
        let asked = place.and_then(|place| passkeys::ask_second(&place, &protection.passkeys));
        Some(AskedSecond {
            has_code: protection.second_factor.is_some_and(|factor| factor.since.is_some()),
            has_passkeys: !protection.passkeys.is_empty(),
            passkey: asked.map(|asked| self.wait_for(asked, Purpose::Second(key), guest)),
        })
    }

    /// Opens a session with what a device answered, alone.
    pub async fn open_with_passkey(
        &self,
        guest: &Guest,
        host: &str,
        answer: &str,
    ) -> Result<Opened, CodeError> {
        let proof = Proof::read(answer, true);
        let handle = proof.as_ref().and_then(Proof::handle).unwrap_or_default();
        let known = self.registry.of_handle(&handle);
        let known = known.and_then(|principal| Some((principal, self.registry.name(principal)?)));
        // What names nobody is counted by what it names.
        let name = known.as_ref().map_or(handle.as_str(), |(_, login)| login);
        let attempt = self.sign_in.patience.admit(guest.from, name, self.clock.now());
        let attempt = attempt.map_err(CodeError::Slowed)?;
        let checked = match (proof, known) {
            (Some(proof), Some((principal, login))) => {
                self.open_alone(guest, host, &proof, (principal, &login)).await
            }
            _ => Err(CodeError::Wrong),
        };
        let now = self.clock.now();
        match &checked {
            Ok(_) => self.sign_in.patience.right(&attempt, now),
            Err(CodeError::Unavailable) => self.sign_in.patience.undo(&attempt, now),
            Err(_) => {}
        }
        checked
    }

    async fn open_alone(
        &self,
        guest: &Guest,
        host: &str,
        proof: &Proof,
        (principal, login): (Principal, &str),
    ) -> Result<Opened, CodeError> {
        let record = self.store.login(login).await.map_err(|_| CodeError::Unavailable)?;
        let record = record.filter(|record| record.principal == principal).ok_or(CodeError::Wrong)?;
        // A session ends with the password that stood when it was opened, this one too.
        let hash = record.hash.ok_or(CodeError::Wrong)?;
        self.try_passkey((principal, login), host, proof, Purpose::Alone).await?;
        self.opened(login, hash, guest).await.ok_or(CodeError::Unavailable)
    }

    /// Opens the session of somebody whose password was right, with what their device answered.
    pub async fn open_with_second_passkey(
        &self,
        guest: &Guest,
        host: &str,
        (key, answer): (&str, &str),
    ) -> Result<Opened, CodeError> {
        let (key, now) = (sha256(key.as_bytes()), self.clock.now());
        let pending = self.sessions.awaited(&key, now).ok_or(CodeError::Over)?;
        self.sessions.admit_code(&pending.login, now).map_err(CodeError::Slowed)?;
        let Pending { login, principal, .. } = &pending;
        let proof = Proof::read(answer, false).ok_or(CodeError::Wrong)?;
        self.try_passkey((*principal, login), host, &proof, Purpose::Second(key)).await?;
        self.open_pending(guest, &key, pending).await
    }

    /// Looks at what a device answered, and writes down that it did.
    async fn try_passkey(
        &self,
        (principal, login): (Principal, &str),
        host: &str,
        proof: &Proof,
        purpose: Purpose,
    ) -> Result<(), CodeError> {
        let place = self.place(host).ok_or(CodeError::Wrong)?;
        let now = self.clock.now();
        let question = proof.challenge().and_then(|challenge| self.ceremonies.take(challenge, purpose, now));
        let question = question.ok_or(CodeError::Wrong)?;
        let _one = self.protecting.lock().await;
        let protection = self.store.protection(principal).await;
        let mut protection = protection.map_err(|_| CodeError::Unavailable)?;
        let Protection { handle, passkeys, .. } = &mut protection;
        let credential = proof.credential();
        let shown = passkeys.iter_mut().find(|one| one.credential == credential);
        let shown = shown.ok_or(CodeError::Wrong)?;
        let checked = proof.check(question, &place, handle, shown);
        let operation = match checked {
            Err(Refusal::Wrong) => return Err(CodeError::Wrong),
            Err(Refusal::Copied) => {
                shown.doubted_at = Some(now);
                "passkey counted backwards"
            }
            Ok(()) => {
                let is_recent = |at: Timestamp| now.since_ms(at) < USED_MS;
                shown.used_at = shown.used_at.filter(|at| is_recent(*at)).or(Some(now));
                "passkey"
            }
        };
        let caller = Caller { name: login.to_owned(), role: Role::Person };
        let events = Audit { caller: &caller, operation }.of(&self.clock, login);
        // A count that is not written down would let a copy of the device in.
        let saved = self.store.save_protection(principal, protection, events).await;
        saved.map_err(|_| CodeError::Unavailable)?;
        checked.map_err(|_| CodeError::Copied)
    }

    /// What a person does about their own passkeys.
    pub(crate) fn own_passkeys(
        &self,
        protection: &mut Protection,
        (principal, login): (Principal, &str),
        act: Protect,
    ) -> Result<Answer, Fault> {
        let (now, purpose) = (self.clock.now(), Purpose::Add(principal));
        let elsewhere = || Fault::about(Blame::Invalid, "host");
        match act {
            Protect::BeginPasskey { host } => {
                if protection.passkeys.len() >= PASSKEYS_MOST {
                    return Err(Fault::invalid("passkeys", format!("> {PASSKEYS_MOST}")));
                }
                if protection.handle.is_empty() {
                    protection.handle = passkeys::make_handle();
                }
                let place = self.place(&host).ok_or_else(elsewhere)?;
                let asked = passkeys::ask_to_add(&place, (login, &protection.handle), &protection.passkeys);
                let (question, options) = asked.ok_or_else(|| Fault::about(Blame::Store, "random"))?;
                self.ceremonies.begin(question, purpose, None, now);
                Ok(Answer::PasskeyAsked { options })
            }
            Protect::AddPasskey { label, host, answer } => {
                let label = needed("label", &label, LABEL_MOST)?;
                let place = self.place(&host).ok_or_else(elsewhere)?;
                let added = Added::read(&answer);
                let question = added.as_ref().and_then(Added::challenge);
                let question = question.and_then(|challenge| self.ceremonies.take(challenge, purpose, now));
                let made =
                    added.zip(question).and_then(|(added, question)| added.check(question, &place, now));
                let mut passkey = made.ok_or_else(|| Fault::about(Blame::Invalid, "passkey"))?;
                if protection.passkeys.iter().any(|one| one.credential == passkey.credential) {
                    return Err(Fault::about(Blame::Exists, label));
                }
                if protection.passkeys.len() >= PASSKEYS_MOST {
                    return Err(Fault::invalid("passkeys", format!("> {PASSKEYS_MOST}")));
                }
                protection.last_passkey = protection.last_passkey.saturating_add(1);
                (passkey.id, passkey.label) = (protection.last_passkey, label);
                protection.passkeys.push(passkey);
                Ok(Answer::RecoveryCodes { codes: recovery_for(protection)? })
            }
            Protect::RemovePasskey { id } => {
                let before = protection.passkeys.len();
                protection.passkeys.retain(|one| one.id != id);
                let gone = protection.passkeys.len() < before;
                without_last(protection);
                if gone { Ok(Answer::Done) } else { Err(Fault::about(Blame::Missing, id.to_string())) }
            }
            _ => Err(Fault::about(Blame::Missing, login)),
        }
    }
}
