//! What partitions have from their parent is told once.

use std::collections::BTreeMap;

use dump::{Address, Attribute, Kind as Object, Name, Object as Thing, Role, Schema};

use crate::change::{Change, Kind};
use crate::cost::Lock;
use crate::dumps::Pair;
use crate::meaning::Finding;
use crate::types::{said, type_name};

/// What makes a change of a partition the same as one of its parent.
type Key<'f> = (&'f Address, Object, Name, Attribute, Option<&'f Name>, Kind);

/// Takes out of the findings behind `from` those that follow from another of the same table's parent.
pub(crate) fn fold(findings: &mut Vec<Finding>, from: usize, pair: &Pair<'_>) {
    let folded = targets(&findings[from..], pair);
    if folded.is_empty() {
        return;
    }
    // A partition of a partition goes with the topmost.
    let top = |mut at: usize| {
        while let Some(next) = folded.get(&at) {
            at = *next;
        }
        at
    };
    for at in folded.keys() {
        let taken = findings[from + at].clone();
        let target = &mut findings[from + top(*at)];
        let mut cost = taken.cost;
        // A key of the parent takes of its partitions what an index does.
        if target.change.attribute == Attribute::Whole
            && target.change.kind == Kind::Added
            && target.change.address.kind == Object::Constraint
        {
            for (_, lock) in cost.locks.iter_mut().filter(|(relation, _)| *relation == taken.change.object) {
                *lock = (*lock).min(Lock::Share);
            }
        }
        target.cost = std::mem::take(&mut target.cost).and(&cost);
        if !target.partitions.contains(&taken.change.object) {
            target.partitions.push(taken.change.object);
        }
        for dependent in taken.dependents {
            if !target.dependents.contains(&dependent) {
                target.dependents.push(dependent);
            }
        }
    }
    let mut at = 0..;
    findings.retain(|_| at.next().is_some_and(|at| at < from || !folded.contains_key(&(at - from))));
}

/// By the place of each finding that follows from another: the place of that.
fn targets(findings: &[Finding], pair: &Pair<'_>) -> BTreeMap<usize, usize> {
    let parent_of =
        |schema: &Schema, table: &Address| schema.objects.get(table).and_then(Thing::partition_of);
    let mut parents: BTreeMap<&Address, Option<Address>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.change.object.kind == Object::Table) {
        let table = &finding.change.object;
        parents.entry(table).or_insert_with(|| {
            parent_of(pair.old, table).filter(|parent| parent_of(pair.new, table).as_ref() == Some(parent))
        });
    }
    if parents.values().all(Option::is_none) {
        return BTreeMap::new();
    }
    let mut places: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        let change = &finding.change;
        let key = key(&change.object, change.address.kind, change.address.name.clone(), change);
        places.entry(key).or_insert(at);
    }
    let mut folded = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        let change = &finding.change;
        let Some(Some(parent)) = parents.get(&change.object) else { continue };
        if let Some(target) = target(change, parent, &places, findings, pair)
            && target != at
            && findings[target].severity == finding.severity
        {
            folded.insert(at, target);
        }
    }
    folded
}

fn key<'f>(table: &'f Address, kind: Object, name: Name, change: &'f Change) -> Key<'f> {
    (table, kind, name, change.attribute, change.item.as_ref(), change.kind)
}

fn target<'f>(
    change: &'f Change,
    parent: &'f Address,
    places: &BTreeMap<Key<'f>, usize>,
    findings: &[Finding],
    pair: &Pair<'_>,
) -> Option<usize> {
    use Attribute::{Comment, Owner, Privilege, SecurityLabel};
    let of_its_own = matches!(change.attribute, Owner | Comment | Privilege | SecurityLabel);
    let is_part = change.address != change.object;
    if of_its_own || !(is_part || change.attribute == Attribute::Order) {
        return None;
    }
    let schema = if change.kind == Kind::Dropped { pair.old } else { pair.new };
    if matches!(change.address.kind, Object::Index | Object::Constraint)
        && let Some(above) = index_above(schema, change)
    {
        // The index of a key is told of as the key.
        return [Object::Index, Object::Constraint].into_iter().find_map(|kind| {
            let (attribute, item) = match change.attribute {
                Attribute::Parent => (Attribute::Whole, None),
                attribute => (attribute, change.item.as_ref()),
            };
            places.get(&(parent, kind, above.clone(), attribute, item, change.kind)).copied()
        });
    }
    let same = |target: &usize| {
        let other = &findings[*target].change;
        (&other.old, &other.new) == (&change.old, &change.new)
    };
    let name = if is_part { change.address.name.clone() } else { parent.name.clone() };
    let kind = if is_part { change.address.kind } else { Object::Table };
    places.get(&key(parent, kind, name, change)).copied().filter(same)
}

/// The name of the index that an index, or that of a key, is attached to.
fn index_above(schema: &Schema, change: &Change) -> Option<Name> {
    let object = schema.objects.get(&change.object)?;
    let attached = object.parts.iter().any(|part| {
        part.role == Role::Attachment
            && part.address.kind == Object::Index
            && part.address.name == change.address.name
    });
    if !attached {
        return None;
    }
    let parent = said(object).into_iter().find(|detail| {
        detail.attribute == Attribute::Parent
            && detail.address.kind == Object::Index
            && detail.address.name == change.address.name
    })?;
    type_name(&String::from_utf8_lossy(&parent.text)).map(|name| name.name)
}
