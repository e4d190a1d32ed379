//! A random number generator with a fixed seed: the same inputs on every machine, and fast enough for gigabytes.

/// Marsaglia's xorshift64*.
pub struct Random(u64);

impl Random {
    /// Starts the one sequence there is.
    pub fn new() -> Random {
        Random(0x9E37_79B9_7F4A_7C15)
    }

    /// Returns the next number of the sequence.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Returns a number below `limit`; for test data, so the slight bias does not matter.
    pub fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    /// Returns one of `items`.
    pub fn pick<'a>(&mut self, items: &[&'a str]) -> &'a str {
        items[(self.next() >> 11) as usize % items.len()]
    }
}
