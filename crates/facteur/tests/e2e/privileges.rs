//! Started by root: ports below 1024, then nobody in particular. And what a service manager is told.

use crate::support::program::{FACTEUR, Running, find, need_root, run};
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A user that every Debian has.
const USER: &str = "nobody";

fn number(line: &str, pid: u32) -> Vec<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let found = status.lines().find_map(|text| text.strip_prefix(line)).expect("the line");
    found.split_whitespace().map(|word| word.parse().expect("a number")).collect()
}

/// The ids of the user in all threads of a process, and its groups.
#[track_caller]
fn check_is_nobody(pid: u32) -> u32 {
    let uid = number("Uid:", pid)[0];
    assert_ne!(uid, 0);
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("threads");
    for thread in threads {
        let path = thread.expect("a thread").path().join("status");
        let Ok(status) = fs::read_to_string(path) else { continue };
        for line in ["Uid:", "Gid:"] {
            let ids = status.lines().find_map(|text| text.strip_prefix(line)).expect("ids");
            assert!(ids.split_whitespace().all(|id| id != "0"), "{line} {ids}");
        }
        let capabilities =
            status.lines().find_map(|text| text.strip_prefix("CapEff:")).expect("capabilities");
        assert_eq!(u64::from_str_radix(capabilities.trim(), 16), Ok(0), "no capability is left");
    }
    assert!(!number("Groups:", pid).contains(&0), "root's groups are gone");
    uid
}

/// A port below 1024 that nobody has.
fn low_port() -> u16 {
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (700..1_000).find(free).expect("a free port below 1024")
}

#[test]
fn root_takes_its_ports_and_is_then_nobody() {
    need_root("only root may take ports below 1024 and become somebody else");
    let low = low_port();
    let more = format!("[[listener]]\naddress = \"127.0.0.1:{low}\"\nkind = \"tls\"\n");
    let mut server = Server::fresh("en", &more);
    let config = server.data().join("facteur.toml");
    let text = fs::read_to_string(&config).expect("a configuration");
    fs::write(&config, format!("user = \"{USER}\"\n{text}")).expect("a configuration");
    // The configuration is root's, in a directory where the user may write.
    fs::set_permissions(server.directory(), fs::Permissions::from_mode(0o755)).expect("a way in");
    let nobody = nix_uid(USER);
    chown(server.data(), Some(nobody), None).expect("the data is theirs");
    server.go();
    let uid = check_is_nobody(server.pid());
    assert_eq!(uid, nobody);
    TcpStream::connect(("127.0.0.1", low)).expect("the port that only root may take");
    for file in ["facteur.db", "key", "mail.log", "control.sock", "cert.pem"] {
        assert_eq!(fs::metadata(server.data().join(file)).expect(file).uid(), uid, "{file}");
    }
    // Root asks, also while the server is stopped, and leaves nothing that the user could not read.
    assert!(server.ok("en", &["status"]).contains("mail.facteur.test"));
    server.stop();
    server.ok("en", &["account", "add", "late@first.test"]);
    for entry in fs::read_dir(server.data()).expect("the data") {
        let entry = entry.expect("an entry");
        let is_config = entry.file_name() == "facteur.toml";
        assert!(is_config || entry.metadata().expect("it is there").uid() == uid, "{entry:?}");
    }
    server.go();
    assert_eq!(server.json(&["account", "list"]).as_array().map(Vec::len), Some(2));
    server.port(Port::Tls);
}

fn nix_uid(name: &str) -> u32 {
    let passwd = fs::read_to_string("/etc/passwd").expect("the users of this machine");
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name)).expect("the user");
    line.split(':').nth(2).and_then(|uid| uid.parse().ok()).expect("a number")
}

#[test]
fn a_user_that_is_not_there_is_told_in_both_languages() {
    need_root("only root can become somebody else");
    for (locale, words) in [("en", "useradd --system"), ("fr", "n'existe pas sur cette machine")] {
        let server = Server::fresh("en", "");
        let config = server.data().join("facteur.toml");
        let text = fs::read_to_string(&config).expect("a configuration");
        fs::write(&config, format!("user = \"not-there\"\n{text}")).expect("a configuration");
        let done = server.ask(locale, &["start"], b"");
        assert_eq!(done.code, 78, "{done:?}");
        assert!(done.err.contains(words), "{done:?}");
        assert!(!server.data().join("facteur.db").exists(), "nothing was done as root");
    }
}

#[test]
fn the_service_manager_is_told_of_start_life_and_end() {
    let server = Server::fresh("en", "");
    let path = server.directory().join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    let told = || {
        let mut text = [0; 100];
        let length = manager.recv(&mut text).expect("the server tells");
        String::from_utf8_lossy(&text[..length]).into_owned()
    };
    let data = server.data();
    let arguments = ["--data", data.to_str().expect("a plain path"), "start"];
    let socket = path.to_str().expect("a plain path");
    let variables = [("NOTIFY_SOCKET", socket), ("WATCHDOG_USEC", "400000")];
    let log = server.directory().join("log");
    let mut running = Running::start_with(Path::new(FACTEUR), &arguments, &variables, &log);
    let mut first: Vec<String> = (0..4).map(|_| told()).collect();
    first.sort();
    assert_eq!(first, ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
    running.terminate();
    until("the end is told", 10, || (told() == "STOPPING=1").then_some(()));
    assert!(running.until_ended(20).success());
}

#[test]
fn the_unit_is_one_that_systemd_understands() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contrib/facteur.service");
    let text = fs::read_to_string(unit).expect("the unit").replace("/usr/local/bin/facteur", FACTEUR);
    let directory = tempfile::tempdir().expect("a directory");
    let copy = directory.path().join("facteur.service");
    fs::write(&copy, text).expect("a copy");
    let mut command = Command::new(find("systemd-analyze", "systemd"));
    let done = run(command.args(["verify", "--man=no"]).arg(&copy), b"");
    assert_eq!((done.code, done.err.as_str()), (0, ""), "{done:?}");
}

/// As the unit's head says it, in a view of the file system that is this test's own.
const INSTALL: &str = r#"
set -e
mount -t tmpfs none /var/lib
mount -t tmpfs none /var/spool
install -d -o nobody -g nogroup -m 0700 /var/lib/facteur
"$0" "$@"
stat -c '%U %n' /var/lib/facteur/*
"$0" relay list --json
"#;

#[test]
fn root_sets_an_installed_server_up_for_its_own_user() {
    need_root("only root has file systems of its own, and can become somebody else");
    let sink = Sink::start(Habits { sign_in: Some(("moi@first.test", "le mien")), ..Habits::default() });
    let port = sink.port.to_string();
    let setup =
        ["setup", "--host-name", "mail.facteur.test", "--admin", "admin@rcpt.test", "--relay", "127.0.0.1"];
    let relay = ["--port", &port, "--tls", "never", "--login", "moi@first.test", "--password-stdin"];
    let mut command = Command::new(find("unshare", "util-linux"));
    command.args(["-m", "/bin/sh", "-c", INSTALL, FACTEUR]).args(setup).args(relay);
    let directory = tempfile::tempdir().expect("a directory without a server");
    let done = run(command.env_remove("FACTEUR_DATA").current_dir(directory.path()), b"le mien\n");
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(sink.taken().len(), 1, "the confirmation mail arrived");
    let owners: Vec<&str> = done.out.lines().filter(|line| line.contains(" /var/lib/facteur/")).collect();
    assert!(owners.len() >= 4 && owners.iter().all(|line| line.starts_with("nobody ")), "{owners:?}");
    assert!(done.out.contains("\"name\": \"127.0.0.1\""), "it is found without being named: {}", done.out);
}
