//! What a dump makes, and what it speaks of without making it.

use std::collections::HashSet;

use dump::lexer::{Lexer, TokenKind};
use dump::{Address, Class, Kind, Name, Role};

use super::missing::{Missing, Sort};
use crate::plan::{Step, Work};

/// Schemas that every database has.
const BUILT_IN: [&str; 4] = ["public", "pg_catalog", "information_schema", "pg_toast"];

/// What a dump makes and speaks of, by sort and name.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// What it makes, with the schema, …
    made: HashSet<(Sort, String)>,
    /// … and without.
    bare: HashSet<(Sort, String)>,
    /// What it speaks of, or of a part of it, besides making it.
    addressed: HashSet<(Sort, String)>,
    /// The schemas that it makes.
    schemas: HashSet<String>,
    /// The schemas that it makes something in.
    filled: HashSet<String>,
    /// Whether it makes tables.
    relations: bool,
    /// Whether it makes what a dump of some tables or sections does not: schemas, functions, types, extensions.
    pub whole: bool,
    /// Whether it makes what a dump of some schemas does not.
    everything: bool,
    /// Whether it is known to be of a part of its source.
    partial: bool,
}

impl Contents {
    pub fn of(steps: &[Step], partial: bool) -> Contents {
        let mut contents = Contents { partial, ..Contents::default() };
        let mut kinds: HashSet<Kind> = HashSet::new();
        for step in steps {
            let Some(address) = &step.subject.address else { continue };
            let makes = makes(step);
            if makes {
                kinds.insert(address.kind);
                contents.made.insert(key(address));
                contents.bare.insert((Sort::of(address.kind), address.name.to_string()));
                if let Some(schema) = &address.schema {
                    contents.filled.insert(schema.to_string());
                }
                if address.kind == Kind::Schema {
                    contents.schemas.insert(address.name.to_string());
                }
            }
            let about = std::iter::successors(Some(address), |address| address.parent.as_deref());
            contents.addressed.extend(about.skip(usize::from(makes)).map(key));
        }
        let has = |wanted: fn(Kind) -> bool| kinds.iter().any(|kind| wanted(*kind));
        // Views that need a primary key come with the last section.
        contents.relations = has(|kind| matches!(kind, Kind::Table | Kind::ForeignTable));
        // A function that needs a primary key comes with the last section of a dump, among the keys of tables that it
        // does not make.
        let keys_alone = !contents.relations && has(|kind| matches!(kind, Kind::Constraint | Kind::Index));
        let some_schema = |kind| matches!(kind, Kind::Schema | Kind::Type | Kind::Domain | Kind::Extension);
        contents.whole = has(some_schema) || has(Kind::is_routine) && !keys_alone;
        contents.everything = has(|kind| {
            use Kind::*;
            matches!(kind, Extension | Language | AccessMethod | ForeignDataWrapper | Server | EventTrigger)
                || matches!(kind, Publication | Subscription | Cast | Transform)
        });
        contents
    }

    /// Says whether it makes something.
    pub fn makes(&self, missing: &Missing) -> bool {
        let sorts: &[Sort] = match missing.sort {
            // Every relation is a type as well.
            Sort::Type => &[Sort::Type, Sort::Relation],
            Sort::Relation => &[Sort::Relation, Sort::Type],
            ref sort => std::slice::from_ref(sort),
        };
        let set = match missing.schema() {
            Some(_) => &self.made,
            None if missing.sort.is_in_schema() || missing.sort == Sort::Part => &self.bare,
            None => &self.made,
        };
        sorts.iter().any(|sort| set.contains(&(*sort, missing.name.clone())))
    }

    /// Says whether it makes a relation of this name, with its schema or without.
    pub fn makes_relation(&self, name: &str) -> bool {
        let key = (Sort::Relation, name.to_owned());
        self.made.contains(&key) || self.bare.contains(&key)
    }

    /// Says whether it makes a schema, or it is one of those that every database has.
    pub fn has_schema(&self, schema: &str) -> bool {
        self.schemas.contains(schema) || BUILT_IN.contains(&schema)
    }

    /// Says whether something may well be what a dump of some tables, schemas or sections leaves out, of which it then says
    /// nothing.
    pub fn leaves_out(&self, missing: &Missing) -> bool {
        let spoken_of = match missing.sort {
            // Routines and operators are addressed with their arguments.
            _ if missing.name.is_empty() => false,
            sort => self.addressed.contains(&(sort, missing.name.clone())),
        };
        if self.makes(missing) {
            return false;
        }
        match (missing.sort, missing.schema()) {
            (Sort::Schema, _) => !self.filled.contains(&missing.name) || !self.whole,
            (Sort::Column | Sort::Part | Sort::Cast | Sort::Other, _) => false,
            _ if self.partial && !spoken_of => true,
            // What is in a schema that it never makes and puts nothing in.
            (_, Some(schema)) if !self.schemas.contains(schema) && !self.filled.contains(schema) => {
                match schema {
                    "pg_catalog" | "information_schema" => false,
                    // Which no dump needs to make.
                    "public" => !spoken_of || !self.relations,
                    _ => true,
                }
            }
            (Sort::Relation | Sort::LargeObject, _) => !spoken_of || !self.relations,
            (Sort::Language | Sort::AccessMethod | Sort::Wrapper | Sort::Server | Sort::Extension, _) => {
                !spoken_of && !self.everything
            }
            // One that writes `CREATE SCHEMA public` is of this schema, and extensions are of none.
            (_, Some("public")) if self.schemas.contains("public") && !self.everything => !spoken_of,
            _ => !self.whole && (!spoken_of || !self.relations),
        }
    }
}

/// Says whether a step makes what it is about.
pub(super) fn makes(step: &Step) -> bool {
    matches!(step.subject.class, Class::Part(Role::Definition | Role::Shell))
}

/// What something is found by.
pub(super) fn key(address: &Address) -> (Sort, String) {
    let sort = Sort::of(address.kind);
    let schema = address.schema.as_ref().or_else(|| {
        // Indexes are in the schema of their table.
        let parent = address.parent.as_ref().filter(|_| address.kind == Kind::Index)?;
        parent.schema.as_ref()
    });
    match schema.filter(|_| sort.is_in_schema()) {
        Some(schema) => (sort, format!("{schema}.{}", address.name)),
        None => (sort, address.name.to_string()),
    }
}

/// Returns the schema that a `CREATE EXTENSION` names.
pub(super) fn schema_of_extension(step: &Step) -> Option<String> {
    let Work::Statement(text) = &step.work else { return None };
    let mut tokens = Lexer::default().tokens(text).unwrap_or_default();
    tokens.retain(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment));
    let bytes = |at: usize| tokens.get(at).map(|token| &text[token.start..token.end]);
    let is_schema = |at: &usize| {
        tokens[*at].kind == TokenKind::Word
            && bytes(*at).is_some_and(|word| word.eq_ignore_ascii_case(b"schema"))
    };
    // The first name is the extension's own, and may be this word.
    let at = (3..tokens.len()).find(is_schema)?;
    Some(Name::from_sql(bytes(at + 1)?).to_string())
}
