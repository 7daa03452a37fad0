//! Who is signed in to the portal: kept in memory, ended by time, by signing out, by a new password, and by a restart.
//!
//! Whoever has a session's cookie is its person, so the cookie is a key of 125 bits and is not kept: its digest is.
//! What is remembered is bounded; when it is full, the session that was idle for longest gives way.

use crate::sign_in::{make_key, sha256};
use crate::{Answer, Audit, Control, Fault, Role, SignInError};
use mail::{Principal, Secret, Timestamp};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The login of the administrator that a first start makes, and in whose name a link signs in.
pub const FIRST_ADMINISTRATOR: &str = "admin";
/// How long a session lives without being used.
const IDLE_MS: i64 = 8 * 3_600_000;
/// How long an administrator's does.
const ADMINISTRATOR_IDLE_MS: i64 = 3_600_000;
/// How long a session lives at most.
const LONGEST_MS: i64 = 7 * 24 * 3_600_000;
/// How many sessions there are at most.
const SESSIONS_MOST: usize = 10_000;
/// How long a link is good.
const LINK_MS: i64 = 15 * 60_000;
/// How many links are good at once.
const LINKS_MOST: usize = 16;

/// Someone who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
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

type Digest = [u8; 32];

struct Entry {
    session: Session,
    /// The stored hash of the password that it was opened with; `None` for a link, which needed none.
    hash: Option<String>,
    opened_at: Timestamp,
    seen_at: Timestamp,
}

impl Entry {
    fn is_over(&self, now: Timestamp) -> bool {
        let idle = if self.session.role == Role::Administrator { ADMINISTRATOR_IDLE_MS } else { IDLE_MS };
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
}

impl Sessions {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, login: String, role: Role, hash: Option<String>, now: Timestamp) -> Option<Opened> {
        let (cookie, form_key) = (make_key()?, make_key()?);
        let session = Session { login, role, form_key: form_key.into() };
        let entry = Entry { session: session.clone(), hash, opened_at: now, seen_at: now };
        let mut book = self.book();
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

    fn use_link(&self, code: &str, now: Timestamp) -> bool {
        self.book().links.remove(&sha256(code.as_bytes())).is_some_and(|until| until > now)
    }
}

impl Control {
    /// Opens a session for a person with their password. Programs, which are sites, have no pages to look at.
    pub async fn open_session(
        &self,
        from: IpAddr,
        login: &str,
        password: &Secret,
    ) -> Result<Opened, SignInError> {
        let signed_in = self.sign_in(Some(from), login, password).await?;
        if !matches!(signed_in.principal, Principal::Account(_)) {
            return Err(SignInError::Wrong);
        }
        let record = self.store.login(login).await.map_err(|_| SignInError::Unavailable)?;
        let hash = record.and_then(|record| record.hash).ok_or(SignInError::Wrong)?;
        let is_first = login.eq_ignore_ascii_case(FIRST_ADMINISTRATOR);
        let role = if is_first { Role::Administrator } else { Role::Person };
        let opened = self.sessions.open(login.to_owned(), role, Some(hash), self.clock.now());
        self.note(login, role, "portal sign-in").await;
        opened.ok_or(SignInError::Unavailable)
    }

    /// Opens an administrator's session with the code of a link, which is good once.
    pub async fn open_by_link(&self, code: &str) -> Option<Opened> {
        let now = self.clock.now();
        if !self.sessions.use_link(code, now) {
            return None;
        }
        self.note(FIRST_ADMINISTRATOR, Role::Administrator, "portal sign-in by link").await;
        self.sessions.open(FIRST_ADMINISTRATOR.to_owned(), Role::Administrator, None, now)
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
        Some(session)
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
        let opened = sessions.open("a@b.test".to_owned(), role, None, NOON).unwrap();
        sha256(opened.cookie.reveal().as_bytes())
    }

    #[test]
    fn sessions_end_by_idleness_and_by_age() {
        let sessions = Sessions::default();
        for (role, idle) in [(Role::Person, IDLE_MS), (Role::Administrator, ADMINISTRATOR_IDLE_MS)] {
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
