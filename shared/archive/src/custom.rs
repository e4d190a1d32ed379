//! The data area of a custom archive (`pg_backup_custom.c`).

use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::decompress::{Compression, Wrapping};
use crate::entry::{Entry, Expected, Place, read_one};
use crate::header::{self, Primitives, Sizes};
use crate::piece::{Manner, Piece, Raw, Visitor, deliver};
use crate::scan::{Positioned, Scan};
use crate::{Error, Format, Room, pool};

/// What is the same for all blocks.
#[derive(Clone, Copy)]
pub(crate) struct Area {
    pub(crate) sizes: Sizes,
    pub(crate) compression: Compression,
    /// The version of the archive format.
    pub(crate) version: (u8, u8, u8),
    /// Where the table of contents ends and the first block starts.
    pub(crate) start: u64,
    /// Whether long pieces are decompressed in a thread of their own.
    pub(crate) ahead: bool,
}

/// The block of an entry's data: where it starts, counted from 0, and which entry it is.
struct Block {
    start: u64,
    index: usize,
}

impl Area {
    /// Goes through all blocks in order, from the first one on.
    pub(crate) fn walk(
        &self,
        scan: &mut Scan,
        entries: &[Entry],
        visit: &mut Visitor<'_>,
    ) -> Result<(), Error> {
        self.blocks(scan, entries, visit).map(drop)
    }

    /// Goes through all blocks, and returns them and the offset behind the last one.
    fn blocks(
        &self,
        scan: &mut Scan,
        entries: &[Entry],
        visit: &mut Visitor<'_>,
    ) -> Result<(Vec<Block>, u64), Error> {
        let mut expected = Expected::new(entries);
        let mut blocks = Vec::new();
        let mut objects = Vec::new();
        loop {
            let start = scan.offset();
            let kind = scan.fill()?.first().copied();
            if kind.is_none() || (kind == Some(0) && expected.missing().is_none()) {
                break;
            }
            let (id, blobs) = self.block_head(scan)?;
            let index = expected.meet(id, blobs).map_err(|what| scan.damaged(start, what))?;
            check_place(scan, &entries[index], start)?;
            self.block_body(scan, &entries[index], &mut objects, visit)?;
            blocks.push(Block { start, index });
        }
        no_twins(scan.path(), objects)?;
        let end = scan.offset();
        if let Some(entry) = expected.missing() {
            return Err(scan.damaged(end, format!("the data is missing: {}", entry.name())));
        }
        if !scan.fill()?.is_empty() {
            self.second_contents(scan, entries, &blocks)?;
        }
        Ok((blocks, end))
    }

    /// Reads the table of contents that may come once more behind the data, and compares it with the first.
    ///
    /// When all data is written, pg_dump goes back to write the places of the blocks into the table of contents. From
    /// PostgreSQL 16 on that fails for `pg_dump -Fc >file`: by then it has opened the standard output once more, for
    /// appending, and so the table comes behind the data and the first one stays without places. `pg_restore` does
    /// not look there.
    fn second_contents(&self, scan: &mut Scan, entries: &[Entry], blocks: &[Block]) -> Result<(), Error> {
        let at = scan.offset();
        let wrong = |scan: &Scan, at| {
            scan.damaged(at, "more bytes behind the data, and no copy of the table of contents")
        };
        if entries.iter().any(|entry| matches!(entry.place, Place::At(_))) {
            return Err(wrong(scan, at));
        }
        // It is shorter than the head and the first table together.
        let limit = at.saturating_add(self.start);
        let mut toc = Primitives { scan, sizes: self.sizes, limit, begin: at, taken: 0 };
        if usize::try_from(toc.int()?).ok() != Some(entries.len()) {
            return Err(wrong(toc.scan, at));
        }
        let starts: HashMap<usize, u64> = blocks.iter().map(|block| (block.index, block.start)).collect();
        for (index, first) in entries.iter().enumerate() {
            let again = read_one(&mut toc, self.version, Format::Custom { version: None }, true)?;
            let place = starts.get(&index).map_or(Place::Nowhere, |start| Place::At(*start));
            let mut expected = Entry { at: again.at, place, ..first.clone() };
            if again.desc == b"STATISTICS DATA" && again.definition.is_empty() {
                // `WriteToc` of 18 makes statistics once only: the second time it seeks to where they end.
                expected.definition.clear();
            }
            if again != expected {
                return Err(wrong(toc.scan, again.at));
            }
        }
        let end = scan.offset();
        if !scan.fill()?.is_empty() {
            return Err(scan.damaged(end, "more bytes behind the second table of contents"));
        }
        Ok(())
    }

    /// Reads the type of a block and the id of its entry.
    fn block_head(&self, scan: &mut Scan) -> Result<(i64, bool), Error> {
        let at = scan.offset();
        let blobs = match scan.byte()? {
            1 => false,
            3 => true,
            kind => return Err(scan.damaged(at, format!("neither a block of data nor the end: type {kind}"))),
        };
        Ok((header::int(scan, self.sizes.int)?, blobs))
    }

    /// Reads a block behind its head; `objects` takes the OIDs of large objects, and where each begins.
    fn block_body(
        &self,
        scan: &mut Scan,
        entry: &Entry,
        objects: &mut Vec<(u32, u64)>,
        visit: &mut Visitor<'_>,
    ) -> Result<(), Error> {
        if !entry.is_blobs() {
            return self.chunks(scan, entry, None, visit);
        }
        loop {
            let at = scan.offset();
            let oid = match header::int(scan, self.sizes.int)? {
                0 => return Ok(()),
                // OIDs above 2^31 were written as negative numbers.
                oid @ -0x8000_0000..=0xffff_ffff => oid as u32,
                oid => return Err(scan.damaged(at, format!("impossible OID of a large object: {oid}"))),
            };
            objects.push((oid, at));
            self.chunks(scan, entry, Some(oid), visit)?;
        }
    }

    fn chunks(
        &self,
        scan: &mut Scan,
        entry: &Entry,
        large_object: Option<u32>,
        visit: &mut Visitor<'_>,
    ) -> Result<(), Error> {
        let path = scan.path().to_path_buf();
        let mut chunks = Chunks { scan, int: self.sizes.int, left: 0, ended: false, failed: None };
        let manner = Manner { compression: self.compression, wrapping: Wrapping::Piece, ahead: self.ahead };
        deliver(&mut chunks, (entry, large_object), &path, manner, visit)
            .map_err(|error| error.within(&entry.name()))
    }

    /// Goes through the blocks of a file, several at once.
    pub(crate) fn walk_parallel(
        &self,
        file: &Positioned,
        path: &Path,
        entries: &[Entry],
        threads: usize,
        rank: &dyn Fn(&Entry) -> usize,
        visit: &(dyn Fn(Piece<'_>, &mut dyn Read) -> io::Result<()> + Sync),
    ) -> Result<(), Error> {
        let (mut blocks, end) = match self.placed(path, entries, file.len)? {
            Some(blocks) => (blocks, file.len),
            None => self.blocks(&mut Scan::file(file, path, self.start), entries, &mut |_, _| Ok(()))?,
        };
        blocks.sort_by_key(|block| block.start);
        let next = |job: usize| blocks.get(job + 1).map_or(end, |block| block.start);
        let sizes: Vec<u64> = (0..blocks.len()).map(|job| next(job) - blocks[job].start).collect();
        let fair_share = pool::fair_share(&sizes, threads);
        let (scans, objects) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let spare =
            || scans.lock().ok().and_then(|mut scans: std::sync::MutexGuard<'_, Vec<Scan>>| scans.pop());
        let work = |job: usize| {
            let Block { start, index } = blocks[job];
            let entry = &entries[index];
            let mut scan = spare().unwrap_or_else(|| Scan::file(file, path, start));
            scan.seek(start);
            let (id, blobs) = self.block_head(&mut scan)?;
            if id != i64::from(entry.id) || blobs != entry.is_blobs() {
                return Err(not_there(&scan, entry, start));
            }
            let area = Area { ahead: sizes[job] > fair_share, ..*self };
            let mut own = Vec::new();
            area.block_body(&mut scan, entry, &mut own, &mut |piece, reader| visit(piece, reader))?;
            objects.lock().unwrap_or_else(PoisonError::into_inner).append(&mut own);
            // Blocks that touch each other, from the first byte to the last, leave no room for another.
            if scan.offset() != next(job) {
                let what = format!("the block does not end where the next one starts, at {}", next(job));
                return Err(scan.damaged(scan.offset(), what));
            }
            if let Ok(mut scans) = scans.lock() {
                scans.push(scan);
            }
            Ok(())
        };
        pool::run(threads, &sizes, &|job| rank(&entries[blocks[job].index]), &work)?;
        no_twins(path, objects.into_inner().unwrap_or_else(PoisonError::into_inner))?;
        // With no block at all there may still be bytes.
        if blocks.is_empty() {
            self.walk(&mut Scan::file(file, path, self.start), entries, &mut |_, _| Ok(()))?;
        }
        Ok(())
    }

    /// Returns the blocks as the table of contents places them, or nothing if it does not.
    fn placed(&self, path: &Path, entries: &[Entry], len: u64) -> Result<Option<Vec<Block>>, Error> {
        let mut blocks = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            match entry.place {
                Place::At(start) if (self.start..len).contains(&start) => blocks.push(Block { start, index }),
                Place::At(start) => {
                    let what = format!("the data is not inside of the file: {}", entry.name());
                    return Err(Error::damaged(path, start, what));
                }
                Place::Unknown => return Ok(None),
                Place::Nowhere | Place::File(_) => {}
            }
        }
        if blocks.iter().all(|block| block.start != self.start) && !blocks.is_empty() {
            return Err(Error::damaged(
                path,
                self.start,
                "no block of data directly behind the table of contents",
            ));
        }
        Ok(Some(blocks))
    }
}

/// Compares a block's place with what the table of contents says.
fn check_place(scan: &Scan, entry: &Entry, start: u64) -> Result<(), Error> {
    match entry.place {
        Place::At(place) if place != start => Err(not_there(scan, entry, place)),
        _ => Ok(()),
    }
}

/// Makes sure that no large object is there twice, wherever each was met.
fn no_twins(path: &Path, mut objects: Vec<(u32, u64)>) -> Result<(), Error> {
    objects.sort_unstable();
    let twin = objects.windows(2).find(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1]);
    let wrong = |(oid, at)| Error::damaged(path, at, format!("a large object is there twice: {oid}"));
    twin.map_or(Ok(()), |twin| Err(wrong(twin)))
}

fn not_there(scan: &Scan, entry: &Entry, place: u64) -> Error {
    scan.damaged(place, format!("the data is not where the table of contents says: {}", entry.name()))
}

/// The bytes of one table or large object: chunks with their lengths, up to one of length 0.
struct Chunks<'a> {
    scan: &'a mut Scan,
    /// The size of a length, in bytes.
    int: usize,
    /// Bytes of the present chunk that are not taken yet.
    left: u64,
    ended: bool,
    /// An error that waits for the next read, because bytes before it were given out first.
    failed: Option<Error>,
}

impl Chunks<'_> {
    /// Goes to the next byte of data, over the head of a chunk if need be.
    fn advance(&mut self) -> Result<(), Error> {
        if self.left == 0 && !self.ended {
            let at = self.scan.offset();
            let length = header::int(self.scan, self.int)?;
            self.left = u64::try_from(length)
                .map_err(|_| self.scan.damaged(at, format!("impossible length of a chunk: {length}")))?;
            self.ended = self.left == 0;
        }
        Ok(())
    }

    fn here(&mut self) -> Result<&[u8], Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        self.advance()?;
        if self.ended {
            return Ok(&[]);
        }
        let at = self.scan.offset();
        if self.scan.fill()?.is_empty() {
            return Err(self.scan.ends_early(at));
        }
        let here = self.scan.fill()?;
        let size = usize::try_from(self.left).map_or(here.len(), |left| left.min(here.len()));
        Ok(&here[..size])
    }
}

impl BufRead for Chunks<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.here().map_err(Error::into_io)
    }

    fn consume(&mut self, amount: usize) {
        self.scan.take(amount);
        self.left = self.left.saturating_sub(amount as u64);
    }
}

/// Fills the buffer over many chunks, because without compression each row is one.
impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            let here = match self.here() {
                Ok(here) => here,
                Err(error) if filled > 0 => {
                    self.failed = Some(error);
                    return Ok(filled);
                }
                Err(error) => return Err(error.into_io()),
            };
            let size = here.len().min(buffer.len() - filled);
            if size == 0 {
                break;
            }
            buffer[filled..filled + size].copy_from_slice(&here[..size]);
            self.consume(size);
            filled += size;
        }
        Ok(filled)
    }
}

impl Raw for Chunks<'_> {
    fn offset(&self) -> u64 {
        self.scan.offset()
    }

    fn room(&self) -> &Room {
        self.scan.room()
    }

    fn skip_rest(&mut self) -> Result<(), Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while !self.ended {
            self.scan.skip(self.left)?;
            self.left = 0;
            self.advance()?;
        }
        Ok(())
    }
}
