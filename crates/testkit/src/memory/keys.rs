//! The model of [`store::Keys`].

use super::MemoryStore;
use mail::Timestamp;
use store::{ApiKey, Keys, Later, NewEvent, REVOKED_KEPT_MS, StoreError};

impl Keys for MemoryStore {
    fn keys(&self) -> Later<'_, Vec<ApiKey>> {
        self.read(|state| {
            let mut keys = state.directory.keys.clone();
            keys.sort_by_key(|key| (key.created_at, key.name.clone()));
            Ok(keys)
        })
    }

    fn add_key(&self, key: ApiKey, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            state.directory.check_owner(key.owner)?;
            let forgotten = key.created_at.plus_ms(-REVOKED_KEPT_MS);
            let is_taken = |row: &ApiKey| row.name == key.name || row.digest == key.digest;
            let is_kept = |row: &ApiKey| row.revoked_at.is_none_or(|at| at >= forgotten);
            if state.directory.keys.iter().any(|row| is_kept(row) && is_taken(row)) {
                return Err(StoreError::Exists { name: key.name });
            }
            state.directory.keys.retain(is_kept);
            state.directory.keys.push(key);
            state.append(events);
            Ok(())
        })
    }

    fn revoke_key(&self, name: String, now: Timestamp, events: Vec<NewEvent>) -> Later<'_, ()> {
        self.write(|state| {
            let mut live = state.directory.keys.iter_mut().filter(|key| key.revoked_at.is_none());
            let Some(key) = live.find(|key| key.name == name) else {
                return Err(StoreError::Missing { name });
            };
            key.revoked_at = Some(now);
            state.append(events);
            Ok(())
        })
    }

    fn key_used(&self, name: String, at: Timestamp) -> Later<'_, ()> {
        self.write(|state| {
            if let Some(key) = state.directory.keys.iter_mut().find(|key| key.name == name) {
                key.used_at = Some(at);
            }
            Ok(())
        })
    }
}
