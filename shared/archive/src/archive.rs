//! An open archive of any format.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::custom::Area;
use crate::decompress::Compression;
use crate::entry::{self, Entry};
use crate::header::Header;
use crate::piece::{Piece, Visitor};
use crate::scan::{Positioned, Scan};
use crate::{Error, Format, Room, Stop, custom, directory, tar};

/// An archive that `pg_dump` wrote in its custom, tar or directory format; see [`crate::open`].
///
/// ```no_run
/// use std::io::Read;
///
/// let mut input = archive::open("shop.dump".as_ref())?;
/// if let archive::Content::Archive(archive) = &mut input.content {
///     archive.visit(&mut |piece, reader| {
///         let mut rows = Vec::new();
///         reader.read_to_end(&mut rows)?;
///         assert!(piece.large_object.is_some() || !rows.is_empty());
///         Ok(())
///     })?;
/// }
/// # Ok::<(), archive::Error>(())
/// ```
pub struct Archive {
    /// What the first bytes say about the archive.
    pub header: Header,
    /// The table of contents, in the order in which a restore goes.
    pub entries: Vec<Entry>,
    path: PathBuf,
    store: Store,
    room: Room,
    stop: Stop,
}

enum Store {
    Custom { source: Source, area: Area },
    Tar { source: Source, start: u64 },
    Directory,
}

/// The bytes behind the table of contents.
enum Source {
    File(Positioned),
    Stream(Option<Scan>),
}

impl Source {
    fn new(scan: Scan) -> Source {
        match scan.positioned() {
            Some(file) => Source::File(file.clone()),
            None => Source::Stream(Some(scan)),
        }
    }

    fn scan(&mut self, path: &Path, start: u64) -> Result<Scan, Error> {
        match self {
            Source::File(file) => Ok(Scan::file(file, path, start)),
            Source::Stream(scan) => scan.take().ok_or_else(|| Error::Spent { path: path.to_path_buf() }),
        }
    }
}

impl Archive {
    /// Reads the table of contents of a custom archive.
    pub(crate) fn custom(mut scan: Scan) -> Result<Archive, Error> {
        let path = scan.path().to_path_buf();
        let room = scan.room().clone();
        let format = Format::Custom { version: None };
        let (mut header, sizes, entries) = entry::read(&mut scan, format, u64::MAX)?;
        header.format = Format::Custom { version: Some((header.version.0, header.version.1)) };
        let area = custom::Area {
            sizes,
            compression: header.compression,
            version: header.version,
            start: scan.offset(),
            ahead: true,
        };
        let store = Store::Custom { source: Source::new(scan), area };
        Ok(Archive { header, entries, path, store, room, stop: Stop::default() })
    }

    /// Reads the table of contents of a tar archive.
    pub(crate) fn tar(mut scan: Scan) -> Result<Archive, Error> {
        let path = scan.path().to_path_buf();
        let size = tar::first(&mut scan)?;
        let start = scan.offset();
        let end = start.checked_add(size).ok_or_else(|| scan.ends_early(start))?;
        let room = scan.room().clone();
        let (header, _, mut entries) = entry::read(&mut scan, Format::Tar, end)?;
        tar::name_lists(&header, &mut entries);
        if scan.offset() != end {
            return Err(scan.damaged(scan.offset(), "more bytes behind the table of contents"));
        }
        tar::padding(&mut scan, size)?;
        let start = scan.offset();
        let store = Store::Tar { source: Source::new(scan), start };
        Ok(Archive { header, entries, path, store, room, stop: Stop::default() })
    }

    /// Reads the table of contents of a directory.
    pub(crate) fn directory(path: &Path) -> Result<Archive, Error> {
        let mut scan = directory::contents(path)?;
        let (header, _, entries) = entry::read(&mut scan, Format::Directory, u64::MAX)?;
        if !scan.fill()?.is_empty() {
            return Err(scan.damaged(scan.offset(), "more bytes behind the table of contents"));
        }
        let room = scan.room().clone();
        Ok(Archive {
            header,
            entries,
            path: path.to_path_buf(),
            store: Store::Directory,
            room,
            stop: Stop::default(),
        })
    }

    /// Lets another thread end visits of this archive.
    pub fn stop_at(&mut self, stop: &Stop) {
        self.stop = stop.clone();
    }

    /// Returns how much memory may be taken for what is kept of the table of contents.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// Returns the large objects of a directory whose file should be compressed and is empty, with how it should be.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Archive::visit`] that a directory's files bring about before any is read.
    pub fn empty_files(&self) -> Result<Vec<(u32, Compression)>, Error> {
        match self.store {
            Store::Directory => directory::empty_files(&self.path, &self.entries),
            Store::Custom { .. } | Store::Tar { .. } => Ok(Vec::new()),
        }
    }

    /// Visits every piece of data in the order in which it is stored.
    ///
    /// The visitor gets a reader of the piece's decompressed bytes: `COPY` rows and the closing `\.`, or INSERTs, or the
    /// content of a large object. What it leaves unread is skipped and not decompressed; lengths and order are
    /// checked all the same. Only a piece that was read until the reader gave 0 bytes was checked to its last
    /// byte. A stream can be visited once. The rest of a compressed piece of more than 1 MiB is decompressed ahead, in
    /// a thread of its own.
    ///
    /// # Errors
    ///
    /// Returns [`Error::Damaged`] if the data is not complete or not what the table of contents says; in that case
    /// pieces may have been visited before. An error that the visitor returns ends the visit as [`Error::Visitor`].
    /// Errors of the reader come back as what they are, whatever the visitor makes of them. The others are
    /// [`Error::Read`], [`Error::Io`] and [`Error::Spent`].
    ///
    /// A directory's file that is left unread is only checked for its presence and its first bytes.
    pub fn visit(
        &mut self,
        visitor: &mut dyn FnMut(Piece<'_>, &mut dyn Read) -> io::Result<()>,
    ) -> Result<(), Error> {
        let stop = self.stop.clone();
        self.walk(&mut |piece, reader| visitor(piece, &mut stop.reader(reader)))
    }

    fn walk(&mut self, visit: &mut Visitor<'_>) -> Result<(), Error> {
        let Archive { entries, path, store, .. } = self;
        match store {
            Store::Custom { source, area } => area.walk(&mut source.scan(path, area.start)?, entries, visit),
            Store::Tar { source, start } => tar::walk(&mut source.scan(path, *start)?, entries, visit),
            Store::Directory => directory::walk(path, entries, visit),
        }
    }

    /// Visits every piece of data, several at once, the longest first; a stream's pieces come one by one.
    ///
    /// `threads` counts the calling one. The visitor is called from all of them. Otherwise as [`Archive::visit`].
    ///
    /// # Errors
    ///
    /// Returns the errors of [`Archive::visit`]. Of several, the one that comes first in the archive is returned,
    /// whatever the timing was.
    pub fn visit_parallel(
        &mut self,
        threads: usize,
        visitor: &(dyn Fn(Piece<'_>, &mut dyn Read) -> io::Result<()> + Sync),
    ) -> Result<(), Error> {
        self.visit_ranked(threads, &|_| 0, visitor)
    }

    /// The same, all data of entries of a lower rank before any of a higher one; a stream's comes as it stands.
    ///
    /// # Errors
    ///
    /// As for [`Archive::visit_parallel`].
    pub fn visit_ranked(
        &mut self,
        threads: usize,
        rank: &dyn Fn(&Entry) -> usize,
        visitor: &(dyn Fn(Piece<'_>, &mut dyn Read) -> io::Result<()> + Sync),
    ) -> Result<(), Error> {
        let stop = self.stop.clone();
        let Archive { entries, path, store, .. } = self;
        let visitor: &(dyn Fn(Piece<'_>, &mut dyn Read) -> io::Result<()> + Sync) =
            &|piece, reader| visitor(piece, &mut stop.reader(reader));
        match store {
            Store::Custom { source: Source::File(file), area } => {
                area.walk_parallel(file, path, entries, threads, rank, visitor)
            }
            Store::Tar { source: Source::File(file), start } => {
                tar::walk_parallel(file, *start, path, entries, threads, rank, visitor)
            }
            Store::Directory => directory::walk_parallel(path, entries, threads, rank, visitor),
            Store::Custom { .. } | Store::Tar { .. } => {
                self.walk(&mut |piece, reader| visitor(piece, reader))
            }
        }
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("path", &self.path)
            .field("header", &self.header)
            .field("entries", &self.entries.len())
            .finish_non_exhaustive()
    }
}
