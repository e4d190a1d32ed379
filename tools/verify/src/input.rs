//! The backup as a file: read to its end, every row counted.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use archive::{Compression, Content, Format, Stop};
use cli::{DataWanted, Failure};
use dump::{DataSink, Dump, Fault, ReadOptions, Repeated};
use scratch::Folder;

use crate::verdict::{Report, Verdict};

/// Since this version of the archive, pg_dump makes no frame of zstd around nothing (17); that of 16 makes one as soon as it
/// opens a file (`Zstd_open` in compress_zstd.c). Of lz4 none ever did: it begins one with the first byte.
const NO_EMPTY_FRAME: (u8, u8, u8) = (1, 16, 0);

/// How far the lines of a backup were counted: places are mostly asked for in the order of the file.
#[derive(Debug, Default)]
struct Counted {
    byte: u64,
    newlines: u64,
    again: usize,
}

/// A backup that can be read several times.
pub struct Backup {
    /// Where it is.
    pub path: PathBuf,
    /// What came through a pipe; removed when dropped.
    _spool: Option<Folder>,
    counted: Mutex<Counted>,
    /// Ends its reading.
    stop: Stop,
}

impl Backup {
    /// Takes the backup at `path`; what comes through standard input or a pipe is kept in a temporary file.
    ///
    /// # Errors
    /// When there is no such file, or no room for what comes through a pipe.
    pub fn open(path: &Path, stop: &Stop) -> Result<Backup, Failure> {
        let stop = stop.clone();
        let stdin = path == Path::new("-");
        let missing = || format!("cannot open: {}", path.display());
        if !stdin {
            let metadata = fs::metadata(path).with_context(missing)?;
            if metadata.is_file() || metadata.is_dir() {
                return Ok(Backup { path: path.to_owned(), _spool: None, counted: Mutex::default(), stop });
            }
        }
        let folder = Folder::create()?;
        let kept = folder.path().join("backup");
        let spool = File::create_new(&kept).context("cannot make a temporary file")?;
        let copied = match stdin {
            true => copy(io::stdin(), spool, &stop),
            false => copy(File::open(path).with_context(missing)?, spool, &stop),
        };
        copied.context("cannot keep the backup in a temporary file")?;
        Ok(Backup { path: kept, _spool: Some(folder), counted: Mutex::default(), stop })
    }

    /// Returns the line of a byte of a plain backup; `None` if it cannot be read, or that was asked too often in no order.
    pub fn line_of(&self, byte: u64) -> Option<u64> {
        /// How often the file is read from its beginning.
        const ENOUGH: usize = 100;
        let mut counted = self.counted.lock().unwrap_or_else(|poison| poison.into_inner());
        if byte < counted.byte {
            if counted.again == ENOUGH {
                return None;
            }
            *counted = Counted { again: counted.again + 1, ..Counted::default() };
        }
        counted.newlines += archive::newlines(&self.path, counted.byte..byte).ok()?;
        counted.byte = byte;
        Some(1 + counted.newlines)
    }

    /// Reads the backup to its end, before it is run or not; `None` if that cannot be done, which is in the report then.
    ///
    /// # Errors
    /// When the system refuses to read it, or it is of a kind that nothing here reads.
    pub fn read(&self, runs: bool, report: &mut Report) -> Result<Option<Dump>, Failure> {
        let dump = match self.read_with(DataWanted::Content, Some(report)) {
            Ok(dump) => dump,
            Err(failure) => return damage(failure, report).map(|()| None),
        };
        for foreword in &dump.forewords {
            let at = Some(foreword.at.to_string());
            let what = format!(
                "lines in front of the dump, which begins at {}: `{}`",
                foreword.dump, foreword.excerpt
            );
            // What a `;` ends is a statement of its own.
            match runs || foreword.takes_setting {
                true => report.find(Verdict::Bad, what, at, "psql takes them for SQL, and fails there"),
                false => {
                    let why = "psql takes them for SQL, and they were not run (`--level restore` does)";
                    report.find(Verdict::Unclear, what, at, why);
                }
            }
        }
        if dump.byte_order_mark {
            report.notes.push(
                "a byte order mark stands in front of the dump, as an editor of Windows writes it".to_owned(),
            );
        }
        if dump.escapes_in_literals {
            report.notes.push(cli::ESCAPES_IN_LITERALS.to_owned());
        }
        // Meta-commands of psql are told elsewhere.
        for unknown in dump.unknown.iter().filter(|unknown| !unknown.excerpt.starts_with('\\')) {
            if runs {
                let what = format!("statement: {}", unknown.excerpt);
                report.notes.push(format!("not understood, run as it is: {what}, at {}", unknown.at));
            } else {
                let what = format!("statement: {}", unknown.excerpt);
                let why = match &unknown.refusal {
                    Some(refusal) => format!("PostgreSQL refuses it: {}, at {}", refusal.what, refusal.at),
                    None => "is not understood, and was not run (`--level restore` does)".to_owned(),
                };
                report.find(Verdict::Unclear, what, Some(unknown.at.to_string()), why);
            }
        }
        for one in &dump.disagreements {
            let place = Some(format!("entry {}", one.id));
            let verdict = if one.is_unknown { Verdict::Unclear } else { Verdict::Bad };
            report.find(verdict, "table of contents", place, one.what.clone());
        }
        if dump.is_older {
            let why = "it is of a pg_dump older than 8.0, which wrote no mark of its end: whether it is whole cannot be seen";
            report.find(Verdict::Unclear, "dump", None, why);
        } else if !dump.end_is_marked {
            report.notes.push(
                "the backup has no mark of its end (pg_dump's closing comment): a cut between two statements, or the loss \
                 of whole tables, cannot be seen"
                    .to_owned(),
            );
        }
        if dump.crlf {
            report.notes.push(
                "lines end with CR LF, as a text file of Windows: whoever wrote it so changed line breaks within values and \
                 bodies as well"
                    .to_owned(),
            );
        }
        if let Some(second) = &dump.second {
            let at = second.at;
            report.notes.push(format!("a second dump begins in the same file, at {at}"));
            if let Some(again) = second.repeats.as_ref().filter(|_| !runs) {
                let why = "a second dump in the same file makes it again, which fails when it is run";
                report.find(Verdict::Unclear, again.to_string(), Some(at.to_string()), why);
            }
        }
        let told = dump.second.as_ref().is_some_and(|second| second.repeats.is_some());
        if let Some(Repeated { address, first, at }) = dump.repeated.as_ref().filter(|_| !runs && !told) {
            let why = format!("it is made at {first} already, and fails when it is run");
            report.find(Verdict::Unclear, address.to_string(), Some(at.to_string()), why);
        }
        Ok(Some(dump))
    }

    /// Reads the rows again, for a sink.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_rows(&self, sink: &mut dyn DataSink) -> Result<Dump, Failure> {
        self.read_with(DataWanted::Rows(sink), None)
    }

    fn read_with(&self, wanted: DataWanted<'_>, report: Option<&mut Report>) -> Result<Dump, Failure> {
        let mut input = cli::open(&self.path)?;
        input.dump.stop_at(&self.stop);
        if let Some(report) = report {
            report.format = format(&input.dump);
            if let Content::Archive(archive) = &input.dump.content {
                // Where they cannot be listed, reading them tells why.
                for (number, compression) in archive.empty_files().unwrap_or_default() {
                    match compression == Compression::Zstd && archive.header.version < NO_EMPTY_FRAME {
                        true => {
                            let why = "its file is empty, and this pg_dump writes a frame of zstd even around nothing";
                            report.find(Verdict::Bad, format!("large object {number}"), None, why);
                        }
                        false => report.doubtful.push(number),
                    }
                }
            }
        }
        if let Content::Tree(_) = input.dump.content {
            let error = anyhow::anyhow!("a tree is no backup: {}", self.path.display());
            return Err(Failure::from(error).with_hint("make a dump of it with `pgdump-join`"));
        }
        let options = ReadOptions { to_the_end: true, ..ReadOptions::default() };
        cli::read_input(input, &self.path, options, wanted)
    }
}

/// What tells a file, or a folder and its files, from what took its place: numbers, lengths and times.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Stamp(Vec<(OsString, u64, u64, u64, Option<SystemTime>)>);

impl Stamp {
    /// Looks at what lies there now; a pipe has nothing that could be compared.
    pub fn of(path: &Path) -> Stamp {
        let one = |path: &Path| {
            let metadata = fs::metadata(path).ok().filter(|metadata| metadata.is_file())?;
            let (device, number) = numbers(&metadata);
            let name = path.file_name().unwrap_or_default().to_owned();
            Some((name, device, number, metadata.len(), metadata.modified().ok()))
        };
        let mut all: Vec<_> = match fs::read_dir(path) {
            Ok(entries) => entries.flatten().filter_map(|entry| one(&entry.path())).collect(),
            Err(_) => one(path).into_iter().collect(),
        };
        all.sort();
        Stamp(all)
    }
}

#[cfg(unix)]
fn numbers(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;

    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn numbers(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}

/// Copies what comes through a pipe, on a thread of its own: it may come never.
fn copy(from: impl Read + Send + 'static, mut to: File, stop: &Stop) -> io::Result<()> {
    /// How often it is looked whether anybody still waits.
    const PAUSE: Duration = Duration::from_millis(50);
    let mut from = stop.reader(from);
    let (done, wait) = channel();
    thread::spawn(move || {
        // Nobody may wait any more.
        let _ = done.send(io::copy(&mut from, &mut to));
    });
    loop {
        match wait.recv_timeout(PAUSE) {
            Ok(copied) => return copied.map(drop),
            Err(RecvTimeoutError::Timeout) if !stop.is_wanted() => {}
            Err(_) => return Err(io::Error::other("the copy was stopped")),
        }
    }
}

fn format(input: &archive::Input) -> String {
    let mut format = match &input.content {
        Content::Plain(_) => "plain".to_owned(),
        Content::Tree(_) => "tree".to_owned(),
        Content::Archive(archive) => {
            let (major, minor, _) = archive.header.version;
            let kind = match archive.header.format {
                Format::Tar => "tar",
                Format::Directory => "directory",
                _ => "custom",
            };
            format!("{kind} archive {major}.{minor}, {}", archive.header.compression)
        }
    };
    for layer in &input.compression {
        format.push_str(&format!(", in {layer}"));
    }
    format
}

/// Takes a failure to read the backup as what it is: damage, or trouble of ours.
pub fn damage(failure: Failure, report: &mut Report) -> Result<(), Failure> {
    let causes = || failure.error().chain();
    let trouble = causes().any(|cause| {
        let archive = cause.downcast_ref::<archive::Error>().is_some_and(|error| match error {
            // What is no dump is no backup.
            error if error.is_no_dump() => false,
            archive::Error::Unsupported { .. } => true,
            archive::Error::Version { .. }
            | archive::Error::Spent { .. }
            | archive::Error::Inflated { .. } => true,
            archive::Error::Io { source, .. } | archive::Error::Read { source, .. } => is_systems(source),
            _ => false,
        });
        let dump = cause.downcast_ref::<dump::Error>().is_some_and(|error| match error {
            dump::Error::Read { source, .. } => is_systems(source),
            dump::Error::Fault { fault, .. } => {
                // A limit of ours says nothing of the backup.
                matches!(
                    fault,
                    Fault::UnsafeEncoding(_)
                        | Fault::Inflated
                        | Fault::TooManyTokens
                        // It is a file of somebody's repository, and not yet what is to be looked at.
                        | Fault::ConflictMarker
                )
            }
        });
        archive || dump
    });
    if trouble {
        return Err(failure);
    }
    let mut why = String::new();
    for cause in causes().map(ToString::to_string) {
        // Some errors show their cause themselves.
        if !why.ends_with(&cause) {
            why.push_str(if why.is_empty() { "" } else { ": " });
            why.push_str(&cause);
        }
    }
    report.find(Verdict::Bad, "file", None, why);
    Ok(())
}

/// Says whether an error is the system's and not about the bytes.
fn is_systems(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}
