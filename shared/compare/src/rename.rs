//! Things that may only have another name, and those of which somebody says so.

use std::collections::BTreeMap;

use dump::{Address, Attribute, Dump, Kind as Object, Name, Schema, Table, details, without_name};

use crate::change::{Change, Kind};
use crate::dumps::{self, Pair};

/// Something that went and something like it that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// The database it is in, as in a change.
    pub database: Option<Name>,
    /// What it was: an object or a part of one; or, with `label`, the enum it is of.
    pub old: Address,
    /// What it may be now.
    pub new: Address,
    /// The label of the enum that it was, and the one that it may be.
    pub label: Option<(Name, Name)>,
    /// Why it may be, in words.
    pub reason: String,
}

/// Says why a rename cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRename {
    /// There is no `=` in it, or a name on one side that is none.
    #[error("expected OLD=NEW: `{0}`")]
    Form(String),
    /// Nothing of the old name went, or nothing of the new name came.
    #[error("nothing of this name {what}: `{name}`")]
    Unknown {
        /// What should have happened to it.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Several things of the name went or came.
    #[error("several things of this name {what}, say which by a kind in front, as in `index:`: `{name}`")]
    Ambiguous {
        /// What happened to them.
        what: &'static str,
        /// The name.
        name: String,
    },
}

impl Rename {
    /// Returns what accepts the rename: `app.users=app.accounts`, `app.users.mail=app.users.email`.
    pub fn to_accept(&self) -> String {
        let (old, new) = match &self.label {
            Some((old, new)) => (Some(old), Some(new)),
            None => (None, None),
        };
        format!("{}={}", path_text(&self.old, old), path_text(&self.new, new))
    }

    /// The change that is left when the rename is accepted.
    pub(crate) fn change(&self) -> Change {
        let object = self.new.parent.as_deref().unwrap_or(&self.new).clone();
        let (attribute, item, old, new) = match &self.label {
            Some((old, new)) => (Attribute::Label, Some(new.clone()), old.to_string(), new.to_string()),
            None => {
                let name = |address: &Address| address.qualified_name().to_string();
                (Attribute::Name, None, name(&self.old), name(&self.new))
            }
        };
        Change {
            database: self.database.clone(),
            object,
            address: self.new.clone(),
            attribute,
            item,
            kind: Kind::Changed,
            old: Some(old),
            new: Some(new),
            old_at: None,
            new_at: None,
        }
    }
}

/// The names by which a user calls a thing: schema, name, and, for a part or a label, its own.
fn path(address: &Address, label: Option<&Name>) -> Vec<Name> {
    let mut names = match &address.parent {
        Some(parent) => path(parent, None),
        None => address.schema.iter().cloned().collect(),
    };
    names.push(address.name.clone());
    names.extend(label.cloned());
    names
}

fn path_text(address: &Address, label: Option<&Name>) -> String {
    let names: Vec<Vec<u8>> = path(address, label).iter().map(Name::to_sql).collect();
    let signature: &[u8] = if address.kind.is_routine() { &address.signature } else { b"" };
    String::from_utf8_lossy(&[&names.join(&b"."[..]), signature].concat()).into_owned()
}

/// Something that went or came.
struct Thing<'c> {
    change: &'c Change,
    label: Option<&'c Name>,
}

impl<'c> Thing<'c> {
    fn all(changes: &'c [Change], kind: Kind) -> Vec<Thing<'c>> {
        let of_kind = changes.iter().filter(|change| change.kind == kind);
        of_kind
            .filter_map(|change| match (change.attribute, &change.item) {
                (Attribute::Whole, _) => Some(Thing { change, label: None }),
                (Attribute::Label, Some(label)) => Some(Thing { change, label: Some(label) }),
                _ => None,
            })
            .collect()
    }

    fn text(&self) -> &str {
        self.change.old.as_deref().or(self.change.new.as_deref()).unwrap_or_default()
    }

    /// Things of other kinds or homes are no candidates for each other.
    fn home(&self) -> (Option<&Address>, Object, bool) {
        let whole = self.label.is_some();
        let home = if whole { Some(&self.change.address) } else { self.change.address.parent.as_deref() };
        (home, self.change.address.kind, whole)
    }

    fn to_rename(&self, new: &Thing<'_>, reason: String) -> Rename {
        Rename {
            database: self.change.database.clone(),
            old: self.change.address.clone(),
            new: new.change.address.clone(),
            label: self.label.cloned().zip(new.label.cloned()),
            reason,
        }
    }
}

/// More pairs than this are not looked at one by one: what is equal is found all the same.
const PAIRS_MAX: usize = 10_000;

/// Returns what may only have another name, among what went and what came. Nothing is in two of them.
pub(crate) fn candidates(changes: &[Change], pair: &Pair<'_>) -> Vec<Rename> {
    let (gone, come) = (Thing::all(changes, Kind::Dropped), Thing::all(changes, Kind::Added));
    let (mut used_gone, mut used_come) = (vec![false; gone.len()], vec![false; come.len()]);
    let mut found = Vec::new();
    let mut take = |old: usize, new: usize, reason: String, used: (&mut Vec<bool>, &mut Vec<bool>)| {
        (used.0[old], used.1[new]) = (true, true);
        found.push((old, gone[old].to_rename(&come[new], reason)));
    };
    // The same but for the name, and the only such pair.
    let mut shapes: BTreeMap<_, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for (at, thing) in gone.iter().enumerate().filter(|(_, thing)| thing.label.is_none()) {
        shapes.entry((thing.home(), shape(thing))).or_default().0.push(at);
    }
    for (at, thing) in come.iter().enumerate().filter(|(_, thing)| thing.label.is_none()) {
        shapes.entry((thing.home(), shape(thing))).or_default().1.push(at);
    }
    for (olds, news) in shapes.values() {
        if let ([old], [new]) = (olds.as_slice(), news.as_slice()) {
            let reason = "the same but for the name".to_owned();
            take(*old, *new, reason, (&mut used_gone, &mut used_come));
        }
    }
    if gone.len() * come.len() <= PAIRS_MAX {
        let mut likely = Vec::new();
        for (old, gone) in gone.iter().enumerate().filter(|(at, _)| !used_gone[*at]) {
            for (new, come) in come.iter().enumerate().filter(|(at, _)| !used_come[*at]) {
                if gone.home() == come.home()
                    && let Some((score, reason)) = likeness(gone, come, pair)
                {
                    likely.push((std::cmp::Reverse(score), old, new, reason));
                }
            }
        }
        likely.sort();
        for (_, old, new, reason) in likely {
            if !used_gone[old] && !used_come[new] {
                take(old, new, reason, (&mut used_gone, &mut used_come));
            }
        }
    }
    found.sort_by_key(|(old, _)| *old);
    found.into_iter().map(|(_, rename)| rename).collect()
}

/// What a thing is, without its name; columns have none in their text.
fn shape(thing: &Thing<'_>) -> Vec<u8> {
    without_name(thing.text().as_bytes(), &thing.change.address)
}

/// How alike two things are, in per cent, and in what; `None` if not enough.
fn likeness(old: &Thing<'_>, new: &Thing<'_>, pair: &Pair<'_>) -> Option<(usize, String)> {
    let (before, after) = (&old.change.address, &new.change.address);
    if let (Some(one), Some(other)) = (old.label, new.label) {
        let neighbours = |schema: &Schema, label: &Name| -> Option<[Option<Name>; 2]> {
            let object = schema.objects.get(before)?;
            let said = object.parts.iter().flat_map(|part| details(part, &part.text));
            let labels: Vec<Name> = said
                .filter(|detail| detail.attribute == Attribute::Label)
                .filter_map(|detail| detail.item)
                .collect();
            let at = labels.iter().position(|known| known == label)?;
            Some([at.checked_sub(1).map(|at| labels[at].clone()), labels.get(at + 1).cloned()])
        };
        let same = neighbours(pair.old, one)? == neighbours(pair.new, other)?;
        return same.then(|| (100, "at the same place among the labels".to_owned()));
    }
    match before.kind {
        Object::Table | Object::ForeignTable => {
            let columns = |schema: &Schema, address: &Address| -> Option<Vec<(Name, Vec<u8>)>> {
                let columns = Table::read(schema.objects.get(address)?)?.columns.into_iter();
                let of = |column: dump::Column| {
                    (column.name.clone(), column.attribute(Attribute::Type).unwrap_or_default().to_vec())
                };
                Some(columns.map(of).collect())
            };
            let (one, other) = (columns(pair.old, before)?, columns(pair.new, after)?);
            let same = one.iter().filter(|column| other.contains(column)).count();
            let all = one.len().max(other.len());
            let enough = same == all || (same > 1 && 3 * same >= 2 * all);
            enough.then(|| (100 * same / all, format!("{same} of {all} columns are the same")))
        }
        Object::Column => {
            let place = |schema: &Schema, address: &Address| {
                let table = Table::read(schema.objects.get(address.parent.as_deref()?)?)?;
                table.columns.iter().position(|column| column.name == address.name)
            };
            // To find the place takes reading the whole table.
            if old.text() != new.text() {
                return None;
            }
            let same_place = place(pair.old, before)? == place(pair.new, after)?;
            Some(match same_place {
                true => (100, "the same definition at the same place".to_owned()),
                false => (50, "the same definition".to_owned()),
            })
        }
        kind if kind.is_routine() && before.qualified_name() == after.qualified_name() => {
            Some((60, "the same name with other arguments".to_owned()))
        }
        _ => None,
    }
}

/// Gives things in the old dump the names that they have in the new one, so that they are compared with each other.
///
/// Each text is `[KIND:]OLD=NEW`, with names as [`Rename::to_accept`] writes them; the new one may be the last name alone.
///
/// # Errors
/// When no such thing went or came, or several did.
pub fn accept_renames(old: &mut Dump, new: &Dump, texts: &[String]) -> Result<Vec<Rename>, BadRename> {
    let mut accepted: Vec<Rename> = Vec::new();
    for text in texts {
        let rename = find(old, new, text)?;
        let names: Vec<_> = old.databases.iter().map(|database| database.name.clone()).collect();
        let only = names.len() == 1;
        let databases = old.databases.iter_mut().zip(names);
        let of =
            databases.filter(|(_, name)| only || *name == rename.database).map(|(one, _)| &mut one.schema);
        for schema in of.chain(std::iter::once(&mut old.cluster)) {
            match &rename.label {
                Some((one, other)) => schema.rename_label(&rename.old, one, other),
                None => schema.rename(&rename.old, &rename.new),
            }
        }
        for database in &mut old.databases {
            if let Some(rows) = database.data.tables.remove(&rename.old) {
                database.data.tables.insert(rename.new.clone(), rows);
            }
        }
        accepted.push(rename);
    }
    Ok(accepted)
}

fn find(old: &Dump, new: &Dump, text: &str) -> Result<Rename, BadRename> {
    let bad = || BadRename::Form(text.to_owned());
    let (kind, names) = match text.split_once(':') {
        Some((kind, names)) if Object::named(&kind.replace('-', " ")).is_some() => (Some(kind), names),
        _ => (None, text),
    };
    let kind = kind.and_then(|kind| Object::named(&kind.replace('-', " ")));
    let (before, after) = names.split_once('=').ok_or_else(bad)?;
    let changes: Vec<Change> = dumps::pairs(old, new).iter().flat_map(Pair::changes).collect();
    let gone = pick(Thing::all(&changes, Kind::Dropped), before, kind, None)?;
    let come = pick(Thing::all(&changes, Kind::Added), after, kind, Some(&gone))?;
    Ok(gone.to_rename(&come, "accepted".to_owned()))
}

/// The one thing of a name; what came must be of the kind and home of what went.
fn pick<'c>(
    mut things: Vec<Thing<'c>>,
    name: &str,
    kind: Option<Object>,
    gone: Option<&Thing<'_>>,
) -> Result<Thing<'c>, BadRename> {
    let what = if gone.is_some() { "came" } else { "went" };
    things.retain(|thing| {
        let full = path_text(&thing.change.address, thing.label);
        let own = thing.label.unwrap_or(&thing.change.address.name).to_sql();
        let called = full == name
            || full.split('(').next() == Some(name)
            || (gone.is_some() && own == name.as_bytes());
        called
            && kind.is_none_or(|kind| thing.change.address.kind == kind)
            && gone.is_none_or(|gone| {
                gone.home() == thing.home() && gone.change.database == thing.change.database
            })
    });
    match (things.pop(), things.is_empty()) {
        (Some(one), true) => Ok(one),
        (None, _) => Err(BadRename::Unknown { what, name: name.to_owned() }),
        (Some(_), false) => Err(BadRename::Ambiguous { what, name: name.to_owned() }),
    }
}
