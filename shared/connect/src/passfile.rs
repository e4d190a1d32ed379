//! The password file (`passwordFromFile` in libpq's fe-connect.c).

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::Secret;

/// What a password is looked up by.
pub(crate) struct Wanted<'a> {
    pub host: &'a str,
    pub port: &'a str,
    pub database: &'a str,
    pub user: &'a str,
}

/// Looks a password up; the second value is a warning.
pub(crate) fn password(path: &Path, wanted: &Wanted<'_>) -> (Option<Secret>, Option<String>) {
    let Ok(metadata) = fs::metadata(path) else { return (None, None) };
    let shown = path.display();
    if !metadata.is_file() {
        return (None, Some(format!("password file is not a plain file: {shown}")));
    }
    if metadata.permissions().mode() & 0o077 != 0 {
        let why = "has group or world access and is ignored; permissions should be u=rw (0600) or less";
        return (None, Some(format!("password file {why}: {shown}")));
    }
    match fs::read(path) {
        Ok(text) => (found(&String::from_utf8_lossy(&text), wanted), None),
        Err(error) => (None, Some(format!("cannot read password file {shown}: {error}"))),
    }
}

fn found(text: &str, wanted: &Wanted<'_>) -> Option<Secret> {
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let mut rest = line.trim_end_matches('\r');
        for value in [wanted.host, wanted.port, wanted.database, wanted.user] {
            let (field, behind) = field(rest)?;
            if field != "*" && unescaped(field) != value {
                return None;
            }
            rest = behind;
        }
        Some(Secret::from(unescaped(rest)))
    })
}

/// The text up to a colon that is not escaped, and what follows it.
fn field(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ':' => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            character => plain.push(character),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str, host: &str, user: &str) -> Option<String> {
        let wanted = Wanted { host, port: "5432", database: "shop", user };
        found(text, &wanted).map(|secret| secret.reveal().to_owned())
    }

    #[test]
    fn the_first_line_that_matches_counts() {
        let text = "# comment:*:*:*:no\nh:5432:shop:alice:one\n*:*:*:alice:t\\:wo\n*:*:other:*:x\n";
        assert_eq!(look(text, "h", "alice").as_deref(), Some("one"));
        assert_eq!(look(text, "i", "alice").as_deref(), Some("t:wo"));
        assert_eq!(look(text, "i", "bob"), None);
        assert_eq!(look("a\\:b:*:*:*:x", "a:b", "bob").as_deref(), Some("x"));
        assert_eq!(look("*:*:*", "h", "bob"), None);
    }

    #[test]
    fn a_file_that_others_can_read_is_ignored_with_a_warning() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "*:*:*:*:hush\n").unwrap();
        let wanted = Wanted { host: "h", port: "1", database: "d", user: "u" };
        for (mode, readable) in [(0o600, true), (0o640, false), (0o604, false)] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).unwrap();
            let (found, warning) = password(file.path(), &wanted);
            assert_eq!((found.is_some(), warning.is_none()), (readable, readable), "{mode:o}");
            assert!(!warning.unwrap_or_default().contains("hush"));
        }
    }
}
