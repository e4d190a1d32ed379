//! What failed, by what it is about: nobody goes through a million failures for each of a million objects.

use std::collections::{HashMap, HashSet};

use dump::{Address, Kind, Name, QualifiedName};
use restore::{Cause, DatabasePlan, Failure, Judgement, Place};

/// The failures of a restore.
pub struct Failed<'a> {
    by_address: HashMap<&'a Address, Vec<&'a Failure>>,
    by_name: HashMap<&'a Name, Vec<&'a Failure>>,
    by_parent: HashMap<&'a Address, Vec<&'a Failure>>,
    /// What statements that failed speak of …
    subjects: HashSet<(Kind, &'a Name)>,
    /// … or what that is a part of.
    roots: HashSet<(Kind, &'a Name)>,
    /// Where statements of a plain dump stand that failed.
    bytes: HashSet<u64>,
    /// What failed for want of something that the backup does not hold, by its name: rows that go through the root of a
    /// partitioned table are those of a partition in an archive.
    lacking: HashMap<&'a str, &'a Failure>,
}

impl<'a> Failed<'a> {
    /// Sorts what failed.
    pub fn new(plan: &'a DatabasePlan, failures: &'a [Failure]) -> Failed<'a> {
        let mut failed = Failed {
            by_address: HashMap::new(),
            by_name: HashMap::new(),
            by_parent: HashMap::new(),
            subjects: HashSet::new(),
            roots: HashSet::new(),
            bytes: HashSet::new(),
            lacking: HashMap::new(),
        };
        for failure in failures {
            if let Cause::NotInBackup(name) = &failure.cause {
                failed.lacking.entry(name).or_insert(failure);
            }
            if let Place::At(at) = failure.at {
                failed.bytes.insert(at.byte);
            }
            let Some(subject) = &plan.steps[failure.step].subject.address else { continue };
            failed.by_address.entry(subject).or_default().push(failure);
            failed.by_name.entry(&subject.name).or_default().push(failure);
            failed.subjects.insert((subject.kind, &subject.name));
            let parent = subject.parent.as_deref();
            if let Some(parent) = parent {
                failed.by_parent.entry(parent).or_default().push(failure);
            }
            let root = parent.unwrap_or(subject);
            failed.roots.insert((root.kind, &root.name));
        }
        failed
    }

    /// Says whether a statement on this failed.
    pub fn has(&self, address: &Address) -> bool {
        self.by_address.contains_key(address)
    }

    /// Says whether a statement on something of this name failed.
    pub fn has_name(&self, name: &Name) -> bool {
        self.by_name.contains_key(name)
    }

    /// Says whether a statement on something of this kind and name failed.
    pub fn has_kind(&self, kind: Kind, name: &Name) -> bool {
        self.subjects.contains(&(kind, name))
    }

    /// Says whether a statement on something of this kind and name failed, or on a part of it.
    pub fn has_root(&self, kind: Kind, name: &Name) -> bool {
        self.roots.contains(&(kind, name))
    }

    /// Says whether the statement that begins at this byte of a plain dump failed.
    pub fn has_byte(&self, byte: u64) -> bool {
        self.bytes.contains(&byte)
    }

    /// Returns the first failure of a statement on this that does not tell against the backup.
    pub fn excuse(&self, address: &Address) -> Option<&'a Failure> {
        let unclear = |failure: &&Failure| failure.cause.judgement() == Judgement::Unclear;
        self.by_address.get(address)?.iter().copied().find(unclear)
    }

    /// Returns the first failure for want of this, which the backup does not hold.
    pub fn for_want_of(&self, name: &QualifiedName) -> Option<&'a Failure> {
        self.lacking.get(name.to_string().as_str()).copied()
    }

    /// Returns the failures of statements on what has one of these names, or on parts of `whole`.
    pub fn near(&self, names: [&Name; 2], whole: &Address) -> impl Iterator<Item = &'a Failure> {
        let of_names = names.into_iter().filter_map(|name| self.by_name.get(name));
        of_names.chain(self.by_parent.get(whole)).flatten().copied()
    }
}
