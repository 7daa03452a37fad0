//! What guards a principal beside its password: a second factor, passwords of single programs, a block.

use crate::{Later, NewEvent};
use mail::{Principal, Secret, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

/// What guards a principal beside its password.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Protection {
    /// What the person shows besides the password.
    pub second_factor: Option<SecondFactor>,
    /// The passwords of single programs, by age.
    pub app_passwords: Vec<AppPassword>,
    /// The largest id of an app password so far: none is given twice.
    pub last_app_password: u32,
    /// Why it may not send at the moment.
    pub block: Option<Block>,
    /// What its person answered to the block.
    pub plea: Option<Plea>,
}

impl Protection {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A secret that makes codes (RFC 6238).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// The shared secret, in base 32.
    #[serde(serialize_with = "for_sealing")]
    pub secret: Secret,
    /// Since when it is asked for; `None` until the person has shown a first code.
    pub since: Option<Timestamp>,
    /// The step of the newest code that was taken: it and all before it are worth nothing any more.
    pub last_step: i64,
    /// Hashes of the recovery codes that are left; each is good once.
    pub recovery: Vec<String>,
}

/// A password of one program, made here and shown once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPassword {
    /// Its number among those of the principal.
    pub id: u32,
    /// What its person calls it.
    pub label: String,
    /// Its hash, as in [`crate::NewLogin`].
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the hour; `None` when it never was.
    pub used_at: Option<Timestamp>,
}

/// Why a principal may not send at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Who blocked it, as the audit record names them.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// Why, for administrators.
    pub why: String,
    /// What its person is told, in English; empty for nothing.
    pub note_en: String,
    /// The same in French.
    pub note_fr: String,
}

/// What a person says who asks to be unblocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plea {
    /// When it was said.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

fn for_sealing<S: Serializer>(secret: &Secret, output: S) -> Result<S::Ok, S::Error> {
    // What this text becomes a part of is sealed as a whole before it is kept.
    output.serialize_str(secret.reveal())
}

/// What guards principals. All of it is sealed where it is kept, and goes with its principal.
pub trait Protections: Send + Sync {
    /// What guards whom, unsealed: accounts before sites, each by id. Who has nothing is left out.
    fn protections(&self) -> Later<'_, Vec<(Principal, Protection)>>;
    /// What guards one of them.
    fn protection(&self, of: Principal) -> Later<'_, Protection>;
    /// Replaces what guards one of them, who must be there.
    fn save_protection(&self, of: Principal, protection: Protection, events: Vec<NewEvent>) -> Later<'_, ()>;
}
