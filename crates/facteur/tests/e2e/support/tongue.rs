//! The mail clients that people have: swaks, msmtp, curl and Python's smtplib, each called as its manual says.

use super::program::{Done, find, run};
use super::server::{PASSWORD, Port};
use std::process::Command;

/// A client's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tongue {
    Swaks,
    Msmtp,
    Curl,
    Smtplib,
}

/// How a client gets in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// With the login and [`PASSWORD`], under TLS.
    SignIn(&'static str),
    /// As a site's network does: no TLS, no login.
    Network,
}

/// Where a message goes in, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Way<'a> {
    pub port: (Port, u16),
    pub entrance: Entrance,
    pub login: &'a str,
    pub from: &'a str,
    pub to: &'a str,
}

impl Way<'_> {
    /// How TLS begins.
    const fn tls(&self) -> &'static str {
        match (self.entrance, self.port.0) {
            (Entrance::Network, _) => "plain",
            (_, Port::Tls) => "tls",
            (_, Port::StartTls | Port::Submission | Port::Mx | Port::Http | Port::Https) => "starttls",
        }
    }

    fn mechanism(&self) -> Option<&'static str> {
        match self.entrance {
            Entrance::SignIn(mechanism) => Some(mechanism),
            Entrance::Network => None,
        }
    }
}

impl Tongue {
    pub const ALL: [Self; 4] = [Self::Swaks, Self::Msmtp, Self::Curl, Self::Smtplib];

    /// Sends a message, its lines with LF as they are in files.
    pub fn send(self, way: Way<'_>, message: &str) -> Done {
        match self {
            Self::Swaks => swaks(way, message),
            Self::Msmtp => msmtp(way, message),
            Self::Curl => curl(way, message),
            Self::Smtplib => smtplib(way, message),
        }
    }
}

fn swaks(way: Way<'_>, message: &str) -> Done {
    let port = way.port.1.to_string();
    let mut command = Command::new(find("swaks", "swaks"));
    command.args(["--server", "127.0.0.1", "--port", &port, "--helo", "client.test", "--data", "-"]);
    command.args(["--from", way.from, "--to", way.to]);
    match way.tls() {
        "tls" => command.arg("--tls-on-connect"),
        "starttls" => command.arg("--tls"),
        _ => &mut command,
    };
    if let Some(mechanism) = way.mechanism() {
        command.args(["--auth", mechanism, "--auth-user", way.login, "--auth-password", PASSWORD]);
    }
    run(&mut command, message.as_bytes())
}

fn msmtp(way: Way<'_>, message: &str) -> Done {
    let port = way.port.1.to_string();
    let mut command = Command::new(find("msmtp", "msmtp"));
    // Without its own file it would read the user's.
    command.args(["--file=/dev/null", "--host=127.0.0.1", "--port", &port, "--from", way.from]);
    match way.tls() {
        "tls" => command.args(["--tls=on", "--tls-starttls=off", "--tls-certcheck=off"]),
        "starttls" => command.args(["--tls=on", "--tls-starttls=on", "--tls-certcheck=off"]),
        _ => command.arg("--tls=off"),
    };
    if let Some(mechanism) = way.mechanism() {
        let say = format!("--passwordeval=printf '%s\\n' \"{PASSWORD}\"");
        command.arg(format!("--auth={}", mechanism.to_lowercase())).args(["--user", way.login, &say]);
    } else {
        command.arg("--auth=off");
    }
    run(command.arg("--").arg(way.to), message.as_bytes())
}

fn curl(way: Way<'_>, message: &str) -> Done {
    let scheme = if way.tls() == "tls" { "smtps" } else { "smtp" };
    let mut command = Command::new(find("curl", "curl"));
    command.args(["--silent", "--show-error", "--verbose", "--insecure", "--crlf"]);
    command.args(["--mail-from", way.from, "--mail-rcpt", way.to, "--upload-file", "-"]);
    if way.tls() == "starttls" {
        command.arg("--ssl-reqd");
    }
    if let Some(mechanism) = way.mechanism() {
        command.args(["--login-options", &format!("AUTH={mechanism}")]);
        command.args(["--user", &format!("{}:{PASSWORD}", way.login)]);
    }
    run(command.arg(format!("{scheme}://127.0.0.1:{}/client.test", way.port.1)), message.as_bytes())
}

fn smtplib(way: Way<'_>, message: &str) -> Done {
    let port = way.port.1.to_string();
    let arguments = ["send", &port, way.tls(), way.mechanism().unwrap_or("-"), way.login, PASSWORD];
    python(&[&arguments[..], &[way.from, way.to]].concat(), message.as_bytes())
}

/// The replies to single commands, under TLS where the port begins with it or STARTTLS is asked for.
#[track_caller]
pub fn replies(port: u16, tls: &str, commands: &[&str]) -> Vec<String> {
    let port = port.to_string();
    let done = python(&[&["replies", &port, tls], commands].concat(), b"");
    assert_eq!(done.code, 0, "{}{}", done.out, done.err);
    done.out.lines().map(str::to_owned).collect()
}

fn python(arguments: &[&str], input: &[u8]) -> Done {
    let mut command = Command::new(find("python3", "python3"));
    run(command.args(["-c", include_str!("../smtplib.py")]).args(arguments), input)
}
