//! The transactions of a plain dump, as psql goes through them.
//!
//! A restore commits statement by statement, so that one failure hides no other. What psql would undo all the same is
//! found here: what stands in a transaction that is never committed, or rolled back, or in which something fails.

use std::fmt;
use std::ops::Range;

use dump::{Name, Transaction};

use crate::plan::Place;

/// A stretch of a dump that psql undoes again.
#[derive(Clone, Debug)]
pub struct Undone {
    /// Where the transaction begins, or the savepoint stands.
    pub begin: Place,
    /// What undoes it.
    pub by: UndoneBy,
}

/// What undoes a stretch of a dump.
#[derive(Clone, Copy, Debug)]
pub enum UndoneBy {
    /// Nothing commits it before the connection ends.
    End,
    /// A `ROLLBACK`.
    Rollback(Place),
    /// `PREPARE TRANSACTION`: another session has to commit it.
    Prepare(Place),
}

impl fmt::Display for UndoneBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UndoneBy::End => f.write_str("is never committed: psql leaves nothing of what stands behind it"),
            UndoneBy::Rollback(at) => {
                write!(f, "is rolled back at {at}: psql leaves nothing of what stands in between")
            }
            UndoneBy::Prepare(at) => {
                write!(f, "is only prepared, at {at}: psql leaves nothing of it that anybody sees")
            }
        }
    }
}

/// A transaction that is committed: one failure in it undoes all of it.
#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub begin: Place,
    pub steps: Range<usize>,
}

/// Follows the transactions of one connection.
#[derive(Debug, Default)]
pub(crate) struct Follower {
    open: Option<Open>,
    pub undone: Vec<Undone>,
    pub blocks: Vec<Block>,
}

#[derive(Debug)]
struct Open {
    begin: Place,
    first: usize,
    savepoints: Vec<(Name, Place, usize)>,
}

impl Follower {
    /// Says whether a transaction is open.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes a statement that stands behind so many steps.
    pub fn change(&mut self, transaction: Transaction, at: Place, steps: usize) {
        match transaction {
            // In a transaction that is open already it is a warning.
            Transaction::Begin => {
                self.open.get_or_insert_with(|| Open { begin: at, first: steps, savepoints: Vec::new() });
            }
            Transaction::Commit { chain } => {
                if let Some(Open { begin, first, .. }) = self.open.take() {
                    if first < steps {
                        self.blocks.push(Block { begin, steps: first..steps });
                    }
                    self.chain(chain, at, steps);
                }
            }
            Transaction::Rollback { chain } => {
                if self.end(UndoneBy::Rollback(at), steps) {
                    self.chain(chain, at, steps);
                }
            }
            Transaction::Prepare => {
                self.end(UndoneBy::Prepare(at), steps);
            }
            Transaction::Savepoint(name) => {
                self.open.iter_mut().for_each(|open| open.savepoints.push((name.clone(), at, steps)));
            }
            Transaction::Release(name) => {
                let Some(open) = &mut self.open else { return };
                if let Some(known) = open.savepoints.iter().rposition(|(known, ..)| *known == name) {
                    open.savepoints.truncate(known);
                }
            }
            Transaction::RollbackTo(name) => {
                let Some(open) = &mut self.open else { return };
                let known = open.savepoints.iter().rposition(|(known, ..)| *known == name);
                if let Some((_, begin, first)) = known.and_then(|known| open.savepoints.get_mut(known)) {
                    if *first < steps {
                        self.undone.push(Undone { begin: *begin, by: UndoneBy::Rollback(at) });
                    }
                    *first = steps;
                }
            }
        }
    }

    fn chain(&mut self, chain: bool, at: Place, steps: usize) {
        if chain {
            self.open = Some(Open { begin: at, first: steps, savepoints: Vec::new() });
        }
    }

    /// Ends the transaction that is open, if one is, with all it did undone.
    pub fn end(&mut self, by: UndoneBy, steps: usize) -> bool {
        let open = self.open.take();
        if let Some(Open { begin, first, .. }) = &open
            && *first < steps
        {
            self.undone.push(Undone { begin: *begin, by });
        }
        open.is_some()
    }
}
