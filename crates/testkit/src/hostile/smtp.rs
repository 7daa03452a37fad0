//! SMTP as a dialect, and the scripts of <https://github.com/Email-Analysis-Toolkit/fake-mail-server>, which are RON.

use super::{Answer, Dialect, Scripted, Turn};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// A script: what is offered before TLS and under it, and what is answered differently from a server that works.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Script {
    /// The greeting, with its line end; usual when empty.
    pub greeting: String,
    /// What EHLO offers in clear.
    pub capabilities: Vec<Capability>,
    /// What EHLO offers under TLS.
    pub capabilities_tls: Vec<Capability>,
    /// Canned answers, by verb in any case. A command that has one has no other effect.
    pub override_response: HashMap<String, String>,
    /// Commands that the server says it does not know.
    pub hide_commands: Vec<String>,
    /// The answer to STARTTLS, with its line end; usual when empty.
    pub stls_response: String,
    /// Whether TLS follows the answer to STARTTLS.
    pub stls_make_transition: bool,
    /// Whether the connection begins with TLS.
    pub implicit_tls: bool,
    /// The certificate.
    pub cert: Cert,
    /// What follows the answer to STARTTLS when it is not TLS that works. Not of the scripts: of our own faults.
    #[serde(skip)]
    pub turn: Option<Turn>,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: String::new(),
            capabilities: vec![Capability::StartTls],
            capabilities_tls: vec![Capability::Auth(vec![Mechanism::Plain])],
            override_response: HashMap::new(),
            hide_commands: Vec::new(),
            stls_response: String::new(),
            stls_make_transition: true,
            implicit_tls: false,
            cert: Cert::default(),
            turn: None,
        }
    }
}

/// What a server offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub enum Capability {
    /// TLS can be started.
    #[serde(rename = "StartTLS")]
    StartTls,
    /// One can sign in.
    Auth(Vec<Mechanism>),
    /// Commands may be sent in groups.
    Pipelining,
}

/// How one can sign in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub enum Mechanism {
    /// PLAIN.
    Plain,
    /// LOGIN.
    Login,
    /// Any other, by its name.
    Other(String),
}

/// The files of a certificate, of which only the names count.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Cert {
    /// The certificate's file.
    pub crt_path: String,
    /// The key's file.
    pub key_path: String,
}

impl Scripted for Script {
    fn cert(&self) -> &Cert {
        &self.cert
    }

    fn has_implicit_tls(&self) -> bool {
        self.implicit_tls
    }

    fn dialect(self: &Arc<Self>) -> Box<dyn Dialect> {
        Box::new(Smtp { script: Arc::clone(self), step: "greeting", recipients: 0, asked: Asked::Command })
    }
}

/// What the next line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Command,
    Login,
    Password,
    Content,
}

struct Smtp {
    script: Arc<Script>,
    step: &'static str,
    recipients: usize,
    asked: Asked,
}

fn say(text: &str) -> Answer {
    Answer::Say(format!("{text}\r\n").into_bytes())
}

impl Dialect for Smtp {
    fn greeting(&mut self) -> Vec<u8> {
        let greeting = &self.script.greeting;
        let usual = "220 example.org ESMTP ready\r\n";
        if greeting.is_empty() { usual.into() } else { greeting.clone().into_bytes() }
    }

    fn answer(&mut self, line: &[u8], tls: bool) -> Answer {
        let text = String::from_utf8_lossy(line);
        match self.asked {
            Asked::Command => self.command(&text, tls),
            Asked::Login => {
                (self.step, self.asked) = ("auth", Asked::Password);
                say("334 UGFzc3dvcmQ6")
            }
            Asked::Password => {
                (self.step, self.asked) = ("auth-end", Asked::Command);
                say("235 2.7.0 Authenticated")
            }
            Asked::Content if line == b"." => {
                (self.step, self.asked) = ("end", Asked::Command);
                say("250 2.0.0 Taken")
            }
            Asked::Content => {
                self.step = "content";
                Answer::Silence
            }
        }
    }

    fn step(&self) -> &'static str {
        self.step
    }
}

impl Smtp {
    fn command(&mut self, text: &str, tls: bool) -> Answer {
        let verb = text.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let is = |named: &&String| named.eq_ignore_ascii_case(&verb);
        let script = Arc::clone(&self.script);
        self.step = self.step_of(&verb, text, tls);
        let canned =
            script.override_response.keys().find(is).and_then(|key| script.override_response.get(key));
        if let Some(canned) = canned {
            let bytes = canned.clone().into_bytes();
            return if verb == "QUIT" { Answer::End(bytes) } else { Answer::Say(bytes) };
        }
        if script.hide_commands.iter().any(|hidden| is(&hidden)) {
            return say("500 5.5.1 Command not recognised");
        }
        match verb.as_str() {
            "EHLO" => self.offers(tls),
            "HELO" => say("250 example.org"),
            "STARTTLS" if !tls => self.start_tls(),
            "AUTH" => self.sign_in(text),
            "MAIL" => {
                self.recipients = 0;
                say("250 2.1.0 Ok")
            }
            "RCPT" => say("250 2.1.5 Ok"),
            "DATA" => {
                self.asked = Asked::Content;
                say("354 Go on")
            }
            "RSET" | "NOOP" => say("250 2.0.0 Ok"),
            "QUIT" => Answer::End(b"221 2.0.0 Bye\r\n".to_vec()),
            _ => say("500 5.5.2 Syntax error"),
        }
    }

    fn step_of(&mut self, verb: &str, text: &str, tls: bool) -> &'static str {
        match verb {
            "EHLO" if tls => "ehlo-tls",
            "EHLO" | "HELO" => "ehlo",
            "STARTTLS" => "starttls",
            // With its answer in the same line, it is the end of signing in at once.
            "AUTH" if text.split(' ').count() > 2 => "auth-end",
            "AUTH" => "auth",
            "MAIL" => "mail",
            "RCPT" => {
                self.recipients += 1;
                if self.recipients == 1 { "rcpt" } else { "rcpt-2" }
            }
            "DATA" => "data",
            "QUIT" => "quit",
            _ => "other",
        }
    }

    fn offers(&self, tls: bool) -> Answer {
        let offered = if tls { &self.script.capabilities_tls } else { &self.script.capabilities };
        let mut lines = vec!["example.org".to_owned()];
        lines.extend(offered.iter().map(|capability| match capability {
            Capability::StartTls => "STARTTLS".to_owned(),
            Capability::Pipelining => "PIPELINING".to_owned(),
            Capability::Auth(mechanisms) => {
                let names = mechanisms.iter().map(|mechanism| match mechanism {
                    Mechanism::Plain => "PLAIN",
                    Mechanism::Login => "LOGIN",
                    Mechanism::Other(name) => name.as_str(),
                });
                std::iter::once("AUTH").chain(names).collect::<Vec<_>>().join(" ")
            }
        }));
        let last = lines.len().saturating_sub(1);
        let line =
            |(at, line): (usize, &String)| format!("250{}{line}\r\n", if at < last { '-' } else { ' ' });
        Answer::Say(lines.iter().enumerate().map(line).collect::<String>().into_bytes())
    }

    fn start_tls(&self) -> Answer {
        let usual = "220 2.0.0 Ready to start TLS\r\n";
        let said = &self.script.stls_response;
        let said = if said.is_empty() { usual.into() } else { said.clone().into_bytes() };
        match (self.script.turn, self.script.stls_make_transition) {
            (Some(turn), _) => Answer::Turn(said, turn),
            (None, true) => Answer::Turn(said, Turn::Tls),
            (None, false) => Answer::Say(said),
        }
    }

    fn sign_in(&mut self, text: &str) -> Answer {
        let mut words = text.split(' ').skip(1);
        match (words.next(), words.next()) {
            (Some("PLAIN"), Some(_)) => say("235 2.7.0 Authenticated"),
            (Some("PLAIN"), None) => {
                self.asked = Asked::Password;
                say("334 ")
            }
            (Some("LOGIN"), None) => {
                self.asked = Asked::Login;
                say("334 VXNlcm5hbWU6")
            }
            _ => say("504 5.5.4 Unrecognised mechanism"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::Paper;

    #[test]
    fn a_script_is_read_and_played() {
        let text = "(
            // A comment, as the scripts have them.
            capabilities: [StartTLS, Auth([Plain, Other(\"X-ODD\")])], capabilities_tls: [],
            override_response: { \"helo\": \"220 hi\\r\\n\" }, hide_commands: [\"VRFY\"],
            cert: Cert(crt_path: \"certs/example.org-expired.pem\", key_path: \"k\"),
            implicit_tls: false, hook_data: Pass(\"unknown to us\"),
        )";
        let script = Arc::new(Script::read(text).unwrap());
        assert_eq!(script.paper(), Paper::Expired);
        let mut dialect = script.dialect();
        assert_eq!(dialect.greeting(), b"220 example.org ESMTP ready\r\n");
        for (line, answer, step) in [
            ("EHLO x", "250-example.org\r\n250-STARTTLS\r\n250 AUTH PLAIN X-ODD\r\n", "ehlo"),
            ("HELO x", "220 hi\r\n", "ehlo"),
            ("vrfy x", "500 5.5.1 Command not recognised\r\n", "other"),
            ("AUTH LOGIN", "334 VXNlcm5hbWU6\r\n", "auth"),
            ("dXM=", "334 UGFzc3dvcmQ6\r\n", "auth"),
            ("eA==", "235 2.7.0 Authenticated\r\n", "auth-end"),
            ("RCPT TO:<a@b>", "250 2.1.5 Ok\r\n", "rcpt"),
            ("DATA", "354 Go on\r\n", "data"),
        ] {
            assert_eq!(dialect.answer(line.as_bytes(), false), Answer::Say(answer.into()), "{line}");
            assert_eq!(dialect.step(), step, "{line}");
        }
        assert_eq!(dialect.answer(b"..", false), Answer::Silence);
        assert_eq!(dialect.answer(b".", false), say("250 2.0.0 Taken"));
    }
}
