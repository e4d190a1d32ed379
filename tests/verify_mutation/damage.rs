//! What a damage is: a backup that was changed, and what a finding has to name.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

/// A backup as it lies on the disk.
#[derive(Clone, PartialEq)]
pub enum Backup {
    /// One file.
    File(Vec<u8>),
    /// The files of a folder by their names.
    Folder(BTreeMap<String, Vec<u8>>),
}

impl Backup {
    /// Reads what is there.
    pub fn read(path: &Path) -> Backup {
        if path.is_file() {
            return Backup::File(fs::read(path).unwrap());
        }
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap());
        let read =
            |entry: fs::DirEntry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap());
        Backup::Folder(entries.map(read).collect())
    }

    /// Writes it in place of what is there.
    pub fn write(&self, path: &Path) {
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        } else if path.exists() {
            fs::remove_file(path).unwrap();
        }
        match self {
            Backup::File(bytes) => fs::write(path, bytes).unwrap(),
            Backup::Folder(files) => {
                fs::create_dir(path).unwrap();
                files.iter().for_each(|(name, bytes)| fs::write(path.join(name), bytes).unwrap());
            }
        }
    }
}

/// Something that a finding may say to name the place of a damage; one of a damage's marks is enough.
#[derive(Clone, Debug)]
pub enum Mark {
    /// These words: a table, a file, an entry.
    Words(String),
    /// A byte of the file, counted from 0, within the range.
    Byte(Range<usize>),
    /// The file as a whole is named, as for one that is not there at all.
    Whole,
}

/// A damaged backup.
pub struct Damage {
    /// What was done, in words.
    pub what: String,
    /// What came out.
    pub backup: Backup,
    /// What a finding has to name.
    pub marks: Vec<Mark>,
    /// Whether the format itself forbids what came out, so that the file alone has to tell, whatever PostgreSQL's own
    /// programs put up with.
    pub forbidden: bool,
}

impl Damage {
    /// A damage that only a look at the result can judge.
    pub fn new(what: impl Into<String>, backup: Backup, marks: Vec<Mark>) -> Damage {
        Damage { what: what.into(), backup, marks, forbidden: false }
    }

    /// The same, forbidden by the format.
    pub fn forbidden(self) -> Damage {
        Damage { forbidden: true, ..self }
    }
}

/// The words that name something.
pub fn words(words: impl Into<String>) -> Mark {
    Mark::Words(words.into())
}

/// How far from a damage its place may be told: what is read at once, such as a chunk of a compressed table.
const NEAR: usize = 4096;

/// The bytes around a place.
pub fn near(place: Range<usize>) -> Mark {
    Mark::Byte(place.start.saturating_sub(NEAR)..place.end + NEAR)
}

/// The bytes around a place, and all of the lines that it is in: a statement is named by where it begins.
pub fn near_lines(bytes: &[u8], place: Range<usize>) -> Mark {
    let before = &bytes[..place.start.min(bytes.len())];
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let behind = bytes.get(place.end..).unwrap_or_default();
    let end = behind.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| place.end + at);
    near(start..end)
}

/// Where something is for the first time, from a place on.
pub fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    bytes[from..].windows(what.len()).position(|part| part == what).map(|at| from + at)
}
