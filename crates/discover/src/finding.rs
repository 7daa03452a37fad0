//! What was found, in the order in which it deserves to be believed.

use crate::advice::Advice;
use crate::facts::{Facts, Provider};
use crate::server::{Protocol, Server, Tls, UserForm};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most candidates that are kept of one protocol: each may be tried.
const MAX_OF_A_PROTOCOL: usize = 8;

/// The ports at which mail is read and sent. A stranger's document that names another one would have us knock at doors
/// of its choice.
const PORTS: [u16; 8] = [993, 143, 995, 110, 587, 465, 2525, 25];

/// Where a candidate comes from. The order is that of belief among sources of one trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// This server hosts the domain itself.
    Own,
    /// `autoconfig.` of the domain.
    Autoconfig,
    /// The well-known address at the domain.
    WellKnown,
    /// The table of providers, by the domain.
    Facts,
    /// Records of the DNS (RFC 6186, RFC 8314).
    Srv,
    /// A document to which a text of the domain leads in the DNS (`mailconf=`).
    Mailconf,
    /// Autodiscover, asked without credentials.
    Autodiscover,
    /// The table of providers, by the domain's mail host.
    MxFacts,
    /// `autoconfig.` of the domain's mail host.
    MxAutoconfig,
    /// Names that are usual.
    Guess,
}

impl Source {
    /// The name that programs use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Autoconfig => "autoconfig",
            Self::WellKnown => "well_known",
            Self::Facts => "facts",
            Self::Srv => "srv",
            Self::Mailconf => "mailconf",
            Self::Autodiscover => "autodiscover",
            Self::MxFacts => "mx_facts",
            Self::MxAutoconfig => "mx_autoconfig",
            Self::Guess => "guess",
        }
    }
}

/// How far the source of a candidate can be believed, before anything is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Trust {
    /// The domain itself says so by https, or we know.
    A,
    /// Reached through DNS answers that were signed.
    B,
    /// A hint from answers that anybody on the way could have changed.
    C,
    /// A guess.
    D,
}

/// A server that may be the right one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The server.
    pub server: Server,
    /// Who says so.
    pub source: Source,
    /// How far that can be believed.
    pub trust: Trust,
}

impl Candidate {
    /// The user name forms to try, the stated one first; at most three, for some servers lock an account after that.
    pub fn user_forms(&self) -> Vec<UserForm> {
        let mut forms: Vec<UserForm> = self.server.user.clone().into_iter().collect();
        for form in [UserForm::Full, UserForm::Local] {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms
    }
}

/// Why a server of a source is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Without TLS a password would be readable on the way.
    NoTls,
    /// Its name is not a name of the Internet.
    NoName,
    /// Its port is no port.
    NoPort,
    /// Its port is not one at which mail is read or sent.
    OddPort,
    /// The domain says that it does not offer this (RFC 6186 §3.4).
    NotOffered,
}

/// A server that a source names and that is not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// What it would speak.
    pub protocol: Protocol,
    /// What the source calls it, shortened.
    pub host: String,
    /// Why not.
    pub why: Why,
    /// Who named it.
    pub source: Source,
}

/// Everything that was found about an address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Whose mailboxes these are, when the table knows.
    #[serde(serialize_with = "named", deserialize_with = "by_name")]
    pub provider: Option<Provider>,
    /// The servers, best first within each protocol.
    pub candidates: Vec<Candidate>,
    /// What was named and is not used.
    pub dropped: Vec<Dropped>,
    /// Whether Exchange or Microsoft 365 answers for the domain (an account of the kind that Outlook calls MAPI).
    pub exchange: bool,
}

/// A provider travels by its name in the table, which both ends have.
fn named<S: Serializer>(provider: &Option<Provider>, output: S) -> Result<S::Ok, S::Error> {
    provider.as_ref().map(|provider| &provider.id).serialize(output)
}

fn by_name<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Provider>, D::Error> {
    let name: Option<String> = Option::deserialize(input)?;
    Ok(name.and_then(|name| Facts::shipped().named(&name).cloned()))
}

impl Findings {
    /// The candidates of a protocol, best first.
    pub fn of(&self, protocol: Protocol) -> impl Iterator<Item = &Candidate> {
        self.candidates.iter().filter(move |candidate| candidate.server.protocol == protocol)
    }

    /// The best candidate of a protocol.
    pub fn best(&self, protocol: Protocol) -> Option<&Candidate> {
        self.of(protocol).next()
    }

    /// What a person should use.
    pub fn advice(&self) -> Advice {
        Advice::of(self)
    }
}

/// Puts candidates into their order: by trust, by source, by how good the door is. The same door is kept once, with
/// what any believable source says of signing in; what has no TLS, or an odd port, is moved to `dropped`; and a guess is left out
/// where somebody who knows has spoken.
pub(crate) fn rank(mut found: Vec<Candidate>, dropped: &mut Vec<Dropped>) -> Vec<Candidate> {
    found.sort_by_key(|c| (c.server.protocol, c.trust, c.source, c.server.rank()));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in found {
        let protocol = candidate.server.protocol;
        let why = match candidate.server.tls {
            Tls::None => Some(Why::NoTls),
            _ if !PORTS.contains(&candidate.server.port) => Some(Why::OddPort),
            _ => None,
        };
        if let Some(why) = why {
            let (host, source) = (candidate.server.host, candidate.source);
            if !dropped.iter().any(|known| (known.protocol, &known.host) == (protocol, &host)) {
                dropped.push(Dropped { protocol, host, why, source });
            }
            continue;
        }
        if let Some(known) = kept.iter_mut().find(|known| known.server.same_door(&candidate.server)) {
            known.server.user = known.server.user.take().or(candidate.server.user);
            if known.server.sign_in.is_empty() {
                known.server.sign_in = candidate.server.sign_in;
            }
            continue;
        }
        let (mut same, mut known) = (0, false);
        for other in kept.iter().filter(|other| other.server.protocol == protocol) {
            same += 1;
            known |= other.source != Source::Guess;
        }
        let needless = candidate.source == Source::Guess && known;
        if !needless && same < MAX_OF_A_PROTOCOL {
            kept.push(candidate);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::SignIn;

    fn candidate(
        host: &str,
        protocol: Protocol,
        port: u16,
        tls: Tls,
        source: Source,
        trust: Trust,
    ) -> Candidate {
        Candidate { server: Server::at(protocol, host, port, tls), source, trust }
    }

    #[track_caller]
    fn check(found: &[Candidate], expected: &[&str], dropped: &[&str]) {
        let mut away = Vec::new();
        let ranked = rank(found.to_vec(), &mut away);
        let shown: Vec<_> = ranked.iter().map(|c| format!("{}:{}", c.server.host, c.server.port)).collect();
        assert_eq!(shown, expected);
        assert_eq!(away.iter().map(|dropped| dropped.host.as_str()).collect::<Vec<_>>(), dropped);
    }

    #[test]
    fn the_believable_goes_first_and_guesses_give_way() {
        use Protocol::{Imap, Smtp};
        use Tls::{Implicit, Starttls};
        let guess = candidate("imap.a.example", Imap, 993, Implicit, Source::Guess, Trust::D);
        let srv = candidate("mail.a.example", Imap, 993, Implicit, Source::Srv, Trust::C);
        let auto = candidate("mx.a.example", Imap, 143, Starttls, Source::Autoconfig, Trust::A);
        check(&[guess.clone(), srv.clone(), auto.clone()], &["mx.a.example:143", "mail.a.example:993"], &[]);
        check(std::slice::from_ref(&guess), &["imap.a.example:993"], &[]);
        let clear = candidate("old.a.example", Imap, 143, Tls::None, Source::Facts, Trust::A);
        check(&[clear, guess], &["imap.a.example:993"], &["old.a.example"]);
        let odd = candidate("door.a.example", Imap, 22, Implicit, Source::Autoconfig, Trust::A);
        check(std::slice::from_ref(&odd), &[], &["door.a.example"]);
        let send = |port, tls| candidate("s.example", Smtp, port, tls, Source::Facts, Trust::A);
        let found = [send(25, Starttls), send(2525, Starttls), send(465, Implicit), send(587, Starttls)];
        check(&found, &["s.example:587", "s.example:465", "s.example:2525", "s.example:25"], &[]);
    }

    #[test]
    fn one_door_is_kept_once_with_all_that_is_known() {
        let srv = candidate("mail.a.example", Protocol::Imap, 993, Tls::Implicit, Source::Srv, Trust::C);
        let mut facts = Candidate { source: Source::MxFacts, ..srv.clone() };
        facts.server.user = Some(UserForm::Local);
        facts.server.sign_in = vec![SignIn::OAuth2];
        let ranked = rank(vec![facts, srv], &mut Vec::new());
        assert_eq!(ranked.len(), 1);
        assert_eq!((ranked[0].source, &ranked[0].server.user), (Source::Srv, &Some(UserForm::Local)));
        assert_eq!(ranked[0].user_forms(), [UserForm::Local, UserForm::Full]);
    }

    #[test]
    fn no_more_than_three_forms_are_ever_tried() {
        let mut one = candidate("a.example", Protocol::Imap, 993, Tls::Implicit, Source::Srv, Trust::C);
        one.server.user = Some(UserForm::Given("u1234".to_owned()));
        assert_eq!(one.user_forms().len(), 3);
    }
}
