//! Opens a dump of any format, by its content.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::ahead;
use crate::archive::Archive;
use crate::decompress::Compression;
use crate::plain::{NAMELESS, Plain, is_descriptor};
use crate::room::Room;
use crate::scan::{Positioned, Scan};
use crate::{Error, Foreign, Format, Stop, find};

/// Layers of compression around a dump that are taken off.
const MAX_LAYERS: usize = 2;

/// An open dump.
#[derive(Debug)]
pub struct Input {
    /// The compression around the whole dump, the outermost layer first. Empty for most.
    pub compression: Vec<Compression>,
    /// What the dump is.
    pub content: Content,
}

impl Input {
    /// Lets another thread end the reading of the dump.
    pub fn stop_at(&mut self, stop: &Stop) {
        match &mut self.content {
            Content::Plain(plain) => plain.stop_at(stop),
            Content::Archive(archive) => archive.stop_at(stop),
            Content::Tree(_) => {}
        }
    }
}

/// Tells what a dump is, and gives access to it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one for each dump, not many")]
pub enum Content {
    /// A script.
    Plain(Plain),
    /// An archive of `pg_dump`.
    Archive(Archive),
    /// A folder that `pgdump-split` wrote; this crate does not read it.
    Tree(PathBuf),
}

/// Opens the dump at `path`: a file, a FIFO or a directory, of any format.
///
/// The format is told by content alone. A regular file that is not compressed can be sought in and read by several
/// threads; everything else is a stream.
///
/// # Errors
///
/// Returns [`Error::Io`] if the file cannot be opened, [`Error::Empty`], [`Error::IsDirectory`] and
/// [`Error::Unsupported`] if that is what it is, [`Error::Version`] for archives of unknown versions, and
/// [`Error::Damaged`] if the first bytes or the table of contents are broken.
///
/// ```
/// use std::io::Read;
///
/// let dir = tempfile::tempdir()?;
/// let path = dir.path().join("dump.sql");
/// std::fs::write(&path, "SELECT 1;\n")?;
///
/// let input = archive::open(&path)?;
/// assert!(input.compression.is_empty());
/// let archive::Content::Plain(mut script) = input.content else { panic!("not plain") };
/// let mut text = String::new();
/// script.read_to_string(&mut text)?;
/// assert_eq!(text, "SELECT 1;\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn open(path: &Path) -> Result<Input, Error> {
    let io_error = |source| Error::Io { path: path.to_path_buf(), source };
    let bare = |content| Ok(Input { compression: Vec::new(), content });
    // Asked before opening: some systems refuse to open a directory, with a reason that does not tell.
    if fs::metadata(path).map_err(io_error)?.is_dir() {
        return match Format::detect_directory(path) {
            Some(Format::Directory) => bare(Content::Archive(Archive::directory(path)?)),
            Some(Format::Tree) => bare(Content::Tree(path.to_path_buf())),
            Some(format) => Err(Error::Unsupported { path: path.to_path_buf(), format }),
            None if is_physical_folder(path) => {
                Err(Error::NotADump { path: path.to_path_buf(), looks: Some(Foreign::Physical) })
            }
            None => Err(Error::IsDirectory { path: path.to_path_buf() }),
        };
    }
    let mut file = File::open(path).map_err(io_error)?;
    if !file.metadata().map_err(io_error)?.is_file() || is_descriptor(path) {
        return stream(Box::new(file), path);
    }
    let mut head = [0; Format::HEAD];
    let filled = find::fill(&mut file, &mut head).map_err(io_error)?;
    let format = Format::detect(&head[..filled]);
    if format.compression().is_some() {
        return stream(Box::new(io::Cursor::new(head[..filled].to_vec()).chain(file)), path);
    }
    let scan = |file| Positioned::new(file).map(|file| Scan::file(&file, path, 0)).map_err(io_error);
    match format {
        Format::Custom { .. } => {
            let archive = Archive::custom(scan(file)?);
            bare(Content::Archive(archive.map_err(|error| error.explained(&far_head(path)))?))
        }
        Format::Tar => {
            let archive = Archive::tar(scan(file)?);
            bare(Content::Archive(archive.map_err(|error| error.explained(&far_head(path)))?))
        }
        _ => bare(Content::Plain(Plain::open(path)?)),
    }
}

/// Says whether a folder is a cluster's data, or what pg_basebackup writes of one as tar files.
fn is_physical_folder(path: &Path) -> bool {
    let names = ["backup_label", "PG_VERSION", "backup_manifest", "base.tar", "base.tar.gz", "base.tar.zst"];
    names.iter().any(|name| path.join(name).is_file())
}

/// Reads more of a damaged archive's first bytes than its format takes to tell; nothing where that fails.
fn far_head(path: &Path) -> Vec<u8> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(Foreign::HEAD as u64).read_to_end(&mut head));
    read.map(|_| head).unwrap_or_default()
}

/// Opens standard input, whose path in errors is `-`.
///
/// # Errors
///
/// Returns the errors of [`open`], except [`Error::IsDirectory`].
pub fn stdin() -> Result<Input, Error> {
    from_reader(Box::new(io::stdin()))
}

/// Opens a dump that comes out of a reader, whose path in errors is `-`.
///
/// It may be of any format but a directory, and compressed. A thread of its own reads and decompresses ahead if it
/// is compressed.
///
/// # Errors
///
/// Returns the errors of [`open`], except [`Error::IsDirectory`].
///
/// ```
/// let error = archive::from_reader(Box::new(&b"PGDMP\x01\x0e\x00"[..])).unwrap_err();
/// assert_eq!(error.to_string(), "the data ends early, at byte 8: -");
/// ```
pub fn from_reader(reader: Box<dyn Read + Send>) -> Result<Input, Error> {
    stream(reader, Path::new(NAMELESS))
}

/// Opens a dump as [`from_reader`] does, under a name that stands for its path in errors.
///
/// # Errors
///
/// Returns the errors of [`from_reader`].
///
/// ```
/// let error = archive::from_named_reader(Box::new(&b""[..]), "HEAD:a.sql".as_ref()).unwrap_err();
/// assert_eq!(error.to_string(), "empty input: HEAD:a.sql");
/// ```
pub fn from_named_reader(reader: Box<dyn Read + Send>, name: &Path) -> Result<Input, Error> {
    stream(reader, name)
}

fn stream(mut reader: Box<dyn Read + Send>, path: &Path) -> Result<Input, Error> {
    let mut compression = Vec::new();
    let mut room = Room::default();
    loop {
        let mut head = vec![0; Format::HEAD];
        let filled = find::fill(&mut reader, &mut head).map_err(|error| Error::from_io(error, path, 0))?;
        head.truncate(filled);
        let format = Format::detect(&head);
        let whole: Box<dyn Read + Send> = Box::new(io::Cursor::new(head.clone()).chain(reader));
        if let Some(layer) = format.compression().filter(|_| compression.len() < MAX_LAYERS) {
            let (more, count) = room.with_layer();
            room = more;
            let pipe =
                ahead::start(whole, layer, path, count).map_err(|error| Error::from_io(error, path, 0))?;
            compression.push(layer);
            reader = Box::new(pipe);
            continue;
        }
        let content = match format {
            Format::Custom { .. } => {
                let archive = Archive::custom(Scan::stream(whole, path, room));
                Content::Archive(archive.map_err(|error| error.explained(&head))?)
            }
            Format::Tar => {
                let archive = Archive::tar(Scan::stream(whole, path, room));
                Content::Archive(archive.map_err(|error| error.explained(&head))?)
            }
            _ => Content::Plain(Plain::from_stream(whole, path, room)?),
        };
        return Ok(Input { compression, content });
    }
}
