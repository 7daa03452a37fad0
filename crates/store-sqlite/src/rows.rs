//! Our types as numbers and text, and back.

use crate::fault::{Fault, Outcome};
use mail::{AccountId, BodyType, ClosureId, Evidence, Principal, QueueId, SiteId, Timestamp};
use rusqlite::Row;
use rusqlite::types::ValueRef;
use std::str::FromStr;
use store::{Parking, RecipientState};

/// Where a recipient is: its state, and within "waiting" whether it is leased.
pub(crate) const WAITS: u8 = 0;
pub(crate) const HELD: u8 = RecipientState::Held as u8;
pub(crate) const LEASED: u8 = 2;
/// Every final place is at least this.
pub(crate) const FINAL: u8 = 10;

/// A wait asked for by the remote is used up.
pub(crate) const ASKED_WAIT_USED: u8 = 1;
/// Perhaps in flight when the server stopped without warning.
pub(crate) const PERHAPS_SENT: u8 = 2;

/// The state and the lease behind a place.
pub(crate) fn state_of(place: i64) -> Outcome<(RecipientState, bool)> {
    if place == i64::from(LEASED) {
        return Ok((RecipientState::Waiting, true));
    }
    let state = RecipientState::from_stored(place);
    state
        .map(|state| (state, false))
        .ok_or_else(|| Fault::damaged(format!("a recipient is in place {place}")))
}

pub(crate) const fn principal_to(principal: Principal) -> (u8, i64) {
    match principal {
        Principal::Account(AccountId(id)) => (0, id),
        Principal::Site(SiteId(id)) => (1, id),
        Principal::System => (2, 0),
    }
}

pub(crate) fn principal_of(kind: i64, id: i64) -> Outcome<Principal> {
    match kind {
        0 => Ok(Principal::Account(AccountId(id))),
        1 => Ok(Principal::Site(SiteId(id))),
        2 => Ok(Principal::System),
        _ => Err(Fault::damaged(format!("a principal is of kind {kind}"))),
    }
}

pub(crate) const fn body_type_to(body_type: BodyType) -> u8 {
    match body_type {
        BodyType::SevenBit => 0,
        BodyType::EightBitMime => 1,
        BodyType::Utf8 => 2,
    }
}

pub(crate) fn body_type_of(number: i64) -> Outcome<BodyType> {
    match number {
        0 => Ok(BodyType::SevenBit),
        1 => Ok(BodyType::EightBitMime),
        2 => Ok(BodyType::Utf8),
        _ => Err(Fault::damaged(format!("a content is of type {number}"))),
    }
}

/// A text column as one of our types.
pub(crate) fn parse<T: FromStr<Err: std::fmt::Display>>(row: &Row<'_>, column: usize) -> Outcome<T> {
    let text = row.get_ref(column)?.as_str().map_err(Fault::damaged)?;
    text.parse().map_err(|error| Fault::damaged(format!("'{text}': {error}")))
}

/// A JSON column as one of our types.
pub(crate) fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<T> {
    Ok(serde_json::from_str(row.get_ref(column)?.as_str().map_err(Fault::damaged)?)?)
}

/// A count or size.
pub(crate) fn unsigned<T: TryFrom<i64>>(row: &Row<'_>, column: usize) -> Outcome<T> {
    let number: i64 = row.get(column)?;
    T::try_from(number).map_err(|_| Fault::damaged(format!("{number} is out of range")))
}

/// A moment.
pub(crate) fn time(row: &Row<'_>, column: usize) -> Outcome<Timestamp> {
    Ok(Timestamp(row.get(column)?))
}

pub(crate) fn queue_id(row: &Row<'_>, column: usize) -> Outcome<QueueId> {
    Ok(QueueId::from_stored(row.get(column)?))
}

/// What few rows have, as JSON; nothing where there is nothing.
pub(crate) fn rare<T: Default + serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<T> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(T::default()),
        _ => json(row, column),
    }
}

/// Evidence, when there is some.
pub(crate) fn evidence(row: &Row<'_>, column: usize) -> Outcome<Option<Evidence>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => json(row, column).map(Some),
    }
}

/// The columns `parked_on, parked_since, wake_at`, when the recipient is parked.
pub(crate) fn parking(row: &Row<'_>, first: usize) -> Outcome<Option<Parking>> {
    let Some(closure) = row.get::<_, Option<i64>>(first)? else { return Ok(None) };
    Ok(Some(Parking {
        closure: ClosureId(closure),
        since: time(row, first + 1)?,
        wake_at: time(row, first + 2)?,
    }))
}
