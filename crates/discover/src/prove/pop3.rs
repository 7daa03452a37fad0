//! POP3 as far as signing in (RFC 1939, RFC 2449, RFC 2595 §4, RFC 5034).

use super::lines::{Lines, evidence, not_mail};
use super::{Credentials, Obstacle, Proof, offered};
use crate::server::{Protocol, Server, SignIn, Tls};
use mail::{Seen, Stage};
use smtp::transport::Transport;

pub(super) async fn prove(
    t: &mut dyn Transport,
    server: &Server,
    credentials: Option<Credentials<'_>>,
) -> Result<Proof, Obstacle> {
    let mut pop3 = Pop3 { t, lines: Lines::default() };
    let greeting = pop3.lines.next(pop3.t, Stage::Greeting).await.map_err(Obstacle::Seen)?;
    if greeting.starts_with("-ERR") {
        return Err(pop3.said(Stage::Greeting, &greeting));
    }
    if !greeting.starts_with("+OK") {
        let seen = not_mail("a greeting that is not POP3");
        return Err(Obstacle::Seen(evidence(pop3.t, Stage::Greeting, seen)));
    }
    let mut capabilities = pop3.capabilities().await?;
    if server.tls == Tls::Starttls {
        if !capabilities.iter().any(|line| line == "STLS") {
            return Err(pop3.without_tls());
        }
        pop3.command(Stage::StartTls, "STLS").await.map_err(|obstacle| match obstacle {
            // A server that offers it and refuses it does not have it, in whatever words.
            Obstacle::Said { .. } => pop3.without_tls(),
            other => other,
        })?;
        pop3.lines.start_tls(pop3.t).await.map_err(Obstacle::Seen)?;
        capabilities = pop3.capabilities().await?;
    }
    let mechanisms = capabilities.iter().filter_map(|line| line.strip_prefix("SASL "));
    let mut sign_in = offered(mechanisms.flat_map(|line| line.split(' ')));
    // A server that does not know CAPA knows USER.
    let user = capabilities.is_empty() || capabilities.iter().any(|line| line == "USER");
    if user && !sign_in.contains(&SignIn::Password) {
        sign_in.push(SignIn::Password);
    }
    if let Some(Credentials { login, password, .. }) = credentials {
        // A line end would begin another command.
        if [login, password.reveal()].iter().any(|text| text.contains(char::is_control)) {
            let seen = Seen::NotOffered { what: "AUTH PLAIN".to_owned() };
            return Err(Obstacle::Seen(evidence(pop3.t, Stage::Auth, seen)));
        }
        pop3.command(Stage::Auth, &format!("USER {login}")).await?;
        let line = mail::Secret::new(format!("PASS {}", password.reveal()));
        pop3.command(Stage::Auth, line.reveal()).await?;
    }
    // Nothing depends on the farewell.
    let _ = pop3.lines.send(pop3.t, Stage::Auth, "QUIT").await;
    Ok(Proof { sign_in, login: credentials.map(|credentials| credentials.login.to_owned()) })
}

struct Pop3<'t> {
    t: &'t mut dyn Transport,
    lines: Lines,
}

impl Pop3<'_> {
    /// What the server says it can; nothing from one that does not know the question.
    async fn capabilities(&mut self) -> Result<Vec<String>, Obstacle> {
        self.lines.send(self.t, Stage::Ehlo, "CAPA").await.map_err(Obstacle::Seen)?;
        let mut found = Vec::new();
        if !self.lines.next(self.t, Stage::Ehlo).await.map_err(Obstacle::Seen)?.starts_with("+OK") {
            return Ok(found);
        }
        loop {
            let line = self.lines.next(self.t, Stage::Ehlo).await.map_err(Obstacle::Seen)?;
            if line == "." {
                return Ok(found);
            }
            found.push(line.to_ascii_uppercase());
        }
    }

    async fn command(&mut self, stage: Stage, command: &str) -> Result<(), Obstacle> {
        self.lines.send(self.t, stage, command).await.map_err(Obstacle::Seen)?;
        let line = self.lines.next(self.t, stage).await.map_err(Obstacle::Seen)?;
        if line.starts_with("+OK") { Ok(()) } else { Err(self.said(stage, &line)) }
    }

    fn said(&self, stage: Stage, text: &str) -> Obstacle {
        let text = text.chars().take(500).collect();
        Obstacle::Said { peer: self.t.peer(), protocol: Protocol::Pop3, stage, text }
    }

    /// STLS is what POP3 calls STARTTLS.
    fn without_tls(&self) -> Obstacle {
        let seen = Seen::NotOffered { what: "STARTTLS".to_owned() };
        Obstacle::Seen(evidence(self.t, Stage::StartTls, seen))
    }
}
