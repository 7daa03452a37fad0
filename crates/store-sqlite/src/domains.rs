//! Domains that mail is signed for, and their keys.

use crate::directory::all;
use crate::fault::{Fault, Outcome};
use crate::key::Sealer;
use crate::rows::{parse, time};
use crate::session::Session;
use mail::{DomainId, OwnerId, Secret};
use rusqlite::{Connection, params};
use store::{DkimKey, HostedDomain, NewEvent};

/// Where a key is sealed for.
pub(crate) fn place(domain: i64, selector: &str) -> String {
    format!("domain {domain} {selector}")
}

pub(crate) fn domains(conn: &Connection, sealer: &Sealer) -> Outcome<Vec<HostedDomain>> {
    let text = "SELECT id, owner, written, return_path, created_at, settings FROM domains ORDER BY name";
    all(conn, text, |row| {
        let id: i64 = row.get(0)?;
        let return_path: Option<String> = row.get(3)?;
        let settings: Option<String> = row.get(5)?;
        Ok(HostedDomain {
            id: DomainId(id),
            owner: OwnerId(row.get(1)?),
            name: parse(row, 2)?,
            keys: keys(conn, sealer, id)?,
            return_path: return_path.map(|text| text.parse()).transpose().map_err(Fault::damaged)?,
            settings: settings.map(|text| serde_json::from_str(&text)).transpose().map_err(Fault::damaged)?,
            created_at: time(row, 4)?,
        })
    })
}

fn keys(conn: &Connection, sealer: &Sealer, domain: i64) -> Outcome<Vec<DkimKey>> {
    let text = "SELECT selector, algorithm, sealed FROM dkim_keys WHERE domain_id = ?1 ORDER BY place";
    let mut read = conn.prepare_cached(text)?;
    let mut rows = read.query([domain])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let selector: String = row.get(0)?;
        let sealed: Vec<u8> = row.get(2)?;
        let secret = Secret::new(sealer.open_sealed(&place(domain, &selector), &sealed)?);
        keys.push(DkimKey { selector, algorithm: row.get(1)?, secret });
    }
    Ok(keys)
}

impl Session {
    pub(crate) fn save_domain(&mut self, domain: &HostedDomain, events: &[NewEvent]) -> Outcome<DomainId> {
        self.check_row("owners", domain.owner.0)?;
        let name = domain.name.as_ascii();
        let mut other = self.sql("SELECT 1 FROM domains WHERE name = ?1 AND id <> ?2")?;
        if other.exists(params![name, domain.id.0])? {
            return Err(Fault::exists(name));
        }
        drop(other);
        let id = self.row_id("domains", domain.id.0)?;
        let settings =
            domain.settings.as_ref().map(serde_json::to_string).transpose().map_err(Fault::damaged)?;
        self.run(
            "INSERT OR REPLACE INTO domains (id, owner, name, written, return_path, created_at, settings)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                id,
                domain.owner.0,
                name,
                domain.name.as_written(),
                domain.return_path.as_ref().map(ToString::to_string),
                domain.created_at.0,
                settings,
            ],
        )?;
        self.run("DELETE FROM dkim_keys WHERE domain_id = ?1", [id])?;
        for (at, key) in (0_u16..).zip(&domain.keys) {
            let sealed = self.sealer.seal(&place(id, &key.selector), key.secret.reveal())?;
            self.run(
                "INSERT INTO dkim_keys (domain_id, place, selector, algorithm, sealed) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, at, key.selector, key.algorithm, sealed],
            )?;
        }
        self.append(events)?;
        Ok(DomainId(id))
    }

    pub(crate) fn remove_domain(&mut self, id: DomainId, events: &[NewEvent]) -> Outcome<()> {
        if self.run("DELETE FROM domains WHERE id = ?1", [id.0])? == 0 {
            return Err(Fault::missing(id));
        }
        self.run("DELETE FROM dkim_keys WHERE domain_id = ?1", [id.0])?;
        self.append(events)
    }
}
