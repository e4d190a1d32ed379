//! What changes mean: the rule each falls under, and what it takes to apply it.

use std::collections::BTreeMap;

use dump::{Address, Dump, Kind, Pattern};

use crate::change::Change;
use crate::cost::{Cost, cost};
use crate::judgement;
use crate::likeness;
use crate::rename::Rename;
use crate::rule::{Rule, Severity};
use crate::{dependents, dumps, fold};

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
    /// What is there and has to be made anew with it: the server refuses the change while that stands.
    pub dependents: Vec<Address>,
    /// The partitions of the table that have the change from it.
    pub partitions: Vec<Address>,
}

/// How changes are judged.
#[derive(Clone, Debug, Default)]
pub struct Judge {
    /// Other severities than the rules' own, by rule; none leaves the changes of the rule out.
    pub severities: BTreeMap<&'static str, Option<Severity>>,
    /// Objects, or parts of them, whose changes are left out.
    pub ignore: Vec<Ignore>,
}

/// What is left out, as pg_dump's options write patterns, with a kind in front: `index:app.*_old`.
#[derive(Clone, Debug)]
pub struct Ignore {
    /// The kind of object or part, as in `index`; none for all.
    pub kind: Option<Kind>,
    /// The name.
    pub pattern: Pattern,
}

impl Judge {
    /// Returns what changed from one dump to another with its meaning, and what of it may only have another name.
    ///
    /// `accepted` are the renames that [`accept_renames`](crate::accept_renames) made in the old dump.
    pub fn compare(&self, old: &Dump, new: &Dump, accepted: &[Rename]) -> (Vec<Finding>, Vec<Rename>) {
        let mut seen = BTreeMap::new();
        let mut findings = Vec::new();
        let mut renames = Vec::new();
        for pair in dumps::pairs(old, new) {
            let from = findings.len();
            let mut changes = pair.changes();
            renames.extend(likeness::candidates(&changes, &pair));
            let named = accepted.iter().filter(|rename| rename.database.as_ref() == pair.database);
            // The name comes first of what is said of a thing.
            for change in named.map(Rename::change) {
                if !pair.new.objects.contains_key(&change.object) {
                    continue;
                }
                let at = changes.iter().position(|other| other.object >= change.object);
                changes.insert(at.unwrap_or(changes.len()), change);
            }
            for change in changes {
                let rule = judgement::rule(&change, &pair);
                let severity = self.severities.get(rule.id).copied().unwrap_or(Some(rule.severity));
                let Some(severity) = severity.filter(|_| !self.ignores(&change)) else { continue };
                // Several grants of one kind differ in nothing but their texts.
                let text = identity(&change);
                let number = seen.entry(text.clone()).and_modify(|number| *number += 1).or_insert(0_u32);
                let id =
                    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(format!("{text}\0{number}").as_bytes()));
                let cost = cost(&change, &pair);
                let dependents = dependents::of(&change, rule, &pair);
                findings.push(Finding {
                    id,
                    rule,
                    severity,
                    cost,
                    dependents,
                    partitions: Vec::new(),
                    change,
                });
            }
            fold::fold(&mut findings, from, &pair);
        }
        (findings, renames)
    }

    fn ignores(&self, change: &Change) -> bool {
        self.ignore.iter().any(|ignore| {
            [&change.object, &change.address].into_iter().any(|address| {
                let schema = address.schema.as_ref().or(change.object.schema.as_ref());
                ignore.kind.is_none_or(|kind| kind == address.kind)
                    && ignore.pattern.matches(schema, &address.name)
            })
        })
    }
}

fn identity(change: &Change) -> String {
    let database = change.database.as_ref().map(ToString::to_string).unwrap_or_default();
    format!("{database}\0{}\0{}\0{}", change.object, change.aspect(), change.kind.word())
}
