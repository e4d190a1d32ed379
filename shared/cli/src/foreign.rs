//! Whether a text is a dump at all.

use std::path::Path;

use archive::Foreign;
use dump::{Dump, Event, Events, Fault, Stream};

/// The commands of SQL that a dump, or what somebody wrote in its place, may begin with.
const COMMANDS: [&str; 38] = [
    "ALTER",
    "ANALYZE",
    "BEGIN",
    "CALL",
    "CHECKPOINT",
    "CLUSTER",
    "COMMENT",
    "COMMIT",
    "COPY",
    "CREATE",
    "DELETE",
    "DO",
    "DROP",
    "EXECUTE",
    "EXPLAIN",
    "GRANT",
    "IMPORT",
    "INSERT",
    "LOCK",
    "MERGE",
    "NOTIFY",
    "PREPARE",
    "REASSIGN",
    "REFRESH",
    "REINDEX",
    "RESET",
    "REVOKE",
    "SAVEPOINT",
    "SECURITY",
    "SELECT",
    "SET",
    "SHOW",
    "START",
    "TRUNCATE",
    "UPDATE",
    "VACUUM",
    "VALUES",
    "WITH",
];

/// Says why a text is no dump, if it is none: nothing of it was understood, or its first bytes say what else it is.
///
/// What fails within a dump, or within statements of SQL, is damage, and no other file.
pub(crate) fn no_dump(head: &[u8], read: &Result<Dump, dump::Error>, path: &Path) -> Option<archive::Error> {
    let says_something = match read {
        Ok(dump) => dump.says_something(),
        Err(dump::Error::Read { .. }) => return None,
        Err(dump::Error::Fault { fault: Fault::ConflictMarker | Fault::Inflated, .. }) => return None,
        Err(dump::Error::Fault { .. }) => dump::understands(head),
    };
    let looks = match says_something {
        false => Foreign::by_text(head),
        true if is_framed(head) => None,
        true => Foreign::by_head(head),
    };
    // Nothing but comments and blanks is told as that.
    let is_nothing = !says_something
        && match read {
            Ok(dump) => !dump.unknown.is_empty(),
            Err(_) => !begins_as_sql(head),
        };
    (is_nothing || looks.is_some()).then(|| archive::Error::NotADump { path: path.to_owned(), looks })
}

/// Says whether a line says that a dump of PostgreSQL begins.
fn is_framed(head: &[u8]) -> bool {
    let frames = [&b"-- PostgreSQL database dump"[..], b"-- PostgreSQL database cluster dump"];
    head.split(|byte| *byte == b'\n').any(|line| frames.contains(&line.trim_ascii_end()))
}

/// Says whether the first word is a command of SQL.
fn begins_as_sql(head: &[u8]) -> bool {
    let mut events = Events::new(Stream(head));
    let mut begin = 0;
    while let Ok(Some(Event::Gap(_))) = events.next() {
        begin = events.position().byte as usize;
    }
    let rest = head.get(begin..).unwrap_or_default();
    let end = rest.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(rest.len());
    COMMANDS.iter().any(|command| rest[..end].eq_ignore_ascii_case(command.as_bytes()))
}
