//! A name server that changes its mind, to have somebody call what was not judged (DNS rebinding).

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A question for IPv6 addresses, as it stands in a packet.
const AAAA: [u8; 4] = [0, 28, 0, 1];

/// A name server that says something else each time, whatever name is asked for: the good address, a bad one, or both, in
/// both orders.
pub struct Fickle {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<AtomicU64>,
}

impl Fickle {
    /// Answers until the test ends. The second of the bad addresses is IPv6, and all that it knows of that.
    pub fn start(good: IpAddr, bad: [IpAddr; 2]) -> io::Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let (address, asked) = (socket.local_addr()?, Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&asked);
        let [bad, six] = bad;
        std::thread::spawn(move || {
            let mut packet = [0; 1_024];
            while let Ok((length, from)) = socket.recv_from(&mut packet) {
                let turn = counted.fetch_add(1, Ordering::SeqCst);
                let question = packet.get(..length).unwrap_or_default();
                let is_six = question.windows(4).any(|four| four == AAAA);
                let answer = match (is_six, turn / 2 % 4) {
                    (true, _) => vec![six],
                    (false, 0) => vec![good],
                    (false, 1) => vec![bad],
                    (false, 2) => vec![good, bad],
                    (false, _) => vec![bad, good],
                };
                if let Some(reply) = reply(question, &answer) {
                    let _ = socket.send_to(&reply, from);
                }
            }
        });
        Ok(Self { address, asked })
    }

    /// How often it was asked.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A response whose records are good for no time at all (RFC 1035 §4.1).
fn reply(asked: &[u8], answer: &[IpAddr]) -> Option<Vec<u8>> {
    let end = asked.get(12..)?.iter().position(|byte| *byte == 0)? + 17;
    let id = asked.get(..2)?;
    let count = u8::try_from(answer.len()).ok()?;
    let head = [0x81, 0x80, 0, 1, 0, count, 0, 0, 0, 0];
    let mut reply = [id, &head, asked.get(12..end)?].concat();
    for ip in answer {
        let (kind, data) = match ip {
            IpAddr::V4(ip) => (1, ip.octets().to_vec()),
            IpAddr::V6(ip) => (28, ip.octets().to_vec()),
        };
        reply.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, u8::try_from(data.len()).ok()?]);
        reply.extend(data);
    }
    Some(reply)
}
