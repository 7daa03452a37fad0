//! Mail for names of this machine (`root`, `postmaster`, whoever has a login here): there are no mailboxes yet, so
//! it goes on to those whom the aliases name, else to the administrator.
//!
//! The files are read again when they change, looked at most once a second.

use crate::aliases::{self, Aliases};
use crate::system_users;
use mail::{Address, Clock, Domain, Timestamp};
use std::collections::HashSet;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

/// Names that every mail system must take mail for, or that its users expect to be there (RFC 5321 §4.5.1, RFC 2142).
const ROLES: [&str; 4] = ["root", "postmaster", "mailer-daemon", "abuse"];
/// The names of this machine that are no host names.
const LOCALHOSTS: [&str; 2] = ["localhost", "localhost.localdomain"];
/// How often the files are looked at, in milliseconds.
const LOOK_EVERY_MS: i64 = 1_000;
/// The most bytes of a file that are read.
const FILE_BYTES: u64 = 4 << 20;
/// The users of this machine.
const USERS: &str = "/etc/passwd";

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is none of this machine's names: it leaves as it is.
    Elsewhere,
    /// It stands for these.
    Means(Vec<Address>),
    /// It is a local name, and nobody gets its mail: there is no alias and no administrator.
    Nobody,
}

/// The local names.
#[derive(Debug)]
pub struct LocalNames {
    host: Domain,
    path: PathBuf,
    clock: Clock,
    administrator: RwLock<Option<Address>>,
    files: Mutex<Files>,
}

/// What the files said when they were read last.
#[derive(Debug, Default)]
struct Files {
    looked_at: Option<Timestamp>,
    stamps: Vec<(PathBuf, Stamp)>,
    aliases: Aliases,
    users: HashSet<String>,
}

/// By what a changed file is known: device, inode, size, and the time of its last change.
type Stamp = Option<(u64, u64, u64, i64, i64)>;

impl LocalNames {
    /// The local names of a server, with the aliases of that file.
    pub fn new(host: Domain, path: PathBuf, clock: Clock) -> Self {
        Self { host, path, clock, administrator: RwLock::default(), files: Mutex::default() }
    }

    /// Says who gets what nobody else does. A local name would lead back here: it counts as nobody.
    pub fn set_administrator(&self, address: Option<Address>) {
        *self.administrator.write().unwrap_or_else(PoisonError::into_inner) = address;
    }

    fn is_here(&self, domain: &Domain) -> bool {
        *domain == self.host || LOCALHOSTS.contains(&domain.as_ascii())
    }

    /// What an address stands for.
    ///
    /// At `localhost` every name is local. At the host's own name only known ones are: aliases, users of the machine
    /// and the four roles; a machine may be called as a domain whose mailboxes are elsewhere, and their mail must
    /// reach them.
    pub fn standing(&self, address: &Address) -> Standing {
        if !self.is_here(address.domain()) {
            return Standing::Elsewhere;
        }
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        self.refresh(&mut files);
        if !self.is_local(address, &files) {
            return Standing::Elsewhere;
        }
        let mut expansion = files.aliases.expand(address.local(), &|address| self.is_local(address, &files));
        if expansion.has_user
            && let Some(administrator) = &*self.administrator.read().unwrap_or_else(PoisonError::into_inner)
            && !self.is_local(administrator, &files)
        {
            expansion.addresses.push(administrator.clone());
        }
        // Part of the names of a list may lead nowhere; whom the others name gets the mail.
        if expansion.addresses.is_empty() { Standing::Nobody } else { Standing::Means(expansion.addresses) }
    }

    /// Whether an address is a local name. Some of its aliases may lead to the same host under names of no one here:
    /// those are addresses as any other.
    fn is_local(&self, address: &Address, files: &Files) -> bool {
        let name = address.local().to_lowercase();
        let known =
            || files.aliases.has(&name) || files.users.contains(&name) || ROLES.contains(&name.as_str());
        LOCALHOSTS.contains(&address.domain().as_ascii()) || (*address.domain() == self.host && known())
    }

    fn refresh(&self, files: &mut Files) {
        let now = self.clock.now();
        let recent = |at: Timestamp| (0..LOOK_EVERY_MS).contains(&now.since_ms(at));
        if files.looked_at.is_some_and(recent) {
            return;
        }
        let first = files.looked_at.replace(now).is_none();
        let unchanged = files.stamps.iter().all(|(path, stamp)| stamp_of(path) == *stamp);
        if !first && unchanged {
            return;
        }
        // The stamps are taken before the files are read: a change in between is seen the next time.
        let mut stamps =
            vec![(self.path.clone(), stamp_of(&self.path)), (USERS.into(), stamp_of(Path::new(USERS)))];
        let (aliases, problems) = read_aliases(&self.path);
        stamps.extend(aliases.includes().iter().map(|path| (path.clone(), stamp_of(path))));
        for problem in problems {
            let aliases::Problem { line, fault, what } = problem;
            tracing::warn!(file = %self.path.display(), line, ?fault, what, "a part of the aliases means nothing here");
        }
        let users = read_text(Path::new(USERS)).unwrap_or_default();
        files.users = system_users::parse(&users).into_iter().map(|user| user.name.to_lowercase()).collect();
        files.aliases = aliases;
        files.stamps = stamps;
    }
}

/// The login name of a user of this machine.
pub(crate) fn user_name(uid: u32) -> Option<String> {
    let users = system_users::parse(&read_text(Path::new(USERS))?);
    users.into_iter().find(|user| user.uid == uid).map(|user| user.name)
}

/// Reads a file of aliases; one that is not there has none.
pub fn read_aliases(path: &Path) -> aliases::Parsed {
    aliases::parse(&read_text(path).unwrap_or_default(), &read_text)
}

fn read_text(path: &Path) -> Option<String> {
    // A pipe or a device would be waited for; a list is a file.
    fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(FILE_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn stamp_of(path: &Path) -> Stamp {
    let facts = fs::metadata(path).ok()?;
    Some((facts.dev(), facts.ino(), facts.size(), facts.ctime(), facts.ctime_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    struct Desk {
        directory: tempfile::TempDir,
        names: LocalNames,
        clock: Clock,
    }

    fn desk(aliases: &str) -> Desk {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("aliases");
        fs::write(&path, aliases).unwrap();
        let clock = Clock::manual(Timestamp(1_795_325_428_000));
        Desk { names: LocalNames::new("h.test".parse().unwrap(), path, clock.clone()), directory, clock }
    }

    /// Who gets the mail of an address: `-` is nobody, `=` itself.
    #[track_caller]
    fn check(desk: &Desk, address: &str, expected: &str) {
        let shown = match desk.names.standing(&address.parse().unwrap()) {
            Standing::Elsewhere => "=".to_owned(),
            Standing::Nobody => "-".to_owned(),
            Standing::Means(to) => to.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        };
        assert_eq!(shown, expected, "{address}");
    }

    #[test]
    fn local_names_go_to_their_aliases_else_to_the_administrator() {
        let desk = desk("bob: b@x.test\nteam: root, c@x.test\nweb: web@h.test\nout: shop@h.test\n");
        check(&desk, "root@localhost", "-");
        check(&desk, "bob@localhost", "b@x.test");
        check(&desk, "team@localhost", "c@x.test");
        desk.names.set_administrator(Some("admin@x.test".parse().unwrap()));
        for name in ["root", "postmaster", "MAILER-DAEMON", "abuse", "daemon"] {
            check(&desk, &format!("{name}@localhost"), "admin@x.test");
            check(&desk, &format!("{name}@localhost.localdomain"), "admin@x.test");
            check(&desk, &format!("{name}@H.test"), "admin@x.test");
        }
        check(&desk, "team@h.test", "c@x.test admin@x.test");
        check(&desk, "web@h.test", "admin@x.test");
        check(&desk, "nobody-of-that-name@localhost", "admin@x.test");
        // The machine may be called as a domain whose mailboxes are elsewhere.
        check(&desk, "shop@h.test", "=");
        check(&desk, "out@localhost", "shop@h.test");
        check(&desk, "root@x.test", "=");
        check(&desk, "bob@sub.h.test", "=");
    }

    #[test]
    fn an_administrator_who_is_a_local_name_is_nobody() {
        let desk = desk("");
        for address in ["root@h.test", "admin@localhost"] {
            desk.names.set_administrator(Some(address.parse().unwrap()));
            check(&desk, "root@localhost", "-");
        }
        desk.names.set_administrator(Some("me@h.test".parse().unwrap()));
        check(&desk, "root@localhost", "me@h.test");
    }

    #[test]
    fn changes_are_seen_within_a_second() {
        let desk = desk("bob: b@x.test\nlist: :include:list\n");
        check(&desk, "bob@localhost", "b@x.test");
        fs::write(desk.directory.path().join("aliases"), "bob: changed@x.test\n").unwrap();
        check(&desk, "bob@localhost", "b@x.test");
        desk.clock.advance(Duration::from_secs(1));
        check(&desk, "bob@localhost", "changed@x.test");
        fs::remove_file(desk.directory.path().join("aliases")).unwrap();
        desk.clock.advance(Duration::from_secs(1));
        check(&desk, "bob@localhost", "-");
    }

    #[test]
    fn a_list_that_is_included_is_watched_too() {
        let desk = desk("");
        let list = desk.directory.path().join("list");
        let aliases = format!("all: :include:{}\n", list.display());
        fs::write(desk.directory.path().join("aliases"), aliases).unwrap();
        fs::write(&list, "a@x.test\n").unwrap();
        check(&desk, "all@localhost", "a@x.test");
        fs::write(&list, "a@x.test\nb@x.test\n").unwrap();
        desk.clock.advance(Duration::from_secs(2));
        check(&desk, "all@localhost", "a@x.test b@x.test");
    }
}
