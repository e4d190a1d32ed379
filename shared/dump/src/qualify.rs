//! Names that are written without their schema, as pg_dump did before 10.3, made to stand on their own.
//!
//! The session's search path is then one schema and `pg_catalog`. A name that the dump makes in that schema is
//! qualified; when no name of a statement is left that could mean something else without the path, the statement no
//! longer needs it. What cannot be decided from the dump keeps its path, and so its meaning.

mod known;

use std::collections::HashSet;

use known::Known;

use crate::Name;
use crate::identify::types::is_catalog_type;
use crate::layout;
use crate::lexeme::{Lexeme, group_len, lexemes_of, literal_value, split_commas};
use crate::lexer::TokenKind;
use crate::object::{Kind, Role};
use crate::rewrite::{is_object_type, literal};
use crate::schema::Part;
use crate::session::{Session, Shared};

/// Words before a parenthesis that call no function.
const NO_CALLS: [&str; 38] = [
    "ALL",
    "AND",
    "ANY",
    "ARRAY",
    "AS",
    "BY",
    "CHECK",
    "COALESCE",
    "DISTINCT",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "FILTER",
    "FROM",
    "GREATEST",
    "IN",
    "INHERITS",
    "INTERSECT",
    "JOIN",
    "KEY",
    "LATERAL",
    "LEAST",
    "NOT",
    "NULLIF",
    "ON",
    "OR",
    "OVER",
    "ROW",
    "SELECT",
    "SET",
    "SOME",
    "THEN",
    "UNION",
    "UNIQUE",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
];
const NO_CALLS_MORE: [&str; 13] = [
    "CASE",
    "ELSE",
    "GROUP",
    "HAVING",
    "INCLUDE",
    "INSTEAD",
    "IS",
    "LIKE",
    "OPTIONS",
    "TABLE",
    "VARYING",
    "WITH",
    "XMLELEMENT",
];

/// Qualifies what it can in all parts that need a search path.
///
/// `uses_the_servers_path` says that a name without a schema was seen where no search path was set.
pub(crate) fn qualify(parts: &mut [Part], uses_the_servers_path: bool) {
    if parts.iter().all(|part| part.session.only_schema().is_none()) {
        return;
    }
    let known = Known::read(parts);
    settle_the_servers_path(parts, &known, uses_the_servers_path);
    let mut shared = Shared::default();
    for part in parts {
        let Some(schema) = part.session.only_schema().cloned() else { continue };
        if means_the_same(part) {
            part.session = shared.get(Session { search_path: Vec::new(), ..Session::clone(&part.session) });
            continue;
        }
        if !is_read(part) {
            continue;
        }
        let text = part.text.clone();
        let Some(mut lexemes) = statement(&text) else { continue };
        let mut names = Names::of(part, &schema, &known, &lexemes);
        for (at, edit) in names.edits.drain(..).rev() {
            match edit {
                Edit::Qualify => {
                    lexemes.splice(at..at, [Lexeme::name(&schema), Lexeme::new(TokenKind::Dot, &b"."[..])]);
                }
                Edit::Replace(lexeme) => lexemes[at] = lexeme,
            }
        }
        let certain = names.certain;
        part.text = layout::statement(&lexemes, part.address.kind, part.role);
        if certain {
            part.session = shared.get(Session { search_path: Vec::new(), ..Session::clone(&part.session) });
        }
    }
}

/// Settles what the server's own search path is for the statements in front of which none was set.
///
/// A dump that names everything with its schema is one of pg_dump whose settings were cut off: it was written under an empty
/// path, and what stands without a schema is the catalog's. Another one means schema `public`.
fn settle_the_servers_path(parts: &mut [Part], known: &Known, uses_it: bool) {
    let is_meant = |part: &&Part| part.session.has_the_servers_path();
    let public = Name::from("public");
    let names_without = |part: &Part| {
        is_read(part)
            && statement(&part.text).is_some_and(|lexemes| {
                let edits = Names::of(part, &public, known, &lexemes).edits;
                let of_catalog =
                    |at: usize| known::is_catalog_function(Name::from_sql(&lexemes[at].text).bytes());
                edits.iter().any(|(at, _)| !of_catalog(*at))
            })
    };
    let uses_it = uses_it || parts.iter().filter(is_meant).any(names_without);
    let path = if uses_it { vec![public.clone()] } else { Vec::new() };
    let mut shared = Shared::default();
    for part in parts.iter_mut().filter(|part| part.session.has_the_servers_path()) {
        part.session = shared.get(Session { search_path: path.clone(), ..Session::clone(&part.session) });
    }
}

/// The lexemes of canonical text without its `;`.
fn statement(text: &[u8]) -> Option<Vec<Lexeme<'_>>> {
    let mut lexemes = lexemes_of(text)?;
    lexemes.pop_if(|last| last.kind == TokenKind::Semicolon);
    Some(lexemes)
}

/// Says whether all names of a statement are qualified by what identified it.
fn means_the_same(part: &Part) -> bool {
    match part.role {
        Role::OwnedBy | Role::Identity | Role::Attachment | Role::Shell => true,
        // `ADD COLUMN` and `ALTER COLUMN … TYPE`, as people write them, name types.
        Role::Setting => {
            let typed = |words: &[Lexeme<'_>]| words.iter().any(|word| word.is("ADD") || word.is("TYPE"));
            (part.address.kind.is_relation() || part.address.parent.is_some())
                && !statement(&part.text).is_some_and(|words| typed(&words))
        }
        Role::Definition if part.address.kind == Kind::Sequence => !names_its_column(part),
        Role::Definition if part.address.kind == Kind::Publication => {
            !statement(&part.text).is_some_and(|words| words.iter().any(|word| word.is("TABLE")))
        }
        Role::Definition => matches!(
            part.address.kind,
            Kind::Server
                | Kind::Collation
                | Kind::OperatorFamily
                | Kind::Cast
                | Kind::TextSearchConfiguration
                | Kind::TextSearchDictionary
                | Kind::Transform
                | Kind::Subscription
        ),
        _ => false,
    }
}

/// Says whether a sequence is made with `OWNED BY`, as people write it.
fn names_its_column(part: &Part) -> bool {
    statement(&part.text).is_some_and(|words| words.iter().any(|word| word.is("OWNED")))
}

/// Says whether every name of such a statement stands where it is looked for.
fn is_read(part: &Part) -> bool {
    use Kind::{Aggregate, Constraint, Domain, ForeignTable, Function, Index, MaterializedView, Operator};
    use Kind::{Policy, Procedure, Rule, Statistics, Table, TextSearchConfiguration, Trigger, Type, View};
    let kind = part.address.kind;
    match part.role {
        Role::Default => true,
        Role::Member => kind == TextSearchConfiguration,
        Role::Definition if kind == Kind::Sequence => names_its_column(part),
        Role::Definition => {
            matches!(kind, Table | ForeignTable | View | MaterializedView | Constraint | Index | Statistics)
                || matches!(
                    kind,
                    Trigger | Rule | Policy | Domain | Type | Function | Procedure | Aggregate | Operator
                )
        }
        _ => false,
    }
}

#[derive(Debug)]
enum Edit {
    Qualify,
    Replace(Lexeme<'static>),
}

/// What a parenthesis holds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Level {
    Query { in_from: bool },
    Joins,
    Other,
}

/// Reads the names of one statement.
#[derive(Debug)]
struct Names<'k> {
    known: &'k Known,
    schema: &'k Name,
    edits: Vec<(usize, Edit)>,
    /// Whether no name was found that may mean something else without the path.
    certain: bool,
    plain: bool,
}

impl<'k> Names<'k> {
    /// Reads the names of a part that [is read](is_read), in the order in which they stand.
    fn of(part: &Part, schema: &'k Name, known: &'k Known, lexemes: &[Lexeme<'_>]) -> Names<'k> {
        let plain = known.is_plain(part, schema, lexemes);
        let mut names = Names { known, schema, edits: Vec::new(), certain: true, plain };
        match part.address.kind {
            Kind::TextSearchConfiguration => names.dictionaries(lexemes),
            Kind::Aggregate | Kind::Operator | Kind::Type => names.definition(lexemes),
            _ => names.read(part, lexemes),
        }
        names
    }

    fn key(&self, name: &Lexeme<'_>) -> (Name, Name) {
        (self.schema.clone(), Name::from_sql(&name.text))
    }

    fn relation(&mut self, lexemes: &[Lexeme<'_>], at: usize) {
        if self.known.relations.contains(&self.key(&lexemes[at])) {
            self.edits.push((at, Edit::Qualify));
        } else {
            self.certain = false;
        }
    }

    fn read(&mut self, part: &Part, lexemes: &[Lexeme<'_>]) {
        let is = |at: usize, word: &str| lexemes.get(at).is_some_and(|lexeme| lexeme.is(word));
        let kind = |at: usize| lexemes.get(at).map(|lexeme| lexeme.kind);
        let subqueries = common_tables(lexemes);
        let holds_query = matches!(part.address.kind, Kind::View | Kind::MaterializedView | Kind::Rule);
        let mut levels = vec![Level::Query { in_from: false }];
        let mut at = 0;
        while at < lexemes.len() {
            let before = at.wrapping_sub(1);
            let level = levels.last().copied().unwrap_or(Level::Other);
            let item = match level {
                Level::Query { in_from: true } => {
                    ["FROM", "JOIN", "LATERAL", "ONLY"].iter().any(|word| is(before, word))
                        || kind(before) == Some(TokenKind::Comma)
                }
                Level::Joins => {
                    ["JOIN", "LATERAL", "ONLY"].iter().any(|word| is(before, word))
                        || kind(before) == Some(TokenKind::LeftParen)
                }
                _ => false,
            };
            match lexemes[at].kind {
                TokenKind::LeftParen if is(before, "WITH") || is(before, "SET") || is(before, "OPTIONS") => {
                    at += group_len(&lexemes[at..]).unwrap_or(1) - 1;
                }
                TokenKind::LeftParen => {
                    let query = ["SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "DELETE"]
                        .iter()
                        .any(|w| is(at + 1, w));
                    levels.push(match () {
                        () if query => Level::Query { in_from: false },
                        () if item => Level::Joins,
                        () => Level::Other,
                    });
                }
                TokenKind::RightParen => {
                    levels.pop();
                }
                TokenKind::String => {
                    if let Some(of) = object_type_of_literal(lexemes, at) {
                        self.object_literal(at, &lexemes[at], of);
                    }
                }
                TokenKind::Word
                    if is(before, "BY")
                        && is(before.wrapping_sub(1), "OWNED")
                        && kind(at + 1) == Some(TokenKind::Dot)
                        && kind(at + 3) != Some(TokenKind::Dot) =>
                {
                    self.relation(lexemes, at);
                }
                TokenKind::Operator => {
                    let star = kind(before) == Some(TokenKind::Dot)
                        || (lexemes[at].text.as_ref() == b"*" && kind(at + 1) == Some(TokenKind::RightParen));
                    let own = self.known.operators.contains(&self.key(&lexemes[at]));
                    self.certain &= star || (!own && self.plain);
                }
                TokenKind::Word | TokenKind::Identifier
                    if kind(before) != Some(TokenKind::Dot) && kind(at + 1) != Some(TokenKind::Dot) =>
                {
                    self.name(part, lexemes, at, item, &subqueries);
                    // Policies ask, and checks of older servers.
                    let is_deeper = levels.len() > 1;
                    if let Some(Level::Query { in_from }) = levels.last_mut() {
                        const ENDS: [&str; 13] = [
                            "SELECT",
                            "WHERE",
                            "GROUP",
                            "HAVING",
                            "ORDER",
                            "LIMIT",
                            "OFFSET",
                            "UNION",
                            "INTERSECT",
                            "EXCEPT",
                            "WINDOW",
                            "RETURNING",
                            "SET",
                        ];
                        if is(at, "FROM") && !is(before, "DISTINCT") {
                            *in_from = holds_query || is_deeper;
                        } else if ENDS.iter().any(|word| is(at, word)) {
                            *in_from = false;
                        }
                    }
                }
                _ => {}
            }
            at += 1;
        }
        if part.address.kind == Kind::Index {
            self.operator_classes(lexemes);
        }
        if part.address.kind == Kind::MaterializedView
            && !lexemes.windows(2).any(|pair| pair[0].is("NO") && pair[1].is("DATA"))
        {
            // It is filled at once, by bodies that nobody qualifies; pg_dump's own is not.
            let runs = |pair: &[Lexeme<'_>]| {
                pair[1].kind == TokenKind::LeftParen && self.known.routines.contains(&self.key(&pair[0]))
            };
            self.certain &= !lexemes.windows(2).any(runs);
        }
        if part.address.kind.is_routine() {
            // No pg_dump that leaves schemas out knows a body in SQL's own words.
            self.certain &= !lexemes.iter().any(|word| word.is("ATOMIC") || word.is("RETURN"));
        }
        self.edits.sort_by_key(|(at, _)| *at);
    }

    /// `ADD MAPPING FOR token WITH dictionary, …`
    fn dictionaries(&mut self, lexemes: &[Lexeme<'_>]) {
        let Some(with) = lexemes.iter().position(|lexeme| lexeme.is("WITH")) else { return };
        for at in with + 1..lexemes.len() {
            let bare = lexemes[at - 1].kind != TokenKind::Dot
                && lexemes.get(at + 1).is_none_or(|next| next.kind == TokenKind::Comma);
            let name = Name::from_sql(&lexemes[at].text);
            if !bare || !lexemes[at].is_name() {
                continue;
            }
            if self.known.others.contains(&self.key(&lexemes[at]))
                || self.known.has_member(self.schema, &name)
            {
                self.edits.push((at, Edit::Qualify));
            } else {
                let of_catalog = name.bytes() == b"simple" || name.bytes().ends_with(b"_stem");
                self.certain &= of_catalog || !self.known.has_extension(self.schema, None);
            }
        }
    }

    /// `(KEY = value, …)`
    fn definition(&mut self, lexemes: &[Lexeme<'_>]) {
        const TYPES: [&str; 5] = ["STYPE", "MSTYPE", "SUBTYPE", "ELEMENT", "BASETYPE"];
        const FUNCTIONS: [&str; 21] = [
            "ANALYZE",
            "CANONICAL",
            "COMBINEFUNC",
            "DESERIALFUNC",
            "FINALFUNC",
            "FUNCTION",
            "INPUT",
            "JOIN",
            "MFINALFUNC",
            "MINVFUNC",
            "MSFUNC",
            "OUTPUT",
            "PROCEDURE",
            "RECEIVE",
            "RESTRICT",
            "SEND",
            "SERIALFUNC",
            "SFUNC",
            "SUBSCRIPT",
            "SUBTYPE_DIFF",
            "TYPMOD_IN",
        ];
        // Of functions of one name, that with just the types of an operator's sides is meant, and it is found first in
        // the schema that comes first.
        let side = |word: &str| {
            let list = lexemes.iter().position(|lexeme| lexeme.kind == TokenKind::LeftParen)?;
            let inner = split_commas(lexemes.get(list + 1..lexemes.len() - 1)?);
            let found = inner.into_iter().find(|item| item.first().is_some_and(|key| key.is(word)))?;
            found.get(2..).map(layout::line)
        };
        let sides: Vec<Vec<u8>> = ["LEFTARG", "RIGHTARG"].into_iter().filter_map(side).collect();
        let arguments = &[b"(", sides.join(&b", "[..]).as_slice(), b")"].concat();
        for at in 2..lexemes.len().saturating_sub(1) {
            let value = &lexemes[at + 1];
            let dotted = lexemes.get(at + 2).is_some_and(|next| next.kind == TokenKind::Dot);
            if lexemes[at].text.as_ref() != b"=" || dotted {
                continue;
            }
            let key = |list: &[&str]| list.iter().any(|word| lexemes[at - 1].is(word));
            if value.kind == TokenKind::Operator {
                let own = self.known.operators.contains(&self.key(value));
                self.certain &= !own && !self.known.has_extension(self.schema, None);
            } else if value.is_name() && key(&TYPES) {
                if !is_catalog_type(Name::from_sql(&value.text).bytes()) {
                    self.edits.push((at + 1, Edit::Qualify));
                }
            } else if value.is_name() && (key(&FUNCTIONS) || lexemes[at - 1].is("TYPMOD_OUT")) {
                let own = key(&["FUNCTION", "PROCEDURE"]) && self.known.makes(self.schema, value, arguments);
                match own {
                    true => self.edits.push((at + 1, Edit::Qualify)),
                    false => self.call(lexemes, at + 1),
                }
            }
        }
    }

    /// A name that stands alone.
    fn name(
        &mut self,
        part: &Part,
        lexemes: &[Lexeme<'_>],
        at: usize,
        item: bool,
        subqueries: &HashSet<Name>,
    ) {
        let is = |at: usize, word: &str| lexemes.get(at).is_some_and(|lexeme| lexeme.is(word));
        let before = at.wrapping_sub(1);
        let opens = lexemes.get(at + 1).is_some_and(|next| next.kind == TokenKind::LeftParen);
        let within_inherits = part.address.kind == Kind::Table && {
            let list = lexemes[..at].iter().rposition(|lexeme| lexeme.kind == TokenKind::LeftParen);
            list.is_some_and(|open| is(open.wrapping_sub(1), "INHERITS"))
                && !lexemes[..at]
                    .iter()
                    .rev()
                    .take_while(|l| l.kind != TokenKind::LeftParen)
                    .any(|l| l.kind == TokenKind::RightParen)
        };
        let referenced = is(before, "REFERENCES")
            || (is(before, "OF") && is(before.wrapping_sub(1), "PARTITION"))
            || (part.address.kind == Kind::Trigger
                && is(before, "FROM")
                && !is(before.wrapping_sub(1), "DISTINCT"))
            || within_inherits
            || (part.address.kind == Kind::Table
                && is(before, "LIKE")
                && lexemes
                    .get(before.wrapping_sub(1))
                    .is_some_and(|lexeme| matches!(lexeme.kind, TokenKind::LeftParen | TokenKind::Comma)))
            || (part.address.kind == Kind::View && is(before, "TABLE"))
            || (part.address.kind == Kind::Rule && is_target(lexemes, at));
        let key_words = ["LATERAL", "ONLY", "ROWS", "SELECT", "VALUES", "WITH"];
        if referenced {
            self.relation(lexemes, at);
        } else if is(before, "COLLATE") {
            if self.known.others.contains(&self.key(&lexemes[at])) {
                self.edits.push((at, Edit::Qualify));
            }
        } else if opens {
            let aliases = is(before, "AS") || is(before, "USING") || before_is_end(lexemes, at);
            if !aliases {
                self.call(lexemes, at);
            }
        } else if item && !key_words.iter().any(|word| is(at, word)) {
            let known = self.known.relations.contains(&self.key(&lexemes[at]));
            match subqueries.contains(&Name::from_sql(&lexemes[at].text)) {
                true => self.certain &= !known,
                false => self.relation(lexemes, at),
            }
        }
    }

    fn call(&mut self, lexemes: &[Lexeme<'_>], at: usize) {
        let name = Name::from_sql(&lexemes[at].text);
        let word = lexemes[at].kind == TokenKind::Word;
        let no_call = |list: &[&str]| word && list.iter().any(|no_call| lexemes[at].is(no_call));
        if no_call(&NO_CALLS) || no_call(&NO_CALLS_MORE) || is_catalog_type(name.bytes()) {
            return;
        }
        let of_catalog = known::is_catalog_function(name.bytes());
        if self.known.routines.contains(&(self.schema.clone(), name.clone())) {
            // Which of the two is meant is a matter of types; the path says so, as long as the name is as it was.
            match of_catalog {
                true => self.certain = false,
                false => self.edits.push((at, Edit::Qualify)),
            }
        } else if self.known.has_member(self.schema, &name) {
            self.edits.push((at, Edit::Qualify));
        } else if self.known.has_extension(self.schema, None) {
            let always = matches!(name.bytes(), b"nextval" | b"now");
            self.certain &= always || (of_catalog && self.plain);
        }
    }

    /// `'name'::regclass`
    fn object_literal(&mut self, at: usize, text: &Lexeme<'_>, of: &[u8]) {
        let value = literal_value(text).unwrap_or_default();
        let name = lexemes_of(&value).unwrap_or_default();
        let [name] = name.as_slice() else {
            self.certain &= name.len() == 3;
            return;
        };
        let key = self.key(name);
        let known = if of == b"regclass" { &self.known.relations } else { &self.known.others };
        if known.contains(&key) {
            let qualified = crate::QualifiedName { schema: Some(key.0), name: key.1 };
            self.edits.push((at, Edit::Replace(literal(&qualified.to_sql()))));
        } else {
            self.certain &= matches!(of, b"regconfig" | b"regdictionary");
        }
    }

    /// `column class` in the list of an index.
    fn operator_classes(&mut self, lexemes: &[Lexeme<'_>]) {
        let Some(using) = lexemes.iter().position(|lexeme| lexeme.is("USING")) else { return };
        let Some(len) = lexemes.get(using + 2..).and_then(group_len) else { return };
        let mut depth = 0;
        for at in using + 3..using + 1 + len {
            match lexemes[at].kind {
                TokenKind::LeftParen => depth += 1,
                TokenKind::RightParen => depth -= 1,
                _ => {}
            }
            let before = &lexemes[at - 1];
            let follows = before.kind == TokenKind::RightParen || (before.is_name() && !before.is("COLLATE"));
            let option =
                ["ASC", "DESC", "NULLS", "FIRST", "LAST", "COLLATE"].iter().any(|w| lexemes[at].is(w));
            let dotted = lexemes[at + 1].kind == TokenKind::Dot || before.kind == TokenKind::Dot;
            if depth > 0 || option || dotted || !follows || !lexemes[at].is_name() {
                continue;
            }
            let name = Name::from_sql(&lexemes[at].text);
            if self.known.others.contains(&(self.schema.clone(), name.clone()))
                || self.known.has_member(self.schema, &name)
            {
                self.edits.push((at, Edit::Qualify));
            } else if self.known.has_extension(self.schema, None) {
                let of_catalog = name.bytes().ends_with(b"_pattern_ops") || name.bytes() == b"jsonb_path_ops";
                self.certain &= of_catalog;
            }
        }
    }
}

/// The type of a literal that names an object: `'s'::regclass` as the server writes it, and as people do `nextval('s')`,
/// `regclass 's'`, `CAST('s' AS regclass)`, `to_tsvector('english', x)`.
fn object_type_of_literal<'t>(lexemes: &'t [Lexeme<'_>], at: usize) -> Option<&'t [u8]> {
    const COUNTERS: [&str; 3] = ["currval", "nextval", "setval"];
    const SEARCHES: [&str; 6] = [
        "phraseto_tsquery",
        "plainto_tsquery",
        "to_tsquery",
        "to_tsvector",
        "ts_headline",
        "websearch_to_tsquery",
    ];
    let named = |at: Option<usize>| {
        let word = at.and_then(|at| lexemes.get(at)).filter(|word| is_object_type(&word.text));
        word.map(|word| word.text.as_ref())
    };
    let kind = |at: usize| lexemes.get(at).map(|lexeme| lexeme.kind);
    if kind(at + 1) == Some(TokenKind::Cast) {
        return named(Some(at + 2));
    }
    if lexemes.get(at + 1).is_some_and(|word| word.is("AS")) {
        return named(Some(at + 2));
    }
    if at < 2 || kind(at - 1) != Some(TokenKind::LeftParen) {
        return named(at.checked_sub(1));
    }
    let calls = |functions: &[&str]| functions.iter().any(|function| lexemes[at - 2].is(function));
    match kind(at + 1) {
        Some(TokenKind::Comma | TokenKind::RightParen) if calls(&COUNTERS) => Some(b"regclass"),
        Some(TokenKind::Comma) if calls(&SEARCHES) => Some(b"regconfig"),
        _ => None,
    }
}

/// Says whether the name behind this is an alias: it follows something that is complete.
fn before_is_end(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    at > 0 && matches!(lexemes[at - 1].kind, TokenKind::RightParen | TokenKind::Identifier)
}

/// Says whether this is the table that a rule's action changes.
fn is_target(lexemes: &[Lexeme<'_>], at: usize) -> bool {
    let is = |at: Option<usize>, words: &[&str]| {
        at.is_some_and(|at| words.iter().any(|word| lexemes.get(at).is_some_and(|lexeme| lexeme.is(word))))
    };
    let (before, further) = (at.checked_sub(1), at.checked_sub(2));
    let updates = is(before, &["UPDATE"]) && !is(further, &["ON", "FOR"]) && !is(Some(at), &["SET", "OF"]);
    is(before, &["INTO"]) || updates
}

/// The names that `WITH` gives to queries.
fn common_tables(lexemes: &[Lexeme<'_>]) -> HashSet<Name> {
    let opens = |at: usize| lexemes.get(at).is_some_and(|lexeme| lexeme.kind == TokenKind::LeftParen);
    let names = (0..lexemes.len()).filter(|at| {
        let columns = if opens(at + 1) { group_len(&lexemes[at + 1..]).unwrap_or(0) } else { 0 };
        let behind = at + 1 + columns;
        lexemes[*at].is_name() && lexemes.get(behind).is_some_and(|word| word.is("AS")) && opens(behind + 1)
    });
    names.map(|at| Name::from_sql(&lexemes[at].text)).collect()
}

#[cfg(test)]
mod tests {
    use crate::{NoData, ReadOptions, Stream, read, write_script};

    #[test]
    fn a_matview_that_is_filled_at_once_keeps_the_path_of_the_bodies_that_it_runs() {
        let form = |sql: &[u8]| {
            let dump = read(Stream(sql), ReadOptions::default(), &mut NoData).unwrap();
            let mut script = Vec::new();
            write_script(&dump, None, &mut script, |_, _| Ok(())).unwrap();
            String::from_utf8(script).unwrap()
        };
        let with = |end: &str| {
            let function = "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'select count(*) from t';\n";
            format!("CREATE TABLE t (a integer);\n{function}CREATE MATERIALIZED VIEW m AS SELECT f(){end};\n")
        };
        for (end, keeps) in [("", true), (" WITH DATA", true), (" WITH NO DATA", false)] {
            let once = form(with(end).as_bytes());
            assert_eq!(once.contains("SET search_path = public;\nCREATE MATERIALIZED VIEW"), keeps, "{once}");
            assert_eq!(form(once.as_bytes()), once);
        }
    }
}
