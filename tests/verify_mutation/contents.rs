//! An archive's table of contents, taken apart as far as is needed to damage it in a way that leaves it whole.

use std::fs;
use std::ops::Range;
use std::path::Path;

use crate::damage::{Mark, near, words};
use crate::random::{Random, replaced};
use crate::text::bare;

/// A table of contents: a `toc.dat`, or a custom archive with its data.
pub struct Contents {
    /// The bytes of the file.
    pub bytes: Vec<u8>,
    /// The entries in their order.
    pub entries: Vec<Entry>,
    /// Where the data begins; the end of a `toc.dat`.
    pub end: usize,
    custom: bool,
}

/// An entry, and its block of data in a custom archive.
#[derive(Clone)]
pub struct Entry {
    /// Its number.
    pub id: u32,
    /// Such as `TABLE DATA`.
    pub kind: String,
    /// The bare name of its object.
    pub name: String,
    /// Where it is.
    pub range: Range<usize>,
    /// Whether there is data.
    pub has_data: bool,
    /// Where that is in a custom archive.
    pub block: Option<Range<usize>>,
}

impl Entry {
    /// The words that name it.
    pub fn marks(&self) -> Vec<Mark> {
        let mut marks = vec![words(format!("entry {}", self.id)), words(&self.name)];
        // The name of its file.
        marks.push(words(format!("{}.dat", self.id)));
        // What it lists are files, or objects in them; the list itself is one.
        if self.kind == "BLOBS" {
            marks.extend([words("blob_"), words("blobs.toc")]);
        }
        marks.extend(self.block.clone().map(near));
        marks
    }
}

/// Bytes of a number: its sign and its magnitude.
const INT: usize = 5;
/// Bytes of a place in a custom archive: a flag and an offset.
const PLACE: usize = 9;

fn number(value: usize) -> Vec<u8> {
    [&[0][..], &u32::try_from(value).unwrap().to_le_bytes()].concat()
}

impl Contents {
    /// Takes a custom archive apart.
    pub fn custom(path: &Path) -> Contents {
        let mut contents = Contents::open(path, fs::read(path).unwrap(), true);
        let entries = &contents.entries;
        // The last entry's end is not known yet; what has data is never the last one.
        let place = |entry: &Entry| {
            let at = entry.range.end - PLACE;
            let offset = u64::from_le_bytes(contents.bytes[at + 1..at + PLACE].try_into().unwrap());
            (contents.bytes[at] == 2).then(|| usize::try_from(offset).unwrap())
        };
        let before_last = &entries[..entries.len() - 1];
        let mut starts: Vec<(usize, usize)> =
            before_last.iter().enumerate().filter_map(|(at, entry)| Some((place(entry)?, at))).collect();
        starts.sort_unstable();
        let data = starts.first().map_or(contents.bytes.len(), |(start, _)| *start);
        let ends: Vec<usize> =
            starts.iter().skip(1).map(|(start, _)| *start).chain([contents.bytes.len()]).collect();
        for ((start, at), end) in starts.into_iter().zip(ends) {
            contents.entries[at].block = Some(start..end);
        }
        contents.entries.last_mut().unwrap().range.end = data;
        contents.end = data;
        contents
    }

    /// Takes a `toc.dat` apart; that of a tar archive looks the same as that of a directory.
    pub fn separate(bytes: &[u8]) -> Contents {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("toc.dat"), bytes).unwrap();
        Contents::open(folder.path(), bytes.to_vec(), false)
    }

    fn open(path: &Path, bytes: Vec<u8>, custom: bool) -> Contents {
        let archive::Content::Archive(archive) = archive::open(path).unwrap().content else {
            panic!("no archive: {}", path.display());
        };
        let at = |entry: &archive::Entry| usize::try_from(entry.at).unwrap();
        let ends = archive.entries.iter().skip(1).map(at).chain([bytes.len()]);
        let entries = archive.entries.iter().zip(ends).map(|(entry, end)| Entry {
            id: entry.id,
            kind: String::from_utf8_lossy(&entry.desc).into_owned(),
            name: bare(&String::from_utf8_lossy(&entry.tag)),
            range: at(entry)..end,
            has_data: entry.has_data,
            block: None,
        });
        Contents { entries: entries.collect(), end: bytes.len(), bytes, custom }
    }

    /// An entry, of every kind as often.
    pub fn entry(&self, random: &mut Random) -> Option<&Entry> {
        let mut kinds: Vec<&str> = self.entries.iter().map(|entry| entry.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let kind = *random.one(&kinds)?;
        let entries: Vec<&Entry> = self.entries.iter().filter(|entry| entry.kind == kind).collect();
        random.one(&entries).copied()
    }

    /// The entries with rows.
    pub fn tables(&self) -> Vec<&Entry> {
        self.entries.iter().filter(|entry| entry.kind == "TABLE DATA" && entry.has_data).collect()
    }

    /// Without one entry; its data stays.
    pub fn without(&self, entry: &Entry) -> Vec<u8> {
        let first = self.entries[0].range.start;
        let counted = replaced(&self.bytes, first - INT..first, &number(self.entries.len() - 1));
        let moved = self.moved(counted, 0, -i64::try_from(entry.range.len()).unwrap());
        replaced(&moved, entry.range.clone(), b"")
    }

    /// With two entries in each other's place.
    pub fn exchanged(&self, one: &Entry, other: &Entry) -> Vec<u8> {
        let (one, other) = if one.range.start < other.range.start { (one, other) } else { (other, one) };
        let bytes = &self.bytes;
        [
            &bytes[..one.range.start],
            &bytes[other.range.clone()],
            &bytes[one.range.end..other.range.start],
            &bytes[one.range.clone()],
            &bytes[other.range.end..],
        ]
        .concat()
    }

    /// With another stream, in one chunk, as the data of one entry of a custom archive.
    pub fn with_stream(&self, entry: &Entry, stream: &[u8]) -> Option<Vec<u8>> {
        let block = entry.block.clone()?;
        let chunks = [&self.bytes[block.start..block.start + 1 + INT], &number(stream.len()), stream];
        let body = [&chunks.concat()[..], &number(0)].concat();
        let more = i64::try_from(body.len()).unwrap() - i64::try_from(block.len()).unwrap();
        Some(replaced(&self.moved(self.bytes.clone(), block.start + 1, more), block, &body))
    }

    /// The data of an entry of a custom archive, all chunks.
    pub fn stream(&self, entry: &Entry) -> Option<Vec<u8>> {
        let mut at = entry.block.clone()?.start + 1 + INT;
        let mut stream = Vec::new();
        loop {
            let size = u32::from_le_bytes(self.bytes[at + 1..at + INT].try_into().unwrap());
            at += INT;
            if size == 0 {
                return Some(stream);
            }
            stream.extend_from_slice(&self.bytes[at..at + usize::try_from(size).unwrap()]);
            at += usize::try_from(size).unwrap();
        }
    }

    /// With the data of two entries exchanged, and their places as well, so that all is in order again.
    pub fn data_exchanged(&self, one: &Entry, other: &Entry) -> Option<Vec<u8>> {
        let (first, second) = (one.block.clone()?, other.block.clone()?);
        let mut bytes = self.bytes.clone();
        let ids = [first.start + 1..first.start + 1 + INT, second.start + 1..second.start + 1 + INT];
        let places = [one.range.end - PLACE..one.range.end, other.range.end - PLACE..other.range.end];
        for [a, b] in [ids, places] {
            bytes[a.clone()].copy_from_slice(&self.bytes[b.clone()]);
            bytes[b].copy_from_slice(&self.bytes[a]);
        }
        Some(bytes)
    }

    /// Tells a custom archive's entries that data from a place on is elsewhere.
    fn moved(&self, mut bytes: Vec<u8>, from: usize, more: i64) -> Vec<u8> {
        for entry in self.entries.iter().filter(|_| self.custom) {
            let Some(block) = entry.block.as_ref().filter(|block| block.start >= from) else { continue };
            let start = i64::try_from(block.start).unwrap() + more;
            bytes[entry.range.end - PLACE + 1..entry.range.end].copy_from_slice(&start.to_le_bytes());
        }
        bytes
    }
}
