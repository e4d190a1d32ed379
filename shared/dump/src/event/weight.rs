//! How much memory a statement takes, and how much it may.

use crate::error::Fault;

/// PostgreSQL's `MaxAllocSize` (memutils.h): no statement and no row can be longer.
const MAX: u64 = 0x3fff_ffff;
/// What a token takes besides its text: in the list of tokens, and again in canonical spelling.
const TOKEN: u64 = 64;
/// What an object or a step takes besides its text.
const THING: u64 = 256;

/// What is in memory of one statement, line or row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    pub text: u64,
    pub tokens: usize,
}

impl Weight {
    /// Says what is wrong with a statement of this size, where so many bytes of memory may be taken.
    pub fn fault_of_statement(self, room: u64) -> Option<Fault> {
        let memory = self.text + TOKEN * self.tokens as u64;
        match () {
            () if memory > room => Some(Fault::Inflated),
            () if self.text > MAX => Some(Fault::TooLong),
            () if memory > MAX => Some(Fault::TooManyTokens),
            () => None,
        }
    }

    /// Says what is wrong with a row of this size.
    pub fn fault_of_row(self, room: u64) -> Option<Fault> {
        match () {
            () if self.text > MAX => Some(Fault::RowTooLong),
            () if self.text > room => Some(Fault::Inflated),
            () => None,
        }
    }
}

/// What a reader keeps of an input altogether, in bytes of memory.
///
/// ```
/// let mut kept = dump::Kept::default();
/// kept.add(1, 1000); // and what an object takes itself
/// assert!(kept.fits(2000) && !kept.fits(1000));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Kept(u64);

impl Kept {
    /// Adds so many things, and the bytes of text that they have together.
    pub fn add(&mut self, things: usize, text: usize) {
        self.0 += THING * things as u64 + text as u64;
    }

    /// Says whether all of it fits.
    pub fn fits(self, room: u64) -> bool {
        self.0 <= room
    }
}
