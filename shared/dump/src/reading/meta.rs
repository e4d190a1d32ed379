//! Meta-commands of psql that lead somewhere or change what follows.

use crate::Name;

/// Says whether pg_dump writes a line that leads nowhere.
pub(super) fn is_known(line: &[u8]) -> bool {
    let command = line.split(u8::is_ascii_whitespace).next();
    // `\encoding` comes in front of `\connect` to a database with an odd name.
    matches!(command, Some(b"\\restrict" | b"\\unrestrict" | b"\\encoding")) || line == b"\\connect -"
}

/// What stands behind `\connect`, or `\c`.
fn connects(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"\\connect ").or_else(|| line.strip_prefix(b"\\c ")).map(<[u8]>::trim_ascii)
}

/// A word of psql's `\connect`, and what follows it.
fn word(text: &[u8]) -> Option<(Name, &[u8])> {
    let text = text.trim_ascii_start();
    if text.first() == Some(&b'"') {
        let end = 2 + memchr::memchr(b'"', &text[1..])?;
        return Some((Name::from_sql(&text[..end]), &text[end..]));
    }
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    // Whatever else psql gives a meaning to, such as connection strings, pg_dump never wrote.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"_.-$".contains(byte);
    (end > 0 && text[..end].iter().all(plain)).then(|| (Name::from(&text[..end]), &text[end..]))
}

/// Returns the role that a `\connect - ROLE` or `\connect DATABASE ROLE` goes on as, which pg_dump up to 7.3 wrote
/// (`_reconnectAsUser` in pg_backup_archiver.c); `None` if the line is nothing of the kind.
///
/// ```
/// assert_eq!(dump::connect_user(b"\\connect - joe"), Some(dump::Name::from("joe")));
/// assert_eq!(dump::connect_user(b"\\connect shop"), None);
/// ```
pub fn connect_user(line: &[u8]) -> Option<Name> {
    let (database, rest) = word(connects(line)?)?;
    let (role, rest) = word(rest)?;
    let is_option = database.bytes().starts_with(b"-") && database.bytes() != b"-";
    (!is_option && rest.trim_ascii().is_empty()).then_some(role)
}

/// Returns the database that a line of psql's `\connect` leads to; `None` if it is no such line, or one that stays
/// where it is.
///
/// ```
/// assert_eq!(dump::connect_target(b"\\connect shop"), Some(dump::Name::from("shop")));
/// assert_eq!(dump::connect_target(b"\\connect shop joe"), Some(dump::Name::from("shop")));
/// assert_eq!(dump::connect_target(b"\\connect - joe"), None);
/// ```
pub fn connect_target(line: &[u8]) -> Option<Name> {
    let arguments = connects(line).filter(|arguments| *arguments != b"-")?;
    let Some(conninfo) = arguments.strip_prefix(b"-reuse-previous=on ") else {
        if connect_user(line).is_some() {
            let (database, _) = word(arguments)?;
            return (database.bytes() != b"-").then_some(database);
        }
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
