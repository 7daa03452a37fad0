//! Discovery by the running server, for whoever signs in to it.

use super::{Live, News};
use control::{Finder, Wish};
use discover::{Candidate, Discovery, Server, Subject};
use net::{AddressPolicy, ClientTls, Dns, NetError, Resolver, Verify};
use queue::BoxFuture;

/// The two ways to ask: of the Internet alone, and also of the network that the server is in.
pub struct LiveFinder {
    public: Live,
    private: Live,
}

impl LiveFinder {
    /// By the names that the server itself goes by.
    pub fn new((dns, resolver): (Dns, Resolver)) -> Result<Self, NetError> {
        let client_tls = ClientTls::new(None, Verify::Full)?;
        let live =
            |policy, private| Live::with(dns.clone(), resolver.clone(), client_tls.clone(), policy, private);
        Ok(Self { public: live(AddressPolicy::PublicOnly, false), private: live(AddressPolicy::Any, true) })
    }
}

impl Finder for LiveFinder {
    fn find<'a>(
        &'a self,
        subject: Subject,
        wish: &'a Wish,
        own: Vec<Server>,
        told: &'a mut (dyn FnMut(&Candidate) + Send),
    ) -> BoxFuture<'a, Discovery> {
        let live = if wish.private { &self.private } else { &self.public };
        let live = live.clone().hosting(own);
        Box::pin(async move {
            let trusted = wish.trusted.as_ref().map(mail::Domain::as_ascii);
            let tell = |News::Answers(candidate): News<'_>| told(candidate);
            live.discover_for(subject, wish.password.as_ref(), trusted, tell).await
        })
    }
}
