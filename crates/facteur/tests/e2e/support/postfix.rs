//! A real Postfix with Dovecot's SASL, in a directory of its own, on ports of its own. Debian's are not touched.

use super::kept::{Keep, Kept};
use super::paper::Authority;
use super::program::{Running, find, need_root, run};
use super::until;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;
use tokio::net::TcpSocket;

/// The user name and password that it takes.
pub const LOGIN: (&str, &str) = ("facteur", "sésame, ouvre-toi");
/// The domain whose mail it keeps.
pub const DOMAIN: &str = "rcpt.test";
/// The user who owns the mail.
pub(super) const NOBODY: u32 = 65_534;

/// Any free port of loopback.
const ANY_PORT: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What every Postfix of these tests has in common.
const MAIN: &str = "
compatibility_level = 3.6
queue_directory = @DIR@/queue
data_directory = @DIR@/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = @DIR@/mail.log
maillog_file_prefixes = /
myhostname = relay.test
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
in_flow_delay = 0
biff = no
message_size_limit = 60000000
virtual_mailbox_limit = 0
enable_long_queue_ids = yes
";

/// A relay: it wants TLS and a sign-in, keeps the mail of one domain, and alters nothing in it.
const RELAY: &str = "
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = @DIR@/auth
smtpd_sasl_security_options = noanonymous
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = @DIR@/cert.pem
smtpd_tls_key_file = @DIR@/key.pem
local_header_rewrite_clients =
message_drop_headers =
virtual_mailbox_domains = @DOMAIN@
virtual_mailbox_base = @DIR@/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
";

/// A server that sends what it is given on to a port of this machine.
const SENDER: &str = "
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
relayhost = [127.0.0.1]:@NEXT@
smtp_tls_security_level = none
smtputf8_enable = no
";

/// A host for the mail of every domain, which it keeps. It refuses two local parts, one for good and one for now.
const MX: &str = "
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access regexp:@DIR@/etc/recipients
smtpd_tls_cert_file = @DIR@/cert.pem
smtpd_tls_key_file = @DIR@/key.pem
local_header_rewrite_clients =
message_drop_headers =
virtual_mailbox_domains = static:here
virtual_mailbox_base = @DIR@/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
";

const RECIPIENTS: &str = "
/^unknown@/ 550 5.1.1 User unknown
/^greylisted@/ 450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/mx.test.html
";

const MASTER: &str = "
@ADDRESS@:@PLAIN@ inet n - n - - smtpd -o smtpd_tls_security_level=@LEVEL@
127.0.0.1:@TLS@ inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

const DOVECOT: &str = "
base_dir = @DIR@/dovecot
state_dir = @DIR@/dovecot
log_path = @DIR@/dovecot.log
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u @DIR@/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
service auth {
  unix_listener @DIR@/auth {
    mode = 0666
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
";

/// Ends Postfix's master with this shell. It changes its user on the way and thereby loses the system's promise to end
/// it with its parent; its own children end when it does.
const TIED: &str = "\"$0\" \"$@\" & trap \"kill -KILL $!; exit\" TERM; wait";

/// A Postfix that runs until it is dropped.
pub struct Postfix {
    /// STARTTLS for a relay, in clear for a sender.
    pub port: u16,
    /// TLS at once.
    pub tls_port: u16,
    // In the order in which they end.
    _master: Running,
    _dovecot: Option<Running>,
    _ports: [TcpSocket; 2],
    directory: TempDir,
}

impl Postfix {
    /// A relay.
    pub fn relay() -> Self {
        let directory = private_directory();
        let at = |name: &str| directory.path().join(name);
        let authority = Authority::new();
        authority.write(&at("ca.pem"));
        authority.issue("localhost", &at("cert.pem"), &at("key.pem"));
        fs::create_dir(at("mail")).expect("a directory");
        chown(at("mail"), Some(NOBODY), Some(NOBODY)).expect("root may give it away");
        write(&at("users"), &format!("{}:{{PLAIN}}{}\n", LOGIN.0, LOGIN.1));
        write(&at("dovecot.conf"), &filled(DOVECOT, &directory, &[]));
        let dovecot = find("dovecot", "dovecot-core");
        let arguments = ["-F", "-c", at("dovecot.conf").to_str().expect("a plain path")].map(str::to_owned);
        let dovecot = Running::start(&dovecot, &arguments, &at("dovecot.out"));
        until("dovecot listens", 20, || at("auth").exists().then_some(()));
        let main = format!("{MAIN}{RELAY}");
        Self::run(directory, &main, "encrypt", &[("DOMAIN", DOMAIN)], Some(dovecot), ANY_PORT)
    }

    /// A server that anyone on this machine may use, and that sends on to a port.
    pub fn sender(next: u16) -> Self {
        let next = next.to_string();
        Self::run(private_directory(), &format!("{MAIN}{SENDER}"), "none", &[("NEXT", &next)], None, ANY_PORT)
    }

    /// A host for the mail of every domain, at an address that is kept free for it.
    pub fn mx(address: SocketAddr) -> Self {
        Self::mx_that_keeps_silent(address, "")
    }

    /// The same, at any port, without the offers of today: it takes seven bits.
    pub fn old() -> Self {
        Self::mx_that_keeps_silent(ANY_PORT, "8bitmime, smtputf8, chunking, dsn, starttls")
    }

    /// The same without some of its offers.
    fn mx_that_keeps_silent(address: SocketAddr, of: &str) -> Self {
        let directory = private_directory();
        let at = |name: &str| directory.path().join(name);
        Authority::new().issue("postfix.mx.test", &at("cert.pem"), &at("key.pem"));
        fs::create_dir(at("mail")).expect("a directory");
        chown(at("mail"), Some(NOBODY), Some(NOBODY)).expect("root may give it away");
        fs::create_dir(at("etc")).expect("a directory");
        write(&at("etc/recipients"), RECIPIENTS);
        let main = format!("{MAIN}{MX}smtpd_discard_ehlo_keywords = {of}\n");
        Self::run(directory, &main, "may", &[], None, address)
    }

    fn run(
        directory: TempDir,
        main: &str,
        level: &str,
        gaps: &[(&str, &str)],
        dovecot: Option<Running>,
        address: SocketAddr,
    ) -> Self {
        need_root("Postfix starts only as root");
        let held = [address, ANY_PORT].map(|address| super::held_socket(address).expect("a free port"));
        let ports = held.each_ref().map(|socket| socket.local_addr().expect("it is bound").port());
        let [port, tls_port] = ports;
        let [plain, tls] = ports.map(|port| port.to_string());
        let etc = directory.path().join("etc");
        for name in ["etc", "queue", "data"] {
            fs::create_dir_all(directory.path().join(name)).expect("a directory");
        }
        let owner = fs::metadata("/var/lib/postfix").expect("Postfix has its data here");
        let uid = std::os::unix::fs::MetadataExt::uid(&owner);
        chown(directory.path().join("data"), Some(uid), None).expect("root may give it away");
        write(&etc.join("main.cf"), &filled(main, &directory, gaps));
        let ip = address.ip().to_string();
        let master = [("ADDRESS", ip.as_str()), ("PLAIN", &plain), ("TLS", &tls), ("LEVEL", level)];
        write(&etc.join("master.cf"), &filled(MASTER, &directory, &master));
        let postfix = find("postfix", "postfix");
        let etc = etc.to_str().expect("a plain path");
        let checked = run(Command::new(&postfix).args(["-c", etc, "check"]), b"");
        assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
        let arguments = ["-c", TIED, "/usr/lib/postfix/sbin/master", "-c", etc, "-s"];
        let running = Running::start(Path::new("/bin/sh"), &arguments, &directory.path().join("out"));
        let server = Self { port, tls_port, _master: running, _dovecot: dovecot, _ports: held, directory };
        until("postfix answers", 30, || super::greets(SocketAddr::new(address.ip(), port)).then_some(()));
        server
    }

    /// A file of its directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Runs one of its programs.
    pub fn program(&self, name: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(find(name, "postfix"));
        command.env("LC_ALL", "C").env("TZ", "UTC").env("MAIL_CONFIG", self.path("etc")).args(arguments);
        let done = run(&mut command, b"");
        assert_eq!(done.code, 0, "{name}: {}{}", done.out, done.err);
        done.out
    }

    /// How many messages it has delivered.
    pub fn count(&self) -> usize {
        self.keep().count()
    }

    /// Waits for so many messages, and reads them.
    #[track_caller]
    pub fn until_kept(&self, count: usize, secs: i64) -> Vec<Kept> {
        let what = format!("{count} messages delivered by Postfix");
        until(&what, secs, || (self.count() >= count).then_some(()));
        self.keep().read()
    }

    /// Where it keeps what it took.
    pub fn keep(&self) -> Keep {
        Keep(self.path("mail/box/new"))
    }
}

/// A directory that Postfix's own user may walk through.
pub(super) fn private_directory() -> TempDir {
    need_root("Postfix starts only as root");
    let directory = tempfile::tempdir().expect("a temporary directory");
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    directory
}

pub(super) fn filled(text: &str, directory: &TempDir, gaps: &[(&str, &str)]) -> String {
    let text = text.replace("@DIR@", directory.path().to_str().expect("a plain path"));
    gaps.iter().fold(text, |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

pub(super) fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
