//! Objects and their parts, matched by identity.

use std::collections::{BTreeMap, BTreeSet};

use dump::{Address, Database, Dump, Name, Object, Part, Role, Schema, mask_secrets};

use crate::change::{Change, Kind};
use crate::table;

/// Returns what changed from one dump to another: by database, object and part.
///
/// Databases are matched by name; where both dumps hold just one, by that, since a dump need not name its own.
pub fn dumps(old: &Dump, new: &Dump) -> Vec<Change> {
    let mut changes = Vec::new();
    schemas(None, &old.cluster, &new.cluster, &mut changes);
    let empty = Schema::default();
    for (name, old, new) in databases(old, new) {
        let old = old.map_or(&empty, |database| &database.schema);
        let new = new.map_or(&empty, |database| &database.schema);
        schemas(name, old, new, &mut changes);
    }
    changes
}

type Pair<'d> = (Option<&'d Name>, Option<&'d Database>, Option<&'d Database>);

fn databases<'d>(old: &'d Dump, new: &'d Dump) -> Vec<Pair<'d>> {
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

fn schemas(database: Option<&Name>, old: &Schema, new: &Schema, changes: &mut Vec<Change>) {
    let addresses: BTreeSet<&Address> = old.objects.keys().chain(new.objects.keys()).collect();
    for address in addresses {
        let before = changes.len();
        match (old.objects.get(address), new.objects.get(address)) {
            (Some(old), Some(new)) => parts(old, new, changes),
            (old, new) => changes.push(whole(address, old, new)),
        }
        for change in &mut changes[before..] {
            change.database = database.cloned();
        }
    }
    if old.trailer != new.trailer {
        let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned());
        let object = Address::global(dump::Kind::Other, Name::from("behind the dump's end"));
        let (old, new) = (text(&old.trailer), text(&new.trailer));
        let kind = Kind::of(old.as_deref(), new.as_deref());
        changes.push(Change {
            database: database.cloned(),
            object,
            kind,
            aspect: "text".to_owned(),
            old,
            new,
        });
    }
}

/// An object that only one side has.
fn whole(address: &Address, old: Option<&Object>, new: Option<&Object>) -> Change {
    let text =
        |object: &Object| -> String { object.parts.iter().map(text_of).collect::<Vec<_>>().join("\n") };
    let (old, new) = (old.map(text), new.map(text));
    let kind = Kind::of(old.as_deref(), new.as_deref());
    Change { database: None, object: address.clone(), kind, aspect: String::new(), old, new }
}

/// The text of a part, without its `;` and with placeholders for its secrets.
fn text_of(part: &Part) -> String {
    let masked = mask_secrets(part);
    let text = masked.as_deref().unwrap_or(&part.text).trim_ascii_end();
    String::from_utf8_lossy(text.strip_suffix(b";").unwrap_or(text)).into_owned()
}

/// What two parts of one identity are told apart by: a table's definition, a column's default, an index …
type Key<'o> = (&'o Address, Role);

fn by_key(object: &Object) -> BTreeMap<Key<'_>, Vec<&Part>> {
    let mut parts: BTreeMap<Key<'_>, Vec<&Part>> = BTreeMap::new();
    for part in &object.parts {
        parts.entry((&part.address, part.role)).or_default().push(part);
    }
    parts
}

fn parts(old: &Object, new: &Object, changes: &mut Vec<Change>) {
    let (before, after) = (by_key(old), by_key(new));
    let keys: BTreeSet<_> = before.keys().chain(after.keys()).copied().collect();
    for key in keys {
        let (gone, come) = difference(before.get(&key), after.get(&key));
        if gone.is_empty() && come.is_empty() {
            continue;
        }
        let label = label(&new.address, key);
        if let ([gone], [come]) = (gone.as_slice(), come.as_slice()) {
            one_part(&new.address, &label, gone, come, changes);
            continue;
        }
        // Several statements of one kind, such as grants: each is there or not.
        for part in gone {
            changes.push(change(&new.address, &label, Some(text_of(part)), None));
        }
        for part in come {
            changes.push(change(&new.address, &label, None, Some(text_of(part))));
        }
    }
}

/// The parts that only one side has; equal ones meet each other.
fn difference<'o>(
    old: Option<&Vec<&'o Part>>,
    new: Option<&Vec<&'o Part>>,
) -> (Vec<&'o Part>, Vec<&'o Part>) {
    let mut come: Vec<&Part> = new.cloned().unwrap_or_default();
    let mut gone = Vec::new();
    for part in old.into_iter().flatten() {
        let same = |other: &&Part| other.text == part.text && other.session == part.session;
        match come.iter().position(same) {
            Some(at) => drop(come.remove(at)),
            None => gone.push(*part),
        }
    }
    (gone, come)
}

pub(crate) fn change(object: &Address, aspect: &str, old: Option<String>, new: Option<String>) -> Change {
    let kind = Kind::of(old.as_deref(), new.as_deref());
    Change { database: None, object: object.clone(), kind, aspect: aspect.to_owned(), old, new }
}

/// A part that both sides have, with another text or another session.
fn one_part(object: &Address, label: &str, old: &Part, new: &Part, changes: &mut Vec<Change>) {
    let before = changes.len();
    if old.text != new.text && text_of(old) == text_of(new) {
        // Only secrets differ. A placeholder, such as a tree holds, is no other secret.
        if mask_secrets(old).is_some() && mask_secrets(new).is_some() {
            let kind = Kind::Changed;
            let aspect = format!("{label}: secret");
            changes.push(Change { kind, ..change(object, &aspect, None, None) });
        }
    } else if old.text != new.text {
        let own = old.role == Role::Definition && old.address == *object;
        let details = if own { table::details(object, &old.text, &new.text) } else { Vec::new() };
        if details.is_empty() {
            changes.push(change(object, label, Some(text_of(old)), Some(text_of(new))));
        }
        changes.extend(details);
    }
    let settings = [
        ("tablespace", old.session.tablespace.to_string(), new.session.tablespace.to_string()),
        ("access method", old.session.access_method.to_string(), new.session.access_method.to_string()),
    ];
    for (what, old, new) in settings {
        if old != new {
            let aspect = format!("{label}: {what}");
            let value = |value: String| (!value.is_empty()).then_some(value);
            changes.push(change(object, &aspect, value(old), value(new)));
        }
    }
    if changes.len() == before && old.text == new.text {
        // Only the rest of the session differs, such as the search path of an old dump.
        let state = |part: &Part| format!("{:?}", part.session);
        changes.push(change(object, &format!("{label}: session"), Some(state(old)), Some(state(new))));
    }
}

/// What a part is called within its object: `column id: default`, `index t_a`, `owner`.
fn label(object: &Address, (address, role): Key<'_>) -> String {
    let what = match role {
        Role::Shell => "shell",
        Role::Definition => "definition",
        Role::Attachment => "attachment",
        Role::Member => "member",
        Role::OwnedBy => "owned by",
        Role::Default => "default",
        Role::Identity => "identity",
        Role::Setting => "setting",
        Role::Owner => "owner",
        Role::Comment => "comment",
        Role::SecurityLabel => "security label",
        Role::Privilege => "privilege",
    };
    if address == object {
        return what.to_owned();
    }
    let part = format!("{} {}", address.kind, address.name);
    if role == Role::Definition { part } else { format!("{part}: {what}") }
}
