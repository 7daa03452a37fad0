//! A real Dovecot and a real Postfix, with each way to begin TLS, with users of each form, and with each thing that goes
//! wrong.

use super::Stage;
use crate::discover::Live;
use ::discover::prove::{Credentials, Proof};
use ::discover::{Candidate, Protocol, Server, Source, Tls, Trust, UserForm};
use mail::Secret;
use net::AddressPolicy;
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use std::fs;
use std::net::Ipv4Addr;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// The host, whose certificate is for this name.
pub(super) const HOST: &str = "mail.a.example";
/// The user who owns the mail.
const NOBODY: u32 = 65_534;
/// How long Dovecot may take to begin.
const START_LIMIT: Duration = Duration::from_secs(20);

const CONFIG: &str = "
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/log
protocols = @PROTOCOLS@
listen = 127.0.0.1
ssl = required
ssl_cert = <@DIR@/cert.pem
ssl_key = <@DIR@/key.pem
disable_plaintext_auth = yes
auth_mechanisms = plain login
auth_failure_delay = 0
first_valid_uid = 1
mail_location = maildir:@DIR@/mail
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u @DIR@/users
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=@DIR@/mail
}
# Without this, each wrong password makes the next sign-in from the same address slower.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener @DIR@/auth {
    mode = 0666
  }
}
service imap-login {
  inet_listener imap {
    port = @143@
  }
  inet_listener imaps {
    port = @993@
  }
}
service pop3-login {
  inet_listener pop3 {
    port = @110@
  }
  inet_listener pop3s {
    port = @995@
  }
}
";

/// A Postfix for submission, whose users are Dovecot's.
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
myhostname = mail.a.example
mydestination =
mynetworks =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = @DIR@/auth
smtpd_sasl_security_options = noanonymous
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = @DIR@/cert.pem
smtpd_tls_key_file = @DIR@/key.pem
";

const SERVICES: &str = "
127.0.0.1:@587@ inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:@465@ inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
";

pub(super) struct Dovecot {
    masters: [Child; 2],
    _dir: TempDir,
    pub(super) live: Live,
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // A master ends its other processes when it is told to end, and leaves them when it is killed.
        for master in &mut self.masters {
            let _ = Command::new("kill").arg(master.id().to_string()).status();
            let _ = master.wait();
        }
    }
}

impl Dovecot {
    /// Both, with a certificate that is for a name and ends in a year.
    pub(super) async fn start(certified: &str, until_year: i32) -> Self {
        Self::start_with(certified, until_year, "imap pop3").await
    }

    /// The same, with these protocols to read mail.
    pub(super) async fn start_with(certified: &str, until_year: i32, protocols: &str) -> Self {
        assert!(
            rustix::process::geteuid().is_root(),
            "Dovecot's login processes need root to give up their rights"
        );
        let mut stage = Stage::new("");
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![certified.to_owned()]).unwrap();
        params.not_after = date_time_ymd(until_year, 1, 1);
        let certificate = params.signed_by(&key, &stage.authority).unwrap();
        fs::write(path("cert.pem"), certificate.pem()).unwrap();
        fs::write(path("key.pem"), key.serialize_pem()).unwrap();
        fs::write(path("users"), "anne:{PLAIN}sesame::::::\nluc@a.example:{PLAIN}sesame::::::\neve.a.example:{PLAIN}sesame::::::\nu1234:{PLAIN}sesame::::::\n").unwrap();
        fs::create_dir(path("mail")).unwrap();
        chown(path("mail"), Some(NOBODY), Some(NOBODY)).unwrap();
        let mut files =
            [CONFIG, MAIN, SERVICES].map(|text| text.replace("@DIR@", dir.path().to_str().unwrap()));
        for port in [143, 993, 110, 995, 587, 465] {
            let free = free_port().await;
            files = files.map(|text| text.replace(&format!("@{port}@"), &free.to_string()));
            stage.ports.insert((HOST.to_owned(), port), free);
        }
        let [config, main, services] = files.map(|text| text.replace("@PROTOCOLS@", protocols));
        stage.names.insert(HOST.to_owned(), vec![Ipv4Addr::LOCALHOST.into()]);
        // The directory of a test is its owner's alone, and the login processes are nobody.
        Command::new("chmod").arg("755").arg(dir.path()).status().unwrap();
        fs::write(path("dovecot.conf"), config).unwrap();
        let master = Command::new("dovecot")
            .args(["-F", "-c"])
            .arg(path("dovecot.conf"))
            .stdin(Stdio::null())
            .spawn()
            .expect("dovecot is installed by scripts/setup.sh");
        for name in ["queue", "data", "etc"] {
            fs::create_dir(path(name)).unwrap();
        }
        chown(path("data"), Some(fs::metadata("/var/lib/postfix").unwrap().uid()), None).unwrap();
        fs::write(path("etc/main.cf"), main).unwrap();
        fs::write(path("etc/master.cf"), services).unwrap();
        let checked = Command::new("postfix").arg("-c").arg(path("etc")).arg("check").status();
        assert!(checked.expect("postfix is installed by scripts/setup.sh").success());
        let postfix = Command::new("/usr/lib/postfix/sbin/master")
            .arg("-c")
            .arg(path("etc"))
            .arg("-s")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let both = Self { masters: [postfix, master], live: stage.live(AddressPolicy::Any), _dir: dir };
        for port in [995, 587] {
            until_it_listens(stage.ports[&(HOST.to_owned(), port)]).await;
        }
        both
    }

    pub(super) fn candidate(protocol: Protocol, port: u16, tls: Tls) -> Candidate {
        Candidate { server: Server::at(protocol, HOST, port, tls), source: Source::Own, trust: Trust::A }
    }

    /// What came of a sign-in with each form of the user name: the login, or the cause.
    async fn sign_in(&self, door: (Protocol, u16, Tls), address: &str, password: &str) -> String {
        let candidate = Self::candidate(door.0, door.1, door.2);
        let (address, password) = (address.parse().unwrap(), Secret::new(password));
        shown(self.live.sign_in_at(&candidate, &address, &password).await)
    }

    /// What came of one try without a password.
    async fn look(&self, protocol: Protocol, port: u16, tls: Tls) -> String {
        shown(self.live.attempt(&Self::candidate(protocol, port, tls), None).await)
    }
}

fn shown(outcome: Result<Proof, ::discover::prove::Obstacle>) -> String {
    match outcome {
        Ok(proof) => proof.login.unwrap_or_else(|| format!("{:?}", proof.sign_in)),
        Err(obstacle) => obstacle.verdict().cause.as_str().to_owned(),
    }
}

async fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap().local_addr().unwrap().port()
}

async fn until_it_listens(port: u16) {
    let deadline = Instant::now() + START_LIMIT;
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
        assert!(Instant::now() < deadline, "the server does not listen");
        sleep(Duration::from_millis(50)).await;
    }
}

pub(super) const DOORS: [(Protocol, u16, Tls); 6] = [
    (Protocol::Imap, 993, Tls::Implicit),
    (Protocol::Imap, 143, Tls::Starttls),
    (Protocol::Pop3, 995, Tls::Implicit),
    (Protocol::Pop3, 110, Tls::Starttls),
    (Protocol::Smtp, 587, Tls::Starttls),
    (Protocol::Smtp, 465, Tls::Implicit),
];

#[tokio::test]
async fn each_door_and_each_form_of_the_user_name_is_proved() {
    let dovecot = Dovecot::start(HOST, 2100).await;
    for door in DOORS {
        assert_eq!(dovecot.look(door.0, door.1, door.2).await, "[Password]", "{door:?}");
        assert_eq!(dovecot.sign_in(door, "luc@a.example", "sesame").await, "luc@a.example", "{door:?}");
        assert_eq!(dovecot.sign_in(door, "anne@a.example", "sesame").await, "anne", "{door:?}");
        // Forms that a source states.
        for (form, login) in
            [(UserForm::Dotted, "eve.a.example"), (UserForm::Given("u1234".to_owned()), "u1234")]
        {
            let mut candidate = Dovecot::candidate(door.0, door.1, door.2);
            candidate.server.user = Some(form);
            let (address, password) = ("eve@a.example".parse().unwrap(), Secret::new("sesame"));
            let let_in = shown(dovecot.live.sign_in_at(&candidate, &address, &password).await);
            assert_eq!(let_in, login, "{door:?}");
        }
        assert_eq!(
            dovecot.sign_in(door, "anne@a.example", "abracadabra").await,
            "auth_bad_credentials",
            "{door:?}"
        );
    }
    // TLS at once where it is to begin by a command, and the reverse; a port at which nobody is.
    assert_eq!(dovecot.look(Protocol::Imap, 143, Tls::Implicit).await, "tls_mode_mismatch");
    assert_eq!(dovecot.look(Protocol::Imap, free_port().await, Tls::Implicit).await, "connect_refused");
    let credentials = Credentials {
        login: "anne",
        password: &Secret::new("sesame"),
        sender: &"anne@a.example".parse().unwrap(),
    };
    let wrong = Dovecot::candidate(Protocol::Pop3, 993, Tls::Implicit);
    assert_eq!(shown(dovecot.live.attempt(&wrong, Some(credentials)).await), "protocol_error");
    let test =
        "crates/facteur/src/discover/tests/dovecot.rs::each_door_and_each_form_of_the_user_name_is_proved";
    testkit::proof::passed("E2", test, 6 * 6 + 3, "sign-ins and looks", None);
}
