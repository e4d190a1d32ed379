//! What went and what came that may be the same under another name.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use dump::{
    Address, Attribute, Column, Kind as Object, Name, Part, Role, Schema, Table, details, without_name,
    words_of,
};

use crate::change::{Change, Kind};
use crate::dumps::Pair;
use crate::rename::Rename;

/// Something that went or came.
pub(crate) struct Thing<'c> {
    pub change: &'c Change,
    pub label: Option<&'c Name>,
}

impl<'c> Thing<'c> {
    pub fn all(changes: &'c [Change], kind: Kind) -> Vec<Thing<'c>> {
        let of_kind = changes.iter().filter(|change| change.kind == kind);
        of_kind
            .filter_map(|change| match (change.attribute, &change.item) {
                (Attribute::Whole, _) => Some(Thing { change, label: None }),
                (Attribute::Label, Some(label)) => Some(Thing { change, label: Some(label) }),
                _ => None,
            })
            .collect()
    }

    /// Things of other kinds or homes are no candidates for each other.
    pub fn home(&self) -> (Option<&Address>, Object, bool) {
        let whole = self.label.is_some();
        let home = if whole { Some(&self.change.address) } else { self.change.address.parent.as_deref() };
        (home, self.change.address.kind, whole)
    }

    pub fn to_rename(&self, new: &Thing<'_>, reason: String) -> Rename {
        Rename {
            database: self.change.database.clone(),
            old: self.change.address.clone(),
            new: new.change.address.clone(),
            label: self.label.cloned().zip(new.label.cloned()),
            reason,
        }
    }

    /// What a thing is, without its name and without what is only said of it; columns have no name in their text.
    pub fn shape(&self, schema: &Schema) -> Option<Vec<u8>> {
        let address = &self.change.address;
        let object = schema.objects.get(&self.change.object)?;
        let whole = *address == self.change.object;
        let is = |part: &&Part| {
            let said =
                matches!(part.role, Role::Comment | Role::Owner | Role::SecurityLabel | Role::Privilege);
            !said && (whole || part.address == *address)
        };
        let mut shape = Vec::new();
        if !whole {
            let definition = object
                .parts
                .iter()
                .find(|part| part.role == Role::Definition && part.address == object.address);
            shape.extend(definition.and_then(|part| words_of(part, address)));
        }
        shape.extend(object.parts.iter().filter(is).map(|part| part.text.clone()));
        Some(without_name(&shape.join(&b'\n'), address))
    }
}

/// More pairs than this are not looked at one by one: what is equal is found all the same.
const PAIRS_MAX: usize = 10_000;

/// What is told apart from the rest: which of what went and came is taken, and what came of it.
struct Found<'c> {
    gone: Vec<Thing<'c>>,
    come: Vec<Thing<'c>>,
    used: [Vec<bool>; 2],
    renames: Vec<(usize, Rename)>,
}

impl Found<'_> {
    fn is_free(&self, old: usize, new: usize) -> bool {
        !self.used[0][old] && !self.used[1][new]
    }

    fn take(&mut self, old: usize, new: usize, reason: String) {
        (self.used[0][old], self.used[1][new]) = (true, true);
        self.renames.push((old, self.gone[old].to_rename(&self.come[new], reason)));
    }
}

/// Returns what may only have another name, among what went and what came. Nothing is in two of them.
pub(crate) fn candidates(changes: &[Change], pair: &Pair<'_>) -> Vec<Rename> {
    let (gone, come) = (Thing::all(changes, Kind::Dropped), Thing::all(changes, Kind::Added));
    let used = [vec![false; gone.len()], vec![false; come.len()]];
    let mut found = Found { gone, come, used, renames: Vec::new() };
    schemas(&mut found, pair);
    shapes(&mut found, pair);
    if found.gone.len() * found.come.len() <= PAIRS_MAX {
        let mut likely = Vec::new();
        for (old, gone) in found.gone.iter().enumerate().filter(|(at, _)| !found.used[0][*at]) {
            for (new, come) in found.come.iter().enumerate().filter(|(at, _)| !found.used[1][*at]) {
                if gone.home() == come.home()
                    && let Some((score, reason)) = likeness(gone, come, pair)
                {
                    likely.push((Reverse(score), old, new, reason));
                }
            }
        }
        likely.sort();
        for (_, old, new, reason) in likely {
            if found.is_free(old, new) {
                found.take(old, new, reason);
            }
        }
    }
    found.renames.sort_by_key(|(old, _)| *old);
    found.renames.into_iter().map(|(_, rename)| rename).collect()
}

/// Schemas that hold the same; what they hold goes with them.
fn schemas(found: &mut Found<'_>, pair: &Pair<'_>) {
    let of = |things: &[Thing<'_>], schema: &Schema| -> Vec<(usize, BTreeSet<(Object, Name)>)> {
        let schemas =
            things.iter().enumerate().filter(|(_, thing)| thing.change.object.kind == Object::Schema);
        let held = |name: &Name| {
            let inside = schema.objects.keys().filter(|address| address.schema.as_ref() == Some(name));
            inside.map(|address| (address.kind, address.name.clone())).collect()
        };
        schemas.map(|(at, thing)| (at, held(&thing.change.object.name))).collect()
    };
    let (gone, come) = (of(&found.gone, pair.old), of(&found.come, pair.new));
    let mut likely = Vec::new();
    for (old, one) in &gone {
        for (new, other) in &come {
            let (same, all) = (one.intersection(other).count(), one.len().max(other.len()));
            if same > 0 && 2 * same >= all {
                likely.push((Reverse(100 * same / all), *old, *new, same, all));
            }
        }
    }
    likely.sort_unstable();
    for (_, old, new, same, all) in likely {
        if !found.is_free(old, new) {
            continue;
        }
        let [before, after] =
            [&found.gone[old], &found.come[new]].map(|thing| thing.change.object.name.clone());
        found.take(old, new, format!("{same} of the {all} objects in it have the same names"));
        for (things, used, name) in [(&found.gone, 0, before), (&found.come, 1, after)] {
            for (at, thing) in things.iter().enumerate() {
                found.used[used][at] |= thing.change.object.schema.as_ref() == Some(&name);
            }
        }
    }
}

/// The same but for the name, and the only such pair.
fn shapes(found: &mut Found<'_>, pair: &Pair<'_>) {
    let mut shapes: BTreeMap<_, [Vec<usize>; 2]> = BTreeMap::new();
    for (side, things, schema) in [(0, &found.gone, pair.old), (1, &found.come, pair.new)] {
        for (at, thing) in things.iter().enumerate() {
            // A schema is what it holds.
            if thing.label.is_some() || found.used[side][at] || thing.change.address.kind == Object::Schema {
                continue;
            }
            if let Some(shape) = thing.shape(schema) {
                shapes.entry((thing.home(), shape)).or_default()[side].push(at);
            }
        }
    }
    let pairs: Vec<(usize, usize)> = shapes
        .into_values()
        .filter_map(|[olds, news]| match (olds.as_slice(), news.as_slice()) {
            ([old], [new]) => Some((*old, *new)),
            _ => None,
        })
        .collect();
    for (old, new) in pairs {
        if is_telling(&found.gone[old], &found.come[new], pair) {
            found.take(old, new, "the same but for the name".to_owned());
        }
    }
}

/// Says whether two equal things have enough in them to be the same one.
fn is_telling(old: &Thing<'_>, new: &Thing<'_>, pair: &Pair<'_>) -> bool {
    let (before, after) = (&old.change.address, &new.change.address);
    let columns = match before.kind {
        Object::Table | Object::ForeignTable => match columns(pair.old, before) {
            Some(columns) => columns.len(),
            None => return false,
        },
        _ => usize::from(before.kind != Object::Sequence),
    };
    let moved = before.parent.is_none() && before.schema != after.schema;
    match (columns, before.kind) {
        (0, Object::Sequence) => !moved || before.name == after.name,
        (0, _) => false,
        (1, Object::Table | Object::ForeignTable) => !moved,
        _ => true,
    }
}

fn columns(schema: &Schema, address: &Address) -> Option<Vec<Column>> {
    Some(Table::read(schema.objects.get(address)?)?.columns)
}

fn type_of(column: &Column) -> &[u8] {
    column.attribute(Attribute::Type).unwrap_or_default()
}

/// How alike two things are, in per cent, and in what; `None` if not enough.
fn likeness(old: &Thing<'_>, new: &Thing<'_>, pair: &Pair<'_>) -> Option<(usize, String)> {
    let (before, after) = (&old.change.address, &new.change.address);
    if let (Some(one), Some(other)) = (old.label, new.label) {
        let (one_list, other_list) = (labels(pair.old, before)?, labels(pair.new, after)?);
        let (one, other) =
            (Place::of(one, &one_list, &other_list)?, Place::of(other, &other_list, &one_list)?);
        // No label goes as long as the type stays; so as many came as went, or more.
        let same = one.slot == other.slot && other.run >= one.run;
        return same.then(|| (100, "at the same place among the labels".to_owned()));
    }
    match before.kind {
        Object::Table | Object::ForeignTable => {
            tables(&columns(pair.old, before)?, &columns(pair.new, after)?, before.schema != after.schema)
        }
        Object::Column => column(old, new, pair),
        kind if kind.is_routine() && before.qualified_name() == after.qualified_name() => {
            Some((60, "the same name with other arguments".to_owned()))
        }
        _ => None,
    }
}

fn tables(one: &[Column], other: &[Column], moved: bool) -> Option<(usize, String)> {
    let is_same =
        |column: &Column, other: &Column| column.name == other.name && type_of(column) == type_of(other);
    let same = one.iter().filter(|column| other.iter().any(|other| is_same(column, other))).count();
    let all = one.len().max(other.len());
    // A table without columns of its own is like any other, and one column says little.
    if all == 0 || same == 0 || (moved && all == 1) {
        return None;
    }
    let enough = same == all || (same > 1 && 3 * same >= 2 * all) || is_but_one_name(one, other);
    enough.then(|| (100 * same / all, format!("{same} of {all} columns are the same")))
}

/// Says whether of a few columns just one is called otherwise.
fn is_but_one_name(one: &[Column], other: &[Column]) -> bool {
    let pairs = || one.iter().zip(other);
    one.len() == other.len()
        && pairs().all(|(one, other)| type_of(one) == type_of(other))
        && pairs().filter(|(one, other)| one.name != other.name).count() == 1
}

fn labels(schema: &Schema, address: &Address) -> Option<Vec<Name>> {
    let said = schema.objects.get(address)?.parts.iter().flat_map(|part| details(part, &part.text));
    Some(
        said.filter(|detail| detail.attribute == Attribute::Label).filter_map(|detail| detail.item).collect(),
    )
}

/// Where something stands in a list, seen from what another list has as well.
struct Place {
    /// How many of those stand in front of it, and which it is behind the last of them.
    slot: (usize, usize),
    /// How many stand between two of those.
    run: usize,
}

impl Place {
    fn of(name: &Name, list: &[Name], other: &[Name]) -> Option<Place> {
        let other: BTreeSet<&Name> = other.iter().collect();
        let at = list.iter().position(|known| known == name)?;
        let from = list[..at].iter().rposition(|known| other.contains(known)).map_or(0, |kept| kept + 1);
        let kept = list[..at].iter().filter(|known| other.contains(known)).count();
        let run = list[from..].iter().take_while(|known| !other.contains(known)).count();
        Some(Place { slot: (kept, at - from), run })
    }
}

fn column(old: &Thing<'_>, new: &Thing<'_>, pair: &Pair<'_>) -> Option<(usize, String)> {
    let (before, after) = (&old.change.address, &new.change.address);
    let of = |schema: &Schema, address: &Address| columns(schema, address.parent.as_deref()?);
    let is_equal = old.shape(pair.old)? == new.shape(pair.new)?;
    let (one, other) = (of(pair.old, before)?, of(pair.new, after)?);
    let [one_names, other_names] =
        [&one, &other].map(|columns| columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>());
    let same_place = Place::of(&before.name, &one_names, &other_names)?.slot
        == Place::of(&after.name, &other_names, &one_names)?.slot;
    match (is_equal, same_place) {
        (true, true) => return Some((100, "the same definition at the same place".to_owned())),
        (true, false) => return Some((50, "the same definition".to_owned())),
        (false, false) => return None,
        (false, true) => {}
    }
    let definition = |columns: &[Column], name: &Name| -> Vec<u8> {
        let column = columns.iter().find(|column| column.name == *name);
        column.map(|column| type_of(column).to_vec()).unwrap_or_default()
    };
    let alike = is_alike(&before.name, &after.name);
    let (one, other) = (definition(&one, &before.name), definition(&other, &after.name));
    let reason = match (alike, family(&one) == family(&other)) {
        (true, _) => "a name like it at the same place",
        (false, true) => "a type like it at the same place",
        (false, false) => return None,
    };
    Some((if alike { 45 } else { 40 }, reason.to_owned()))
}

/// Says whether two names are written nearly the same: `username`, `user_name`.
fn is_alike(one: &Name, other: &Name) -> bool {
    let plain = |name: &Name| -> Vec<u8> {
        name.bytes().iter().filter(|byte| **byte != b'_').map(u8::to_ascii_lowercase).collect()
    };
    let (one, other) = (plain(one), plain(other));
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short.len() >= 3 && long.windows(short.len()).any(|piece| piece == short)
}

/// What kind of values a type has: types of one family are changed into each other.
fn family(text: &[u8]) -> Vec<u8> {
    let end = text.iter().position(|byte| *byte == b'(').unwrap_or(text.len());
    let name = text[..end].trim_ascii().to_ascii_lowercase();
    let is_list = text.ends_with(b"[]");
    let family: &[u8] = match name.as_slice() {
        b"text" | b"varchar" | b"character varying" | b"char" | b"character" | b"citext"
        | b"public.citext" => b"text",
        b"smallint" | b"integer" | b"bigint" | b"int" | b"numeric" | b"decimal" | b"real"
        | b"double precision" => b"number",
        b"json" | b"jsonb" => b"json",
        name if name.starts_with(b"timestamp") || name == b"date" => b"time",
        name => name,
    };
    [family, if is_list { b"[]" } else { b"" }].concat()
}
