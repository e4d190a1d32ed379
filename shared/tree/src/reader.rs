//! Reads a tree back.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use dump::{Address, DataSink, Dump, Event, Events, Fault, Name, NoData, ReadOptions, Reading, Role, Stream};

use crate::file_name::decode;
use crate::folder::Mark;
use crate::layout::{DATABASES, TRAILER};

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
    /// A folder that should be a database's has no name that a database can have.
    #[error("folder is not named as a database's: {path}")]
    DatabaseFolder {
        /// A file below it.
        path: PathBuf,
    },
    /// Two files make the same thing, or one does so twice.
    #[error("made twice, in {first} and in {again}: {address}")]
    Repeated {
        /// What.
        address: Box<Address>,
        /// One file.
        first: PathBuf,
        /// The other.
        again: PathBuf,
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

/// A tree that was read: what the `.sql` files hold, and the files with rows.
#[derive(Debug)]
pub struct Tree {
    /// The databases and what belongs to none of them.
    pub dump: Dump,
    /// The files of rows of each database, in the order of their paths.
    pub rows: Vec<Vec<PathBuf>>,
    /// For each statement that was not understood, the file that it is in.
    pub not_understood: Vec<PathBuf>,
}

/// The files of one database of a tree, or those outside of all.
#[derive(Default)]
struct Files {
    statements: Vec<PathBuf>,
    rows: Vec<PathBuf>,
    trailer: Option<PathBuf>,
}

/// Reads the tree in a folder.
///
/// Files are read whatever wrote them: hand-made ones count as well as ours. Rows are read where there is a sink for them.
///
/// # Errors
/// When the folder is no tree, or a file in it cannot be read or holds a psql meta-command.
pub fn read(root: &Path, mut sink: Option<&mut dyn DataSink>) -> Result<Tree, Error> {
    let mark_path = root.join(crate::folder::MARK_NAME);
    fs::metadata(root).map_err(|source| Error::Io { path: root.to_owned(), source })?;
    let not_a_tree = || Error::NotATree { path: root.to_owned() };
    let mark = fs::read(&mark_path).map_err(|_| not_a_tree())?;
    let mark = Mark::parse(&mark, &mark_path).map_err(|_| not_a_tree())?;
    let mut groups = files(root)?;
    let mut reading =
        Reading::new(ReadOptions { keep_secrets: true, canonical: true, ..ReadOptions::default() });
    let mut not_understood = Vec::new();
    for (name, files) in &groups {
        if let Some(name) = name {
            reading.connect(name.clone());
        }
        for path in &files.statements {
            reading
                .add(Stream(open(path)?), &mut NoData)
                .map_err(|source| Error::File { path: path.clone(), source })?;
            not_understood.resize(reading.not_understood(), path.clone());
        }
        if let Some(path) = &files.trailer {
            reading
                .add_trailer(Stream(open(path)?))
                .map_err(|source| Error::File { path: path.clone(), source })?;
        }
        for path in &files.rows {
            let Some(sink) = &mut sink else { break };
            reading
                .add_rows(Stream(open(path)?), *sink)
                .map_err(|source| Error::File { path: path.clone(), source })?;
            not_understood.resize(reading.not_understood(), path.clone());
        }
    }
    let mut dump = reading.finish();
    if let Some(repeated) = dump.repeated.take() {
        let paths = groups.values().flat_map(|files| &files.statements);
        let mut makers = paths.filter(|path| makes(path, &repeated.address));
        let first = makers.next().map_or_else(|| root.to_owned(), Clone::clone);
        let again = makers.next().unwrap_or(&first).clone();
        return Err(Error::Repeated { address: Box::new(repeated.address), first, again });
    }
    let mut rows = Vec::new();
    for database in &mut dump.databases {
        let files = groups.remove(&database.name).unwrap_or_default();
        database.schema.encoding = mark.encoding(database.name.as_ref());
        rows.push(files.rows);
    }
    Ok(Tree { dump, rows, not_understood })
}

/// Says whether a file makes something.
fn makes(path: &Path, address: &Address) -> bool {
    let options = ReadOptions { keep_secrets: true, canonical: true, ..ReadOptions::default() };
    let read = open(path).ok().and_then(|file| dump::read(Stream(file), options, &mut NoData).ok());
    read.is_some_and(|dump| {
        let schemas = dump.databases.iter().map(|database| &database.schema).chain([&dump.cluster]);
        let mut parts = schemas.flat_map(|schema| schema.objects.values()).flat_map(|object| &object.parts);
        parts.any(|part| part.role == Role::Definition && part.address == *address)
    })
}

fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|source| Error::Io { path: path.to_owned(), source })
}

/// Returns the files below a folder by the database that they belong to.
fn files(root: &Path) -> Result<BTreeMap<Option<Name>, Files>, Error> {
    let walk = walkdir::WalkDir::new(root).follow_links(false).sort_by_file_name().into_iter();
    let visible = |entry: &walkdir::DirEntry| {
        entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".")
    };
    let mut groups: BTreeMap<Option<Name>, Files> = BTreeMap::new();
    for entry in walk.filter_entry(visible) {
        let entry = entry.map_err(|error| Error::Io { path: root.to_owned(), source: error.into() })?;
        if !entry.file_type().is_file() {
            continue;
        }
        let path = entry.path();
        let below = path.strip_prefix(root).unwrap_or(path);
        let (database, base) = match below.components().collect::<Vec<_>>().as_slice() {
            [first, folder, _, ..] if first.as_os_str() == DATABASES => {
                let folder = folder.as_os_str();
                let name = folder.to_str().and_then(|name| decode(name).ok());
                let name = name.ok_or_else(|| Error::DatabaseFolder { path: path.to_owned() })?;
                (Some(Name::from(name.as_slice())), root.join(DATABASES).join(folder))
            }
            _ => (None, root.to_owned()),
        };
        let group = groups.entry(database).or_default();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("copy") => group.rows.push(path.to_owned()),
            Some("sql") if path == base.join(TRAILER) => group.trailer = Some(path.to_owned()),
            Some("sql") => group.statements.push(path.to_owned()),
            _ => {}
        }
    }
    Ok(groups)
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
            Some(Event::RowsSkipped(_) | Event::RowsCounted(..)) => continue,
            Some(Event::Meta(_)) => return Err(meta_command(path, at)),
        };
        out.write_all(text).map_err(wrap)?;
    }
}

fn meta_command(path: &Path, at: dump::Position) -> Error {
    let source = dump::Error::Fault { at, fault: Fault::MetaCommand };
    Error::File { path: path.to_owned(), source }
}
