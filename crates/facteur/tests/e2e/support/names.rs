//! A name server that finds every domain on this machine: each name has the address of loopback, and nothing else.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A name server that runs until it is dropped.
pub struct Names {
    pub address: SocketAddr,
    stopping: Arc<AtomicBool>,
}

impl Names {
    pub fn all_here() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        let address = socket.local_addr().expect("it is bound");
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&stopping);
        std::thread::spawn(move || {
            let mut buffer = [0; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                if let Some(answer) = answer(&buffer[..length]) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self { address, stopping }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the thread that reads.
        let _ = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(&[0], self.address));
    }
}

/// The answer to a question for an address (RFC 1035 §4.1); to every other, that there is no such record.
fn answer(asked: &[u8]) -> Option<Vec<u8>> {
    let name = asked.get(12..)?.iter().position(|byte| *byte == 0)?;
    let end = 12 + name + 5;
    let question = asked.get(12..end)?;
    let is_address = question.ends_with(&[0, 1, 0, 1]);
    let mut answer = asked.get(..2)?.to_vec();
    // A response, recursion was asked for and is there, no error; one question, an answer or none.
    answer.extend([0x81, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    answer.extend(question);
    if is_address {
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
    }
    Some(answer)
}
