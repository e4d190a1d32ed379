//! What applying a change does to the relations that are there: locks, rewriting, reading.
//!
//! The facts were measured statement by statement on PostgreSQL 15, and are measured again by a test: they are those of
//! the plain `ALTER`, `CREATE` or `DROP` that makes the change, or of dropping and creating where nothing else makes it.

mod column;
mod constraint;
mod elsewhere;
mod kin;
mod relation;

use dump::{Address, Attribute, Kind as Object};

use crate::change::{Change, Kind};
use crate::dumps::Pair;

pub(crate) use constraint::keeps_index;
pub(crate) use kin::Kin;
pub(crate) use kin::family;

/// What applying a change does to relations that were there before, as measured on PostgreSQL 15.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The strongest lock on each relation.
    pub locks: Vec<(Address, Lock)>,
    /// The tables that are written anew, with their indexes.
    pub rewrites: Vec<Address>,
    /// The tables that are read from end to end.
    pub scans: Vec<Address>,
}

/// The modes of table locks that changes take, weakest first (`lockdefs.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lock {
    /// Keeps out nobody but ACCESS EXCLUSIVE.
    AccessShare,
    /// Keeps out VACUUM and other changes; neither readers nor writers.
    ShareUpdateExclusive,
    /// Keeps out writers.
    Share,
    /// Keeps out writers, and others like itself.
    ShareRowExclusive,
    /// Keeps out everybody.
    AccessExclusive,
}

impl Lock {
    /// Returns the name as `LOCK TABLE` writes it.
    pub fn to_sql(self) -> &'static str {
        match self {
            Lock::AccessShare => "ACCESS SHARE",
            Lock::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Lock::Share => "SHARE",
            Lock::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Lock::AccessExclusive => "ACCESS EXCLUSIVE",
        }
    }
}

impl Cost {
    fn lock(mut self, relation: &Address, lock: Lock) -> Cost {
        match self.locks.iter_mut().find(|(known, _)| known == relation) {
            Some((_, known)) => *known = (*known).max(lock),
            None => self.locks.push((relation.clone(), lock)),
        }
        self
    }

    fn lock_all<'a>(self, relations: impl IntoIterator<Item = &'a Address>, lock: Lock) -> Cost {
        relations.into_iter().fold(self, |cost, relation| cost.lock(relation, lock))
    }

    fn scan<'a>(mut self, tables: impl IntoIterator<Item = &'a Address>) -> Cost {
        extend(&mut self.scans, tables);
        self
    }

    fn rewrite<'a>(mut self, tables: impl IntoIterator<Item = &'a Address>) -> Cost {
        extend(&mut self.rewrites, tables);
        self
    }

    /// Both of two.
    pub(crate) fn and(self, other: &Cost) -> Cost {
        let both = other.locks.iter().fold(self, |cost, (relation, lock)| cost.lock(relation, *lock));
        both.rewrite(&other.rewrites).scan(&other.scans)
    }
}

fn extend<'a>(known: &mut Vec<Address>, more: impl IntoIterator<Item = &'a Address>) {
    for address in more {
        if !known.contains(address) {
            known.push(address.clone());
        }
    }
}

/// Returns what it takes to apply a change between two schemas.
pub(crate) fn cost(change: &Change, pair: &Pair<'_>) -> Cost {
    let mut cost = of(change, pair);
    let there = |address: &Address| {
        let object = address.parent.as_deref().unwrap_or(address);
        pair.old.objects.contains_key(object)
    };
    // The sequence of an identity is no object of a dump.
    let of_identity =
        |address: &Address| address.kind == Object::Sequence && change.address.kind == Object::Column;
    cost.locks.retain(|(relation, _)| there(relation) || of_identity(relation));
    // What has no rows of its own is neither read nor written.
    let has_rows = |address: &Address| {
        there(address)
            && matches!(address.kind, Object::Table | Object::MaterializedView)
            && !pair.kin.is_partitioned(pair.old, address)
    };
    cost.scans.retain(has_rows);
    cost.rewrites.retain(has_rows);
    cost
}

fn of(change: &Change, pair: &Pair<'_>) -> Cost {
    let object = &change.object;
    let none = Cost::default();
    if !object.kind.is_relation() {
        return elsewhere::cost(change, pair);
    }
    match (change.attribute, change.address.kind) {
        (Attribute::Name, Object::Index) => none.lock(&change.address, Lock::ShareUpdateExclusive),
        (Attribute::Name, Object::Column) => none.lock_all(&family(object, pair), Lock::AccessExclusive),
        (Attribute::Name, _) => none.lock(object, Lock::AccessExclusive),
        (Attribute::Privilege | Attribute::SecurityLabel | Attribute::Order, _) => none,
        (Attribute::Comment, Object::Index) => none.lock(&change.address, Lock::ShareUpdateExclusive),
        (Attribute::Comment, kind) if kind == object.kind || kind == Object::Column => {
            none.lock(object, Lock::ShareUpdateExclusive)
        }
        (Attribute::Comment, _) => none,
        // The parent's change tells.
        (Attribute::Inherited, _) => none.lock(object, Lock::AccessExclusive),
        (_, Object::Column) => column::cost(change, pair),
        (_, Object::Constraint) => constraint::cost(change, pair),
        (_, Object::Index) => relation::index(change, pair),
        (_, Object::Trigger) => match (change.attribute, change.kind) {
            (Attribute::Enabled, _) | (Attribute::Whole, Kind::Added) => {
                none.lock(object, Lock::ShareRowExclusive)
            }
            _ => none.lock(object, Lock::AccessExclusive),
        },
        (_, Object::Policy) => none.lock(object, Lock::AccessExclusive),
        (_, Object::Rule) => none.lock(object, Lock::AccessExclusive),
        (Attribute::StatisticsTarget | Attribute::Owner, Object::Statistics) => none,
        (_, Object::Statistics) => none.lock(object, Lock::ShareUpdateExclusive),
        (_, Object::Table) => relation::table(change, pair),
        (_, Object::MaterializedView) => relation::materialized_view(change, pair),
        (Attribute::Whole | Attribute::Owner | Attribute::Persistence, Object::Sequence) => {
            none.lock(object, Lock::AccessExclusive)
        }
        (Attribute::OwnedBy, _) => none.lock(object, Lock::ShareRowExclusive),
        (_, Object::Sequence) => none.lock(object, Lock::ShareRowExclusive),
        _ => none.lock(object, Lock::AccessExclusive),
    }
}
