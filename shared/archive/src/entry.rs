//! The entries of an archive's table of contents.

use std::collections::{HashMap, HashSet};

use crate::header::{self, Header, Primitives, Sizes};
use crate::scan::Scan;
use crate::{Error, Format};

/// Describes one object of an archive (`ReadToc` of `pg_backup_archiver.c`).
///
/// Texts are bytes in the encoding of the dump. NULL and the empty string are the same where the type has no `Option`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The number of the entry in this archive, from 1; `dependencies` speak of it.
    pub id: u32,
    /// Whether the archive holds data for it: rows of a table, or large objects.
    pub has_data: bool,
    /// The OID of the system catalog that the object is in, 0 if it is in none.
    pub table_oid: u32,
    /// The OID of the object, 0 if it has none.
    pub oid: u32,
    /// The name that `pg_restore -l` shows, without the schema.
    pub tag: Vec<u8>,
    /// The kind of object, such as `TABLE DATA`.
    pub desc: Vec<u8>,
    /// The part of a restore that the entry belongs to.
    pub section: Section,
    /// The statements that make the object.
    pub definition: Vec<u8>,
    /// The statements that drop it.
    pub drop: Vec<u8>,
    /// The statement in front of the rows, such as `COPY public.t (a, b) FROM stdin;\n`; none for INSERTs.
    pub copy: Option<Vec<u8>>,
    /// The schema, none for what is in no schema.
    pub namespace: Option<Vec<u8>>,
    /// The tablespace; empty for the default one, none where there can be none.
    pub tablespace: Option<Vec<u8>>,
    /// The table access method, from version 1.14 (PostgreSQL 12) on.
    pub access_method: Option<Vec<u8>>,
    /// `pg_class.relkind` of relations, from version 1.16 (PostgreSQL 17) on.
    pub relkind: Option<u8>,
    /// The owner, empty if there is none.
    pub owner: Vec<u8>,
    /// Whether rows come with OIDs, as before PostgreSQL 12 they could.
    pub with_oids: bool,
    /// The ids of entries that have to be there before. Some may not be in the archive.
    pub dependencies: Vec<u32>,
    /// The byte offset of the entry in the file with the table of contents, counted from 0.
    pub at: u64,
    /// Where the data is.
    pub(crate) place: Place,
}

impl Entry {
    /// Returns whether the data is large objects, not rows.
    pub(crate) fn is_blobs(&self) -> bool {
        self.desc == b"BLOBS"
    }

    /// Returns where its data begins in the archive's one file, counted from 0, if the table of contents says so: a
    /// custom archive that was written to a pipe does not.
    pub fn data_at(&self) -> Option<u64> {
        match self.place {
            Place::At(offset) => Some(offset),
            _ => None,
        }
    }

    /// Says whether another entry is the same but for where its data is: pg_dump writes a table of contents first without
    /// the places, and again with them (`_CloseArchive` in pg_backup_custom.c).
    pub fn is_same_elsewhere(&self, other: &Entry) -> bool {
        let Entry { place, at, .. } = other;
        *other == Entry { place: place.clone(), at: *at, ..self.clone() }
    }

    /// Returns the entry's id and what it is, for messages.
    pub(crate) fn name(&self) -> String {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        format!("entry {}, {} {}", self.id, text(&self.desc), text(&self.tag))
    }
}

/// Names the part of a restore that an entry belongs to (`teSection` of `pg_backup.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// The same part as the object it speaks of: comments, privileges, security labels.
    None,
    /// Definitions that data needs.
    PreData,
    /// Rows, large objects, values of sequences.
    Data,
    /// Definitions that come behind the data: indexes, constraints, triggers.
    PostData,
}

/// Where the data of an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// There is none.
    Nowhere,
    /// Somewhere in the data area: the archive was written to a pipe.
    Unknown,
    /// The block starts at this offset of the archive.
    At(u64),
    /// A file of a directory, or a member of a tar archive.
    File(Vec<u8>),
}

/// Reads the head and the table of contents from where the scan is.
pub(crate) fn read(
    scan: &mut Scan,
    format: Format,
    limit: u64,
) -> Result<(Header, Sizes, Vec<Entry>), Error> {
    let (header, sizes, count) = header::read(scan, format, limit)?;
    let mut toc = Primitives { scan, sizes, limit, begin: 0, taken: 0 };
    let mut entries = Vec::new();
    let mut ids = HashSet::new();
    for _ in 0..count {
        let entry = read_one(&mut toc, header.version, header.format, false)?;
        if !ids.insert(entry.id) {
            let what = format!("two entries have the same id: {}", entry.id);
            return Err(toc.scan.damaged(entry.at, what));
        }
        toc.taken += size_of::<Entry>() as u64;
        entries.push(entry);
    }
    Ok((header, sizes, entries))
}

/// Reads one entry; `again` says that the table of contents is the copy behind the data.
pub(crate) fn read_one(
    toc: &mut Primitives<'_>,
    version: (u8, u8, u8),
    format: Format,
    again: bool,
) -> Result<Entry, Error> {
    let at = toc.scan.offset();
    let id = match toc.int()? {
        id @ 1..=0x7fff_ffff => id as u32,
        id => return Err(toc.scan.damaged(at, format!("impossible id of an entry: {id}"))),
    };
    let has_data = match toc.int()? {
        0 => false,
        1 => true,
        flag => return Err(toc.scan.damaged(at, format!("impossible data flag of entry {id}: {flag}"))),
    };
    let table_oid = number(toc, "catalog")?;
    let oid = number(toc, "OID")?;
    let tag = toc.string()?.unwrap_or_default();
    let desc = toc.string()?.unwrap_or_default();
    let section = if version >= (1, 11, 0) {
        let at = toc.scan.offset();
        match toc.int()? {
            1 => Section::None,
            2 => Section::PreData,
            3 => Section::Data,
            4 => Section::PostData,
            other => return Err(toc.scan.damaged(at, format!("impossible section of entry {id}: {other}"))),
        }
    } else {
        section_of(&desc)
    };
    let (definition, drop) = match (toc.string()?, desc.as_slice()) {
        // The definition of statistics was skipped when the table was written once more; see `second_contents`.
        (None, b"STATISTICS DATA") if again => (Vec::new(), Vec::new()),
        (definition, _) => (definition.unwrap_or_default(), toc.string()?.unwrap_or_default()),
    };
    let copy = toc.string()?;
    let namespace = toc.string()?.filter(|name| !name.is_empty());
    let tablespace = toc.string()?;
    let access_method = if version >= (1, 14, 0) { toc.string()? } else { None };
    let relkind = if version >= (1, 16, 0) {
        let at = toc.scan.offset();
        match toc.int()? {
            0 => None,
            kind @ 1..=255 => Some(kind as u8),
            kind => return Err(toc.scan.damaged(at, format!("impossible kind of relation: {kind}"))),
        }
    } else {
        None
    };
    let owner = toc.string()?.unwrap_or_default();
    let with_oids = toc.string()?.as_deref() == Some(b"true");
    let mut dependencies = Vec::new();
    loop {
        let at = toc.scan.offset();
        match toc.string()? {
            None => break,
            Some(text) => {
                dependencies.push(decimal(&text).ok_or_else(|| {
                    toc.scan.damaged(at, format!("a dependency of entry {id} is no number"))
                })?)
            }
        }
    }
    let place = read_place(toc, format, id, has_data)?;
    Ok(Entry {
        id,
        has_data,
        table_oid,
        oid,
        tag,
        desc,
        section,
        definition,
        drop,
        copy,
        namespace,
        tablespace,
        access_method,
        relkind,
        owner,
        with_oids,
        dependencies,
        at,
        place,
    })
}

/// Reads what the format adds to an entry (`ReadExtraToc` of `pg_backup_custom.c` and the others).
fn read_place(toc: &mut Primitives<'_>, format: Format, id: u32, has_data: bool) -> Result<Place, Error> {
    let at = toc.scan.offset();
    let place = if matches!(format, Format::Custom { .. }) {
        match toc.offset()? {
            (1, _) => Place::Unknown,
            (2, offset) => Place::At(offset),
            (3, _) => Place::Nowhere,
            (flag, _) => {
                return Err(toc.scan.damaged(at, format!("impossible offset flag of entry {id}: {flag}")));
            }
        }
    } else {
        match toc.string()? {
            Some(name) if !name.is_empty() => Place::File(name),
            _ => Place::Nowhere,
        }
    };
    if has_data == (place == Place::Nowhere) {
        let what = format!("whether entry {id} has data is said in two ways");
        return Err(toc.scan.damaged(at, what));
    }
    Ok(place)
}

fn number(toc: &mut Primitives<'_>, what: &str) -> Result<u32, Error> {
    let at = toc.scan.offset();
    let text = toc.string()?.unwrap_or_default();
    decimal(&text).ok_or_else(|| toc.scan.damaged(at, format!("{what} is no number")))
}

/// Reads a decimal number without sign.
pub(crate) fn decimal(text: &[u8]) -> Option<u32> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Returns the section of an entry in archives that do not name it, by `ReadToc`'s own rules.
fn section_of(desc: &[u8]) -> Section {
    match desc {
        b"COMMENT" | b"ACL" | b"ACL LANGUAGE" => Section::None,
        b"TABLE DATA" | b"BLOBS" | b"BLOB COMMENTS" => Section::Data,
        b"CONSTRAINT" | b"CHECK CONSTRAINT" | b"FK CONSTRAINT" | b"INDEX" | b"RULE" | b"TRIGGER" => {
            Section::PostData
        }
        _ => Section::PreData,
    }
}

/// The entries with data, and which of them has been seen.
pub(crate) struct Expected<'a> {
    pub(crate) entries: &'a [Entry],
    by_id: HashMap<u32, usize>,
    seen: HashSet<usize>,
}

impl<'a> Expected<'a> {
    pub(crate) fn new(entries: &'a [Entry]) -> Expected<'a> {
        let by_id = entries.iter().enumerate().map(|(index, entry)| (entry.id, index)).collect();
        Expected { entries, by_id, seen: HashSet::new() }
    }

    /// Notes the data of an entry, and returns its index or what is wrong with it.
    pub(crate) fn meet(&mut self, id: i64, blobs: bool) -> Result<usize, String> {
        let found = u32::try_from(id).ok().and_then(|id| self.by_id.get(&id).copied());
        let index =
            found.ok_or_else(|| format!("data of an entry that is not in the table of contents: {id}"))?;
        self.meet_index(index, blobs)?;
        Ok(index)
    }

    /// Notes the data of the entry with this index.
    pub(crate) fn meet_index(&mut self, index: usize, blobs: bool) -> Result<(), String> {
        let entry = &self.entries[index];
        if !entry.has_data {
            return Err(format!("data of an entry that has none: {}", entry.name()));
        }
        if blobs != entry.is_blobs() {
            return Err(format!("rows and large objects mixed up: {}", entry.name()));
        }
        if !self.seen.insert(index) {
            return Err(format!("data is there twice: {}", entry.name()));
        }
        Ok(())
    }

    /// Returns the first entry with data that was not met.
    pub(crate) fn missing(&self) -> Option<&'a Entry> {
        let mut all = self.entries.iter().enumerate();
        all.find(|(index, entry)| entry.has_data && !self.seen.contains(index)).map(|(_, entry)| entry)
    }

    /// Returns the index of the first entry with large objects that was not met.
    pub(crate) fn next_blobs(&self) -> Option<usize> {
        let mut all = self.entries.iter().enumerate();
        all.find(|(index, entry)| entry.has_data && entry.is_blobs() && !self.seen.contains(index))
            .map(|(index, _)| index)
    }
}
