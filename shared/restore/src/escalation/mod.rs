//! Which statements of a dump a superuser may run.
//!
//! The role that restores is none. What fails for that reason is run by the superuser's connection only if the grammar here
//! understands it from its first token to its last, if every value in it is a literal, and if it brings no code of the dump
//! that the superuser, or the server's own code in C, would come to run. What is run is written anew from what was
//! understood (`phrase`), and never the dump's text: under an empty search path, with every name of the dump's own under
//! its schema.
//!
//! A form that is not here is refused, and the refusal says why ([`Refusal`]): functions in C or of the kind `internal`, base
//! types, handlers and validators, the functions of operator classes, parsers and templates, casts that declare one type's
//! bytes to be another's. An event trigger is made and left disabled; that it is enabled is tried and undone.

mod cluster;
mod objects;
mod phrase;
mod privileges;
mod routine;

use std::fmt;

use dump::Name;

pub(crate) use cluster::{OfCluster, of_cluster};
pub(crate) use objects::ForeignServer;
use phrase::Phrase;
pub(crate) use phrase::literal;
pub(crate) use privileges::Owner;
pub use routine::Apart;

/// What a superuser may do with a statement of a dump that is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Run this.
    Run(Vec<u8>),
    /// Make this extension, if nothing that its script could find where it goes is the dump's.
    Extend(Extension),
    /// Make this event trigger and leave it disabled.
    Disabled(EventTrigger),
    /// Have the restoring role make a routine without what needs a superuser, and add that.
    Apart(Apart),
    /// Run this in a transaction that is undone: it is a right on a part of the server, or something that could reach out of
    /// the database. That the server takes it is part of what a backup is, that it stays is not needed.
    Try(Vec<u8>),
    /// Nothing.
    Refuse(Refusal),
}

/// A `CREATE EVENT TRIGGER`, and what disables it.
///
/// An event trigger runs the dump's code as whoever sets it off. That is a superuser where the server itself goes through the script
/// of a trusted extension, which the restoring role may make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTrigger {
    /// The statement.
    pub sql: Vec<u8>,
    /// The statement that disables it.
    pub disable: Vec<u8>,
}

/// A `CREATE EXTENSION`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The statement.
    pub sql: Vec<u8>,
    /// The extension.
    pub name: Name,
    /// The schema that it names.
    pub schema: Option<Name>,
}

/// Why a superuser does not run a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Its kind is none that a superuser runs for a dump.
    Kind,
    /// It is of a kind that a superuser runs, and not written as pg_dump writes it.
    Form,
    /// It brings code that would run with a superuser's rights, or in the server's own process: what.
    Code(&'static str),
    /// What an extension's own script would find there could make it run code of the dump.
    ExtensionInto,
    /// It would write to another server.
    ForeignRows,
    /// It would read or write on another server.
    Outside,
    /// Nothing keeps this server from the rest of its machine, so that nothing runs as a superuser there.
    NoFence,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Kind => f.write_str("needs a superuser, which a backup is not given"),
            Refusal::Form => f.write_str(
                "needs a superuser, which a backup is given only for statements written as pg_dump writes them",
            ),
            Refusal::Code(what) => {
                write!(f, "needs a superuser, and brings code that is not run for a backup with such rights: {what}")
            }
            Refusal::ExtensionInto => f.write_str(
                "needs a superuser, and its schema already holds other things, which the extension's script could run",
            ),
            Refusal::ForeignRows => {
                f.write_str("rows of a foreign table are another server's, which nothing is written to")
            }
            Refusal::Outside => f.write_str("needs another server, which a restored copy does not reach"),
            Refusal::NoFence => f.write_str(
                "needs a superuser, and nothing here keeps a superuser's session from the files and servers of this machine",
            ),
        }
    }
}

/// Says what a superuser may do with a statement of a dump that is not trusted; `standard_conforming_strings` says how its
/// literals are to be read.
///
/// ```
/// use restore::escalation::{Refusal, Ruling, ruling};
/// let ruling = |sql: &str| ruling(sql.as_bytes(), true);
/// assert_eq!(
///     ruling("create procedural  language plperl;"),
///     Ruling::Run(b"CREATE PROCEDURAL LANGUAGE plperl".to_vec())
/// );
/// assert!(matches!(ruling("GRANT SELECT ON TABLE app.users TO alice;"), Ruling::Run(_)));
/// assert!(matches!(ruling("GRANT SELECT ON TABLE pg_catalog.pg_authid TO alice;"), Ruling::Try(_)));
/// assert!(matches!(ruling("GRANT ALL ON FUNCTION app.f(integer) TO alice;"), Ruling::Try(_)));
/// assert!(matches!(ruling("CREATE CAST (bytea AS tsvector) WITHOUT FUNCTION;"), Ruling::Refuse(Refusal::Code(_))));
/// assert_eq!(ruling("SELECT app.f();"), Ruling::Refuse(Refusal::Kind));
/// ```
pub fn ruling(text: &[u8], standard_conforming_strings: bool) -> Ruling {
    let Some(phrase) = Phrase::of(text, standard_conforming_strings) else {
        return Ruling::Refuse(Refusal::Form);
    };
    match () {
        () if phrase.sees("GRANT") || phrase.sees("REVOKE") => privileges::privilege(phrase),
        () if phrase.sees("COMMENT ON") => privileges::comment(phrase),
        () => match routine::apart(text, standard_conforming_strings) {
            Some(apart) => Ruling::Apart(apart),
            None => objects::ruling(phrase),
        },
    }
}

/// Reads an `ALTER … OWNER TO …`.
pub(crate) fn owner(text: &[u8], standard_conforming_strings: bool) -> Option<Owner> {
    privileges::owner(Phrase::of(text, standard_conforming_strings)?)
}

/// Reads a `CREATE SERVER`.
pub(crate) fn foreign_server(text: &[u8], standard_conforming_strings: bool) -> Option<ForeignServer> {
    objects::foreign_server(Phrase::of(text, standard_conforming_strings)?)
}

/// Says whether a schema is the server's own.
fn is_system(schema: Option<&Name>) -> bool {
    schema.is_some_and(|schema| matches!(schema.bytes(), b"pg_catalog" | b"information_schema" | b"pg_toast"))
}

/// What was read to its end, or a refusal for its form.
fn run(phrase: Phrase<'_>) -> Ruling {
    phrase.end().map_or(Ruling::Refuse(Refusal::Form), Ruling::Run)
}

/// The same for what is tried.
fn try_out(phrase: Phrase<'_>) -> Ruling {
    phrase.end().map_or(Ruling::Refuse(Refusal::Form), Ruling::Try)
}

#[cfg(test)]
mod tests;
