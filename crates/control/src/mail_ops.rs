//! The queue, a message's story, a test message, the state of the server.

use crate::lately::{Lately, blames_the_content};
use crate::own_relays::full_name;
use crate::relays::{DIRECT, closure_view};
use crate::undo::{Noted, UndoBook};
use crate::{
    Answer, Audit, AuditLine, Blame, Caller, ClosureView, Control, Fault, QueueFilter, QueuePage, Role,
    StatusReport, TestMail,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use explain::CauseId;
use mail::{ClosureId, Envelope, EventId, OwnerId, Principal, PublicId, QueueId, RelayId, ReversePath};
use queue::{Refusal, Submission, Trace};
use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};
use store::{Act, Filter, Page, RouteScope, Story};

impl Control {
    pub(crate) async fn status(&self) -> Result<Answer, Fault> {
        let routes = self.store.routes().await?;
        let report = StatusReport {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host_name: self.facts.host_name.to_string(),
            pid: self.facts.pid,
            started_at: self.facts.started_at,
            listeners: self.facts.listeners.clone(),
            totals: self.store.totals().await?,
            relays: self.relay_views().await?,
            accounts: self.store.accounts().await?.len(),
            sites: self.store.sites().await?.len(),
            // What serves one account alone is no way for anybody else.
            has_route: routes.iter().any(|route| !matches!(route.scope, RouteScope::Account(_))),
            certificate_ends: self.certificate.get().and_then(|ends| ends()),
            slowed: self.sign_in.patience.slowed(self.clock.now()),
            trouble: self.trouble(),
        };
        Ok(Answer::Status { report: Box::new(report) })
    }

    /// The relay of that name that carries an account's mail: its own comes first, and another account's is not there.
    async fn relay_for(&self, name: &str, account: Option<&str>) -> Result<RelayId, Fault> {
        let Some(login) = account else { return Ok(self.any_relay_named(name).await?.id) };
        let principal = self.principal_named(login).await?.0;
        let own = match self.account(login).await {
            Ok(account) => match full_name(&account.login, name) {
                Ok(full) => self.any_relay_named(&full).await.ok(),
                Err(_) => None,
            },
            Err(_) => None,
        };
        let relay = match own {
            Some(own) => own,
            None => self.any_relay_named(name).await?,
        };
        if relay.may_carry(principal) { Ok(relay.id) } else { Err(Fault::about(Blame::Missing, name)) }
    }

    async fn filter(&self, filter: QueueFilter) -> Result<Filter, Fault> {
        let relay = match &filter.relay {
            Some(name) => Some(self.relay_for(name, filter.account.as_deref()).await?),
            None => None,
        };
        let key = |field: &str, text: &Option<String>| match text {
            Some(text) => match text.parse::<mail::Address>() {
                Ok(address) => Ok(Some(address.key())),
                Err(error) => Err(Fault::invalid(field, error)),
            },
            None => Ok(None),
        };
        let principal = match &filter.account {
            Some(login) => Some(self.principal_named(login).await?.0),
            None => None,
        };
        let recipient_domain = match &filter.domain {
            Some(text) => {
                let domain: mail::Domain = text.parse().map_err(|error| Fault::invalid("domain", error))?;
                Some(domain.as_ascii().to_owned())
            }
            None => None,
        };
        if let Some(cause) = &filter.cause {
            cause.parse::<explain::CauseId>().map_err(|error| Fault::invalid("cause", error))?;
        }
        Ok(Filter {
            before: filter.before(self.clock.now()),
            sender: key("sender", &filter.sender)?,
            recipient: key("recipient", &filter.recipient)?,
            recipient_domain,
            relay,
            cause: filter.cause,
            tag: filter.tag,
            ids: filter.ids,
            state: filter.state,
            every: filter.every,
            owner: None,
            principal,
        })
    }

    pub(crate) async fn queue_list(
        &self,
        filter: QueueFilter,
        after: Option<QueueId>,
        limit: usize,
    ) -> Result<Answer, Fault> {
        let limit = limit.clamp(1, Page::MAX);
        let rows = self.store.list(self.filter(filter).await?, Page { after, limit }).await?;
        let next = if rows.len() == limit { rows.last().map(|row| row.id) } else { None };
        let (closures, relays) = self.names(&self.lately().await?).await?;
        Ok(Answer::Queue { page: Box::new(QueuePage { rows, closures, relays, next }) })
    }

    async fn names(
        &self,
        lately: &Lately,
    ) -> Result<(BTreeMap<ClosureId, ClosureView>, BTreeMap<RelayId, String>), Fault> {
        let relays = self.store.relays().await?;
        let all = self.store.closures().await?;
        let known = all.iter().filter(|closure| relays.iter().any(|relay| relay.id == closure.relay));
        let closures =
            known.map(|closure| (closure.id, closure_view(closure, &relays, &all, lately))).collect();
        let names = relays.into_iter().map(|relay| (relay.id, relay.name));
        Ok((closures, names.chain([(RelayId::DIRECT, DIRECT.to_owned())]).collect()))
    }

    pub(crate) async fn queue_act(
        &self,
        audit: &Audit<'_>,
        act: Act,
        filter: QueueFilter,
    ) -> Result<Answer, Fault> {
        let on = serde_json::to_string(&filter).unwrap_or_default();
        let filter = self.filter(filter).await?;
        self.store.append(audit.of(&self.clock, &on)).await?;
        let mut noted = Noted::of(act);
        let acted = self.queue.act_noting(act, filter, &|_| true, &mut |id| noted.note(id)).await?;
        let undo = self.undo_book().keep(noted, self.clock.now());
        Ok(Answer::Acted { acted, undo })
    }

    /// Takes back what an act did, to those recipients that it changed and that are still as it left them.
    pub(crate) async fn queue_take_back(&self, audit: &Audit<'_>, number: u64) -> Result<Answer, Fault> {
        let taken = self.undo_book().take(number, self.clock.now());
        let (act, recipients) = taken.ok_or_else(|| Fault::about(Blame::Missing, number.to_string()))?;
        self.store.append(audit.of(&self.clock, &number.to_string())).await?;
        let mut noted = Noted::of(act);
        let acted = self.queue.act_on_these(act, &recipients, &mut |id| noted.note(id)).await?;
        let undo = self.undo_book().keep(noted, self.clock.now());
        Ok(Answer::Acted { acted, undo })
    }

    fn undo_book(&self) -> MutexGuard<'_, UndoBook> {
        self.undo_book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn audit_list(&self, before: Option<EventId>, limit: usize) -> Result<Answer, Fault> {
        let limit = limit.clamp(1, Page::MAX);
        let events = self.store.audits(before, limit).await?;
        let next = if events.len() == limit { events.last().map(|event| event.id) } else { None };
        let line = |event: store::Event| {
            let entry = serde_json::from_str(&event.detail).ok()?;
            Some(AuditLine { at: event.at, entry })
        };
        Ok(Answer::Audits { entries: events.into_iter().filter_map(line).collect(), next })
    }

    /// The message of a queue id or a public id, if it is there for this caller.
    pub async fn message_id(&self, caller: &Caller, id: &str) -> Result<QueueId, Fault> {
        Ok(self.story_of(caller, id).await?.message.id)
    }

    pub(crate) async fn why(&self, caller: &Caller, id: &str) -> Result<Answer, Fault> {
        let story = self.story_of(caller, id).await?;
        let lately = self.lately().await?;
        let (closures, relays) = self.names(&lately).await?;
        let refusing_all = refusing_all(&lately, &story);
        Ok(Answer::Story { story: Box::new(story), closures, relays, refusing_all })
    }

    async fn story_of(&self, caller: &Caller, id: &str) -> Result<Story, Fault> {
        let missing = || Fault::about(Blame::Missing, id);
        let found = match id.parse::<QueueId>() {
            Ok(queue_id) => Some(queue_id),
            Err(_) => {
                let public: PublicId = id.parse().map_err(|_| missing())?;
                self.store.by_public_id(public).await?
            }
        };
        let story = self.store.story(found.ok_or_else(missing)?).await?.ok_or_else(missing)?;
        if caller.role == Role::Person
            && story.message.principal != self.principal_named(caller.login()).await?.0
        {
            // What is somebody else's is not there.
            return Err(missing());
        }
        Ok(story)
    }

    pub(crate) async fn send(&self, caller: &Caller, mail: TestMail) -> Result<Answer, Fault> {
        let mut draft = self.queue.draft();
        draft.append(compose(&mail)).await.map_err(refused)?;
        let submission = Submission {
            principal: Principal::System,
            owner: OwnerId::DEFAULT,
            envelope: Envelope {
                from: ReversePath::Address(mail.from),
                recipients: mail.to.into_iter().map(Into::into).collect(),
                ..Envelope::default()
            },
            trace: Trace { helo: caller.name.clone(), client: None, protocol: "local" },
            draft,
        };
        Ok(Answer::Accepted { id: self.queue.accept(submission).await.map_err(refused)? })
    }
}

/// The relays that refused this message for its content, as they refuse every other, and how many they refused.
fn refusing_all(lately: &Lately, story: &Story) -> BTreeMap<RelayId, usize> {
    let mut found = lately.refusing_all();
    let is_of_it = |relay: RelayId| {
        let rows = story.message.recipients.iter().filter(|row| row.relay == Some(relay));
        rows.filter_map(|row| row.cause.as_deref().and_then(CauseId::lookup)).any(blames_the_content)
    };
    found.retain(|relay, _| *relay != RelayId::DIRECT && is_of_it(*relay));
    found
}

fn refused(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Store(error) => error.into(),
        other => Fault { detail: other.to_string(), ..Fault::new(Blame::Refused) },
    }
}

/// A plain message (RFC 5322, RFC 2045): every byte of subject and text is encoded, so nothing in them can become a
/// header, and none is longer than a line may be.
fn compose(mail: &TestMail) -> Vec<u8> {
    let to: Vec<String> = mail.to.iter().map(ToString::to_string).collect();
    let mut text = format!("From: {}\r\nTo: {}\r\n", mail.from, to.join(",\r\n\t"));
    text += &format!("Subject: {}\r\n", encoded_words(&mail.subject));
    text += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    let canonical = mail.text.replace("\r\n", "\n").replace('\n', "\r\n");
    for line in STANDARD.encode(canonical).as_bytes().chunks(76) {
        text.extend(line.iter().map(|b| char::from(*b)));
        text += "\r\n";
    }
    text.into_bytes()
}

/// A subject (RFC 2047 §2): a line with an encoded word has at most 76 characters, and no word cuts a character in two.
fn encoded_words(subject: &str) -> String {
    if subject.len() <= 60 && subject.bytes().all(|b| (b' '..=b'~').contains(&b)) && !subject.contains("=?") {
        return subject.to_owned();
    }
    let mut words = Vec::new();
    let mut part = String::new();
    for c in subject.chars() {
        if part.len() + c.len_utf8() > 39 {
            words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(&part)));
            part.clear();
        }
        part.push(c);
    }
    words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(&part)));
    words.join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_cannot_become_a_header() {
        let mail = TestMail {
            from: "a@b.test".parse().unwrap(),
            to: vec!["c@d.test".parse().unwrap()],
            subject: "héllo\r\nBcc: everybody@x.test".repeat(4),
            text: "un\ndeux".into(),
        };
        let text = String::from_utf8(compose(&mail)).unwrap();
        assert!(!text.contains("\r\nBcc:"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 78));
        assert!(text.ends_with("dW4NCmRldXg=\r\n"));
    }
}
