//! What guards accounts and sites beside their passwords.

use crate::fault::{Fault, Outcome};
use crate::key::Sealer;
use crate::rows::{principal_of, principal_to};
use crate::session::Session;
use mail::Principal;
use rusqlite::{Connection, OptionalExtension, params};
use store::{NewEvent, Protection};

/// Where it is sealed for.
pub(crate) fn place(kind: u8, id: i64) -> String {
    format!("protection {kind} {id}")
}

pub(crate) fn all(conn: &Connection, sealer: &Sealer) -> Outcome<Vec<(Principal, Protection)>> {
    let text =
        "SELECT principal_kind, principal_id, sealed FROM protections ORDER BY principal_kind, principal_id";
    crate::directory::all(conn, text, |row| {
        let (kind, id) = (row.get(0)?, row.get(1)?);
        let sealed: Vec<u8> = row.get(2)?;
        Ok((principal_of(kind, id)?, opened(sealer, principal_of(kind, id)?, &sealed)?))
    })
}

pub(crate) fn of(conn: &Connection, sealer: &Sealer, principal: Principal) -> Outcome<Protection> {
    let (kind, id) = principal_to(principal);
    let mut read = conn
        .prepare_cached("SELECT sealed FROM protections WHERE principal_kind = ?1 AND principal_id = ?2")?;
    let sealed: Option<Vec<u8>> = read.query_row(params![kind, id], |row| row.get(0)).optional()?;
    sealed.map_or_else(|| Ok(Protection::default()), |sealed| opened(sealer, principal, &sealed))
}

fn opened(sealer: &Sealer, principal: Principal, sealed: &[u8]) -> Outcome<Protection> {
    let (kind, id) = principal_to(principal);
    serde_json::from_str(&sealer.open_sealed(&place(kind, id), sealed)?).map_err(Fault::damaged)
}

impl Session {
    pub(crate) fn save_protection(
        &mut self,
        of: Principal,
        protection: &Protection,
        events: &[NewEvent],
    ) -> Outcome<()> {
        let (kind, id) = principal_to(of);
        match of {
            Principal::Account(_) => self.check_row("accounts", id)?,
            Principal::Site(_) => self.check_row("sites", id)?,
            Principal::System => return Err(Fault::missing("system")),
        }
        if protection.is_empty() {
            self.forget_protection(of)?;
        } else {
            let sealed = self.sealer.seal(&place(kind, id), &serde_json::to_string(protection)?)?;
            self.run(
                "INSERT OR REPLACE INTO protections (principal_kind, principal_id, sealed) VALUES (?1, ?2, ?3)",
                params![kind, id, sealed],
            )?;
        }
        self.append(events)
    }

    /// What guarded a principal that goes, or that needs it no more.
    pub(crate) fn forget_protection(&self, of: Principal) -> Outcome<()> {
        let (kind, id) = principal_to(of);
        self.run(
            "DELETE FROM protections WHERE principal_kind = ?1 AND principal_id = ?2",
            params![kind, id],
        )?;
        Ok(())
    }
}
