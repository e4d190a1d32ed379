//! Reads a tree back.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use dump::{Database, Event, Events, Fault, Kind, NoData, ReadOptions, Reading, Stream};

use crate::folder::HEADER;
use crate::layout::TRAILER;

/// Says why a tree cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or a file in it cannot be read.
    #[error("cannot read: {path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The folder has no `pgdumpkit.json`, or one that is not understood.
    #[error("not a tree of pgdump-split: {path}")]
    NotATree {
        /// The folder.
        path: PathBuf,
    },
    /// A file is no SQL that a tree can hold.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What is wrong, and where in the file.
        source: dump::Error,
    },
}

/// A tree that was read: the schema, and the files with rows.
#[derive(Debug)]
pub struct Tree {
    /// What the `.sql` files hold.
    pub database: Database,
    /// Roles, tablespaces and parameters.
    pub cluster: dump::Schema,
    /// Statements that were not understood.
    pub unknown: Vec<dump::Unknown>,
    /// The files of rows, in the order of their paths.
    pub data: Vec<PathBuf>,
}

/// Reads the tree in a folder.
///
/// Files are read whatever wrote them: hand-made ones count as well as ours.
///
/// # Errors
/// When the folder is no tree, or a file in it cannot be read or holds a psql meta-command.
pub fn read(root: &Path) -> Result<Tree, Error> {
    let io_error = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Io { path, source }
    };
    let mark = root.join(crate::folder::MARK_NAME);
    fs::metadata(root).map_err(io_error(root))?;
    let mark = fs::read_to_string(&mark).map_err(|_| Error::NotATree { path: root.to_owned() })?;
    let mark: serde_json::Value =
        serde_json::from_str(&mark).map_err(|_| Error::NotATree { path: root.to_owned() })?;
    let mut reading = Reading::new(ReadOptions { keep_secrets: true, canonical: true });
    let mut data = Vec::new();
    let mut trailer = Vec::new();
    let walk = walkdir::WalkDir::new(root).follow_links(false).sort_by_file_name().into_iter();
    let visible = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        entry.depth() == 0 || !name.starts_with('.')
    };
    for entry in walk.filter_entry(visible) {
        let entry = entry.map_err(|error| Error::Io { path: root.to_owned(), source: error.into() })?;
        let path = entry.path();
        if !entry.file_type().is_file() {
            continue;
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("copy") => data.push(path.to_owned()),
            Some("sql") if path == root.join(TRAILER) => {
                trailer = fs::read(path).map_err(io_error(path))?;
                refuse_meta_commands(path)?;
            }
            Some("sql") => {
                let file = File::open(path).map_err(io_error(path))?;
                reading
                    .add(Stream(file), &mut NoData)
                    .map_err(|source| Error::File { path: path.to_owned(), source })?;
            }
            _ => {}
        }
    }
    let mut dump = reading.finish();
    let mut database =
        if dump.databases.is_empty() { Database::default() } else { dump.databases.swap_remove(0) };
    if trailer.starts_with(HEADER) {
        let line = trailer.iter().position(|byte| *byte == b'\n').map_or(trailer.len(), |at| at + 1);
        trailer.drain(..line);
        if trailer.first() == Some(&b'\n') {
            trailer.remove(0);
        }
    }
    database.schema.trailer = trailer;
    database.schema.encoding = mark["options"]["encoding"].as_str().unwrap_or_default().to_ascii_uppercase();
    // The database itself is made by whoever restores, as with a dump without --create.
    database.schema.objects.retain(|address, _| address.kind != Kind::Database);
    Ok(Tree { database, cluster: dump.cluster, unknown: dump.unknown, data })
}

/// Copies a file's statements and rows to `out`, without the comments between them.
///
/// # Errors
/// When it cannot be read, holds a psql meta-command, or `out` cannot be written.
pub fn copy_data(path: &Path, out: &mut impl Write) -> Result<(), Error> {
    let wrap = |source| Error::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(wrap)?;
    let mut events = Events::new(Stream(file));
    loop {
        let at = events.position();
        let event = events.next().map_err(|source| Error::File { path: path.to_owned(), source })?;
        let text = match event {
            None => return Ok(()),
            Some(Event::Gap(b"\n")) => b"\n",
            Some(Event::Gap(_)) => continue,
            Some(Event::Statement(statement)) => statement.text,
            Some(Event::Values { text, .. } | Event::Rows(text) | Event::EndOfRows(text)) => text,
            Some(Event::RowsSkipped(_)) => continue,
            Some(Event::Meta(_)) => return Err(meta_command(path, at)),
        };
        out.write_all(text).map_err(wrap)?;
    }
}

fn refuse_meta_commands(path: &Path) -> Result<(), Error> {
    copy_data(path, &mut io::sink())
}

fn meta_command(path: &Path, at: dump::Position) -> Error {
    let source = dump::Error::Fault { at, fault: Fault::MetaCommand };
    Error::File { path: path.to_owned(), source }
}
