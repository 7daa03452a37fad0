//! Who is signed in to the portal: kept in memory, ended by time, by signing out, by a new password, and by a restart.
//!
//! Whoever has a session's cookie is its person, so the cookie is a key of 125 bits and is not kept: its digest is.
//! What is remembered is bounded; when it is full, the session that was idle for longest gives way.

use crate::protection::CodeTried;
use crate::sign_in::{Entrance, make_key, sha256};
use crate::{Answer, Audit, Control, Fault, Role, SignInError, Slowed, SlowedBy};
use mail::{Principal, Secret, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The login of the administrator that a first start makes, and in whose name a link signs in.
pub const FIRST_ADMINISTRATOR: &str = "admin";
/// How long a session lives without being used.
const IDLE_MS: i64 = 8 * 3_600_000;
/// How long an administrator's or a helper's does.
const STAFF_IDLE_MS: i64 = 3_600_000;
/// How long a session lives at most.
const LONGEST_MS: i64 = 7 * 24 * 3_600_000;
/// How many sessions there are at most.
const SESSIONS_MOST: usize = 10_000;
/// How long a link is good.
const LINK_MS: i64 = 15 * 60_000;
/// How many links are good at once.
const LINKS_MOST: usize = 16;
/// How long after the password a code or a passkey may be shown.
const CODE_MS: i64 = 10 * 60_000;
/// How many wait for their code at once.
const CODES_MOST: usize = 1_000;
/// How many wrong codes a login may have in [`CODE_SPAN_MS`]: whoever knows a password must not guess on for days.
const WRONG_CODES_MOST: u32 = 10;
/// The time in which wrong codes are counted.
const CODE_SPAN_MS: i64 = 3_600_000;
/// The most letters of what a browser calls itself that are kept.
const AGENT_MOST: usize = 300;

/// The browser that asks.
#[derive(Debug, Clone)]
pub struct Guest {
    /// Where it is.
    pub from: IpAddr,
    /// What it calls itself.
    pub agent: String,
}

/// Someone who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its number, to be told from others of the same login.
    pub id: u64,
    /// Who.
    pub login: String,
    /// What they may do.
    pub role: Role,
    /// What each form of theirs must bring along, so that no other site can send one in their name.
    pub form_key: Arc<str>,
}

/// A session that was just opened, with the cookie that nobody else has.
#[derive(Debug)]
pub struct Opened {
    /// The cookie.
    pub cookie: Secret,
    /// The session.
    pub session: Session,
}

/// What a right password opens.
#[derive(Debug)]
pub enum Opening {
    /// A session.
    Session(Opened),
    /// The question for a code or a passkey; the key proves that the password was right.
    Second(Secret),
}

/// Why a code or a passkey opens no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    /// It is wrong, or was used already.
    #[error("it is wrong, or was used already")]
    Wrong,
    /// The passkey counts backwards: there is a copy of it.
    #[error("the passkey counts backwards")]
    Copied,
    /// The password was given too long ago, or was changed.
    #[error("it took too long: the password is to be given again")]
    Over,
    /// It cannot be checked at the moment.
    #[error("it cannot be checked at the moment")]
    Unavailable,
    /// There were too many wrong codes: this one was not looked at.
    #[error("too many wrong codes: nothing is checked for a while")]
    Slowed(Slowed),
}

/// A session as its person sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Its number.
    pub id: u64,
    /// Since when.
    pub opened_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// From where it was opened.
    pub from: IpAddr,
    /// What its browser calls itself.
    pub agent: String,
}

pub(crate) type Digest = [u8; 32];

/// Somebody whose password was right, and whose code or passkey is waited for.
#[derive(Clone)]
pub(crate) struct Pending {
    pub(crate) login: String,
    pub(crate) principal: Principal,
    pub(crate) hash: String,
    until: Timestamp,
}

struct Entry {
    session: Session,
    /// The stored hash of the password that it was opened with; `None` for a link, which needed none.
    hash: Option<String>,
    opened_at: Timestamp,
    seen_at: Timestamp,
    guest: Guest,
}

impl Entry {
    fn is_over(&self, now: Timestamp) -> bool {
        let idle = if self.session.role == Role::Person { IDLE_MS } else { STAFF_IDLE_MS };
        now.since_ms(self.seen_at) > idle || now.since_ms(self.opened_at) > LONGEST_MS
    }
}

/// The sessions, and the links that open one.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Book>);

#[derive(Default)]
struct Book {
    sessions: HashMap<Digest, Entry>,
    links: HashMap<Digest, Timestamp>,
    pending: HashMap<Digest, Pending>,
    /// Wrong codes by login, and until when they count.
    wrong_codes: HashMap<String, (u32, Timestamp)>,
    last_id: u64,
}

impl Sessions {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(
        &self,
        (login, role): (String, Role),
        hash: Option<String>,
        guest: &Guest,
        now: Timestamp,
    ) -> Option<Opened> {
        let (cookie, form_key) = (make_key()?, make_key()?);
        let guest = Guest { from: guest.from, agent: guest.agent.chars().take(AGENT_MOST).collect() };
        let mut book = self.book();
        book.last_id += 1;
        let session = Session { id: book.last_id, login, role, form_key: form_key.into() };
        let entry = Entry { session: session.clone(), hash, opened_at: now, seen_at: now, guest };
        if book.sessions.len() >= SESSIONS_MOST {
            book.sessions.retain(|_, entry| !entry.is_over(now));
        }
        if book.sessions.len() >= SESSIONS_MOST {
            let idlest = book.sessions.iter().min_by_key(|(_, entry)| entry.seen_at).map(|(key, _)| *key);
            idlest.map(|key| book.sessions.remove(&key));
        }
        book.sessions.insert(sha256(cookie.as_bytes()), entry);
        Some(Opened { cookie: Secret::new(cookie), session })
    }

    /// A session, and the hash that must still stand.
    fn look(&self, key: &Digest, now: Timestamp) -> Option<(Session, Option<String>)> {
        let mut book = self.book();
        let entry = book.sessions.get_mut(key)?;
        if entry.is_over(now) {
            book.sessions.remove(key);
            return None;
        }
        entry.seen_at = now;
        Some((entry.session.clone(), entry.hash.clone()))
    }

    /// Keeps the role that somebody has by now: how long a session lives without being used depends on it.
    fn give_role(&self, key: &Digest, role: Role) {
        if let Some(entry) = self.book().sessions.get_mut(key) {
            entry.session.role = role;
        }
    }

    fn close(&self, key: &Digest) -> Option<Session> {
        self.book().sessions.remove(key).map(|entry| entry.session)
    }

    fn make_link(&self, now: Timestamp) -> Option<String> {
        let code = make_key()?;
        let mut book = self.book();
        book.links.retain(|_, until| *until > now);
        if book.links.len() >= LINKS_MOST {
            let oldest = book.links.iter().min_by_key(|(_, until)| **until).map(|(key, _)| *key);
            oldest.map(|key| book.links.remove(&key));
        }
        book.links.insert(sha256(code.as_bytes()), now.plus_ms(LINK_MS));
        Some(code)
    }

    /// Waits for the code of somebody whose password was right.
    fn await_code(&self, pending: Pending, now: Timestamp) -> Option<Secret> {
        let key = make_key()?;
        let mut book = self.book();
        book.pending.retain(|_, pending| pending.until > now);
        if book.pending.len() >= CODES_MOST {
            let oldest = book.pending.iter().min_by_key(|(_, one)| one.until).map(|(key, _)| *key);
            oldest.map(|key| book.pending.remove(&key));
        }
        book.pending.insert(sha256(key.as_bytes()), pending);
        Some(Secret::new(key))
    }

    pub(crate) fn awaited(&self, key: &Digest, now: Timestamp) -> Option<Pending> {
        self.book().pending.get(key).filter(|pending| pending.until > now).cloned()
    }

    /// Counts a code or a passkey before it is looked at; refuses it when there were too many wrong ones.
    pub(crate) fn admit_code(&self, login: &str, now: Timestamp) -> Result<(), Slowed> {
        let mut book = self.book();
        book.wrong_codes.retain(|_, (_, until)| *until > now);
        let fresh = (0, now.plus_ms(CODE_SPAN_MS));
        let (count, until) = book.wrong_codes.entry(login.to_lowercase()).or_insert(fresh);
        if *count >= WRONG_CODES_MOST {
            return Err(Slowed { by: SlowedBy::Login, until: *until, is_first: false });
        }
        *count += 1;
        Ok(())
    }

    /// The code or the passkey was right.
    pub(crate) fn forget_codes(&self, key: &Digest, login: &str) {
        let mut book = self.book();
        book.pending.remove(key);
        book.wrong_codes.remove(&login.to_lowercase());
    }

    fn of(&self, login: &str, now: Timestamp) -> Vec<SessionView> {
        let book = self.book();
        let own = |entry: &&Entry| entry.session.login.eq_ignore_ascii_case(login) && !entry.is_over(now);
        let view = |entry: &Entry| SessionView {
            id: entry.session.id,
            opened_at: entry.opened_at,
            seen_at: entry.seen_at,
            from: entry.guest.from,
            agent: entry.guest.agent.clone(),
        };
        let mut all: Vec<SessionView> = book.sessions.values().filter(own).map(view).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.seen_at));
        all
    }

    fn end(&self, login: &str, id: u64) -> bool {
        let mut book = self.book();
        let before = book.sessions.len();
        book.sessions
            .retain(|_, entry| entry.session.id != id || !entry.session.login.eq_ignore_ascii_case(login));
        book.sessions.len() < before
    }

    fn use_link(&self, code: &str, now: Timestamp) -> bool {
        self.book().links.remove(&sha256(code.as_bytes())).is_some_and(|until| until > now)
    }
}

impl Control {
    /// Opens a session for a person with their password, or asks for their code or passkey. Programs, which are sites, have no pages to
    /// look at.
    pub async fn open_session(
        &self,
        guest: &Guest,
        login: &str,
        password: &Secret,
    ) -> Result<Opening, SignInError> {
        let asked = self.sign_in.check(Some(guest.from), (login, password), Entrance::Portal).await?;
        if !matches!(asked.who.principal, Principal::Account(_)) {
            return Err(SignInError::Wrong);
        }
        let record = self.store.login(login).await.map_err(|_| SignInError::Unavailable)?;
        let hash = record.and_then(|record| record.hash).ok_or(SignInError::Wrong)?;
        let now = self.clock.now();
        if asked.asks_second {
            let (login, principal, until) = (login.to_owned(), asked.who.principal, now.plus_ms(CODE_MS));
            let key = self.sessions.await_code(Pending { login, principal, hash, until }, now);
            return key.map(Opening::Second).ok_or(SignInError::Unavailable);
        }
        let opened = self.opened(login, hash, guest).await;
        opened.map(Opening::Session).ok_or(SignInError::Unavailable)
    }

    /// Opens the session of somebody whose password was right, with the code of their device or a recovery code.
    pub async fn open_with_code(&self, guest: &Guest, key: &str, code: &str) -> Result<Opened, CodeError> {
        let (key, now) = (sha256(key.as_bytes()), self.clock.now());
        let pending = self.sessions.awaited(&key, now).ok_or(CodeError::Over)?;
        self.sessions.admit_code(&pending.login, now).map_err(CodeError::Slowed)?;
        match self.try_code(pending.principal, &pending.login, code).await {
            CodeTried::Wrong => return Err(CodeError::Wrong),
            CodeTried::Unavailable => return Err(CodeError::Unavailable),
            CodeTried::Right => {}
        }
        self.open_pending(guest, &key, pending).await
    }

    /// Opens the session of somebody who showed all that was asked for, if their password still stands.
    pub(crate) async fn open_pending(
        &self,
        guest: &Guest,
        key: &Digest,
        pending: Pending,
    ) -> Result<Opened, CodeError> {
        self.sessions.forget_codes(key, &pending.login);
        let record = self.store.login(&pending.login).await.map_err(|_| CodeError::Unavailable)?;
        if record.and_then(|record| record.hash).as_ref() != Some(&pending.hash) {
            return Err(CodeError::Over);
        }
        self.opened(&pending.login, pending.hash, guest).await.ok_or(CodeError::Unavailable)
    }

    pub(crate) async fn opened(&self, login: &str, hash: String, guest: &Guest) -> Option<Opened> {
        let role = self.registry.role(login).into();
        let opened = self.sessions.open((login.to_owned(), role), Some(hash), guest, self.clock.now());
        self.note(login, role, "portal sign-in").await;
        opened
    }

    /// Opens an administrator's session with the code of a link, which is good once.
    pub async fn open_by_link(&self, guest: &Guest, code: &str) -> Option<Opened> {
        let now = self.clock.now();
        if !self.sessions.use_link(code, now) {
            return None;
        }
        self.note(FIRST_ADMINISTRATOR, Role::Administrator, "portal sign-in by link").await;
        let who = (FIRST_ADMINISTRATOR.to_owned(), Role::Administrator);
        self.sessions.open(who, None, guest, now)
    }

    pub(crate) fn sessions_of(&self, login: &str) -> Vec<SessionView> {
        self.sessions.of(login, self.clock.now())
    }

    pub(crate) fn end_session(&self, login: &str, id: u64) -> bool {
        self.sessions.end(login, id)
    }

    /// The session of a cookie, if it lives and its password still stands.
    pub async fn session(&self, cookie: &str) -> Option<Session> {
        let key = sha256(cookie.as_bytes());
        let (session, hash) = self.sessions.look(&key, self.clock.now())?;
        let Some(hash) = hash else { return Some(session) };
        let record = self.store.login(&session.login).await.ok()?;
        if record.and_then(|record| record.hash) != Some(hash) {
            self.sessions.close(&key);
            return None;
        }
        // A role that was given or taken away counts at once.
        let role = self.registry.role(&session.login).into();
        self.sessions.give_role(&key, role);
        Some(Session { role, ..session })
    }

    /// A key that nobody can guess, for a form of somebody who is not signed in. `None` when the system has no randomness.
    pub fn form_key(&self) -> Option<String> {
        make_key()
    }

    /// Ends the session of a cookie.
    pub async fn close_session(&self, cookie: &str) {
        if let Some(session) = self.sessions.close(&sha256(cookie.as_bytes())) {
            self.note(&session.login, session.role, "portal sign-out").await;
        }
    }

    pub(crate) async fn portal_link(&self, audit: &Audit<'_>) -> Result<Answer, Fault> {
        if self.facts.pid.is_none() {
            return Err(Fault::new(crate::Blame::NotRunning));
        }
        self.store.append(audit.of(&self.clock, FIRST_ADMINISTRATOR)).await?;
        let code = self.sessions.make_link(self.clock.now());
        let code = code.ok_or_else(|| Fault::new(crate::Blame::Store))?;
        let listeners = self.facts.listeners.iter().filter(|listener| listener.kind == "https");
        let ports =
            listeners.filter_map(|listener| listener.address.rsplit(':').next()?.parse().ok()).collect();
        let host_name = self.facts.host_name.to_string();
        Ok(Answer::PortalLink { code, host_name, ports, minutes: LINK_MS / 60_000 })
    }

    /// Writes a sign-in or sign-out down. A store that cannot take it does not keep anybody out: it is how they repair it.
    async fn note(&self, login: &str, role: Role, operation: &'static str) {
        let caller = crate::Caller { name: login.to_owned(), role };
        let audit = Audit { caller: &caller, operation };
        if let Err(error) = self.store.append(audit.of(&self.clock, login)).await {
            tracing::warn!(%error, "a sign-in cannot be written down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_000_000_000);

    fn open(sessions: &Sessions, role: Role) -> Digest {
        let guest = Guest { from: "192.0.2.1".parse().unwrap(), agent: "x".repeat(1_000) };
        let opened = sessions.open(("a@b.test".to_owned(), role), None, &guest, NOON).unwrap();
        sha256(opened.cookie.reveal().as_bytes())
    }

    #[test]
    fn sessions_end_by_idleness_and_by_age() {
        let sessions = Sessions::default();
        for (role, idle) in [(Role::Person, IDLE_MS), (Role::Administrator, STAFF_IDLE_MS)] {
            let key = open(&sessions, role);
            assert!(sessions.look(&key, NOON.plus_ms(idle)).is_some());
            assert!(sessions.look(&key, NOON.plus_ms(2 * idle + 1)).is_none(), "{role:?}");
            let key = open(&sessions, role);
            let mut at = NOON;
            while at.since_ms(NOON) <= LONGEST_MS {
                assert!(sessions.look(&key, at).is_some(), "{role:?} {at:?}");
                at = at.plus_ms(idle);
            }
            assert!(sessions.look(&key, at).is_none(), "{role:?}");
        }
        assert!(sessions.book().sessions.is_empty(), "what is over is forgotten");
    }

    #[test]
    fn a_link_is_good_once_and_not_for_long() {
        let sessions = Sessions::default();
        let code = sessions.make_link(NOON).unwrap();
        assert!(!sessions.use_link("", NOON) && !sessions.use_link(&code.to_uppercase(), NOON));
        assert!(sessions.use_link(&code, NOON.plus_ms(LINK_MS - 1)));
        assert!(!sessions.use_link(&code, NOON), "it was used");
        let late = sessions.make_link(NOON).unwrap();
        assert!(!sessions.use_link(&late, NOON.plus_ms(LINK_MS)));
        for _ in 0..100 {
            sessions.make_link(NOON).unwrap();
        }
        assert_eq!(sessions.book().links.len(), LINKS_MOST);
    }

    #[test]
    fn a_person_sees_and_ends_their_sessions() {
        let sessions = Sessions::default();
        let (first, second) = (open(&sessions, Role::Person), open(&sessions, Role::Person));
        assert!(sessions.look(&second, NOON.plus_ms(5)).is_some());
        let seen = sessions.of("A@b.test", NOON.plus_ms(5));
        assert_eq!(seen.iter().map(|one| one.id).collect::<Vec<_>>(), [2, 1]);
        assert!(seen.iter().all(|one| one.agent.len() == AGENT_MOST));
        assert!(sessions.of("other@b.test", NOON).is_empty());
        assert!(
            !sessions.end("other@b.test", 1) && sessions.end("a@b.test", 1) && !sessions.end("a@b.test", 1)
        );
        assert!(sessions.look(&first, NOON).is_none() && sessions.look(&second, NOON).is_some());
        assert!(sessions.of("a@b.test", NOON.plus_ms(2 * IDLE_MS)).is_empty());
    }

    #[test]
    fn codes_are_not_guessed_on_for_long() {
        let sessions = Sessions::default();
        for _ in 0..WRONG_CODES_MOST {
            assert!(sessions.admit_code("a@b.test", NOON).is_ok());
        }
        let slowed = sessions.admit_code("A@B.test", NOON).unwrap_err();
        assert_eq!(slowed.until, NOON.plus_ms(CODE_SPAN_MS));
        assert!(sessions.admit_code("c@b.test", NOON).is_ok(), "others are not touched");
        assert!(sessions.admit_code("a@b.test", slowed.until).is_ok());
        sessions.forget_codes(&[0; 32], "a@b.test");
        assert_eq!(sessions.book().wrong_codes.len(), 0);
    }

    #[test]
    fn there_is_a_most_of_sessions() {
        let sessions = Sessions::default();
        let first = open(&sessions, Role::Person);
        assert!(sessions.look(&first, NOON.plus_ms(5)).is_some());
        for _ in 0..SESSIONS_MOST + 5 {
            open(&sessions, Role::Person);
        }
        assert_eq!(sessions.book().sessions.len(), SESSIONS_MOST);
        assert!(sessions.look(&first, NOON).is_some(), "those that were idle for longer gave way");
        assert!(sessions.close(&first).is_some() && sessions.look(&first, NOON).is_none());
    }
}
