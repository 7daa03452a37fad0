//! Domains that mail is signed for.

use crate::{Blame, Control, Fault};
use authenticity::{Signer, SigningKey};
use mail::Secret;
use queue::ReturnPathKey;
use store::{DkimKey, HostedDomain};

/// The setting that keeps the key of the return paths, sealed.
const RETURN_PATH_KEY: &str = "secret.return_path";

impl Control {
    /// Reads the keys anew: call it at the start; every change of a domain does it too.
    pub async fn reload_keys(&self) -> Result<(), Fault> {
        let (mut keys, mut return_paths) = (Vec::new(), Vec::new());
        for domain in self.store.domains().await? {
            return_paths.extend(domain.return_path.clone().map(|path| (domain.name.clone(), path)));
            let signers = domain.keys.iter().map(|key| signer(&domain, key)).collect::<Result<_, _>>()?;
            keys.push((domain.name, signers));
        }
        self.couriers.keyring.replace(keys);
        self.couriers.return_paths.replace(self.return_path_key().await?, return_paths);
        Ok(())
    }

    /// The key of the return paths: made once, since the addresses that it signs come back for weeks.
    async fn return_path_key(&self) -> Result<ReturnPathKey, Fault> {
        let damaged = || Fault::about(Blame::Store, RETURN_PATH_KEY);
        let kept = self.store.setting(RETURN_PATH_KEY).await?;
        let secret = match kept {
            Some(text) => Secret::new(text),
            None => {
                let made = ReturnPathKey::new_secret().ok_or_else(damaged)?;
                let kept = Some(made.reveal().to_owned());
                self.store.set_setting(RETURN_PATH_KEY.to_owned(), kept).await?;
                made
            }
        };
        ReturnPathKey::of(&secret).ok_or_else(damaged)
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
