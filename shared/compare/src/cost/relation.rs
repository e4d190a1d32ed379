//! Tables, their partitions and indexes, and materialized views.

use std::collections::BTreeSet;

use dump::{Address, Attribute, Kind as Object, Schema};

use super::constraint::options_lock;
use super::kin::{default_partition, family, relation_named, with_partitions};
use super::{Cost, Lock};
use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::tokens::{qualified, tokens};
use crate::types::said;

/// Options of indexes and tables that are set without keeping anybody out (`reloptions.c`); all of a table's are, but for one.
pub(super) fn is_mild(option: &[u8]) -> bool {
    matches!(option, b"fillfactor" | b"deduplicate_items")
}

pub(super) fn index(change: &Change, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => Cost::default().lock(table, Lock::Share).scan([table]),
        (Attribute::Whole, Kind::Dropped) => {
            Cost::default().lock_all(&with_partitions(table, pair), Lock::AccessExclusive)
        }
        (Attribute::Option, _) => Cost::default().lock(&change.address, options_lock(change)),
        (Attribute::StatisticsTarget | Attribute::Cluster, _) => {
            Cost::default().lock(&change.address, Lock::ShareUpdateExclusive)
        }
        (Attribute::Tablespace, _) => Cost::default().lock(&change.address, Lock::AccessExclusive),
        (Attribute::Parent, _) => Cost::default().lock(table, Lock::AccessShare),
        _ => Cost::default().lock(table, Lock::AccessExclusive).scan([table]),
    }
}

pub(super) fn table(change: &Change, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    let exclusive = Cost::default().lock(table, Lock::AccessExclusive);
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => {
            let Some(object) = pair.new.objects.get(table) else { return Cost::default() };
            let keys: Vec<Address> = object.foreign_keys().into_iter().map(|key| key.table).collect();
            let keys: Vec<Address> = keys.iter().flat_map(|table| with_partitions(table, pair)).collect();
            let cost = Cost::default()
                .lock_all(&keys, Lock::ShareRowExclusive)
                .lock_all(&object.parents(), Lock::ShareUpdateExclusive);
            match object.partition_of() {
                Some(parent) => cost.and(&attached(&parent, pair)),
                None => cost,
            }
        }
        (Attribute::Whole, _) => {
            let Some(object) = pair.old.objects.get(table) else { return exclusive };
            let keys: Vec<Address> = object.foreign_keys().into_iter().map(|key| key.table).collect();
            let keys: Vec<Address> = keys.iter().flat_map(|table| with_partitions(table, pair)).collect();
            let cost = exclusive.lock_all(&keys, Lock::AccessExclusive);
            match object.partition_of() {
                Some(parent) => cost.and(&gone_from(&parent, pair)),
                None => cost,
            }
        }
        (Attribute::Persistence | Attribute::AccessMethod | Attribute::PartitionKey, _) => {
            exclusive.rewrite([table]).scan([table])
        }
        // Copied block by block.
        (Attribute::Tablespace, _) => exclusive.rewrite([table]),
        (Attribute::Option, _)
            if change.item.as_ref().is_some_and(|item| item.bytes() == b"user_catalog_table") =>
        {
            exclusive
        }
        (Attribute::Option | Attribute::Cluster, _) => {
            Cost::default().lock(table, Lock::ShareUpdateExclusive)
        }
        (Attribute::Parent | Attribute::PartitionBound, kind) => parents(change, kind, pair),
        _ => exclusive,
    }
}

/// What a new partition takes of those that are there: the one that takes all else may hold rows of it.
fn attached(parent: &Address, pair: &Pair<'_>) -> Cost {
    let default: Vec<Address> =
        default_partition(parent, pair).iter().flat_map(|default| family(default, pair)).collect();
    let cost = Cost::default()
        .lock(parent, Lock::ShareUpdateExclusive)
        .lock_all(&default, Lock::AccessExclusive)
        .scan(&default);
    cost.lock_all(&referenced_by(parent, pair), Lock::ShareRowExclusive)
        .lock_all(&referencing(parent, pair), Lock::ShareRowExclusive)
}

/// What a partition that goes takes of the others.
fn gone_from(parent: &Address, pair: &Pair<'_>) -> Cost {
    let default: Vec<Address> = default_partition(parent, pair).into_iter().collect();
    Cost::default().lock(parent, Lock::AccessExclusive).lock_all(&default, Lock::AccessExclusive)
}

/// What a partition that is detached takes of the others, and of those whose keys it has a part in.
fn detached(parent: &Address, pair: &Pair<'_>) -> Cost {
    // Those that reference it are looked through for rows that still do.
    let referencing = referencing(parent, pair);
    gone_from(parent, pair)
        .lock_all(&referenced_by(parent, pair), Lock::ShareRowExclusive)
        .lock_all(&referencing, Lock::AccessExclusive)
        .scan(&referencing)
}

/// The tables that the keys of a partitioned table, or of those above it, reference.
fn referenced_by(parent: &Address, pair: &Pair<'_>) -> Vec<Address> {
    let above = above(parent, pair.old);
    let keys =
        above.iter().filter_map(|table| pair.old.objects.get(table)).flat_map(dump::Object::foreign_keys);
    keys.flat_map(|key| with_partitions(&key.table, pair)).collect()
}

/// The tables whose keys reference a partitioned table, or those above it.
fn referencing(parent: &Address, pair: &Pair<'_>) -> Vec<Address> {
    let known = pair.kin.referencing(pair.old);
    let keys = above(parent, pair.old);
    let tables = keys.iter().filter_map(|table| known.get(table)).flatten();
    tables.flat_map(|(table, _)| with_partitions(table, pair)).collect()
}

/// A table and those that it is a partition of.
fn above(table: &Address, schema: &Schema) -> Vec<Address> {
    let mut found = vec![table.clone()];
    while let Some(parent) =
        found.last().and_then(|last| schema.objects.get(last)).and_then(dump::Object::partition_of)
    {
        if found.contains(&parent) {
            break;
        }
        found.push(parent);
    }
    found
}

/// Attaching reads the partition to see that its rows fit; a bound is changed by detaching and attaching.
fn parents(change: &Change, kind: Kind, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    let partition = |schema: &Schema| schema.objects.get(table).and_then(dump::Object::partition_of);
    let tables = with_partitions(table, pair);
    let exclusive = Cost::default().lock_all(&tables, Lock::AccessExclusive);
    match (kind, partition(pair.old), partition(pair.new)) {
        (Kind::Dropped, Some(parent), _) => {
            // Its own partitions stay under it, but for their part in keys.
            let alone = referencing(&parent, pair).is_empty() && referenced_by(&parent, pair).is_empty();
            let own = if alone { vec![table.clone()] } else { tables };
            let own = Cost::default().lock_all(&own, Lock::AccessExclusive);
            own.and(&detached(&parent, pair))
        }
        (Kind::Added, None, Some(parent)) => {
            // A key of its own becomes one with the parent's.
            let own = pair.old.objects.get(table).map(dump::Object::foreign_keys).unwrap_or_default();
            let own: Vec<Address> = own.into_iter().map(|key| key.table).collect();
            let of_parent = referenced_by(&parent, pair);
            let both = own.iter().filter(|table| of_parent.contains(table));
            exclusive.scan(&tables).and(&attached(&parent, pair)).lock_all(both, Lock::AccessExclusive)
        }
        (_, Some(old), new) => {
            let cost = exclusive.scan(&tables).and(&detached(&old, pair));
            match new {
                Some(new) => cost.and(&attached(&new, pair)),
                None => cost,
            }
        }
        _ => {
            // Each line has its own parent.
            let item = change.item.as_ref().map(dump::Name::bytes);
            let schema = if kind == Kind::Added { pair.new } else { pair.old };
            let all = schema.objects.get(table).map(dump::Object::parents).unwrap_or_default();
            let named = all.into_iter().filter(|one| Some(one.qualified_name().to_sql().as_slice()) == item);
            let lock = if kind == Kind::Added { Lock::ShareUpdateExclusive } else { Lock::AccessShare };
            let cost = Cost::default().lock(table, Lock::AccessExclusive);
            named.fold(cost, |cost, parent| cost.lock(&parent, lock))
        }
    }
}

pub(super) fn materialized_view(change: &Change, pair: &Pair<'_>) -> Cost {
    let view = &change.object;
    let exclusive = Cost::default().lock(view, Lock::AccessExclusive);
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Dropped) => exclusive,
        (Attribute::Whole | Attribute::Query | Attribute::Columns, _) => exclusive.scan(&below(view, pair)),
        (Attribute::AccessMethod, _) => exclusive.rewrite([view]).scan([view]),
        (Attribute::Tablespace, _) => exclusive.rewrite([view]),
        (Attribute::Option | Attribute::Cluster, _) => Cost::default().lock(view, Lock::ShareUpdateExclusive),
        _ => exclusive,
    }
}

/// The tables that a view reads, through other views as well.
fn below(view: &Address, pair: &Pair<'_>) -> Vec<Address> {
    let mut seen: BTreeSet<Address> = BTreeSet::from([view.clone()]);
    let mut next = vec![view.clone()];
    let mut found = Vec::new();
    while let Some(view) = next.pop() {
        let said = pair.new.objects.get(&view).map(said).unwrap_or_default();
        for query in said.iter().filter(|detail| detail.attribute == Attribute::Query) {
            let text = String::from_utf8_lossy(&query.text).into_owned();
            for (_, schema, name) in qualified(&tokens(&text)) {
                let Some(relation) = relation_named(pair.new, &schema, &name) else { continue };
                if !seen.insert(relation.clone()) {
                    continue;
                }
                match relation.kind {
                    Object::View => next.push(relation),
                    Object::MaterializedView => found.push(relation),
                    _ => found.extend(family(&relation, pair)),
                }
            }
        }
    }
    found
}
