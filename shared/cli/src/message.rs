//! Messages for people, on stderr.

use std::io::Write;

use dump::{Dump, Foreword, Unknown};

use crate::Failure;
use crate::escape::escape;

/// Writes a line to stderr; that nobody reads it is no reason to stop.
fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Tells on stderr what went wrong, and what to do next; a reader of our output that went away is told nothing.
pub fn report_failure(failure: &Failure) {
    if failure.is_closed_pipe() {
        return;
    }
    line(&format!("error: {}", escape(&failure.message())));
    if let Some(hint) = failure.hint() {
        line(&format!("hint: {}", escape(hint)));
    }
}

/// Warns on stderr.
pub fn warn(text: &str) {
    line(&format!("warning: {}", escape(text)));
}

/// What there is to say of a dump with `standard_conforming_strings = off`.
pub const ESCAPES_IN_LITERALS: &str = "it turns `standard_conforming_strings` off, which is unsafe on PostgreSQL 19: that refuses the setting, and takes \
     backslashes in literals (as of `--inserts`) for themselves";

/// Says what became of a statement that was not understood.
fn how_kept(unknown: &Unknown) -> &'static str {
    match unknown {
        Unknown { rows: true, .. } => "not understood, and the rows behind it are left out",
        Unknown { refusal: Some(_), .. } => "kept as `other`, not understood since PostgreSQL refuses it",
        _ => "kept as `other`, not understood",
    }
}

/// Says where a statement that was not understood stands, how it begins, and what is wrong with it.
pub fn place_and_text(unknown: &Unknown) -> String {
    let text = format!("{}: {}", unknown.at, unknown.excerpt);
    match &unknown.refusal {
        Some(refusal) => format!("{text}: {}, at {}", refusal.what, refusal.at),
        None => text,
    }
}

/// Warns of statements that were not understood, and of an archive that contradicts itself.
pub fn report_unknown(dump: &Dump, source: &str) {
    const SHOWN: usize = 5;
    for foreword in &dump.forewords {
        let Foreword { at, excerpt, dump, .. } = foreword;
        warn(&format!(
            "lines in front of the dump are skipped, psql takes them for SQL: {source}: {at}: `{excerpt}`; the dump begins at \
             {dump}"
        ));
    }
    if dump.byte_order_mark {
        warn(&format!(
            "a byte order mark stands in front of the dump, as an editor of Windows writes it: {source}"
        ));
    }
    if dump.crlf {
        warn(&format!(
            "lines end with CR LF, as a terminal (`docker exec -t`) or Windows writes them: line breaks within values and \
             bodies are changed as well: {source}"
        ));
    }
    for unknown in dump.unknown.iter().take(SHOWN) {
        warn(&format!("{}: {source}: {}", how_kept(unknown), place_and_text(unknown)));
    }
    if dump.unknown.len() > SHOWN {
        warn(&format!("statements kept as `other`, in all: {}", dump.unknown.len()));
    }
    for (address, table) in dump.databases.iter().flat_map(|database| &database.data.tables) {
        if table.unread {
            warn(&format!(
                "rows behind a COPY whose options are not understood, or leave some out, are taken line by line: {source}: \
                 {address}"
            ));
        }
    }
    if let Some(second) = &dump.second {
        warn(&format!("a second dump begins in the same file: {source}: {}", second.at));
    }
    if dump.is_older {
        warn(&format!(
            "written by a pg_dump older than 8.0, which marks no end: whether it is whole cannot be seen: {source}"
        ));
    }
    for disagreement in dump.disagreements.iter().take(SHOWN) {
        let (id, what) = (disagreement.id, &disagreement.what);
        warn(&format!("table of contents and SQL disagree: {source}: entry {id}: {what}"));
    }
    if dump.disagreements.len() > SHOWN {
        warn(&format!("disagreements of table of contents and SQL, in all: {}", dump.disagreements.len()));
    }
}

/// Warns of what a reader of the dump's schema should know: what [`report_unknown`] tells, secrets that were replaced,
/// large objects that are left out.
pub fn report_reading(dump: &Dump, source: &str) {
    report_unknown(dump, source);
    let large_objects: usize = dump.databases.iter().map(|database| database.data.large_objects.len()).sum();
    if large_objects > 0 {
        warn(&format!(
            "large objects are data and left out, with their owners and privileges: {large_objects}"
        ));
    }
    if dump.secrets > 0 {
        warn(&format!("secrets replaced by placeholders (`--keep-secrets` keeps them): {}", dump.secrets));
    }
}
