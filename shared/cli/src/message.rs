//! Messages for people, on stderr.

use std::io::Write;

use dump::Dump;

/// Makes text from a dump or a file name safe for a terminal: control and bidirectional formatting characters are
/// written as escapes.
///
/// ```
/// assert_eq!(cli::escape("a\u{1b}[31mb\u{202e}c"), "a\\u{1b}[31mb\\u{202e}c");
/// assert_eq!(cli::escape("naïve"), "naïve");
/// ```
pub fn escape(text: &str) -> String {
    let dangerous = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if dangerous(character) {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Writes a line to stderr; that nobody reads it is no reason to stop.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Warns on stderr.
pub fn warn(text: &str) {
    line(&format!("warning: {}", escape(text)));
}

/// Warns of what a reader of the dump should know: statements that were not understood, secrets that were replaced, large
/// objects.
pub fn report_reading(dump: &Dump, source: &str) {
    const SHOWN: usize = 5;
    for unknown in dump.unknown.iter().take(SHOWN) {
        warn(&format!("kept as `other`, not understood: {source}: {}: {}", unknown.at, unknown.excerpt));
    }
    if dump.unknown.len() > SHOWN {
        warn(&format!("statements kept as `other`, in all: {}", dump.unknown.len()));
    }
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
