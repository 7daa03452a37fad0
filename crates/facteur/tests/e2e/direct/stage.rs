//! The stage: hosts on loopback, a name server that leads to them, a facteur without a relay.

use crate::support::client::{Client, letter};
use crate::support::kept::{Keep, Kept};
use crate::support::mx::Host;
use crate::support::names::{Faulty, NameServer, same_port};
use crate::support::postfix::Postfix;
use crate::support::server::{Port, Server};
use crate::support::sink::{Habits, Sink};
use crate::support::until;
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// The names of the real hosts, and of one where nobody listens.
pub const POSTFIX: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 11);
pub const EXIM: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 12);
pub const OPENSMTPD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 13);
/// What the server takes for its own address on the Internet.
pub const OURS: &str = "127.9.9.9";
/// The sender of all mail.
pub const SENDER: &str = "anna@sender.test";

/// The real servers, if they are wanted.
#[derive(Default)]
pub struct Real {
    postfix: Option<Postfix>,
    exim: Option<Host>,
    opensmtpd: Option<Host>,
}

impl Real {
    /// All three.
    fn all(port: u16) -> Self {
        let at = |ip: Ipv4Addr| SocketAddr::from((ip, port));
        // One after the other: a server ends with the thread that started it.
        let (exim, opensmtpd) = (Host::exim(at(EXIM)), Host::opensmtpd(at(OPENSMTPD)));
        Self { postfix: Some(Postfix::mx(at(POSTFIX))), exim: Some(exim), opensmtpd: Some(opensmtpd) }
    }

    /// Each with its name and what it keeps.
    fn keeps(&self) -> Vec<(&'static str, Keep)> {
        let host = |name, host: &Option<Host>| host.as_ref().map(|host| (name, host.keep()));
        let postfix = self.postfix.as_ref().map(|postfix| ("postfix", postfix.keep()));
        let all = [postfix, host("exim", &self.exim), host("opensmtpd", &self.opensmtpd)];
        all.into_iter().flatten().collect()
    }
}

/// The stage. Dropped, all of it ends.
pub struct Stage {
    pub server: Server,
    pub names: NameServer,
    real: Real,
    pub sinks: Vec<(&'static str, Sink)>,
    _ports: Vec<TcpSocket>,
}

/// A scripted host: its name, its address, its habits.
pub type Scripted = (&'static str, &'static str, Habits);

impl Stage {
    /// A zone in the text form of [`resolve::Zone`], scripted hosts, and the real ones if they are wanted.
    pub fn set(zone: &str, scripted: Vec<Scripted>, real: bool) -> Self {
        Self::set_with(zone, Vec::new(), scripted, real)
    }

    /// The same, with answers that go wrong on the wire.
    pub fn set_with(zone: &str, faults: Vec<Faulty>, scripted: Vec<Scripted>, real: bool) -> Self {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let mut addresses: Vec<IpAddr> = scripted.iter().map(|(_, address, _)| ip(address)).collect();
        addresses.extend([POSTFIX, EXIM, OPENSMTPD].map(IpAddr::V4));
        let (port, held) = same_port(&addresses);
        let real = if real { Real::all(port) } else { Real::default() };
        let sink =
            |(name, address, habits)| (name, Sink::start_at(SocketAddr::new(ip(address), port), habits));
        let sinks = scripted.into_iter().map(sink).collect();
        let names = NameServer::start_with(zone.parse().expect("a zone"), faults);
        let direct = format!(
            "[direct]\nport = {port}\nnetworks = [\"127.0.0.0/8\", \"::1\"]\npublic_addresses = [\"{OURS}\"]\n"
        );
        let mut server = Server::fresh("en", &(names.lines() + &direct));
        server.go();
        server.open_to_loopback();
        server.ok("en", &["route", "set", "direct", "--default"]);
        Self { server, names, real, sinks, _ports: held }
    }

    /// A scripted host.
    pub fn sink(&self, name: &str) -> &Sink {
        let found = self.sinks.iter().find(|(known, _)| *known == name);
        &found.unwrap_or_else(|| panic!("no host {name}")).1
    }

    /// Sends a content to one recipient, of whose end nobody is told; gives its id.
    #[track_caller]
    pub fn send(&self, from: &str, to: &str, content: &[u8]) -> String {
        send(&mut Client::connect(self.server.port(Port::Submission)), from, to, content)
    }

    /// Sends a letter to each recipient.
    #[track_caller]
    pub fn send_all(&self, recipients: &[String]) -> Vec<String> {
        let mut client = Client::connect(self.server.port(Port::Submission));
        recipients.iter().map(|to| send(&mut client, SENDER, to, &letter(to))).collect()
    }

    /// Waits until every message has come to its end or was tried, and gives their stories.
    #[track_caller]
    pub fn until_tried(&self, ids: &[String], secs: i64) -> Vec<Value> {
        until("every message was tried", secs, || {
            let waiting = self.server.waiting();
            let tried = |message: &Value| message["recipients"][0]["attempts"].as_u64() > Some(0);
            waiting.iter().all(tried).then_some(())
        });
        ids.iter().map(|id| self.server.json(&["why", id])).collect()
    }

    /// The real host that has the mail of a recipient, and the message; waits for its delivery.
    #[track_caller]
    pub fn until_kept(&self, to: &str) -> (&'static str, Kept) {
        until(&format!("the mail of {to} at a real host"), 20, || {
            let all = self.real.keeps().into_iter();
            let mut kept = all.flat_map(|(name, keep)| keep.read().into_iter().map(move |kept| (name, kept)));
            kept.find(|(_, kept)| kept.to.eq_ignore_ascii_case(to))
        })
    }
}

#[track_caller]
fn send(client: &mut Client, from: &str, to: &str, content: &[u8]) -> String {
    client.expect(&format!("MAIL FROM:<{from}>"), "250");
    client.expect(&format!("RCPT TO:<{to}> NOTIFY=NEVER"), "250");
    let reply = client.content(content);
    let id = reply.strip_prefix("250 2.0.0 Ok: queued as ").unwrap_or_else(|| panic!("{to}: {reply}"));
    id.to_owned()
}
