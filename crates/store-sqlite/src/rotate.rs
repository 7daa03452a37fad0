//! The key that seals is changed: every secret is sealed again.

use crate::directory::{SECRET_SETTINGS, setting_place};
use crate::fault::{Fault, Outcome};
use crate::key::{hex, unhex};
use crate::session::Session;
use crate::{domains, protections, relays, webhooks};
use rusqlite::params;

impl Session {
    /// Seals everything again that an older key sealed, and says how many secrets there were.
    pub(crate) fn seal_all_again(&mut self) -> Outcome<u64> {
        // The old bytes are overwritten, not only forgotten: who changes a key may have lost the old one to somebody.
        self.conn.execute_batch("PRAGMA secure_delete = ON")?;
        let count = self.relays_again()?
            + self.keys_again()?
            + self.protections_again()?
            + self.webhooks_again()?
            + self.settings_again()?;
        self.conn.execute_batch("PRAGMA secure_delete = OFF")?;
        Ok(count)
    }

    fn relays_again(&self) -> Outcome<u64> {
        let rows = self.rows("SELECT id, sealed FROM relays WHERE sealed IS NOT NULL", |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        for (id, sealed) in &rows {
            if let Some(again) = self.sealer.seal_again(&relays::place(*id), sealed)? {
                self.run("UPDATE relays SET sealed = ?2 WHERE id = ?1", params![id, again])?;
            }
        }
        Ok(rows.len() as u64)
    }

    fn keys_again(&self) -> Outcome<u64> {
        let rows = self.rows("SELECT domain_id, selector, sealed FROM dkim_keys", |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        for (domain, selector, sealed) in &rows {
            if let Some(again) = self.sealer.seal_again(&domains::place(*domain, selector), sealed)? {
                self.run(
                    "UPDATE dkim_keys SET sealed = ?3 WHERE domain_id = ?1 AND selector = ?2",
                    params![domain, selector, again],
                )?;
            }
        }
        Ok(rows.len() as u64)
    }

    fn protections_again(&self) -> Outcome<u64> {
        let rows = self.rows("SELECT principal_kind, principal_id, sealed FROM protections", |row| {
            Ok((row.get::<_, u8>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
        })?;
        for (kind, id, sealed) in &rows {
            if let Some(again) = self.sealer.seal_again(&protections::place(*kind, *id), sealed)? {
                self.run(
                    "UPDATE protections SET sealed = ?3 WHERE principal_kind = ?1 AND principal_id = ?2",
                    params![kind, id, again],
                )?;
            }
        }
        Ok(rows.len() as u64)
    }

    fn webhooks_again(&self) -> Outcome<u64> {
        let rows = self.rows("SELECT id, sealed, sealed_sign_in FROM webhooks", |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, Option<Vec<u8>>>(2)?))
        })?;
        let mut count = 0;
        for (id, sealed, sign_in) in &rows {
            count += 1;
            if let Some(again) = self.sealer.seal_again(&webhooks::place(*id), sealed)? {
                self.run("UPDATE webhooks SET sealed = ?2 WHERE id = ?1", params![id, again])?;
            }
            let Some(sign_in) = sign_in else { continue };
            count += 1;
            if let Some(again) = self.sealer.seal_again(&webhooks::sign_in_place(*id), sign_in)? {
                self.run("UPDATE webhooks SET sealed_sign_in = ?2 WHERE id = ?1", params![id, again])?;
            }
        }
        Ok(count)
    }

    fn settings_again(&self) -> Outcome<u64> {
        let rows = self.rows("SELECT name, value FROM settings", |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        let secret: Vec<_> = rows.into_iter().filter(|(name, _)| name.starts_with(SECRET_SETTINGS)).collect();
        for (name, value) in &secret {
            let sealed = unhex(value)
                .ok_or_else(|| Fault::damaged(format!("the setting {name} is not a sealed one")))?;
            if let Some(again) = self.sealer.seal_again(&setting_place(name), &sealed)? {
                self.run("UPDATE settings SET value = ?2 WHERE name = ?1", params![name, hex(&again)])?;
            }
        }
        Ok(secret.len() as u64)
    }

    fn rows<T>(
        &self,
        text: &str,
        read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Outcome<Vec<T>> {
        let mut statement = self.sql(text)?;
        let rows = statement.query_map([], read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Ends a change of the key that a crash interrupted.
    pub(crate) fn end_interrupted_change(&mut self) -> Outcome<()> {
        if !self.sealer.has_older() {
            return Ok(());
        }
        self.begin()?;
        match self.seal_all_again() {
            Ok(_) => {
                self.commit()?;
                self.checkpoint()?;
                Ok(self.sealer.end_change()?)
            }
            Err(fault) => {
                // A secret that no key opens is damaged by itself, and is named where it is used; both keys stay.
                self.roll_back()?;
                let detail = fault.into_store();
                tracing::error!(%detail, "the change of the key cannot be ended");
                Ok(())
            }
        }
    }
}
