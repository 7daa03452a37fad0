//! A zone in memory that answers like a name server: for tests, and for what is known without asking.

use crate::{Answer, Failure, Found, Kind, Name, Question, Record};
use std::collections::{HashMap, HashSet};
use std::str::FromStr;

/// Why a text is not a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a line of a zone")]
pub struct ZoneError(pub String);

/// How long an answer of a zone may be kept, when the line does not say.
const TTL_SECS: u32 = 300;
/// How many aliases are followed, as large resolvers do.
const MAX_ALIASES: usize = 16;

#[derive(Debug, Clone)]
enum Entry {
    Records { ttl_secs: u32, records: Vec<Record> },
    Instead(Answer),
}

/// Names and what is known about them. One line a record: `example.org [ttl] MX 10 mx.example.org`. Instead of data a
/// line may say how to fail: `!timeout`, `!servfail`, `!refused`, `!malformed`, `!nxdomain`, `!nodata`; `*` stands for
/// every kind of question. The control question is answered by yes unless a line says otherwise.
#[derive(Debug, Clone)]
pub struct Zone {
    entries: HashMap<Question, Entry>,
    any: HashMap<Name, Answer>,
    aliases: HashMap<Name, Name>,
    /// Every name that has something, or something below it.
    names: HashSet<Name>,
}

impl Default for Zone {
    fn default() -> Self {
        let mut zone = Self {
            entries: HashMap::new(),
            any: HashMap::new(),
            aliases: HashMap::new(),
            names: HashSet::new(),
        };
        let control = Question::control();
        zone.add(&control.name, TTL_SECS, Record::Ns(Name::answered("a.gtld-servers.net")));
        zone
    }
}

impl Zone {
    /// Adds a record.
    pub fn add(&mut self, name: &Name, ttl_secs: u32, record: Record) {
        self.know(name);
        let question = Question::new(name.clone(), record.kind());
        let entry = self.entries.entry(question);
        let entry = entry.or_insert(Entry::Records { ttl_secs, records: Vec::new() });
        match entry {
            Entry::Records { ttl_secs: least, records } => {
                *least = ttl_secs.min(*least);
                records.push(record);
            }
            instead @ Entry::Instead(_) => *instead = Entry::Records { ttl_secs, records: vec![record] },
        }
    }

    /// Makes a question give this answer; without a kind, every question about the name.
    pub fn answer_with(&mut self, name: &Name, kind: Option<Kind>, answer: Answer) {
        if answer != Answer::NameUnknown {
            self.know(name);
        }
        match kind {
            Some(kind) => {
                self.entries.insert(Question::new(name.clone(), kind), Entry::Instead(answer));
            }
            None => {
                self.any.insert(name.clone(), answer);
            }
        }
    }

    /// Makes a name the alias of another.
    pub fn alias(&mut self, name: &Name, target: Name) {
        self.know(name);
        self.aliases.insert(name.clone(), target);
    }

    fn know(&mut self, name: &Name) {
        let mut rest = Some(name.as_str());
        while let Some(text) = rest {
            self.names.insert(Name::answered(text));
            rest = text.split_once('.').map(|(_, above)| above);
        }
    }

    /// The answer to a question.
    pub fn ask(&self, question: &Question) -> Answer {
        let mut asked = question.clone();
        let mut aliases = Vec::new();
        loop {
            if let Some(answer) = self.any.get(&asked.name) {
                return answer.clone();
            }
            match self.entries.get(&asked) {
                Some(Entry::Instead(answer)) => return answer.clone(),
                Some(Entry::Records { ttl_secs, records }) => {
                    let mut records = records.clone();
                    records.truncate(Found::MAX_RECORDS);
                    return Answer::Found(Found { records, aliases, ttl_secs: *ttl_secs });
                }
                None => {}
            }
            let Some(target) = self.aliases.get(&asked.name) else {
                return if self.names.contains(&asked.name) { Answer::NoData } else { Answer::NameUnknown };
            };
            if aliases.len() >= MAX_ALIASES || aliases.contains(target) {
                return Answer::Failed(Failure::AliasLoop);
            }
            aliases.push(target.clone());
            asked.name = target.clone();
        }
    }

    fn read_line(&mut self, line: &str) -> Option<()> {
        let (name, rest) = word(line)?;
        let name: Name = name.parse().ok()?;
        let (first, after) = word(rest)?;
        let (ttl_secs, kind, data) = match first.parse() {
            Ok(ttl_secs) => {
                let (kind, data) = word(after)?;
                (ttl_secs, kind, data)
            }
            Err(_) => (TTL_SECS, first, after),
        };
        let of_kind = Kind::ALL.into_iter().find(|known| known.as_str() == kind);
        if let Some(word) = data.strip_prefix('!') {
            let answer = instead(word)?;
            (kind == "*" || of_kind.is_some()).then(|| self.answer_with(&name, of_kind, answer))
        } else if kind == "CNAME" {
            self.alias(&name, Name::answered(data));
            Some(())
        } else {
            self.add(&name, ttl_secs, record(of_kind?, data)?);
            Some(())
        }
    }
}

/// The first word, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (first, rest) = text.split_at_checked(end)?;
    (!first.is_empty()).then(|| (first, rest.trim()))
}

fn instead(word: &str) -> Option<Answer> {
    Some(match word {
        "timeout" => Answer::Failed(Failure::TimedOut),
        "servfail" => Answer::Failed(Failure::ServerFailed),
        "refused" => Answer::Failed(Failure::Refused),
        "malformed" => Answer::Failed(Failure::Malformed),
        "nxdomain" => Answer::NameUnknown,
        "nodata" => Answer::NoData,
        _ => return None,
    })
}

fn record(kind: Kind, data: &str) -> Option<Record> {
    let mut words = data.split_whitespace();
    let record = match kind {
        Kind::A => Record::A(words.next()?.parse().ok()?),
        Kind::Aaaa => Record::Aaaa(words.next()?.parse().ok()?),
        Kind::Mx => {
            Record::Mx { preference: words.next()?.parse().ok()?, exchange: Name::answered(words.next()?) }
        }
        Kind::Ns => Record::Ns(Name::answered(words.next()?)),
        Kind::Ptr => Record::Ptr(Name::answered(words.next()?)),
        Kind::Srv => Record::Srv {
            priority: words.next()?.parse().ok()?,
            weight: words.next()?.parse().ok()?,
            port: words.next()?.parse().ok()?,
            target: Name::answered(words.next()?),
        },
        Kind::Tlsa => Record::Tlsa {
            usage: words.next()?.parse().ok()?,
            selector: words.next()?.parse().ok()?,
            matching: words.next()?.parse().ok()?,
            data: hexadecimal(words.next()?)?,
        },
        Kind::Txt => return Some(Record::Txt(strings(data))),
    };
    words.next().is_none().then_some(record)
}

/// The strings of a TXT record, joined as its readers join them (RFC 7208 §3.3, RFC 6376 §3.6.2.2).
fn strings(data: &str) -> Vec<u8> {
    if !data.starts_with('"') {
        return data.as_bytes().to_vec();
    }
    let inside = data.split('"').skip(1).step_by(2);
    inside.flat_map(str::bytes).collect()
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.map(byte).collect()
}

impl FromStr for Zone {
    type Err = ZoneError;

    /// `#` begins a remark.
    fn from_str(text: &str) -> Result<Self, ZoneError> {
        let mut zone = Self::default();
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
        for line in lines.filter(|line| !line.is_empty()) {
            zone.read_line(line).ok_or_else(|| ZoneError(line.to_owned()))?;
        }
        Ok(zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "
        example.org      MX    10 mx.example.org
        example.org  60  MX    20 mx2.example.org
        mx.example.org   A     192.0.2.1
        mx.example.org   AAAA  2001:db8::1
        a.b.example.org  TXT   \"v=DKIM1; \" \"p=abc\" # two strings
        _25._tcp.mx.example.org TLSA 3 1 1 0aff
        _submission._tcp.example.org SRV 0 1 587 mx.example.org
        www.example.org  CNAME web.example.net
        web.example.net  A     192.0.2.80
        lost.example.org CNAME nowhere.example.net
        one.example.org  CNAME two.example.org
        two.example.org  CNAME one.example.org
        slow.example.org *     !timeout
        lame.example.org MX    !refused
    ";

    #[track_caller]
    fn check(zone: &Zone, name: &str, kind: Kind, expected: &str) {
        let answer = zone.ask(&Question::new(name.parse().unwrap(), kind));
        let text = match answer {
            Answer::Found(found) => {
                format!("{} {:?} by {:?}", found.ttl_secs, found.records, found.aliases)
            }
            other => format!("{other:?}"),
        };
        assert!(text.contains(expected), "{name} {}: {text}", kind.as_str());
    }

    #[test]
    fn a_zone_answers_like_a_name_server() {
        let zone: Zone = ZONE.parse().unwrap();
        let mx = "60 [Mx { preference: 10, exchange: Name(\"mx.example.org\") }, Mx { preference: 20";
        check(&zone, "EXAMPLE.org.", Kind::Mx, mx);
        check(&zone, "mx.example.org", Kind::A, "300 [A(192.0.2.1)]");
        check(&zone, "mx.example.org", Kind::Aaaa, "[Aaaa(2001:db8::1)]");
        check(&zone, "mx.example.org", Kind::Txt, "NoData");
        check(&zone, "b.example.org", Kind::A, "NoData");
        check(&zone, "c.example.org", Kind::A, "NameUnknown");
        check(&zone, "a.b.example.org", Kind::Txt, &format!("{:?}", b"v=DKIM1; p=abc".to_vec()));
        check(&zone, "_25._tcp.mx.example.org", Kind::Tlsa, "data: [10, 255]");
        check(&zone, "_submission._tcp.example.org", Kind::Srv, "port: 587");
        check(&zone, "www.example.org", Kind::A, "[A(192.0.2.80)] by [Name(\"web.example.net\")]");
        check(&zone, "www.example.org", Kind::Mx, "NoData");
        check(&zone, "lost.example.org", Kind::A, "NameUnknown");
        check(&zone, "one.example.org", Kind::A, "Failed(AliasLoop)");
        check(&zone, "slow.example.org", Kind::Tlsa, "Failed(TimedOut)");
        check(&zone, "lame.example.org", Kind::Mx, "Failed(Refused)");
        check(&zone, "lame.example.org", Kind::A, "NoData");
        let control = Question::control();
        assert!(matches!(zone.ask(&control), Answer::Found(_)));
        let deaf: Zone = "com * !nxdomain".parse().unwrap();
        assert_eq!(deaf.ask(&control), Answer::NameUnknown);
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        for bad in
            ["example.org", "example.org MX", "example.org MX mx", "a..b A 192.0.2.1", "a A ::1", "a * x"]
        {
            assert_eq!(bad.parse::<Zone>().unwrap_err(), ZoneError(bad.to_owned()), "{bad}");
        }
    }
}
