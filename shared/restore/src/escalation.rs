//! Which statements of a dump a superuser may run.
//!
//! The role that restores is none. What fails for that reason is run by a connection of its own if it is of one of
//! the kinds listed here, none of which evaluates an expression of the dump or names a function that reaches out of
//! the database. Not on the list: functions in C or of the kind `internal`, functions in untrusted languages, base types
//! and whatever else gives a dump the rights of the server's process.

use dump::{Class, Kind, Noise, Role, Subject};

/// What a superuser may do with a statement of a dump that is not trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Nothing.
    None,
    /// Run it in a transaction that is undone: it is a right on a part of the server, with which what the dump holds could
    /// reach out of its database. That it can be granted is part of what a backup is, that it stays is not needed.
    Tried,
    /// Run it.
    Run,
}

/// Says what a superuser may do with a statement of a dump that is not trusted.
///
/// ```
/// use dump::{Event, Events, Stream, Subjects};
/// use restore::escalation::{Right, right};
/// let right = |sql: &str| {
///     let mut events = Events::new(Stream(sql.as_bytes()));
///     let Ok(Some(Event::Statement(statement))) = events.next() else { panic!("no statement") };
///     right(&Subjects::default().of(&statement), statement.text)
/// };
/// assert_eq!(right("GRANT SELECT ON TABLE pg_catalog.pg_authid TO alice;"), Right::Tried);
/// assert_eq!(right("GRANT SELECT ON TABLE app.users TO alice;"), Right::Run);
/// assert_eq!(right("ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO alice;"), Right::None);
/// ```
pub fn right(subject: &Subject, text: &[u8]) -> Right {
    let grants = subject.class == Class::Part(Role::Privilege) && text.starts_with(b"GRANT ");
    match () {
        () if is_allowed(subject, text) => Right::Run,
        () if grants && is_plain(text) => Right::Tried,
        () => Right::None,
    }
}

/// Says whether a superuser may run a statement of a dump that is not trusted.
///
/// ```
/// use dump::{Event, Events, Stream, Subjects};
/// let allowed = |sql: &str| {
///     let mut events = Events::new(Stream(sql.as_bytes()));
///     let Ok(Some(Event::Statement(statement))) = events.next() else { panic!("no statement") };
///     restore::escalation::is_allowed(&Subjects::default().of(&statement), statement.text)
/// };
/// assert!(allowed("CREATE EXTENSION postgres_fdw WITH SCHEMA public;"));
/// assert!(allowed("ALTER TABLE public.t OWNER TO alice;"));
/// assert!(!allowed("ALTER FUNCTION pg_catalog.pg_read_file(text) OWNER TO alice;"));
/// assert!(!allowed("ALTER FUNCTION pg_read_file(text) OWNER TO alice;"));
/// // A mapping made by a superuser could do without a password, and lead back to this server.
/// assert!(!allowed("CREATE USER MAPPING FOR x SERVER y OPTIONS (user 'z', password_required 'false');"));
/// assert!(!allowed("CREATE SUBSCRIPTION s CONNECTION 'x WITH (connect = false, ' PUBLICATION p;"));
/// assert!(allowed("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false, slot_name = 's');"));
/// assert!(!allowed("CREATE FUNCTION public.f(text) RETURNS text LANGUAGE internal AS 'pg_read_file';"));
/// ```
pub fn is_allowed(subject: &Subject, text: &[u8]) -> bool {
    if !is_plain(text) {
        return false;
    }
    // `ALTER TABLE … DISABLE TRIGGER ALL`, which speaks of the triggers of foreign keys as well.
    if subject.class == Class::Noise(Noise::Triggers) {
        return true;
    }
    let (Some(address), Class::Part(role)) = (&subject.address, subject.class) else { return false };
    let root = address.parent.as_deref().unwrap_or(address);
    let system = root
        .schema
        .as_ref()
        .is_some_and(|schema| matches!(schema.bytes(), b"pg_catalog" | b"information_schema" | b"pg_toast"));
    // Taking rights away opens nothing.
    if role == Role::Privilege && text.starts_with(b"REVOKE ") {
        return true;
    }
    if system || !subject.qualified && root.schema.is_some() {
        return false;
    }
    match (role, root.kind) {
        // Nothing of our own may come to call a function of the dump.
        (Role::Definition, Kind::Cast) => {
            !contains(text, b" AS IMPLICIT") && !contains(text, b" AS ASSIGNMENT")
        }
        // Not `root`: the user mapping of a server is none of them.
        (Role::Definition, _) if is_special(address.kind) => true,
        // A name without functions, for which base types are announced.
        (Role::Shell, Kind::Type) => true,
        (Role::Setting | Role::Member, Kind::Publication | Kind::OperatorFamily) => true,
        (Role::Setting, Kind::EventTrigger) => contains(text, b" DISABLE"),
        (Role::Setting, Kind::Table) => contains(text, b" TRIGGER "),
        // Nothing is subscribed to: pg_dump writes it that way, and anything else would reach out.
        (Role::Definition, Kind::Subscription) => connects_to_nothing(text),
        (Role::Owner | Role::Comment, _) => true,
        (Role::Privilege, _) => true,
        _ => false,
    }
}

/// Says whether our lexer and the server's must agree on what a statement is, whatever the session's settings are.
///
/// A quoted name means the same under all of them, whatever stands in it; a literal does not, nor do comments and what
/// `$` begins.
pub(crate) fn is_plain(text: &[u8]) -> bool {
    let mut quote = None;
    let mut last = b' ';
    for &byte in text {
        match quote {
            Some(b'"') if byte != b'"' => {}
            _ if matches!(byte, b'\\' | b'$') => return false,
            _ if matches!([last, byte], [b'/', b'*'] | [b'-', b'-'] | [b'U' | b'u', b'&']) => return false,
            Some(open) if byte == open => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            _ => {}
        }
        last = byte;
    }
    quote.is_none()
}

/// Kinds of which all statements are harmless, and which an ordinary role can mostly not make.
fn is_special(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Extension
            | Kind::EventTrigger
            | Kind::Language
            | Kind::ForeignDataWrapper
            | Kind::Server
            | Kind::OperatorClass
            | Kind::OperatorFamily
            | Kind::AccessMethod
            | Kind::Cast
            | Kind::Transform
            | Kind::TextSearchParser
            | Kind::TextSearchTemplate
            | Kind::Publication
    )
}

/// Says whether the options of a subscription, behind all literals in front of them, begin with the one that pg_dump sets.
fn connects_to_nothing(text: &[u8]) -> bool {
    memchr::memmem::rfind(text, b" WITH (connect = false")
        .is_some_and(|at| text[..at].iter().filter(|byte| **byte == b'\'').count() % 2 == 0)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn quoted_names_may_hold_anything() {
        for plain in [
            r#"ALTER TABLE "a\b$c" OWNER TO x"#,
            r#"ALTER TABLE "x--y/*z U&" OWNER TO x"#,
            r#"COMMENT ON TABLE "a""\""b" IS 'it''s "so"'"#,
        ] {
            assert!(is_plain(plain.as_bytes()), "{plain}");
        }
        for other in [
            r"COMMENT ON TABLE t IS 'a\'",
            r#"COMMENT ON TABLE t IS '"a\"'"#,
            r#"COMMENT ON TABLE t IS '"' || '\"'"#,
            r#"ALTER TABLE U&"a" OWNER TO x"#,
            "COMMENT ON TABLE t IS $$a$$",
            "ALTER TABLE t -- x\n OWNER TO x",
            "ALTER TABLE t /* x */ OWNER TO x",
            r#"ALTER TABLE "t OWNER TO x"#,
        ] {
            assert!(!is_plain(other.as_bytes()), "{other}");
        }
    }
}
