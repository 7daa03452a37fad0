//! What the server can still do once it has its ports and is nobody in particular: its own files, no other program, no
//! further port, no capability, no core dump.
//!
//! What is taken away here is taken from the thread that asks, and from those that it starts: so it happens while there is
//! one thread. Each measure stands by itself; one that the kernel does not know is said, and the others hold.

use crate::config::Config;
use crate::place::Place;
use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, PathBeneath, PathFd,
    Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetStatus, Scope,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set,
    set_capabilities, set_no_new_privs,
};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What the system keeps for programs: libraries, names and users, certificates, time zones, the addresses of resolvers.
const SYSTEM: &[&str] =
    &["/etc", "/usr", "/lib", "/lib64", "/run", "/dev", "/sys/fs/cgroup", "/proc/self", "/var/lib/sss"];
/// Written to by programs that have nothing to say.
const SINK: &str = "/dev/null";

/// What a mail server never asks of the kernel: to become another program, to look into or change another process, to
/// change what others see of the machine, or to go round the checks of single calls.
const REFUSED_CALLS: &[libc::c_long] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_io_uring_setup,
];

/// Directories that the server reads, and those that it also changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    /// Read only.
    pub reads: Vec<PathBuf>,
    /// Read and changed.
    pub writes: Vec<PathBuf>,
}

/// A measure that could not be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lack {
    /// Which: `paths`, `calls`, `capabilities`, `dumps`, `threads`.
    pub measure: &'static str,
    /// The system's words.
    pub detail: String,
}

impl Lack {
    fn of(measure: &'static str, detail: impl ToString) -> Self {
        Self { measure, detail: detail.to_string() }
    }
}

impl Reach {
    /// What the server of that configuration needs.
    pub fn of(place: &Place, config: &Config) -> Self {
        let mut reach = Self { reads: SYSTEM.iter().map(PathBuf::from).collect(), writes: Vec::new() };
        reach.writes.extend([place.data.clone(), place.public(config)]);
        if config.mail_log.enabled {
            // It is renamed and made anew beside the old ones.
            reach.writes.extend(above(&place.data.join(&config.mail_log.path)));
        }
        reach.reads.extend(above(&place.config));
        let aliases = config.aliases();
        let (read, _) = control::read_aliases(&aliases);
        for list in read.includes().iter().chain([&aliases]) {
            reach.reads.extend(above(list));
        }
        for file in config.tls.iter().flat_map(|tls| [&tls.cert, &tls.key]) {
            // The name may be a link into another directory, to which the next certificate comes, too.
            reach.reads.extend(above(file));
            reach.reads.extend(fs::canonicalize(file).ok().as_deref().and_then(above));
        }
        reach
    }
}

/// The directory of a file.
fn above(file: &Path) -> Option<PathBuf> {
    file.parent()
        .map(|parent| if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
}

/// Takes away what the server does not need, and says what could not be taken.
pub fn apply(reach: &Reach) -> Vec<Lack> {
    let threads = fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    let several = (threads > 1).then(|| Lack::of("threads", format!("{threads} threads run already")));
    let taken = [
        drop_capabilities().err(),
        forbid_dumps().err(),
        // The two that follow ask for it; without them it is worth something by itself.
        set_no_new_privs(true).err().map(|error| Lack::of("capabilities", error)),
        keep_to(reach).err(),
        refuse_calls().err(),
    ];
    several.into_iter().chain(taken.into_iter().flatten()).collect()
}

/// No capability, none that a program could bring back, none for ports either: these are taken.
fn drop_capabilities() -> Result<(), Lack> {
    let lack = |error| Lack::of("capabilities", error);
    for capability in CapabilitySet::all().iter() {
        // Only root may, and for anybody else the set is of no use.
        let _ = remove_capability_from_bounding_set(capability);
    }
    let _ = clear_ambient_capability_set();
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(lack)
}

/// Passwords of relays and keys are in memory, and a core dump is a file that outlives the server.
fn forbid_dumps() -> Result<(), Lack> {
    let lack = |error| Lack::of("dumps", error);
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }).map_err(lack)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(lack)
}

/// Only these directories, no program in them, no further port of TCP, no signal to others (Landlock).
fn keep_to(reach: &Reach) -> Result<(), Lack> {
    let abi = ABI::V6;
    let special = AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::Execute;
    let all = AccessFs::from_all(abi);
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    let lack = |error: landlock::RulesetError| Lack::of("paths", error);
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    let ruleset = ruleset.handle_access(all).and_then(|ruleset| ruleset.handle_access(AccessNet::BindTcp));
    let mut created =
        ruleset.and_then(|ruleset| ruleset.scope(Scope::Signal)).and_then(Ruleset::create).map_err(lack)?;
    let reads = reach.reads.iter().map(|path| (path.as_path(), read));
    let writes = reach.writes.iter().map(|path| (path.as_path(), all & !special));
    let sink = (Path::new(SINK), read & AccessFs::from_file(abi) | AccessFs::WriteFile);
    for (path, rights) in reads.chain(writes).chain([sink]) {
        // What is not there cannot be opened either way.
        if let Ok(opened) = PathFd::new(path) {
            created = created.add_rule(PathBeneath::new(opened, rights)).map_err(lack)?;
        }
    }
    let status = created.restrict_self().map_err(lack)?;
    match status.ruleset {
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced => Err(Lack::of("paths", "the kernel knows a part of Landlock")),
        RulesetStatus::NotEnforced => Err(Lack::of("paths", "the kernel has no Landlock")),
    }
}

/// Refuses calls that a mail server has no use for (seccomp).
fn refuse_calls() -> Result<(), Lack> {
    let refused: BTreeMap<i64, Vec<seccompiler::SeccompRule>> =
        REFUSED_CALLS.iter().map(|call| (*call, Vec::new())).collect();
    let refusal = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let architecture =
        TargetArch::try_from(std::env::consts::ARCH).map_err(|error| Lack::of("calls", error))?;
    let filter = SeccompFilter::new(refused, SeccompAction::Allow, refusal, architecture);
    let filter = filter.and_then(BpfProgram::try_from).map_err(|error| Lack::of("calls", error))?;
    seccompiler::apply_filter(&filter).map_err(|error| Lack::of("calls", error))
}
