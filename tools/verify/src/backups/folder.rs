//! The backups in a folder.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use archive::{Content, Error, Format};
use manifest::{MANIFEST_ENDING, VERIFIED_ENDING};

use super::distinct;
use crate::verdict::LeftAlone;

/// How far a text is read to see whether it is a dump, in bytes.
const HEAD: u64 = 64 * 1024;

/// What pg_dump and pg_dumpall write near the beginning, some of it even without comments.
const SIGNS: [&[u8]; 4] = [
    b"PostgreSQL database dump",
    b"PostgreSQL database cluster dump",
    b"SET statement_timeout = ",
    b"pg_catalog.set_config('search_path'",
];

/// The endings of names that people give to dumps, and those of compressed files, which may stand behind them.
const ENDINGS: [&str; 6] = ["sql", "dump", "pgdump", "pg_dump", "backup", "bak"];
const COMPRESSED: [&str; 7] = ["gz", "zst", "zstd", "lz4", "xz", "bz2", "zip"];

/// Lists what is a backup by its content or, since it may be damaged, by its name; all else is said to be left alone.
///
/// # Errors
/// When the folder cannot be read.
pub fn backups(folder: &Path, left_alone: &mut Vec<LeftAlone>) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        paths.push(entry?.path());
    }
    paths.sort();
    let mut found = Vec::new();
    for path in paths.into_iter().filter(|path| !is_ours(path)) {
        match foreign(&path) {
            Some(why) => left_alone.push(LeftAlone { path: path.display().to_string(), why }),
            None => found.push(path),
        }
    }
    Ok(distinct(found, left_alone))
}

/// Says why something is no backup; what cannot be looked at may be one.
fn foreign(path: &Path) -> Option<String> {
    let name = path.file_name().unwrap_or_default();
    if is_unfinished(name) {
        return Some("a backup that is being taken, or never was to its end".to_owned());
    }
    let Ok(metadata) = fs::metadata(path) else {
        // A link to nothing, called as a backup is, is a backup that is gone.
        return (!is_named(name)).then(|| "cannot be looked at, and not called as a backup is".to_owned());
    };
    if metadata.is_dir() {
        return match archive::open(path) {
            Ok(archive::Input { content: Content::Tree(_), .. }) => {
                Some("a tree of `pgdump-split`, which is no backup".to_owned())
            }
            Err(Error::IsDirectory { .. }) if !holds_data(path) => Some("a folder".to_owned()),
            Err(Error::NotADump { looks: Some(looks), .. }) => {
                Some(format!("no backup of pg_dump, but {looks}"))
            }
            _ => None,
        };
    }
    if !metadata.is_file() {
        return Some("neither a file nor a folder".to_owned());
    }
    let by_content = match archive::open(path) {
        Ok(input) => match input.content {
            Content::Plain(plain) => is_dump(plain),
            Content::Archive(_) => true,
            Content::Tree(_) => false,
        },
        // What cannot be read may be a backup.
        Err(Error::Io { .. } | Error::Read { .. }) => true,
        // What is something else is no backup, unless its name says so.
        Err(error) if error.is_no_dump() => false,
        // Damaged, and perhaps an archive all the same.
        Err(_) => begins_as_archive(path),
    };
    (!by_content && !is_named(name)).then(|| "no backup by content or name".to_owned())
}

fn is_dump(text: impl Read) -> bool {
    let mut head = Vec::new();
    // What cannot be read may be a backup. What lies beside one is JSON, and may name statements.
    text.take(HEAD).read_to_end(&mut head).is_err()
        || !head.starts_with(b"{") && SIGNS.iter().any(|sign| memchr::memmem::find(&head, sign).is_some())
}

fn begins_as_archive(path: &Path) -> bool {
    let mut head = Vec::new();
    match File::open(path).and_then(|file| file.take(Format::HEAD as u64).read_to_end(&mut head)) {
        Ok(_) => match Format::detect(&head) {
            Format::Custom { .. } => true,
            // pg_dump writes it in front of everything else.
            Format::Tar => head.starts_with(b"toc.dat\0"),
            _ => false,
        },
        Err(_) => true,
    }
}

/// Says whether a folder without a table of contents holds data files of an archive.
fn holds_data(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return true };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let stem = name.split('.').next().unwrap_or_default();
        let digits = !stem.is_empty() && stem.bytes().all(|byte| byte.is_ascii_digit());
        name == "blobs.toc" || digits && name[stem.len()..].starts_with(".dat")
    })
}

/// Says whether something is called as `pgdump-take` calls what it has not finished.
pub fn is_unfinished(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(b".partial")
}

/// Returns a name without its endings: of a rotation, of compression, of dumps.
pub fn without_endings(name: &str) -> &str {
    let mut stem = name;
    let rotated = |ending: &str| ending.len() <= 3 && ending.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((rest, ending)) = stem.rsplit_once('.')
        && rotated(ending)
        && is_named(OsStr::new(rest))
    {
        stem = rest;
    }
    let lists = [&COMPRESSED[..], &ENDINGS[..], &["tar", "dir"][..]];
    for list in lists {
        if let Some((rest, ending)) = stem.rsplit_once('.')
            && !rest.is_empty()
            && list.iter().any(|known| ending.eq_ignore_ascii_case(known))
        {
            stem = rest;
        }
    }
    stem
}

/// Says whether something lies beside a backup because a tool of ours put it there: its manifest, the record that it was
/// verified, a lock.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A manifest without a backup is what a run left that was killed.
    let beside = |ending: &str| {
        let backup = name.strip_suffix(ending).map(|backup| path.with_file_name(backup));
        backup.is_some_and(|backup| backup.exists())
    };
    let is_lock = name.starts_with('.') && name.ends_with(".lock");
    beside(MANIFEST_ENDING) || beside(VERIFIED_ENDING) || is_lock
}

/// Says whether something is called as dumps are.
pub fn is_named(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    let mut parts: Vec<&str> = name.split('.').collect();
    if parts.len() > 2 && parts.last().is_some_and(|last| COMPRESSED.contains(last)) {
        parts.pop();
    }
    parts.len() > 1 && parts.last().is_some_and(|last| ENDINGS.contains(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_called_so() {
        for name in ["a.sql", "shop-2024.01.02.DUMP", "a.sql.gz", "x.backup"] {
            assert!(is_named(OsStr::new(name)), "{name}");
        }
        for name in ["sql", "a.txt", "a.gz", "report.json", "dump.tar", ".sql.swp"] {
            assert!(!is_named(OsStr::new(name)), "{name}");
        }
    }
}
