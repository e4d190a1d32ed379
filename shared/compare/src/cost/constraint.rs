//! Constraints.

use dump::{Address, Attribute, Detail, ForeignKey, Kind as Object, Schema, Table};

use super::kin::{family, with_partitions};
use super::relation::is_mild;
use super::{Cost, Lock};
use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::types::said;

pub(super) fn cost(change: &Change, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    let said = said_of(change, pair);
    let says = |attribute: Attribute| said.iter().any(|detail| detail.attribute == attribute);
    if says(Attribute::References) {
        return foreign_key(change, says(Attribute::NotValid) || says(Attribute::NotEnforced), pair);
    }
    let gone = change.attribute == Attribute::Whole && change.kind == Kind::Dropped;
    let unchecked = says(Attribute::NotValid) || says(Attribute::NotEnforced);
    if says(Attribute::Check) || says(Attribute::NotNull) {
        // They go down to the children, unless they say not to.
        let family = if says(Attribute::NoInherit) { vec![table.clone()] } else { family(table, pair) };
        let exclusive = Cost::default().lock_all(&family, Lock::AccessExclusive);
        return match change.attribute {
            Attribute::NotValid if change.kind == Kind::Dropped => {
                Cost::default().lock_all(&family, Lock::ShareUpdateExclusive).scan(&family)
            }
            _ if gone || unchecked => exclusive,
            _ => exclusive.scan(&family),
        };
    }
    let exclusive = Cost::default().lock(table, Lock::AccessExclusive);
    match (change.attribute, change.kind) {
        _ if gone => exclusive,
        // An index that is there becomes the constraint's.
        (Attribute::Whole, Kind::Changed)
            if change.address.kind == Object::Constraint && keeps_index(change) =>
        {
            exclusive
        }
        (Attribute::Option, _) => Cost::default().lock(&index_of(change), options_lock(change)),
        (Attribute::Tablespace, _) => Cost::default().lock(&index_of(change), Lock::AccessExclusive),
        _ => exclusive.scan([table]),
    }
}

/// Says whether a constraint is made of the index that it takes the place of, and not the other way round.
pub(crate) fn keeps_index(change: &Change) -> bool {
    let new = change.new.as_deref().unwrap_or_default();
    crate::tokens::tokens(new).iter().any(|token| token.is("CONSTRAINT"))
}

/// The index of a key, which has its name.
fn index_of(change: &Change) -> Address {
    let schema = change.object.schema.clone();
    Address { kind: Object::Index, schema, ..change.address.clone() }
}

pub(super) fn options_lock(change: &Change) -> Lock {
    let name = change.item.as_ref().map(dump::Name::bytes).unwrap_or_default();
    if is_mild(name) { Lock::ShareUpdateExclusive } else { Lock::AccessExclusive }
}

fn foreign_key(change: &Change, unchecked: bool, pair: &Pair<'_>) -> Cost {
    let table = &change.object;
    let (before, after) = (key_of(pair.old, change), key_of(pair.new, change));
    let tables = with_partitions(table, pair);
    let there = |key: &Option<ForeignKey>| -> Vec<Address> {
        key.iter().flat_map(|key| with_partitions(&key.table, pair)).collect()
    };
    let (gone, come) = (there(&before), there(&after));
    // A column that is new and null holds nothing to be checked.
    let is_new = || {
        let old = pair.old.objects.get(table).and_then(Table::read);
        let old = old.map(|table| table.columns).unwrap_or_default();
        let columns = after.iter().flat_map(|key| &key.columns);
        !columns.into_iter().any(|name| old.iter().any(|column| column.name == *name))
    };
    let none = Cost::default;
    match (change.attribute, change.kind) {
        (Attribute::NotValid, Kind::Dropped) => {
            none().lock_all(&tables, Lock::ShareUpdateExclusive).scan(&tables).scan(&come)
        }
        (Attribute::Deferrable, _) => none().lock_all(&tables, Lock::AccessExclusive),
        (Attribute::Whole, Kind::Dropped) => {
            none().lock_all(&tables, Lock::AccessExclusive).lock_all(&gone, Lock::AccessExclusive)
        }
        (attribute, kind) => {
            let made = attribute == Attribute::Whole && kind == Kind::Added;
            let lock = if made { Lock::ShareRowExclusive } else { Lock::AccessExclusive };
            // It is dropped and made again, and may have been of another table.
            let cost = none().lock_all(&tables, lock).lock_all(&come, Lock::ShareRowExclusive);
            let cost = if made { cost } else { cost.lock_all(&gone, Lock::AccessExclusive) };
            if unchecked || is_new() { cost } else { cost.scan(&tables).scan(&come) }
        }
    }
}

fn key_of(schema: &Schema, change: &Change) -> Option<ForeignKey> {
    let keys = schema.objects.get(&change.object)?.foreign_keys();
    keys.into_iter().find(|key| key.name == change.address.name)
}

/// What the newer of the two dumps says of a constraint, or else the older.
fn said_of(change: &Change, pair: &Pair<'_>) -> Vec<Detail> {
    let own = |schema: &Schema| -> Vec<Detail> {
        let said = schema.objects.get(&change.object).map(said).unwrap_or_default();
        said.into_iter().filter(|detail| detail.address == change.address).collect()
    };
    let is_there = |said: &[Detail]| said.iter().any(|detail| detail.attribute != Attribute::Comment);
    let new = own(pair.new);
    if is_there(&new) { new } else { own(pair.old) }
}
