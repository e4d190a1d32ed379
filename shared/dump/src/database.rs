//! What was read of each database, put together at the end: a dump's databases and its cluster.

use std::collections::BTreeMap;

use crate::catalog;
use crate::columns::identity_sequences;
use crate::data::{Data, LargeObject};
use crate::object::{Address, Kind};
use crate::repeated::{self, Repeated};
use crate::schema::{Part, Schema};
use crate::trailer::Trailer;
use crate::{Dump, Name, Position};

/// One database of a dump.
#[derive(Debug, Default)]
pub struct Database {
    /// Its name, where the dump tells it.
    pub name: Option<Name>,
    /// What is in it.
    pub schema: Schema,
    /// What is known of its data.
    pub data: Data,
    /// Number of bytes that were read behind its dump's own end.
    pub trailer_bytes: u64,
}

impl Database {
    /// Returns the tables that own sequences, as serial or identity columns, by the sequences.
    pub fn owners_of_sequences(&self) -> BTreeMap<Address, Address> {
        let mut owners = BTreeMap::new();
        for object in self.schema.objects.values() {
            owners.extend(object.home.iter().map(|table| (object.address.clone(), table.clone())));
            owners.extend(identity_sequences(object).map(|sequence| (sequence, object.address.clone())));
        }
        owners
    }

    /// Says whether nothing is known of it but its name.
    pub fn is_empty(&self) -> bool {
        self.schema.objects.is_empty()
            && self.schema.trailer.is_empty()
            && self.data.tables.is_empty()
            && self.data.statements.is_empty()
            && self.data.large_objects.is_empty()
    }
}

impl Dump {
    /// Says whether it holds more than one database: what belongs to none, or several of which anything is known.
    pub fn is_of_several(&self) -> bool {
        let known = self.databases.iter().filter(|database| !database.is_empty());
        !self.cluster.objects.is_empty() || known.count() > 1
    }
}

/// What was read while connected to one database.
#[derive(Debug, Default)]
pub(crate) struct Section {
    pub name: Option<Name>,
    pub parts: Vec<Part>,
    pub owners: Vec<(Address, Option<Name>, Position)>,
    pub data: Data,
    pub trailer: Trailer,
    pub encoding: String,
    /// Whether something in it is written without its schema and no search path was set.
    pub uses_the_servers_path: bool,
    /// What was taken away; where it is made again, it is as it was made last.
    pub removed: Vec<Address>,
}

impl Section {
    /// Remembers what a statement takes away of what was made before.
    pub fn remove(&mut self, removed: Vec<Address>) {
        let is_known = |address: &Address| address.kind == Kind::Database || !self.is_empty();
        let known: Vec<Address> = removed.into_iter().filter(is_known).collect();
        self.removed.extend(known);
    }

    /// Forgets what was known of something that was taken away and is made again.
    pub fn make(&mut self, made: &Address) {
        let is_of = |removed: &Address| match removed.kind {
            Kind::Schema if made.kind != Kind::Schema => made.schema.as_ref() == Some(&removed.name),
            _ => made.is_meant_by(removed) || is_part_of(removed, made),
        };
        if made.kind != Kind::Database && !self.removed.iter().any(is_of) {
            return;
        }
        self.removed.retain(|removed| removed.kind == Kind::Schema || !is_of(removed));
        self.parts.retain(|part| !is_within(&part.address, made));
        self.owners.retain(|(address, ..)| !is_within(address, made));
        self.data.retain(|address| !is_within(address, made));
        if made.kind == Kind::LargeObject {
            self.data.large_objects.retain(|number, _| number.to_string().as_bytes() != made.name.bytes());
        }
    }

    /// Says whether nothing was read into it.
    fn is_empty(&self) -> bool {
        self.parts.is_empty()
            && self.owners.is_empty()
            && self.trailer.len() == 0
            && self.data.tables.is_empty()
            && self.data.statements.is_empty()
            && self.data.large_objects.is_empty()
    }

    /// Takes out what the test is true for.
    fn take(&mut self, test: impl Fn(&Address) -> bool) -> Section {
        let parts = self.parts.extract_if(.., |part| test(&part.address)).collect();
        let owners = self.owners.extract_if(.., |(address, ..)| test(address)).collect();
        Section { parts, owners, ..Section::default() }
    }

    fn append(&mut self, other: Section) {
        self.parts.extend(other.parts);
        self.owners.extend(other.owners);
        self.trailer.append(other.trailer);
        self.data.append(other.data);
        self.uses_the_servers_path |= other.uses_the_servers_path;
    }

    fn finish(mut self, keep_large_objects: bool, repeated: &mut Option<Repeated>) -> Database {
        let again = repeated::settle(&mut self.parts);
        *repeated = repeated.take().or(again);
        let trailer_bytes = self.trailer.len() as u64;
        let mut schema = catalog::resolve(self.parts, self.owners, self.uses_the_servers_path);
        schema.encoding = self.encoding;
        schema.trailer = self.trailer.canonical(&schema);
        let mut data = self.data;
        if !keep_large_objects {
            let is_large_object = |address: &Address| address.kind == Kind::LargeObject;
            let (large, own) = std::mem::take(&mut schema.objects)
                .into_iter()
                .partition::<BTreeMap<_, _>, _>(|(address, _)| is_large_object(address));
            schema.objects = own;
            for (address, object) in large {
                let number = address.name.to_string().parse().unwrap_or_default();
                let known: &mut LargeObject = data.large_objects.entry(number).or_default();
                known.parts = object.parts;
            }
        }
        Database { name: self.name, schema, data, trailer_bytes }
    }
}

/// Forgets what was read of a database that was taken away and is made again.
pub(crate) fn make_again(sections: &mut [Section], database: &Address) {
    let was_removed = |section: &Section| section.removed.contains(database);
    if !sections.iter().any(was_removed) {
        return;
    }
    for section in sections {
        section.make(database);
        if section.name.as_ref() == Some(&database.name) {
            let encoding = std::mem::take(&mut section.encoding);
            *section = Section { name: section.name.take(), encoding, ..Section::default() };
        }
    }
}

/// Puts everything into its place: the databases in the order of their names, and what belongs to none of them; with
/// what is made twice.
///
/// Large objects become data, unless they are to be kept among the objects as a tree's files have them.
pub(crate) fn assemble(
    sections: Vec<Section>,
    keep_large_objects: bool,
) -> (Vec<Database>, Schema, Option<Repeated>) {
    let mut cluster = Section::default();
    // What describes a database stands before `\connect`, in another one's section.
    let mut strays = Vec::new();
    let mut databases: Vec<Section> = Vec::new();
    for mut section in sections {
        cluster.append(section.take(|address| root_kind(address).is_global()));
        let stray = section.take(|address| root_kind(address) == Kind::Database);
        strays.extend(stray.parts.into_iter().map(|part| (part.address.name.clone(), Some(part), None)));
        strays.extend(stray.owners.into_iter().map(|owner| (owner.0.name.clone(), None, Some(owner))));
        match databases.iter_mut().find(|known| known.name == section.name) {
            Some(known) => known.append(section),
            None => databases.push(section),
        }
    }
    let named = databases.iter().any(|section| section.name.is_some());
    for (name, part, owner) in strays {
        let at = match databases.iter().position(|section| section.name.as_ref() == Some(&name)) {
            Some(at) => at,
            None if named => {
                databases.push(Section { name: Some(name), ..Section::default() });
                databases.len() - 1
            }
            None => 0,
        };
        databases[at].parts.extend(part);
        databases[at].owners.extend(owner);
    }
    // What stands before the first `\connect` is no database of its own where it holds nothing.
    databases.retain(|section| section.name.is_some() || !named || !section.is_empty());
    databases.sort_by(|one, other| one.name.cmp(&other.name));
    let mut repeated = repeated::settle(&mut cluster.parts);
    let finished = databases.into_iter().map(|section| section.finish(keep_large_objects, &mut repeated));
    let databases = finished.collect();
    (databases, catalog::resolve(cluster.parts, cluster.owners, false), repeated)
}

/// Says whether something is, or is a part of, what another address names.
fn is_within(address: &Address, whole: &Address) -> bool {
    address.is_meant_by(whole) || is_part_of(address, whole)
}

fn is_part_of(address: &Address, whole: &Address) -> bool {
    address.parent.as_deref().is_some_and(|parent| is_within(parent, whole))
}

/// The kind of the object at the end of the chain of parents.
fn root_kind(address: &Address) -> Kind {
    address.parent.as_deref().map_or(address.kind, root_kind)
}
