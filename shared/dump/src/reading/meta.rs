//! Meta-commands of psql that lead somewhere or change what follows.

use crate::Name;

/// Says whether pg_dump writes a line that does not lead to another database.
pub(crate) fn is_known(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace);
    match words.next() {
        // `\encoding` comes in front of `\connect` to a database with an odd name.
        Some(b"\\restrict" | b"\\unrestrict" | b"\\encoding") => true,
        // To the same one as another role: pg_dump up to 7.2.
        Some(b"\\connect") => words.next() == Some(b"-"),
        _ => false,
    }
}

/// Returns the database that a line of psql's `\connect` leads to; `None` if it is no such line.
///
/// ```
/// assert_eq!(dump::connect_target(b"\\connect shop"), Some(dump::Name::from("shop")));
/// ```
pub fn connect_target(line: &[u8]) -> Option<Name> {
    let arguments = line.strip_prefix(b"\\connect ").or_else(|| line.strip_prefix(b"\\c "))?.trim_ascii();
    // To the same, as another role (pg_dump 7.2).
    if arguments.split(u8::is_ascii_whitespace).next() == Some(b"-") {
        return None;
    }
    let Some(conninfo) = arguments.strip_prefix(b"-reuse-previous=on ") else {
        // psql does not fold the case of what is not quoted.
        let quoted = arguments.first() == Some(&b'"');
        return Some(if quoted { Name::from_sql(arguments) } else { Name::from(arguments) });
    };
    // `"dbname='…'"`: psql's quotes outside, libpq's inside (`appendPsqlMetaConnect`, string_utils.c).
    let text = Name::from_sql(conninfo.trim_ascii());
    let value = text.bytes().strip_prefix(b"dbname=")?.trim_ascii();
    let value = value.strip_prefix(b"'").and_then(|v| v.strip_suffix(b"'")).unwrap_or(value);
    let mut name = Vec::new();
    let mut bytes = value.iter();
    while let Some(byte) = bytes.next() {
        name.push(if *byte == b'\\' { *bytes.next().unwrap_or(byte) } else { *byte });
    }
    Some(Name::from(name.as_slice()))
}

/// Returns the encoding that a line of psql's `\encoding` sets, in upper case; `None` if it is no such line, or only asks.
///
/// ```
/// assert_eq!(dump::encoding_target(b"\\encoding 'latin1'").as_deref(), Some("LATIN1"));
/// assert_eq!(dump::encoding_target(b"\\encoding"), None);
/// ```
pub fn encoding_target(line: &[u8]) -> Option<String> {
    let rest =
        line.strip_prefix(b"\\encoding").filter(|rest| rest.first().is_some_and(u8::is_ascii_whitespace))?;
    let word = rest.split(u8::is_ascii_whitespace).find(|word| !word.is_empty())?;
    let word = word.strip_prefix(b"'").and_then(|word| word.strip_suffix(b"'")).unwrap_or(word);
    let word = word.strip_suffix(b";").unwrap_or(word);
    Some(String::from_utf8_lossy(word).trim_matches('"').to_ascii_uppercase())
}
