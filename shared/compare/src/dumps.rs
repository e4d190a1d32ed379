//! Databases and objects, matched by identity.

use std::collections::{BTreeMap, BTreeSet};

use dump::{Address, Attribute, Database, Dump, Kind as ObjectKind, Name, Schema};

use crate::change::{Change, Kind};
use crate::object;

/// Returns what changed from one dump to another: by database, object and part.
///
/// Databases are matched by name; where both dumps hold just one, by that, since a dump need not name its own.
pub fn dumps(old: &Dump, new: &Dump) -> Vec<Change> {
    let mut changes = Vec::new();
    schemas(None, &old.cluster, &new.cluster, false, &mut changes);
    let empty = Schema::default();
    for (name, old, new) in databases(old, new) {
        let one_sided = old.is_none() || new.is_none();
        let old = old.map_or(&empty, |database| &database.schema);
        let new = new.map_or(&empty, |database| &database.schema);
        schemas(name, old, new, one_sided, &mut changes);
    }
    changes
}

type Pair<'d> = (Option<&'d Name>, Option<&'d Database>, Option<&'d Database>);

pub(crate) fn databases<'d>(old: &'d Dump, new: &'d Dump) -> Vec<Pair<'d>> {
    if let ([old], [new]) = (old.databases.as_slice(), new.databases.as_slice()) {
        return vec![(new.name.as_ref().or(old.name.as_ref()), Some(old), Some(new))];
    }
    let by_name = |dump: &'d Dump| -> BTreeMap<Option<&'d Name>, &'d Database> {
        dump.databases.iter().map(|database| (database.name.as_ref(), database)).collect()
    };
    let (old, new) = (by_name(old), by_name(new));
    let names: BTreeSet<_> = old.keys().chain(new.keys()).copied().collect();
    names.into_iter().map(|name| (name, old.get(&name).copied(), new.get(&name).copied())).collect()
}

/// Adds what differs between two schemas; `one_sided` says that one of them is no database at all.
fn schemas(database: Option<&Name>, old: &Schema, new: &Schema, one_sided: bool, changes: &mut Vec<Change>) {
    let addresses: BTreeSet<&Address> = old.objects.keys().chain(new.objects.keys()).collect();
    // Archives and `pg_dump --create` describe the database itself; other dumps say nothing of it, which is no change.
    let describes =
        |schema: &Schema| schema.objects.keys().any(|address| address.kind == ObjectKind::Database);
    let both_describe = one_sided || (describes(old) && describes(new));
    for address in addresses {
        if address.kind == ObjectKind::Database && !both_describe {
            continue;
        }
        let before = changes.len();
        match (old.objects.get(address), new.objects.get(address)) {
            (Some(old), Some(new)) => object::compare(old, new, changes),
            (old, new) => changes.push(object::whole(address, old, new)),
        }
        for change in &mut changes[before..] {
            change.database = database.cloned();
        }
    }
    if old.trailer != new.trailer {
        let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned());
        let object = Address::global(ObjectKind::Other, Name::from("behind the dump's end"));
        let (old, new) = (text(&old.trailer), text(&new.trailer));
        changes.push(Change {
            database: database.cloned(),
            address: object.clone(),
            object,
            attribute: Attribute::Definition,
            item: None,
            kind: Kind::of(old.as_ref(), new.as_ref()),
            old,
            new,
            old_at: None,
            new_at: None,
        });
    }
}
