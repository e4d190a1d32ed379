//! The backup as a file: read to its end, every row counted.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use archive::{Content, Format, Stop};
use cli::{DataWanted, Failure};
use dump::{DataSink, Dump, Fault, ReadOptions};
use scratch::Folder;

use crate::verdict::{Report, Verdict};

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

    /// Reads the backup to its end; `None` if that cannot be done, which is in the report then.
    ///
    /// # Errors
    /// When the system refuses to read it, or it is of a kind that nothing here reads.
    pub fn read(&self, report: &mut Report) -> Result<Option<Dump>, Failure> {
        let dump = match self.read_with(DataWanted::Content, Some(report)) {
            Ok(dump) => dump,
            Err(failure) => return damage(failure, report).map(|()| None),
        };
        // Meta-commands of psql are told elsewhere.
        for unknown in dump.unknown.iter().filter(|unknown| !unknown.excerpt.starts_with('\\')) {
            let what = format!("statement: {}", unknown.excerpt);
            report.notes.push(format!("not understood, run as it is: {what}, at {}", unknown.at));
        }
        for one in &dump.disagreements {
            let place = Some(format!("entry {}", one.id));
            report.find(Verdict::Bad, "table of contents", place, one.what.clone());
        }
        if !dump.end_is_marked {
            report.notes.push(
                "the backup has no mark of its end (pg_dump's closing comment): a cut between two statements, or the loss \
                 of whole tables, cannot be seen"
                    .to_owned(),
            );
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
        }
        if let Content::Tree(_) = input.dump.content {
            let error = anyhow::anyhow!("a tree is no backup: {}", self.path.display());
            return Err(Failure::from(error).with_hint("make a dump of it with `pgdump-join`"));
        }
        let options = ReadOptions { to_the_end: true, ..ReadOptions::default() };
        cli::read_input(input, &self.path, options, wanted)
    }
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
            archive::Error::Unsupported { .. } | archive::Error::IsDirectory { .. } => true,
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
                matches!(fault, Fault::UnsafeEncoding(_) | Fault::Inflated | Fault::TooManyTokens)
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
