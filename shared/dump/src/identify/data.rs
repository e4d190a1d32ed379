//! Statements that carry data.

use super::{DataForm, Meaning, Noise, Reader};
use crate::Name;
use crate::lexeme::{Cursor, Lexeme, lexemes_of, literal_value};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind};

impl Reader<'_, '_> {
    /// `COPY`, `INSERT` and `REFRESH`.
    pub(super) fn data(&mut self) -> Option<Meaning> {
        let (kind, form) = match () {
            () if self.cursor.eat("INSERT INTO") => (Kind::Table, DataForm::Insert),
            () if self.cursor.eat("REFRESH MATERIALIZED VIEW") => (Kind::MaterializedView, DataForm::Refresh),
            () if self.cursor.eat("COPY") => (Kind::Table, DataForm::Copy),
            () => return None,
        };
        let address = self.in_schema(kind)?;
        if form == DataForm::Copy {
            self.cursor.parentheses();
            self.cursor.eat("WITH OIDS");
            self.cursor.expect("FROM")?;
            if !self.cursor.peek()?.is("STDIN") {
                return None;
            }
        }
        Some(Meaning::Data { address, form })
    }

    /// `SELECT pg_catalog.function(…)`, by which pg_dump writes what has no statement of its own.
    pub(super) fn select(&mut self) -> Option<Meaning> {
        self.cursor.expect("SELECT")?;
        if self.cursor.peek()?.text.as_ref() == b"*" {
            self.cursor.at += 1;
            self.cursor.expect("FROM")?;
        }
        let function = self.cursor.dotted()?.pop()?;
        let arguments = self.cursor.parentheses()?;
        // With `--if-exists`, it is asked first whether there is such a large object.
        if function.bytes() == b"lo_unlink" {
            let number = match arguments {
                [number] => Some(number),
                _ => None,
            };
            let is_number = |word: &&Lexeme<'_>| matches!(word.kind, TokenKind::String | TokenKind::Number);
            let number = number.filter(is_number).or_else(|| self.cursor.rest().last().filter(is_number));
            let number = number.map(|number| literal_value(number).unwrap_or_else(|| number.text.to_vec()));
            let object =
                number.map(|number| Address::global(Kind::LargeObject, Name::from(number.as_slice())));
            return Some(Meaning::Removal(object.into_iter().collect()));
        }
        if !self.cursor.at_end() {
            return None;
        }
        match function.bytes() {
            b"setval" => {
                let value = literal_value(arguments.first()?)?;
                let lexemes = lexemes_of(&value)?;
                let mut name = Cursor::new(&lexemes).qualified()?;
                name.schema.get_or_insert_with(|| self.session.creation_schema());
                let address = Address::in_schema(Kind::Sequence, name);
                Some(Meaning::Data { address, form: DataForm::SequenceValue })
            }
            b"lo_create" | b"lo_open" | b"lowrite" | b"lo_close" => {
                let number: Vec<u8> = match arguments.first()?.kind {
                    TokenKind::String => literal_value(arguments.first()?)?,
                    _ => Vec::new(),
                };
                let address = Address::global(Kind::LargeObject, Name::from(number.as_slice()));
                Some(Meaning::Data { address, form: DataForm::LargeObject })
            }
            b"pg_restore_relation_stats"
            | b"pg_restore_attribute_stats"
            | b"pg_clear_relation_stats"
            | b"pg_restore_extended_stats" => Some(Meaning::Noise(Noise::PlannerStatistics)),
            _ => None,
        }
    }
}
