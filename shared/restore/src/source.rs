//! The data of a dump, read again where the plan says that it is.

use std::collections::HashMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use archive::{Content, Entry, Plain};

use crate::Error;
use crate::plan::{Location, RowsPlan};

/// Gives the data of a dump that a [`Plan`](crate::Plan) was read from.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A plain file, in which one can jump.
    Seekable,
    /// A plain dump that has to be read from its beginning.
    Stream,
    Archive,
}

/// What a visitor gets besides the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Data<'p> {
    /// The index of the step.
    pub step: usize,
    pub rows: &'p RowsPlan,
    /// The large object, if it is one of an archive.
    pub large_object: Option<LargeObject>,
}

/// A large object of an archive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LargeObject {
    pub number: u32,
    /// Whether its data makes it, as in archives in which no entry does: those before version 1.12 (`K_VERS_1_12` in
    /// pg_backup_archiver.h), PostgreSQL 9.0's.
    pub is_made: bool,
}

/// Data that is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'p> {
    /// The index of the step.
    pub step: usize,
    pub rows: &'p RowsPlan,
    /// All of a lower rank comes before any of a higher one.
    pub rank: usize,
}

pub(crate) type Visitor<'v> = dyn Fn(Data<'_>, &mut dyn Read) -> io::Result<()> + Sync + 'v;

impl Source {
    pub(crate) fn plain(path: &Path, seekable: bool) -> Source {
        let kind = if seekable { Kind::Seekable } else { Kind::Stream };
        Source { path: path.to_owned(), kind }
    }

    pub(crate) fn archive(path: &Path) -> Source {
        Source { path: path.to_owned(), kind: Kind::Archive }
    }

    /// Visits the data of steps, that of several of one rank at once where the input allows it, then the longest first.
    pub(crate) fn visit(
        &self,
        threads: usize,
        steps: &[Wanted<'_>],
        visitor: &Visitor<'_>,
    ) -> Result<(), Error> {
        match self.kind {
            Kind::Seekable => self.visit_ranges(threads, steps, visitor),
            Kind::Stream => self.visit_stream(steps, visitor),
            Kind::Archive => self.visit_archive(threads, steps, visitor),
        }
    }

    fn open_plain(&self) -> Result<Plain, Error> {
        match archive::open(&self.path)?.content {
            Content::Plain(plain) => Ok(plain),
            _ => Err(Error::Reread(changed())),
        }
    }

    fn visit_ranges(&self, threads: usize, steps: &[Wanted<'_>], visitor: &Visitor<'_>) -> Result<(), Error> {
        let mut ranges = ranges(steps);
        if threads > 1 {
            ranges.sort_by_key(|range| (range.rank, std::cmp::Reverse(range.len)));
        }
        ranges
            .chunk_by(|one, other| one.rank == other.rank)
            .try_for_each(|ranges| self.visit_at_once(threads, ranges, visitor))
    }

    fn visit_at_once(
        &self,
        threads: usize,
        ranges: &[Range<'_>],
        visitor: &Visitor<'_>,
    ) -> Result<(), Error> {
        let next = AtomicUsize::new(0);
        let failed = Mutex::new(None);
        let work = || -> Result<(), Error> {
            let mut plain = self.open_plain()?;
            while let Some(range) = ranges.get(next.fetch_add(1, Ordering::Relaxed)) {
                plain.seek(range.start).map_err(Error::Reread)?;
                deliver(&mut plain, range.data, range.len, visitor)?;
            }
            Ok(())
        };
        thread::scope(|scope| {
            for _ in 0..threads.clamp(1, ranges.len().max(1)) {
                scope.spawn(|| {
                    if let Err(error) = work() {
                        // The others find nothing more to do.
                        next.store(ranges.len(), Ordering::Relaxed);
                        failed.lock().unwrap_or_else(|poison| poison.into_inner()).get_or_insert(error);
                    }
                });
            }
        });
        failed.into_inner().unwrap_or_else(|poison| poison.into_inner()).map_or(Ok(()), Err)
    }

    fn visit_stream(&self, steps: &[Wanted<'_>], visitor: &Visitor<'_>) -> Result<(), Error> {
        let mut plain = self.open_plain()?;
        let mut at = plain.offset();
        for Range { data, start, len, .. } in ranges(steps) {
            let gap = start.checked_sub(at).ok_or_else(|| Error::Reread(changed()))?;
            let skipped = io::copy(&mut (&mut plain).take(gap), &mut io::sink()).map_err(Error::Reread)?;
            if skipped != gap {
                return Err(Error::Reread(changed()));
            }
            deliver(&mut plain, data, len, visitor)?;
            at = start + len;
        }
        Ok(())
    }

    fn visit_archive(
        &self,
        threads: usize,
        steps: &[Wanted<'_>],
        visitor: &Visitor<'_>,
    ) -> Result<(), Error> {
        let mut by_entry: HashMap<u32, &Wanted<'_>> = HashMap::new();
        for wanted in steps {
            if let Location::Entry(id) = wanted.rows.location {
                by_entry.insert(id, wanted);
            }
        }
        let rank = |entry: &Entry| by_entry.get(&entry.id).map_or(0, |wanted| wanted.rank);
        let Content::Archive(mut archive) = archive::open(&self.path)?.content else {
            return Err(Error::Reread(changed()));
        };
        let is_made = archive.header.version < (1, 12, 0);
        let result =
            archive.visit_ranked(threads, &rank, &|piece, data| match by_entry.get(&piece.entry.id) {
                Some(Wanted { step, rows, .. }) => {
                    let large_object = piece.large_object.map(|number| LargeObject { number, is_made });
                    visitor(Data { step: *step, rows, large_object }, data)
                }
                None => Ok(()),
            });
        result.map_err(|error| match error {
            archive::Error::Visitor(error) => unwrapped(error),
            error => error.into(),
        })
    }
}

/// Where data stands in a plain dump.
struct Range<'p> {
    data: Data<'p>,
    rank: usize,
    start: u64,
    len: u64,
}

fn ranges<'p>(steps: &[Wanted<'p>]) -> Vec<Range<'p>> {
    let range = |wanted: &Wanted<'p>| match wanted.rows.location {
        Location::Range { start, len } => {
            let data = Data { step: wanted.step, rows: wanted.rows, large_object: None };
            Some(Range { data, rank: wanted.rank, start: start.byte, len })
        }
        Location::Entry(_) => None,
    };
    steps.iter().filter_map(range).collect()
}

/// Hands the next `len` bytes to the visitor, and jumps over those it leaves.
fn deliver(plain: &mut Plain, data: Data<'_>, len: u64, visitor: &Visitor<'_>) -> Result<(), Error> {
    let mut range = plain.take(len);
    visitor(data, &mut range).map_err(unwrapped)?;
    io::copy(&mut range, &mut io::sink()).map_err(Error::Reread)?;
    match range.limit() {
        0 => Ok(()),
        _ => Err(Error::Reread(changed())),
    }
}

fn changed() -> io::Error {
    io::Error::other("the file changed while it was read")
}

/// Packs an error for the way through a reader's visitor.
pub(crate) fn wrapped(error: Error) -> io::Error {
    io::Error::other(error)
}

fn unwrapped(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::Reread(error),
    }
}
