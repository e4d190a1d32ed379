//! Statements on roles and on databases themselves.

use dump::Name;

use super::phrase::Phrase;

/// A statement on roles or a database, written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OfCluster {
    /// The statement.
    pub sql: Vec<u8>,
    /// The database that it is about, where it is about one.
    pub database: Option<Name>,
    /// The role and its new member, where that is what it says.
    pub membership: Option<Membership>,
}

/// A role, and the role that is to be in it.
type Membership = (Name, Name);

/// Options of roles that are one word.
const ROLE_OPTIONS: [&str; 14] = [
    "SUPERUSER",
    "NOSUPERUSER",
    "INHERIT",
    "NOINHERIT",
    "CREATEROLE",
    "NOCREATEROLE",
    "CREATEDB",
    "NOCREATEDB",
    "LOGIN",
    "NOLOGIN",
    "REPLICATION",
    "NOREPLICATION",
    "BYPASSRLS",
    "NOBYPASSRLS",
];

/// Options of databases, all with a value.
const DATABASE_OPTIONS: [&str; 17] = [
    "OWNER",
    "TEMPLATE",
    "ENCODING",
    "STRATEGY",
    "LOCALE_PROVIDER",
    "LOCALE",
    "LC_COLLATE",
    "LC_CTYPE",
    "BUILTIN_LOCALE",
    "ICU_LOCALE",
    "ICU_RULES",
    "COLLATION_VERSION",
    "TABLESPACE",
    "ALLOW_CONNECTIONS",
    "CONNECTION LIMIT",
    "IS_TEMPLATE",
    "OID",
];

/// Reads a statement on roles or a database; none where it is written as neither pg_dump nor pg_dumpall does.
pub(crate) fn of_cluster(text: &[u8], standard_conforming_strings: bool) -> Option<OfCluster> {
    let mut phrase = Phrase::of(text, standard_conforming_strings)?;
    let mut membership = None;
    let database = match () {
        () if phrase.eat("CREATE DATABASE") => Some(create_database(&mut phrase)?),
        () if phrase.eat("ALTER DATABASE") => Some(alter_database(&mut phrase)?),
        () if phrase.eat("ALTER ROLE") || phrase.eat("ALTER USER") => alter_role(&mut phrase)?,
        () if phrase.eat("COMMENT ON") => comment(&mut phrase)?,
        () => {
            let (database, granted) = privilege(&mut phrase)?;
            membership = granted;
            database
        }
    };
    Some(OfCluster { sql: phrase.end()?, database, membership })
}

fn create_database(phrase: &mut Phrase<'_>) -> Option<Name> {
    let name = phrase.name()?;
    phrase.eat("WITH");
    while phrase.any_of(&DATABASE_OPTIONS).is_some() {
        phrase.eat_operator("=");
        value(phrase)?;
    }
    Some(name)
}

fn alter_database(phrase: &mut Phrase<'_>) -> Option<Name> {
    let name = phrase.name()?;
    if phrase.eat("OWNER TO") || phrase.eat("SET TABLESPACE") {
        phrase.name()?;
    } else if !phrase.eat("REFRESH COLLATION VERSION") && setting(phrase).is_none() {
        phrase.eat("WITH");
        phrase.any_of(&["ALLOW_CONNECTIONS", "CONNECTION LIMIT", "IS_TEMPLATE"])?;
        phrase.eat_operator("=");
        value(phrase)?;
    }
    Some(name)
}

/// Returns the database in which something is set for a role, where it is set in one only.
fn alter_role(phrase: &mut Phrase<'_>) -> Option<Option<Name>> {
    // `ALL` is everybody.
    if !phrase.eat("ALL") {
        phrase.name()?;
    }
    let database = match phrase.eat("IN DATABASE") {
        true => Some(phrase.name()?),
        false => None,
    };
    if setting(phrase).is_some() {
        return Some(database);
    }
    phrase.eat("WITH");
    while !phrase.at_end() {
        match () {
            () if phrase.any_of(&ROLE_OPTIONS).is_some() => {}
            () if phrase.eat("PASSWORD NULL") => {}
            () if phrase.eat("CONNECTION LIMIT") => phrase.number()?,
            () if phrase.eat("VALID UNTIL") => drop(phrase.literal()?),
            () => return None,
        }
    }
    database.is_none().then_some(database)
}

fn comment(phrase: &mut Phrase<'_>) -> Option<Option<Name>> {
    let of_database = phrase.any_of(&["DATABASE", "ROLE", "TABLESPACE"])? == "DATABASE";
    let name = phrase.name()?;
    phrase.expect("IS")?;
    if !phrase.eat("NULL") {
        phrase.literal()?;
    }
    Some(of_database.then_some(name))
}

/// Reads `SET name {=|TO} value, …` or `RESET name`.
pub(super) fn setting(phrase: &mut Phrase<'_>) -> Option<()> {
    phrase.attempt(|phrase| {
        if phrase.eat("RESET") {
            return if phrase.eat("ALL") { Some(()) } else { phrase.dotted(3).map(drop) };
        }
        phrase.expect("SET")?;
        phrase.dotted(3)?;
        if !phrase.eat_operator("=") {
            phrase.expect("TO")?;
        }
        if phrase.eat("DEFAULT") { Some(()) } else { phrase.list(value).map(drop) }
    })
}

/// Reads a value: a literal, a number or a word.
fn value(phrase: &mut Phrase<'_>) -> Option<()> {
    phrase
        .attempt(|phrase| phrase.literal().map(drop))
        .or_else(|| phrase.attempt(Phrase::number))
        .or_else(|| phrase.word_as_literal().map(drop))
}

/// Reads a `GRANT` or `REVOKE` of roles, or of rights on databases, tablespaces and parameters.
fn privilege(phrase: &mut Phrase<'_>) -> Option<(Option<Name>, Option<Membership>)> {
    let grants = phrase.any_of(&["GRANT", "REVOKE"])? == "GRANT";
    let to = if grants { "TO" } else { "FROM" };
    let rights = |phrase: &mut Phrase<'_>| {
        phrase.eat("GRANT OPTION FOR");
        phrase.list(|phrase| {
            phrase.any_of(&[
                "ALL PRIVILEGES",
                "ALL",
                "CREATE",
                "CONNECT",
                "TEMPORARY",
                "TEMP",
                "SET",
                "ALTER SYSTEM",
            ])
        })?;
        phrase.expect("ON")?;
        let database = match phrase.any_of(&["DATABASE", "TABLESPACE", "PARAMETER"])? {
            "DATABASE" => Some(phrase.name()?),
            _ => {
                phrase.list(|phrase| phrase.dotted(3))?;
                None
            }
        };
        phrase.expect(to)?;
        phrase.list(Phrase::name)?;
        if grants {
            phrase.eat("WITH GRANT OPTION");
        }
        Some(database)
    };
    if let Some(database) = phrase.attempt(rights) {
        return Some((database, None));
    }
    let role = phrase.name()?;
    phrase.expect(to)?;
    let member = phrase.name()?;
    if grants && phrase.eat("WITH") {
        phrase.list(|phrase| {
            phrase.any_of(&["ADMIN", "INHERIT", "SET"])?;
            phrase.any_of(&["OPTION", "TRUE", "FALSE"])
        })?;
    }
    Some((None, grants.then_some((role, member))))
}
