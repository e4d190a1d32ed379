//! pg_dump at work, and what it writes read along.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, anyhow};
use cli::{DataWanted, Failure};
use dump::{Dump, ReadOptions};
use manifest::FileHasher;
use scratch::Pipe;

use crate::backup_name::Form;
use crate::growing::{Growing, Seen};
use crate::packing::{Packer, Packing};
use crate::stop::Stop;
use crate::syncing::Syncing;
use crate::unfinished::Unfinished;

const ON_DISK: &str = "cannot write the backup to the disk";

/// What came of it: the dump as it was read, and the files.
pub struct Written {
    pub dump: Dump,
    pub files: Vec<manifest::File>,
}

/// Runs a program that writes a plain dump to its stdout, and reads along what goes into the file.
///
/// # Errors
/// When the program fails, what it writes is no complete dump, or the file cannot be written.
pub fn plain(
    command: Command,
    packing: Packing,
    to: File,
    name: &str,
    stop: &Arc<Stop>,
) -> Result<Written, Failure> {
    let written = Arc::new(Mutex::new(None));
    let syncing = Syncing::begin(to.try_clone().context("cannot write the backup")?);
    let packer = Packer::new(packing, to).context("cannot begin to pack")?;
    let pipe = Pipe::open(command, Stdio::null())?;
    stop.of(&pipe);
    let refused = Arc::default();
    let written_to = Arc::clone(&written);
    let tee = Tee { pipe, packer: Some(packer), written: written_to, refused, stop: Arc::clone(stop) };
    let refused = Arc::clone(&tee.refused);
    let dump = cli::read_reader(Box::new(tee), Path::new(name), ReadOptions::default(), DataWanted::Content);
    if let Some(error) = refused.lock().unwrap_or_else(|poison| poison.into_inner()).take() {
        // That reading ended there comes of that.
        return Err(anyhow!(error).context(format!("cannot write the backup: {name}")).into());
    }
    let dump = dump?;
    let hasher = written.lock().unwrap_or_else(|poison| poison.into_inner()).take();
    let hasher = hasher.ok_or_else(|| anyhow!("what is written was not read to its end: {name}"))?;
    syncing.finish().context(ON_DISK)?;
    Ok(Written { dump, files: vec![hasher.finish(name)] })
}

/// Runs a pg_dump that writes an archive into one file, and reads the file as it grows.
///
/// # Errors
/// As for [`plain`].
pub fn archive(
    command: Command,
    unfinished: &Unfinished,
    name: &str,
    stop: &Arc<Stop>,
) -> Result<Written, Failure> {
    let path = unfinished.path();
    let cannot_read = || format!("cannot read: {}", path.display());
    let mut pipe = Pipe::open(command, Stdio::null())?;
    stop.of(&pipe);
    let ended = pipe.ended();
    let over = Arc::new(AtomicBool::new(false));
    let syncing = Syncing::begin(File::open(path).with_context(cannot_read)?);
    let file = File::open(path).with_context(cannot_read)?;
    let seen = Arc::new(Mutex::new(Seen::default()));
    let growing =
        Growing { file, ended, over: Arc::clone(&over), stop: Arc::clone(stop), seen: Arc::clone(&seen) };
    let (program, dump) = thread::scope(|scope| {
        let program = scope.spawn(|| {
            let result = io::copy(&mut pipe, &mut io::sink()).map(drop);
            over.store(true, Ordering::Release);
            result
        });
        let dump =
            cli::read_reader(Box::new(growing), Path::new(name), ReadOptions::default(), DataWanted::Content);
        if dump.is_err() && !over.load(Ordering::Acquire) {
            stop.stop();
        }
        let panicked = |_| Err(io::Error::other("a thread panicked"));
        (program.join().unwrap_or_else(panicked), dump)
    });
    // Why the program failed says more than what came of it, unless it was ended for that.
    let dump = match (program, dump) {
        (Err(error), dump) if dump.is_ok() || !stop.is_wanted() => return Err(error.into()),
        (_, dump) => dump?,
    };
    let seen = std::mem::take(&mut *seen.lock().unwrap_or_else(|poison| poison.into_inner()));
    let (dump, described) = match seen.compare(path, name)? {
        Some(described) => (dump, described),
        // Read again as a whole.
        None => {
            let dump = cli::read_dump(path, ReadOptions::default(), DataWanted::Content)?;
            (dump, manifest::File::of(name, &mut File::open(path).with_context(cannot_read)?)?)
        }
    };
    syncing.finish().context(ON_DISK)?;
    Ok(Written { dump, files: vec![described] })
}

/// Runs a pg_dump that writes a folder, and then reads it.
///
/// # Errors
/// As for [`plain`].
pub fn folder(command: Command, unfinished: &Unfinished, stop: &Stop) -> Result<Written, Failure> {
    let path = unfinished.path();
    let mut pipe = Pipe::open(command, Stdio::null())?;
    stop.of(&pipe);
    io::copy(&mut pipe, &mut io::sink())?;
    let dump = cli::read_dump(path, ReadOptions::default(), DataWanted::Content)?;
    let cannot_read = || format!("cannot read: {}", path.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(path).with_context(cannot_read)? {
        let name = entry.with_context(cannot_read)?.file_name();
        names.push(
            name.into_string()
                .map_err(|name| anyhow!("a file of no name pg_dump gives: {}", name.display()))?,
        );
    }
    names.sort();
    let mut files = Vec::new();
    for name in names {
        let mut file = File::open(path.join(&name)).with_context(cannot_read)?;
        file.sync_all().context(ON_DISK)?;
        files.push(manifest::File::of(&name, &mut file)?);
    }
    File::open(path).and_then(|folder| folder.sync_all()).context(ON_DISK)?;
    Ok(Written { dump, files })
}

/// Says how a plain or archived backup is called.
pub fn form(format: crate::arguments::Format, packing: Packing) -> Form {
    use crate::arguments::Format;
    match (format, packing) {
        (Format::Plain, Packing::None) => Form::Plain,
        (Format::Plain, Packing::Gzip(_)) => Form::PlainGzip,
        (Format::Plain, Packing::Zstd(_)) => Form::PlainZstd,
        (Format::Custom, _) => Form::Custom,
        (Format::Tar, _) => Form::Tar,
        (Format::Directory, _) => Form::Directory,
    }
}

/// What a program writes, on its way to a reader and into a file.
struct Tee {
    pipe: Pipe,
    packer: Option<Packer>,
    written: Arc<Mutex<Option<FileHasher>>>,
    /// Why the file was not written.
    refused: Arc<Mutex<Option<io::Error>>>,
    stop: Arc<Stop>,
}

impl Tee {
    /// Keeps why the file was not written: whoever reads would call it a failure to read.
    fn refuse(&self, error: io::Error) -> io::Error {
        let ended = io::Error::other("the backup could not be written");
        *self.refused.lock().unwrap_or_else(|poison| poison.into_inner()) = Some(error);
        ended
    }
}

impl Read for Tee {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_wanted() {
            return Err(io::Error::other("given up"));
        }
        // pg_dump writes a few KB at a time: gathered, they cost less to write, to hash and to read.
        let read = self.pipe.gather(buf)?;
        match (read, &mut self.packer) {
            (0, packer) if !buf.is_empty() => {
                if let Some(packer) = packer.take() {
                    let hasher = packer.finish().map_err(|error| self.refuse(error))?;
                    *self.written.lock().unwrap_or_else(|poison| poison.into_inner()) = Some(hasher);
                }
            }
            (read, Some(packer)) => {
                if let Err(error) = packer.write_all(&buf[..read]) {
                    return Err(self.refuse(error));
                }
            }
            (_, None) => return Err(io::Error::other("more than all of it")),
        }
        Ok(read)
    }
}
