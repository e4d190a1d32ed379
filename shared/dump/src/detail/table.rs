//! What `CREATE TABLE` says, column by column.

use super::Detail;
use super::relation::{Clause, clauses};
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
    /// What is said of it, in the order of the text; no attribute is there twice.
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
        let mut cursor = Cursor::new(&lexemes);
        cursor.skip_behind("TABLE")?;
        let mut table = Table { head: layout::line(&lexemes[..cursor.at]), ..Table::default() };
        cursor.qualified()?;
        let of = cursor.at;
        while cursor.peek().is_some_and(|lexeme| lexeme.kind != TokenKind::LeftParen)
            && !cursor.sees("FOR VALUES")
        {
            cursor.at += 1;
        }
        table.of = layout::line(&lexemes[of..cursor.at]);
        if let Some(items) = cursor.parentheses() {
            for item in split_commas(items) {
                table.add_item(item)?;
            }
        }
        table.rest = layout::line(cursor.rest());
        Some(table)
    }

    fn add_item(&mut self, item: &[Lexeme<'_>]) -> Option<()> {
        let first = item.first()?;
        let words = ["CONSTRAINT", "CHECK", "PRIMARY", "UNIQUE", "FOREIGN", "EXCLUDE", "LIKE"];
        if words.iter().any(|word| first.is(word)) || !first.is_name() {
            let name = item.get(1).filter(|name| first.is("CONSTRAINT") && name.is_name());
            let name = name.map(|name| Name::from_sql(&name.text));
            self.constraints.push(Constraint { name, text: layout::line(item) });
            return Some(());
        }
        self.columns.push(Column { name: Name::from_sql(&first.text), attributes: attributes(&item[1..]) });
        Some(())
    }
}

/// What a table's definition says, column by column.
pub(super) fn details(table: &Address, text: &[u8]) -> Option<Vec<Detail>> {
    let definition = Table::parse(text)?;
    let mut details = Vec::new();
    let mut add = |address: &Address, attribute, item, text: &[u8]| {
        details.push(Detail { address: address.clone(), attribute, item, text: text.to_vec() });
    };
    add(table, Attribute::Persistence, None, &definition.head);
    for column in &definition.columns {
        let address = table.clone().part(Kind::Column, column.name.clone());
        for (attribute, text) in &column.attributes {
            add(&address, *attribute, None, without_key_word(*attribute, text));
        }
        if column.attributes.is_empty() {
            add(&address, Attribute::Definition, None, b"");
        }
    }
    for constraint in &definition.constraints {
        match &constraint.name {
            Some(name) => {
                let address = table.clone().part(Kind::Constraint, name.clone());
                add(&address, Attribute::Definition, None, &constraint.text);
            }
            None => add(table, Attribute::Constraint, None, &constraint.text),
        }
    }
    for clause in [&definition.of, &definition.rest] {
        for Clause { attribute, item, text } in clauses(clause)? {
            add(table, attribute, item, &text);
        }
    }
    Some(details)
}

/// An attribute's text without the word that says which attribute it is.
fn without_key_word(attribute: Attribute, text: &[u8]) -> &[u8] {
    let word: &[u8] = match attribute {
        Attribute::Default => b"DEFAULT ",
        Attribute::Collation => b"COLLATE ",
        Attribute::Storage => b"STORAGE ",
        Attribute::Compression => b"COMPRESSION ",
        Attribute::Option => b"OPTIONS ",
        _ => b"",
    };
    text.strip_prefix(word).unwrap_or(text)
}

impl Column {
    /// Returns what is said of the column.
    pub fn attribute(&self, wanted: Attribute) -> Option<&[u8]> {
        let found = self.attributes.iter().find(|(attribute, _)| *attribute == wanted);
        found.map(|(_, text)| text.as_slice())
    }
}

/// Cuts what stands behind a column's name where the next attribute begins.
fn attributes(words: &[Lexeme<'_>]) -> Vec<(Attribute, Vec<u8>)> {
    let mut found: Vec<(Attribute, Vec<u8>)> = Vec::new();
    let mut add = |attribute: Attribute, words: &[Lexeme<'_>]| {
        if words.is_empty() {
            return;
        }
        let text = layout::line(words);
        match found.iter_mut().find(|(known, _)| *known == attribute) {
            // Several checks of one column.
            Some((_, known)) => {
                known.push(b' ');
                known.extend(text);
            }
            None => found.push((attribute, text)),
        }
    };
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
            add(current, &words[start..at]);
            (current, start) = (next, at);
        }
    }
    add(current, &words[start..]);
    found
}

/// The attribute that begins at a word outside of parentheses.
fn begins(words: &[Lexeme<'_>], at: usize) -> Option<Attribute> {
    let next = |offset: usize, word: &str| words.get(at + offset).is_some_and(|lexeme| lexeme.is(word));
    let named = at >= 2 && words[at - 2].is("CONSTRAINT");
    let word = &words[at];
    match () {
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
