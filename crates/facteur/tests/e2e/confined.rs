//! What a running server can still do: seen from outside on its threads, and tried from inside on a thread that is
//! confined in the same way.

use crate::support::client::letter;
use crate::support::program::{find, need_root, run};
use crate::support::server::{Port, Server};
use facteur::confine::{Reach, apply};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use testkit::proof;

/// What was tried, and what came of it.
#[derive(Default)]
struct Tries {
    count: u64,
    wrong: Vec<String>,
}

impl Tries {
    /// Something that mail needs.
    fn works<T>(&mut self, what: &str, tried: io::Result<T>) {
        self.count += 1;
        if let Err(error) = tried {
            self.wrong.push(format!("{what} does not work: {error}"));
        }
    }

    /// Something that nobody needs.
    fn refused<T>(&mut self, what: &str, tried: io::Result<T>) {
        self.count += 1;
        match tried {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
            Err(error) => self.wrong.push(format!("{what} fails otherwise: {error}")),
            Ok(_) => self.wrong.push(format!("{what} works")),
        }
    }

    fn is(&mut self, what: &str, holds: bool) {
        self.count += 1;
        if !holds {
            self.wrong.push(what.to_owned());
        }
    }
}

/// The value of a line of a status.
fn value<'s>(status: &'s str, name: &str) -> &'s str {
    status.lines().find_map(|line| line.strip_prefix(name)).map_or("", str::trim)
}

/// What the status of a thread must say.
fn judge(status: &str, who: &str, tries: &mut Tries) {
    for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
        tries
            .is(&format!("{who} has {set} {}", value(status, set)), value(status, set) == "0000000000000000");
    }
    tries.is(&format!("{who} may gain privileges"), value(status, "NoNewPrivs:") == "1");
    tries.is(&format!("{who} may call anything"), value(status, "Seccomp:") == "2");
}

fn append(path: &Path) -> io::Result<()> {
    OpenOptions::new().append(true).open(path)?.write_all(b"more")
}

/// The files of a confined thread: `own` may be changed, `read` may be read, `other` is nobody's affair.
fn try_files(own: &Path, public: &Path, read: &Path, other: &Path, tries: &mut Tries) {
    tries.works("making a file", fs::write(own.join("new"), "new"));
    tries.works("appending", append(&own.join("new")));
    tries.works("reading it", fs::read(own.join("new")));
    tries.works("renaming it", fs::rename(own.join("new"), own.join("renamed")));
    tries.works("moving it", fs::rename(own.join("renamed"), public.join("moved")));
    tries.works("removing it", fs::remove_file(public.join("moved")));
    tries.works("making a directory", fs::create_dir(own.join("directory")));
    tries.works("making a socket", UnixListener::bind(own.join("socket")));
    tries.works("reading what the system has", fs::read_to_string("/etc/passwd"));
    tries.works("reading a configuration", fs::read(read.join("file")));
    tries.works("the sink of everybody", OpenOptions::new().write(true).open("/dev/null"));
    tries.refused("changing a configuration", append(&read.join("file")));
    tries.refused("making a file beside it", File::create(read.join("new")));
    tries.refused("reading elsewhere", fs::read(other.join("file")));
    tries.refused("changing elsewhere", append(&other.join("file")));
    tries.refused(
        "emptying elsewhere",
        OpenOptions::new().write(true).truncate(true).open(other.join("file")),
    );
    tries.refused("looking into a directory elsewhere", fs::read_dir(other));
    tries.refused("making a file elsewhere", File::create(other.join("new")));
    tries.refused("making a directory elsewhere", fs::create_dir(other.join("new")));
    tries.refused("making a link elsewhere", symlink("/etc", other.join("link")));
    tries.refused("making a socket elsewhere", UnixListener::bind(other.join("socket")));
    tries.refused("removing elsewhere", fs::remove_file(other.join("file")));
    tries.refused("a way out by a link", fs::read(own.join("way-out")));
    let moved = fs::rename(other.join("file"), own.join("stolen"));
    tries.is("moving from elsewhere works", moved.is_err());
    tries.refused("the memory of others", fs::read("/proc/1/environ"));
}

fn try_rest(own: &Path, listening: u16, tries: &mut Tries) {
    tries.refused("running a program", Command::new("/bin/true").status());
    tries.refused("running a program of its own", Command::new(own.join("program")).status());
    let child = std::thread::spawn(|| Command::new("/bin/true").status());
    tries.refused("running a program on another thread", child.join().expect("it ends"));
    tries.refused("a further port", TcpListener::bind("127.0.0.1:0"));
    tries.works("a connection", TcpStream::connect(("127.0.0.1", listening)));
    tries.works("a question to the DNS", UdpSocket::bind("127.0.0.1:0"));
    tries.refused("a port below 1024", UdpSocket::bind("127.0.0.1:1"));
    tries.refused("giving a file away", chown(own.join("program"), Some(1), None));
}

#[test]
fn a_confined_thread_has_its_files_and_nothing_else() {
    need_root("what root loses shows that everything is taken away");
    let [own, public, read, other] = [(); 4].map(|()| tempfile::tempdir().expect("a directory"));
    for directory in [&own, &public, &read, &other] {
        fs::write(directory.path().join("file"), "text").expect("a file");
    }
    symlink(other.path().join("file"), own.path().join("way-out")).expect("a link");
    fs::copy("/bin/true", own.path().join("program")).expect("a program");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    let work = move || {
        let mut tries = Tries::default();
        let reach = Reach {
            reads: ["/etc", "/usr", "/lib", "/proc/self"]
                .map(Into::into)
                .into_iter()
                .chain([read.path().to_owned()])
                .collect(),
            writes: vec![own.path().to_owned(), public.path().to_owned()],
        };
        // Other tests run beside this one; on a thread of its own that changes nothing for them.
        let lacks = apply(&reach);
        tries.is(&format!("{lacks:?}"), lacks.iter().all(|lack| lack.measure == "threads"));
        try_files(own.path(), public.path(), read.path(), other.path(), &mut tries);
        try_rest(own.path(), port, &mut tries);
        let status = fs::read_to_string("/proc/self/task/self/status")
            .or_else(|_| fs::read_to_string("/proc/thread-self/status"));
        tries.works("the own status", status.as_ref().map_err(|error| io::Error::from(error.kind())));
        judge(&status.unwrap_or_default(), "the thread", &mut tries);
        tries
    };
    let tries = std::thread::spawn(work).join().expect("the thread ends");
    assert!(tries.wrong.is_empty(), "{:#?}", tries.wrong);
    assert!(tries.count >= 30, "{} tries", tries.count);
    let test = "crates/facteur/tests/e2e/confined.rs::a_confined_thread_has_its_files_and_nothing_else";
    proof::passed("D7", test, tries.count, "tries", None);
}

#[test]
fn every_thread_of_a_running_server_is_confined() {
    let server = Server::start();
    server.open_to_loopback();
    let mut client = crate::support::client::Client::connect(server.port(Port::Submission));
    assert!(client.send("a@first.test", "b@rcpt.test", &letter("confined")).starts_with("250 "));
    assert!(!server.log().contains("does not confine"), "{}", server.log());
    let mut tries = Tries::default();
    let mut threads = 0;
    for task in fs::read_dir(format!("/proc/{}/task", server.pid())).expect("threads").flatten() {
        let Ok(status) = fs::read_to_string(task.path().join("status")) else { continue };
        threads += 1;
        judge(&status, value(&status, "Name:"), &mut tries);
    }
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.pid())).expect("its limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap_or_default();
    tries.is(
        &format!("a core may be dumped: {core}"),
        core.split_whitespace().nth(4) == Some("0") && core.split_whitespace().nth(5) == Some("0"),
    );
    assert!(threads > 2, "{threads} threads");
    assert!(tries.wrong.is_empty(), "{:#?}", tries.wrong);
    let test = "crates/facteur/tests/e2e/confined.rs::every_thread_of_a_running_server_is_confined";
    proof::passed("D7", test, tries.count, "facts", None);
}

#[test]
fn a_crash_leaves_no_core() {
    let server = Server::start();
    let script = format!("kill -ABRT {}", server.pid());
    assert_eq!(run(Command::new(find("sh", "dash")).args(["-c", &script]), b"").code, 0);
    let pid = server.pid();
    crate::support::until("the end", 20, || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        matches!(value(&status, "State:").chars().next(), None | Some('Z')).then_some(())
    });
    for directory in
        [server.data(), server.directory().to_owned(), std::env::current_dir().expect("a directory")]
    {
        let cores = fs::read_dir(directory).expect("a directory").flatten();
        let cores: Vec<_> =
            cores.filter(|entry| entry.file_name().to_string_lossy().starts_with("core")).collect();
        assert!(cores.is_empty(), "{cores:?}");
    }
}

#[test]
fn a_server_may_be_left_unconfined() {
    let mut server = Server::fresh("en", "");
    let config = server.data().join("facteur.toml");
    let text = fs::read_to_string(&config).expect("a configuration");
    fs::write(&config, format!("confine = false\n{text}")).expect("a configuration");
    server.go();
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("it runs");
    assert_eq!(value(&status, "NoNewPrivs:"), "0");
    assert_eq!(value(&status, "Seccomp:"), "0");
}

#[test]
fn a_backup_goes_where_the_server_itself_may_not_write() {
    let server = Server::start();
    server.add_person("anne@first.test", &["anne@first.test"]);
    let elsewhere = tempfile::tempdir().expect("a directory");
    let wanted = elsewhere.path().join("deep/backup");
    let report = server.json(&["backup", "--with-key", wanted.to_str().expect("a plain path")]);
    assert_eq!(report["directory"], wanted.to_str().expect("a plain path"));
    for file in ["facteur.db", "backup.json", "key", "facteur.toml"] {
        assert!(wanted.join(file).exists(), "{file}");
    }
    assert_eq!(fs::metadata(&wanted).expect("the backup").permissions().mode() & 0o077, 0);
    let left: Vec<_> =
        fs::read_dir(server.data()).expect("the data").flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("backup.")), "{left:?}");
    let again = server.ask("en", &["backup", wanted.to_str().expect("a plain path")], b"");
    assert_ne!(again.code, 0, "what is there is not mixed with another backup");
    let restored = Server::fresh("en", "");
    fs::remove_dir_all(restored.data()).expect("no data yet");
    restored.ok("en", &["restore", wanted.to_str().expect("a plain path")]);
    assert_eq!(restored.json(&["account", "list"]).as_array().map(Vec::len), Some(2));
}
