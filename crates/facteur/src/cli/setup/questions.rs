//! What must be known: from the flags, else by asking on the terminal, else nothing is done.

use super::{Arguments, DIRECT, Way, Wishes};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::{output, password, relay};
use crate::words::Gap;
use control::RelaySpec;
use deliver::{PRESETS, preset};
use mail::Domain;
use std::str::FromStr;

/// How often a question is put again after an answer that means nothing.
const TRIES: u32 = 3;

/// Everything, or a complaint that names what is missing.
pub fn wishes(arguments: Arguments, known: Domain, console: &Console) -> Result<Wishes, Failure> {
    let usable = known.as_ascii().contains('.');
    if !password::can_ask() {
        let missing: Vec<&str> = [
            ("--host-name", arguments.host_name.is_none() && !usable),
            ("--relay | --direct", arguments.relay.is_none() && !arguments.direct),
            ("--admin", arguments.admin.is_none()),
        ]
        .into_iter()
        .filter_map(|(flag, missing)| missing.then_some(flag))
        .collect();
        if !missing.is_empty() {
            return Err(Failure::Usage("usage-setup-needed", missing.join(", ")));
        }
    }
    let host_name = match &arguments.host_name {
        Some(name) => name.clone(),
        None if !password::can_ask() => known,
        None => asked("setup-ask-host", &[], usable.then_some(known), console)?,
    };
    let administrator = arguments.admin.clone();
    let way = way(arguments, console)?;
    let administrator = match administrator {
        Some(address) => address,
        None => asked("setup-ask-admin", &[], None, console)?,
    };
    Ok(Wishes { host_name, way, administrator })
}

fn way(arguments: Arguments, console: &Console) -> Result<Way, Failure> {
    let server: String = match (&arguments.relay, arguments.direct) {
        (_, true) => return Ok(Way::Direct),
        (Some(server), _) => server.clone(),
        (None, false) => {
            let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
            asked("setup-ask-way", &[("presets", names.join(", ").into())], None, console)?
        }
    };
    if server == DIRECT {
        return Ok(Way::Direct);
    }
    let known = preset(&server).map(|known| known.name);
    let settings = relay::Settings {
        preset: known.map(str::to_owned),
        host: known.is_none().then(|| server.clone()),
        port: arguments.port,
        tls: arguments.tls,
        insecure: false,
        ca: arguments.ca,
        login: arguments.login,
        password_stdin: arguments.password_stdin,
        no_auth: arguments.no_auth,
        sender: None,
        region: arguments.region,
        connections: None,
        recipients: None,
        default: true,
    };
    let name = known.map_or(server, str::to_owned);
    let asked = relay::AddArguments { name: Some(name), owner: None, account: None, settings };
    let spec: RelaySpec = asked.spec(console)?;
    Ok(Way::Relay(Box::new(spec)))
}

/// An answer that can be read, within a few tries; an empty one is the proposal, when there is one.
fn asked<T: FromStr + ToString>(
    key: &'static str,
    gaps: &[Gap<'_>],
    proposal: Option<T>,
    console: &Console,
) -> Result<T, Failure> {
    let mut prompt = console.reader.phrases.fill(key, gaps.iter().cloned());
    if let Some(proposal) = &proposal {
        prompt += &format!(" [{}]", proposal.to_string());
    }
    prompt += &format!("{} ", console.reader.phrases.say("colon"));
    for _ in 0..TRIES {
        let answer = password::ask_openly(&prompt)?;
        match (answer.is_empty(), answer.parse()) {
            (false, Ok(read)) => return Ok(read),
            (true, _) if proposal.is_some() => break,
            _ => output::warn(&format!("{}\n", console.reader.phrases.say("setup-ask-again"))),
        }
    }
    proposal.ok_or(Failure::Usage("usage-setup-unanswered", String::new()))
}
