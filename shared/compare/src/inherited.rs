//! Columns and constraints that a table has of its own on one side, and from a parent on the other.

use dump::{Address, Attribute, Kind as Object, Role, Schema, Table, details};

use crate::change::{Change, Kind};
use crate::dumps::Pair;

/// Turns what seems to come or go into what it is, where the table has it before and after: from a parent, or its own.
///
/// A dump writes a column with the table that defines it only. One that is another with the parent stays what it was, since
/// then more than its home changed.
pub(crate) fn settle(change: &mut Change, pair: &Pair<'_>) {
    let part = matches!(change.address.kind, Object::Column | Object::Constraint);
    if change.attribute != Attribute::Whole || change.object.kind != Object::Table || !part {
        return;
    }
    let (own, other) = match change.kind {
        Kind::Added => (pair.new, pair.old),
        _ => (pair.old, pair.new),
    };
    let ancestors = ancestors(other, &change.object);
    if ancestors.is_empty() {
        return;
    }
    let said = defined(own, &change.object, &change.address);
    let inherited = ancestors.into_iter().find_map(|parent| {
        let of_parent = Address { parent: Some(Box::new(parent.clone())), ..change.address.clone() };
        defined(other, &parent, &of_parent)
    });
    if said.is_none() || said != inherited {
        return;
    }
    let (of_its_own, from_parent) = (Some("of its own".to_owned()), Some("inherited".to_owned()));
    (change.old, change.new) = match change.kind {
        Kind::Added => (from_parent, of_its_own),
        _ => (of_its_own, from_parent),
    };
    change.attribute = Attribute::Inherited;
    change.kind = Kind::Changed;
}

/// What a table's definition says of a column or constraint, or what is said of a foreign key that is made by itself.
fn defined(schema: &Schema, table: &Address, part: &Address) -> Option<Vec<u8>> {
    let object = schema.objects.get(table)?;
    let made = object.parts.iter().find(|made| made.role == Role::Definition && made.address == *part);
    let said = made.map(|made| details(made, &made.text)).unwrap_or_default();
    if said.iter().any(|detail| detail.attribute == Attribute::References) {
        let text = |detail: &dump::Detail| [detail.attribute.label().as_bytes(), &detail.text].join(&b' ');
        return Some(said.iter().map(text).collect::<Vec<_>>().join(&b' '));
    }
    let table = Table::read(object)?;
    if part.kind == Object::Column {
        let column = table.columns.into_iter().find(|column| column.name == part.name)?;
        let texts: Vec<Vec<u8>> = column.attributes.into_iter().map(|(_, text)| text).collect();
        return Some(texts.join(&b" "[..]));
    }
    let named = |name: &Option<dump::Name>| name.as_ref() == Some(&part.name);
    Some(table.constraints.into_iter().find(|constraint| named(&constraint.name))?.text)
}

/// The tables above one, nearest first.
fn ancestors(schema: &Schema, table: &Address) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    let mut next = vec![table.clone()];
    while let Some(address) = next.pop() {
        for parent in schema.objects.get(&address).map(dump::Object::parents).unwrap_or_default() {
            if !found.contains(&parent) {
                next.push(parent.clone());
                found.push(parent);
            }
        }
    }
    found
}
