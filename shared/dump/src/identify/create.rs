//! `CREATE`.

use super::reference::operator;
use super::{Meaning, Reader};
use crate::layout;
use crate::lexeme::{Lexeme, split_commas};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};

impl Reader<'_, '_> {
    pub(super) fn create(&mut self) -> Option<Meaning> {
        self.cursor.expect("CREATE")?;
        let replaces = self.cursor.eat("OR REPLACE");
        for modifier in ["GLOBAL", "LOCAL", "TEMPORARY", "TEMP", "UNIQUE", "RECURSIVE", "TRUSTED", "DEFAULT"]
        {
            self.cursor.eat(modifier);
        }
        let mut role = Role::Definition;
        let address = if self.cursor.eat("INDEX") {
            self.index()?
        } else if self.cursor.eat("CONSTRAINT TRIGGER") || self.cursor.eat("TRIGGER") {
            self.on_relation(Kind::Trigger, "ON")?
        } else if self.cursor.eat("RULE") {
            self.on_relation(Kind::Rule, "TO")?
        } else if self.cursor.eat("POLICY") {
            self.on_relation(Kind::Policy, "ON")?
        } else if self.cursor.eat("STATISTICS") {
            self.cursor.eat("IF NOT EXISTS");
            let name = self.schema_name()?;
            self.cursor.skip_behind("FROM")?;
            let table = self.in_schema(Kind::Table)?;
            let mut address = Address::in_schema(Kind::Statistics, name);
            address.parent = Some(Box::new(table));
            address
        } else if self.cursor.sees("OPERATOR")
            && !self.cursor.sees("OPERATOR CLASS")
            && !self.cursor.sees("OPERATOR FAMILY")
        {
            self.cursor.eat("OPERATOR");
            self.operator_definition()?
        } else if self.cursor.eat("VIEW") {
            let address = self.in_schema(Kind::View)?;
            if replaces && is_empty_view(self.cursor.rest()) {
                // --clean takes a view out of a dependency loop so before it drops it.
                return Some(Meaning::Removal(vec![address]));
            }
            address
        } else {
            self.reference()?
        };
        if address.kind == Kind::Type && self.cursor.at_end() {
            role = Role::Shell;
        }
        Some(Meaning::Part { address, role })
    }

    fn index(&mut self) -> Option<Address> {
        self.cursor.eat("CONCURRENTLY");
        self.cursor.eat("IF NOT EXISTS");
        let name = self.cursor.name()?;
        self.cursor.expect("ON")?;
        self.cursor.eat("ONLY");
        let table = self.in_schema(Kind::Table)?;
        // An index is in the schema of its table and has a name that is unique there.
        let schema = table.schema.clone();
        Some(Address {
            kind: Kind::Index,
            parent: Some(Box::new(table)),
            schema,
            name,
            signature: Vec::new(),
        })
    }

    /// Reads `name … ON table`.
    fn on_relation(&mut self, kind: Kind, on: &str) -> Option<Address> {
        let name = self.cursor.name()?;
        self.cursor.skip_behind(on)?;
        Some(self.in_schema(Kind::Table)?.part(kind, name))
    }

    fn operator_definition(&mut self) -> Option<Address> {
        let name = self.operator_name()?;
        let mut sides: [Vec<u8>; 2] = [b"NONE".to_vec(), b"NONE".to_vec()];
        for option in split_commas(self.cursor.parentheses()?) {
            let [key, _equals, value @ ..] = option else { continue };
            if key.is("LEFTARG") {
                sides[0] = layout::line(value);
            } else if key.is("RIGHTARG") {
                sides[1] = layout::line(value);
            }
        }
        Some(operator(name, [b"(", sides.join(&b", "[..]).as_slice(), b")"].concat()))
    }
}

/// Says whether a view's text is the one by which pg_dump breaks a dependency loop: `AS SELECT
/// NULL::type AS column, …` (`createDummyViewAsClause` in pg_dump.c).
pub(crate) fn is_empty_view(rest: &[Lexeme<'_>]) -> bool {
    let Some(select) = rest.iter().position(|lexeme| lexeme.is("SELECT")) else { return false };
    split_commas(&rest[select + 1..]).iter().all(|column| match column {
        [null, cast, .., name] => null.is("NULL") && cast.kind == TokenKind::Cast && name.is_name(),
        _ => false,
    })
}
