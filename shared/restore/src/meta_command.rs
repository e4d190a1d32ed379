//! Meta-commands of psql, none of which is ever obeyed (psql's manual page, "Meta-Commands").

use std::fmt;

use crate::plan::Place;

/// A meta-command of psql that means something, or may.
#[derive(Clone, Debug)]
pub struct MetaCommand {
    /// Where it stands.
    pub at: Place,
    /// Its first characters.
    pub excerpt: String,
    /// What psql would do.
    pub effect: MetaEffect,
}

/// What psql does at a meta-command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetaEffect {
    /// It prints something or prints otherwise, and what it restores is the same.
    Prints,
    /// What it runs from there on may be something else than what is written.
    Unclear,
    /// It commits nothing by itself from there on.
    CommitsNothing,
    /// It ends, and restores nothing of what follows.
    Quits,
    /// It reads, writes or runs something elsewhere, or is no meta-command at all.
    Elsewhere,
}

/// What only prints.
const PRINTS: [&str; 32] = [
    "a",
    "C",
    "conninfo",
    "copyright",
    "d",
    "dt",
    "dn",
    "du",
    "df",
    "di",
    "ds",
    "dv",
    "d+",
    "dt+",
    "echo",
    "errverbose",
    "f",
    "H",
    "h",
    "l",
    "p",
    "prompt",
    "pset",
    "qecho",
    "r",
    "sf",
    "sv",
    "t",
    "T",
    "timing",
    "warn",
    "x",
];

/// Variables that mean something to psql itself and change nothing of what it restores.
const VARIABLES: [&str; 18] = [
    "COMP_KEYWORD_CASE",
    "ECHO",
    "ECHO_HIDDEN",
    "ENCODING",
    "FETCH_COUNT",
    "HIDE_TABLEAM",
    "HIDE_TOAST_COMPRESSION",
    "HISTCONTROL",
    "HISTFILE",
    "HISTSIZE",
    "ON_ERROR_ROLLBACK",
    "ON_ERROR_STOP",
    "PROMPT1",
    "PROMPT2",
    "QUIET",
    "SHOW_ALL_RESULTS",
    "SHOW_CONTEXT",
    "VERBOSITY",
];

impl MetaEffect {
    /// Reads what psql does at a line that begins with `\`; `None` where that is pg_dump's own and means what is planned.
    pub(crate) fn of(line: &[u8]) -> Option<MetaEffect> {
        let Some((command, arguments)) = split(line) else { return Some(MetaEffect::Elsewhere) };
        let is = |known: &[&str]| known.iter().any(|known| known.as_bytes() == command);
        let mut words = arguments.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let first = words.next().unwrap_or_default();
        Some(match () {
            () if is(&["restrict", "unrestrict", "encoding"]) => return None,
            // pg_dump up to 7.3 wrote it.
            () if dump::connect_user(line).is_some() => return None,
            () if is(&["connect"]) && arguments == b"-" => MetaEffect::Prints,
            () if is(&["connect"]) && names_only_a_database(line) => return None,
            // A backquote runs a program, whatever the command is.
            () if arguments.contains(&b'`') => MetaEffect::Elsewhere,
            () if is(&PRINTS) => MetaEffect::Prints,
            () if is(&["set", "unset"]) => match std::str::from_utf8(first) {
                Ok("AUTOCOMMIT") => match words.next().unwrap_or(b"on").to_ascii_lowercase().as_slice() {
                    b"off" | b"false" | b"0" | b"no" => MetaEffect::CommitsNothing,
                    _ => MetaEffect::Prints,
                },
                Ok(name) if name.is_empty() || VARIABLES.contains(&name) => MetaEffect::Prints,
                _ => MetaEffect::Unclear,
            },
            () if is(&["if", "elif", "else", "endif"]) => MetaEffect::Unclear,
            () if is(&["q", "quit"]) => MetaEffect::Quits,
            () => MetaEffect::Elsewhere,
        })
    }
}

impl fmt::Display for MetaEffect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MetaEffect::Prints => "a psql meta-command, not run: it restores nothing",
            MetaEffect::Unclear => {
                "a psql meta-command, not run: what psql restores behind it may be something else than what is written"
            }
            MetaEffect::CommitsNothing => {
                "a psql meta-command, not run: psql leaves only what a `COMMIT` behind it keeps"
            }
            MetaEffect::Quits => "psql ends here, and restores nothing of what follows",
            MetaEffect::Elsewhere => "a psql meta-command that no pg_dump writes; it is not run",
        })
    }
}

/// The command without its `\`, by its long name, and what stands behind it.
fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let line = line.strip_prefix(b"\\")?;
    let len = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (command, arguments) = line.split_at(len);
    let command = if command == b"c" { b"connect" } else { command };
    Some((command, arguments.trim_ascii()))
}

fn is_word(text: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    text.first().is_some_and(|first| *first != b'-') && text.iter().all(plain)
}

/// Says whether a `\connect` names a database and nothing else, as pg_dump writes it (`appendPsqlMetaConnect` in
/// string_utils.c): with anything more psql would go elsewhere.
fn names_only_a_database(line: &[u8]) -> bool {
    let Some((_, arguments)) = split(line).filter(|(command, _)| *command == b"connect") else {
        return false;
    };
    if let Some(conninfo) = arguments.strip_prefix(b"-reuse-previous=on ") {
        // libpq's quotes within psql's.
        let text = in_double_quotes(conninfo.trim_ascii());
        let value = text.as_deref().and_then(|text| text.strip_prefix(b"dbname="));
        return value.is_some_and(|value| is_word(value) || is_one_literal(value));
    }
    match in_double_quotes(arguments) {
        // Which psql takes for a connection string.
        Some(name) => {
            !name.contains(&b'=')
                && ![&b"postgres://"[..], b"postgresql://"].iter().any(|scheme| name.starts_with(scheme))
        }
        None => is_word(arguments),
    }
}

/// What stands in the double quotes around all of a text, in which a doubled one is one.
fn in_double_quotes(text: &[u8]) -> Option<Vec<u8>> {
    let inner = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let mut found = Vec::new();
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'"' {
            bytes.next().filter(|next| **next == b'"')?;
        }
        found.push(*byte);
    }
    Some(found)
}

/// Says whether a text is one value in libpq's quotes, in which `\` takes the meaning of what follows.
fn is_one_literal(text: &[u8]) -> bool {
    let Some(inner) = text.strip_prefix(b"'").and_then(|text| text.strip_suffix(b"'")) else { return false };
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        if *byte == b'\'' || *byte == b'\\' && bytes.next().is_none() {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_psql_does_is_told_by_the_command() {
        for (line, effect) in [
            (r"\restrict x", None),
            (r"\connect shop", None),
            (r"\c shop", None),
            (r"\connect - mary", None),
            (r"\connect -", Some(MetaEffect::Prints)),
            (r"\connect - mary evil", Some(MetaEffect::Elsewhere)),
            (r"\echo all is well", Some(MetaEffect::Prints)),
            (r"\echo `touch canary`", Some(MetaEffect::Elsewhere)),
            (r"\set ON_ERROR_STOP on", Some(MetaEffect::Prints)),
            (r"\set", Some(MetaEffect::Prints)),
            (r"\set AUTOCOMMIT off", Some(MetaEffect::CommitsNothing)),
            (r"\set schema app", Some(MetaEffect::Unclear)),
            (r"\if :x", Some(MetaEffect::Unclear)),
            (r"\q", Some(MetaEffect::Quits)),
            (r"\! touch canary", Some(MetaEffect::Elsewhere)),
            (r"\i other.sql", Some(MetaEffect::Elsewhere)),
        ] {
            assert_eq!(MetaEffect::of(line.as_bytes()), effect, "{line}");
        }
    }

    #[test]
    fn a_connect_that_leads_elsewhere_is_told_apart() {
        for line in [
            r"\connect shop",
            r#"\connect "The Shop""#,
            r#"\connect -reuse-previous=on "dbname='the \'shop\' \\'""#,
            r#"\connect -reuse-previous=on "dbname='a ""shop""'""#,
            r#"\connect -reuse-previous=on "dbname=shop""#,
        ] {
            assert!(names_only_a_database(line.as_bytes()), "{line}");
        }
        for line in [
            r"\connect 'host=evil'",
            r#"\connect "host=evil""#,
            r"\connect postgres://evil/shop",
            r#"\connect "postgresql://evil/shop""#,
            r"\connect shop mallory evil",
            r"\connect - mallory",
            r"\connect host=evil",
            r"\connect `touch canary`",
            r"\connect :name",
            r#"\connect -reuse-previous=on "dbname='shop' host='evil'""#,
            r#"\connect -reuse-previous=on "dbname=shop host=evil""#,
            r#"\connect -reuse-previous=on "dbname='shop'" \! touch canary"#,
            r#"\connect -reuse-previous=on "dbname='shop\'""#,
            r#"\connect "shop" "mallory""#,
        ] {
            assert!(!names_only_a_database(line.as_bytes()), "{line}");
        }
    }
}
