//! A facteur of the test's own: its data, its ports, its log, its commands.

use super::program::{Done, FACTEUR, Running, run};
use super::sink::Sink;
use super::until;
use mail::Clock;
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// What a server is called.
pub const HOST: &str = "mail.facteur.test";
/// The password of [`Server::add_person`], and of every relay unless a test says otherwise.
pub const PASSWORD: &str = "Le facteur passe @ 9 h";

/// The ports of a server, by what they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// STARTTLS and nothing without, as 587 is often run.
    StartTls,
    /// TLS at once, as on 465.
    Tls,
    /// STARTTLS, and without it for the networks of sites: as 587 and 2525 are by default.
    Submission,
    /// Mail from other servers, as on 25. Not taken unless a test asks for it.
    Mx,
    /// The web in clear, as on 80. Not taken unless a test asks for it.
    Http,
    /// The portal, as on 8189. Not taken unless a test asks for it.
    Https,
}

impl Port {
    pub const ALL: [Self; 3] = [Self::StartTls, Self::Tls, Self::Submission];

    /// The word of the configuration and of `status --json`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::StartTls => "starttls",
            Self::Tls => "tls",
            Self::Submission => "submission",
            Self::Mx => "mx",
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A server, its data, and the process while it runs.
pub struct Server {
    directory: TempDir,
    language: &'static str,
    running: Option<Running>,
}

impl Server {
    /// A directory with a configuration, in which no server was ever started. The configuration ends with `more`.
    pub fn fresh(language: &'static str, more: &str) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let server = Self { directory, language, running: None };
        let listener =
            |port: Port| format!("[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"{}\"\n\n", port.word());
        let listeners: String = Port::ALL.map(listener).concat();
        let text = format!("host_name = \"{HOST}\"\nlanguage = \"{language}\"\n\n{listeners}{more}");
        fs::create_dir(server.data()).expect("a directory");
        fs::write(server.data().join("facteur.toml"), text).expect("a configuration");
        server
    }

    /// A server that runs.
    pub fn start() -> Self {
        Self::start_in("en")
    }

    /// A server that runs and logs in a language.
    pub fn start_in(language: &'static str) -> Self {
        let mut server = Self::fresh(language, "");
        server.go();
        server
    }

    /// Where its data is.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// A place for files of the test that go with the server.
    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// All that it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Starts it, and waits until it answers.
    #[track_caller]
    pub fn go(&mut self) {
        self.go_with(&[]);
    }

    /// The same, with variables of its own.
    #[track_caller]
    pub fn go_with(&mut self, variables: &[(&str, &str)]) {
        let data = self.data();
        let arguments = ["--data", data.to_str().expect("a plain path"), "--lang", self.language, "start"];
        let variables = [&[("TZ", "UTC")], variables].concat();
        let running = Running::start_with(Path::new(FACTEUR), &arguments, &variables, &self.log_file());
        let pid = running.pid();
        self.running = Some(running);
        // No command is used to look: while the server is not there yet, it would open the data itself.
        until("the control socket", 30, || {
            let died = self.running.as_mut().is_some_and(Running::has_ended);
            assert!(!died, "the server ended: {}", self.log());
            UnixStream::connect(data.join("control.sock")).ok()
        });
        assert_eq!(self.json(&["status"])["pid"], pid);
    }

    /// Starts it with variables of its own, as a test of faults does. Gives the port of its submissions, or `None` when it
    /// died before it said so.
    pub fn go_under(&mut self, variables: &[(&str, &str)]) -> Option<u16> {
        let data = self.data();
        let arguments = ["--data", data.to_str().expect("a plain path"), "--lang", self.language, "start"];
        let variables = [&[("TZ", "UTC")], variables].concat();
        let running = Running::start_with(Path::new(FACTEUR), &arguments, &variables, &self.log_file());
        self.running = Some(running);
        until("an answer, or the end", 60, || {
            if self.has_died() {
                return Some(None);
            }
            self.asked("{\"operation\":\"status\"}").map(|status| {
                let listeners = status["ok"]["report"]["listeners"].as_array().expect("listeners");
                let ours = listeners.iter().find(|one| one["kind"] == Port::Submission.word());
                let address = ours.and_then(|one| one["address"].as_str()).expect("an address");
                address.rsplit(':').next().and_then(|port| port.parse().ok())
            })
        })
    }

    /// What a running server answers to a request, without a program in between; `None` when it does not.
    pub fn asked(&self, request: &str) -> Option<Value> {
        let mut stream = UnixStream::connect(self.data().join("control.sock")).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
        stream.write_all(format!("{request}\n").as_bytes()).ok()?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).ok()?;
        serde_json::from_str(&answer).ok()
    }

    /// Whether its process has ended by itself.
    pub fn has_died(&mut self) -> bool {
        self.running.as_mut().is_none_or(Running::has_ended)
    }

    pub fn pid(&self) -> u32 {
        self.running.as_ref().expect("it runs").pid()
    }

    /// Ends it as an administrator does, and gives how many milliseconds that took.
    #[track_caller]
    pub fn stop(&mut self) -> i64 {
        let mut running = self.running.take().expect("it runs");
        let began = Clock::System.now();
        running.terminate();
        let status = running.until_ended(60);
        assert!(status.success(), "{status}: {}", self.log());
        super::millis_since(began)
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        self.running.take().expect("it runs").kill();
    }

    /// The port that it announced.
    #[track_caller]
    pub fn port(&self, port: Port) -> u16 {
        let status = self.json(&["status"]);
        let listeners = status["listeners"].as_array().expect("listeners");
        let found = listeners.iter().find(|listener| listener["kind"] == port.word()).expect("the listener");
        let address = found["address"].as_str().expect("an address");
        address.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    /// A command on this server's data, ready to run.
    pub fn command(&self, locale: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(FACTEUR);
        command.env_clear().env("LC_ALL", locale).env("TZ", "UTC").env("FACTEUR_DATA", self.data());
        command.args(arguments);
        command
    }

    /// Runs a command in a locale: `fr`, `en`, `C`.
    #[track_caller]
    pub fn ask(&self, locale: &str, arguments: &[&str], input: &[u8]) -> Done {
        run(&mut self.command(locale, arguments), input)
    }

    /// Runs a command that must succeed.
    #[track_caller]
    pub fn ok(&self, locale: &str, arguments: &[&str]) -> String {
        self.give(locale, arguments, "")
    }

    /// The same, for a command that reads a password.
    #[track_caller]
    pub fn give(&self, locale: &str, arguments: &[&str], input: &str) -> String {
        let done = self.ask(locale, arguments, format!("{input}\n").as_bytes());
        assert_eq!(done.code, 0, "{arguments:?}: {}{}", done.out, done.err);
        done.out
    }

    /// What a command says to programs.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let out = self.ok("C", &[arguments, &["--json"]].concat());
        serde_json::from_str(&out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {out}"))
    }

    /// Adds an account that may send with these addresses.
    #[track_caller]
    pub fn add_person(&self, login: &str, senders: &[&str]) {
        let senders: Vec<&str> = senders.iter().flat_map(|sender| ["--sender", sender]).collect();
        let arguments = [&["account", "add", login, "--password-stdin"], senders.as_slice()].concat();
        self.give("en", &arguments, PASSWORD);
    }

    /// Lets all of loopback send without a login, with any address.
    #[track_caller]
    pub fn open_to_loopback(&self) {
        self.ok("en", &["site", "add", "here", "--network", "127.0.0.0/8", "--allow-any-sender"]);
    }

    /// Adds a sink as a relay, with the password that the sink wants or another one.
    #[track_caller]
    pub fn add_sink(&self, name: &str, sink: &Sink, sign_in: Option<(&str, &str)>) {
        let port = sink.port.to_string();
        let common = ["relay", "add", name, "--host", "127.0.0.1", "--port", &port, "--tls", "never"];
        match sign_in {
            None => self.ok("en", &[&common[..], &["--no-auth"]].concat()),
            Some((login, password)) => {
                self.give("en", &[&common[..], &["--login", login, "--password-stdin"]].concat(), password)
            }
        };
    }

    /// The messages that it has not finished with.
    #[track_caller]
    pub fn waiting(&self) -> Vec<Value> {
        self.json(&["queue", "list"]).as_array().expect("a list").clone()
    }

    /// Waits until the queue is empty. When it does not empty, the failure shows what is in it and what the log says.
    #[track_caller]
    pub fn until_idle(&self, secs: i64) {
        let end = Clock::System.now().plus_secs(secs);
        until("the queue is empty", secs + 10, || {
            let idle = self.json(&["status"])["totals"]["messages"] == 0;
            let late = !idle && Clock::System.now() > end;
            assert!(!late, "not empty within {secs} s: {:#?}\n{}", self.waiting(), self.log());
            idle.then_some(())
        });
    }
}
