//! Columns and constraints that a table has of its own on one side, and from a parent or its type on the other.

use dump::{
    Address, Attribute, Column, Kind as Object, Name, Part, QualifiedName, Role, Schema, Table, details,
    words_of,
};

use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::tokens::tokens;

/// Turns what seems to come or go into what it is, where the table has it before and after: from a parent, or its own.
///
/// A dump writes a column with the table that defines it only. One that is another with the parent stays what it was, since
/// then more than its home changed.
pub(crate) fn settle(change: &mut Change, pair: &Pair<'_>) {
    let part = matches!(change.address.kind, Object::Column | Object::Constraint);
    if change.object.kind != Object::Table || !part || change.kind == Kind::Changed {
        return;
    }
    let (own, other) = sides(change, pair);
    if change.attribute == Attribute::Type {
        // Something else is said of it on both sides, such as a default.
        if own_column(own, change).is_some_and(|own| of_parent(other, change, Attribute::Type, &own)) {
            becomes_own(change);
        }
        return;
    }
    if change.attribute != Attribute::Whole {
        return;
    }
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
    becomes_own(change);
}

/// The side that says something, and the one that does not.
fn sides<'p>(change: &Change, pair: &Pair<'p>) -> (&'p Schema, &'p Schema) {
    match change.kind {
        Kind::Added => (pair.new, pair.old),
        _ => (pair.old, pair.new),
    }
}

fn becomes_own(change: &mut Change) {
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

/// The column of a table that a change is of, as the table's own definition has it.
fn own_column(schema: &Schema, change: &Change) -> Option<Column> {
    column(schema, &change.object, &change.address.name)
}

fn column(schema: &Schema, table: &Address, name: &Name) -> Option<Column> {
    let table = Table::read(schema.objects.get(table)?)?;
    table.columns.into_iter().find(|column| column.name == *name)
}

/// Says whether a table that does not define a column has it from a parent, with the same of an attribute.
fn of_parent(schema: &Schema, change: &Change, attribute: Attribute, own: &Column) -> bool {
    let defines = |column: &Column| column.attribute(Attribute::Type).is_some();
    let parents = ancestors(schema, &change.object).into_iter();
    let mut above = parents.filter_map(|parent| column(schema, &parent, &change.address.name));
    !own_column(schema, change).is_some_and(|column| defines(&column))
        && above.next().is_some_and(|of_parent| of_parent.attribute(attribute) == own.attribute(attribute))
}

/// Leaves out what is no change: what a column has from its parent or its type on the one side, and says itself on the
/// other; and the type of a sequence against a dump of a server that had none.
pub(crate) fn leave_out_what_follows(changes: &mut Vec<Change>, pair: &Pair<'_>) {
    let is_type = |change: &Change| is_type_of_sequence(change);
    let untyped = match changes.iter().any(is_type) {
        true => [is_untyped(pair.old), is_untyped(pair.new)],
        false => [false; 2],
    };
    changes.retain(|change| {
        // That a typed table names a column says nothing by itself.
        let says_nothing = change.attribute == Attribute::Definition
            && change.address.kind == Object::Column
            && change.old.as_deref().or(change.new.as_deref()) == Some("");
        if says_nothing {
            return false;
        }
        if is_type_of_sequence(change) {
            let (own, other) = sides(change, pair);
            let silent = untyped[usize::from(change.kind == Kind::Dropped)];
            let said = change.old.as_ref().or(change.new.as_ref());
            let owner = |schema| owner_type(schema, &change.object);
            return !(silent && owner(own).is_some_and(|ty| Some(&ty) == said && owner(other) == Some(ty)));
        }
        let follows = change.address.kind == Object::Column
            && change.object.kind == Object::Table
            && change.kind != Kind::Changed
            && !matches!(change.attribute, Attribute::Whole | Attribute::Inherited);
        !(follows && has_it_anyway(change, pair))
    });
}

fn has_it_anyway(change: &Change, pair: &Pair<'_>) -> bool {
    let (own, other) = sides(change, pair);
    let Some(said) = own_column(own, change) else { return false };
    if matches!(change.attribute, Attribute::Type | Attribute::Collation)
        && let Some(of_type) = of_type(other, change)
    {
        let own = [Attribute::Type, Attribute::Collation].into_iter().filter_map(|what| said.attribute(what));
        return own.collect::<Vec<_>>().join(&b' ') == of_type;
    }
    said.attribute(change.attribute).is_some() && of_parent(other, change, change.attribute, &said)
}

/// What the type of a typed table says of the attribute that a column is.
fn of_type(schema: &Schema, change: &Change) -> Option<Vec<u8>> {
    let table = Table::read(schema.objects.get(&change.object)?)?;
    let (of, name) = table.of.split_at_checked(b"OF ".len())?;
    let name = QualifiedName::from_sql(name).filter(|_| of.eq_ignore_ascii_case(b"OF "))?;
    let address = Address::in_schema(Object::Type, name);
    let is_definition = |part: &&Part| part.role == Role::Definition && part.address == address;
    let definition = schema.objects.get(&address)?.parts.iter().find(is_definition)?;
    words_of(definition, &change.address)
}

fn is_type_of_sequence(change: &Change) -> bool {
    change.object.kind == Object::Sequence
        && change.address == change.object
        && change.attribute == Attribute::Type
        && change.kind != Kind::Changed
}

/// Says whether no sequence has a type, as before 10.
fn is_untyped(schema: &Schema) -> bool {
    let sequences = schema.objects.values().filter(|object| object.address.kind == Object::Sequence);
    let mut definitions =
        sequences.flat_map(|object| &object.parts).filter(|part| part.role == Role::Definition);
    definitions.all(|part| details(part, &part.text).iter().all(|detail| detail.attribute != Attribute::Type))
}

/// The type of the column that owns a sequence.
fn owner_type(schema: &Schema, sequence: &Address) -> Option<String> {
    let object = schema.objects.get(sequence)?;
    let owned = object.parts.iter().find(|part| part.role == Role::OwnedBy)?;
    let said =
        details(owned, &owned.text).into_iter().find(|detail| detail.attribute == Attribute::OwnedBy)?;
    // Of `schema.table.column` the last.
    let name = tokens(std::str::from_utf8(&said.text).ok()?).last()?.name()?;
    let column = column(schema, object.home.as_ref()?, &name)?;
    Some(String::from_utf8_lossy(column.attribute(Attribute::Type)?).into_owned())
}
