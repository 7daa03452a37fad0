//! Who may ask for what: administrators for everything, helpers for what answers a host's customers, persons for what is
//! theirs. The one place that says it; pages only leave away what would be refused.

use crate::operation::Operation;
use crate::{Blame, Caller, Fault, Guarded, KeyAct, Protect, Role};
use store::AccountRole;

impl From<AccountRole> for Role {
    fn from(role: AccountRole) -> Self {
        match role {
            AccountRole::Administrator => Self::Administrator,
            AccountRole::Helper => Self::Helper,
            AccountRole::Person => Self::Person,
        }
    }
}

/// The operation as this caller may have it done; a person's is narrowed to what is theirs. `role_of` knows the role of
/// an account by its login: nobody helps themselves to somebody's rights by a new password.
pub(crate) fn allowed(
    caller: &Caller,
    mut operation: Operation,
    role_of: impl Fn(&str) -> AccountRole,
) -> Result<Operation, Fault> {
    let is_person = |login: &str| role_of(login) == AccountRole::Person;
    let allowed = match caller.role {
        Role::Administrator => true,
        Role::Reader => operation.only_reads(),
        Role::Helper => match help(&operation) {
            Help::All => true,
            Help::Persons(login) if is_person(login) => true,
            Help::Persons(_) | Help::None => own(caller, &mut operation),
        },
        Role::Person => own(caller, &mut operation),
    };
    if allowed { Ok(operation) } else { Err(Fault::new(Blame::NotAllowed)) }
}

/// Whether a key may do it, as far as it is about roles: a key that could make an administrator, or take one's password,
/// would open everything that it was not given.
pub(crate) fn may_by_key(operation: &Operation, role_of: impl Fn(&str) -> AccountRole) -> bool {
    let is_person = |login: &str| role_of(login) == AccountRole::Person;
    match operation {
        Operation::AccountAdd { account } => account.role == AccountRole::Person,
        Operation::AccountChange { login, role, .. } => role.is_none() && is_person(login),
        Operation::AccountPassword { login, .. } | Operation::AccountRemove { login } => is_person(login),
        Operation::Protect { of: Guarded::Account(login), act } => act.only_reads() || is_person(login),
        // It declares accounts, with their roles and passwords.
        Operation::Apply { dry_run, .. } => *dry_run,
        _ => true,
    }
}

/// What a helper may do beside what every person may.
enum Help<'a> {
    /// It, whomever it concerns.
    All,
    /// It, as long as this account is a person's.
    Persons(&'a str),
    /// Nothing.
    None,
}

/// Each operation has its word here: a new one does not compile without.
fn help(operation: &Operation) -> Help<'_> {
    match operation {
        Operation::Status
        | Operation::AccountList
        | Operation::OwnAccount
        | Operation::SiteList
        | Operation::RelayList
        | Operation::RelayTest { .. }
        | Operation::DomainList
        | Operation::DomainCheck { .. }
        | Operation::RouteList
        | Operation::SlowedList
        | Operation::SlowedLift { .. }
        | Operation::AuditList { .. }
        | Operation::Metrics { .. }
        | Operation::QueueList { .. }
        | Operation::QueueAct { .. }
        | Operation::QueueTakeBack { .. }
        | Operation::Why { .. }
        | Operation::Statistics { .. }
        | Operation::ProtectionList => Help::All,
        Operation::Protect { of: Guarded::Site(_), act } if is_help(act) => Help::All,
        Operation::Protect { of: Guarded::Account(login), act } if is_help(act) => Help::Persons(login),
        Operation::AccountPassword { login, .. } => Help::Persons(login),
        // What tells secrets, or changes how this server works or who may do what on it; and what is somebody's own.
        Operation::Protect { .. }
        | Operation::AccountAdd { .. }
        | Operation::AccountChange { .. }
        | Operation::AccountRemove { .. }
        | Operation::SiteAdd { .. }
        | Operation::SiteChange { .. }
        | Operation::SitePassword { .. }
        | Operation::SiteRemove { .. }
        | Operation::RelayAdd { .. }
        | Operation::RelayChange { .. }
        | Operation::RelayPassword { .. }
        | Operation::RelayRemove { .. }
        | Operation::DomainAdd { .. }
        | Operation::DomainReturnPath { .. }
        | Operation::DomainPublish { .. }
        | Operation::DomainRemove { .. }
        | Operation::RouteSet { .. }
        | Operation::Export { .. }
        | Operation::Apply { .. }
        | Operation::Backup { .. }
        | Operation::KeyChange
        | Operation::Check
        | Operation::SettingList
        | Operation::SettingSet { .. }
        | Operation::PortalLink
        | Operation::ApiKey { .. }
        | Operation::Webhook { .. }
        | Operation::Discover { .. }
        | Operation::Send { .. } => Help::None,
    }
}

/// What a helper may do about what guards somebody: stop them, let them go on, and let in again who lost their device.
const fn is_help(act: &Protect) -> bool {
    matches!(act, Protect::Show | Protect::Block { .. } | Protect::Unblock | Protect::ResetSecondFactors)
}

/// Whether it is about what is the caller's own; lists are narrowed to it.
fn own(caller: &Caller, operation: &mut Operation) -> bool {
    let own = |login: &str| login.eq_ignore_ascii_case(caller.login());
    match operation {
        Operation::QueueList { filter, .. } | Operation::QueueAct { act: store::Act::Undo, filter } => {
            filter.account = Some(caller.login().to_owned());
            true
        }
        // Keys come from a session or from the server itself: a key that makes keys would outlive being taken back.
        Operation::ApiKey { act: KeyAct::List { of } } => {
            *of = Some(caller.login().to_owned());
            true
        }
        Operation::ApiKey { act: KeyAct::Add { key } } => {
            key.of = Some(caller.login().to_owned());
            true
        }
        Operation::ApiKey { act: KeyAct::Remove { .. } }
        | Operation::Webhook { .. }
        | Operation::Statistics { .. }
        | Operation::Why { .. }
        | Operation::OwnAccount => true,
        // Which ones they reach, and what may be set of these, is judged where it is done. Helpers look after all, and have
        // none of their own.
        Operation::RelayList
        | Operation::RelayAdd { .. }
        | Operation::RelayChange { .. }
        | Operation::RelayPassword { .. }
        | Operation::RelayTest { .. }
        | Operation::RelayRemove { .. } => caller.role == Role::Person,
        Operation::Discover { wish } => !wish.private,
        // The name of who asks with a key is longer than their login: a key guards nothing and opens nothing.
        Operation::Protect { of: Guarded::Account(login), act } => {
            act.is_own() && login.eq_ignore_ascii_case(&caller.name)
        }
        Operation::AccountPassword { login, .. } => own(login),
        Operation::AccountChange { login, senders: None, undo_secs: None, role: None, .. } => own(login),
        _ => false,
    }
}
