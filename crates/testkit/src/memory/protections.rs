//! The model of [`store::Protections`].

use super::{MemoryStore, Tables};
use mail::Principal;
use store::{Later, NewEvent, Protection, Protections, StoreError};

impl Protections for MemoryStore {
    fn protections(&self) -> Later<'_, Vec<(Principal, Protection)>> {
        self.read(|state| {
            let mut all = state.directory.protections.clone();
            all.sort_by_key(|(principal, _)| order(*principal));
            Ok(all)
        })
    }

    fn protection(&self, of: Principal) -> Later<'_, Protection> {
        self.read(|state| {
            let found = state.directory.protections.iter().find(|(principal, _)| *principal == of);
            Ok(found.map(|(_, protection)| protection.clone()).unwrap_or_default())
        })
    }

    fn save_protection(&self, of: Principal, protection: Protection, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            state.directory.check_principal(of)?;
            state.directory.protections.retain(|(principal, _)| *principal != of);
            if !protection.is_empty() {
                state.directory.protections.push((of, protection));
            }
            state.append(events);
            Ok(())
        })
    }
}

impl Tables {
    fn check_principal(&self, of: Principal) -> Result<(), StoreError> {
        let (name, known) = match of {
            Principal::Account(id) => (id.to_string(), self.accounts.iter().any(|row| row.id == id)),
            Principal::Site(id) => (id.to_string(), self.sites.iter().any(|row| row.id == id)),
            Principal::System => ("system".to_owned(), false),
        };
        if known { Ok(()) } else { Err(StoreError::Missing { name }) }
    }
}

/// Accounts before sites, each by id.
const fn order(principal: Principal) -> (u8, i64) {
    match principal {
        Principal::Account(id) => (0, id.0),
        Principal::Site(id) => (1, id.0),
        Principal::System => (2, 0),
    }
}
