//! What `CREATE TABLE` says, column by column.

use super::clause::{Clause, cut, list, options, other, value, words};
use super::{Detail, Found, attachment, constraint, create, sequence};
use crate::attribute::Attribute;
use crate::lexeme::{Cursor, Lexeme, lexemes_of, split_commas};

use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};
use crate::schema::{Object, Part};
use crate::{Name, layout};

/// The definition of a table, cut into what can change on its own; every token of it is in one of the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// What stands in front of the name, such as `CREATE UNLOGGED TABLE`.
    pub head: Vec<u8>,
    /// The columns in their order; those of a typed table or partition are the ones it says something of.
    pub columns: Vec<Column>,
    /// Constraints and whatever else is no column, in their order.
    pub constraints: Vec<Constraint>,
    /// What stands between the name and the columns, such as `PARTITION OF parent`.
    pub of: Vec<u8>,
    /// What stands behind the columns, such as `INHERITS (parent)` or `PARTITION BY RANGE (at)`.
    pub rest: Vec<u8>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Name,
    /// What is said of it, in the order of the text.
    pub attributes: Vec<(Attribute, Vec<u8>)>,
}

/// A constraint in a table's definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Its text, name included.
    pub text: Vec<u8>,
}

impl Table {
    /// Reads the definition of a table or foreign table; `None` if the object has none that is understood.
    ///
    /// ```
    /// use dump::{Attribute, NoData, ReadOptions, Stream, Table, read};
    /// let sql = b"CREATE TABLE a.t (x integer DEFAULT 1 NOT NULL, CONSTRAINT c CHECK (x > 0)) PARTITION BY LIST (x);";
    /// let dump = read(Stream(&sql[..]), ReadOptions::default(), &mut NoData)?;
    /// let table = Table::read(dump.databases[0].schema.objects.values().next().unwrap()).unwrap();
    /// assert_eq!(table.columns[0].attribute(Attribute::Default), Some(&b"DEFAULT 1"[..]));
    /// assert_eq!(table.constraints[0].name, Some(dump::Name::from("c")));
    /// assert_eq!(table.rest, b"PARTITION BY LIST (x)");
    /// # Ok::<(), dump::Error>(())
    /// ```
    pub fn read(object: &Object) -> Option<Table> {
        let is_definition = |part: &&Part| part.role == Role::Definition && part.address == object.address;
        let definition = object.parts.iter().find(is_definition)?;
        Table::parse(&definition.text)
    }

    /// Reads the text of a definition.
    pub fn parse(text: &[u8]) -> Option<Table> {
        let mut lexemes = lexemes_of(text)?;
        if lexemes.last()?.kind == TokenKind::Semicolon {
            lexemes.pop();
        }
        let cut = Cut::read(&lexemes)?;
        let mut table = Table {
            head: layout::line(cut.head),
            of: layout::line(cut.of),
            rest: layout::line(cut.rest),
            ..Table::default()
        };
        for item in cut.items {
            match Item::read(item)? {
                Item::Column(name, words) => {
                    let pieces = pieces(words);
                    let attributes = pieces.iter().map(|piece| (piece.attribute, layout::line(piece.words)));
                    table.columns.push(Column { name, attributes: attributes.collect() });
                }
                Item::Constraint(name, words) => {
                    table.constraints.push(Constraint { name, text: layout::line(words) });
                }
            }
        }
        Some(table)
    }
}

/// The clauses around the columns, as `dumpTableSchema` (pg_dump.c) writes them, and some that are written by hand.
const CLAUSES: [Clause; 9] = [
    words("FOR VALUES", Attribute::PartitionBound),
    value("INHERITS", Attribute::Parent),
    value("PARTITION BY", Attribute::PartitionKey),
    value("USING", Attribute::AccessMethod),
    list("WITH ("),
    other("ON COMMIT", "on commit"),
    value("TABLESPACE", Attribute::Tablespace),
    other("SERVER", "server"),
    list("OPTIONS ("),
];

/// What a table's definition says, column by column.
pub(super) fn details(table: &Address, text: &[u8]) -> Option<Vec<Detail>> {
    let lexemes = lexemes_of(text)?;
    let definition = Cut::read(&lexemes)?;
    let mut details = Vec::new();
    if table.kind != Kind::ForeignTable {
        details.push(sequence::persistence(&definition.modifiers).of(table));
    }
    let mut of = Cursor::new(definition.of);
    match () {
        () if of.eat("OF") => details.push(Found::new(Attribute::OfType, layout::line(of.rest())).of(table)),
        () if of.eat("PARTITION OF") => {
            details.push(Found::new(Attribute::Parent, layout::line(of.rest())).of(table));
        }
        () => {}
    }
    for item in &definition.items {
        match Item::read(item)? {
            Item::Column(name, words) => {
                let address = table.clone().part(Kind::Column, name);
                let pieces = pieces(words);
                // A typed table or partition says of a column that it is there, and not of which type it is.
                if pieces.first().is_none_or(|piece| piece.attribute != Attribute::Type) {
                    details.push(Found::new(Attribute::Definition, "").of(&address));
                }
                let found = pieces.iter().flat_map(Piece::found);
                details.extend(found.map(|found| found.of(&address)));
            }
            Item::Constraint(Some(name), words) => {
                let address = table.clone().part(Kind::Constraint, name);
                let found = constraint::found(&words[2..])?;
                details.extend(found.into_iter().map(|found| found.of(&address)));
            }
            Item::Constraint(None, words) => {
                details.push(Found::new(Attribute::Constraint, layout::line(words)).of(table));
            }
        }
    }
    let mut rest = Cursor::new(definition.rest);
    // `PARTITION OF parent DEFAULT`
    if rest.eat("DEFAULT") {
        details.push(Found::new(Attribute::PartitionBound, "DEFAULT").of(table));
    }
    for found in cut(rest.rest(), &CLAUSES)? {
        if found.attribute != Attribute::Parent {
            details.push(found.of(table));
            continue;
        }
        for parent in split_commas(&lexemes_of(&found.text)?) {
            let mut cursor = Cursor::new(parent);
            let name = cursor.qualified()?;
            details.push(attachment::inherits(name, cursor.at_end())?.of(table));
        }
    }
    Some(details)
}

/// A definition, cut but not read.
struct Cut<'t, 'a> {
    head: &'t [Lexeme<'a>],
    /// The words between `CREATE` and `TABLE`.
    modifiers: Vec<String>,
    of: &'t [Lexeme<'a>],
    items: Vec<&'t [Lexeme<'a>]>,
    rest: &'t [Lexeme<'a>],
}

impl<'t, 'a> Cut<'t, 'a> {
    fn read(lexemes: &'t [Lexeme<'a>]) -> Option<Cut<'t, 'a>> {
        let mut cursor = Cursor::new(lexemes);
        let modifiers = create(&mut cursor, "TABLE")?;
        let head = &lexemes[..cursor.at];
        cursor.qualified()?;
        let of = cursor.at;
        if cursor.eat("PARTITION OF") || cursor.eat("OF") {
            cursor.qualified()?;
        }
        let of = &lexemes[of..cursor.at];
        let items = cursor.parentheses().map(split_commas).unwrap_or_default();
        Some(Cut { head, modifiers, of, items, rest: cursor.rest() })
    }
}

/// What stands between the commas.
enum Item<'t, 'a> {
    /// A column: its name, and the words behind it.
    Column(Name, &'t [Lexeme<'a>]),
    /// A constraint or `LIKE`: all of its words.
    Constraint(Option<Name>, &'t [Lexeme<'a>]),
}

impl<'t, 'a> Item<'t, 'a> {
    fn read(item: &'t [Lexeme<'a>]) -> Option<Item<'t, 'a>> {
        const WORDS: [&str; 7] = ["CONSTRAINT", "CHECK", "PRIMARY", "UNIQUE", "FOREIGN", "EXCLUDE", "LIKE"];
        let first = item.first()?;
        // `exclude` and their like may be names: a constraint has no type.
        let is_constraint = match () {
            () if first.is("EXCLUDE") => {
                item.get(1).is_some_and(|next| next.is("USING") || next.kind == TokenKind::LeftParen)
            }
            () => WORDS.iter().any(|word| first.is(word)) || Cursor::new(item).sees("NOT NULL"),
        };
        if is_constraint || !first.is_name() {
            let name = item.get(1).filter(|name| first.is("CONSTRAINT") && name.is_name());
            return Some(Item::Constraint(name.map(|name| Name::from_sql(&name.text)), item));
        }
        Some(Item::Column(Name::from_sql(&first.text), &item[1..]))
    }
}

impl Column {
    /// Returns what is said of the column.
    pub fn attribute(&self, wanted: Attribute) -> Option<&[u8]> {
        let found = self.attributes.iter().find(|(attribute, _)| *attribute == wanted);
        found.map(|(_, text)| text.as_slice())
    }
}

/// One attribute of a column or domain, with all of its words.
pub(super) struct Piece<'t, 'a> {
    pub attribute: Attribute,
    pub words: &'t [Lexeme<'a>],
}

impl Piece<'_, '_> {
    /// What it says, without the words that tell which attribute it is.
    pub fn found(&self) -> Vec<Found> {
        let mut cursor = Cursor::new(self.words);
        match self.attribute {
            Attribute::Identity => {
                if let Some(found) = sequence::identity_words(self.words) {
                    return found;
                }
            }
            Attribute::Option => {
                if cursor.eat("OPTIONS")
                    && let Some(list) =
                        cursor.parentheses().filter(|list| cursor.at_end() && !list.is_empty())
                {
                    return options(list);
                }
                cursor.at = 0;
            }
            Attribute::Generated => drop(cursor.eat("GENERATED ALWAYS AS")),
            Attribute::Default => drop(cursor.eat("DEFAULT")),
            Attribute::Collation => drop(cursor.eat("COLLATE")),
            Attribute::Storage => drop(cursor.eat("STORAGE")),
            Attribute::Compression => drop(cursor.eat("COMPRESSION")),
            _ => {}
        }
        vec![Found::new(self.attribute, layout::line(cursor.rest()))]
    }
}

/// Cuts what stands behind a column's name where the next attribute begins.
pub(super) fn pieces<'t, 'a>(words: &'t [Lexeme<'a>]) -> Vec<Piece<'t, 'a>> {
    // What a typed table writes in the place of the type.
    let words = if Cursor::new(words).sees("WITH OPTIONS") { &words[2..] } else { words };
    let mut found = Vec::new();
    let (mut current, mut start, mut depth) = (Attribute::Type, 0, 0_i32);
    for (at, word) in words.iter().enumerate() {
        match word.kind {
            TokenKind::LeftParen | TokenKind::LeftBracket => depth += 1,
            TokenKind::RightParen | TokenKind::RightBracket => depth -= 1,
            _ => {}
        }
        if depth == 0
            && let Some(next) = begins(words, at)
        {
            found.push(Piece { attribute: current, words: &words[start..at] });
            (current, start) = (next, at);
        }
    }
    found.push(Piece { attribute: current, words: &words[start..] });
    found.retain(|piece| !piece.words.is_empty());
    found
}

/// The attribute that begins at a word outside of parentheses.
fn begins(words: &[Lexeme<'_>], at: usize) -> Option<Attribute> {
    let next = |offset: usize, word: &str| words.get(at + offset).is_some_and(|lexeme| lexeme.is(word));
    let named = at >= 2 && words[at - 2].is("CONSTRAINT");
    let word = &words[at];
    let dot = |at: Option<usize>| {
        at.and_then(|at| words.get(at)).is_some_and(|lexeme| lexeme.kind == TokenKind::Dot)
    };
    match () {
        // A part of a name.
        () if dot(at.checked_sub(1)) || dot(Some(at + 1)) => None,
        () if word.is("CONSTRAINT") && next(2, "NOT") && next(3, "NULL") => Some(Attribute::NotNull),
        () if word.is("CONSTRAINT") => Some(Attribute::Constraint),
        // What a name was given to has begun with the name.
        () if named => None,
        () if word.is("NOT") && next(1, "NULL") && !(at > 0 && words[at - 1].is("IS")) => {
            Some(Attribute::NotNull)
        }
        () if word.is("COLLATE") => Some(Attribute::Collation),
        () if word.is("DEFAULT") && !(at > 0 && words[at - 1].is("BY")) => Some(Attribute::Default),
        () if word.is("GENERATED") && (next(3, "IDENTITY") || next(4, "IDENTITY")) => {
            Some(Attribute::Identity)
        }
        () if word.is("GENERATED") => Some(Attribute::Generated),
        () if word.is("STORAGE") => Some(Attribute::Storage),
        () if word.is("COMPRESSION") => Some(Attribute::Compression),
        () if word.is("OPTIONS") => Some(Attribute::Option),
        () if word.is("CHECK") || word.is("UNIQUE") || word.is("REFERENCES") => Some(Attribute::Constraint),
        () if word.is("PRIMARY") && next(1, "KEY") => Some(Attribute::Constraint),
        () => None,
    }
}
