//! Domains that mail is signed for: their keys, the records to publish, and whether they are published.

use crate::publication;
use crate::{Answer, Audit, Blame, Control, DomainView, Fault, Published, RecordPurpose, RecordView};
use authenticity::{Algorithm, KeyRecord, Signer, SigningKey};
use mail::{Domain, DomainId, Secret};
use queue::ReturnPathKey;
use resolve::{Answer as Told, Kind, Name, Question, Record};
use store::{DkimKey, HostedDomain, MailSettings};

/// The selector of a domain whose administrator names none.
const SELECTOR: &str = "facteur";

/// What is added to the selector for the second key.
const SECOND: &str = "-ed25519";

/// The setting that keeps the key of the return paths, sealed.
const RETURN_PATH_KEY: &str = "secret.return_path";

impl Control {
    /// Reads the keys anew: call it at the start; every change of a domain does it too.
    pub async fn reload_keys(&self) -> Result<(), Fault> {
        let (mut keys, mut return_paths, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for domain in self.store.domains().await? {
            return_paths.extend(domain.return_path.clone().map(|path| (domain.name.clone(), path)));
            let signers = domain.keys.iter().map(|key| signer(&domain, key)).collect::<Result<_, _>>()?;
            told.extend(publication::hosted(&domain));
            keys.push((domain.name, signers));
        }
        self.publications.replace(told);
        self.couriers.keyring.replace(keys);
        self.couriers.return_paths.replace(self.return_path_key().await?, return_paths);
        Ok(())
    }

    /// The key of the return paths: made once, since the addresses that it signs come back for weeks.
    async fn return_path_key(&self) -> Result<ReturnPathKey, Fault> {
        let damaged = || Fault::about(Blame::Store, RETURN_PATH_KEY);
        let kept = self.store.setting(RETURN_PATH_KEY).await?;
        let secret = match kept {
            Some(text) => Secret::new(text),
            None => {
                let made = ReturnPathKey::new_secret().ok_or_else(damaged)?;
                let kept = Some(made.reveal().to_owned());
                self.store.set_setting(RETURN_PATH_KEY.to_owned(), kept).await?;
                made
            }
        };
        ReturnPathKey::of(&secret).ok_or_else(damaged)
    }

    pub(crate) async fn domain_list(&self) -> Result<Answer, Fault> {
        let owners = self.owner_names().await?;
        let mut domains = Vec::new();
        for domain in self.store.domains().await? {
            let owner = owners.get(&domain.owner).cloned().unwrap_or_default();
            domains.push(self.domain_view(&domain, owner)?);
        }
        Ok(Answer::Domains { domains })
    }

    async fn domain_named(&self, name: &Domain) -> Result<HostedDomain, Fault> {
        let found = self.store.domains().await?.into_iter().find(|domain| domain.name == *name);
        found.ok_or_else(|| Fault::about(Blame::Missing, name.to_string()))
    }

    async fn domain_as_seen(&self, domain: &HostedDomain) -> Result<DomainView, Fault> {
        let owner = self.owner_names().await?.get(&domain.owner).cloned().unwrap_or_default();
        self.domain_view(domain, owner)
    }

    async fn domain_answer(&self, domain: &HostedDomain) -> Result<Answer, Fault> {
        Ok(Answer::Domain { domain: Box::new(self.domain_as_seen(domain).await?) })
    }

    pub(crate) async fn domain_add(
        &self,
        audit: &Audit<'_>,
        name: Domain,
        selector: Option<String>,
        owner: Option<String>,
    ) -> Result<Answer, Fault> {
        if name.is_literal() {
            return Err(Fault::invalid("domain", name));
        }
        if self.store.domains().await?.iter().any(|domain| domain.name == name) {
            return Err(Fault::about(Blame::Exists, name.to_string()));
        }
        let selector = selector.unwrap_or_else(|| SELECTOR.to_owned());
        let keys = [
            (selector.clone(), Algorithm::RsaSha256, "rsa"),
            (format!("{selector}{SECOND}"), Algorithm::Ed25519Sha256, "ed25519"),
        ];
        // The search for primes takes some tenths of a second of one core.
        let made = tokio::task::spawn_blocking(move || {
            let key = |(selector, algorithm, name): (String, Algorithm, &str)| {
                let secret = SigningKey::generate(algorithm)?;
                Ok(DkimKey { selector, algorithm: name.to_owned(), secret })
            };
            keys.into_iter().map(key).collect::<Result<Vec<_>, authenticity::AuthenticityError>>()
        });
        let failed = |detail: String| Fault { detail, ..Fault::about(Blame::Store, name.to_string()) };
        // The words of a panic are no answer: they quote what it worked on.
        let made = made.await.map_err(|_| failed("no key was made".to_owned()))?;
        let keys = made.map_err(|error| failed(error.to_string()))?;
        let mut domain = HostedDomain {
            id: DomainId(0),
            owner: self.owner(owner.as_deref(), audit).await?,
            name: name.clone(),
            keys,
            return_path: None,
            settings: None,
            created_at: self.clock.now(),
        };
        // A selector that cannot be published is told before anything is kept.
        for key in &domain.keys {
            signer(&domain, key).map_err(|_| Fault::invalid("selector", &selector))?;
        }
        let on = name.to_string();
        domain.id = self.store.save_domain(domain.clone(), audit.of(&self.clock, &on)).await?;
        self.reload_keys().await?;
        self.domain_answer(&domain).await
    }

    pub(crate) async fn domain_remove(&self, audit: &Audit<'_>, name: &Domain) -> Result<Answer, Fault> {
        let domain = self.domain_named(name).await?;
        self.store.remove_domain(domain.id, audit.of(&self.clock, &name.to_string())).await?;
        self.reload_keys().await?;
        Ok(Answer::Done)
    }

    /// Has the mail of a domain that leaves without a relay come back to this server when it bounces. A port must take it,
    /// else the bounces would be lost, and the MX record must point here first: else every server that checks its
    /// senders would refuse the mail.
    pub(crate) async fn domain_return_path(
        &self,
        audit: &Audit<'_>,
        name: &Domain,
        return_path: Option<Domain>,
    ) -> Result<Answer, Fault> {
        let mut domain = self.domain_named(name).await?;
        let is_listening = self.facts.listeners.iter().any(|listener| listener.kind == "mx");
        // A server that is stopped has no ports to look at.
        if return_path.is_some() && self.facts.pid.is_some() && !is_listening {
            return Err(Fault::about(Blame::NoListener, name.to_string()));
        }
        if let Some(wanted) = &return_path
            && self.look_up_mx(wanted).await != Published::Yes
        {
            let record = format!("{wanted} MX 10 {}", self.facts.host_name.as_ascii());
            return Err(Fault { detail: record, ..Fault::about(Blame::NotPublished, wanted.to_string()) });
        }
        domain.return_path = return_path;
        self.store.save_domain(domain.clone(), audit.of(&self.clock, &name.to_string())).await?;
        self.reload_keys().await?;
        self.domain_answer(&domain).await
    }

    /// Tells mail programs where a domain's mail is.
    pub(crate) async fn domain_publish(
        &self,
        audit: &Audit<'_>,
        name: &Domain,
        settings: Option<MailSettings>,
    ) -> Result<Answer, Fault> {
        let mut domain = self.domain_named(name).await?;
        domain.settings = settings.map(publication::checked).transpose()?;
        self.store.save_domain(domain.clone(), audit.of(&self.clock, &name.to_string())).await?;
        self.reload_keys().await?;
        self.domain_answer(&domain).await
    }

    /// Looks the records of a domain up.
    pub(crate) async fn domain_check(&self, name: &Domain) -> Result<Answer, Fault> {
        let mut view = self.domain_as_seen(&self.domain_named(name).await?).await?;
        for record in &mut view.records {
            record.published = Some(self.look_up(record).await);
        }
        Ok(Answer::Domain { domain: Box::new(view) })
    }

    async fn look_up(&self, record: &mut RecordView) -> Published {
        match record.purpose {
            RecordPurpose::ReturnPathMx => {
                return match record.name.parse() {
                    Ok(domain) => self.look_up_mx(&domain).await,
                    Err(_) => Published::Unanswered,
                };
            }
            RecordPurpose::MailServer => return self.look_up_srv(record).await,
            RecordPurpose::MailDocuments => return self.look_up_host(record).await,
            _ => {}
        }
        let Some(texts) = self.texts(&record.name).await else { return Published::Unanswered };
        match record.purpose {
            RecordPurpose::DkimRsa | RecordPurpose::DkimEd25519 => same_or_other(
                texts,
                |text| tag(text, "p").is_some(),
                |text| tag(text, "p") == tag(&record.value, "p"),
            ),
            RecordPurpose::Dmarc => {
                same_or_other(texts, |text| text.to_ascii_lowercase().starts_with("v=dmarc1"), |_| true)
            }
            RecordPurpose::Spf | RecordPurpose::ReturnPathSpf => {
                let own = format!("a:{}", self.facts.host_name.as_ascii());
                let has = |text: &str| {
                    text.split_whitespace()
                        .any(|word| word.trim_start_matches('+').eq_ignore_ascii_case(&own))
                };
                let found = same_or_other(texts, is_spf, has);
                if let Published::Otherwise { text } = &found {
                    // One domain has one SPF record: what is there stays, and this server joins it.
                    record.value = joined_spf(text, &own);
                }
                found
            }
            RecordPurpose::ReturnPathMx | RecordPurpose::MailServer | RecordPurpose::MailDocuments => {
                Published::Unanswered
            }
        }
    }

    async fn look_up_srv(&self, record: &RecordView) -> Published {
        let question = Question::new(Name::answered(&record.name), Kind::Srv);
        let answer = self.couriers.direct.dns().ask(&question).await;
        if matches!(answer, Told::Failed(_)) {
            return Published::Unanswered;
        }
        let text = |record: &Record| match record {
            Record::Srv { priority, weight, port, target } => {
                let target = target.as_str().trim_end_matches('.');
                Some(format!("{priority} {weight} {port} {target}."))
            }
            _ => None,
        };
        let found: Vec<String> = answer.records().iter().filter_map(text).collect();
        match found.as_slice() {
            [] => Published::No,
            found if found.iter().any(|one| one.eq_ignore_ascii_case(&record.value)) => Published::Yes,
            found => Published::Otherwise { text: found.join(", ") },
        }
    }

    /// A host is there when it has an address, by whatever way: the documents may be behind another web server.
    async fn look_up_host(&self, record: &RecordView) -> Published {
        let mut failed = false;
        for kind in [Kind::A, Kind::Aaaa] {
            let question = Question::new(Name::answered(&record.name), kind);
            match self.couriers.direct.dns().ask(&question).await {
                Told::Failed(_) => failed = true,
                answer if answer.records().is_empty() => {}
                _ => return Published::Yes,
            }
        }
        if failed { Published::Unanswered } else { Published::No }
    }

    async fn texts(&self, name: &str) -> Option<Vec<String>> {
        let question = Question::new(Name::answered(name), Kind::Txt);
        let answer = self.couriers.direct.dns().ask(&question).await;
        let text = |record: &Record| match record {
            Record::Txt(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            _ => None,
        };
        match &answer {
            resolve::Answer::Failed(_) => None,
            answer => Some(answer.records().iter().filter_map(text).collect()),
        }
    }

    async fn look_up_mx(&self, domain: &Domain) -> Published {
        let question = Question::new(Name::answered(domain.as_ascii()), Kind::Mx);
        let answer = self.couriers.direct.dns().ask(&question).await;
        if matches!(answer, resolve::Answer::Failed(_)) {
            return Published::Unanswered;
        }
        let own = Name::answered(self.facts.host_name.as_ascii());
        let hosts: Vec<&Name> = answer
            .records()
            .iter()
            .filter_map(|record| if let Record::Mx { exchange, .. } = record { Some(exchange) } else { None })
            .collect();
        match hosts.as_slice() {
            [] => Published::No,
            hosts if hosts.iter().any(|host| **host == own) => Published::Yes,
            hosts => Published::Otherwise {
                text: hosts.iter().map(|host| host.as_str()).collect::<Vec<_>>().join(", "),
            },
        }
    }

    fn domain_view(&self, domain: &HostedDomain, owner: String) -> Result<DomainView, Fault> {
        let host = self.facts.host_name.as_ascii();
        let mut records = Vec::new();
        for key in &domain.keys {
            let pair = SigningKey::from_pem(&key.secret).map_err(|error| damaged(domain, &error))?;
            let purpose = match pair.algorithm() {
                Algorithm::RsaSha256 => RecordPurpose::DkimRsa,
                Algorithm::Ed25519Sha256 => RecordPurpose::DkimEd25519,
            };
            let record = KeyRecord::new(&domain.name, &key.selector, &pair);
            let record = record.map_err(|error| damaged(domain, &error))?;
            let zone = record.to_string();
            records.push(RecordView { zone, ..text(purpose, record.name, record.text) });
        }
        let name = domain.name.as_ascii();
        records.push(text(RecordPurpose::Spf, name.to_owned(), format!("v=spf1 a:{host} ~all")));
        records.push(text(RecordPurpose::Dmarc, format!("_dmarc.{name}"), "v=DMARC1; p=none".to_owned()));
        if let Some(back) = &domain.return_path {
            let (back, value) = (back.as_ascii().to_owned(), format!("10 {host}."));
            let zone = format!("{back}. IN MX {value}");
            let (purpose, published) = (RecordPurpose::ReturnPathMx, None);
            let kind = "MX".to_owned();
            records.push(RecordView { purpose, kind, name: back.clone(), value, zone, published });
            records.push(text(RecordPurpose::ReturnPathSpf, back, format!("v=spf1 a:{host} -all")));
        }
        if let Some(hosted) = publication::hosted(domain) {
            records.extend(hosted.records(host).into_iter().map(published));
        }
        let (return_path, settings) = (domain.return_path.clone(), domain.settings.clone());
        let (name, created_at) = (domain.name.clone(), domain.created_at);
        Ok(DomainView { name, owner, created_at, return_path, settings, records })
    }
}

fn text(purpose: RecordPurpose, name: String, value: String) -> RecordView {
    let zone = format!("{name}. IN TXT \"{value}\"");
    RecordView { purpose, kind: "TXT".to_owned(), name, value, zone, published: None }
}

fn published(record: discover::publish::Record) -> RecordView {
    let purpose = if record.kind == "SRV" { RecordPurpose::MailServer } else { RecordPurpose::MailDocuments };
    let zone = format!("{}. IN {} {}", record.name, record.kind, record.value);
    RecordView {
        purpose,
        kind: record.kind.to_owned(),
        name: record.name,
        value: record.value,
        zone,
        published: None,
    }
}

fn damaged(domain: &HostedDomain, error: &authenticity::AuthenticityError) -> Fault {
    Fault { detail: error.to_string(), ..Fault::about(Blame::Store, domain.name.as_ascii()) }
}

pub(crate) fn signer(domain: &HostedDomain, key: &DkimKey) -> Result<Signer, Fault> {
    let pair = SigningKey::from_pem(&key.secret).map_err(|error| damaged(domain, &error))?;
    Signer::new(domain.name.clone(), &key.selector, pair).map_err(|error| damaged(domain, &error))
}

/// Whether one of the texts that are of the kind is the right one.
fn same_or_other(
    texts: Vec<String>,
    is_kind: impl Fn(&str) -> bool,
    is_right: impl Fn(&str) -> bool,
) -> Published {
    let of_kind: Vec<String> = texts.into_iter().filter(|text| is_kind(text)).collect();
    match of_kind.as_slice() {
        [] => Published::No,
        all if all.iter().any(|text| is_right(text)) => Published::Yes,
        [first, ..] => Published::Otherwise { text: first.clone() },
    }
}

fn is_spf(text: &str) -> bool {
    text.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("v=spf1"))
}

/// An SPF record (RFC 7208) with one mechanism more, before the one that ends it.
fn joined_spf(text: &str, mechanism: &str) -> String {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    let ends = |word: &&str| word.trim_start_matches(['+', '-', '~', '?']).eq_ignore_ascii_case("all");
    let end = words.iter().position(ends).unwrap_or(words.len());
    words.insert(end, mechanism);
    words.join(" ")
}

/// The value of a tag of a record (RFC 6376 §3.2), without the spaces that folding leaves.
fn tag(text: &str, name: &str) -> Option<String> {
    let found =
        text.split(';').filter_map(|part| part.split_once('=')).find(|(key, _)| key.trim() == name)?;
    Some(found.1.chars().filter(|c| !c.is_whitespace()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_spf_record_is_joined_before_its_end() {
        for (before, after) in [
            ("v=spf1 -all", "v=spf1 a:mx.test -all"),
            ("v=spf1 include:_spf.google.com ~all", "v=spf1 include:_spf.google.com a:mx.test ~all"),
            ("v=spf1 mx", "v=spf1 mx a:mx.test"),
            ("V=SPF1 +ALL", "V=SPF1 a:mx.test +ALL"),
        ] {
            assert_eq!(joined_spf(before, "a:mx.test"), after);
        }
    }

    #[test]
    fn tags_are_read_whatever_their_spaces() {
        assert_eq!(tag("v=DKIM1; k=rsa; p=AB CD", "p").as_deref(), Some("ABCD"));
        assert_eq!(tag("v=DKIM1;p=", "p").as_deref(), Some(""));
        assert_eq!(tag("v=spf1 -all", "p"), None);
    }
}
