//! Where each byte of an input went.

use std::collections::BTreeMap;

use crate::identify::Noise;

/// Says for every byte of an input what became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Bytes of statements that objects and their parts were made of.
    pub objects: u64,
    /// Bytes of data: rows, their COPY or INSERT, sequence values, large objects.
    pub data: u64,
    /// Bytes of statements that were not understood and are kept verbatim.
    pub other: u64,
    /// Bytes behind the dump's own end, kept verbatim.
    pub trailer: u64,
    /// Bytes that say nothing, by reason.
    pub noise: BTreeMap<Noise, u64>,
    /// Number of statements that objects were made of.
    pub statements: u64,
}

impl Ledger {
    /// Returns the sum of all bytes accounted for.
    pub fn total(&self) -> u64 {
        self.objects + self.data + self.other + self.trailer + self.noise.values().sum::<u64>()
    }

    /// Says whether any byte is of a statement that was understood.
    pub(crate) fn says_something(&self) -> bool {
        self.objects + self.data > 0
            || self.noise.keys().any(|noise| !matches!(noise, Noise::Gap | Noise::Foreword))
    }

    pub(crate) fn add_noise(&mut self, noise: Noise, bytes: usize) {
        *self.noise.entry(noise).or_default() += bytes as u64;
    }
}
