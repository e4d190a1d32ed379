//! Which database a backup is of.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use manifest::Manifest;

use super::folder::without_endings;

/// Words of names that say when, not what.
const WHEN: [&str; 38] = [
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "jan",
    "feb",
    "mar",
    "apr",
    "may",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "nov",
    "dec",
    "january",
    "february",
    "march",
    "april",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "latest",
];

/// Finds out of which database a backup is: its manifest knows, else the header of an archive, or what a script connects to.
pub(super) fn of(backup: &Path, header: Option<String>) -> Option<String> {
    let manifest = || {
        let mut file = File::open(manifest::path_beside(backup)).ok()?;
        Some(Manifest::read(&mut file).ok()?.database)
    };
    manifest().filter(|name| !name.is_empty()).or(header.filter(|name| !name.is_empty()))
}

/// Finds the database that a script connects to near its beginning, as `pg_dump --create` writes it; that of a whole cluster
/// is of several.
pub(super) fn of_script(text: impl Read) -> Option<String> {
    const HEAD: u64 = 64 * 1024;
    let mut head = Vec::new();
    // What cannot be read tells nothing here, and is told when it is looked at.
    text.take(HEAD).read_to_end(&mut head).ok()?;
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let cluster = |line: &[u8]| line.ends_with(b" database cluster dump");
    let first = lines.find(|line| cluster(line) || line.starts_with(b"\\connect "))?;
    dump::connect_target(first).map(|name| name.to_string())
}

/// Takes a name's ending and the time in it away; none if there is no time in it.
pub fn by_name(name: &str) -> Option<String> {
    let stem = without_endings(name);
    let is_rotated = stem.len() + 2 <= name.len() && name.ends_with(|c: char| c.is_ascii_digit());
    let parts: Vec<&str> =
        stem.split(|c: char| "-_. @:".contains(c)).filter(|part| !part.is_empty()).collect();
    let mut when: Vec<bool> = parts.iter().map(|part| is_date(part)).collect();
    // What stands beside a date is a month, a day, an hour.
    for at in 1..parts.len() {
        when[at] |= when[at - 1] && is_clock(parts[at]);
    }
    for at in (1..parts.len()).rev() {
        when[at - 1] |= when[at] && is_clock(parts[at - 1]) && parts[at - 1].len() <= 2;
    }
    let others = parts.iter().zip(&when).filter(|(_, when)| !**when).count();
    let word = |part: &str| WHEN.contains(&part.to_ascii_lowercase().as_str());
    let kept = parts.iter().zip(&when).filter(|(part, when)| !(**when || others > 1 && word(part)));
    let kept: Vec<&str> = kept.map(|(part, _)| *part).collect();
    (kept.len() < parts.len() || is_rotated).then(|| kept.join("-"))
}

/// Says whether it is a year, or a date and perhaps a time, or the seconds since 1970.
fn is_date(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let others = part.bytes().filter(|byte| !byte.is_ascii_digit());
    let marks = others.clone().count() <= 2 && others.clone().all(|byte| b"TtZz".contains(&byte));
    let begins = part.starts_with("19") || part.starts_with("20");
    marks && begins && (digits == 4 || digits >= 6) || digits == part.len() && digits == 10
}

/// Says whether it can be part of a date or time that is written in several.
fn is_clock(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let marks = part.bytes().filter(|byte| !byte.is_ascii_digit()).all(|byte| b"TtZzhms".contains(&byte));
    (1..=6).contains(&digits) && marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_database_and_not_the_time() {
        for (name, database) in [
            ("shop-20261128T020000Z.dump", "shop"),
            ("shop_2026-11-28.sql.gz", "shop"),
            ("shop_2026-11-28_02-00-15.sql", "shop"),
            ("shop-28.11.2026.backup", "shop"),
            ("backup.sql.1", "backup"),
            ("shop-Mon.sql", "shop"),
            ("shop-v2-1764331200.dump", "shop-v2"),
            ("shop_prod-2026-11-28T02.dump", "shop-prod"),
            ("2026-11-28.sql", ""),
            ("+globals-20261128T020000Z.sql", "+globals"),
        ] {
            assert_eq!(by_name(name).as_deref(), Some(database), "{name}");
        }
        for name in ["sun.sql", "db1.sql", "shop.sql.gz", "a-new.sql", "x", ""] {
            assert_eq!(by_name(name), None, "{name}");
        }
    }
}
