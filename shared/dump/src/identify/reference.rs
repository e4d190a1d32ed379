//! How `ALTER`, `COMMENT ON`, `SECURITY LABEL` and `DROP` refer to something that exists: kind, then name.

use super::Reader;
use super::signature::routine_signature;
use crate::layout;
use crate::lexer::TokenKind;
use crate::object::{Address, Kind};
use crate::{Name, QualifiedName};

/// Kinds that are written with a schema and nothing else.
const IN_SCHEMA: [(&str, Kind); 18] = [
    ("TABLE", Kind::Table),
    ("FOREIGN TABLE", Kind::ForeignTable),
    ("VIEW", Kind::View),
    ("MATERIALIZED VIEW", Kind::MaterializedView),
    ("PROPERTY GRAPH", Kind::PropertyGraph),
    ("SEQUENCE", Kind::Sequence),
    ("INDEX", Kind::Index),
    ("TYPE", Kind::Type),
    ("DOMAIN", Kind::Domain),
    ("COLLATION", Kind::Collation),
    ("CONVERSION", Kind::Conversion),
    ("STATISTICS", Kind::Statistics),
    ("TEXT SEARCH PARSER", Kind::TextSearchParser),
    ("TEXT SEARCH TEMPLATE", Kind::TextSearchTemplate),
    ("TEXT SEARCH DICTIONARY", Kind::TextSearchDictionary),
    ("TEXT SEARCH CONFIGURATION", Kind::TextSearchConfiguration),
    ("UNLOGGED TABLE", Kind::Table),
    ("UNLOGGED SEQUENCE", Kind::Sequence),
];

/// Kinds that no schema holds.
const GLOBAL: [(&str, Kind); 17] = [
    ("SCHEMA", Kind::Schema),
    ("EXTENSION", Kind::Extension),
    ("LANGUAGE", Kind::Language),
    ("PROCEDURAL LANGUAGE", Kind::Language),
    ("ACCESS METHOD", Kind::AccessMethod),
    ("EVENT TRIGGER", Kind::EventTrigger),
    ("FOREIGN DATA WRAPPER", Kind::ForeignDataWrapper),
    ("FOREIGN SERVER", Kind::Server),
    ("SERVER", Kind::Server),
    ("PUBLICATION", Kind::Publication),
    ("SUBSCRIPTION", Kind::Subscription),
    ("ROLE", Kind::Role),
    ("USER", Kind::Role),
    ("GROUP", Kind::Role),
    ("TABLESPACE", Kind::Tablespace),
    ("DATABASE", Kind::Database),
    ("PARAMETER", Kind::Parameter),
];

/// Kinds that tell what of one name they mean by argument types.
const ROUTINES: [(&str, Kind); 4] = [
    ("FUNCTION", Kind::Function),
    ("PROCEDURE", Kind::Procedure),
    ("AGGREGATE", Kind::Aggregate),
    ("ROUTINE", Kind::Function),
];

/// Kinds whose name is unique only within what they are on.
const ON_RELATION: [(&str, Kind); 4] = [
    ("CONSTRAINT", Kind::Constraint),
    ("TRIGGER", Kind::Trigger),
    ("RULE", Kind::Rule),
    ("POLICY", Kind::Policy),
];

impl Reader<'_, '_> {
    fn eat_kind_of(&mut self, kinds: &[(&str, Kind)]) -> Option<Kind> {
        kinds.iter().find(|(words, _)| self.cursor.eat(words)).map(|(_, kind)| *kind)
    }

    /// Reads a kind and a name.
    pub(super) fn reference(&mut self) -> Option<Address> {
        if self.cursor.eat("USER MAPPING") {
            self.cursor.eat("IF NOT EXISTS");
            return self.user_mapping();
        }
        if let Some(kind) = self.eat_kind_of(&IN_SCHEMA) {
            self.cursor.eat("IF EXISTS");
            self.cursor.eat("IF NOT EXISTS");
            if kind == Kind::Table || kind == Kind::ForeignTable {
                self.cursor.eat("ONLY");
            }
            return self.in_schema(kind);
        }
        if let Some(kind) = self.eat_kind_of(&ROUTINES) {
            return self.routine(kind);
        }
        if self.cursor.eat("OPERATOR CLASS") {
            return self.operator_set(Kind::OperatorClass);
        }
        if self.cursor.eat("OPERATOR FAMILY") {
            return self.operator_set(Kind::OperatorFamily);
        }
        if self.cursor.eat("OPERATOR") {
            let name = self.operator_name()?;
            let types = self.cursor.parentheses()?;
            return Some(operator(name, routine_signature(Kind::Operator, types)));
        }
        if self.cursor.eat("COLUMN") {
            return self.column();
        }
        if self.cursor.eat("CAST") {
            let types = self.cursor.parentheses()?;
            let name = [b"(", layout::line(types).as_slice(), b")"].concat();
            return Some(Address::global(Kind::Cast, Name::from(name.as_slice())));
        }
        if self.cursor.eat("TRANSFORM") {
            return self.transform();
        }
        if self.cursor.eat("LARGE OBJECT") {
            let number = self.cursor.next()?;
            return Some(Address::global(Kind::LargeObject, Name::from(number.text.as_ref())));
        }
        if let Some(kind) = self.eat_kind_of(&GLOBAL) {
            self.cursor.eat("IF NOT EXISTS");
            return self.global(kind);
        }
        if let Some(kind) = self.eat_kind_of(&ON_RELATION) {
            let name = self.cursor.name()?;
            self.cursor.expect("ON")?;
            let parent = if self.cursor.eat("DOMAIN") { Kind::Domain } else { Kind::Table };
            return Some(self.in_schema(parent)?.part(kind, name));
        }
        None
    }

    /// Reads `name (arguments)`.
    pub(super) fn routine(&mut self, kind: Kind) -> Option<Address> {
        let name = self.schema_name()?;
        let arguments = self.cursor.parentheses()?;
        Some(Address::in_schema(kind, name).with_signature(routine_signature(kind, arguments)))
    }

    /// Reads `schema.===`.
    pub(super) fn operator_name(&mut self) -> Option<QualifiedName> {
        let at = self.cursor.at;
        let mut schema = None;
        if self.cursor.peek()?.is_name() {
            schema = self.cursor.name();
            self.cursor.eat_kind(TokenKind::Dot).then_some(())?;
        } else {
            self.unqualified.push(at);
        }
        let symbol = self.cursor.next().filter(|lexeme| lexeme.kind == TokenKind::Operator)?;
        let schema = schema.or_else(|| Some(self.session.creation_schema()));
        Some(QualifiedName { schema, name: Name::from(symbol.text.as_ref()) })
    }

    /// Reads `name USING method` of an operator class or family.
    pub(super) fn operator_set(&mut self, kind: Kind) -> Option<Address> {
        let name = self.schema_name()?;
        self.cursor.skip_behind("USING")?;
        let method = self.cursor.name()?.to_sql();
        Some(Address::in_schema(kind, name).with_signature([b"USING ", method.as_slice()].concat()))
    }

    /// Reads `FOR type LANGUAGE language`.
    pub(super) fn transform(&mut self) -> Option<Address> {
        let rest = self.cursor.rest();
        self.cursor.expect("FOR")?;
        self.cursor.skip_behind("LANGUAGE")?;
        self.cursor.name()?;
        let name = layout::line(&rest[..rest.len() - self.cursor.rest().len()]);
        Some(Address::global(Kind::Transform, Name::from(name.as_slice())))
    }

    /// Reads `FOR user SERVER server`.
    pub(super) fn user_mapping(&mut self) -> Option<Address> {
        self.cursor.expect("FOR")?;
        let user = self.cursor.name()?;
        self.cursor.expect("SERVER")?;
        Some(self.global(Kind::Server)?.part(Kind::UserMapping, user))
    }

    /// Reads `schema.table.column`.
    fn column(&mut self) -> Option<Address> {
        let at = self.cursor.at;
        let mut names = self.cursor.dotted()?;
        let column = names.pop()?;
        let name = names.pop()?;
        let schema = names.pop().unwrap_or_else(|| {
            self.unqualified.push(at);
            self.session.creation_schema()
        });
        let relation = QualifiedName { schema: Some(schema), name };
        Some(Address::in_schema(Kind::Table, relation).part(Kind::Column, column))
    }
}

pub(super) fn operator(name: QualifiedName, signature: Vec<u8>) -> Address {
    Address::in_schema(Kind::Operator, name).with_signature(signature)
}
