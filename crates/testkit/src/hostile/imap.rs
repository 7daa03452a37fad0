//! IMAP as a dialect, and the scripts of <https://github.com/Email-Analysis-Toolkit/fake-mail-server> for it.

use super::smtp::Cert;
use super::{Answer, Dialect, Scripted, Turn};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// A script: what is offered before TLS and under it, and what is answered differently from a server that works.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Script {
    greeting: Greeting,
    /// What follows the greeting at once.
    response_after_greeting: Option<String>,
    caps: Vec<Capability>,
    caps_tls: Vec<Capability>,
    /// Canned answers, by command; `<tag>` stands for its tag.
    override_response: HashMap<String, String>,
    hide_commands: Vec<String>,
    ignore_commands: Vec<String>,
    starttls_response: Option<String>,
    starttls_transition: bool,
    /// Whether the connection begins with TLS.
    pub implicit_tls: bool,
    cert: Cert,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: Greeting { kind: Kind::Ok, code: None, text: Text("ready".to_owned()) },
            response_after_greeting: None,
            caps: Vec::new(),
            caps_tls: Vec::new(),
            override_response: HashMap::new(),
            hide_commands: Vec::new(),
            ignore_commands: Vec::new(),
            starttls_response: None,
            starttls_transition: true,
            implicit_tls: false,
            cert: Cert::default(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Greeting {
    kind: Kind,
    code: Option<Code>,
    text: Text,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum Kind {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

#[derive(Debug, Clone, Deserialize)]
enum Code {
    Capability(NonEmptyVec),
    Alert,
    Parse,
    BadCharset {
        #[expect(dead_code, reason = "what is allowed tells us nothing")]
        allowed: Vec<Charset>,
    },
}

#[derive(Debug, Clone, Deserialize)]
enum Charset {
    #[expect(dead_code, reason = "read, so that the whole script is")]
    Atom(Atom),
}

#[derive(Debug, Clone, Deserialize)]
struct NonEmptyVec(Vec<Capability>);

#[derive(Debug, Clone, Deserialize)]
struct Text(String);

#[derive(Debug, Clone, Deserialize)]
struct Atom(String);

#[derive(Debug, Clone, Deserialize)]
enum Capability {
    Imap4Rev1,
    StartTls,
    LoginDisabled,
    Idle,
    Enable,
    LoginReferrals,
    MailboxReferrals,
    Auth(Mechanism),
    Other(CapabilityOther),
}

#[derive(Debug, Clone, Deserialize)]
struct CapabilityOther {
    inner: Atom,
}

#[derive(Debug, Clone, Deserialize)]
enum Mechanism {
    Plain,
    Login,
    Other(AuthMechanismOther),
}

#[derive(Debug, Clone, Deserialize)]
struct AuthMechanismOther(Atom);

impl Capability {
    fn written(&self) -> String {
        match self {
            Self::Imap4Rev1 => "IMAP4REV1".to_owned(),
            Self::StartTls => "STARTTLS".to_owned(),
            Self::LoginDisabled => "LOGINDISABLED".to_owned(),
            Self::Idle => "IDLE".to_owned(),
            Self::Enable => "ENABLE".to_owned(),
            Self::LoginReferrals => "LOGIN-REFERRALS".to_owned(),
            Self::MailboxReferrals => "MAILBOX-REFERRALS".to_owned(),
            Self::Auth(Mechanism::Plain) => "AUTH=PLAIN".to_owned(),
            Self::Auth(Mechanism::Login) => "AUTH=LOGIN".to_owned(),
            Self::Auth(Mechanism::Other(AuthMechanismOther(Atom(name)))) => format!("AUTH={name}"),
            Self::Other(CapabilityOther { inner: Atom(name) }) => name.clone(),
        }
    }
}

fn list(capabilities: &[Capability]) -> String {
    capabilities.iter().map(|one| format!(" {}", one.written())).collect()
}

impl Scripted for Script {
    fn cert(&self) -> &Cert {
        &self.cert
    }

    fn has_implicit_tls(&self) -> bool {
        self.implicit_tls
    }

    fn dialect(self: &Arc<Self>) -> Box<dyn Dialect> {
        Box::new(Imap { script: Arc::clone(self), step: "greeting", asked: None })
    }
}

impl Script {
    fn greeting(&self) -> String {
        if let Some(canned) = self.override_response.get("greeting") {
            return canned.clone();
        }
        let Greeting { kind, code, text: Text(text) } = &self.greeting;
        let kind = match kind {
            Kind::Ok => "OK",
            Kind::No => "NO",
            Kind::Bad => "BAD",
            Kind::Bye => "BYE",
            Kind::PreAuth => "PREAUTH",
        };
        let code = match code {
            None => String::new(),
            Some(Code::Capability(NonEmptyVec(all))) => format!("[CAPABILITY{}] ", list(all)),
            Some(Code::Alert) => "[ALERT] ".to_owned(),
            Some(Code::Parse) => "[PARSE] ".to_owned(),
            Some(Code::BadCharset { .. }) => "[BADCHARSET (x)] ".to_owned(),
        };
        let after = self.response_after_greeting.as_deref().unwrap_or_default();
        format!("* {kind} {code}{text}\r\n{after}")
    }
}

struct Imap {
    script: Arc<Script>,
    step: &'static str,
    /// The tag of the command whose continuation comes.
    asked: Option<String>,
}

impl Dialect for Imap {
    fn greeting(&mut self) -> Vec<u8> {
        self.script.greeting().into_bytes()
    }

    fn answer(&mut self, line: &[u8], tls: bool) -> Answer {
        let text = String::from_utf8_lossy(line);
        if let Some(tag) = self.asked.take() {
            self.step = "auth-end";
            return say(&format!("{tag} OK in"));
        }
        let mut words = text.split(' ');
        let tag = words.next().unwrap_or_default();
        let verb = words.next().unwrap_or_default().to_ascii_lowercase();
        let script = Arc::clone(&self.script);
        let is = |named: &String| *named == verb;
        if let Some(canned) = script.override_response.get(&verb) {
            return Answer::Say(canned.replace("<tag>", tag).into_bytes());
        }
        if script.ignore_commands.iter().any(is) {
            return Answer::Silence;
        }
        if script.hide_commands.iter().any(is) {
            return say(&format!("{tag} BAD unknown command"));
        }
        self.command(tag, &verb, tls)
    }

    fn step(&self) -> &'static str {
        self.step
    }
}

impl Imap {
    fn command(&mut self, tag: &str, verb: &str, tls: bool) -> Answer {
        let script = &self.script;
        match verb {
            "capability" => {
                self.step = if tls { "capability-tls" } else { "capability" };
                let all = if tls { &script.caps_tls } else { &script.caps };
                say(&format!("* CAPABILITY{}\r\n{tag} OK done", list(all)))
            }
            "starttls" if !tls => {
                self.step = "starttls";
                let usual = "<tag> OK begin\r\n".to_owned();
                let said = script.starttls_response.clone().unwrap_or(usual).replace("<tag>", tag);
                let said = said.into_bytes();
                if script.starttls_transition { Answer::Turn(said, Turn::Tls) } else { Answer::Say(said) }
            }
            "authenticate" => {
                self.step = "auth";
                self.asked = Some(tag.to_owned());
                say("+ ")
            }
            "login" => {
                self.step = "auth-end";
                say(&format!("{tag} OK in"))
            }
            "logout" => Answer::End(format!("* BYE\r\n{tag} OK bye\r\n").into_bytes()),
            _ => say(&format!("{tag} BAD unknown command")),
        }
    }
}

fn say(text: &str) -> Answer {
    Answer::Say(format!("{text}\r\n").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hostile::Paper;

    #[test]
    fn a_script_is_read_and_played() {
        let text = "(
            state: NotAuthenticated,
            greeting: (kind: Ok, code: Some(Capability(NonEmptyVec([Imap4Rev1, StartTls]))), text: Text(\"hi\")),
            response_after_greeting: Some(\"* 3 EXISTS\\r\\n\"),
            caps: [Imap4Rev1, StartTls, Other(CapabilityOther(inner: Atom(\"X\")))],
            caps_tls: [Auth(Other(AuthMechanismOther(Atom(\"RPA\"))))], caps_auth: [], caps_tls_auth: [],
            starttls_response: Some(\"<tag> BAD no\\r\\n\"), starttls_transition: false,
            hide_commands: [\"noop\"], hook_login: Terminate(\"unknown to us\"),
            cert: Cert(crt_path: \"certs/other.org.pem\", key_path: \"k\"), implicit_tls: false,
        )";
        let script = Arc::new(Script::read(text).unwrap());
        assert_eq!(script.paper(), Paper::WrongName);
        let mut dialect = script.dialect();
        let greeting = String::from_utf8(dialect.greeting()).unwrap();
        assert_eq!(greeting, "* OK [CAPABILITY IMAP4REV1 STARTTLS] hi\r\n* 3 EXISTS\r\n");
        for (line, tls, answer) in [
            ("a CAPABILITY", false, "* CAPABILITY IMAP4REV1 STARTTLS X\r\na OK done\r\n"),
            ("a capability", true, "* CAPABILITY AUTH=RPA\r\na OK done\r\n"),
            ("b STARTTLS", false, "b BAD no\r\n"),
            ("c NOOP", false, "c BAD unknown command\r\n"),
            ("d AUTHENTICATE PLAIN", true, "+ \r\n"),
            ("AGE=", true, "d OK in\r\n"),
            ("e LOGIN a b", true, "e OK in\r\n"),
        ] {
            assert_eq!(dialect.answer(line.as_bytes(), tls), Answer::Say(answer.into()), "{line}");
        }
        assert_eq!(dialect.step(), "auth-end");
    }
}
