//! What the DNS says: services by name (RFC 6186, RFC 8314 §5), and whose mail host it is.

use super::{Document, Plan, Question};
use crate::finding::{Dropped, Source, Trust, Why};
use crate::read::harmless;
use crate::server::{Protocol, Server, Tls};
use resolve::{Kind, Name, Record};

/// The most servers of one service that are looked at.
const MAX_SERVERS: usize = 4;

/// The most documents to which texts of one domain lead.
const MAX_DOCUMENTS: usize = 2;

/// A service that has a name in the DNS.
pub(super) struct Service {
    pub(super) label: &'static str,
    /// What it is; `None` for Autodiscover, which leads to a document.
    protocol: Option<(Protocol, Tls)>,
}

/// The services that are asked for.
pub(super) const SERVICES: [Service; 7] = [
    Service { label: "_imaps", protocol: Some((Protocol::Imap, Tls::Implicit)) },
    Service { label: "_imap", protocol: Some((Protocol::Imap, Tls::Starttls)) },
    Service { label: "_pop3s", protocol: Some((Protocol::Pop3, Tls::Implicit)) },
    Service { label: "_pop3", protocol: Some((Protocol::Pop3, Tls::Starttls)) },
    Service { label: "_submissions", protocol: Some((Protocol::Smtp, Tls::Implicit)) },
    Service { label: "_submission", protocol: Some((Protocol::Smtp, Tls::Starttls)) },
    Service { label: "_autodiscover", protocol: None },
];

/// Whether a name can be a server's that anybody can reach.
fn is_of_the_internet(name: &Name) -> bool {
    name.is_host() && !name.is_localhost() && name.as_str().contains('.') && !name.as_str().contains('_')
}

impl Plan<'_> {
    pub(super) fn learn_records(
        &mut self,
        question: &resolve::Question,
        records: &[Record],
        authentic: bool,
    ) {
        let trust = if authentic { Trust::B } else { Trust::C };
        match question.kind {
            Kind::Mx => self.learn_mail_hosts(records, trust),
            Kind::Txt => self.learn_texts(records),
            Kind::Srv => {
                let label = question.name.as_str().split('.').next().unwrap_or_default();
                if let Some(service) = SERVICES.iter().find(|service| service.label == label) {
                    self.learn_service(service, records, trust);
                }
            }
            _ => {}
        }
    }

    /// A text `mailconf=URL` of the domain leads to its document. It is a hint: the DNS says so.
    fn learn_texts(&mut self, records: &[Record]) {
        let urls = records.iter().filter_map(|record| match record {
            Record::Txt(text) => std::str::from_utf8(text).ok()?.strip_prefix("mailconf="),
            _ => None,
        });
        let named = Document::autoconfig(self.subject.domain(), Source::Mailconf).hint();
        let documents: Vec<Document> =
            urls.filter_map(|url| named.at(url.trim())).take(MAX_DOCUMENTS).collect();
        for document in documents {
            self.ask(Question::Document(document));
        }
    }

    fn learn_service(&mut self, service: &Service, records: &[Record], trust: Trust) {
        let mut servers: Vec<(u16, u16, u16, &Name)> = records
            .iter()
            .filter_map(|record| match record {
                Record::Srv { priority, weight, port, target } => Some((*priority, *weight, *port, target)),
                _ => None,
            })
            .collect();
        // RFC 2782: the lowest priority first; of equals the heaviest, for one answer is wanted, not a share of load.
        servers.sort_by_key(|(priority, weight, ..)| (*priority, u16::MAX - weight));
        for (_, _, port, target) in servers.into_iter().take(MAX_SERVERS) {
            let Some((protocol, tls)) = service.protocol else {
                if target.is_host() && port == 443 {
                    let address = self.subject.address().clone();
                    let source = Source::Autodiscover;
                    self.ask(Question::Document(
                        Document::autodiscover(target.as_str(), &address, source).hint(),
                    ));
                }
                continue;
            };
            // RFC 6186 §3.4: a target of "." says that the domain does not offer the service.
            if target.is_root() {
                self.refuse(protocol, service.label, Source::Srv);
            } else if !is_of_the_internet(target) || port == 0 {
                let why = if port == 0 { Why::NoPort } else { Why::NoName };
                let host = harmless(target.as_str());
                self.dropped.push(Dropped { protocol, host, why, source: Source::Srv });
            } else {
                // Many publish 465 or 993 under the name for STARTTLS: the port says how it is spoken to.
                let tls = if port == protocol.tls_port() { Tls::Implicit } else { tls };
                self.add(Source::Srv, trust, [Server::at(protocol, target.as_str(), port, tls)]);
            }
        }
    }

    /// Whose hosts take the domain's mail: a provider that the table knows, or one that may have settings of its own.
    fn learn_mail_hosts(&mut self, records: &[Record], trust: Trust) {
        let mut hosts: Vec<(u16, &Name)> = records
            .iter()
            .filter_map(|record| match record {
                Record::Mx { preference, exchange } if exchange.is_host() => Some((*preference, exchange)),
                _ => None,
            })
            .collect();
        hosts.sort();
        let Some((_, best)) = hosts.first() else { return };
        if let Some(provider) = self.facts.of_mail_host(best.as_str()) {
            if self.provider.is_none() {
                self.recognise(provider.clone(), Source::MxFacts, trust);
            }
            return;
        }
        let domain = self.subject.domain().to_owned();
        // A name under which anybody can register has no autoconfig of its own: whoever registered `autoconfig` there
        // would speak for all the others (publicsuffix.org).
        let registered = psl::domain_str(best.as_str()).unwrap_or_default().to_owned();
        let parent = best.as_str().split_once('.').map_or("", |(_, parent)| parent).to_owned();
        let mut asked = Vec::new();
        for name in [parent, registered.clone()] {
            let of_the_host = !registered.is_empty() && psl::domain_str(&name) == Some(registered.as_str());
            // What belongs to the domain itself was asked already.
            let other = name != domain && !name.ends_with(&format!(".{domain}"));
            if of_the_host && other && !asked.contains(&name) {
                let host = format!("autoconfig.{name}");
                self.ask(Question::Document(Document::autoconfig(&host, Source::MxAutoconfig).hint()));
                asked.push(name);
            }
        }
    }
}
