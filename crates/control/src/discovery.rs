//! The mail settings of an address, found by this server for whoever signs in, within an allowance.

use crate::{Answer, Audit, Blame, Caller, Control, Fault, Operation, RelaySpec, Wish};
use discover::allowance::TooMany;
use discover::{Candidate, Discovery, Server, Subject, SubjectError, Tls};
use mail::{Address, Secret};
use queue::BoxFuture;
use std::sync::PoisonError;
use store::{RelayTls, SenderMode};

/// Who can ask others over the network.
pub trait Finder: Send + Sync {
    /// Finds the settings of an address as the wish says, of which `own` are this server's, and tries them. Whoever waits
    /// is told of each server that answers.
    fn find<'a>(
        &'a self,
        subject: Subject,
        wish: &'a Wish,
        own: Vec<Server>,
        told: &'a mut (dyn FnMut(&Candidate) + Send),
    ) -> BoxFuture<'a, Discovery>;
}

impl Control {
    /// Names who can ask others over the network; the first one stays.
    pub fn find_by(&self, finder: Box<dyn Finder>) {
        let _ = self.finder.set(finder);
    }

    /// Finds the mail settings of an address, and tells what is found while the rest is still looked for. The same as
    /// [`Operation::Discover`](crate::Operation::Discover), for who can show it.
    pub async fn discover(
        &self,
        caller: &Caller,
        wish: &Wish,
        told: &mut (dyn FnMut(&Candidate) + Send),
    ) -> Result<Discovery, Fault> {
        self.allowed(caller, Operation::Discover { wish: wish.clone() })?;
        self.found(caller, wish, told).await
    }

    /// What is found for who may ask.
    async fn found(
        &self,
        caller: &Caller,
        wish: &Wish,
        told: &mut (dyn FnMut(&Candidate) + Send),
    ) -> Result<Discovery, Fault> {
        let finder = self.finder.get().ok_or_else(|| Fault::new(Blame::NotRunning))?;
        let subject = subject(wish)?;
        let address = subject.address();
        let under_way = self.begin(caller, wish, address)?;
        let audit = Audit { caller, operation: "discover" };
        self.store.append(audit.of(&self.clock, &address.to_string())).await?;
        let known = self.publications.of(address.domain().as_ascii());
        let own = known.map(|hosted| hosted.servers.clone()).unwrap_or_default();
        let found = finder.find(subject, wish, own, told).await;
        drop(under_way);
        Ok(found)
    }

    pub(crate) async fn discovered(&self, caller: &Caller, wish: Wish) -> Result<Answer, Fault> {
        let discovery = Box::new(self.found(caller, &wish, &mut |_| {}).await?);
        Ok(Answer::Discovered { discovery })
    }

    /// Counts a search, for as long as what is returned lives.
    fn begin(&self, caller: &Caller, wish: &Wish, address: &Address) -> Result<UnderWay<'_>, Fault> {
        let now = self.clock.now();
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = allowance.begin(caller.login(), address, wish.password.is_some(), now);
        let again_at = match begun {
            Ok(()) => return Ok(UnderWay(self)),
            // One of them ends within seconds.
            Err(TooMany::AtOnce) => now,
            Err(
                TooMany::OfCaller { again_at }
                | TooMany::OfDomain { again_at }
                | TooMany::OfPasswords { again_at },
            ) => again_at,
        };
        let minutes = (again_at.0.saturating_sub(now.0) / 60_000).saturating_add(1);
        Err(Fault { detail: minutes.to_string(), ..Fault::about(Blame::TooOften, &wish.address) })
    }
}

/// A search that was begun. It ends when it was answered, and as well when nobody waits for it any more.
struct UnderWay<'c>(&'c Control);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.allowance.lock().unwrap_or_else(PoisonError::into_inner).end();
    }
}

/// The address that is meant.
fn subject(wish: &Wish) -> Result<Subject, Fault> {
    Subject::read(&wish.address, wish.private).map_err(|error| match error {
        SubjectError::Address(error) => Fault::invalid("address", error),
        SubjectError::NotPublic(domain) => Fault::about(Blame::NotPublic, domain),
    })
}

/// The relay that the server for sending would be, when it has let us in with this password.
pub fn relay_of(discovery: &Discovery, password: &Secret) -> Option<RelaySpec> {
    let (_, outgoing) = discovery.pair();
    let candidate = outgoing?;
    let login = discovery.proof(candidate)?.login.clone()?;
    let server = &candidate.server;
    // A provider of mailboxes takes mail from the mailbox's own address alone, as its presets know.
    let of_people = discovery.findings.provider.as_ref().is_some_and(|provider| !provider.relay);
    let sender = (of_people && login.contains('@')).then_some(SenderMode::Login);
    Some(RelaySpec {
        name: Some(discovery.address.to_string()),
        host: Some(server.host.clone()),
        port: Some(server.port),
        tls: Some(if server.tls == Tls::Implicit { RelayTls::Implicit } else { RelayTls::Starttls }),
        login: Some(login),
        password: Some(password.clone()),
        sender,
        ..RelaySpec::default()
    })
}
