//! The schema that a dump holds: objects with their parts, each in canonical form.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::object::{Address, Kind, Role};
use crate::repeated::WhereThere;
use crate::session::Session;
use crate::{Name, Position};

/// One statement in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it speaks of: the object, or a part of it such as a column or an index.
    pub address: Address,
    /// What it does for it.
    pub role: Role,
    /// Its canonical text, with `;` and a line break at the end.
    pub text: Vec<u8>,
    /// The session state that it needs to mean the same; nearly all of a dump's statements share one.
    pub session: Arc<Session>,
    /// Where it stood in the input.
    pub at: Position,
    /// What it does where the thing is there already; `None` if it fails.
    pub(crate) where_there: Option<WhereThere>,
    /// Order among statements whose order is kept as it was.
    pub(crate) order: u64,
}

impl Part {
    /// Returns the table that a publication gets by this statement, if it is one that gives it one.
    pub fn published_table(&self) -> Option<Address> {
        let lexemes = crate::lexeme::lexemes_of(&self.text)?;
        let mut cursor = crate::lexeme::Cursor::new(&lexemes);
        cursor.expect("ALTER PUBLICATION")?;
        cursor.name()?;
        cursor.expect("ADD TABLE")?;
        cursor.eat("ONLY");
        Some(Address::in_schema(Kind::Table, cursor.qualified()?))
    }
}

/// An object with everything that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its name.
    pub address: Address,
    /// Its statements in canonical order.
    pub parts: Vec<Part>,
    /// The table that it is kept with: for a sequence, the one that owns it.
    pub home: Option<Address>,
}

impl Object {
    /// Returns the table this one is a partition of, if it is one.
    pub fn partition_of(&self) -> Option<Address> {
        let attached = |part: &&Part| part.role == Role::Attachment && part.address == self.address;
        let part = self.parts.iter().find(attached)?;
        let lexemes = crate::lexeme::lexemes_of(&part.text)?;
        if !lexemes.iter().any(|lexeme| lexeme.is("ATTACH")) {
            return None;
        }
        let mut cursor = crate::lexeme::Cursor::new(&lexemes);
        cursor.expect("ALTER TABLE")?;
        cursor.eat("ONLY");
        Some(Address::in_schema(Kind::Table, cursor.qualified()?))
    }
}

/// What one database, or the part of a cluster that no database holds, consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// The objects by their addresses.
    pub objects: BTreeMap<Address, Object>,
    /// What follows the dump's own end, such as Rails' `INSERT INTO schema_migrations`, in canonical form.
    pub trailer: Vec<u8>,
    /// The client encoding, in upper case; empty where the dump says none, which means UTF8.
    pub encoding: String,
}

impl Schema {
    /// Returns the number of parts of all objects.
    pub fn parts(&self) -> usize {
        self.objects.values().map(|object| object.parts.len()).sum()
    }

    /// Returns the parts that do such a thing, with their objects.
    pub fn parts_of(&self, role: Role) -> impl Iterator<Item = (&Object, &Part)> {
        self.objects.values().flat_map(move |object| {
            object.parts.iter().filter(move |part| part.role == role).map(move |part| (object, part))
        })
    }

    /// Removes what `keep` does not want; objects that lose all their parts go as well.
    pub fn retain_parts(&mut self, mut keep: impl FnMut(&Object, &Part) -> bool) {
        self.objects.retain(|_, object| {
            let parts = std::mem::take(&mut object.parts);
            let kept = parts.into_iter().filter(|part| keep(object, part)).collect();
            object.parts = kept;
            !object.parts.is_empty()
        });
    }
}

/// Appends statements to `out`, with the session state that each needs in front of it and the plain state
/// restored behind the last.
pub fn write_parts<'a>(parts: impl IntoIterator<Item = &'a Part>, out: &mut Vec<u8>) {
    let mut writer = PartWriter::default();
    for part in parts {
        writer.write(part, out);
    }
    writer.finish(out);
}

/// Writes statements one behind the other; see [`write_parts`].
#[derive(Debug, Default)]
pub struct PartWriter<'a> {
    session: Arc<Session>,
    last: Option<&'a Part>,
}

impl<'a> PartWriter<'a> {
    /// Appends one statement, with a blank line in front of it where another thing begins.
    pub fn write(&mut self, part: &'a Part, out: &mut Vec<u8>) {
        let goes_on = self.last.is_some_and(|last| {
            // Short statements of one kind stand together.
            part.role >= Role::Default
                && last.role == part.role
                && part.session == self.session
                && last.address.kind == part.address.kind
                && last.address.parent == part.address.parent
        });
        if self.last.is_some() && !goes_on {
            out.push(b'\n');
        }
        if !Arc::ptr_eq(&self.session, &part.session) {
            self.session.write_change(&part.session, out);
            self.session = Arc::clone(&part.session);
        }
        out.extend_from_slice(&part.text);
        self.last = Some(part);
    }

    /// Appends what leads back to the plain session state.
    pub fn finish(self, out: &mut Vec<u8>) {
        self.session.write_change(&Session::default(), out);
    }
}

/// Puts the parts of an object in order: those of columns as the columns stand in its definition.
pub(crate) fn sort_parts(object: &mut Object) {
    let of_columns = object.parts.iter().filter(|part| part.address.kind == Kind::Column).take(2).count();
    let columns = if of_columns == 2 { columns(object) } else { Vec::new() };
    let mut places: HashMap<Name, usize> = HashMap::new();
    let behind = columns.len();
    for (place, column) in columns.into_iter().enumerate() {
        places.entry(column).or_insert(place);
    }
    let place = |part: &Part| match part.address.kind {
        Kind::Column => places.get(&part.address.name).copied().unwrap_or(behind),
        _ => 0,
    };
    let address = &object.address;
    object.parts.sort_by(|a, b| compare_parts(a, b, address, place));
}

fn compare_parts(a: &Part, b: &Part, object: &Address, place: impl Fn(&Part) -> usize) -> Ordering {
    part_order(a, object, place(a)).cmp(&part_order(b, object, place(b)))
}

/// The columns that the definition of a table or composite type names, in its order.
fn columns(object: &Object) -> Vec<Name> {
    let is_definition = |part: &&Part| part.role == Role::Definition && part.address == object.address;
    let Some(definition) = object.parts.iter().find(is_definition) else { return Vec::new() };
    let Some(lexemes) = crate::lexeme::lexemes_of(&definition.text) else { return Vec::new() };
    let mut cursor = crate::lexeme::Cursor::new(&lexemes);
    let Some(open) = lexemes.iter().position(|lexeme| lexeme.kind == crate::lexer::TokenKind::LeftParen)
    else {
        return Vec::new();
    };
    cursor.at = open;
    let items = cursor.parentheses().map(crate::lexeme::split_commas).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item.first().filter(|name| name.is_name() && !name.is("CONSTRAINT")))
        .map(|name| Name::from_sql(&name.text))
        .collect()
}

/// The place of a part within its object: what it is about, then what it does. `column` is the place of the column that
/// it is about.
fn part_order<'a>(part: &'a Part, object: &Address, column: usize) -> impl Ord + use<'a> {
    let own = part.address == *object;
    let rank = match (own, part.role, part.address.kind) {
        (_, Role::Privilege, _) => 90,
        (true, Role::SecurityLabel, _) => 91,
        (true, Role::Setting, Kind::Table | Kind::ForeignTable | Kind::View | Kind::MaterializedView) => 35,
        (true, role, _) => role as u8,
        (_, _, Kind::Column) => 20,
        (_, _, Kind::UserMapping) => 21,
        (_, _, Kind::Constraint) => 30,
        (_, _, Kind::Index) => 31,
        (_, _, Kind::Statistics) => 40,
        (_, _, Kind::Rule) => 41,
        (_, _, Kind::Trigger) => 42,
        (_, _, Kind::Policy) => 43,
        _ => 50,
    };
    let revokes =
        || part.text.starts_with(b"REVOKE") || memchr::memmem::find(&part.text, b" REVOKE ").is_some();
    // A grant by someone else needs that one's own grant first.
    let by_other = part.session.authorization.is_some();
    let grants = part.role == Role::Privilege && !revokes();
    (rank, column, &part.address.name, part.role, grants, by_other, part.order, &part.text)
}

/// Returns the names in the first parentheses of a statement such as `COPY t (a, b) FROM stdin;`.
///
/// ```
/// let names = dump::names_in_parentheses(br#"COPY app.t (id, "B") FROM stdin;"#).unwrap();
/// assert_eq!(names, [dump::Name::from("id"), dump::Name::from("B")]);
/// ```
pub fn names_in_parentheses(text: &[u8]) -> Option<Vec<Name>> {
    let lexemes = crate::lexeme::lexemes_of(text)?;
    let open = lexemes.iter().position(|lexeme| lexeme.kind == crate::lexer::TokenKind::LeftParen)?;
    let mut cursor = crate::lexeme::Cursor::new(&lexemes);
    cursor.at = open;
    let names = cursor.parentheses()?.iter().filter(|lexeme| lexeme.is_name());
    Some(names.map(|lexeme| Name::from_sql(&lexeme.text)).collect())
}
