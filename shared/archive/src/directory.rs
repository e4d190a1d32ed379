//! The files of a directory archive (`pg_backup_directory.c`).

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use crate::ahead;
use crate::decompress::{Compression, Wrapping};
use crate::entry::{Entry, Place, decimal};
use crate::piece::{Manner, Piece, Raw, Visitor, deliver};
use crate::scan::{Positioned, Scan};
use crate::{Error, Room, pool};

/// The order in which `pg_restore` looks for a file (`InitDiscoverCompressFileHandle` of `compress_io.c`).
const COMPRESSIONS: [Compression; 4] =
    [Compression::None, Compression::Gzip, Compression::Lz4, Compression::Zstd];

/// Bytes that a line of a list of large objects may have: a number, a blank and a file name.
const MAX_LINE: usize = 512;

/// Returns whether a directory holds a table of contents.
pub(crate) fn is_archive(directory: &Path) -> bool {
    COMPRESSIONS.iter().any(|compression| with_suffix(&directory.join("toc.dat"), *compression).is_file())
}

/// Opens the table of contents.
pub(crate) fn contents(directory: &Path) -> Result<Scan, Error> {
    let file = Stored::find(directory, "toc.dat")?;
    let file = file.ok_or_else(|| Error::damaged(&directory.join("toc.dat"), 0, "the file is missing"))?;
    file.decompressed()
}

/// A file of the directory.
struct Stored {
    path: PathBuf,
    compression: Compression,
    size: u64,
}

/// The file with one table's data, or one large object.
struct Part {
    index: usize,
    large_object: Option<u32>,
    file: Stored,
}

fn with_suffix(path: &Path, compression: Compression) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(compression.suffix());
    path.into()
}

/// Returns a file name if it is one that cannot lead out of the directory.
fn plain_name(name: &[u8]) -> Option<&str> {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'.';
    let dots = name.iter().all(|byte| *byte == b'.');
    if dots || !name.iter().all(allowed) {
        return None;
    }
    std::str::from_utf8(name).ok()
}

impl Stored {
    /// Finds a file, compressed or not; a symbolic link is an error. The name must be a plain one.
    fn find(directory: &Path, name: &str) -> Result<Option<Stored>, Error> {
        for compression in COMPRESSIONS {
            let path = with_suffix(&directory.join(name), compression);
            let metadata = match fs::symlink_metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(Error::Io { path, source }),
            };
            if !metadata.is_file() {
                return Err(Error::damaged(&path, 0, "not a regular file, and links are not followed"));
            }
            return Ok(Some(Stored { path, compression, size: metadata.len() }));
        }
        Ok(None)
    }

    fn open(&self) -> Result<Scan, Error> {
        let io_error = |source| Error::Io { path: self.path.clone(), source };
        let file = File::open(&self.path).map_err(io_error)?;
        same_file(&file, &self.path).map_err(io_error)?;
        let file = Positioned::new(file).map_err(io_error)?;
        let mut scan = Scan::file(&file, &self.path, 0);
        let magic = self.compression.magic();
        if file.len > 0 && !scan.peek(magic.len())?.starts_with(magic) {
            return Err(scan.damaged(0, format!("the file does not begin as {} does", self.compression)));
        }
        Ok(scan)
    }

    /// Opens a file that is read by this crate itself.
    fn decompressed(&self) -> Result<Scan, Error> {
        let scan = self.open()?;
        if self.compression == Compression::None {
            return Ok(scan);
        }
        let (room, count) = scan.room().with_layer();
        let pipe = ahead::start(Box::new(scan), self.compression, &self.path, count)
            .map_err(|error| Error::from_io(error, &self.path, 0))?;
        Ok(Scan::stream(Box::new(pipe), &self.path, room))
    }
}

/// Makes sure that nobody put a link in the file's place since it was looked at.
#[cfg(unix)]
fn same_file(file: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;

    let (opened, named) = (file.metadata()?, fs::symlink_metadata(path)?);
    if (opened.dev(), opened.ino()) == (named.dev(), named.ino()) {
        return Ok(());
    }
    Err(io::Error::other("replaced while it was opened"))
}

#[cfg(not(unix))]
fn same_file(_: &File, path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_file() {
        return Ok(());
    }
    Err(io::Error::other("replaced while it was opened"))
}

/// Finds all files with data, and checks that there are no others.
fn parts(directory: &Path, entries: &[Entry]) -> Result<Vec<Part>, Error> {
    let mut used = BTreeSet::new();
    let mut parts = Vec::new();
    let mut objects = BTreeSet::new();
    let mut find = |name: &[u8], whose: &dyn Fn() -> String| -> Result<Stored, Error> {
        let Some(plain) = plain_name(name) else {
            let name = String::from_utf8_lossy(name).into_owned();
            return Err(Error::damaged(
                directory,
                0,
                format!("not a file name to be opened, `{name}`: {}", whose()),
            ));
        };
        let file = Stored::find(directory, plain)?;
        let missing =
            || Error::damaged(&directory.join(plain), 0, format!("the file is missing: {}", whose()));
        let file = file.ok_or_else(missing)?;
        if !used.insert(file.path.file_name().map(ToOwned::to_owned)) {
            return Err(Error::damaged(&file.path, 0, format!("two owners of one file: {}", whose())));
        }
        Ok(file)
    };
    for (index, entry) in entries.iter().enumerate() {
        let Place::File(name) = &entry.place else { continue };
        let file = find(name, &|| entry.name())?;
        if !entry.is_blobs() {
            if file.size == 0 {
                return Err(Error::damaged(&file.path, 0, format!("the data is empty: {}", entry.name())));
            }
            parts.push(Part { index, large_object: None, file });
            continue;
        }
        let mut scan = file.decompressed()?;
        for (oid, name) in list(&mut scan, &file.path, 0)? {
            if !objects.insert(oid) {
                return Err(Error::damaged(&file.path, 0, format!("a large object is there twice: {oid}")));
            }
            let file = find(&name, &|| format!("large object {oid}"))?;
            // zlib writes its head and foot even around nothing, and so does gzip; the others may not.
            if file.size == 0 && file.compression == Compression::Gzip {
                return Err(Error::damaged(&file.path, 0, format!("the file is empty: large object {oid}")));
            }
            parts.push(Part { index, large_object: Some(oid), file });
        }
    }
    for found in fs::read_dir(directory).map_err(|source| io_error(directory, source))? {
        let name = found.map_err(|source| io_error(directory, source))?.file_name();
        let text = name.to_string_lossy();
        let ours = (text.contains(".dat") || text.starts_with("blob")) && !text.starts_with("toc.dat");
        if ours && !used.contains(&Some(name.clone())) {
            return Err(Error::damaged(
                &directory.join(&name),
                0,
                "a file that the table of contents does not name",
            ));
        }
    }
    Ok(parts)
}

fn io_error(path: &Path, source: io::Error) -> Error {
    Error::Io { path: path.to_path_buf(), source }
}

/// Reads a list of large objects: lines with an OID, a blank and a file name.
pub(crate) fn list(reader: &mut dyn BufRead, path: &Path, at: u64) -> Result<Vec<(u32, Vec<u8>)>, Error> {
    let mut objects = Vec::new();
    loop {
        let mut line = Vec::new();
        let read = reader.take(MAX_LINE as u64).read_until(b'\n', &mut line);
        if read.map_err(|error| Error::from_io(error, path, at))? == 0 {
            break;
        }
        let number = objects.len() + 1;
        let damaged =
            || Error::damaged(path, at, format!("line {number} of a list of large objects is broken"));
        let line = line.strip_suffix(b"\n").ok_or_else(damaged)?;
        let blank = memchr::memchr(b' ', line).ok_or_else(damaged)?;
        let oid = decimal(&line[..blank]).ok_or_else(damaged)?;
        objects.push((oid, line[blank + 1..].to_vec()));
    }
    if objects.is_empty() {
        return Err(Error::damaged(path, at, "the list of large objects is empty"));
    }
    Ok(objects)
}

impl Part {
    fn deliver(&self, entries: &[Entry], ahead: bool, visit: &mut Visitor<'_>) -> Result<(), Error> {
        let mut whole = Whole { scan: self.file.open()? };
        let manner = Manner { compression: self.file.compression, wrapping: Wrapping::File, ahead };
        deliver(&mut whole, (&entries[self.index], self.large_object), &self.file.path, manner, visit)
    }
}

/// Goes through the files in the order of the table of contents.
pub(crate) fn walk(directory: &Path, entries: &[Entry], visit: &mut Visitor<'_>) -> Result<(), Error> {
    parts(directory, entries)?.iter().try_for_each(|part| part.deliver(entries, true, visit))
}

/// Goes through the files, several at once.
pub(crate) fn walk_parallel(
    directory: &Path,
    entries: &[Entry],
    threads: usize,
    rank: &dyn Fn(&Entry) -> usize,
    visit: &(dyn Fn(Piece<'_>, &mut dyn Read) -> io::Result<()> + Sync),
) -> Result<(), Error> {
    let parts = parts(directory, entries)?;
    let sizes: Vec<u64> = parts.iter().map(|part| part.file.size).collect();
    let fair_share = pool::fair_share(&sizes, threads);
    pool::run(threads, &sizes, &|job| rank(&entries[parts[job].index]), &|job| {
        parts[job].deliver(entries, sizes[job] > fair_share, &mut |piece, reader| visit(piece, reader))
    })
}

/// Returns the large objects whose file is empty although it should be compressed.
pub(crate) fn empty_files(directory: &Path, entries: &[Entry]) -> Result<Vec<(u32, Compression)>, Error> {
    let parts = parts(directory, entries)?.into_iter();
    let empty = parts.filter(|part| part.file.size == 0 && part.file.compression != Compression::None);
    Ok(empty.filter_map(|part| Some((part.large_object?, part.file.compression))).collect())
}

/// All bytes of a file.
struct Whole {
    scan: Scan,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.scan.read(buffer)
    }
}

impl BufRead for Whole {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.scan.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.scan.consume(amount);
    }
}

impl Raw for Whole {
    fn offset(&self) -> u64 {
        self.scan.offset()
    }

    fn room(&self) -> &Room {
        self.scan.room()
    }

    fn skip_rest(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
