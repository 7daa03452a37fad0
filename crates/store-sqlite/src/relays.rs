//! Relays, their secrets, and what stops them.

use crate::directory::all;
use crate::fault::{Fault, Outcome};
use crate::key::Sealer;
use crate::rows::{json, time, unsigned};
use crate::session::Session;
use mail::{AccountId, ClosureId, OwnerId, RelayId, Secret, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};
use store::{Closure, NewEvent, Relay, RelayAuth, RelayTls, SenderMode};

/// Where a relay's password is sealed for.
pub(crate) fn place(id: i64) -> String {
    format!("relay {id}")
}

const fn tls_to(tls: RelayTls) -> &'static str {
    match tls {
        RelayTls::Auto => "auto",
        RelayTls::Implicit => "implicit",
        RelayTls::Starttls => "starttls",
        RelayTls::Never => "never",
    }
}

fn tls_of(text: &str) -> Outcome<RelayTls> {
    match text {
        "auto" => Ok(RelayTls::Auto),
        "implicit" => Ok(RelayTls::Implicit),
        "starttls" => Ok(RelayTls::Starttls),
        "never" => Ok(RelayTls::Never),
        other => Err(Fault::damaged(format!("a relay's TLS is '{other}'"))),
    }
}

const fn sender_to(sender: SenderMode) -> &'static str {
    match sender {
        SenderMode::Keep => "keep",
        SenderMode::Login => "login",
    }
}

fn sender_of(text: &str) -> Outcome<SenderMode> {
    match text {
        "keep" => Ok(SenderMode::Keep),
        "login" => Ok(SenderMode::Login),
        other => Err(Fault::damaged(format!("a relay's sender is '{other}'"))),
    }
}

pub(crate) fn relays(conn: &Connection, sealer: &Sealer) -> Outcome<Vec<Relay>> {
    let text =
        "SELECT id, owner, name, preset, host, port, tls, insecure, extra_ca, login, sealed, max_connections,
                    max_recipients, revision, created_at, sender, account FROM relays ORDER BY name";
    all(conn, text, |row| relay(row, sealer))
}

fn relay(row: &Row<'_>, sealer: &Sealer) -> Outcome<Relay> {
    let id: i64 = row.get(0)?;
    let auth = match (row.get(9)?, row.get::<_, Option<Vec<u8>>>(10)?) {
        (Some(login), Some(sealed)) => {
            RelayAuth::Password { login, password: Secret::new(sealer.open_sealed(&place(id), &sealed)?) }
        }
        _ => RelayAuth::None,
    };
    Ok(Relay {
        id: RelayId(id),
        owner: OwnerId(row.get(1)?),
        account: row.get::<_, Option<i64>>(16)?.map(AccountId),
        name: row.get(2)?,
        preset: row.get(3)?,
        host: row.get(4)?,
        port: row.get(5)?,
        tls: tls_of(row.get_ref(6)?.as_str().map_err(Fault::damaged)?)?,
        insecure: row.get(7)?,
        extra_ca: row.get(8)?,
        auth,
        max_connections: row.get(11)?,
        max_recipients: row.get(12)?,
        revision: unsigned(row, 13)?,
        created_at: time(row, 14)?,
        sender: sender_of(row.get_ref(15)?.as_str().map_err(Fault::damaged)?)?,
    })
}

/// Whether any secret was ever sealed that is still there.
pub(crate) fn has_secrets(conn: &Connection) -> Outcome<bool> {
    let text = "SELECT 1 FROM relays WHERE sealed IS NOT NULL UNION ALL SELECT 1 FROM dkim_keys
         UNION ALL SELECT 1 FROM protections
         UNION ALL SELECT 1 FROM webhooks
         UNION ALL SELECT 1 FROM settings WHERE name GLOB 'secret.*' LIMIT 1";
    Ok(conn.prepare(text)?.exists([])?)
}

pub(crate) fn closures(conn: &Connection) -> Outcome<Vec<Closure>> {
    let text =
        "SELECT id, relay, sender, cause, evidence, since, reopen_at, tries, alarm FROM closures ORDER BY id";
    all(conn, text, |row| {
        let sender: Option<String> = row.get(2)?;
        Ok(Closure {
            id: ClosureId(row.get(0)?),
            relay: RelayId(row.get(1)?),
            sender: sender.map(|text| text.parse()).transpose().map_err(Fault::damaged)?,
            cause: row.get(3)?,
            evidence: json(row, 4)?,
            since: time(row, 5)?,
            reopen_at: time(row, 6)?,
            tries: unsigned(row, 7)?,
            alarm: row.get(8)?,
        })
    })
}

impl Session {
    pub(crate) fn save_relay(&mut self, relay: &Relay, events: &[NewEvent]) -> Outcome<RelayId> {
        self.check_row("owners", relay.owner.0)?;
        if let Some(account) = relay.account {
            self.check_row("accounts", account.0)?;
        }
        let mut other = self.sql("SELECT 1 FROM relays WHERE name = ?1 AND id <> ?2")?;
        if other.exists(params![relay.name, relay.id.0])? {
            return Err(Fault::exists(&relay.name));
        }
        drop(other);
        let id = self.row_id("relays", relay.id.0)?;
        let mut old = self.sql("SELECT revision FROM relays WHERE id = ?1")?;
        let revision = old.query_row([id], |row| row.get::<_, u32>(0)).optional()?.unwrap_or(0);
        drop(old);
        let (login, sealed) = match &relay.auth {
            RelayAuth::None => (None, None),
            RelayAuth::Password { login, password } => {
                (Some(login), Some(self.sealer.seal(&place(id), password.reveal())?))
            }
        };
        self.run(
            "INSERT OR REPLACE INTO relays (id, owner, name, preset, host, port, tls, insecure, extra_ca, login, sealed,
                 max_connections, max_recipients, revision, created_at, sender, account)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
            params![
                id,
                relay.owner.0,
                relay.name,
                relay.preset,
                relay.host,
                relay.port,
                tls_to(relay.tls),
                relay.insecure,
                relay.extra_ca,
                login,
                sealed,
                relay.max_connections,
                relay.max_recipients,
                revision + 1,
                relay.created_at.0,
                sender_to(relay.sender),
                relay.account.map(|account| account.0),
            ],
        )?;
        self.append(events)?;
        Ok(RelayId(id))
    }

    /// Removes a relay with its routes and closures; what was parked on these is due at once.
    pub(crate) fn remove_relay(&mut self, id: RelayId, now: Timestamp, events: &[NewEvent]) -> Outcome<()> {
        if self.run("DELETE FROM relays WHERE id = ?1", [id.0])? == 0 {
            return Err(Fault::missing(id));
        }
        self.run("DELETE FROM routes WHERE relay = ?1", [id.0])?;
        let mut remove = self.sql("DELETE FROM closures WHERE relay = ?1 RETURNING id")?;
        let closures = remove.query_map([id.0], |row| row.get(0))?.collect::<Result<Vec<i64>, _>>()?;
        drop(remove);
        for closure in closures {
            self.unpark(ClosureId(closure), now, usize::MAX, None)?;
        }
        self.append(events)
    }

    pub(crate) fn save_closure(&mut self, closure: &Closure, events: &[NewEvent]) -> Outcome<()> {
        self.check_row("relays", closure.relay.0)?;
        self.run(
            "INSERT OR REPLACE INTO closures (id, relay, sender, cause, evidence, since, reopen_at, tries, alarm)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                closure.id.0,
                closure.relay.0,
                closure.sender.as_ref().map(ToString::to_string),
                closure.cause,
                serde_json::to_string(&closure.evidence)?,
                closure.since.0,
                closure.reopen_at.0,
                closure.tries,
                closure.alarm,
            ],
        )?;
        self.saw_id(closure.id.0);
        self.append(events)
    }

    pub(crate) fn remove_closure(&mut self, id: ClosureId, events: &[NewEvent]) -> Outcome<()> {
        if self.run("DELETE FROM closures WHERE id = ?1", [id.0])? == 0 {
            return Err(Fault::missing(id));
        }
        self.append(events)
    }
}
