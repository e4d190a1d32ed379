//! What a change means: for the data, for whoever uses the schema, and for the tables while it is applied.

use dump::{Address, Dump};

use crate::change::Change;
use crate::rule::{self, Rule, Severity};

/// A change with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Names the change in every report: the same for the same change of the same thing, whatever the values are.
    pub id: String,
    /// What changed.
    pub change: Change,
    /// The rule it falls under.
    pub rule: &'static Rule,
    /// How bad that is: the rule's own severity, unless somebody set another.
    pub severity: Severity,
    /// What it takes to apply the change.
    pub cost: Cost,
}

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
    /// Conflicts with nothing but ACCESS EXCLUSIVE.
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

/// Returns the changes with what they mean.
pub fn findings(changes: Vec<Change>, old: &Dump, new: &Dump) -> Vec<Finding> {
    let _ = (old, new);
    changes
        .into_iter()
        .map(|change| {
            let rule = rule::of(&change);
            Finding { id: id_of(&change), rule, severity: rule.severity, cost: Cost::default(), change }
        })
        .collect()
}

fn id_of(change: &Change) -> String {
    let database = change.database.as_ref().map(ToString::to_string).unwrap_or_default();
    let text = format!("{database}\0{}\0{}\0{}", change.object, change.aspect(), change.kind.word());
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}
