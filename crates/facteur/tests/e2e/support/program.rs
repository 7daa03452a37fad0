//! Programs: found or asked for by name, bounded in time, and ended with the test that started them.

use super::until;
use mail::Clock;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// The longest that a program which should end by itself may take.
const LIMIT_SECS: i64 = 120;

/// The program under test.
pub const FACTEUR: &str = env!("CARGO_BIN_EXE_facteur");

/// Where a program is. `package` is what Debian calls the package that brings it.
pub fn find(name: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // Daemons are not on the PATH of everyone.
    places.extend(["/usr/sbin", "/sbin", "/usr/lib/nagios/plugins"].map(PathBuf::from));
    places.into_iter().map(|place| place.join(name)).find(|path| path.is_file()).unwrap_or_else(|| {
        panic!("{name} is not here: run `make test` as root, or install the package {package}")
    })
}

/// Fails, saying why, unless the test runs as root.
pub fn need_root(why: &str) {
    let status = fs::read_to_string("/proc/self/status").expect("the system tells who we are");
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")).expect("with a user id");
    assert!(uid.split_whitespace().nth(1) == Some("0"), "run this test as root: {why}");
}

/// How a program ended, and what it wrote.
#[derive(Debug)]
pub struct Done {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs a program to its end.
#[track_caller]
pub fn run(command: &mut Command, input: &[u8]) -> Done {
    run_within(command, input, LIMIT_SECS)
}

/// The same, for a program that has its reasons to take longer.
#[track_caller]
pub fn run_within(command: &mut Command, input: &[u8], secs: i64) -> Done {
    // Files never fill up as pipes do, so that nobody has to read while the program writes.
    let [mut given, mut out, mut err] = [(); 3].map(|()| tempfile::tempfile().expect("a temporary file"));
    given.write_all(input).expect("room for the input");
    given.rewind().expect("a file can be rewound");
    let stdio = |file: &File| Stdio::from(file.try_clone().expect("one more handle"));
    command.stdin(given).stdout(stdio(&out)).stderr(stdio(&err));
    let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut running = Running { child, what: format!("{command:?}") };
    let status = running.until_ended(secs);
    Done { code: status.code().unwrap_or(-1), out: text(&mut out), err: text(&mut err) }
}

fn text(file: &mut File) -> String {
    let mut bytes = Vec::new();
    file.rewind().expect("a file can be rewound");
    file.read_to_end(&mut bytes).expect("what was written can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A program that goes on until it is ended. It never outlives its test: dropped, it is ended; and when the test
/// itself is killed, the system ends it.
pub struct Running {
    child: Child,
    what: String,
}

impl Running {
    /// Starts a program that writes into a file.
    pub fn start(program: &Path, arguments: &[impl AsRef<OsStr>], log: &Path) -> Self {
        Self::start_with(program, arguments, &[], log)
    }

    /// The same, with variables of its own.
    pub fn start_with(
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
        variables: &[(&str, &str)],
        log: &Path,
    ) -> Self {
        Self::start_given(program, arguments, variables, Stdio::null(), log)
    }

    /// The same, with an input of its own.
    pub fn start_given(
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
        variables: &[(&str, &str)],
        input: Stdio,
        log: &Path,
    ) -> Self {
        let output = File::options().create(true).append(true).open(log).expect("a log can be written");
        let errors = output.try_clone().expect("one more handle");
        let mut command = Command::new(find("setpriv", "util-linux"));
        command.args(["--pdeathsig", "TERM", "--"]).arg(program).args(arguments);
        command.env_remove("FACTEUR_DATA").env_remove("FACTEUR_LOG").envs(variables.iter().copied());
        command.stdin(input).stdout(output).stderr(errors);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, what: format!("{command:?}") }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the program to end (SIGTERM).
    pub fn terminate(&self) {
        // The shell has `kill` built in; a package of its own would be needed otherwise.
        let script = format!("kill -TERM {} 2>/dev/null", self.pid());
        let _ = Command::new("/bin/sh").args(["-c", &script]).status();
    }

    /// Ends the program without giving it a say (SIGKILL).
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    /// Gives the program a moment to end. For a destructor, which must not fail.
    fn until_gone(&mut self) {
        let end = Clock::System.now().plus_secs(3);
        while !self.has_ended() && Clock::System.now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end.
    #[track_caller]
    pub fn until_ended(&mut self, secs: i64) -> ExitStatus {
        let what = format!("the end of {}", self.what);
        until(&what, secs, || self.child.try_wait().expect("a child can be waited for"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        // Daemons with children of their own end these when they are asked to, and only then.
        self.terminate();
        self.until_gone();
        self.kill();
    }
}
