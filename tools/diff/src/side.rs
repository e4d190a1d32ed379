//! The two sides: what the user may name, and reading the dump in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use cli::{DataWanted, Failure};
use compare::{LeftOut, Which};
use connect::Written;
use dump::{Dump, ReadOptions, Reading};
use store::Location;

use crate::arguments::Arguments;
use crate::external::External;
use crate::{repository, server};

/// What git and people use for a file that is not there.
const NOTHING: &str = "/dev/null";

/// Secrets are compared, and never printed.
const OPTIONS: ReadOptions = ReadOptions { keep_secrets: true, canonical: false, to_the_end: false };

/// Where a dump is.
#[derive(Debug)]
pub(crate) enum Source {
    /// Nowhere: a side without a schema.
    Nothing,
    /// A file, a folder or standard input.
    Path(PathBuf),
    /// A file or folder in a store, such as `s3://bucket/shop.dump`.
    Stored(PathBuf),
    /// A file that git wrote, which may be empty.
    GitFile(PathBuf),
    /// `REV:PATH` of a git repository.
    Revision(repository::Spec),
    /// A database.
    Server(Written),
}

/// One of the two sides.
#[derive(Debug)]
pub(crate) struct Side {
    /// What it is called, without a password.
    pub name: String,
    source: Source,
}

impl Side {
    /// Tells what the user named.
    ///
    /// # Errors
    /// When it looks like a connection string and is none that can be used.
    pub fn parse(text: &OsStr) -> Result<Side, Failure> {
        let path = PathBuf::from(text);
        let named = |source| Ok(Side { name: path.display().to_string(), source });
        if text == NOTHING {
            return named(Source::Nothing);
        }
        if Location::is_written(&path) {
            return named(Source::Stored(path.clone()));
        }
        let on_disk = text == "-" || fs::symlink_metadata(&path).is_ok();
        if let Some(connection) = text.to_str().filter(|_| !on_disk).and_then(Written::parse) {
            let connection = connection?;
            return Ok(Side { name: connection.shown().to_owned(), source: Source::Server(connection) });
        }
        match repository::Spec::parse(text).filter(|_| !on_disk) {
            Some(spec) => named(Source::Revision(spec)),
            None => named(Source::Path(path.clone())),
        }
    }

    /// Tells what git gives for a side.
    pub fn of_git(name: &str, file: &Path) -> Side {
        let nothing = file == Path::new(NOTHING);
        let source = if nothing { Source::Nothing } else { Source::GitFile(file.to_owned()) };
        Side { name: name.to_owned(), source }
    }

    fn is_nothing(&self) -> bool {
        matches!(self.source, Source::Nothing)
    }

    fn is_stdin(&self) -> bool {
        matches!(&self.source, Source::Path(path) if path == Path::new("-"))
    }

    fn read(&self, wanted: DataWanted<'_>) -> Result<Dump, Failure> {
        let nothing = || Reading::new(OPTIONS).finish();
        match &self.source {
            Source::Nothing => Ok(nothing()),
            // An empty file was committed; git shows it as one without lines.
            Source::GitFile(path)
                if fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() == 0) =>
            {
                Ok(nothing())
            }
            Source::GitFile(path) | Source::Stored(path) => cli::read_dump(path, OPTIONS, wanted),
            Source::Path(path) => match fs::symlink_metadata(path) {
                Err(error) if !self.is_stdin() && error.kind() == std::io::ErrorKind::NotFound => {
                    let failure = Failure::from(anyhow!("no such file or folder: {}", self.name));
                    Err(failure.with_hint(
                        "other dumps than files are named as: `REV:PATH`, `:PATH`, `postgresql://…`, `service=NAME`, `s3://…`",
                    ))
                }
                _ => cli::read_dump(path, OPTIONS, wanted),
            },
            Source::Revision(spec) => repository::read(spec, OPTIONS, wanted),
            Source::Server(connection) => server::read(connection, OPTIONS, wanted),
        }
    }
}

/// Tells the two sides; `Err` has the path of a file that git has not merged yet.
///
/// # Errors
/// The outer result: when there are no two sides to be read.
pub(crate) fn both(arguments: &Arguments) -> Result<Result<[Side; 2], String>, Failure> {
    let sides = match (&arguments.git, &arguments.old, &arguments.new) {
        (Some(git), ..) => match External::parse(git)? {
            Ok(External { paths: [old, new], files: [before, after] }) => {
                [Side::of_git(&old, &before), Side::of_git(&new, &after)]
            }
            Err(path) => return Ok(Err(path)),
        },
        (None, Some(old), Some(new)) => [Side::parse(old)?, Side::parse(new)?],
        _ => return Err(anyhow!("two dumps are compared, and one is missing").into()),
    };
    if sides.iter().all(Side::is_stdin) {
        return Err(anyhow!("standard input can be only one of the two dumps").into());
    }
    if sides.iter().all(Side::is_nothing) {
        return Err(anyhow!("nothing to compare, both dumps are: {NOTHING}").into());
    }
    Ok(Ok(sides))
}

/// Reads both sides at the same time, and leaves what the arguments select.
///
/// # Errors
/// When one cannot be read to its end, or nothing matches a pattern.
pub(crate) fn read_both(sides: &[Side; 2], arguments: &Arguments) -> Result<[Dump; 2], Failure> {
    let [old, new] = sides;
    let (before, after) = std::thread::scope(|scope| {
        let before = scope.spawn(|| old.read(arguments.data_wanted()));
        let after = new.read(arguments.data_wanted());
        (before.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), after)
    });
    let mut dumps = [before?, after?];
    for (dump, side) in dumps.iter_mut().zip(sides) {
        cli::report_unknown(dump, &side.name);
        arguments.omit.apply(dump);
    }
    // A side without a schema has no database that could be missing in it.
    let selected = match (old.is_nothing(), new.is_nothing()) {
        (true, _) => &mut dumps[1..],
        (_, true) => &mut dumps[..1],
        _ => &mut dumps[..],
    };
    arguments.select.apply(selected)?;
    Ok(dumps)
}

/// Forgets what follows the end of a dump that is compared with a database, which has no such thing.
pub(crate) fn leave_out_trailers(sides: &[Side; 2], old: &mut Dump, new: &mut Dump) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    if !sides.iter().any(|side| matches!(side.source, Source::Server(_))) {
        return left_out;
    }
    for (dump, which) in [(old, Which::Old), (new, Which::New)] {
        let had = dump.databases.iter().any(|database| !database.schema.trailer.is_empty());
        dump.databases.iter_mut().for_each(|database| database.schema.trailer.clear());
        left_out.extend(had.then_some(LeftOut::Trailer(which)));
    }
    left_out
}
