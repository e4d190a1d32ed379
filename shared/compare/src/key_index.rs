//! A unique index that becomes that of a constraint, and a constraint that becomes an index, of the same name.

use std::collections::{BTreeMap, BTreeSet};

use dump::{Address, Attribute, Detail, Kind as Object, Name, Schema};

use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::tokens::{Token, split_commas, tokens};
use crate::types::said;

/// Makes one change of the two: an index that went and a constraint that came, or the other way round.
pub(crate) fn settle(changes: &mut Vec<Change>, pair: &Pair<'_>) {
    let is_whole = |change: &Change, kind: Object| {
        change.address.kind == kind
            && change.attribute == Attribute::Whole
            && change.kind != Kind::Changed
            && change.object.kind == Object::Table
    };
    let mut indexes: BTreeMap<(&Address, &Name), usize> = BTreeMap::new();
    for (at, index) in changes.iter().enumerate().filter(|(_, change)| is_whole(change, Object::Index)) {
        indexes.insert((&index.object, &index.address.name), at);
    }
    let both: Vec<(usize, usize)> = changes
        .iter()
        .enumerate()
        .filter(|(_, change)| is_whole(change, Object::Constraint))
        .filter_map(|(at, key)| Some((at, *indexes.get(&(&key.object, &key.address.name))?)))
        .filter(|(at, index)| {
            let (key, index) = (&changes[*at], &changes[*index]);
            key.kind != index.kind && alike(key, index, pair)
        })
        .collect();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for (at, index) in both {
        taken.insert(index);
        let index = changes[index].clone();
        let one = &mut changes[at];
        if one.kind == Kind::Added {
            (one.old, one.old_at) = (index.old, index.old_at);
        } else {
            (one.new, one.new_at) = (index.new, index.new_at);
        }
        one.kind = Kind::Changed;
    }
    let mut at = 0..;
    changes.retain(|_| at.next().is_some_and(|at| !taken.contains(&at)));
}

/// Says whether both demand the same of the same columns.
fn alike(constraint: &Change, index: &Change, pair: &Pair<'_>) -> bool {
    let side = |change: &Change| if change.kind == Kind::Added { pair.new } else { pair.old };
    let said_of = |schema: &Schema, address: &Address| -> Vec<Detail> {
        let said = schema.objects.get(&constraint.object).map(said).unwrap_or_default();
        said.into_iter().filter(|detail| detail.address == *address).collect()
    };
    let key = said_of(side(constraint), &constraint.address);
    let unique = said_of(side(index), &index.address);
    let text = |said: &[Detail], wanted: Attribute| {
        let found = said.iter().find(|detail| detail.attribute == wanted)?;
        Some(String::from_utf8_lossy(&found.text).into_owned())
    };
    let columns = text(&unique, Attribute::Columns).unwrap_or_default();
    // No expression, no operator class, no order, no collation.
    let tokens = tokens(&columns);
    let plain = |item: &&[Token<'_>]| matches!(item, [only] if only.name().is_some());
    split_commas(&tokens).iter().all(plain)
        && text(&unique, Attribute::Unique).is_some()
        && text(&key, Attribute::Unique).is_some()
        && text(&unique, Attribute::Predicate).is_none()
        && text(&unique, Attribute::AccessMethod).is_none_or(|method| method == "btree")
        && text(&key, Attribute::Columns) == Some(columns.clone())
        && [Attribute::Include, Attribute::NullsNotDistinct]
            .into_iter()
            .all(|attribute| text(&key, attribute) == text(&unique, attribute))
}
