//! Statements about things that are there: privileges, comments, owners.

use dump::lexer::TokenKind;
use dump::{Kind, Name, QualifiedName};

use super::phrase::Phrase;
use super::{Refusal, Ruling, is_system, run, try_out};

/// Privileges by their names, with those of newer servers.
const PRIVILEGES: [&str; 16] = [
    "ALL PRIVILEGES",
    "ALL",
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
    "USAGE",
    "CREATE",
    "EXECUTE",
    "MAINTAIN",
    "CONNECT",
    "TEMPORARY",
    "TEMP",
];

/// Kinds whose names a schema holds, as `GRANT`, `COMMENT ON` and `ALTER` write them.
const IN_SCHEMA: [(&str, Kind); 13] = [
    ("TABLE", Kind::Table),
    ("FOREIGN TABLE", Kind::ForeignTable),
    ("VIEW", Kind::View),
    ("MATERIALIZED VIEW", Kind::MaterializedView),
    ("SEQUENCE", Kind::Sequence),
    ("INDEX", Kind::Index),
    ("TYPE", Kind::Type),
    ("DOMAIN", Kind::Domain),
    ("COLLATION", Kind::Collation),
    ("CONVERSION", Kind::Conversion),
    ("STATISTICS", Kind::Statistics),
    ("TEXT SEARCH DICTIONARY", Kind::TextSearchDictionary),
    ("TEXT SEARCH CONFIGURATION", Kind::TextSearchConfiguration),
];

/// Kinds whose names no schema holds.
const GLOBAL: [(&str, Kind); 11] = [
    ("SCHEMA", Kind::Schema),
    ("EXTENSION", Kind::Extension),
    ("PROCEDURAL LANGUAGE", Kind::Language),
    ("LANGUAGE", Kind::Language),
    ("ACCESS METHOD", Kind::AccessMethod),
    ("EVENT TRIGGER", Kind::EventTrigger),
    ("FOREIGN DATA WRAPPER", Kind::ForeignDataWrapper),
    ("FOREIGN SERVER", Kind::Server),
    ("SERVER", Kind::Server),
    ("PUBLICATION", Kind::Publication),
    ("SUBSCRIPTION", Kind::Subscription),
];

/// Kinds that tell what of one name they mean by argument types.
const ROUTINES: [(&str, Kind); 4] = [
    ("FUNCTION", Kind::Function),
    ("PROCEDURE", Kind::Procedure),
    ("ROUTINE", Kind::Function),
    ("AGGREGATE", Kind::Aggregate),
];

/// Something that a statement speaks of.
struct Thing {
    kind: Kind,
    /// The schema it is in, or its table; of a schema its own name.
    schema: Option<Name>,
}

/// Rules on a `GRANT` or `REVOKE`.
///
/// What the restoring role may not grant itself is an extension's, or the server's own. Rights to read tables and to name types
/// and schemas may stay. All others open something that the extension's script, or `initdb`, closed, or close something that the server's own
/// functions need: they are tried.
pub(super) fn privilege(mut phrase: Phrase<'_>) -> Ruling {
    match read_privilege(&mut phrase) {
        Some(true) => run(phrase),
        Some(false) => try_out(phrase),
        None => Ruling::Refuse(Refusal::Form),
    }
}

/// Says whether it may stay.
fn read_privilege(phrase: &mut Phrase<'_>) -> Option<bool> {
    let grants = phrase.any_of(&["GRANT", "REVOKE"])? == "GRANT";
    if !grants {
        phrase.eat("GRANT OPTION FOR");
    }
    let one = |phrase: &mut Phrase<'_>| {
        let privilege = phrase.any_of(&PRIVILEGES)?;
        let _ = phrase.attempt(|phrase| phrase.in_parentheses(Phrase::name));
        Some(privilege)
    };
    let privileges = phrase.list(one)?;
    phrase.expect("ON")?;
    let things = match phrase.attempt(|phrase| phrase.list(thing)) {
        Some(things) => things,
        // `TABLE` may be left out.
        None => phrase.list(|phrase| in_schema(phrase, Kind::Table))?,
    };
    phrase.expect(if grants { "TO" } else { "FROM" })?;
    phrase.list(grantee)?;
    if grants {
        phrase.eat("WITH GRANT OPTION");
    } else {
        let _ = phrase.any_of(&["CASCADE", "RESTRICT"]);
    }
    let only = |allowed: &[&str]| privileges.iter().all(|privilege| allowed.contains(privilege));
    Some(things.iter().all(|thing| {
        let system = is_system(thing.schema.as_ref());
        let public = thing.schema.as_ref().is_some_and(|schema| schema.bytes() == b"public");
        match thing.kind {
            _ if system => false,
            _ if !grants => true,
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::Sequence => only(&["SELECT"]),
            // Which everybody may create in before 15.
            Kind::Schema => public || only(&["USAGE"]),
            Kind::Type | Kind::Domain | Kind::Language | Kind::LargeObject => true,
            _ => false,
        }
    }))
}

/// Reads a role that is granted something: one that is named, and not whoever runs this.
fn grantee(phrase: &mut Phrase<'_>) -> Option<()> {
    if phrase.sees("CURRENT_USER") || phrase.sees("SESSION_USER") || phrase.sees("CURRENT_ROLE") {
        return None;
    }
    // A word for servers before 8.1.
    phrase.skip("GROUP");
    phrase.name().map(drop)
}

/// Rules on a `COMMENT ON`, which opens nothing.
pub(super) fn comment(mut phrase: Phrase<'_>) -> Ruling {
    let read = |phrase: &mut Phrase<'_>| {
        phrase.expect("COMMENT ON")?;
        thing(phrase).or_else(|| described(phrase))?;
        phrase.expect("IS")?;
        if phrase.eat("NULL") { Some(()) } else { phrase.literal().map(drop) }
    };
    match read(&mut phrase) {
        Some(()) => run(phrase),
        None => Ruling::Refuse(Refusal::Form),
    }
}

/// What an `ALTER … OWNER TO …` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The statement, written anew.
    pub sql: Vec<u8>,
    /// The new owner.
    pub owner: Name,
    /// The schema that the thing is in, in which its owner has to be allowed to create.
    pub schema: Option<Name>,
    /// Whether its owner has to be allowed to create in the database, as a publication's.
    pub in_database: bool,
}

/// Reads an `ALTER … OWNER TO …`.
pub(super) fn owner(mut phrase: Phrase<'_>) -> Option<Owner> {
    phrase.expect("ALTER")?;
    let thing = thing(&mut phrase).or_else(|| described(&mut phrase))?;
    phrase.expect("OWNER TO")?;
    let owner = phrase.name()?;
    let schema = thing.schema.filter(|_| thing.kind != Kind::Schema);
    if is_system(schema.as_ref()) {
        return None;
    }
    Some(Owner { sql: phrase.end()?, owner, schema, in_database: thing.kind == Kind::Publication })
}

/// Reads a kind and a name of what can be granted and owned.
fn thing(phrase: &mut Phrase<'_>) -> Option<Thing> {
    if let Some(kind) = kind_of(phrase, &IN_SCHEMA) {
        phrase.eat("ONLY");
        return in_schema(phrase, kind);
    }
    if let Some(kind) = kind_of(phrase, &ROUTINES) {
        let QualifiedName { schema, .. } = phrase.qualified()?;
        signature(phrase)?;
        return Some(Thing { kind, schema });
    }
    if phrase.eat("LARGE OBJECT") {
        phrase.digits()?;
        return Some(Thing { kind: Kind::LargeObject, schema: None });
    }
    let kind = kind_of(phrase, &GLOBAL)?;
    let name = phrase.name()?;
    Some(Thing { kind, schema: (kind == Kind::Schema).then_some(name) })
}

/// Reads a routine of the dump's own with its arguments.
pub(super) fn routine(phrase: &mut Phrase<'_>) -> Option<()> {
    kind_of(phrase, &ROUTINES)?;
    phrase.qualified().filter(|name| !is_system(name.schema.as_ref()))?;
    signature(phrase)
}

/// Reads a kind and a name of what can be described or owned, and not granted.
fn described(phrase: &mut Phrase<'_>) -> Option<Thing> {
    let of = |kind, schema: Option<Name>| Some(Thing { kind, schema });
    for (words, kind) in [("OPERATOR CLASS", Kind::OperatorClass), ("OPERATOR FAMILY", Kind::OperatorFamily)]
    {
        if phrase.eat(words) {
            let QualifiedName { schema, .. } = phrase.qualified()?;
            phrase.expect("USING")?;
            phrase.name()?;
            return of(kind, schema);
        }
    }
    if phrase.eat("OPERATOR") {
        let QualifiedName { schema, .. } = phrase.operator()?;
        let side = |phrase: &mut Phrase<'_>| {
            if phrase.eat("NONE") { Some(()) } else { phrase.type_name().map(drop) }
        };
        phrase.in_parentheses(side)?;
        return of(Kind::Operator, schema);
    }
    if phrase.eat("CAST") {
        phrase.sign(TokenKind::LeftParen)?;
        phrase.type_name()?;
        phrase.expect("AS")?;
        phrase.type_name()?;
        phrase.sign(TokenKind::RightParen)?;
        return of(Kind::Cast, None);
    }
    if phrase.eat("TRANSFORM FOR") {
        phrase.type_name()?;
        phrase.expect("LANGUAGE")?;
        phrase.name()?;
        return of(Kind::Transform, None);
    }
    if phrase.eat("COLUMN") {
        let names = phrase.dotted(3).filter(|names| names.len() == 3)?;
        return of(Kind::Column, names.into_iter().next());
    }
    for (words, kind) in
        [("TEXT SEARCH PARSER", Kind::TextSearchParser), ("TEXT SEARCH TEMPLATE", Kind::TextSearchTemplate)]
    {
        if phrase.eat(words) {
            return in_schema(phrase, kind);
        }
    }
    for (words, kind) in [
        ("CONSTRAINT", Kind::Constraint),
        ("TRIGGER", Kind::Trigger),
        ("RULE", Kind::Rule),
        ("POLICY", Kind::Policy),
    ] {
        if phrase.eat(words) {
            phrase.name()?;
            phrase.expect("ON")?;
            phrase.eat("DOMAIN");
            return in_schema(phrase, kind);
        }
    }
    None
}

fn in_schema(phrase: &mut Phrase<'_>, kind: Kind) -> Option<Thing> {
    let QualifiedName { schema, .. } = phrase.qualified()?;
    Some(Thing { kind, schema })
}

fn kind_of(phrase: &mut Phrase<'_>, kinds: &[(&str, Kind)]) -> Option<Kind> {
    kinds.iter().find(|(words, _)| phrase.eat(words)).map(|(_, kind)| *kind)
}

/// Reads the arguments by which a routine is told from others of its name: `(integer, name text, VARIADIC "any")`, of an
/// aggregate also `(*)` and `(a ORDER BY b)`.
fn signature(phrase: &mut Phrase<'_>) -> Option<()> {
    phrase.sign(TokenKind::LeftParen)?;
    if phrase.attempt(|phrase| phrase.sign(TokenKind::RightParen)).is_some() {
        return Some(());
    }
    if !phrase.eat_operator("*") {
        phrase.eat("ORDER BY");
        phrase.list(argument)?;
        if phrase.eat("ORDER BY") {
            phrase.list(argument)?;
        }
    }
    phrase.sign(TokenKind::RightParen)
}

fn argument(phrase: &mut Phrase<'_>) -> Option<()> {
    let _ = phrase.any_of(&["INOUT", "IN", "OUT", "VARIADIC"]);
    let alone = |phrase: &mut Phrase<'_>| {
        phrase.type_name()?;
        phrase.ends_argument().then_some(())
    };
    if phrase.attempt(alone).is_some() {
        return Some(());
    }
    phrase.name()?;
    phrase.type_name().map(drop)
}
