//! What pg_dump before 8.0 wrote, and no later one does.

use crate::Name;
use crate::session::Change;

/// What tells the age of a dump that has no closing comment: pg_dump wrote one from 8.0 on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Older {
    /// Something that only older ones wrote.
    old: bool,
    /// It sets `check_function_bodies`, as from 7.4 on, …
    checks_bodies: bool,
    /// … and something that came with 8.0 or later.
    new: bool,
}

impl Older {
    /// Looks at a comment.
    pub fn comment(&mut self, line: &[u8]) {
        // 8.0 and later write a class besides the OID, and both only when they are verbose.
        let entry = [
            &b"-- TOC entry "[..],
            b"-- Data for TOC entry ",
            b"-- TOC Entry ID ",
            b"-- Data for TOC Entry ID ",
        ];
        let number = entry.iter().find_map(|begin| line.strip_prefix(*begin));
        let oid = number.and_then(|rest| rest.splitn(2, |byte| *byte == b' ').nth(1));
        self.old |= oid.is_some_and(|oid| oid.starts_with(b"(OID "));
    }

    /// Looks at a setting.
    pub fn change(&mut self, change: &Change) {
        match change {
            Change::Tablespace(_) | Change::AccessMethod(_) | Change::WithOids(_) => self.new = true,
            Change::StandardConformingStrings(_) => self.new = true,
            Change::Harmless(name) => match name.bytes() {
                b"check_function_bodies" => self.checks_bodies = true,
                b"client_min_messages" | b"statement_timeout" | b"escape_string_warning" => self.new = true,
                _ => {}
            },
            // 8.0 has `ALTER … OWNER TO`, unless it was asked not to.
            Change::ActsAsOwner(_) => self.old |= self.checks_bodies && !self.new,
            _ => {}
        }
    }

    /// Takes a `\connect` to another role.
    pub fn connects(&mut self) {
        self.old = true;
    }

    /// Says whether the dump is that old.
    pub fn is_proven(self) -> bool {
        self.old && !self.new
    }
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
    let (database, rest) = word(line.strip_prefix(b"\\connect ")?)?;
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
    let arguments = line.strip_prefix(b"\\connect ")?.trim_ascii();
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
