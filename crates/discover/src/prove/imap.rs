//! IMAP as far as signing in (RFC 9051 §6.1, §6.2).

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
    let mut imap = Imap { t, lines: Lines::default() };
    imap.greeting().await?;
    let mut capabilities = imap.capabilities().await?;
    if server.tls == Tls::Starttls {
        if !has(&capabilities, "STARTTLS") {
            return Err(imap.not_offered(Stage::StartTls, "STARTTLS"));
        }
        let begun = imap.command(Stage::StartTls, "b STARTTLS", "b").await;
        begun.map_err(|obstacle| imap.refused_to_encrypt(obstacle))?;
        imap.lines.start_tls(imap.t).await.map_err(Obstacle::Seen)?;
        // What was offered before TLS is forgotten (RFC 9051 §6.2.1).
        capabilities = imap.capabilities().await?;
    }
    let mut sign_in = offered(capabilities.iter().filter_map(|word| word.strip_prefix("AUTH=")));
    let by_command = !has(&capabilities, "LOGINDISABLED");
    if by_command && !sign_in.contains(&SignIn::Password) {
        sign_in.push(SignIn::Password);
    }
    if let Some(credentials) = credentials {
        imap.sign_in(&capabilities, by_command, credentials).await?;
    }
    // Nothing depends on the farewell.
    let _ = imap.lines.send(imap.t, Stage::Auth, "z LOGOUT").await;
    Ok(Proof { sign_in, login: credentials.map(|credentials| credentials.login.to_owned()) })
}

fn has(capabilities: &[String], name: &str) -> bool {
    capabilities.iter().any(|word| word == name)
}

struct Imap<'t> {
    t: &'t mut dyn Transport,
    lines: Lines,
}

impl Imap<'_> {
    async fn greeting(&mut self) -> Result<(), Obstacle> {
        let line = self.lines.next(self.t, Stage::Greeting).await.map_err(Obstacle::Seen)?;
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next().map(str::to_ascii_uppercase).as_deref()) {
            (Some("*"), Some("OK")) => Ok(()),
            (Some("*"), Some("BYE")) => Err(self.said(Stage::Greeting, &line)),
            // PREAUTH would let anybody in: it is no server for people.
            _ => Err(Obstacle::Seen(evidence(
                self.t,
                Stage::Greeting,
                not_mail("a greeting that is not IMAP"),
            ))),
        }
    }

    async fn capabilities(&mut self) -> Result<Vec<String>, Obstacle> {
        let untagged = match self.command(Stage::Ehlo, "a CAPABILITY", "a").await {
            // Whoever does not know the question has nothing to offer.
            Err(Obstacle::Said { .. }) => Vec::new(),
            answer => answer?,
        };
        let lines = untagged.iter().filter_map(|line| line.strip_prefix("* CAPABILITY "));
        Ok(lines.flat_map(|line| line.split(' ').map(str::to_ascii_uppercase)).collect())
    }

    /// Sends a command, and gives the untagged answers when it was done.
    async fn command(&mut self, stage: Stage, command: &str, tag: &str) -> Result<Vec<String>, Obstacle> {
        self.lines.send(self.t, stage, command).await.map_err(Obstacle::Seen)?;
        self.answer(stage, tag).await
    }

    async fn answer(&mut self, stage: Stage, tag: &str) -> Result<Vec<String>, Obstacle> {
        let mut untagged = Vec::new();
        loop {
            let line = self.lines.next(self.t, stage).await.map_err(Obstacle::Seen)?;
            match line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                Some(rest) if rest.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("OK")) => {
                    return Ok(untagged);
                }
                Some(rest) => return Err(self.said(stage, rest)),
                None if line.to_ascii_uppercase().starts_with("* BYE") => return Err(self.said(stage, &line)),
                None => untagged.push(line),
            }
        }
    }

    async fn sign_in(
        &mut self,
        capabilities: &[String],
        by_command: bool,
        Credentials { login, password, .. }: Credentials<'_>,
    ) -> Result<(), Obstacle> {
        if has(capabilities, "AUTH=PLAIN") {
            self.lines.send(self.t, Stage::Auth, "c AUTHENTICATE PLAIN").await.map_err(Obstacle::Seen)?;
            let line = self.lines.next(self.t, Stage::Auth).await.map_err(Obstacle::Seen)?;
            if !line.starts_with('+') {
                return Err(self.said(Stage::Auth, line.strip_prefix("c ").unwrap_or(&line)));
            }
            let response = smtp::sasl::plain(login, password);
            return self.command(Stage::Auth, response.reveal(), "c").await.map(drop);
        }
        // A quoted string holds no line end and no NUL (RFC 9051 §4.3); such a password cannot be sent by LOGIN.
        let plain = |text: &str| text.is_ascii() && !text.contains(char::is_control);
        if !by_command || !plain(login) || !plain(password.reveal()) {
            return Err(self.not_offered(Stage::Auth, "AUTH=PLAIN"));
        }
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let line =
            mail::Secret::new(format!("c LOGIN \"{}\" \"{}\"", quoted(login), quoted(password.reveal())));
        self.command(Stage::Auth, line.reveal(), "c").await.map(drop)
    }

    fn said(&self, stage: Stage, text: &str) -> Obstacle {
        let text = text.chars().take(500).collect();
        Obstacle::Said { peer: self.t.peer(), protocol: Protocol::Imap, stage, text }
    }

    /// A server that offers STARTTLS and refuses it does not have it, in whatever words.
    fn refused_to_encrypt(&self, obstacle: Obstacle) -> Obstacle {
        match obstacle {
            Obstacle::Said { .. } => self.not_offered(Stage::StartTls, "STARTTLS"),
            other => other,
        }
    }

    fn not_offered(&self, stage: Stage, what: &str) -> Obstacle {
        Obstacle::Seen(evidence(self.t, stage, Seen::NotOffered { what: what.to_owned() }))
    }
}
