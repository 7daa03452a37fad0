//! Real mail servers besides Postfix, which Debian does not let stand beside it: `scripts/setup.sh tests` unpacks them
//! below the build directory. Each runs with a private configuration, and with the few paths and users that are built
//! into it put in place for it alone (`unshare`): the machine stays as it is.

use super::kept::Keep;
use super::paper::Authority;
use super::postfix::{NOBODY, filled, private_directory, write};
use super::program::{Running, find};
use super::{greets, until};
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Ends the server with the shell, as long as the test lives.
const TIED: &str = "trap 'kill -KILL $!; exit' TERM; wait $!";

const EXIM_USERS: &str = "
root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
Debian-exim:x:65534:65534::/nonexistent:/usr/sbin/nologin
";
const EXIM_GROUPS: &str = "root:x:0:\nnogroup:x:65534:\nDebian-exim:x:65534:\n";
const EXIM: &str = "
exim_path = @UNPACKED@/usr/sbin/exim4
primary_hostname = exim.mx.test
spool_directory = @DIR@/spool
log_file_path = @DIR@/log/%slog
pid_file_path = @DIR@/pid
keep_environment =
local_interfaces = <; [@IP@]:@PORT@
tls_advertise_hosts = *
tls_certificate = @DIR@/cert.pem
tls_privatekey = @DIR@/key.pem
host_lookup =
rfc1413_hosts =
acl_smtp_rcpt = recipients
acl_smtp_data = contents
message_size_limit = 60M
smtp_accept_queue_per_connection = 0
never_users =
begin acl
recipients:
  deny
    local_parts = unknown
    message = Unrouteable address
  defer
    local_parts = greylisted
    message = greylisted
  accept
contents:
  accept
begin routers
keep:
  driver = accept
  transport = keep
begin transports
keep:
  driver = appendfile
  directory = @DIR@/mail
  maildir_format
  user = nobody
  group = nogroup
  envelope_to_add
  return_path_add
";
const EXIM_START: &str = "
set -e
mount --bind @DIR@/passwd /etc/passwd
mount --bind @DIR@/group /etc/group
@UNPACKED@/usr/sbin/exim4 -C @DIR@/conf -bdf &
";

const OPENSMTPD_USERS: &str = "
root:x:0:0:root:/root:/bin/sh
opensmtpd:x:65533:65533::/var/lib/opensmtpd/empty:/usr/sbin/nologin
opensmtpq:x:65532:65532::/var/lib/opensmtpd/empty:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/bin/sh
";
const OPENSMTPD_GROUPS: &str = "root:x:0:\nopensmtpd:x:65533:\nopensmtpq:x:65532:\nnogroup:x:65534:\n";
const OPENSMTPD: &str = "
pki paper cert \"@DIR@/cert.pem\"
pki paper key \"@DIR@/key.pem\"
table all { \"@\" = nobody }
table unknown { \"unknown@\" }
smtp max-message-size 60M
listen on @IP@ port @PORT@ tls pki paper hostname opensmtpd.mx.test
action \"keep\" mda \"@DIR@/keep\" virtual <all>
match from any for any rcpt-to <unknown> reject
match from any for any action \"keep\"
";
/// A file appears under its name when it is whole.
const OPENSMTPD_KEEP: &str = "#!/bin/sh
new=$(mktemp @DIR@/spool/XXXXXXXXXX) && cat >\"$new\" && mv \"$new\" \"@DIR@/mail/new/${new##*/}\"
";
const OPENSMTPD_START: &str = "
set -e
mount --bind @DIR@/passwd /etc/passwd
mount --bind @DIR@/group /etc/group
for place in /run /var/lib /var/spool /usr/libexec; do mount -t tmpfs -o mode=755 tmpfs $place; done
mkdir -p /var/lib/opensmtpd/empty
mkdir -m 711 /var/spool/smtpd
ln -s @UNPACKED@/usr/libexec/opensmtpd /usr/libexec/opensmtpd
@UNPACKED@/usr/sbin/smtpd -d -f @DIR@/conf &
";

/// A mail server that keeps the mail of every domain, until it is dropped.
pub struct Host {
    _running: Running,
    directory: TempDir,
}

/// What makes one server different from the other.
struct Make {
    package: &'static str,
    conf: &'static str,
    users: &'static str,
    groups: &'static str,
    start: &'static str,
    /// Directories that belong to nobody.
    places: &'static [&'static str],
    /// Whom the key belongs to: a server refuses one that others can read.
    key_owner: u32,
}

impl Host {
    /// Exim.
    pub fn exim(address: SocketAddr) -> Self {
        Self::start(
            address,
            &Make {
                package: "exim4-daemon-light",
                conf: EXIM,
                users: EXIM_USERS,
                groups: EXIM_GROUPS,
                start: EXIM_START,
                places: &["spool", "log", "mail", "mail/new"],
                key_owner: NOBODY,
            },
        )
    }

    /// OpenSMTPD.
    pub fn opensmtpd(address: SocketAddr) -> Self {
        Self::start(
            address,
            &Make {
                package: "opensmtpd",
                conf: OPENSMTPD,
                users: OPENSMTPD_USERS,
                groups: OPENSMTPD_GROUPS,
                start: OPENSMTPD_START,
                places: &["spool", "mail", "mail/new"],
                key_owner: 0,
            },
        )
    }

    fn start(address: SocketAddr, make: &Make) -> Self {
        let directory = private_directory();
        let at = |name: &str| directory.path().join(name);
        let unpacked = unpacked(make.package);
        let unpacked = unpacked.to_str().expect("a plain path");
        let (ip, port) = (address.ip().to_string(), address.port().to_string());
        let gaps = [("UNPACKED", unpacked), ("IP", &ip), ("PORT", &port)];
        for (name, text) in [
            ("conf", make.conf),
            ("passwd", make.users.trim_start()),
            ("group", make.groups),
            ("keep", OPENSMTPD_KEEP),
        ] {
            write(&at(name), &filled(text, &directory, &gaps));
        }
        fs::set_permissions(at("keep"), fs::Permissions::from_mode(0o755)).expect("it is ours");
        for name in make.places {
            fs::create_dir(at(name)).expect("a directory");
            chown(at(name), Some(NOBODY), Some(NOBODY)).expect("root may give it away");
        }
        Authority::new().issue(make.package, &at("cert.pem"), &at("key.pem"));
        fs::set_permissions(at("key.pem"), fs::Permissions::from_mode(0o600)).expect("it is ours");
        chown(at("key.pem"), Some(make.key_owner), None).expect("root may give it away");
        let script = filled(make.start, &directory, &gaps) + TIED;
        let arguments = ["--mount", "--", "/bin/sh", "-c", &script];
        let mut running = Running::start(&find("unshare", "util-linux"), &arguments, &at("out"));
        until(&format!("{} answers", make.package), 30, || {
            let said = || fs::read_to_string(at("out")).unwrap_or_default();
            assert!(!running.has_ended(), "{} ended: {}", make.package, said());
            greets(address).then_some(())
        });
        Self { _running: running, directory }
    }

    /// Where it keeps what it took.
    pub fn keep(&self) -> Keep {
        Keep(self.directory.path().join("mail/new"))
    }
}

/// Where the setup unpacked a package.
fn unpacked(package: &str) -> PathBuf {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mail-servers").join(package);
    assert!(place.is_dir(), "{package} is not unpacked: run scripts/setup.sh tests");
    place
}
