//! The administrator's choices that have no row of their own.

use crate::{Answer, Audit, Blame, Control, Fault};
use mail::{Address, Domain};
use std::collections::BTreeMap;

/// The setting for whom root's mail and this server's own notices are.
pub const ADMINISTRATOR: &str = "administrator";

/// The setting for the name of this server, from its next start on. It wins over the one of the configuration file.
pub const HOST_NAME: &str = "host_name";

/// The setting that says whether people may add and change relays of their own: `on`, which it is by default, or `off`.
pub(crate) const OWN_RELAYS: &str = "own_relays";

/// A setting: its name, and what its value is once it was read.
type Reading = fn(&str) -> Result<String, Fault>;

/// All settings.
const SETTINGS: &[(&str, Reading)] =
    &[(ADMINISTRATOR, administrator), (HOST_NAME, host_name), (OWN_RELAYS, on_or_off)];

fn administrator(text: &str) -> Result<String, Fault> {
    let address: Address = text.parse().map_err(|error| Fault::invalid(ADMINISTRATOR, error))?;
    Ok(address.to_string())
}

fn on_or_off(text: &str) -> Result<String, Fault> {
    if ["on", "off"].contains(&text) {
        Ok(text.to_owned())
    } else {
        Err(Fault::invalid(OWN_RELAYS, "on, off"))
    }
}

/// One word is no name that other servers can look up.
fn host_name(text: &str) -> Result<String, Fault> {
    let name: Domain = text.parse().map_err(|error| Fault::invalid(HOST_NAME, error))?;
    if name.as_ascii().contains('.') { Ok(name.to_string()) } else { Err(Fault::invalid(HOST_NAME, text)) }
}

/// A setting's value as it is kept; a setting that nobody knows is refused.
pub(crate) fn read(name: &str, value: &str) -> Result<String, Fault> {
    match SETTINGS.iter().find(|(known, _)| *known == name) {
        Some((_, reading)) => reading(value),
        None => Err(Fault::about(Blame::Missing, name)),
    }
}

impl Control {
    pub(crate) async fn settings(&self) -> Result<BTreeMap<String, String>, Fault> {
        let mut settings = BTreeMap::new();
        for (name, _) in SETTINGS {
            if let Some(value) = self.store.setting(name).await? {
                settings.insert((*name).to_owned(), value);
            }
        }
        Ok(settings)
    }

    pub(crate) async fn setting_list(&self) -> Result<Answer, Fault> {
        Ok(Answer::Settings { settings: self.settings().await? })
    }

    pub(crate) async fn setting_set(
        &self,
        audit: &Audit<'_>,
        name: String,
        value: Option<String>,
    ) -> Result<Answer, Fault> {
        let value = match value {
            Some(value) => Some(read(&name, &value)?),
            None if SETTINGS.iter().any(|(known, _)| *known == name) => None,
            None => return Err(Fault::about(Blame::Missing, name)),
        };
        self.store.append(audit.of(&self.clock, &name)).await?;
        self.store.set_setting(name, value).await?;
        self.reload_registry().await?;
        Ok(Answer::Done)
    }
}
