//! What the dump makes, which tells what a name in it can mean.

use std::collections::{HashMap, HashSet};

use super::statement;
use crate::Name;
use crate::lexeme::{Cursor, Lexeme, group_len, lexemes_of, split_commas};
use crate::lexer::TokenKind;
use crate::object::{Address, Kind, Role};
use crate::schema::Part;

/// Functions of `pg_catalog` that no extension of PostgreSQL's own has for the catalog's types, sorted.
const CATALOG_FUNCTIONS: [&str; 74] = [
    "abs",
    "age",
    "array_agg",
    "array_length",
    "array_to_string",
    "avg",
    "bool_and",
    "bool_or",
    "btrim",
    "ceil",
    "char_length",
    "clock_timestamp",
    "concat",
    "count",
    "currval",
    "date",
    "date_part",
    "date_trunc",
    "floor",
    "generate_series",
    "initcap",
    "json_agg",
    "json_build_object",
    "jsonb_build_object",
    "lag",
    "lead",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "max",
    "md5",
    "min",
    "mod",
    "nextval",
    "now",
    "octet_length",
    "overlay",
    "percent_rank",
    "position",
    "power",
    "random",
    "rank",
    "regexp_replace",
    "replace",
    "right",
    "round",
    "row_number",
    "row_to_json",
    "rpad",
    "rtrim",
    "setweight",
    "split_part",
    "sqrt",
    "statement_timestamp",
    "string_agg",
    "strpos",
    "substr",
    "substring",
    "sum",
    "suppress_redundant_updates_trigger",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_number",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "translate",
    "tsvector_update_trigger",
    "unnest",
    "upper",
];

/// Says whether `pg_catalog` has a function of this name that no extension of PostgreSQL's own has for its types.
pub(super) fn is_catalog_function(name: &[u8]) -> bool {
    CATALOG_FUNCTIONS.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
}

/// Functions and operator classes of extensions, which no dump defines.
const OF_EXTENSIONS: [(&str, &str); 8] = [
    ("pg_trgm", "gin_trgm_ops"),
    ("pg_trgm", "gist_trgm_ops"),
    ("unaccent", "unaccent"),
    ("uuid-ossp", "uuid_generate_v1"),
    ("uuid-ossp", "uuid_generate_v1mc"),
    ("uuid-ossp", "uuid_generate_v3"),
    ("uuid-ossp", "uuid_generate_v4"),
    ("uuid-ossp", "uuid_generate_v5"),
];

/// What the dump makes.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub relations: HashSet<(Name, Name)>,
    pub routines: HashSet<(Name, Name)>,
    /// Functions with their argument types.
    signatures: HashSet<(Name, Name, Vec<u8>)>,
    pub operators: HashSet<(Name, Name)>,
    /// Collations, operator classes and text search objects.
    pub others: HashSet<(Name, Name)>,
    /// Extensions and the schemas they are in.
    extensions: Vec<(Name, Option<Name>)>,
    /// Types that have no operators and functions of their own.
    enums: HashSet<(Name, Name)>,
    /// The columns of tables that may have a type of an extension; tables whose columns are not all known are left out.
    tables: HashMap<(Name, Name), HashSet<Name>>,
}

impl Known {
    pub fn read(parts: &[Part]) -> Known {
        let mut known = Known::default();
        for part in parts.iter().filter(|part| part.role <= Role::Definition) {
            let key = (part.address.schema.clone().unwrap_or_default(), part.address.name.clone());
            let set = match part.address.kind {
                Kind::Extension => {
                    let lexemes = lexemes_of(&part.text).unwrap_or_default();
                    let mut cursor = Cursor::new(&lexemes);
                    let schema = cursor.skip_behind("SCHEMA").and_then(|()| cursor.name());
                    known.extensions.push((part.address.name.clone(), schema));
                    continue;
                }
                Kind::Type if memchr::memmem::find(&part.text, b" AS ENUM (").is_some() => &mut known.enums,
                kind if kind.is_relation() => &mut known.relations,
                kind if kind.is_routine() => {
                    let signature = part.address.signature.clone();
                    known.signatures.insert((key.0.clone(), key.1.clone(), signature));
                    &mut known.routines
                }
                Kind::Operator => &mut known.operators,
                _ => &mut known.others,
            };
            set.insert(key);
        }
        let tables = parts.iter().filter(|part| {
            part.role == Role::Definition && matches!(part.address.kind, Kind::Table | Kind::ForeignTable)
        });
        let mut children = Vec::new();
        for part in tables {
            let schema = part.address.schema.clone().unwrap_or_default();
            let read = statement(&part.text)
                .and_then(|lexemes| Some((known.foreign_columns(&lexemes)?, parents(&lexemes, &schema)?)));
            let Some((columns, parents)) = read else { continue };
            let key = (schema, part.address.name.clone());
            match parents.is_empty() {
                true => drop(known.tables.insert(key, columns)),
                false => children.push((key, columns, parents)),
            }
        }
        // Parents are made first.
        for (key, mut columns, parents) in children {
            let inherited: Option<Vec<_>> = parents.iter().map(|parent| known.tables.get(parent)).collect();
            if let Some(inherited) = inherited {
                columns.extend(inherited.into_iter().flatten().cloned());
                known.tables.insert(key, columns);
            }
        }
        known
    }

    fn foreign_columns(&self, lexemes: &[Lexeme<'_>]) -> Option<HashSet<Name>> {
        if lexemes.iter().any(|lexeme| lexeme.is("OF")) {
            return None;
        }
        let open = lexemes.iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen)?;
        let len = group_len(&lexemes[open..])?;
        let columns = split_commas(&lexemes[open + 1..open + len - 1]);
        let foreign = columns.iter().filter(|item| !item.is_empty() && !self.is_plain_type(item, 1));
        Some(foreign.map(|item| Name::from_sql(&item[0].text)).collect())
    }

    /// Says whether the type at an offset is the catalog's or an enumeration.
    fn is_plain_type(&self, lexemes: &[Lexeme<'_>], at: usize) -> bool {
        let dotted = lexemes.get(at + 1).is_some_and(|next| next.kind == TokenKind::Dot);
        let (Some(schema), Some(name)) = (lexemes.get(at), lexemes.get(at + 2)) else { return true };
        let key = (Name::from_sql(&schema.text), Name::from_sql(&name.text));
        !dotted || key.0.bytes() == b"pg_catalog" || self.enums.contains(&key)
    }

    /// Says whether the dump makes a function of a name that takes just these types.
    pub fn makes(&self, schema: &Name, name: &Lexeme<'_>, types: &[u8]) -> bool {
        self.signatures.contains(&(schema.clone(), Name::from_sql(&name.text), types.to_vec()))
    }

    pub fn has_extension(&self, schema: &Name, extension: Option<&str>) -> bool {
        self.extensions.iter().any(|(name, home)| {
            home.as_ref().is_none_or(|home| home == schema)
                && extension.is_none_or(|extension| extension.as_bytes() == name.bytes())
        })
    }

    /// Says whether an extension in the schema is known to have a function, operator class or dictionary of the name.
    pub fn has_member(&self, schema: &Name, name: &Name) -> bool {
        OF_EXTENSIONS.iter().any(|(extension, member)| {
            member.as_bytes() == name.bytes() && self.has_extension(schema, Some(extension))
        })
    }

    /// Says whether a statement has to do with no type of an extension, so that its operators are the catalog's.
    pub fn is_plain(&self, part: &Part, schema: &Name, lexemes: &[Lexeme<'_>]) -> bool {
        if !self.has_extension(schema, None) {
            return true;
        }
        let cast = |at: usize| lexemes[at].kind == TokenKind::Cast && !self.is_plain_type(lexemes, at + 1);
        if (0..lexemes.len()).any(cast) {
            return false;
        }
        let whole_rows = lexemes.windows(2).any(|pair| pair[0].kind == TokenKind::Dot && !pair[1].is_name());
        let table = |key: (Name, Name)| {
            let mentioned = |foreign: &HashSet<Name>| {
                lexemes
                    .iter()
                    .any(|lexeme| lexeme.is_name() && foreign.contains(&Name::from_sql(&lexeme.text)))
            };
            self.tables
                .get(&key)
                .is_some_and(|foreign| foreign.is_empty() || (!whole_rows && !mentioned(foreign)))
        };
        match part.address.kind {
            Kind::Domain => lexemes
                .iter()
                .position(|lexeme| lexeme.is("AS"))
                .is_some_and(|at| self.is_plain_type(lexemes, at + 1)),
            Kind::View | Kind::MaterializedView => lexemes
                .iter()
                .filter(|lexeme| lexeme.is_name())
                .map(|name| (schema.clone(), Name::from_sql(&name.text)))
                .filter(|key| self.relations.contains(key) && key.1 != part.address.name)
                .all(table),
            Kind::Function | Kind::Procedure | Kind::Type => true,
            _ => {
                let Address { schema, name, .. } = part.address.parent.as_deref().unwrap_or(&part.address);
                table((schema.clone().unwrap_or_default(), name.clone()))
            }
        }
    }
}

/// The tables that a table's definition inherits from.
fn parents(lexemes: &[Lexeme<'_>], schema: &Name) -> Option<Vec<(Name, Name)>> {
    let mut cursor = Cursor::new(lexemes);
    if cursor.skip_behind("INHERITS").is_none() {
        return Some(Vec::new());
    }
    let names = split_commas(cursor.parentheses()?).into_iter().map(|item| {
        let name = Cursor::new(item).qualified()?;
        Some((name.schema.unwrap_or_else(|| schema.clone()), name.name))
    });
    names.collect()
}
