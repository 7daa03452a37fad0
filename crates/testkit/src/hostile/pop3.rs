//! POP3 as a dialect, and the scripts of <https://github.com/Email-Analysis-Toolkit/fake-mail-server> for it.

use super::smtp::Cert;
use super::{Answer, Dialect, Scripted, Turn};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;

/// A script: what is offered before TLS and under it, and what is answered differently from a server that works.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Script {
    greeting: String,
    capa: Vec<String>,
    capa_tls: Vec<String>,
    /// Canned answers, by command; `authlist` is AUTH without a mechanism.
    override_response: HashMap<String, String>,
    hide_commands: Vec<String>,
    stls_response: String,
    stls_make_transition: bool,
    /// Whether the connection begins with TLS.
    pub implicit_tls: bool,
    cert: Cert,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: "+OK ready\r\n".to_owned(),
            capa: Vec::new(),
            capa_tls: Vec::new(),
            override_response: HashMap::new(),
            hide_commands: Vec::new(),
            stls_response: "+OK begin\r\n".to_owned(),
            stls_make_transition: true,
            implicit_tls: false,
            cert: Cert::default(),
        }
    }
}

impl Scripted for Script {
    fn cert(&self) -> &Cert {
        &self.cert
    }

    fn has_implicit_tls(&self) -> bool {
        self.implicit_tls
    }

    fn dialect(self: &Arc<Self>) -> Box<dyn Dialect> {
        Box::new(Pop3 { script: Arc::clone(self), step: "greeting", asked: false })
    }
}

struct Pop3 {
    script: Arc<Script>,
    step: &'static str,
    /// Whether the answer to AUTH comes.
    asked: bool,
}

impl Dialect for Pop3 {
    fn greeting(&mut self) -> Vec<u8> {
        self.script.greeting.clone().into_bytes()
    }

    fn answer(&mut self, line: &[u8], tls: bool) -> Answer {
        let text = String::from_utf8_lossy(line);
        if std::mem::take(&mut self.asked) {
            self.step = "auth-end";
            return say("+OK in");
        }
        let verb =
            if text.eq_ignore_ascii_case("AUTH") { "authlist" } else { text.split(' ').next().unwrap_or("") };
        let verb = verb.to_ascii_lowercase();
        let script = Arc::clone(&self.script);
        if let Some(canned) = script.override_response.get(&verb) {
            return Answer::Say(canned.clone().into_bytes());
        }
        if script.hide_commands.contains(&verb) {
            return say("-ERR unknown command");
        }
        match verb.as_str() {
            "capa" => {
                self.step = if tls { "capa-tls" } else { "capa" };
                let all = if tls { &script.capa_tls } else { &script.capa };
                let lines: String = all.iter().map(|line| format!("{line}\r\n")).collect();
                say(&format!("+OK\r\n{lines}."))
            }
            "stls" if !tls => {
                self.step = "stls";
                let said = script.stls_response.clone().into_bytes();
                if script.stls_make_transition { Answer::Turn(said, Turn::Tls) } else { Answer::Say(said) }
            }
            "user" => {
                self.step = "auth";
                say("+OK")
            }
            "auth" => {
                (self.step, self.asked) = ("auth", true);
                say("+ ")
            }
            "pass" | "apop" => {
                self.step = "auth-end";
                say("+OK in")
            }
            "quit" => Answer::End(b"+OK bye\r\n".to_vec()),
            _ => say("-ERR unknown command"),
        }
    }

    fn step(&self) -> &'static str {
        self.step
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
            greeting: \"+OK hi\\r\\n\", capa: [\"STLS\"], capa_auth: [], capa_tls: [\"USER\"], capa_tls_auth: [],
            override_response: { \"authlist\": \"-ERR none\\r\\n\" }, hide_commands: [\"uidl\"],
            cert: Cert(crt_path: \"certs/example.org-self-signed.pem\", key_path: \"k\"), implicit_tls: false,
        )";
        let script = Arc::new(Script::read(text).unwrap());
        assert_eq!(script.paper(), Paper::SelfSigned);
        let mut dialect = script.dialect();
        assert_eq!(dialect.greeting(), b"+OK hi\r\n");
        for (line, tls, answer) in [
            ("CAPA", false, "+OK\r\nSTLS\r\n.\r\n"),
            ("capa", true, "+OK\r\nUSER\r\n.\r\n"),
            ("AUTH", false, "-ERR none\r\n"),
            ("UIDL", true, "-ERR unknown command\r\n"),
            ("USER a", true, "+OK\r\n"),
            ("PASS b", true, "+OK in\r\n"),
        ] {
            assert_eq!(dialect.answer(line.as_bytes(), tls), Answer::Say(answer.into()), "{line}");
        }
        assert_eq!(dialect.answer(b"STLS", false), Answer::Turn(b"+OK begin\r\n".to_vec(), Turn::Tls));
    }
}
