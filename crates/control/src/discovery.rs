//! The mail settings of an address, found by this server for whoever signs in, within an allowance.

use crate::{Answer, Audit, Blame, Caller, Control, Fault, RelaySpec, Role, Wish};
use discover::allowance::TooMany;
use discover::{Candidate, Discovery, Server, SubjectError, Tls};
use mail::{Address, Secret};
use queue::BoxFuture;
use std::sync::PoisonError;
use store::{RelayTls, SenderMode};

/// Who can ask others over the network.
pub trait Finder: Send + Sync {
    /// Finds the settings of an address, of which `own` are this server's, and tries them. Whoever waits is told of each
    /// server that answers.
    fn find<'a>(
        &'a self,
        wish: &'a Wish,
        own: Vec<Server>,
        told: &'a mut (dyn FnMut(&Candidate) + Send),
    ) -> BoxFuture<'a, Result<Discovery, Fault>>;
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
        if wish.private && caller.role != Role::Administrator {
            return Err(Fault::new(Blame::NotAllowed));
        }
        let finder = self.finder.get().ok_or_else(|| Fault::new(Blame::NotRunning))?;
        let address = subject(wish)?;
        let under_way = self.begin(caller, wish, &address)?;
        let audit = Audit { caller, operation: "discover" };
        self.store.append(audit.of(&self.clock, &address.to_string())).await?;
        let known = self.publications.of(address.domain().as_ascii());
        let own = known.map(|hosted| hosted.servers.clone()).unwrap_or_default();
        let found = finder.find(wish, own, told).await;
        drop(under_way);
        found
    }

    pub(crate) async fn discovered(&self, caller: &Caller, wish: Wish) -> Result<Answer, Fault> {
        let discovery = Box::new(self.discover(caller, &wish, &mut |_| {}).await?);
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
fn subject(wish: &Wish) -> Result<Address, Fault> {
    match discover::Subject::read(&wish.address, wish.private) {
        Ok(subject) => Ok(subject.address().clone()),
        Err(SubjectError::Address(error)) => Err(Fault::invalid("address", error)),
        Err(SubjectError::NotPublic(domain)) => Err(Fault::about(Blame::NotPublic, domain)),
    }
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
