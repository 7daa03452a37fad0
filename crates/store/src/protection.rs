//! What guards a principal beside its password: second factors, passwords of single programs, a block.

use crate::{Later, NewEvent};
use mail::{Principal, Secret, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

/// What guards a principal beside its password.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(from = "Row")]
pub struct Protection {
    /// What makes the codes that the person shows besides the password.
    pub second_factor: Option<SecondFactor>,
    /// Hashes of the recovery codes that are left, each good once in place of any second factor.
    pub recovery: Vec<String>,
    /// What signs the person in without a password, or stands for the code after it; by age.
    pub passkeys: Vec<Passkey>,
    /// The largest id of a passkey so far: none is given twice.
    pub last_passkey: u32,
    /// By what passkeys name the person, random and without padding in base 64 (RFC 4648 §5); empty before the first one.
    pub handle: String,
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

    /// Whether the password alone is not enough: a code or a passkey is asked for besides.
    pub fn asks_second(&self) -> bool {
        let has_code = self.second_factor.as_ref().is_some_and(|factor| factor.since.is_some());
        has_code || !self.passkeys.is_empty()
    }
}

/// What is read back: rows from before passkeys keep the recovery codes beside the secret that makes codes.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    second_factor: Option<FactorRow>,
    recovery: Vec<String>,
    passkeys: Vec<Passkey>,
    last_passkey: u32,
    handle: String,
    app_passwords: Vec<AppPassword>,
    last_app_password: u32,
    block: Option<Block>,
    plea: Option<Plea>,
}

#[derive(Deserialize)]
struct FactorRow {
    #[serde(flatten)]
    factor: SecondFactor,
    #[serde(default)]
    recovery: Vec<String>,
}

impl From<Row> for Protection {
    fn from(row: Row) -> Self {
        let (factor, older) = row.second_factor.map(|row| (row.factor, row.recovery)).unzip();
        let mut recovery = row.recovery;
        recovery.extend(older.unwrap_or_default());
        Self {
            second_factor: factor,
            recovery,
            passkeys: row.passkeys,
            last_passkey: row.last_passkey,
            handle: row.handle,
            app_passwords: row.app_passwords,
            last_app_password: row.last_app_password,
            block: row.block,
            plea: row.plea,
        }
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
}

/// A passkey: the public half of a key pair that a person's device keeps (Web Authentication).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passkey {
    /// Its number among those of the principal.
    pub id: u32,
    /// What its person calls it.
    pub label: String,
    /// By what the device knows it, without padding in base 64 (RFC 4648 §5).
    pub credential: String,
    /// How the device can be reached, as whoever checks it keeps that.
    pub transports: u8,
    /// The public key and what stays the same, as whoever checks it keeps that, in base 64.
    pub key: String,
    /// How often it signed and what else changes, kept likewise.
    pub state: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last used, to the hour; `None` when it never was.
    pub used_at: Option<Timestamp>,
    /// When it last counted backwards, as a copy does, and was refused.
    pub doubted_at: Option<Timestamp>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_before_passkeys_keep_their_recovery_codes() {
        let older = r#"{"second_factor":{"secret":"JBSWY3DP","since":7,"last_step":9,"recovery":["sha256:00"]},
            "app_passwords":[],"last_app_password":3,"block":null,"plea":null}"#;
        let read: Protection = serde_json::from_str(older).unwrap();
        let secret = Secret::new("JBSWY3DP");
        let factor = SecondFactor { secret, since: Some(Timestamp(7)), last_step: 9 };
        let wanted = Protection {
            second_factor: Some(factor),
            recovery: vec!["sha256:00".to_owned()],
            last_app_password: 3,
            ..Protection::default()
        };
        assert_eq!(read, wanted);
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Protection>(&written).unwrap(), wanted);
        assert_eq!(serde_json::from_str::<Protection>("{}").unwrap(), Protection::default());
    }

    #[test]
    fn a_second_factor_is_asked_for_once_there_is_one() {
        let secret = || Secret::new("JBSWY3DP");
        let factor = |since| Some(SecondFactor { secret: secret(), since, last_step: 0 });
        let mut protection = Protection::default();
        assert!(!protection.asks_second());
        protection.second_factor = factor(None);
        assert!(!protection.asks_second(), "no code was shown yet");
        protection.second_factor = factor(Some(Timestamp(1)));
        assert!(protection.asks_second());
    }
}
