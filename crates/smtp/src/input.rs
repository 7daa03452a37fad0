//! What a peer has sent and nobody has read yet.

/// A byte queue. Reading a line from its front moves nothing: the bytes that were read go when
/// [`Input::room`] next makes room, which is once per read from the network and not once per line.
#[derive(Debug, Default)]
pub struct Input {
    bytes: Vec<u8>,
    start: usize,
}

impl Input {
    /// An empty queue, which owns no memory yet.
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), start: 0 }
    }

    /// The buffer to append to, with room for at least that many bytes. It is only to be appended to.
    pub fn room(&mut self, at_least: usize) -> &mut Vec<u8> {
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.reserve(at_least);
        &mut self.bytes
    }

    /// Appends bytes.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.room(bytes.len()).extend_from_slice(bytes);
    }

    /// The bytes that were not consumed yet.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Takes bytes from the front; more than there are takes them all.
    pub fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.bytes.len());
        if self.start == self.bytes.len() {
            self.clear();
        }
    }

    /// How many bytes wait.
    pub const fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets what waits; the memory stays for what comes next.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.start = 0;
    }

    /// Gives memory back when nothing waits: for a connection that has gone quiet.
    pub fn release(&mut self) {
        if self.is_empty() {
            *self = Self::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Input;

    #[test]
    fn bytes_leave_in_the_order_in_which_they_came() {
        let mut input = Input::new();
        input.extend(b"one\r\ntwo");
        input.consume(5);
        assert_eq!(input.bytes(), b"two");
        input.extend(b" three");
        assert_eq!((input.bytes(), input.len()), (&b"two three"[..], 9));
        input.consume(100);
        assert!(input.is_empty());
        input.release();
        assert_eq!(input.bytes(), b"");
    }
}
