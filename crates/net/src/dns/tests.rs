//! A name server with every fault that the world has, and what each must count as.

use super::*;
use hickory_resolver::proto::op::{Message, MessageType};
use hickory_resolver::proto::rr::rdata;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

/// What a cell of the matrix must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Must {
    Find,
    HaveNoData,
    NotExist,
    FailAs(Failure),
    /// It may fail in whatever way, and must not be a no.
    Fail,
}

/// The first label of the name chooses how the server behaves.
const MATRIX: &[(&str, Must)] = &[
    ("yes", Must::Find),
    ("alias", Must::Find),
    ("ttl0", Must::Find),
    ("big", Must::Find),
    ("nxdomain", Must::NotExist),
    ("nodata", Must::HaveNoData),
    ("servfail", Must::FailAs(Failure::ServerFailed)),
    ("refused", Must::FailAs(Failure::Refused)),
    ("silent", Must::FailAs(Failure::TimedOut)),
    ("truncated", Must::Fail),
    ("wrongid", Must::Fail),
    ("garbage", Must::Fail),
    ("lame", Must::Fail),
    ("loop", Must::FailAs(Failure::AliasLoop)),
    // An answer about another name is empty for ours; the control question shows whether the resolver is sane.
    ("stranger", Must::HaveNoData),
    ("notimp", Must::Fail),
];

/// Hickory takes the target of an SRV record for its next alias, and so loses a record that stands behind a real one.
const UNFOLLOWED: Kind = Kind::Srv;

fn data_of(kind: RecordType) -> RData {
    let host = || rr::Name::from_ascii("host.test.").unwrap();
    match kind {
        RecordType::A => RData::A(rdata::A::new(192, 0, 2, 1)),
        RecordType::AAAA => RData::AAAA(rdata::AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
        RecordType::MX => RData::MX(rdata::MX::new(10, host())),
        RecordType::NS => RData::NS(rdata::NS(host())),
        RecordType::PTR => RData::PTR(rdata::PTR(host())),
        RecordType::SRV => RData::SRV(rdata::SRV::new(0, 1, 587, host())),
        RecordType::TXT => RData::TXT(rdata::TXT::new(vec!["one ".to_owned(), "text".to_owned()])),
        _ => RData::TLSA(rdata::TLSA::new(3.into(), 1.into(), 1.into(), vec![1, 2])),
    }
}

/// What the server says; `None` is silence.
fn say(asked: &[u8], by_tcp: bool) -> Option<Vec<u8>> {
    let question = Message::from_vec(asked).ok()?;
    let query = question.queries.first()?.clone();
    let behaviour = query.name().to_ascii().split('.').next()?.to_owned();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.metadata.message_type = MessageType::Response;
    answer.metadata.recursion_available = true;
    answer.add_query(query.clone());
    let name = query.name().clone();
    let record = |ttl| rr::Record::from_rdata(name.clone(), ttl, data_of(query.query_type()));
    let alias = |target: &str| {
        let target = rr::Name::from_ascii(target).unwrap();
        rr::Record::from_rdata(name.clone(), 60, RData::CNAME(rdata::CNAME(target)))
    };
    match behaviour.as_str() {
        "yes" | "com" => drop(answer.add_answer(record(60))),
        "ttl0" => drop(answer.add_answer(record(0))),
        "alias" => {
            let target = rr::Name::from_ascii("yes.test.").unwrap();
            answer.add_answer(alias("yes.test."));
            answer.add_answer(rr::Record::from_rdata(target, 60, data_of(query.query_type())));
        }
        "big" if by_tcp => {
            for number in 0..1_000_u16 {
                let text = rdata::TXT::new(vec![format!("{number} {}", "x".repeat(30))]);
                let big = query.query_type() == RecordType::TXT;
                let data = if big { RData::TXT(text) } else { data_of(query.query_type()) };
                answer.add_answer(rr::Record::from_rdata(name.clone(), 60, data));
            }
        }
        "big" | "truncated" => answer.metadata.truncation = true,
        "nxdomain" => answer.metadata.response_code = ResponseCode::NXDomain,
        "nodata" | "host" => {}
        "servfail" => answer.metadata.response_code = ResponseCode::ServFail,
        "refused" => answer.metadata.response_code = ResponseCode::Refused,
        "notimp" => answer.metadata.response_code = ResponseCode::NotImp,
        "wrongid" => answer.metadata.id = answer.metadata.id.wrapping_add(1),
        "garbage" => return Some(vec![0xff; 40]),
        "lame" => {
            let data = RData::NS(rdata::NS(rr::Name::from_ascii("ns.elsewhere.").unwrap()));
            answer.add_authority(rr::Record::from_rdata(rr::Name::root(), 60, data));
        }
        "loop" => drop(answer.add_answer(alias("loop.test."))),
        "stranger" => {
            let other = rr::Name::from_ascii("other.test.").unwrap();
            answer.add_answer(rr::Record::from_rdata(other, 60, data_of(query.query_type())));
        }
        _ => return None,
    }
    answer.to_vec().ok()
}

/// A name server on a free port, for as long as the test runs.
async fn serve(say: fn(&[u8], bool) -> Option<Vec<u8>>) -> SocketAddr {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    tokio::spawn(async move {
        let mut asked = [0_u8; 2_048];
        while let Ok((length, from)) = udp.recv_from(&mut asked).await {
            if let Some(answer) = say(&asked[..length], false) {
                udp.send_to(&answer, from).await.unwrap();
            }
        }
    });
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = tcp.accept().await {
            tokio::spawn(async move {
                while let Ok(length) = stream.read_u16().await {
                    let mut asked = vec![0; usize::from(length)];
                    stream.read_exact(&mut asked).await.unwrap();
                    let name = String::from_utf8_lossy(&asked).into_owned();
                    // The one server that takes no questions by TCP.
                    let Some(answer) = say(&asked, true).filter(|_| !name.contains("truncated")) else {
                        return;
                    };
                    let _ = stream.write_u16(u16::try_from(answer.len()).unwrap()).await;
                    let _ = stream.write_all(&answer).await;
                }
            });
        }
    });
    address
}

fn dns(address: SocketAddr) -> Dns {
    Dns::Servers(Arc::new(Servers::new(vec![address], Duration::from_millis(1_500))))
}

fn is_as_it_must(answer: &Answer, must: Must) -> bool {
    match (answer, must) {
        (Answer::Found(_), Must::Find)
        | (Answer::NoData, Must::HaveNoData)
        | (Answer::NameUnknown, Must::NotExist)
        | (Answer::Failed(_), Must::Fail) => true,
        (Answer::Failed(failure), Must::FailAs(expected)) => *failure == expected,
        _ => false,
    }
}

#[tokio::test]
async fn every_fault_of_every_kind_of_question_counts_as_what_it_is() {
    let address = serve(say).await;
    let mut rows = JoinSet::new();
    for (label, must) in MATRIX {
        // A resolver each: what one row does to its server must not meet the others.
        let dns = dns(address);
        rows.spawn(async move {
            let name: Name = format!("{label}.test").parse().unwrap();
            let kinds = Kind::ALL.into_iter().filter(|kind| *label != "alias" || *kind != UNFOLLOWED);
            let questions: Vec<_> = kinds.map(|kind| Question::new(name.clone(), kind)).collect();
            let asked = questions.len();
            let answers = dns.ask_all(questions).await;
            assert_eq!(answers.len(), asked);
            answers.into_iter().filter(|(_, answer)| !is_as_it_must(answer, *must)).collect::<Vec<_>>()
        });
    }
    let wrong = rows.join_all().await.concat();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn answers_are_read_whole_and_bounded() {
    let dns = dns(serve(say).await);
    let ask = async |label: &str, kind| {
        let answer = dns.ask(&Question::new(format!("{label}.test").parse().unwrap(), kind)).await;
        let Answer::Found(found) = answer else { panic!("{label}: {answer:?}") };
        found
    };
    let mx = Record::Mx { preference: 10, exchange: Name::answered("host.test") };
    assert_eq!(ask("yes", Kind::Mx).await.records, std::slice::from_ref(&mx));
    let found = ask("alias", Kind::Mx).await;
    assert_eq!((found.records, found.aliases), (vec![mx], vec![Name::answered("yes.test")]));
    assert_eq!(ask("yes", Kind::Txt).await.records, [Record::Txt(b"one text".to_vec())]);
    assert_eq!(ask("ttl0", Kind::A).await.ttl_secs, 0);
    assert_eq!(ask("big", Kind::Txt).await.records.len(), Found::MAX_RECORDS);
    let tlsa = Record::Tlsa { usage: 3, selector: 1, matching: 1, data: vec![1, 2] };
    assert_eq!(ask("yes", Kind::Tlsa).await.records, [tlsa]);
}

/// A resolver that has lost its way: it says no to everything, the control question included.
fn say_no(asked: &[u8], _by_tcp: bool) -> Option<Vec<u8>> {
    let question = Message::from_vec(asked).ok()?;
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.add_queries(question.queries.iter().cloned());
    answer.metadata.response_code = ResponseCode::NXDomain;
    answer.to_vec().ok()
}

#[tokio::test]
async fn a_no_is_believed_only_of_a_resolver_that_also_says_yes() {
    let ours = Ours::default();
    let domain: Domain = "nxdomain.test".parse().unwrap();
    let anything = |_: IpAddr| true;
    let fault = dns(serve(say).await).mail_hosts(&domain, &ours, 1, &anything).await.unwrap_err();
    assert_eq!(fault, Fault::DomainUnknown);
    let fault = dns(serve(say_no).await).mail_hosts(&domain, &ours, 1, &anything).await.unwrap_err();
    assert!(matches!(fault, Fault::Unanswered { failure: Failure::NotBelieved, .. }), "{fault:?}");
    let nobody = Dns::servers(vec![]).mail_hosts(&domain, &ours, 1, &anything).await.unwrap_err();
    assert!(nobody.is_temporary(), "{nobody:?}");
}

#[tokio::test]
async fn the_hosts_of_a_domain_are_found_by_the_live_resolver() {
    let dns = dns(serve(|asked, by_tcp| say_host(asked).or_else(|| say(asked, by_tcp))).await);
    let domain: Domain = "yes.test".parse().unwrap();
    let plan = dns.mail_hosts(&domain, &Ours::default(), 1, &|_| true).await.unwrap();
    assert_eq!(plan.hosts[0].name, "host.test");
    assert_eq!(plan.hosts[0].addresses.len(), 2);
    let only_private = |ip: IpAddr| crate::is_private(ip);
    let fault = dns.mail_hosts(&domain, &Ours::default(), 1, &only_private).await.unwrap_err();
    assert!(matches!(fault, Fault::Forbidden { .. }), "{fault:?}");
}

/// Answers for `host.test` too.
fn say_host(asked: &[u8]) -> Option<Vec<u8>> {
    let question = Message::from_vec(asked).ok()?;
    let query = question.queries.first()?.clone();
    let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
    answer.add_query(query.clone());
    let data = data_of(query.query_type());
    answer.add_answer(rr::Record::from_rdata(query.name().clone(), 60, data));
    (query.name().to_ascii() == "host.test.").then(|| answer.to_vec().ok()).flatten()
}

#[tokio::test]
async fn the_systems_resolver_is_found_and_knows_what_needs_no_asking() {
    let dns = Dns::system();
    // RFC 6761 §6.3 and §6.4: neither leaves this machine.
    let local = dns.ask(&Question::new("localhost".parse().unwrap(), Kind::A)).await;
    assert_eq!(local.records(), [Record::A(Ipv4Addr::LOCALHOST)]);
    let never = dns.ask(&Question::new("facteur.invalid".parse().unwrap(), Kind::Mx)).await;
    assert_eq!(never, Answer::NameUnknown);
    let Dns::System(system) = &dns else { panic!("{dns:?}") };
    assert!(!system.servers().addresses.is_empty());
}
