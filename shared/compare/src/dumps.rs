//! Databases and objects, matched by identity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use dump::{Address, Attribute, Database, Dump, Kind as ObjectKind, Name, Schema};

use crate::change::{Change, Kind};
use crate::cost::Kin;
use crate::dependents::Users;
use crate::{implicit, inherited, key_index, labels, object, serial};

/// The object that stands for what follows the end of a dump.
pub(crate) const TRAILER: &str = "what follows the dump's end";

/// What one database, or the cluster, is on both sides.
pub(crate) struct Pair<'d> {
    pub database: Option<&'d Name>,
    pub old: &'d Schema,
    pub new: &'d Schema,
    pub kin: Kin,
    pub users: Users,
    /// Whether one of them is no database at all.
    pub one_sided: bool,
    /// The major versions of the pg_dumps that wrote them, where they say so.
    pub versions: [Option<u32>; 2],
}

/// Nothing, for a database that only one side has.
static EMPTY: LazyLock<Schema> = LazyLock::new(Schema::default);

/// Returns the cluster's pair and one for each database.
///
/// Databases are matched by name; where both dumps hold just one, by that, since a dump need not name its own.
pub(crate) fn pairs<'d>(old: &'d Dump, new: &'d Dump) -> Vec<Pair<'d>> {
    let versions = [old, new].map(|dump| dump.versions.pg_dump_major());
    let mut pairs = vec![Pair {
        database: None,
        old: &old.cluster,
        new: &new.cluster,
        kin: Kin::default(),
        users: Users::default(),
        one_sided: false,
        versions,
    }];
    pairs.extend(databases(old, new).into_iter().map(|(database, old, new)| Pair {
        database,
        old: old.map_or(&*EMPTY, |database| &database.schema),
        new: new.map_or(&*EMPTY, |database| &database.schema),
        kin: Kin::default(),
        users: Users::default(),
        one_sided: old.is_none() || new.is_none(),
        versions,
    }));
    pairs
}

pub(crate) type Databases<'d> = (Option<&'d Name>, Option<&'d Database>, Option<&'d Database>);

pub(crate) fn databases<'d>(old: &'d Dump, new: &'d Dump) -> Vec<Databases<'d>> {
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

impl Pair<'_> {
    /// Returns what changed, by object and part.
    pub fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        let addresses: BTreeSet<&Address> = self.old.objects.keys().chain(self.new.objects.keys()).collect();
        // Archives and `pg_dump --create` describe the database itself; other dumps say nothing of it, which is no change.
        let describes =
            |schema: &Schema| schema.objects.keys().any(|address| address.kind == ObjectKind::Database);
        let both_describe = self.one_sided || (describes(self.old) && describes(self.new));
        for address in addresses {
            if address.kind == ObjectKind::Database && !both_describe {
                continue;
            }
            match (self.old.objects.get(address), self.new.objects.get(address)) {
                (Some(old), Some(new)) => object::compare(old, new, self, &mut changes),
                (old, new) => object::one_sided(address, old, new, self, &mut changes),
            }
        }
        changes.extend(self.trailer());
        for change in &mut changes {
            change.database = self.database.cloned();
            inherited::settle(change, self);
        }
        inherited::leave_out_what_follows(&mut changes, self);
        for change in &mut changes {
            implicit::settle(change, self);
            labels::settle(change, self);
        }
        key_index::settle(&mut changes, self);
        serial::settle(&mut changes, self);
        changes
    }

    fn trailer(&self) -> Option<Change> {
        if self.old.trailer == self.new.trailer {
            return None;
        }
        let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned());
        let (old, new) = (text(&self.old.trailer), text(&self.new.trailer));
        let object = Address::global(ObjectKind::Other, Name::from(TRAILER));
        Some(Change {
            database: None,
            address: object.clone(),
            object,
            attribute: Attribute::Definition,
            item: None,
            kind: Kind::of(old.as_ref(), new.as_ref()),
            old,
            new,
            old_at: None,
            new_at: None,
        })
    }
}
