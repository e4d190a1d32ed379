//! The members of a tar archive (`pg_backup_tar.c`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufRead, Read};
use std::path::Path;

use crate::decompress::{Compression, Wrapping};
use crate::entry::{Entry, Expected, Place, decimal};
use crate::header::Header;
use crate::piece::{Manner, Piece, Raw, Visitor, deliver};
use crate::scan::{Positioned, Scan};
use crate::{Error, Room, pool};

/// The size of a header, and what members are padded to, in bytes.
const BLOCK: usize = 512;

/// Members are never compressed.
const STORED: Manner = Manner { compression: Compression::None, wrapping: Wrapping::File, ahead: false };

/// The member with a script that `pg_restore` does not read.
const SCRIPT: &[u8] = b"restore.sql";

/// Called with the index of an entry, the OID of a large object, and the bytes of the member.
type OnMember<'v> = dyn FnMut(usize, Option<u32>, &mut Member<'_>) -> Result<(), Error> + 'v;

/// Reads the header of the first member, which must be the table of contents, and returns its size.
pub(crate) fn first(scan: &mut Scan) -> Result<u64, Error> {
    match header(scan)? {
        Some((name, size)) if name == b"toc.dat" => Ok(size),
        Some((name, _)) => {
            let name = String::from_utf8_lossy(&name).into_owned();
            let what =
                format!("the first member of the tar file is not `toc.dat`, so it is no archive: `{name}`");
            Err(scan.damaged(0, what))
        }
        None => Err(scan.damaged(0, "a tar file without members")),
    }
}

/// Names the members with the lists of large objects (`_StartLOs`).
///
/// A tar's table of contents says `<id>.dat` for them, but there is no such member.
pub(crate) fn name_lists(header: &Header, entries: &mut [Entry]) {
    for entry in entries.iter_mut().filter(|entry| entry.has_data && entry.is_blobs()) {
        let single = header.version < (1, 16, 0);
        let name = if single { "blobs.toc".to_owned() } else { format!("blobs_{}.toc", entry.id) };
        entry.place = Place::File(name.into_bytes());
    }
}

/// Skips what a member of `size` bytes is padded with.
pub(crate) fn padding(scan: &mut Scan, size: u64) -> Result<(), Error> {
    // Less than a block.
    let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
    let at = scan.offset();
    if scan.bytes(padding)?.iter().any(|byte| *byte != 0) {
        return Err(scan.damaged(at, "the padding of a member of the tar file is not zero"));
    }
    Ok(())
}

/// Reads a member's header and returns its name and size, or nothing at the end mark.
fn header(scan: &mut Scan) -> Result<Option<(Vec<u8>, u64)>, Error> {
    let at = scan.offset();
    let block: [u8; BLOCK] = scan.array()?;
    if block == [0; BLOCK] {
        return Ok(None);
    }
    let header = tar::Header::from_byte_slice(&block);
    let sum = |block: &[u8]| block.iter().map(|byte| u32::from(*byte)).sum::<u32>();
    // The checksum is taken with blanks in its own place.
    let expected = sum(&block[..148]) + 8 * u32::from(b' ') + sum(&block[156..]);
    if header.cksum().ok() != Some(expected) {
        return Err(scan.damaged(at, "wrong checksum of a header in the tar file"));
    }
    if !header.entry_type().is_file() {
        return Err(scan.damaged(at, "a member of the tar file is no file"));
    }
    let size =
        header.entry_size().map_err(|_| scan.damaged(at, "impossible size of a member of the tar file"))?;
    Ok(Some((header.path_bytes().into_owned(), size)))
}

/// Goes through all members behind the table of contents.
fn members(scan: &mut Scan, entries: &[Entry], on_member: &mut OnMember<'_>) -> Result<(), Error> {
    let mut expected = Expected::new(entries);
    let mut names = HashMap::new();
    for (index, entry) in entries.iter().enumerate() {
        if let Place::File(name) = &entry.place
            && names.insert(name.as_slice(), index).is_some()
        {
            return Err(scan.damaged(entry.at, format!("another entry has the same file: {}", entry.name())));
        }
    }
    // Large objects come before the list that belongs to them.
    let mut unlisted: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    let mut objects = BTreeSet::new();
    let mut script = false;
    loop {
        let at = scan.offset();
        let Some((name, size)) = header(scan)? else { break };
        let shown = || String::from_utf8_lossy(&name).into_owned();
        let wrong = |scan: &Scan, what: String| Err(scan.damaged(at, what));
        let mut member = Member { scan: &mut *scan, left: size };
        if let Some(index) = names.get(name.as_slice()).copied() {
            let blobs = entries[index].is_blobs();
            if let Err(what) = expected.meet_index(index, blobs) {
                return wrong(scan, what);
            }
            if blobs {
                let listed = list(&mut member, at)?;
                if listed.iter().map(|(oid, name)| (name, oid)).ne(unlisted.iter()) {
                    return wrong(
                        scan,
                        format!("the list names other large objects than there are: `{}`", shown()),
                    );
                }
                unlisted.clear();
            } else {
                on_member(index, None, &mut member)?;
            }
        } else if let Some(oid) = object(&name) {
            let Some(index) = expected.next_blobs() else {
                return wrong(scan, format!("a large object that no list names: `{}`", shown()));
            };
            if !objects.insert(oid) {
                return wrong(scan, format!("a member is there twice: `{}`", shown()));
            }
            unlisted.insert(name.clone(), oid);
            on_member(index, Some(oid), &mut member)?;
        } else if name == SCRIPT && !script {
            script = true;
        } else {
            return wrong(scan, format!("a member that does not belong there: `{}`", shown()));
        }
        member.skip_rest()?;
        padding(scan, size)?;
    }
    end(scan)?;
    let at = scan.offset();
    if let Some(entry) = expected.missing() {
        return Err(scan.damaged(at, format!("the data is missing: {}", entry.name())));
    }
    if let Some(name) = unlisted.keys().next() {
        let name = String::from_utf8_lossy(name).into_owned();
        return Err(scan.damaged(at, format!("a large object that no list names: `{name}`")));
    }
    if !script {
        return Err(scan.damaged(at, "a member is missing: `restore.sql`"));
    }
    Ok(())
}

/// Reads what is behind the first block of zeros: another one, and at most more zeros.
fn end(scan: &mut Scan) -> Result<(), Error> {
    let at = scan.offset();
    if scan.array::<BLOCK>()? != [0; BLOCK] {
        return Err(scan.damaged(at, "the end mark of the tar file is broken"));
    }
    loop {
        let at = scan.offset();
        let here = scan.fill()?;
        let size = here.len();
        if size == 0 {
            return Ok(());
        }
        if here.iter().any(|byte| *byte != 0) {
            return Err(scan.damaged(at, "more bytes behind the end of the tar file"));
        }
        scan.take(size);
    }
}

/// Returns the OID that the name of a large object's member holds.
fn object(name: &[u8]) -> Option<u32> {
    decimal(name.strip_prefix(b"blob_")?.strip_suffix(b".dat")?)
}

/// Reads the list of large objects, sorted by file name.
fn list(member: &mut Member<'_>, at: u64) -> Result<Vec<(u32, Vec<u8>)>, Error> {
    let path = member.scan.path().to_path_buf();
    let mut list = crate::directory::list(member, &path, at)?;
    list.sort_by(|a, b| a.1.cmp(&b.1));
    Ok(list)
}

/// Goes through the members in order.
pub(crate) fn walk(scan: &mut Scan, entries: &[Entry], visit: &mut Visitor<'_>) -> Result<(), Error> {
    let path = scan.path().to_path_buf();
    members(scan, entries, &mut |index, large_object, member| {
        deliver(member, (&entries[index], large_object), &path, STORED, visit)
    })
}

/// Goes through the members of a file, several at once.
pub(crate) fn walk_parallel(
    file: &Positioned,
    start: u64,
    path: &Path,
    entries: &[Entry],
    threads: usize,
    rank: &dyn Fn(&Entry) -> usize,
    visit: &(dyn Fn(Piece<'_>, &mut dyn Read) -> io::Result<()> + Sync),
) -> Result<(), Error> {
    let mut found = Vec::new();
    members(&mut Scan::file(file, path, start), entries, &mut |index, large_object, member| {
        found.push((index, large_object, member.offset(), member.left));
        Ok(())
    })?;
    let sizes: Vec<u64> = found.iter().map(|(.., size)| *size).collect();
    pool::run(threads, &sizes, &|job| rank(&entries[found[job].0]), &|job| {
        let (index, large_object, offset, left) = found[job];
        let mut scan = Scan::file(file, path, offset);
        let mut member = Member { scan: &mut scan, left };
        deliver(&mut member, (&entries[index], large_object), path, STORED, &mut |piece, reader| {
            visit(piece, reader)
        })
    })
}

/// The bytes of one member, without padding.
pub(crate) struct Member<'a> {
    scan: &'a mut Scan,
    left: u64,
}

impl BufRead for Member<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let at = self.scan.offset();
        if self.scan.fill_buf()?.is_empty() {
            return Err(self.scan.ends_early(at).into_io());
        }
        let here = self.scan.fill_buf()?;
        let size = usize::try_from(self.left).map_or(here.len(), |left| left.min(here.len()));
        Ok(&here[..size])
    }

    fn consume(&mut self, amount: usize) {
        self.scan.take(amount);
        self.left = self.left.saturating_sub(amount as u64);
    }
}

impl Read for Member<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if size == 0 {
            return Ok(0);
        }
        let at = self.scan.offset();
        let read = self.scan.read(&mut buffer[..size])?;
        if read == 0 {
            return Err(self.scan.ends_early(at).into_io());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

impl Raw for Member<'_> {
    fn offset(&self) -> u64 {
        self.scan.offset()
    }

    fn room(&self) -> &Room {
        self.scan.room()
    }

    fn skip_rest(&mut self) -> Result<(), Error> {
        self.scan.skip(self.left)?;
        self.left = 0;
        Ok(())
    }
}
