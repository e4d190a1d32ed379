//! What a server says is not there, read from the form of its messages.

use connect::ServerError;
use dump::{Address, Kind};

/// Undefined table, object, function, column, schema; a table that is none; a wrong kind of object.
const UNDEFINED: [&str; 7] = ["42P01", "42704", "42883", "42703", "3F000", "42P16", "42809"];

/// How messages call a type that was announced and could not be made.
const SHELL_TYPE: &str = " shell type ";

/// What is told apart by name: things of one sort cannot have one name in one schema, things of several can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Sort {
    Relation,
    Column,
    Routine,
    Type,
    Operator,
    OperatorSet,
    Schema,
    Extension,
    Language,
    AccessMethod,
    Wrapper,
    Server,
    Collation,
    TextSearch,
    /// A constraint, a trigger, a rule or a policy, which is of a relation.
    Part,
    Cast,
    LargeObject,
    Other,
}

impl Sort {
    pub fn of(kind: Kind) -> Sort {
        match kind {
            kind if kind.is_relation() || kind == Kind::Index => Sort::Relation,
            kind if kind.is_routine() => Sort::Routine,
            Kind::Column => Sort::Column,
            Kind::Type | Kind::Domain => Sort::Type,
            Kind::Operator => Sort::Operator,
            Kind::OperatorClass | Kind::OperatorFamily => Sort::OperatorSet,
            Kind::Schema => Sort::Schema,
            Kind::Extension => Sort::Extension,
            Kind::Language => Sort::Language,
            Kind::AccessMethod => Sort::AccessMethod,
            Kind::ForeignDataWrapper => Sort::Wrapper,
            Kind::Server => Sort::Server,
            Kind::Collation => Sort::Collation,
            Kind::TextSearchParser
            | Kind::TextSearchTemplate
            | Kind::TextSearchDictionary
            | Kind::TextSearchConfiguration => Sort::TextSearch,
            Kind::Constraint | Kind::Trigger | Kind::Rule | Kind::Policy => Sort::Part,
            Kind::Cast => Sort::Cast,
            Kind::LargeObject => Sort::LargeObject,
            _ => Sort::Other,
        }
    }

    /// Says whether a schema holds things of the sort.
    pub fn is_in_schema(self) -> bool {
        use Sort::*;
        matches!(self, Relation | Routine | Type | Operator | OperatorSet | Collation | TextSearch)
    }
}

/// How messages begin that call something by a name in quotes.
const QUOTED: [(&str, Sort); 26] = [
    ("relation ", Sort::Relation),
    ("table ", Sort::Relation),
    ("view ", Sort::Relation),
    ("materialized view ", Sort::Relation),
    ("sequence ", Sort::Relation),
    ("foreign table ", Sort::Relation),
    ("index ", Sort::Relation),
    ("column ", Sort::Column),
    ("type ", Sort::Type),
    ("schema ", Sort::Schema),
    ("extension ", Sort::Extension),
    ("language ", Sort::Language),
    ("access method ", Sort::AccessMethod),
    ("foreign-data wrapper ", Sort::Wrapper),
    ("server ", Sort::Server),
    ("operator class ", Sort::OperatorSet),
    ("operator family ", Sort::OperatorSet),
    ("collation ", Sort::Collation),
    ("text search configuration ", Sort::TextSearch),
    ("text search dictionary ", Sort::TextSearch),
    ("text search parser ", Sort::TextSearch),
    ("text search template ", Sort::TextSearch),
    ("constraint ", Sort::Part),
    ("trigger ", Sort::Part),
    ("rule ", Sort::Part),
    ("policy ", Sort::Part),
];

/// The same for what is called without quotes, up to its arguments.
const BARE: [(&str, Sort); 6] = [
    ("function ", Sort::Routine),
    ("procedure ", Sort::Routine),
    ("aggregate ", Sort::Routine),
    ("type ", Sort::Type),
    ("column ", Sort::Column),
    ("large object ", Sort::LargeObject),
];

/// Something that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub sort: Sort,
    /// Its name with its schema, where the statement named it with one; empty where no name is told.
    pub name: String,
    /// The relation of a column, a constraint and their like.
    pub of: Option<String>,
}

impl Missing {
    fn new(sort: Sort, name: &str) -> Missing {
        Missing { sort, name: name.replace('"', ""), of: None }
    }

    /// Reads what an error says is not there.
    pub fn read(error: &ServerError) -> Option<Missing> {
        read(error.code(), error.message())
    }

    /// Returns the same with the schema of what a statement is about, where a message calls that by its bare name.
    pub fn about(mut self, address: Option<&Address>) -> Missing {
        let own = std::iter::successors(address, |address| address.parent.as_deref());
        if self.sort.is_in_schema() && self.schema().is_none() {
            let same = |address: &&Address| {
                Sort::of(address.kind) == self.sort && address.name.to_string() == self.name
            };
            if let Some(schema) = own.clone().find(same).and_then(|address| address.schema.as_ref()) {
                self.name = format!("{schema}.{}", self.name);
            }
        }
        if self.sort == Sort::Schema && self.name.is_empty() {
            let schema = own.last().and_then(|address| address.schema.as_ref());
            self.name = schema.map(ToString::to_string).unwrap_or_default();
        }
        self
    }

    /// Returns the schema that it should be in, where that is told.
    pub fn schema(&self) -> Option<&str> {
        self.name.split_once('.').filter(|_| self.sort.is_in_schema()).map(|(schema, _)| schema)
    }

    /// Returns its name without its schema.
    pub fn bare(&self) -> &str {
        match self.sort.is_in_schema() {
            true => self.name.split_once('.').map_or(self.name.as_str(), |(_, name)| name),
            false => &self.name,
        }
    }
}

fn read(code: &str, message: &str) -> Option<Missing> {
    // SQL function cannot return shell type public.kind
    if let Some((_, name)) = message.split_once(SHELL_TYPE) {
        return Some(Missing::new(Sort::Type, name));
    }
    if code == "42846"
        && let Some((from, to)) = message.strip_prefix("cannot cast type ")?.split_once(" to ")
    {
        return Some(Missing { sort: Sort::Cast, name: format!("({from} AS {to})"), of: None });
    }
    // invalid value for parameter "default_table_access_method": "columnar"
    if code == "22023" {
        let names = ["default_table_access_method", "default_text_search_config"];
        let sorts = [Sort::AccessMethod, Sort::TextSearch];
        let name = |known: &str| {
            let begin = format!("invalid value for parameter \"{known}\": ");
            message.strip_prefix(&begin).map(ToOwned::to_owned)
        };
        return names.iter().zip(sorts).find_map(|(known, sort)| Some(Missing::new(sort, &name(known)?)));
    }
    if !UNDEFINED.contains(&code) {
        return None;
    }
    // What is made without a schema goes into one of the search path, which is not there.
    if message.starts_with("no schema has been selected ") {
        return Some(Missing::new(Sort::Schema, ""));
    }
    // operator does not exist: text public.% text
    if let Some(operation) = message.strip_prefix("operator does not exist: ") {
        let symbol = |word: &&str| {
            let symbol = word.rsplit('.').next().unwrap_or_default();
            !symbol.is_empty() && symbol.chars().all(|char| "+-*/<>=~!@#%^&|`?".contains(char))
        };
        return Some(Missing::new(Sort::Operator, operation.split(' ').find(symbol).unwrap_or_default()));
    }
    // data type integer has no default operator class for access method "gist"
    if message.starts_with("data type ") && message.contains(" has no default operator class ") {
        return Some(Missing::new(Sort::OperatorSet, ""));
    }
    for (begin, sort) in QUOTED {
        let Some(rest) = message.strip_prefix(begin).and_then(|rest| rest.strip_prefix('"')) else {
            continue;
        };
        let (name, rest) = rest.split_once('"')?;
        // column "c" of relation "t" does not exist; trigger "x" for table "t" does not exist
        let of = rest.split('"').nth(1).filter(|_| matches!(sort, Sort::Column | Sort::Part));
        return Some(Missing { of: of.map(ToOwned::to_owned), ..Missing::new(sort, name) });
    }
    for (begin, sort) in BARE {
        let Some(rest) = message.strip_prefix(begin) else { continue };
        let end = rest.find(['(', ' ']).unwrap_or(rest.len());
        let (of, name) = match (sort, rest[..end].rsplit_once('.')) {
            (Sort::Column, Some((of, name))) => (Some(of.to_owned()), name),
            _ => (None, &rest[..end]),
        };
        return Some(Missing { of, ..Missing::new(sort, name) });
    }
    // What names nothing is no name that is missing, such as one that stands without its table.
    let quoted = message.split('"').nth(1).filter(|_| message.ends_with(" does not exist"))?;
    Some(Missing::new(Sort::Other, quoted))
}

/// Says whether an error is of the kind that follows when something was not made.
pub(super) fn is_undefined(error: &ServerError) -> bool {
    UNDEFINED.contains(&error.code()) || error.message().contains(SHELL_TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_what_is_missing() {
        for (code, message, sort, name, of) in [
            ("42P01", "relation \"app.users\" does not exist", Sort::Relation, "app.users", None),
            ("42883", "function public.f(integer, \"T\") does not exist", Sort::Routine, "public.f", None),
            ("42883", "function f() does not exist", Sort::Routine, "f", None),
            ("42704", "type \"public.geometry\" does not exist", Sort::Type, "public.geometry", None),
            ("42P13", "SQL function cannot return shell type public.kind", Sort::Type, "public.kind", None),
            ("42704", "large object 4242 does not exist", Sort::LargeObject, "4242", None),
            (
                "42883",
                "operator does not exist: text public.% character varying",
                Sort::Operator,
                "public.%",
                None,
            ),
            ("42883", "operator does not exist: text % text", Sort::Operator, "%", None),
            ("3F000", "schema \"cron\" does not exist", Sort::Schema, "cron", None),
            ("42703", "column \"c\" of relation \"t\" does not exist", Sort::Column, "c", Some("t")),
            ("42703", "column t.c does not exist", Sort::Column, "c", Some("t")),
            ("42703", "column \"c\" does not exist", Sort::Column, "c", None),
            ("42704", "trigger \"x\" for table \"t\" does not exist", Sort::Part, "x", Some("t")),
            ("42846", "cannot cast type bytea to tsvector", Sort::Cast, "(bytea AS tsvector)", None),
            (
                "22023",
                "invalid value for parameter \"default_table_access_method\": \"columnar\"",
                Sort::AccessMethod,
                "columnar",
                None,
            ),
            (
                "42704",
                "operator class \"public.gin_trgm_ops\" does not exist for access method \"gin\"",
                Sort::OperatorSet,
                "public.gin_trgm_ops",
                None,
            ),
            (
                "42704",
                "data type integer has no default operator class for access method \"gist\"",
                Sort::OperatorSet,
                "",
                None,
            ),
        ] {
            let found = read(code, message).unwrap();
            assert_eq!((found.sort, found.name.as_str(), found.of.as_deref()), (sort, name, of), "{message}");
        }
        assert_eq!(read("42P01", "missing FROM-clause entry for table \"x\""), None);
        assert_eq!(read("42601", "syntax error at or near \"x\""), None);
    }

    #[test]
    fn only_what_a_schema_holds_has_one() {
        let missing = Missing::new(Sort::Relation, "geo.geo");
        assert_eq!((missing.schema(), missing.bare()), (Some("geo"), "geo"));
        let missing = Missing::new(Sort::Schema, "a.b");
        assert_eq!((missing.schema(), missing.bare()), (None, "a.b"));
    }
}
