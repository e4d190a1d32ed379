//! Tables, column by column.

use dump::{Address, Attribute, Column, Name, Table};

use crate::change::Change;
use crate::objects::change;

/// Returns what differs between two definitions of a table; empty if they are not understood or no detail explains the
/// difference, which then is one of the text.
pub(crate) fn details(object: &Address, old: &[u8], new: &[u8]) -> Vec<Change> {
    let (Some(old), Some(new)) = (Table::parse(old), Table::parse(new)) else { return Vec::new() };
    let mut changes = Vec::new();
    let mut compare = |aspect: &str, old: Option<&[u8]>, new: Option<&[u8]>| {
        if old != new {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            changes.push(change(object, aspect, old.map(text), new.map(text)));
        }
    };
    let some = |text: &[u8]| -> Option<Vec<u8>> { (!text.is_empty()).then(|| text.to_vec()) };
    compare("persistence", Some(&old.head), Some(&new.head));
    compare("parent", some(&old.of).as_deref(), some(&new.of).as_deref());
    compare("options", some(&old.rest).as_deref(), some(&new.rest).as_deref());
    for column in &old.columns {
        let aspect = format!("column {}", column.name);
        match new.columns.iter().find(|other| other.name == column.name) {
            None => compare(&aspect, Some(&text_of(column)), None),
            Some(other) => column_details(&aspect, column, other, &mut compare),
        }
    }
    for column in &new.columns {
        if !old.columns.iter().any(|other| other.name == column.name) {
            compare(&format!("column {}", column.name), None, Some(&text_of(column)));
        }
    }
    if let Some((old, new)) = other_order(&old.columns, &new.columns) {
        compare("order of columns", Some(&old), Some(&new));
    }
    constraints(&old, &new, &mut compare);
    changes
}

/// What a column's definition says behind its name.
fn text_of(column: &Column) -> Vec<u8> {
    column.attributes.iter().map(|(_, text)| text.as_slice()).collect::<Vec<_>>().join(&b" "[..])
}

fn column_details(
    aspect: &str,
    old: &Column,
    new: &Column,
    compare: &mut impl FnMut(&str, Option<&[u8]>, Option<&[u8]>),
) {
    let mut seen: Vec<Attribute> = Vec::new();
    for (attribute, _) in old.attributes.iter().chain(&new.attributes) {
        if !seen.contains(attribute) {
            seen.push(*attribute);
            let aspect = format!("{aspect}: {}", attribute.label());
            compare(&aspect, old.attribute(*attribute), new.attribute(*attribute));
        }
    }
}

/// The columns that both sides have, in the order of each, if that is not the same.
fn other_order(old: &[Column], new: &[Column]) -> Option<(Vec<u8>, Vec<u8>)> {
    let common = |one: &[Column], other: &[Column]| -> Vec<Name> {
        let both = one.iter().filter(|column| other.iter().any(|known| known.name == column.name));
        both.map(|column| column.name.clone()).collect()
    };
    let (old, new) = (common(old, new), common(new, old));
    let text = |names: Vec<Name>| names.iter().map(Name::to_sql).collect::<Vec<_>>().join(&b", "[..]);
    (old != new).then(|| (text(old), text(new)))
}

/// Named constraints are matched by name, others by their text.
fn constraints(old: &Table, new: &Table, compare: &mut impl FnMut(&str, Option<&[u8]>, Option<&[u8]>)) {
    let aspect = |name: &Option<Name>| match name {
        Some(name) => format!("constraint {name}"),
        None => "constraint".to_owned(),
    };
    for constraint in &old.constraints {
        let found = new.constraints.iter().find(|other| match &constraint.name {
            Some(name) => other.name.as_ref() == Some(name),
            None => other.text == constraint.text,
        });
        compare(&aspect(&constraint.name), Some(&constraint.text), found.map(|other| other.text.as_slice()));
    }
    for constraint in &new.constraints {
        let known = old.constraints.iter().any(|other| match &constraint.name {
            Some(name) => other.name.as_ref() == Some(name),
            None => other.text == constraint.text,
        });
        if !known {
            compare(&aspect(&constraint.name), None, Some(&constraint.text));
        }
    }
}
