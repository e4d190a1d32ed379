//! How much memory may be taken for what was unpacked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What any packed input may take, in bytes: a small one is no danger.
const LEAST: u64 = 48 << 20;
/// What each packed byte that was read accounts for. SQL of a backup packs to a tenth or a thirtieth, that of a hundred
/// thousand partitions that differ in their names alone to a ninetieth; gzip can reach a thousandth, Zstandard any.
const FACTOR: u64 = 256;

/// How much memory may be taken for what an input unpacks to and a reader keeps, such as statements: that depends on how
/// many packed bytes were read, so that a few megabytes cannot unpack to more than there is memory.
///
/// What flows past, as rows do, takes none and needs none.
///
/// ```
/// // Nothing was unpacked: what a file on the disk may take is for the reader to say.
/// assert_eq!(archive::Room::default().bytes(), u64::MAX);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Room {
    /// The packed bytes read so far, layer by layer.
    layers: Vec<Arc<AtomicU64>>,
}

impl Room {
    /// Returns how many bytes of memory may be taken now.
    pub fn bytes(&self) -> u64 {
        let of = |layer: &Arc<AtomicU64>| LEAST.max(FACTOR.saturating_mul(layer.load(Ordering::Relaxed)));
        self.layers.iter().map(of).min().unwrap_or(u64::MAX)
    }

    /// Returns the same with one more layer that is unpacked, and what its packed bytes are to be counted in.
    pub(crate) fn with_layer(&self) -> (Room, Arc<AtomicU64>) {
        let count = Arc::new(AtomicU64::new(0));
        let mut room = self.clone();
        room.layers.push(Arc::clone(&count));
        (room, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layer_that_packs_most_counts() {
        let (outer, packed) = Room::default().with_layer();
        let (both, inner) = outer.with_layer();
        assert_eq!(both.bytes(), LEAST);
        inner.store(1 << 40, Ordering::Relaxed);
        assert_eq!(both.bytes(), LEAST);
        packed.store(1 << 20, Ordering::Relaxed);
        assert_eq!((outer.bytes(), both.bytes()), (FACTOR << 20, FACTOR << 20));
    }
}
