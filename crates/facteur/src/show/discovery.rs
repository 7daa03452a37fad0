//! The mail settings of an address: as a table with advice, and as what each program wants to be told.

use super::Reader;
use super::table::Table;
use control::found::{self, came_of, lines_of, remarks, security};
use discover::give::Program;
use discover::publish::Hosted;
use discover::{Discovery, UserForm};
use qrcodegen::{QrCode, QrCodeEcc};
use std::fmt::Write as _;

/// What the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForProgram {
    /// A program that wants them as text.
    Text(found::ForProgram),
    /// A picture for a phone's camera, with the settings as text.
    Qr,
}

impl ForProgram {
    /// All of them, by the words to type.
    pub const ALL: [(&'static str, Self); 13] = [
        ("thunderbird", Self::Text(found::ForProgram::Thunderbird)),
        ("outlook", Self::Text(found::ForProgram::Outlook)),
        ("apple", Self::Text(found::ForProgram::Apple)),
        ("android", Self::Text(found::ForProgram::Android)),
        ("qr", Self::Qr),
        ("msmtp", Self::Text(found::ForProgram::Of(Program::Msmtp))),
        ("postfix", Self::Text(found::ForProgram::Of(Program::Postfix))),
        ("php", Self::Text(found::ForProgram::Of(Program::Php))),
        ("wordpress", Self::Text(found::ForProgram::Of(Program::WordPress))),
        ("django", Self::Text(found::ForProgram::Of(Program::Django))),
        ("rails", Self::Text(found::ForProgram::Of(Program::Rails))),
        ("laravel", Self::Text(found::ForProgram::Of(Program::Laravel))),
        ("node", Self::Text(found::ForProgram::Of(Program::Node))),
    ];
}

/// The settings and what to do with them.
pub fn discovery(discovery: &Discovery, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let findings = &discovery.findings;
    let mut text = match &findings.provider {
        Some(provider) => {
            let gaps =
                [("name", discovery.address.to_string().into()), ("value", provider.name.clone().into())];
            format!("{}\n\n", phrases.fill("discover-setting", gaps))
        }
        None => format!("{}\n\n", discovery.address),
    };
    if !findings.candidates.is_empty() {
        let mut table = Table::new([
            phrases.say("column-protocol"),
            phrases.say("column-server"),
            phrases.say("column-port"),
            phrases.say("column-security"),
            phrases.say("column-user"),
            if discovery.live { phrases.say("column-tried") } else { String::new() },
        ]);
        for candidate in &findings.candidates {
            let server = &candidate.server;
            table.row([
                server.protocol.label().to_owned(),
                server.host.clone(),
                server.port.to_string(),
                security(server.tls).to_owned(),
                discovery.login(candidate),
                came_of(candidate, discovery, reader),
            ]);
        }
        text += &table.text();
        text.push('\n');
    }
    for line in remarks(discovery, reader) {
        let _ = writeln!(text, "{line}");
    }
    if !discovery.unconfirmed.is_empty() {
        let _ = writeln!(text, "{}", phrases.say("discover-say-trust"));
    }
    text
}

/// The settings as a program wants them; `None` when there is nothing to send with, or, for a mail program, to read with.
pub fn settings_for(program: ForProgram, discovery: &Discovery, reader: &Reader) -> Option<String> {
    match program {
        ForProgram::Text(program) => found::settings_for(program, discovery, reader),
        ForProgram::Qr => {
            found::settings_for(found::ForProgram::Text, discovery, reader).as_deref().and_then(picture)
        }
    }
}

/// The settings of a domain, for its people to read.
pub fn settings_page(hosted: &Hosted, reader: &Reader) -> String {
    let phrases = &reader.phrases;
    let mut text = format!("{}\n", phrases.fill("discover-page", [("domain", hosted.name.clone().into())]));
    for server in &hosted.servers {
        let user = match server.user {
            Some(UserForm::Local) => phrases.say("discover-user-local"),
            _ => phrases.say("discover-user-full"),
        };
        let _ = write!(text, "\n{}", lines_of(server, &user, reader));
    }
    text
}

/// A QR code, two rows of it in one line of text, dark on light as cameras want it.
fn picture(text: &str) -> Option<String> {
    const QUIET: i32 = 2;
    let code = QrCode::encode_text(text, QrCodeEcc::Low).ok()?;
    let edge = code.size() + QUIET;
    let dark = |x, y| code.get_module(x, y);
    let mut picture = String::new();
    let mut y = -QUIET;
    while y < edge {
        for x in -QUIET..edge {
            // A terminal is dark, so its own light is the paper.
            picture.push(match (dark(x, y), dark(x, y + 1)) {
                (false, false) => '█',
                (false, true) => '▀',
                (true, false) => '▄',
                (true, true) => ' ',
            });
        }
        picture.push('\n');
        y += 2;
    }
    Some(picture)
}

#[cfg(test)]
mod tests;
