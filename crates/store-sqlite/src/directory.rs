//! Who may send: owners, accounts, sites, logins, routes, settings.

use crate::fault::{Fault, Outcome};
use crate::key::{Sealer, hex, unhex};
use crate::rows::{json, parse, principal_of, principal_to, time, unsigned};
use crate::session::Session;
use mail::{AccountId, OwnerId, Principal, RelayId, SiteId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{Account, LoginRecord, NewEvent, NewLogin, Owner, Route, RouteScope, SenderRule, Site};

/// Settings whose names begin so are sealed.
pub(crate) const SECRET_SETTINGS: &str = "secret.";

/// Reads all rows of a statement.
pub(crate) fn all<T>(conn: &Connection, text: &str, of: impl Fn(&Row<'_>) -> Outcome<T>) -> Outcome<Vec<T>> {
    let mut read = conn.prepare_cached(text)?;
    let mut rows = read.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(of(row)?);
    }
    Ok(found)
}

pub(crate) fn owners(conn: &Connection) -> Outcome<Vec<Owner>> {
    all(conn, "SELECT id, name FROM owners ORDER BY name", |row| {
        Ok(Owner { id: OwnerId(row.get(0)?), name: row.get(1)? })
    })
}

pub(crate) fn accounts(conn: &Connection) -> Outcome<Vec<Account>> {
    all(
        conn,
        "SELECT id, owner, login, senders, language, created_at, undo_secs, role FROM accounts ORDER BY login",
        |row| {
            Ok(Account {
                id: AccountId(row.get(0)?),
                owner: OwnerId(row.get(1)?),
                login: row.get(2)?,
                senders: json(row, 3)?,
                language: parse(row, 4)?,
                created_at: time(row, 5)?,
                undo_secs: unsigned(row, 6)?,
                role: parse(row, 7)?,
            })
        },
    )
}

pub(crate) fn sites(conn: &Connection) -> Outcome<Vec<Site>> {
    all(
        conn,
        "SELECT id, owner, name, networks, senders, created_at, uids, line_endings FROM sites ORDER BY name",
        |row| {
            Ok(Site {
                id: SiteId(row.get(0)?),
                owner: OwnerId(row.get(1)?),
                name: row.get(2)?,
                networks: json(row, 3)?,
                senders: json(row, 4)?,
                created_at: time(row, 5)?,
                uids: json(row, 6)?,
                line_endings: parse(row, 7)?,
            })
        },
    )
}

/// What a sign-in is checked against.
pub(crate) fn login(conn: &Connection, name: &str) -> Outcome<Option<LoginRecord>> {
    let mut read =
        conn.prepare_cached("SELECT principal_kind, principal_id, hash FROM logins WHERE name = ?1")?;
    let mut rows = read.query([name.to_lowercase()])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let principal = principal_of(row.get(0)?, row.get(1)?)?;
    let (text, id) = match principal {
        Principal::Account(AccountId(id)) => ("SELECT owner, senders FROM accounts WHERE id = ?1", id),
        Principal::Site(SiteId(id)) => ("SELECT owner, senders FROM sites WHERE id = ?1", id),
        Principal::System => return Err(Fault::damaged("the system itself has a login")),
    };
    let mut of = conn.prepare_cached(text)?;
    let mut found = of.query([id])?;
    let found =
        found.next()?.ok_or_else(|| Fault::damaged(format!("the login '{name}' belongs to nobody")))?;
    let senders: Vec<SenderRule> = json(found, 1)?;
    Ok(Some(LoginRecord { principal, owner: OwnerId(found.get(0)?), hash: row.get(2)?, senders }))
}

pub(crate) fn routes(conn: &Connection) -> Outcome<Vec<Route>> {
    let text = "SELECT scope, of_id, written, relay FROM routes ORDER BY scope, of_id, of_domain";
    all(conn, text, |row| {
        let of: i64 = row.get(1)?;
        let scope = match row.get(0)? {
            0 => RouteScope::Site(SiteId(of)),
            1 => RouteScope::Account(AccountId(of)),
            2 => RouteScope::SenderDomain(parse(row, 2)?),
            3 => RouteScope::Owner(OwnerId(of)),
            4 => RouteScope::Default,
            other => return Err(Fault::damaged(format!("a route is of scope {other}"))),
        };
        Ok(Route { scope, relay: RelayId(row.get(3)?) })
    })
}

pub(crate) fn setting(conn: &Connection, sealer: &Sealer, name: &str) -> Outcome<Option<String>> {
    let mut read = conn.prepare_cached("SELECT value FROM settings WHERE name = ?1")?;
    let value: Option<String> = read.query_row([name], |row| row.get(0)).optional()?;
    match value {
        Some(sealed) if name.starts_with(SECRET_SETTINGS) => {
            let blob = unhex(&sealed)
                .ok_or_else(|| Fault::damaged(format!("the setting {name} is not a sealed one")))?;
            Ok(Some(sealer.open_sealed(&setting_place(name), &blob)?))
        }
        value => Ok(value),
    }
}

/// Where the value of a setting is sealed.
pub(crate) fn setting_place(name: &str) -> String {
    format!("setting {name}")
}

/// The columns that name a route's scope: kind, id, domain to compare, domain as written.
fn scope_to(scope: &RouteScope) -> (u8, i64, &str, &str) {
    match scope {
        RouteScope::Site(id) => (0, id.0, "", ""),
        RouteScope::Account(id) => (1, id.0, "", ""),
        RouteScope::SenderDomain(domain) => (2, 0, domain.as_ascii(), domain.as_written()),
        RouteScope::Owner(id) => (3, id.0, "", ""),
        RouteScope::Default => (4, 0, "", ""),
    }
}

impl Session {
    pub(crate) fn add_owner(&mut self, name: &str, events: &[NewEvent]) -> Outcome<Owner> {
        let mut insert =
            self.sql("INSERT INTO owners (id, name) SELECT max(id) + 1, ?1 FROM owners RETURNING id")?;
        let id = insert.query_row([name], |row| row.get(0)).map_err(Fault::taken(name))?;
        drop(insert);
        self.append(events)?;
        Ok(Owner { id: OwnerId(id), name: name.to_owned() })
    }

    pub(crate) fn save_account(
        &mut self,
        account: &Account,
        login: Option<&NewLogin>,
        events: &[NewEvent],
    ) -> Outcome<AccountId> {
        self.check_row("owners", account.owner.0)?;
        let id = self.row_id("accounts", account.id.0)?;
        self.save_login(&account.login, Principal::Account(AccountId(id)), login)?;
        self.run(
            "INSERT OR REPLACE INTO accounts (id, owner, login, senders, language, created_at, undo_secs, role)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                id,
                account.owner.0,
                account.login,
                serde_json::to_string(&account.senders)?,
                account.language.tag(),
                account.created_at.0,
                account.undo_secs,
                account.role.as_str(),
            ],
        )?;
        self.append(events)?;
        Ok(AccountId(id))
    }

    pub(crate) fn save_site(
        &mut self,
        site: &Site,
        login: Option<&NewLogin>,
        events: &[NewEvent],
    ) -> Outcome<SiteId> {
        self.check_row("owners", site.owner.0)?;
        let id = self.row_id("sites", site.id.0)?;
        self.save_login(&site.name, Principal::Site(SiteId(id)), login)?;
        self.run(
            "INSERT OR REPLACE INTO sites (id, owner, name, networks, senders, created_at, uids, line_endings)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                id,
                site.owner.0,
                site.name,
                serde_json::to_string(&site.networks)?,
                serde_json::to_string(&site.senders)?,
                site.created_at.0,
                serde_json::to_string(&site.uids)?,
                site.line_endings.as_str(),
            ],
        )?;
        self.append(events)?;
        Ok(SiteId(id))
    }

    /// Removes an account or a site, with its login and its route.
    pub(crate) fn remove_principal(&mut self, principal: Principal, events: &[NewEvent]) -> Outcome<()> {
        let (text, scope) = match principal {
            Principal::Account(id) => ("DELETE FROM accounts WHERE id = ?1", RouteScope::Account(id)),
            Principal::Site(id) => ("DELETE FROM sites WHERE id = ?1", RouteScope::Site(id)),
            Principal::System => return Err(Fault::missing("system")),
        };
        let (kind, id) = principal_to(principal);
        if self.run(text, [id])? == 0 {
            return Err(Fault::missing(id));
        }
        self.run("DELETE FROM logins WHERE principal_kind = ?1 AND principal_id = ?2", params![kind, id])?;
        self.run("DELETE FROM api_keys WHERE principal_kind = ?1 AND principal_id = ?2", params![kind, id])?;
        self.forget_protection(principal)?;
        self.set_route(&scope, None, events)
    }

    pub(crate) fn set_route(
        &mut self,
        scope: &RouteScope,
        relay: Option<RelayId>,
        events: &[NewEvent],
    ) -> Outcome<()> {
        let (kind, id, domain, written) = scope_to(scope);
        match relay {
            Some(relay) => {
                if relay != RelayId::DIRECT {
                    self.check_row("relays", relay.0)?;
                }
                self.run(
                    "INSERT OR REPLACE INTO routes (scope, of_id, of_domain, written, relay)
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![kind, id, domain, written, relay.0],
                )?;
            }
            None => {
                self.run(
                    "DELETE FROM routes WHERE scope = ?1 AND of_id = ?2 AND of_domain = ?3",
                    params![kind, id, domain],
                )?;
            }
        }
        self.append(events)
    }

    pub(crate) fn set_setting(&mut self, name: &str, value: Option<&str>) -> Outcome<()> {
        let sealed = match value {
            Some(value) if name.starts_with(SECRET_SETTINGS) => {
                Some(hex(&self.sealer.seal(&setting_place(name), value)?))
            }
            _ => None,
        };
        match sealed.as_deref().or(value) {
            Some(value) => self
                .run("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", params![name, value])?,
            None => self.run("DELETE FROM settings WHERE name = ?1", [name])?,
        };
        Ok(())
    }

    /// Refuses when a table has no such row.
    pub(crate) fn check_row(&self, table: &'static str, id: i64) -> Outcome<()> {
        let found = self.sql(&format!("SELECT 1 FROM {table} WHERE id = ?1"))?.exists([id])?;
        if found { Ok(()) } else { Err(Fault::missing(id)) }
    }

    /// The id of a row to be saved: 0 asks for a new one, any other must be there.
    pub(crate) fn row_id(&mut self, table: &'static str, id: i64) -> Outcome<i64> {
        if id == 0 {
            return Ok(self.next_row());
        }
        self.check_row(table, id).map(|()| id)
    }

    fn save_login(&self, name: &str, principal: Principal, login: Option<&NewLogin>) -> Outcome<()> {
        let (kind, id) = principal_to(principal);
        let mut remove =
            self.sql("DELETE FROM logins WHERE principal_kind = ?1 AND principal_id = ?2 RETURNING hash")?;
        let kept = remove.query_row(params![kind, id], |row| row.get::<_, Option<String>>(0)).optional()?;
        let hash = login.map(|login| login.hash.clone()).or(kept.flatten());
        let mut insert = self
            .sql("INSERT INTO logins (name, principal_kind, principal_id, hash) VALUES (?1, ?2, ?3, ?4)")?;
        insert.execute(params![name.to_lowercase(), kind, id, hash]).map_err(Fault::taken(name))?;
        Ok(())
    }
}
