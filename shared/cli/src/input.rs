//! Opens what the user names and reads the dump in it, whatever its format.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Mutex;
use std::thread::available_parallelism;

use anyhow::{Context, anyhow, bail};
use archive::{Archive, Content, Entry, Foreign, Piece, Plain, Room, Section};
use dump::{
    Address, AllContent, DataSink, Dump, Found, Kind, Name, Noise, QualifiedName, ReadOptions, Reading,
    Repeated, Source, TocEntry, Versions, Want,
};
use store::{Fetched, Location, Store};
use tempfile::TempDir;
use tree::reference::Reference;

use crate::{Failure, foreign};

/// What the copy of a folder is called.
const FOLDER: &str = "folder";

/// What is wanted of a dump's data.
pub enum DataWanted<'s> {
    /// Nothing; it is only looked at as far as is needed to read on.
    Nothing,
    /// The count, length and hash of every table's rows and of every large object.
    Content,
    /// The rows that a sink wants.
    Rows(&'s mut dyn DataSink),
}

impl<'s> From<&'s mut Reference> for DataWanted<'s> {
    fn from(reference: &'s mut Reference) -> DataWanted<'s> {
        if reference.is_empty() { DataWanted::Nothing } else { DataWanted::Rows(reference) }
    }
}

/// A plain dump as the dump crate wants its bytes.
struct Bytes {
    plain: Plain,
    /// Its first bytes, to be looked at if it turns out to be no dump.
    head: Vec<u8>,
    /// Whether what is read next may belong to them.
    is_heading: bool,
}

/// Whether every line is a whole row.
struct Whole(bool);

impl Default for Whole {
    fn default() -> Whole {
        Whole(true)
    }
}

impl Source for &mut Bytes {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.plain.read(buf)?;
        if self.is_heading {
            let wanted = Foreign::HEAD - self.head.len();
            self.head.extend_from_slice(&buf[..read.min(wanted)]);
            self.is_heading = read < wanted;
        }
        Ok(read)
    }

    fn start(&self) -> u64 {
        self.plain.offset()
    }

    fn find(&mut self, needle: &[u8], from: u64) -> io::Result<Found> {
        Ok(match self.plain.find(needle, from)? {
            archive::Found::At(offset) => Found::At(offset),
            archive::Found::Missing => Found::Missing,
            archive::Found::CannotSeek => Found::CannotSeek,
        })
    }

    fn count(&mut self, from: u64) -> io::Result<Option<(dump::Content, u64)>> {
        // A row that goes on behind its line is for the reader of rows.
        let take = |(content, whole): &mut (dump::Content, Whole), line: &[u8]| {
            content.add_row(line);
            whole.0 &= line.last() != Some(&b'\\') || dump::is_whole_row(line);
        };
        let folded = self.plain.fold_lines(from, b"\\.", &take)?;
        Ok(folded.filter(|(blocks, _)| blocks.iter().all(|(_, whole)| whole.0)).map(|(blocks, end)| {
            let mut content = dump::Content::default();
            blocks.iter().for_each(|(block, _)| content.add(block));
            (content, end)
        }))
    }

    fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.is_heading = false;
        self.plain.seek(offset)
    }

    fn room(&self) -> u64 {
        self.plain.room().bytes()
    }
}

/// What was opened: a dump of any format.
#[derive(Debug)]
pub struct Input {
    /// What it is.
    pub dump: archive::Input,
    /// Where a folder that lies in a store was copied to.
    copy: Option<TempDir>,
}

/// Opens what the user names: a path, a location in a store such as `s3://bucket/shop.dump`, or `-` for stdin.
///
/// One object of a store is read as it comes; a folder is copied, into one that nobody else can enter.
///
/// # Errors
/// When it cannot be opened or is nothing that a dump can be read from; the error names the file.
pub fn open(path: &Path) -> Result<Input, Failure> {
    let bare = |dump| Input { dump, copy: None };
    if path == Path::new("-") {
        return Ok(bare(archive::stdin()?));
    }
    let Some(location) = Location::of_path(path) else { return Ok(bare(archive::open(path)?)) };
    let location = location?;
    let copy =
        tempfile::Builder::new().prefix("pgdumpkit-copy-").tempdir().context("cannot make a folder")?;
    let folder = copy.path().join(FOLDER);
    match Store::open(&location)?.fetch(&location, &folder)? {
        Fetched::Object(reader) => Ok(bare(archive::from_named_reader(Box::new(reader), path)?)),
        Fetched::Folder => Ok(Input { dump: archive::open(&folder)?, copy: Some(copy) }),
    }
}

/// Reads the dump that the user names, of any format; see [`open`].
///
/// # Errors
/// When it cannot be read to its end; the error names the file, the byte and the line.
pub fn read_dump(path: &Path, options: ReadOptions, wanted: DataWanted<'_>) -> Result<Dump, Failure> {
    one_dump(read_input(open(path)?, path, options, wanted)?, path)
}

/// Makes sure that a file makes nothing twice, as two dumps of the same things do: which of them is meant, nobody knows.
///
/// # Errors
/// When it does; the error names where the second begins.
pub fn one_dump(dump: Dump, path: &Path) -> Result<Dump, Failure> {
    let second = dump.second.as_ref().and_then(|second| Some((second, second.repeats.as_ref()?)));
    let (what, hint) = match (second, &dump.repeated) {
        (Some((second, repeats)), _) => {
            let what = format!(
                "a second dump begins at {}, and makes again what the first made: {repeats}",
                second.at
            );
            (what, "cut the file there, and take the dump that is meant")
        }
        (None, Some(Repeated { address, first, at })) => {
            let what = format!("made at {first}, and again at {at}, which fails: {address}");
            (what, "take the one that is meant; with a DROP in front of it, the second counts")
        }
        (None, None) => return Ok(dump),
    };
    let failure = Failure::from(anyhow!(what).context(path.display().to_string()));
    Err(failure.with_hint(hint))
}

/// Reads the dump that comes out of a reader, of any format but a folder; `name` is for messages.
///
/// # Errors
/// As for [`read_dump`].
pub fn read_reader(
    reader: Box<dyn Read + Send>,
    name: &Path,
    options: ReadOptions,
    wanted: DataWanted<'_>,
) -> Result<Dump, Failure> {
    one_dump(read(archive::from_named_reader(reader, name)?, name, options, wanted)?, name)
}

/// Reads the dump in what was opened; `path` is for messages.
///
/// # Errors
/// As for [`read_dump`].
pub fn read_input(
    input: Input,
    path: &Path,
    options: ReadOptions,
    wanted: DataWanted<'_>,
) -> Result<Dump, Failure> {
    let Input { dump, copy } = input;
    let result = read(dump, path, options, wanted);
    match copy {
        Some(copy) => result.map_err(|failure| {
            failure.replacing(&copy.path().join(FOLDER).display().to_string(), &path.display().to_string())
        }),
        None => result,
    }
}

fn read(
    input: archive::Input,
    path: &Path,
    options: ReadOptions,
    wanted: DataWanted<'_>,
) -> Result<Dump, Failure> {
    let in_file = || path.display().to_string();
    match input.content {
        Content::Plain(plain) => {
            let mut nothing = dump::NoData;
            let sink: &mut dyn DataSink = match wanted {
                DataWanted::Nothing => &mut nothing,
                DataWanted::Content => &mut AllContent,
                DataWanted::Rows(sink) => sink,
            };
            let mut bytes = Bytes { plain, head: Vec::new(), is_heading: true };
            let dump = dump::read(&mut bytes, options, sink);
            if let Some(error) = foreign::no_dump(&bytes.head, &dump, path) {
                return Err(error.into());
            }
            let dump = dump.map_err(|error| {
                let at = error.position();
                // Rows that were jumped over were not counted; a file can be asked again.
                match (at.line, archive::line_of(path, at.byte)) {
                    (None, Ok(line)) if input.compression.is_empty() => error.with_line(line),
                    _ => error,
                }
            });
            let mut dump = dump.with_context(in_file)?;
            if input.compression.is_empty() {
                count_lines(&mut dump, path);
            }
            if dump.ledger.noise.get(&Noise::Gap).is_some_and(|gaps| *gaps == dump.bytes) {
                // Such as a dump cut within pg_dump's first comment, which must not pass for one of nothing.
                return Err(anyhow!("no dump, nothing but comments and blanks").context(in_file()).into());
            }
            Ok(dump)
        }
        Content::Archive(archive) => Ok(read_archive(archive, path, options, wanted)?),
        Content::Tree(root) => {
            let sink: Option<&mut dyn DataSink> = match wanted {
                DataWanted::Nothing => None,
                DataWanted::Content => Some(&mut AllContent),
                DataWanted::Rows(sink) => Some(sink),
            };
            Ok(tree::reader::read(&root, sink)?.dump)
        }
    }
}

/// Counts the lines of places behind rows that were jumped over, which a file can be asked for again.
fn count_lines(dump: &mut Dump, path: &Path) {
    let second = dump.second.iter_mut().map(|second| &mut second.at);
    let repeated = dump.repeated.iter_mut().flat_map(|repeated| [&mut repeated.first, &mut repeated.at]);
    for at in second.chain(repeated).filter(|at| at.line.is_none()) {
        at.line = archive::line_of(path, at.byte).ok();
    }
}

fn read_archive(
    mut archive: Archive,
    path: &Path,
    options: ReadOptions,
    wanted: DataWanted<'_>,
) -> anyhow::Result<Dump> {
    let in_file = || path.display().to_string();
    // Our own errors on the way back through the archive, whose others name the file.
    let visited = |error| match error {
        archive::Error::Visitor(source) => anyhow::Error::new(source).context(in_file()),
        error => error.into(),
    };
    let mut reading = Reading::new(options);
    let header = &archive.header;
    if let Some(database) = &header.database {
        reading.connect(Name::from(database.as_slice()));
    }
    let text = |version: &Option<Vec<u8>>| Some(String::from_utf8_lossy(version.as_ref()?).into_owned());
    reading
        .taken_by(Versions { server: text(&header.server_version), pg_dump: text(&header.pg_dump_version) });
    reading.allow(archive.room().bytes());
    for entry in &archive.entries {
        let name = || format!("entry {} of the table of contents", entry.id);
        reading.add_entry(&toc_entry(entry)).with_context(name).with_context(in_file)?;
    }
    match wanted {
        // Nobody wants the rows of `Nothing`, and damage in them is damage all the same.
        DataWanted::Nothing | DataWanted::Content => {
            let parts = Mutex::new(Vec::new());
            let threads = available_parallelism().map_or(1, |threads| threads.get());
            let result = archive.visit_parallel(threads, &|piece, data| {
                let mut part = reading.data_reading();
                read_piece(&mut part, &piece, data, &mut AllContent)?;
                parts.lock().unwrap_or_else(|poison| poison.into_inner()).push((piece.entry.id, part));
                Ok(())
            });
            result.map_err(visited)?;
            let mut parts = parts.into_inner().unwrap_or_else(|poison| poison.into_inner());
            // Which thread was first must not show.
            parts.sort_by_key(|(id, _)| *id);
            let made: BTreeSet<u32> = reading.large_objects_seen().map(|(number, _)| number).collect();
            parts.into_iter().for_each(|(_, part)| reading.absorb(part));
            large_objects_agree(&made, is_announcing(&archive), &reading).with_context(in_file)?;
        }
        DataWanted::Rows(sink) => {
            let database = archive.header.database.as_deref().map(Name::from);
            let result = archive.visit(&mut |piece, data| {
                let table = table(piece.entry).filter(|_| piece.large_object.is_none());
                let wanted = |table| sink.wants(database.as_ref(), &table) != Want::Nothing;
                if table.is_some_and(wanted) {
                    return read_piece(&mut reading, &piece, data, sink);
                }
                io::copy(data, &mut io::sink()).map(drop)
            });
            result.map_err(visited)?;
        }
    }
    Ok(reading.finish())
}

/// Says whether entries of an archive make all large objects that it has data of: none do before version 1.12 (`K_VERS_1_12`
/// in pg_backup_archiver.h, PostgreSQL 9.0), nor up to 1.15 where the section that they belong to was left out.
fn is_announcing(archive: &Archive) -> bool {
    let version = archive.header.version;
    // What every archive has says nothing of its sections.
    let setting = |entry: &Entry| {
        let kinds = [&b"ENCODING"[..], b"STDSTRINGS", b"SEARCHPATH", b"DATABASE", b"DATABASE PROPERTIES"];
        kinds.contains(&entry.desc.as_slice())
    };
    let definition = |entry: &Entry| entry.section == Section::PreData && !setting(entry);
    let has_definitions = || archive.entries.iter().any(definition);
    version >= (1, 16, 0) || version >= (1, 12, 0) && has_definitions()
}

/// Checks that the data holds the large objects that entries make and, where all are made by one, no others.
fn large_objects_agree(made: &BTreeSet<u32>, announcing: bool, reading: &Reading) -> anyhow::Result<()> {
    // An archive of the pre-data section has no data of any.
    let with_data = reading.large_objects_seen().any(|(_, object)| object.content.is_some());
    for (number, object) in reading.large_objects_seen() {
        match (made.contains(&number), object.content) {
            (false, _) if announcing => {
                bail!("damaged archive: data of a large object that no entry makes: {number}");
            }
            (true, None) if with_data => bail!("damaged archive: no data of large object: {number}"),
            _ => {}
        }
    }
    Ok(())
}

fn read_piece(
    reading: &mut Reading,
    piece: &Piece<'_>,
    data: &mut dyn Read,
    sink: &mut dyn DataSink,
) -> io::Result<()> {
    if let Some(number) = piece.large_object {
        return reading.add_large_object(number, data);
    }
    let mut counted = Counted { data, bytes: 0, room: piece.room };
    let result = reading.add_data(&toc_entry(piece.entry), &mut counted, sink);
    let of = String::from_utf8_lossy(&piece.entry.tag).into_owned();
    result.map_err(|error| io::Error::other(InPiece { of: of.clone(), error }))?;
    if counted.bytes == 0 {
        // Even a table without rows has a line break, and COPY its `\.`.
        return Err(io::Error::other(format!("data of `{of}` is empty")));
    }
    Ok(())
}

/// What is wrong with the data of an entry.
#[derive(Debug)]
struct InPiece {
    of: String,
    error: dump::Error,
}

impl fmt::Display for InPiece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data of `{}`: {}", self.of, self.error)
    }
}

impl std::error::Error for InPiece {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

struct Counted<'d> {
    data: &'d mut dyn Read,
    bytes: u64,
    room: &'d Room,
}

impl Source for &mut Counted<'_> {
    fn room(&self) -> u64 {
        self.room.bytes()
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.data.read(buf)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// The table whose rows an entry holds.
fn table(entry: &Entry) -> Option<Address> {
    let schema = entry.namespace.as_deref().map(Name::from);
    let name = QualifiedName { schema, name: Name::from(entry.tag.as_slice()) };
    (entry.desc == b"TABLE DATA").then(|| Address::in_schema(Kind::Table, name))
}

fn toc_entry(entry: &Entry) -> TocEntry<'_> {
    TocEntry {
        id: entry.id,
        tag: &entry.tag,
        description: &entry.desc,
        definition: &entry.definition,
        drop: &entry.drop,
        copy: entry.copy.as_deref(),
        namespace: entry.namespace.as_deref(),
        tablespace: entry.tablespace.as_deref(),
        access_method: entry.access_method.as_deref(),
        relkind: entry.relkind,
        owner: &entry.owner,
        with_oids: entry.with_oids,
        dependencies: &entry.dependencies,
    }
}
