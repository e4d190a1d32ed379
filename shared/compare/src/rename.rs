//! Things that may only have another name, and those of which somebody says so.

use dump::{Address, Attribute, Database, Dump, Kind as Object, Name};

use crate::change::{Change, Kind};
use crate::dumps::{self, Pair};
use crate::likeness::Thing;

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

    /// Says whether both have one name, and something else tells them apart, such as a function's arguments.
    pub fn keeps_name(&self) -> bool {
        self.label.is_none() && self.old.qualified_name() == self.new.qualified_name()
    }

    /// Says whether a user who writes this means it.
    fn is_meant_by(&self, text: &str) -> bool {
        let Some((before, after)) = text.split_once('=') else { return false };
        let ends = |text: &str, address: &Address| {
            let name = String::from_utf8_lossy(&address.name.to_sql()).into_owned();
            text.strip_suffix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', ':']))
        };
        self.label.is_none() && ends(before, &self.old) && ends(after, &self.new)
    }

    /// The change that is left when the rename is accepted.
    pub(crate) fn change(&self) -> Change {
        let object = self.new.parent.as_deref().unwrap_or(&self.new).clone();
        let (attribute, item, old, new) = match &self.label {
            Some((old, new)) => (Attribute::Label, Some(new.clone()), old.to_string(), new.to_string()),
            None => {
                let name = |address: &Address| {
                    String::from_utf8_lossy(&address.qualified_name().to_sql()).into_owned()
                };
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

/// Gives things in the old dump the names that they have in the new one, so that they are compared with each other.
///
/// Each text is `[KIND:]OLD=NEW`, with names as [`Rename::to_accept`] writes them; the new one may be the last name alone.
///
/// # Errors
/// When no such thing went or came, or several did.
pub fn accept_renames(old: &mut Dump, new: &Dump, texts: &[String]) -> Result<Vec<Rename>, BadRename> {
    let mut accepted: Vec<Rename> = Vec::new();
    for text in texts {
        let rename = match find(old, new, text) {
            // It came with that of its table.
            Err(BadRename::Unknown { .. }) if accepted.iter().any(|rename| rename.is_meant_by(text)) => {
                continue;
            }
            found => found?,
        };
        apply(old, &rename);
        let is_table =
            rename.label.is_none() && matches!(rename.old.kind, Object::Table | Object::ForeignTable);
        accepted.push(rename.clone());
        if is_table {
            for brought in brought(old, new, &rename) {
                apply(old, &brought);
                accepted.push(brought);
            }
        }
    }
    Ok(accepted)
}

/// Makes the old dump call something by its new name.
fn apply(old: &mut Dump, rename: &Rename) {
    let names: Vec<_> = old.databases.iter().map(|database| database.name.clone()).collect();
    let only = names.len() == 1;
    let databases = old.databases.iter_mut().zip(names);
    let of = databases.filter(|(_, name)| only || *name == rename.database).map(|(one, _)| &mut one.schema);
    for schema in of.chain(std::iter::once(&mut old.cluster)) {
        match &rename.label {
            Some((one, other)) => schema.rename_label(&rename.old, one, other),
            None => schema.rename(&rename.old, &rename.new),
        }
    }
    old.databases.iter_mut().for_each(|database| rename_data(database, rename));
}

fn rename_data(database: &mut Database, rename: &Rename) {
    let to = |address: &Address| -> Address {
        if *address == rename.old {
            return rename.new.clone();
        }
        let mut address = address.clone();
        if rename.old.kind == Object::Schema && address.schema.as_ref() == Some(&rename.old.name) {
            address.schema = Some(rename.new.name.clone());
        }
        address
    };
    let tables = std::mem::take(&mut database.data.tables);
    database.data.tables = tables.into_iter().map(|(address, rows)| (to(&address), rows)).collect();
    for statement in &mut database.data.statements {
        statement.address = to(&statement.address);
    }
}

/// What a table's rename brings: its constraints, indexes, triggers and their like, and the sequences of its columns, which
/// are called after it before and after.
fn brought(old: &Dump, new: &Dump, table: &Rename) -> Vec<Rename> {
    let mut found = Vec::new();
    for pair in dumps::pairs(old, new) {
        let changes = pair.changes();
        let come = Thing::all(&changes, Kind::Added);
        for gone in Thing::all(&changes, Kind::Dropped).into_iter().filter(|thing| thing.label.is_none()) {
            let before = &gone.change.address;
            let own = match (&before.parent, before.kind) {
                (_, Object::Column) => continue,
                (Some(parent), _) => **parent == table.new,
                (None, Object::Sequence) => {
                    pair.old.objects.get(before).and_then(|object| object.home.as_ref()) == Some(&table.new)
                }
                _ => continue,
            };
            let name = called_after(&before.name, &table.old.name, &table.new.name);
            let is_it = |thing: &&Thing<'_>| {
                thing.home() == gone.home()
                    && thing.label.is_none()
                    && Some(&thing.change.address.name) == name.as_ref()
                    // Such as the foreign key of another table.
                    && (own || (before.parent.is_some() && thing.shape(pair.new) == gone.shape(pair.old)))
                    && (before.parent.is_some() || thing.change.address.schema == table.new.schema)
            };
            found.extend(come.iter().find(is_it).map(|come| gone.to_rename(come, "accepted".to_owned())));
        }
    }
    found
}

/// The name of something that is called after a table, when that is called otherwise: `users_pkey`, `accounts_pkey`.
fn called_after(name: &Name, table: &Name, other: &Name) -> Option<Name> {
    let (text, table) = (name.bytes(), table.bytes());
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii());
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let begins = !table.is_empty()
            && text[at..].starts_with(table)
            && !is_part(at.checked_sub(1).and_then(|at| text.get(at)))
            && !is_part(text.get(at + table.len()));
        let piece = if begins { other.bytes() } else { &text[at..=at] };
        found.extend_from_slice(piece);
        at += if begins { table.len() } else { 1 };
    }
    (found != text).then(|| Name::from(found.as_slice()))
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
