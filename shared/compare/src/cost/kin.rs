//! What the tables of a schema have to do with each other.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use dump::{
    Address, Attribute, Detail, ForeignKey, Kind as Object, Name, QualifiedName, Role, Schema, Table, details,
};

use crate::dumps::Pair;
use crate::tokens::{qualified, tokens};
use crate::types::{said, type_name};

/// What the tables of the old schema have to do with each other; gathered when the first change asks.
#[derive(Debug, Default)]
pub(crate) struct Kin {
    children: OnceCell<BTreeMap<Address, Vec<Address>>>,
    unique_indexes: OnceCell<BTreeSet<Address>>,
    /// What is said of the object that was asked for last: many changes of one come one behind the other.
    said: RefCell<Option<(Address, Rc<Vec<Detail>>)>>,
    /// By the referenced table: who references it, and with which key.
    referencing: OnceCell<BTreeMap<Address, Vec<(Address, ForeignKey)>>>,
    /// By the type without its array: the tables that have columns of it, and the tables of that type.
    of_types: OnceCell<BTreeMap<QualifiedName, Uses>>,
    partitioned: RefCell<BTreeMap<Address, bool>>,
}

/// Where a type is used.
#[derive(Debug, Default)]
pub(crate) struct Uses {
    /// Columns whose type it is.
    pub columns: Vec<Address>,
    /// Columns of arrays of it.
    pub arrays: Vec<Address>,
    /// Tables of the type.
    pub typed: Vec<Address>,
    /// Domains over it.
    pub domains: Vec<Address>,
}

/// Nothing uses it.
static UNUSED: Uses =
    Uses { columns: Vec::new(), arrays: Vec::new(), typed: Vec::new(), domains: Vec::new() };

impl Kin {
    /// Says whether an index is unique on one side or the other.
    pub fn is_unique_index(&self, pair: &Pair<'_>, index: &Address) -> bool {
        let unique = self.unique_indexes.get_or_init(|| {
            let objects = pair.old.objects.values().chain(pair.new.objects.values());
            let parts = objects.flat_map(|object| &object.parts);
            let unique = parts.filter(|part| {
                part.address.kind == Object::Index
                    && part.role == Role::Definition
                    && details(part, &part.text).iter().any(|detail| detail.attribute == Attribute::Unique)
            });
            unique.map(|part| part.address.clone()).collect()
        });
        unique.contains(index)
    }

    /// Returns everything that the new dump says of an object.
    pub fn said_of(&self, pair: &Pair<'_>, object: &Address) -> Rc<Vec<Detail>> {
        if let Some((known, said)) = self.said.borrow().as_ref()
            && known == object
        {
            return Rc::clone(said);
        }
        let found = Rc::new(pair.new.objects.get(object).map(said).unwrap_or_default());
        *self.said.borrow_mut() = Some((object.clone(), Rc::clone(&found)));
        found
    }

    /// The tables right below each.
    pub fn children(&self, schema: &Schema) -> &BTreeMap<Address, Vec<Address>> {
        self.children.get_or_init(|| {
            let mut children: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for object in schema.objects.values() {
                if !matches!(object.address.kind, Object::Table | Object::ForeignTable) {
                    continue;
                }
                for parent in object.parents() {
                    children.entry(parent).or_default().push(object.address.clone());
                }
            }
            children
        })
    }

    /// By the referenced table: who references it, and with which key.
    pub fn referencing(&self, schema: &Schema) -> &BTreeMap<Address, Vec<(Address, ForeignKey)>> {
        self.referencing.get_or_init(|| {
            let mut referencing: BTreeMap<_, Vec<_>> = BTreeMap::new();
            for object in tables(schema) {
                for key in object.foreign_keys() {
                    referencing.entry(key.table.clone()).or_default().push((object.address.clone(), key));
                }
            }
            referencing
        })
    }

    /// Where a type is used.
    pub fn uses(&self, schema: &Schema, of: &Address) -> &Uses {
        let uses = self.of_types.get_or_init(|| gather_uses(schema));
        uses.get(&of.qualified_name()).unwrap_or(&UNUSED)
    }

    /// Says whether a table's rows are in its partitions.
    pub fn is_partitioned(&self, schema: &Schema, table: &Address) -> bool {
        if let Some(known) = self.partitioned.borrow().get(table) {
            return *known;
        }
        let definition = schema.objects.get(table).and_then(|object| {
            object.parts.iter().find(|part| part.role == Role::Definition && part.address == *table)
        });
        let found = table.kind == Object::Table
            && definition.is_some_and(|part| {
                details(part, &part.text).iter().any(|detail| detail.attribute == Attribute::PartitionKey)
            });
        self.partitioned.borrow_mut().insert(table.clone(), found);
        found
    }
}

fn gather_uses(schema: &Schema) -> BTreeMap<QualifiedName, Uses> {
    let mut uses: BTreeMap<QualifiedName, Uses> = BTreeMap::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    // A name with a schema; PostgreSQL's own types are not asked for.
    let named = |of: &str| -> Option<(QualifiedName, bool)> {
        let tokens = tokens(of);
        let (end, schema, name) = qualified(&tokens).into_iter().next()?;
        Some((QualifiedName { schema: Some(schema), name }, end < tokens.len()))
    };
    for object in schema.objects.values() {
        let address = &object.address;
        match address.kind {
            Object::Table | Object::ForeignTable => {
                let Some(table) = Table::read(object) else { continue };
                for column in table.columns {
                    let Some(of) = column.attribute(Attribute::Type).map(text) else { continue };
                    if let Some((name, array)) = named(&of) {
                        let entry = uses.entry(name).or_default();
                        let list = if array { &mut entry.arrays } else { &mut entry.columns };
                        list.push(address.clone().part(Object::Column, column.name));
                    }
                }
                let of = text(&table.of);
                let tokens = tokens(&of);
                if tokens.first().is_some_and(|word| word.is("OF"))
                    && let Some((_, schema, name)) = qualified(&tokens).into_iter().next()
                {
                    let name = QualifiedName { schema: Some(schema), name };
                    uses.entry(name).or_default().typed.push(address.clone());
                }
            }
            Object::Domain => {
                let base = said(object).into_iter().find(|detail| detail.attribute == Attribute::Type);
                if let Some(name) = base.and_then(|detail| type_name(&text(&detail.text))) {
                    uses.entry(name).or_default().domains.push(address.clone());
                }
            }
            Object::Type => {
                for detail in said(object) {
                    if detail.attribute == Attribute::Type
                        && let Some((name, array)) = named(&text(&detail.text))
                    {
                        let entry = uses.entry(name).or_default();
                        let list = if array { &mut entry.arrays } else { &mut entry.columns };
                        list.push(detail.address);
                    }
                }
            }
            _ => {}
        }
    }
    uses
}

pub(crate) fn tables(schema: &Schema) -> impl Iterator<Item = &dump::Object> {
    schema.objects.values().filter(|object| object.address.kind == Object::Table)
}

/// A table, and all that inherit from it or are its partitions.
pub(crate) fn family(table: &Address, pair: &Pair<'_>) -> Vec<Address> {
    let children = pair.kin.children(pair.old);
    let mut found = vec![table.clone()];
    let mut at = 0;
    while let Some(next) = found.get(at).cloned() {
        let new = children.get(&next).into_iter().flatten().filter(|child| !found.contains(child));
        let new: Vec<Address> = new.cloned().collect();
        found.extend(new);
        at += 1;
    }
    found
}

/// A table, and its partitions, which a key or an index is made on as well; those that only inherit from it have their own.
pub(super) fn with_partitions(table: &Address, pair: &Pair<'_>) -> Vec<Address> {
    match pair.kin.is_partitioned(pair.old, table) {
        true => family(table, pair),
        false => vec![table.clone()],
    }
}

/// The partition that takes what no other does.
pub(super) fn default_partition(parent: &Address, pair: &Pair<'_>) -> Option<Address> {
    let children = pair.kin.children(pair.old).get(parent)?;
    let is_default = |child: &&Address| {
        let object = pair.old.objects.get(*child);
        object.map(said).unwrap_or_default().iter().any(|detail| {
            detail.attribute == Attribute::PartitionBound
                && detail.address == **child
                && detail.text.eq_ignore_ascii_case(b"DEFAULT")
        })
    };
    children.iter().find(is_default).cloned()
}

/// The relations that a name in SQL may mean.
pub(crate) fn relation_named(schema: &Schema, of: &Name, name: &Name) -> Option<Address> {
    let kinds = [Object::Table, Object::View, Object::MaterializedView, Object::ForeignTable];
    let name = QualifiedName { schema: Some(of.clone()), name: name.clone() };
    kinds
        .into_iter()
        .map(|kind| Address::in_schema(kind, name.clone()))
        .find(|address| schema.objects.contains_key(address))
}
