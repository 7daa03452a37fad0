//! The keys of programs.

use crate::directory::all;
use crate::fault::{Fault, Outcome};
use crate::rows::{json, principal_of, principal_to, time};
use crate::session::Session;
use crate::sqlite::SqliteStore;
use mail::{OwnerId, Timestamp};
use rusqlite::{Connection, params};
use store::{ApiKey, Keys, Later, NewEvent, REVOKED_KEPT_MS};

impl Keys for SqliteStore {
    fn keys(&self) -> Later<'_, Vec<ApiKey>> {
        self.read(keys)
    }

    fn add_key(&self, key: ApiKey, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.add_key(&key, &events))
    }

    fn revoke_key(&self, name: String, now: Timestamp, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(move |session| session.revoke_key(&name, now, &events))
    }

    fn key_used(&self, name: String, at: Timestamp) -> Later<'_, ()> {
        self.write(move |session| {
            session.run("UPDATE api_keys SET used_at = ?2 WHERE name = ?1", params![name, at.0])?;
            Ok(())
        })
    }
}

fn keys(conn: &Connection) -> Outcome<Vec<ApiKey>> {
    let text = "SELECT name, digest, label, owner, principal_kind, principal_id, scopes, created_at, expires_at, used_at,
                    revoked_at FROM api_keys ORDER BY created_at, name";
    all(conn, text, |row| {
        let digest: Vec<u8> = row.get(1)?;
        let moment = |column| Ok::<_, Fault>(row.get::<_, Option<i64>>(column)?.map(Timestamp));
        Ok(ApiKey {
            name: row.get(0)?,
            digest: digest.try_into().map_err(|_| Fault::damaged("the digest of a key is none"))?,
            label: row.get(2)?,
            owner: OwnerId(row.get(3)?),
            principal: principal_of(row.get(4)?, row.get(5)?)?,
            scopes: json(row, 6)?,
            created_at: time(row, 7)?,
            expires_at: moment(8)?,
            used_at: moment(9)?,
            revoked_at: moment(10)?,
        })
    })
}

impl Session {
    fn add_key(&mut self, key: &ApiKey, events: &[NewEvent]) -> Outcome<()> {
        self.check_row("owners", key.owner.0)?;
        let forgotten = key.created_at.plus_ms(-REVOKED_KEPT_MS);
        self.run("DELETE FROM api_keys WHERE revoked_at < ?1", [forgotten.0])?;
        let (kind, id) = principal_to(key.principal);
        let mut insert = self.sql(
            "INSERT INTO api_keys (name, digest, label, owner, principal_kind, principal_id, scopes, created_at,
                 expires_at, used_at, revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?;
        let inserted = insert.execute(params![
            key.name,
            key.digest.as_slice(),
            key.label,
            key.owner.0,
            kind,
            id,
            serde_json::to_string(&key.scopes)?,
            key.created_at.0,
            key.expires_at.map(|at| at.0),
            key.used_at.map(|at| at.0),
            key.revoked_at.map(|at| at.0),
        ]);
        inserted.map_err(Fault::taken(&key.name))?;
        drop(insert);
        self.append(events)
    }

    fn revoke_key(&mut self, name: &str, now: Timestamp, events: &[NewEvent]) -> Outcome<()> {
        let text = "UPDATE api_keys SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL";
        if self.run(text, params![name, now.0])? == 0 {
            return Err(Fault::missing(name));
        }
        self.append(events)
    }
}
