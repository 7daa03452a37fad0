//! The process-wide budget of bytes that message contents may take in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes that may be reserved, shared by all its clones.
#[derive(Debug, Clone)]
pub struct Budget {
    left: Arc<AtomicUsize>,
}

/// A reservation: given back when dropped.
#[derive(Debug)]
pub struct Reserved {
    left: Arc<AtomicUsize>,
    bytes: usize,
}

impl Budget {
    /// A budget of that many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(bytes)) }
    }

    /// Reserves bytes, or gives `None` when the budget has not that many left.
    pub fn reserve(&self, bytes: usize) -> Option<Reserved> {
        self.left
            .try_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(bytes))
            .ok()
            .map(|_| Reserved { left: Arc::clone(&self.left), bytes })
    }

    /// What is left.
    pub fn left(&self) -> usize {
        self.left.load(Ordering::Acquire)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.left.fetch_add(self.bytes, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_given_back() {
        let budget = Budget::new(10);
        let held = budget.reserve(7).unwrap();
        assert!(budget.reserve(4).is_none());
        drop(held);
        assert_eq!(budget.left(), 10);
    }
}
