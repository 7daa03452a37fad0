//! Domains that mail is signed for.

use crate::{Blame, Control, Fault};
use authenticity::{Signer, SigningKey};
use store::{DkimKey, HostedDomain};

impl Control {
    /// Reads the keys anew: call it at the start; every change of a domain does it too.
    pub async fn reload_keys(&self) -> Result<(), Fault> {
        let mut keys = Vec::new();
        for domain in self.store.domains().await? {
            let signers = domain.keys.iter().map(|key| signer(&domain, key)).collect::<Result<_, _>>()?;
            keys.push((domain.name, signers));
        }
        self.couriers.keyring.replace(keys);
        Ok(())
    }
}

fn signer(domain: &HostedDomain, key: &DkimKey) -> Result<Signer, Fault> {
    let damaged = |error: authenticity::AuthenticityError| Fault {
        detail: error.to_string(),
        ..Fault::about(Blame::Store, domain.name.as_ascii())
    };
    let pair = SigningKey::from_pem(&key.secret).map_err(damaged)?;
    Signer::new(domain.name.clone(), &key.selector, pair).map_err(damaged)
}
