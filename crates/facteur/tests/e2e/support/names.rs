//! A name server of the test's own: a zone, answered over UDP and TCP, and the ways in which resolvers are out of order.

use resolve::{Answer, Failure, Found, Kind, Name, Question, Record, Zone};
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// The longest answer by UDP; a longer one is cut, and said to be (RFC 9715 §3.1).
const UDP_BYTES: usize = 1_232;

/// What is wrong with the whole resolver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Nothing.
    Sane,
    /// It says of every name that it does not exist: a resolver that has lost its way to the root.
    DeniesAll,
    /// It gives every name an address of its own network and knows nothing else, as in a hotel before signing in.
    Captive(Ipv4Addr),
}

/// How an answer goes wrong on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// There is no such name.
    NameUnknown,
    /// There is no such record.
    NoData,
    /// SERVFAIL.
    ServerFailed,
    /// REFUSED.
    Refused,
    /// Nothing comes.
    Silent,
    /// It is cut, and the rest cannot be had by TCP.
    CutWithoutTcp,
    /// It is for another question, by its number.
    WrongId,
    /// It leads round in a circle.
    AliasLoop,
    /// It points to servers elsewhere.
    Lame,
    /// SERVFAIL, since DNSSEC proves it wrong (RFC 4035 §5.5, RFC 8914 §4.7).
    Bogus,
    /// It makes no sense.
    Nonsense,
}

/// A name, what is asked of it (everything when absent), and what goes wrong.
pub type Faulty = (String, Option<Kind>, Wire);

struct Shared {
    zone: Zone,
    faults: Vec<Faulty>,
    mood: Mutex<Mood>,
    by_tcp: AtomicUsize,
    stopping: AtomicBool,
}

/// A name server that runs until it is dropped.
pub struct NameServer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl NameServer {
    pub fn start(zone: Zone) -> Self {
        Self::start_with(zone, Vec::new())
    }

    /// Where resolvers look for one, which only a network of the test's own has to give.
    pub fn start_at_its_port(zone: Zone) -> Self {
        let address = "127.0.0.1:53";
        let sockets =
            (UdpSocket::bind(address).expect("it is free"), TcpListener::bind(address).expect("as well"));
        Self::serve(sockets, zone, Vec::new())
    }

    /// The same, with answers that go wrong.
    pub fn start_with(zone: Zone, faults: Vec<Faulty>) -> Self {
        let sockets = loop {
            let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
            // The same port for both; somebody else may have the other one.
            if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("it is bound")) {
                break (udp, tcp);
            }
        };
        Self::serve(sockets, zone, faults)
    }

    fn serve((udp, tcp): (UdpSocket, TcpListener), zone: Zone, faults: Vec<Faulty>) -> Self {
        let address = udp.local_addr().expect("it is bound");
        let shared = Arc::new(Shared {
            zone,
            faults,
            mood: Mutex::new(Mood::Sane),
            by_tcp: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        });
        let (packets, streams) = (Arc::clone(&shared), Arc::clone(&shared));
        std::thread::spawn(move || packets.serve_packets(&udp));
        std::thread::spawn(move || streams.serve_streams(&tcp));
        Self { address, shared }
    }

    /// Makes the resolver as a whole so.
    pub fn become_so(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// How many questions came by TCP.
    pub fn asked_by_tcp(&self) -> usize {
        self.shared.by_tcp.load(Ordering::SeqCst)
    }

    /// The lines of a configuration that make a server ask here.
    pub fn lines(&self) -> String {
        format!("[dns]\nservers = [\"{}\"]\n\n", self.address)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes both threads.
        let _ = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(b"", self.address));
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve_packets(&self, socket: &UdpSocket) {
        let mut packet = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            if let Some(mut reply) = self.reply(&packet[..length], false) {
                if reply.len() > UDP_BYTES {
                    // RFC 1035 §4.1.1: the header and the question stay, the bit TC says that there is more.
                    reply = Writer::header(&packet[..length], 0, true)
                        .map(|writer| writer.bytes)
                        .unwrap_or_default();
                }
                let _ = socket.send_to(&reply, from);
            }
        }
    }

    fn serve_streams(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming().map_while(Result::ok) {
            if self.stopping.load(Ordering::SeqCst) {
                return;
            }
            let shared = Arc::clone(self);
            // Who asks may go away at any time.
            std::thread::spawn(move || shared.serve_stream(stream).ok());
        }
    }

    fn serve_stream(&self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            let mut asked = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut asked)?;
            self.by_tcp.fetch_add(1, Ordering::SeqCst);
            if let Some(reply) = self.reply(&asked, true) {
                if reply.is_empty() {
                    return Ok(());
                }
                let length = u16::try_from(reply.len()).expect("no answer is that long");
                stream.write_all(&[&length.to_be_bytes(), reply.as_slice()].concat())?;
            }
        }
    }

    /// What goes wrong with the answer to a question. A circle is one whatever is asked, the alias itself included.
    fn fault(&self, name: &str, kind: Option<Kind>) -> Option<Wire> {
        let meant = |(of, what, wire): &&Faulty| {
            let of_kind = what.is_none() || *what == kind || (kind.is_none() && *wire == Wire::AliasLoop);
            of_kind && of.eq_ignore_ascii_case(name)
        };
        self.faults.iter().find(meant).map(|(_, _, wire)| *wire)
    }

    /// The reply to a question; `None` is silence, and nothing at all by TCP the end of the connection.
    fn reply(&self, asked: &[u8], by_tcp: bool) -> Option<Vec<u8>> {
        let (name, code) = question(asked)?;
        let kind = kind(code);
        if let Some(wire) = self.fault(&name, kind) {
            return self.wrong(asked, &name, code, wire, by_tcp);
        }
        let answer = match *self.mood.lock().unwrap() {
            Mood::DeniesAll => Answer::NameUnknown,
            Mood::Captive(address) if kind == Some(Kind::A) => {
                let records = vec![Record::A(address)];
                Answer::Found(Found { records, aliases: Vec::new(), ttl_secs: 0 })
            }
            Mood::Captive(_) => Answer::NoData,
            Mood::Sane => match kind {
                Some(kind) => self.zone.ask(&Question::new(Name::answered(&name), kind)),
                // A question after the alias alone: whether there is one is seen in the answers to others.
                None => self.zone.ask(&Question::new(Name::answered(&name), Kind::A)),
            },
        };
        write(asked, &name, code, answer)
    }
}

impl Shared {
    fn wrong(&self, asked: &[u8], name: &str, code: u16, wire: Wire, by_tcp: bool) -> Option<Vec<u8>> {
        let answer = match wire {
            Wire::NameUnknown => Answer::NameUnknown,
            Wire::NoData => Answer::NoData,
            Wire::ServerFailed => Answer::Failed(Failure::ServerFailed),
            Wire::Refused => Answer::Failed(Failure::Refused),
            Wire::Silent => Answer::Failed(Failure::TimedOut),
            Wire::AliasLoop => Answer::Failed(Failure::AliasLoop),
            Wire::Nonsense => Answer::Failed(Failure::Malformed),
            Wire::CutWithoutTcp if by_tcp => return Some(Vec::new()),
            Wire::CutWithoutTcp => return Writer::header(asked, 0, true).map(|writer| writer.bytes),
            Wire::WrongId => {
                let mut reply = write(
                    asked,
                    name,
                    code,
                    self.zone.ask(&Question::new(Name::answered(name), kind(code)?)),
                )?;
                reply[0] ^= 0xff;
                return Some(reply);
            }
            Wire::Lame => return Writer::header(asked, 0, false).map(Writer::lame),
            Wire::Bogus => return Writer::header(asked, 2, false).map(Writer::bogus),
        };
        write(asked, name, code, answer)
    }
}

fn kind(code: u16) -> Option<Kind> {
    let codes = [
        (1, Kind::A),
        (2, Kind::Ns),
        (12, Kind::Ptr),
        (15, Kind::Mx),
        (16, Kind::Txt),
        (28, Kind::Aaaa),
        (33, Kind::Srv),
        (52, Kind::Tlsa),
    ];
    codes.into_iter().find(|(known, _)| *known == code).map(|(_, kind)| kind)
}

/// The name that is asked for, and the code of what is asked of it (RFC 1035 §4.1.2).
fn question(asked: &[u8]) -> Option<(String, u16)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*asked.get(at)?);
        at += 1;
        if length == 0 {
            let code = asked.get(at..at + 2)?;
            return Some((labels.join("."), u16::from_be_bytes([code[0], code[1]])));
        }
        labels.push(String::from_utf8_lossy(asked.get(at..at + length)?).into_owned());
        at += length;
    }
}

fn write(asked: &[u8], name: &str, code: u16, answer: Answer) -> Option<Vec<u8>> {
    let refused = |code| Writer::header(asked, code, false).map(|writer| writer.bytes);
    match answer {
        Answer::Found(found) => {
            let mut writer = Writer::header(asked, 0, false)?;
            let mut owner = name.to_owned();
            for alias in &found.aliases {
                writer.record(&owner, 5, found.ttl_secs, &written(alias.as_str()));
                alias.as_str().clone_into(&mut owner);
            }
            for record in &found.records {
                writer.record(&owner, code, found.ttl_secs, &data(record)?);
            }
            Some(writer.bytes)
        }
        Answer::NoData => Writer::header(asked, 0, false).map(Writer::denied),
        Answer::NameUnknown => Writer::header(asked, 3, false).map(Writer::denied),
        Answer::Failed(Failure::TimedOut) => None,
        Answer::Failed(Failure::ServerFailed) => refused(2),
        Answer::Failed(Failure::Refused) => refused(5),
        Answer::Failed(Failure::AliasLoop) => {
            let mut writer = Writer::header(asked, 0, false)?;
            writer.record(name, 5, 60, &written(name));
            Some(writer.bytes)
        }
        Answer::Failed(_) => Some([asked.get(..2)?, &[0xff; 30]].concat()),
    }
}

fn data(record: &Record) -> Option<Vec<u8>> {
    Some(match record {
        Record::A(ip) => ip.octets().to_vec(),
        Record::Aaaa(ip) => ip.octets().to_vec(),
        Record::Mx { preference, exchange } => {
            [&preference.to_be_bytes()[..], &written(exchange.as_str())].concat()
        }
        Record::Ns(name) | Record::Ptr(name) => written(name.as_str()),
        Record::Txt(text) => {
            let strings = text.chunks(255);
            strings.flat_map(|text| std::iter::once(text.len() as u8).chain(text.iter().copied())).collect()
        }
        Record::Srv { priority, weight, port, target } => [
            &priority.to_be_bytes()[..],
            &weight.to_be_bytes(),
            &port.to_be_bytes(),
            &written(target.as_str()),
        ]
        .concat(),
        Record::Tlsa { usage, selector, matching, data } => {
            [&[*usage, *selector, *matching][..], data].concat()
        }
    })
}

/// A name as it is written, without compression.
fn written(name: &str) -> Vec<u8> {
    let labels = name.split('.').filter(|label| !label.is_empty());
    let mut bytes: Vec<u8> = Vec::new();
    for label in labels {
        bytes.push(u8::try_from(label.len()).expect("a label has at most 63 bytes"));
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// The header and the question of a response (RFC 1035 §4.1.1).
    fn header(asked: &[u8], code: u8, cut: bool) -> Option<Self> {
        let name_end = asked.get(12..)?.iter().position(|byte| *byte == 0)? + 13;
        let mut bytes = asked.get(..name_end + 4)?.to_vec();
        // A response to a question that wanted recursion; recursion is there.
        bytes[2..4].copy_from_slice(&[0x81 | if cut { 2 } else { 0 }, 0x80 | code]);
        bytes[4..12].copy_from_slice(&[0, 1, 0, 0, 0, 0, 0, 0]);
        Some(Self { bytes })
    }

    fn record(&mut self, owner: &str, code: u16, ttl_secs: u32, data: &[u8]) {
        let count = u16::from_be_bytes([self.bytes[6], self.bytes[7]]) + 1;
        self.bytes[6..8].copy_from_slice(&count.to_be_bytes());
        self.append(owner, code, ttl_secs, data);
    }

    fn append(&mut self, owner: &str, code: u16, ttl_secs: u32, data: &[u8]) {
        let length = u16::try_from(data.len()).expect("no record is that long");
        self.bytes.extend(written(owner));
        self.bytes.extend(code.to_be_bytes());
        self.bytes.extend([0, 1]);
        self.bytes.extend(ttl_secs.to_be_bytes());
        self.bytes.extend(length.to_be_bytes());
        self.bytes.extend_from_slice(data);
    }

    /// It points to the servers of the zone, as if they were others (RFC 1034 §4.3.1).
    fn lame(mut self) -> Vec<u8> {
        self.bytes[9] = 1;
        self.append("test", 2, 60, &written("ns.elsewhere.test"));
        self.bytes
    }

    /// With the reason beside it: DNSSEC bogus (RFC 8914 §4.7).
    fn bogus(mut self) -> Vec<u8> {
        self.bytes[11] = 1;
        self.bytes.extend([0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 6, 0, 15, 0, 2, 0, 6]);
        self.bytes
    }

    /// A no names its zone (RFC 2308 §2).
    fn denied(mut self) -> Vec<u8> {
        let mut soa = [written("ns.test"), written("hostmaster.test")].concat();
        for number in [1_u32, 7_200, 3_600, 1_209_600, 60] {
            soa.extend(number.to_be_bytes());
        }
        self.bytes[9] = 1;
        self.append("test", 6, 60, &soa);
        self.bytes
    }
}

/// A port that is free on all these addresses, and what keeps it so until it is listened on.
pub fn same_port(addresses: &[IpAddr]) -> (u16, Vec<tokio::net::TcpSocket>) {
    const TRIES: usize = 50;
    for _ in 0..TRIES {
        let mut held = Vec::new();
        let mut port = 0;
        for address in addresses {
            let socket = super::held_socket(SocketAddr::new(*address, port));
            let Ok(socket) = socket else { break };
            port = socket.local_addr().expect("it is bound").port();
            held.push(socket);
        }
        if held.len() == addresses.len() {
            return (port, held);
        }
    }
    panic!("no port is free on all of {addresses:?}");
}
