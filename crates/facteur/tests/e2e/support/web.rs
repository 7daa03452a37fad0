//! The portal of a server, asked by a real curl that trusts the server's certificate and nothing else.

use super::program::{find, run};
use super::server::{HOST, Port, Server};
use std::process::Command;

/// The lines of a configuration that open the portal.
pub const LISTENER: &str = "[[listener]]\naddress = \"127.0.0.1:0\"\nkind = \"https\"\n";

/// A server with a portal that runs.
pub fn server(language: &'static str) -> Server {
    let mut server = Server::fresh(language, LISTENER);
    server.go();
    server
}

/// A browser without a screen: it keeps cookies.
pub struct Curl<'a> {
    server: &'a Server,
    port: u16,
    jar: tempfile::NamedTempFile,
}

/// What came back.
#[derive(Debug)]
pub struct Page {
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    pub body: String,
}

impl Page {
    /// The value of a header, if it is there once; several are joined by `|`.
    pub fn header(&self, name: &str) -> String {
        let values = self.head.lines().filter_map(|line| line.split_once(':'));
        let values = values.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.map(|(_, value)| value.trim()).collect::<Vec<_>>().join("|")
    }
}

impl<'a> Curl<'a> {
    pub fn new(server: &'a Server) -> Self {
        let jar = tempfile::NamedTempFile::new().expect("a temporary file");
        Self { server, port: server.port(Port::Https), jar }
    }

    /// The address of a path.
    pub fn address(&self, path: &str) -> String {
        format!("https://{HOST}:{}{path}", self.port)
    }

    /// The key that a form of that page brings along.
    #[track_caller]
    pub fn form_key(&self, path: &str) -> String {
        let page = self.ask(path, &[]);
        let after = page.body.split("name=\"key\" value=\"").nth(1);
        after
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("{path}: {}", page.body))
            .to_owned()
    }

    /// Tries a password.
    #[track_caller]
    pub fn try_password(&self, login: &str, password: &str) -> Page {
        let key = self.form_key("/sign-in");
        let field = |name: &str, value: &str| format!("{name}={value}");
        self.ask(
            "/sign-in",
            &[
                "--data-urlencode",
                &field("login", login),
                "--data-urlencode",
                &field("password", password),
                "--data-urlencode",
                &field("key", &key),
            ],
        )
    }

    /// Signs a person in.
    #[track_caller]
    pub fn sign_in(&self, login: &str, password: &str) {
        let page = self.try_password(login, password);
        assert_eq!(page.status, 303, "{}", page.body);
    }

    /// A link that signs an administrator in, as a path.
    #[track_caller]
    pub fn link(&self) -> String {
        let links = self.server.json(&["portal", "link"]);
        let link = links[0].as_str().expect("a link");
        link.strip_prefix(&self.address("")).expect("of this portal").to_owned()
    }

    /// Signs an administrator in.
    #[track_caller]
    pub fn sign_in_by_link(&self) {
        let link = self.link();
        let key = self.form_key(&link);
        let page = self.ask(&link, &["--data", &format!("key={key}")]);
        assert_eq!(page.status, 303, "{}", page.body);
    }

    /// Sends a form: its fields, and the key of the page that it is on.
    #[track_caller]
    pub fn send(&self, page: &str, to: &str, fields: &[(&str, &str)]) -> Page {
        let key = self.form_key(page);
        let fields = fields.iter().copied().chain([("key", key.as_str())]);
        let fields: Vec<String> = fields.map(|(name, value)| format!("{name}={value}")).collect();
        let more: Vec<&str> = fields.iter().flat_map(|field| ["--data-urlencode", field.as_str()]).collect();
        self.ask(to, &more)
    }

    /// The cookies, to be taken again later.
    pub fn jar(&self) -> Vec<u8> {
        super::read(self.jar.path())
    }

    /// Takes older cookies again.
    pub fn take_jar(&self, jar: &[u8]) {
        std::fs::write(self.jar.path(), jar).expect("a file of ours");
    }

    /// Asks for a path, with further arguments of curl's.
    #[track_caller]
    pub fn ask(&self, path: &str, more: &[&str]) -> Page {
        self.fetch(&self.address(path), more, b"")
    }

    /// Asks for any address, with an input.
    #[track_caller]
    pub fn fetch(&self, address: &str, more: &[&str], input: &[u8]) -> Page {
        let resolve = format!("{HOST}:{}:127.0.0.1", self.port);
        let jar = self.jar.path().to_str().expect("a plain path");
        let paper = self.server.data().join("cert.pem");
        let mut command = Command::new(find("curl", "curl"));
        command.args(["--silent", "--show-error", "--include", "--max-time", "90", "--noproxy", "*"]);
        command.args(["--cacert", paper.to_str().expect("a plain path"), "--resolve", &resolve]);
        command.args(["--cookie", jar, "--cookie-jar", jar]).args(more).arg(address);
        let done = run(&mut command, input);
        assert_eq!(done.code, 0, "{address} {more:?}: {} {}", done.err, self.server.log());
        let (head, body) = done.out.split_once("\r\n\r\n").unwrap_or((&done.out, ""));
        // Curl tells of the answer that let it send a large body, too.
        let (head, body) = match head.starts_with("HTTP/1.1 100") {
            true => body.split_once("\r\n\r\n").unwrap_or((body, "")),
            false => (head, body),
        };
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        Page { status, head: head.to_owned(), body: body.to_owned() }
    }
}
