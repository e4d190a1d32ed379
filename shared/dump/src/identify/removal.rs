//! Statements that take something away: `DROP`, and what pg_dump writes to be able to drop.

use super::{Meaning, Reader};
use crate::lexeme::{Cursor, Lexeme, literal_value};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind};
use crate::{Name, QualifiedName};

impl Reader<'_, '_> {
    /// Reads what a `DROP` names; nothing if that is not understood.
    pub(super) fn removed(&self) -> Vec<Address> {
        // `IF EXISTS` stands behind the kind, whatever that is.
        let mut words: Vec<Lexeme<'_>> = self.cursor.rest().to_vec();
        if let Some(at) = words.windows(2).position(|pair| pair[0].is("IF") && pair[1].is("EXISTS")) {
            words.drain(at..at + 2);
        }
        if words.get(1).is_some_and(|word| word.is("INDEX"))
            && words.get(2).is_some_and(|word| word.is("CONCURRENTLY"))
        {
            words.remove(2);
        }
        let mut reader =
            Reader { cursor: Cursor::new(&words), session: self.session, unqualified: Vec::new() };
        reader.cursor.eat("DROP");
        let Some(first) = reader.reference().or_else(|| reader.routine_by_name()) else { return Vec::new() };
        let mut found = vec![first];
        while reader.cursor.eat_kind(TokenKind::Comma) {
            match reader.another(&found[0]) {
                Some(address) => found.push(address),
                None => return Vec::new(),
            }
        }
        let _ = reader.cursor.eat("CASCADE") || reader.cursor.eat("RESTRICT");
        if found[0].kind == Kind::Database && reader.cursor.eat("WITH") {
            reader.cursor.parentheses();
        }
        if reader.cursor.at_end() { found } else { Vec::new() }
    }

    /// Reads a routine that is named without its arguments, which tells it if there is one of that name.
    fn routine_by_name(&mut self) -> Option<Address> {
        self.cursor.at = 1;
        let kinds = [
            ("FUNCTION", Kind::Function),
            ("PROCEDURE", Kind::Procedure),
            ("AGGREGATE", Kind::Aggregate),
            ("ROUTINE", Kind::Function),
        ];
        let (_, kind) = kinds.into_iter().find(|(word, _)| self.cursor.eat(word))?;
        self.in_schema(kind)
    }

    /// Reads one more of the kind of the first.
    fn another(&mut self, first: &Address) -> Option<Address> {
        match first.kind {
            Kind::Function | Kind::Procedure | Kind::Aggregate => {
                let at = self.cursor.at;
                self.routine(first.kind).or_else(|| {
                    self.cursor.at = at;
                    self.in_schema(first.kind)
                })
            }
            _ if first.parent.is_some() => None,
            kind if first.schema.is_some() => self.in_schema(kind),
            kind => self.global(kind),
        }
    }

    /// Reads `UPDATE pg_catalog.pg_database SET datistemplate = … WHERE datname = 'name'`, without which a template cannot
    /// be dropped (`dumpDatabase` in pg_dump.c).
    pub(super) fn template_dance(&mut self) -> Option<Meaning> {
        self.cursor.expect("UPDATE")?;
        let QualifiedName { schema, name } = self.cursor.qualified()?;
        let server = schema.is_none_or(|schema| schema.bytes() == b"pg_catalog");
        if !server || name.bytes() != b"pg_database" {
            return None;
        }
        self.cursor.expect("SET datistemplate")?;
        let [assign, _, rest @ ..] = self.cursor.rest() else { return None };
        let [condition, column, equals, database] = rest else { return None };
        let is = assign.text.as_ref() == b"="
            && condition.is("WHERE")
            && column.is("datname")
            && equals.text.as_ref() == b"=";
        let database = Name::from(literal_value(database).filter(|_| is)?.as_slice());
        Some(Meaning::Removal(vec![Address::global(Kind::Database, database)]))
    }
}
