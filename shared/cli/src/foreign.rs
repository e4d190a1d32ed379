//! Whether a text is a dump at all.

use std::path::Path;

use archive::Foreign;
use dump::{Dump, Event, Events, Fault, Stream};

/// Says why a text is no dump, if it is none: nothing of it was understood, or its first bytes say what else it is.
///
/// What fails within a dump, or within statements of SQL, is damage, and no other file.
pub(crate) fn no_dump(head: &[u8], read: &Result<Dump, dump::Error>, path: &Path) -> Option<archive::Error> {
    let says_something = match read {
        Ok(dump) => dump.says_something(),
        Err(dump::Error::Read { .. }) => return None,
        Err(dump::Error::Fault { fault: Fault::ConflictMarker | Fault::Inflated, .. }) => return None,
        // A dump begins behind what a program said.
        Err(dump::Error::Fault { fault: Fault::Message(_) | Fault::ByteOrderMark, at })
            if is_framed(head) || is_followed(head, *at) =>
        {
            return None;
        }
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
            // What PostgreSQL refuses for a plain reason is SQL of its own.
            Ok(dump) if dump.unknown.iter().any(|unknown| unknown.refusal.is_some()) => false,
            Ok(dump) => !dump.unknown.is_empty() || !dump.forewords.is_empty(),
            Err(_) => !begins_as_sql(head),
        };
    (is_nothing || looks.is_some()).then(|| archive::Error::NotADump { path: path.to_owned(), looks })
}

/// Says whether a line says that a dump of PostgreSQL begins.
fn is_framed(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    lines.any(dump::opens_dump)
}

/// Says whether a dump begins behind the lines of a program at a place.
fn is_followed(head: &[u8], at: dump::Position) -> bool {
    let rest = head.get(at.byte as usize..).unwrap_or_default();
    let breaks = rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let mut lines = breaks.map(|(at, _)| &rest[at + 1..]);
    lines.find(|rest| begins_as_sql(rest)).is_some_and(dump::understands)
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
    dump::is_command(&rest[..end])
}
