//! Types that are written without their schema, as pg_dump did before 10.3.
//!
//! `format_type` (format_type.c) leaves the schema out where the search path finds the type. The path of those pg_dumps
//! is one schema and `pg_catalog`, so that a type which is not the catalog's is in that schema.

use super::signature::type_len;
use crate::Name;
use crate::lexeme::{Lexeme, group_len, split_commas};
use crate::lexer::TokenKind;

/// The types of `pg_catalog` and their other spellings, sorted; those that begin with `pg_` are not listed.
const CATALOG: [&str; 126] = [
    "abstime",
    "aclitem",
    "any",
    "anyarray",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblemultirange",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anyelement",
    "anyenum",
    "anymultirange",
    "anynonarray",
    "anyrange",
    "array",
    "bigint",
    "bigserial",
    "bit",
    "bool",
    "boolean",
    "box",
    "bpchar",
    "bytea",
    "char",
    "character",
    "cid",
    "cidr",
    "circle",
    "cstring",
    "date",
    "datemultirange",
    "daterange",
    "dec",
    "decimal",
    "double",
    "event_trigger",
    "fdw_handler",
    "float",
    "float4",
    "float8",
    "gtsvector",
    "index_am_handler",
    "inet",
    "int",
    "int2",
    "int2vector",
    "int4",
    "int4multirange",
    "int4range",
    "int8",
    "int8multirange",
    "int8range",
    "integer",
    "internal",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "language_handler",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "national",
    "nchar",
    "none",
    "numeric",
    "nummultirange",
    "numrange",
    "oid",
    "oidvector",
    "opaque",
    "path",
    "point",
    "polygon",
    "real",
    "record",
    "refcursor",
    "regclass",
    "regcollation",
    "regconfig",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "reltime",
    "serial",
    "serial2",
    "serial4",
    "serial8",
    "setof",
    "smallint",
    "smallserial",
    "smgr",
    "table",
    "table_am_handler",
    "text",
    "tid",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tinterval",
    "trigger",
    "tsm_handler",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "txid_snapshot",
    "unknown",
    "uuid",
    "varbit",
    "varchar",
    "void",
    "xid",
    "xid8",
    "xml",
];

/// Says whether a type of this name is one of `pg_catalog`.
pub(crate) fn is_catalog_type(name: &[u8]) -> bool {
    name.starts_with(b"pg_") || CATALOG.binary_search_by(|known| known.as_bytes().cmp(name)).is_ok()
}

/// Returns where types stand that are neither qualified nor the catalog's (offsets of lexemes, ascending).
pub(super) fn unqualified_types(lexemes: &[Lexeme<'_>]) -> Vec<usize> {
    places(lexemes, false)
}

/// Returns where types stand (offsets of lexemes, ascending), behind `SETOF`.
pub(crate) fn type_places(lexemes: &[Lexeme<'_>]) -> Vec<usize> {
    places(lexemes, true)
}

fn places(lexemes: &[Lexeme<'_>], all: bool) -> Vec<usize> {
    let mut found = Found { lexemes, all, offsets: Vec::new() };
    for at in 1..lexemes.len() {
        if lexemes[at - 1].kind == TokenKind::Cast {
            found.type_at(at);
        }
    }
    let verb = lexemes.first();
    let defines = verb.is_some_and(|verb| verb.is("CREATE"));
    let refers = verb
        .is_some_and(|verb| ["ALTER", "COMMENT", "SECURITY", "GRANT", "REVOKE"].iter().any(|w| verb.is(w)));
    let kind = lexemes.iter().take(12).position(|word| {
        ["FUNCTION", "PROCEDURE", "AGGREGATE", "OPERATOR", "CAST", "TABLE", "TYPE", "DOMAIN"]
            .iter()
            .any(|w| word.is(w))
    });
    // `GRANT SELECT ON TABLE`, `COMMENT ON COLUMN` and their like have no types.
    if let Some(kind) = kind.filter(|_| defines || refers) {
        found.statement(kind, defines);
    }
    found.offsets.sort_unstable();
    found.offsets.dedup();
    found.offsets
}

struct Found<'t, 'a> {
    lexemes: &'t [Lexeme<'a>],
    /// Whether the catalog's types are wanted as well.
    all: bool,
    offsets: Vec<usize>,
}

impl Found<'_, '_> {
    fn type_at(&mut self, at: usize) {
        let at = at + usize::from(self.is(at, "SETOF"));
        let dotted = self.lexemes.get(at + 1).is_some_and(|next| next.kind == TokenKind::Dot);
        let bare = self.lexemes.get(at).filter(|name| name.is_name() && !dotted);
        if bare.is_some_and(|name| self.all || !is_catalog_type(Name::from_sql(&name.text).bytes())) {
            self.offsets.push(at);
        }
    }

    fn is(&self, at: usize, word: &str) -> bool {
        self.lexemes.get(at).is_some_and(|lexeme| lexeme.is(word))
    }

    /// The first group in parentheses from `from` on: offset of what it holds, and that.
    fn group(&self, from: usize) -> Option<(usize, usize)> {
        let open = self.lexemes[from..].iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen)? + from;
        Some((open + 1, open + group_len(&self.lexemes[open..])? - 1))
    }

    /// Offsets of the items of a list and their lengths.
    fn items(&self, (start, end): (usize, usize)) -> Vec<(usize, usize)> {
        let mut at = start;
        let mut items = Vec::new();
        for item in split_commas(&self.lexemes[start..end]) {
            items.push((at, item.len()));
            at += item.len() + 1;
        }
        items
    }

    fn statement(&mut self, kind: usize, defines: bool) {
        let lexemes = self.lexemes;
        if defines && self.is(kind, "TABLE") {
            let typed = lexemes.iter().take(kind + 6).position(|word| word.is("OF"));
            typed.filter(|of| !self.is(of - 1, "PARTITION")).into_iter().for_each(|of| self.type_at(of + 1));
        }
        let Some(group) = self.group(kind) else {
            if defines && self.is(kind, "DOMAIN") {
                self.domain(kind);
            }
            return;
        };
        match () {
            () if self.is(kind, "CAST") => {
                self.type_at(group.0);
                if let Some(to) = lexemes[group.0..group.1].iter().position(|word| word.is("AS")) {
                    self.type_at(group.0 + to + 1);
                }
                if let Some(function) = self.group(group.1 + 1) {
                    self.items(function).into_iter().for_each(|(at, _)| self.type_at(at));
                }
            }
            () if self.is(kind, "DOMAIN") => {
                if defines {
                    self.domain(kind);
                }
            }
            () if self.is(kind, "TABLE") || self.is(kind, "TYPE") => {
                if defines && (self.is(kind, "TABLE") || self.is(group.0 - 2, "AS")) {
                    self.columns(group);
                }
            }
            () if self.is(kind, "OPERATOR")
                && (self.is(kind + 1, "CLASS") || self.is(kind + 1, "FAMILY")) => {}
            () if self.is(kind, "OPERATOR") && defines => {
                for (at, _) in self.items(group) {
                    if self.is(at, "LEFTARG") || self.is(at, "RIGHTARG") {
                        self.type_at(at + 2);
                    }
                }
            }
            () => {
                // `(direct ORDER BY aggregated)`
                let ordered = lexemes[group.0..group.1].iter().position(|word| word.is("ORDER"));
                let direct_end = ordered.map_or(group.1, |at| group.0 + at);
                let aggregated = (group.1.min(direct_end + 2), group.1);
                for (at, len) in self.items((group.0, direct_end)).into_iter().chain(self.items(aggregated)) {
                    self.argument(at, len);
                }
                if let Some(returns) = lexemes[group.1..].iter().position(|word| word.is("RETURNS"))
                    && defines
                {
                    let at = group.1 + returns + 1;
                    match self.is(at, "TABLE") {
                        true => self.group(at).into_iter().for_each(|group| self.columns(group)),
                        false => self.type_at(at),
                    }
                }
            }
        }
    }

    fn domain(&mut self, kind: usize) {
        if let Some(at) = self.lexemes[kind..].iter().take(6).position(|word| word.is("AS")) {
            self.type_at(kind + at + 1);
        }
    }

    fn columns(&mut self, group: (usize, usize)) {
        for (at, len) in self.items(group) {
            let constraint = ["CONSTRAINT", "CHECK", "PRIMARY", "UNIQUE", "FOREIGN", "EXCLUDE", "LIKE"];
            let column = !constraint.iter().any(|word| self.is(at, word));
            let typed = ["WITH", "NOT", "NULL", "DEFAULT", "COLLATE", "GENERATED", "CONSTRAINT"];
            if column && len > 1 && !typed.iter().any(|word| self.is(at + 1, word)) {
                self.type_at(at + 1);
            }
        }
    }

    /// `[mode] [name] type [DEFAULT …]`
    fn argument(&mut self, start: usize, len: usize) {
        let argument = &self.lexemes[start..start + len];
        let default = argument.iter().position(|l| l.is("DEFAULT") || l.text.as_ref() == b"=");
        let argument = &argument[..default.unwrap_or(len)];
        let mut at = usize::from(
            argument.len() > 1 && ["IN", "OUT", "INOUT", "VARIADIC"].iter().any(|mode| argument[0].is(mode)),
        );
        if at < argument.len() && type_len(&argument[at..]) < argument.len() - at && argument[at].is_name() {
            at += 1;
        }
        self.type_at(start + at);
    }
}
