//! What happens to archives: entries of the table of contents, files, members, blocks of data.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::ops::Range;
use std::path::Path;

use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::bytes::{self, Change};
use crate::contents::{Contents, Entry};
use crate::damage::{Backup, Damage, Mark, near, words};
use crate::random::Random;

/// A healthy archive, and the kinds of damage it can take.
pub struct Archive {
    contents: Contents,
    store: Store,
}

enum Store {
    Custom,
    Directory(BTreeMap<String, Vec<u8>>),
    /// The members in their order, with the places of their headers.
    Tar(Vec<(String, usize, Vec<u8>)>),
}

/// Kinds that are about the table of contents and rows, and that every archive can take.
const COMMON: [&str; 8] = [
    "entry removed",
    "another entry removed",
    "entries exchanged",
    "row removed",
    "row doubled",
    "row changed",
    "data exchanged",
    "no rows and no end of them",
];

/// How streams begin that are not taken apart here.
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
const LZ4: &[u8] = b"\x04\x22\x4d\x18";

/// Kinds that are about files or members.
const FILES: [&str; 8] =
    ["missing", "emptied", "renamed", "copied", "another's", "at its half", "without its end", "foreign"];

impl Archive {
    /// Takes an archive of any format.
    pub fn open(path: &Path) -> Archive {
        match Backup::read(path) {
            Backup::Folder(files) => {
                let contents = Contents::separate(&files["toc.dat"]);
                Archive { contents, store: Store::Directory(files) }
            }
            Backup::File(bytes) if bytes.starts_with(b"PGDMP") => {
                Archive { contents: Contents::custom(path), store: Store::Custom }
            }
            Backup::File(bytes) => {
                let members = members(&bytes);
                let mut contents = Contents::separate(&members[0].2);
                contents.bytes = bytes;
                Archive { contents, store: Store::Tar(members) }
            }
        }
    }

    /// How many kinds of damage there are.
    pub fn kinds(&self) -> usize {
        let files = if matches!(self.store, Store::Custom) { 0 } else { FILES.len() };
        COMMON.len() + files + 2 * bytes::KINDS.len()
    }

    /// Damages it in one of the ways; nothing if that way does not fit.
    pub fn damage(&self, kind: usize, random: &mut Random) -> Option<Damage> {
        if let Some(kind) = COMMON.get(kind) {
            return self.common(kind, random);
        }
        let kind = kind - COMMON.len();
        match &self.store {
            Store::Custom => self.custom_bytes(kind, random),
            _ if kind < FILES.len() => self.file(FILES[kind], random),
            Store::Directory(files) => {
                let name = (*random.one(&files.keys().collect::<Vec<_>>())?).clone();
                let bytes = &files[&name];
                // The ten bytes in front of a gzip file say when and where it was made.
                let start = if name.ends_with(".gz") { 10 } else { 0 };
                let range = start.min(bytes.len())..bytes.len();
                let change = bytes::KINDS[(kind - FILES.len()) % bytes::KINDS.len()].1(bytes, range, random)?;
                let mut marks = self.marks_of(&name);
                if name == "toc.dat" {
                    marks = self.marks_at(&change, bytes.len());
                }
                let what = format!("{name}: {}", change.what);
                let damage = Damage::new(what, self.with_file(files, &name, change.bytes), marks);
                Some(if change.cut && self.must_be_whole(&name) { damage.forbidden() } else { damage })
            }
            Store::Tar(members) => self.tar_bytes(members, kind - FILES.len(), random),
        }
    }

    fn common(&self, kind: &str, random: &mut Random) -> Option<Damage> {
        let contents = &self.contents;
        let of_entry = |entry: &Entry| format!("{kind}: {} {}", entry.kind, entry.name);
        match kind {
            "entry removed" | "another entry removed" => {
                let entry = contents.entry(random)?;
                let bytes = self.toc(|toc| toc.without(entry));
                Some(Damage::new(of_entry(entry), self.with_toc(bytes), entry.marks()))
            }
            "entries exchanged" => {
                let (one, other) = (contents.entry(random)?, contents.entry(random)?);
                if one.id == other.id {
                    return None;
                }
                let bytes = self.toc(|toc| toc.exchanged(one, other));
                let marks = [one.marks(), other.marks()].concat();
                let what = format!("{} and {}", of_entry(one), other.name);
                Some(Damage::new(what, self.with_toc(bytes), marks))
            }
            "data exchanged" => {
                let tables = contents.tables();
                let (one, other) = (*random.one(&tables)?, *random.one(&tables)?);
                let backup = match &self.store {
                    Store::Custom => Backup::File(contents.data_exchanged(one, other)?),
                    _ => {
                        let (a, b) = (self.name_of(one)?, self.name_of(other)?);
                        let (of_a, of_b) = (self.bytes_of(&a)?, self.bytes_of(&b)?);
                        self.with_files(&[(&a, of_b), (&b, of_a)])
                    }
                };
                let marks = [one.marks(), other.marks()].concat();
                (one.id != other.id)
                    .then(|| Damage::new(format!("{} and {}", of_entry(one), other.name), backup, marks))
            }
            _ => {
                let entry = *random.one(&contents.tables())?;
                let rows = self.rows(entry)?;
                let edited = edit(&rows, kind, random)?;
                let damage = Damage::new(of_entry(entry), self.with_rows(entry, &edited)?, entry.marks());
                Some(if kind.starts_with("no rows") { damage.forbidden() } else { damage })
            }
        }
    }

    /// Files of a directory and members of a tar archive.
    fn file(&self, kind: &str, random: &mut Random) -> Option<Damage> {
        let names: Vec<String> = match &self.store {
            Store::Custom => Vec::new(),
            Store::Directory(files) => files.keys().cloned().collect(),
            Store::Tar(members) => members.iter().map(|(name, ..)| name.clone()).collect(),
        };
        let (name, other) = (random.one(&names)?.clone(), random.one(&names)?.clone());
        let bytes = self.bytes_of(&name)?;
        let mut marks = self.marks_of(&name);
        let mut forbidden = self.must_be_whole(&name);
        let backup = match kind {
            "missing" => {
                // A directory without its table of contents is named as such.
                marks.push(words("toc.dat"));
                self.renamed(&name, None)
            }
            "renamed" => {
                marks.push(words("0000.dat"));
                self.renamed(&name, Some("0000.dat"))
            }
            "emptied" if !bytes.is_empty() => self.with_files(&[(&name, Vec::new())]),
            "at its half" if bytes.len() > 1 => {
                self.with_files(&[(&name, bytes[..bytes.len() / 2].to_vec())])
            }
            "without its end" if !bytes.is_empty() => {
                self.with_files(&[(&name, bytes[..bytes.len() - 1].to_vec())])
            }
            "another's" if name != other => {
                marks.extend(self.marks_of(&other));
                forbidden = false;
                self.with_files(&[(&name, self.bytes_of(&other)?)])
            }
            "copied" => match &self.store {
                Store::Tar(members) => {
                    let mut twice = members.clone();
                    twice.push(members.iter().find(|member| member.0 == name)?.clone());
                    Backup::File(tar_of(&twice))
                }
                _ => return None,
            },
            "foreign" => {
                forbidden = false;
                marks = vec![words("7777.dat"), words("7777")];
                match &self.store {
                    Store::Tar(members) => {
                        let mut more = members.clone();
                        more.insert(1, ("7777.dat".to_owned(), 0, b"1\n\\.\n\n\n".to_vec()));
                        Backup::File(tar_of(&more))
                    }
                    Store::Directory(files) => self.with_file(files, "7777.dat", b"1\n\\.\n\n\n".to_vec()),
                    Store::Custom => return None,
                }
            }
            _ => return None,
        };
        let damage = Damage::new(format!("{name} {kind}"), backup, marks);
        Some(if forbidden { damage.forbidden() } else { damage })
    }

    /// Whether a file's end, or the whole file, cannot be missed: all but large objects without compression, whose
    /// length nothing else tells.
    fn must_be_whole(&self, name: &str) -> bool {
        let large_object = name.starts_with("blob_");
        name != "restore.sql" && (!large_object || name.ends_with(".gz"))
    }

    fn custom_bytes(&self, kind: usize, random: &mut Random) -> Option<Damage> {
        let contents = &self.contents;
        let all = 0..contents.bytes.len();
        // As much damage in the table of contents as in the data.
        let range = if kind.is_multiple_of(2) { 0..contents.end } else { contents.end..all.end };
        let change = bytes::KINDS[kind % bytes::KINDS.len()].1(&contents.bytes, range, random)?;
        let marks = self.marks_at(&change, all.end);
        let damage = Damage::new(change.what, Backup::File(change.bytes), marks);
        Some(if change.cut { damage.forbidden() } else { damage })
    }

    fn tar_bytes(
        &self,
        members: &[(String, usize, Vec<u8>)],
        kind: usize,
        random: &mut Random,
    ) -> Option<Damage> {
        let bytes = &self.contents.bytes;
        let (name, header, content) = random.one(members)?;
        let data = header + 512;
        let range = match random.below(3) {
            0 => *header..data,
            1 if !content.is_empty() => data..data + content.len(),
            _ => 0..bytes.len(),
        };
        let change = bytes::KINDS[kind % bytes::KINDS.len()].1(bytes, range, random)?;
        let mut marks = vec![near(change.place.clone()), words(name)];
        if change.everywhere || change.cut {
            marks.push(Mark::Whole);
        }
        for (name, header, content) in members {
            let member = *header..header + 512 + content.len().next_multiple_of(512);
            if member.start <= change.place.end && change.place.start <= member.end {
                marks.extend(self.marks_of(name));
                if name == "toc.dat" {
                    let within = |at: usize| at.saturating_sub(header + 512);
                    marks.extend(self.entries_at(&(within(change.place.start)..within(change.place.end))));
                }
                // What is too much or too little shows where the member ends.
                marks.push(near(member));
            }
        }
        let damage = Damage::new(change.what, Backup::File(change.bytes), marks);
        // What is behind the second block of zeros may be missing.
        Some(if change.cut && change.place.start < bytes.len() - 1024 { damage.forbidden() } else { damage })
    }

    /// What names the place of a change to a file with a table of contents, or to a custom archive, of so many bytes.
    fn marks_at(&self, change: &Change, healthy: usize) -> Vec<Mark> {
        let place = &change.place;
        let mut marks = vec![near(place.clone())];
        if !matches!(self.store, Store::Custom) {
            marks.push(words("toc.dat"));
        }
        if place.start < self.contents.end {
            // A wrong length shifts all that comes behind it, and shows where that makes no sense any more; with bytes
            // that are too many or too few, the data behind may be read as entries before it does.
            let shifted = change.bytes.len() != healthy;
            let end = if shifted { change.bytes.len() } else { self.contents.end };
            marks.push(near(place.start..end));
        }
        if place.start < 64 || place.len() > 4096 {
            // The head, or all of it.
            marks.push(Mark::Whole);
        }
        marks.extend(self.entries_at(place));
        marks
    }

    /// What names the entries at a place of the table of contents, or with their data at one of a custom archive.
    fn entries_at(&self, place: &Range<usize>) -> Vec<Mark> {
        let touched = |range: &Range<usize>| range.start <= place.end && place.start <= range.end;
        let at = |entry: &&Entry| touched(&entry.range) || entry.block.as_ref().is_some_and(touched);
        self.contents.entries.iter().filter(at).flat_map(Entry::marks).collect()
    }

    /// What names a file: its name, and the entry whose data it is.
    fn marks_of(&self, name: &str) -> Vec<Mark> {
        let mut marks = vec![words(name)];
        let number =
            name.trim_start_matches(|c: char| !c.is_ascii_digit()).split('.').next().unwrap_or_default();
        marks.extend((!number.is_empty()).then(|| words(number)));
        if let Some(entry) = self.contents.entries.iter().find(|entry| entry.id.to_string() == number) {
            marks.extend(entry.marks());
        }
        if name.starts_with("blob") {
            marks.extend([words("large object"), words("BLOBS")]);
        }
        if name == "blobs.toc" {
            // Files that it lists no more are no part of the archive.
            marks.push(words("blob_"));
        }
        if name == "toc.dat" {
            marks.extend([words("table of contents"), words("no archive")]);
        }
        marks
    }

    fn name_of(&self, entry: &Entry) -> Option<String> {
        let names = [format!("{}.dat", entry.id), format!("{}.dat.gz", entry.id)];
        names.into_iter().find(|name| self.bytes_of(name).is_some())
    }

    fn bytes_of(&self, name: &str) -> Option<Vec<u8>> {
        match &self.store {
            Store::Custom => None,
            Store::Directory(files) => files.get(name).cloned(),
            Store::Tar(members) => {
                members.iter().find(|member| member.0 == name).map(|member| member.2.clone())
            }
        }
    }

    /// The rows of an entry as text.
    fn rows(&self, entry: &Entry) -> Option<Vec<u8>> {
        let mut rows = Vec::new();
        match &self.store {
            Store::Custom => {
                let stream = self.contents.stream(entry)?;
                if stream.starts_with(ZSTD) || stream.starts_with(LZ4) {
                    return None;
                }
                if stream.first() != Some(&0x78) {
                    return Some(stream);
                }
                ZlibDecoder::new(stream.as_slice()).read_to_end(&mut rows).unwrap();
            }
            _ => {
                let name = self.name_of(entry)?;
                let bytes = self.bytes_of(&name)?;
                if !name.ends_with(".gz") {
                    return Some(bytes);
                }
                MultiGzDecoder::new(bytes.as_slice()).read_to_end(&mut rows).unwrap();
            }
        }
        Some(rows)
    }

    /// Puts other rows in, packed as those before were.
    fn with_rows(&self, entry: &Entry, rows: &[u8]) -> Option<Backup> {
        match &self.store {
            Store::Custom => {
                let packed = self.contents.stream(entry)?.first() == Some(&0x78);
                let stream = if packed {
                    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
                    encoder.write_all(rows).unwrap();
                    encoder.finish().unwrap()
                } else {
                    rows.to_vec()
                };
                Some(Backup::File(self.contents.with_stream(entry, &stream)?))
            }
            _ => {
                let name = self.name_of(entry)?;
                let bytes = if name.ends_with(".gz") { gzip(rows) } else { rows.to_vec() };
                Some(self.with_files(&[(&name, bytes)]))
            }
        }
    }

    /// Changes the table of contents alone.
    fn toc(&self, change: impl Fn(&Contents) -> Vec<u8>) -> Vec<u8> {
        match &self.store {
            Store::Tar(members) => change(&Contents::separate(&members[0].2)),
            _ => change(&self.contents),
        }
    }

    fn with_toc(&self, bytes: Vec<u8>) -> Backup {
        match self.store {
            Store::Custom => Backup::File(bytes),
            _ => self.with_files(&[("toc.dat", bytes)]),
        }
    }

    fn with_file(&self, files: &BTreeMap<String, Vec<u8>>, name: &str, bytes: Vec<u8>) -> Backup {
        let mut files = files.clone();
        files.insert(name.to_owned(), bytes);
        Backup::Folder(files)
    }

    fn with_files(&self, changed: &[(&str, Vec<u8>)]) -> Backup {
        match &self.store {
            Store::Directory(files) => {
                let mut files = files.clone();
                files.extend(changed.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.clone())));
                Backup::Folder(files)
            }
            Store::Tar(members) => {
                let mut members = members.clone();
                for (name, bytes) in changed {
                    members.iter_mut().find(|member| member.0 == *name).unwrap().2 = bytes.clone();
                }
                Backup::File(tar_of(&members))
            }
            Store::Custom => panic!("a custom archive has no files"),
        }
    }

    fn renamed(&self, name: &str, to: Option<&str>) -> Backup {
        match &self.store {
            Store::Directory(files) => {
                let mut files = files.clone();
                let bytes = files.remove(name).unwrap();
                files.extend(to.map(|to| (to.to_owned(), bytes)));
                Backup::Folder(files)
            }
            Store::Tar(members) => {
                let mut members = members.clone();
                let at = members.iter().position(|member| member.0 == name).unwrap();
                match to {
                    Some(to) => members[at].0 = to.to_owned(),
                    None => drop(members.remove(at)),
                }
                Backup::File(tar_of(&members))
            }
            Store::Custom => panic!("a custom archive has no files"),
        }
    }
}

/// Changes rows of COPY text.
fn edit(rows: &[u8], kind: &str, random: &mut Random) -> Option<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = rows.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let count = lines.iter().position(|line| line == b"\\.\n")?;
    let at = random.below(count);
    match kind {
        "no rows and no end of them" => lines.drain(..=count).for_each(drop),
        _ if count == 0 => return None,
        "row removed" => drop(lines.remove(at)),
        "row doubled" => lines.insert(at, lines[at].clone()),
        "row changed" => {
            let digit = lines[at].iter().position(u8::is_ascii_digit)?;
            lines[at][digit] = b'0' + (lines[at][digit] - b'0' + 1) % 10;
        }
        _ => return None,
    }
    Some(lines.concat())
}

/// Packs bytes as `gzip` does.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn members(bytes: &[u8]) -> Vec<(String, usize, Vec<u8>)> {
    let mut members = Vec::new();
    for member in tar::Archive::new(bytes).entries().unwrap() {
        let mut member = member.unwrap();
        let name = member.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        member.read_to_end(&mut content).unwrap();
        members.push((name, usize::try_from(member.raw_header_position()).unwrap(), content));
    }
    members
}

fn tar_of(members: &[(String, usize, Vec<u8>)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, _, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        builder.append_data(&mut header, name, bytes.as_slice()).unwrap();
    }
    builder.into_inner().unwrap()
}
