//! Changes of what is no relation, but is used by some.

use std::collections::BTreeSet;

use dump::{Address, Attribute, Kind as Object, Role, Schema};

use super::kin::family;
use super::{Cost, Lock};
use crate::change::{Change, Kind};
use crate::conversion::conversion;
use crate::dumps::Pair;
use crate::types::known;

pub(super) fn cost(change: &Change, pair: &Pair<'_>) -> Cost {
    match change.object.kind {
        Object::Domain => domain(change, pair),
        Object::Type => composite(change, pair),
        Object::Publication => publication(change, pair),
        _ => Cost::default(),
    }
}

/// A domain's new demands are checked against every table that uses it.
fn domain(change: &Change, pair: &Pair<'_>) -> Cost {
    let demands = match (change.attribute, change.kind) {
        (_, Kind::Dropped) => change.attribute == Attribute::NotValid,
        (Attribute::Whole, Kind::Added) => change.address.kind == Object::Constraint,
        (Attribute::NotNull, Kind::Added) | (Attribute::Check | Attribute::Constraint, _) => true,
        _ => false,
    };
    let said = pair.kin.said_of(pair, &change.object);
    let unchecked =
        said.iter().any(|detail| detail.address == change.address && detail.attribute == Attribute::NotValid);
    if !demands || (unchecked && change.address.kind == Object::Constraint) {
        return Cost::default();
    }
    let mut tables: BTreeSet<Address> = BTreeSet::new();
    let mut domains = vec![change.object.clone()];
    let mut at = 0;
    while let Some(next) = domains.get(at).cloned() {
        let uses = pair.kin.uses(pair.old, &next);
        tables.extend(uses.columns.iter().filter_map(|column| column.parent.as_deref().cloned()));
        for domain in &uses.domains {
            if !domains.contains(domain) {
                domains.push(domain.clone());
            }
        }
        at += 1;
    }
    let tables: Vec<Address> = tables.iter().flat_map(|table| family(table, pair)).collect();
    let stored = |table: &&Address| table.kind == Object::Table && !pair.kin.is_partitioned(pair.old, table);
    let tables: Vec<&Address> = tables.iter().filter(stored).collect();
    Cost::default().lock_all(tables.iter().copied(), Lock::Share).scan(tables)
}

/// The attributes of a composite type are the columns of the tables of that type.
fn composite(change: &Change, pair: &Pair<'_>) -> Cost {
    let typed = &pair.kin.uses(pair.old, &change.object).typed;
    if change.address.kind != Object::Column || typed.is_empty() {
        return Cost::default();
    }
    let family: Vec<Address> = typed.iter().flat_map(|table| family(table, pair)).collect();
    let exclusive = Cost::default().lock_all(&family, Lock::AccessExclusive);
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => {
            let said = pair.kin.said_of(pair, &change.object);
            let of = said
                .iter()
                .find(|detail| detail.address == change.address && detail.attribute == Attribute::Type)
                .map(|detail| String::from_utf8_lossy(&detail.text).into_owned());
            let demands = known(pair.new, &of.unwrap_or_default()).demands;
            if demands.is_empty() { exclusive } else { exclusive.rewrite(&family).scan(&family) }
        }
        (Attribute::Type, _) => {
            let (old, new) = (known(pair.old, &text(&change.old)), known(pair.new, &text(&change.new)));
            match conversion(&old, &new).rewrites {
                true => exclusive.rewrite(&family).scan(&family),
                false => exclusive,
            }
        }
        (Attribute::Whole | Attribute::Collation | Attribute::Name, _) => exclusive,
        _ => Cost::default(),
    }
}

/// The tables that a publication gains, loses, or publishes in another way.
fn publication(change: &Change, pair: &Pair<'_>) -> Cost {
    let members = |schema: &Schema| -> Vec<Address> {
        let Some(object) = schema.objects.get(&change.object) else { return Vec::new() };
        let members = object.parts.iter().filter(|part| part.role == Role::Member);
        members.filter_map(dump::Part::published_table).collect()
    };
    let item = change.item.as_ref().map(dump::Name::bytes);
    let tables: BTreeSet<Address> = match (change.attribute, change.kind) {
        (Attribute::Whole, Kind::Added) => members(pair.new).into_iter().collect(),
        (Attribute::Member, _) => {
            let both = members(pair.old).into_iter().chain(members(pair.new));
            both.filter(|table| Some(table.qualified_name().to_sql().as_slice()) == item).collect()
        }
        _ => BTreeSet::new(),
    };
    Cost::default().lock_all(&tables, Lock::ShareUpdateExclusive)
}
