//! Where a report goes.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use tempfile::NamedTempFile;

/// Where a report goes, known to be writable before the work whose outcome it is.
///
/// A file gets its report as a whole or stays as it was. Nothing stands in its folder during the work, so nothing is
/// left there by a program that is killed.
#[derive(Debug)]
pub struct Sink(Kind);

#[derive(Debug)]
enum Kind {
    Stdout,
    /// What cannot be replaced, such as a pipe.
    Device(File, PathBuf),
    /// A file, and what will take its place once it is written.
    File(PathBuf, Option<NamedTempFile>),
}

impl Sink {
    /// Returns standard output.
    pub fn stdout() -> Sink {
        Sink(Kind::Stdout)
    }

    /// Opens what a path names, and says so if it cannot be written.
    ///
    /// # Errors
    /// When there is no such folder, or the file or the folder may not be written.
    pub fn open(path: &Path) -> anyhow::Result<Sink> {
        let cannot = || format!("cannot write {}", path.display());
        // A link stays one.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if let Ok(metadata) = fs::metadata(path) {
            if metadata.is_dir() {
                return Err(io::Error::from(io::ErrorKind::IsADirectory)).with_context(cannot);
            }
            if !metadata.is_file() {
                let file = File::options().write(true).open(path).with_context(cannot)?;
                return Ok(Sink(Kind::Device(file, path.clone())));
            }
            // What must not be written must not be replaced either.
            File::options().append(true).open(path).with_context(cannot)?;
        }
        // Made only to see whether it can be.
        replacement(path).with_context(cannot)?;
        Ok(Sink(Kind::File(path.clone(), None)))
    }

    /// Returns the file that will be replaced, by the one name that all its names lead to.
    pub fn file(&self) -> Option<PathBuf> {
        let Kind::File(path, _) = &self.0 else { return None };
        Some(fs::canonicalize(folder(path)).ok()?.join(path.file_name()?))
    }

    /// Writes all of a report; a file is replaced by [`finish`](Self::finish) only.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
        let name = match &self.0 {
            Kind::Stdout => "standard output".to_owned(),
            Kind::Device(_, path) | Kind::File(path, _) => path.display().to_string(),
        };
        let buffered = |out: &mut dyn Write| {
            let mut out = BufWriter::new(out);
            write(&mut out).and_then(|()| out.flush())
        };
        let written = match &mut self.0 {
            Kind::Stdout => buffered(&mut io::stdout().lock()),
            Kind::Device(file, _) => buffered(file),
            Kind::File(path, written) => replacement(path).and_then(|mut file| {
                buffered(file.as_file_mut())?;
                *written = Some(file);
                Ok(())
            }),
        };
        written.with_context(|| format!("cannot write {name}"))
    }

    /// Puts what was written in the place of the file.
    ///
    /// # Errors
    /// When that cannot be done; the file stays as it was then.
    pub fn finish(self) -> anyhow::Result<()> {
        if let Kind::File(path, Some(file)) = self.0 {
            file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

/// Opens several files; no two may be one, whatever their names.
///
/// # Errors
/// When one cannot be written, or is named twice.
pub fn open_all<'p>(paths: impl IntoIterator<Item = &'p Path>) -> anyhow::Result<Vec<Sink>> {
    let mut sinks: Vec<Sink> = Vec::new();
    for path in paths {
        let sink = Sink::open(path)?;
        if sink.file().is_some_and(|file| sinks.iter().any(|known| known.file().as_ref() == Some(&file))) {
            anyhow::bail!("two reports would go to one file: {}", path.display());
        }
        sinks.push(sink);
    }
    Ok(sinks)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes an empty file beside another, with its rights.
fn replacement(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".pgdumpkit-report.");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The process's mask takes from this what it takes from every new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder(path))?;
    if let Ok(metadata) = fs::metadata(path) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    Ok(file)
}
