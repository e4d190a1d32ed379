//! Definitions that are a name with clauses behind it.

use super::clause::{Clause, cut, definition_list, flag, list, other, value, words};
use super::{Found, create};
use crate::Name;
use crate::attribute::Attribute;
use crate::layout;
use crate::lexeme::{Cursor, split_commas};
use crate::object::Kind;

/// What the definition of such a kind says.
pub(super) fn found(kind: Kind, mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    let clauses: &[Clause] = match kind {
        Kind::Schema => const { &[value("AUTHORIZATION", Attribute::Owner)] },
        Kind::Extension => {
            const {
                &[
                    other("WITH SCHEMA", "schema"),
                    other("SCHEMA", "schema"),
                    other("VERSION", "version"),
                    other("WITH VERSION", "version"),
                    flag("CASCADE", "cascade"),
                ]
            }
        }
        Kind::Language => {
            const { &[other("HANDLER", "handler"), other("INLINE", "inline"), other("VALIDATOR", "validator")] }
        }
        Kind::AccessMethod => const { &[value("TYPE", Attribute::Type), other("HANDLER", "handler")] },
        Kind::ForeignDataWrapper => {
            const {
                &[
                    flag("NO HANDLER", "handler"),
                    flag("NO VALIDATOR", "validator"),
                    other("HANDLER", "handler"),
                    other("VALIDATOR", "validator"),
                    list("OPTIONS ("),
                ]
            }
        }
        Kind::Server => {
            const {
                &[
                    value("TYPE", Attribute::Type),
                    other("VERSION", "version"),
                    other("FOREIGN DATA WRAPPER", "foreign data wrapper"),
                    list("OPTIONS ("),
                ]
            }
        }
        Kind::UserMapping => const { &[list("OPTIONS (")] },
        Kind::Publication => const { &[other("FOR", "for"), list("WITH (")] },
        Kind::Subscription => {
            const { &[other("CONNECTION", "connection"), other("PUBLICATION", "publication"), list("WITH (")] }
        }
        Kind::Tablespace => {
            const { &[value("OWNER", Attribute::Owner), other("LOCATION", "location"), list("WITH (")] }
        }
        Kind::Conversion => {
            const { &[other("FOR", "for"), other("TO", "to"), value("FROM", Attribute::Function)] }
        }
        Kind::Collation => const { &[other("FROM", "from")] },
        Kind::Cast => return cast(cursor),
        Kind::Transform => return transform(cursor),
        Kind::Database => return database(cursor),
        Kind::Role => return role(cursor),
        Kind::TextSearchParser
        | Kind::TextSearchTemplate
        | Kind::TextSearchDictionary
        | Kind::TextSearchConfiguration => &[],
        _ => return None,
    };
    let modifiers = create(&mut cursor, kind.to_sql())?;
    if kind == Kind::UserMapping {
        cursor.expect("FOR")?;
        cursor.name()?;
        cursor.expect("SERVER")?;
    }
    cursor.qualified()?;
    // That it is there, which may be all that is said.
    let mut found = vec![Found::new(Attribute::Definition, "")];
    // `PROCEDURAL` is as good as its absence.
    found.extend(
        modifiers
            .into_iter()
            .filter(|word| word != "PROCEDURAL")
            .map(|word| Found::item(Attribute::Clause, word.to_ascii_lowercase().as_str(), word)),
    );
    if let Some(list) = cursor.parentheses() {
        found.extend(definition_list(list));
    }
    found.extend(cut(cursor.rest(), clauses)?);
    Some(found)
}

/// `CREATE CAST (a AS b) WITH FUNCTION f(a) AS ASSIGNMENT`
fn cast(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "CAST")?;
    cursor.parentheses()?;
    const CLAUSES: [Clause; 4] = [
        value("WITH FUNCTION", Attribute::Function),
        words("WITH INOUT", Attribute::Function),
        flag("WITHOUT FUNCTION", "without function"),
        other("AS", "as"),
    ];
    cut(cursor.rest(), &CLAUSES)
}

/// `CREATE TRANSFORM FOR type LANGUAGE language (FROM SQL WITH FUNCTION f(…), TO SQL WITH FUNCTION g(…))`
fn transform(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "TRANSFORM")?;
    cursor.expect("FOR")?;
    cursor.skip_behind("LANGUAGE")?;
    cursor.name()?;
    const CLAUSES: [Clause; 2] =
        [other("FROM SQL WITH FUNCTION", "from sql"), other("TO SQL WITH FUNCTION", "to sql")];
    let items = split_commas(cursor.parentheses().filter(|_| cursor.at_end())?);
    let found: Option<Vec<_>> = items.into_iter().map(|item| cut(item, &CLAUSES)).collect();
    found.map(|found| found.into_iter().flatten().collect())
}

/// `CREATE DATABASE d WITH TEMPLATE = template0 ENCODING = 'UTF8' …`, as `dumpDatabase` (pg_dump.c) writes it.
fn database(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    create(&mut cursor, "DATABASE")?;
    cursor.name()?;
    cursor.eat("WITH");
    let mut found = vec![Found::new(Attribute::Definition, "")];
    found.extend(assignments(&mut cursor)?);
    Some(found)
}

/// `NAME = value NAME value …`
pub(super) fn assignments(cursor: &mut Cursor<'_, '_>) -> Option<Vec<Found>> {
    let mut found = Vec::new();
    while !cursor.at_end() {
        let mut item = Vec::new();
        if cursor.eat("CONNECTION LIMIT") {
            item.extend_from_slice(b"connection limit");
        } else {
            item.extend(cursor.name()?.bytes().to_ascii_lowercase());
        }
        if cursor.peek().is_some_and(|next| next.text.as_ref() == b"=") {
            cursor.at += 1;
        }
        let start = cursor.clone();
        if cursor.peek().is_some_and(|sign| matches!(sign.text.as_ref(), b"-" | b"+")) {
            cursor.at += 1;
        }
        cursor.next()?;
        let text = layout::line(&start.rest()[..cursor.at - start.at]);
        let item = Name::from(item.as_slice());
        found.push(match item.bytes() {
            b"tablespace" => Found::new(Attribute::Tablespace, text),
            b"owner" => Found::new(Attribute::Owner, text),
            _ => Found { attribute: Attribute::Clause, item: Some(item), text },
        });
    }
    Some(found)
}

fn role(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    if create(&mut cursor, "ROLE").is_none() {
        create(&mut cursor, "USER")?;
    }
    cursor.name()?;
    let mut found = vec![Found::new(Attribute::Definition, "")];
    found.extend(role_attributes(cursor)?);
    Some(found)
}

/// What `CREATE ROLE` and `ALTER ROLE` say behind the name.
pub(super) fn role_attributes(mut cursor: Cursor<'_, '_>) -> Option<Vec<Found>> {
    const CLAUSES: [Clause; 19] = [
        flag("SUPERUSER", "superuser"),
        flag("NOSUPERUSER", "superuser"),
        flag("INHERIT", "inherit"),
        flag("NOINHERIT", "inherit"),
        flag("CREATEROLE", "createrole"),
        flag("NOCREATEROLE", "createrole"),
        flag("CREATEDB", "createdb"),
        flag("NOCREATEDB", "createdb"),
        flag("LOGIN", "login"),
        flag("NOLOGIN", "login"),
        flag("REPLICATION", "replication"),
        flag("NOREPLICATION", "replication"),
        flag("BYPASSRLS", "bypassrls"),
        flag("NOBYPASSRLS", "bypassrls"),
        other("CONNECTION LIMIT", "connection limit"),
        other("ENCRYPTED PASSWORD", "password"),
        other("PASSWORD", "password"),
        other("VALID UNTIL", "valid until"),
        other("SYSID", "sysid"),
    ];
    cursor.eat("WITH");
    cut(cursor.rest(), &CLAUSES)
}
