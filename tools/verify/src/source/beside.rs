//! What lies beside a backup: its manifest, and the record that it was verified.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use cli::Failure;
use jiff::Timestamp;
use manifest::{Error, Verified, VerifiedFormat, Version};
use tempfile::NamedTempFile;

use super::Recorded;
use crate::arguments::Level;
use crate::backups;
use crate::verdict::{Report, Verdict};

impl Recorded {
    /// Reads the manifest that was named, else the one that lies beside the backup, if any does.
    ///
    /// # Errors
    /// When it cannot be read. One that was not named may be something else altogether, which is said then.
    pub fn of(backup: &Path, named: Option<&Path>, report: &mut Report) -> Result<Option<Recorded>, Failure> {
        if let Some(path) = named {
            return Recorded::open(path).map(Some);
        }
        let Some(path) = beside(backup).filter(|path| path.is_file()) else { return Ok(None) };
        match Recorded::open(&path) {
            Err(failure) if matches!(failure.error().downcast_ref(), Some(Error::NoManifest)) => {
                report.notes.push(format!("beside the backup, and no manifest: {}", path.display()));
                Ok(None)
            }
            opened => opened.map(Some),
        }
    }

    /// Records beside a backup that it was verified with the manifest there, or removes that record of a bad one.
    pub fn attest(&self, backup: &Path, level: Level, report: &mut Report) {
        if !beside(backup).is_some_and(|path| self.is_at(&path)) {
            return;
        }
        let path = manifest::verified_path_beside(backup);
        let level = match level {
            Level::File => None,
            Level::Restore => Some(manifest::Level::Restore),
            Level::Full => Some(manifest::Level::Full),
        };
        let (action, done) = match (report.verdict(), level) {
            (Verdict::Bad, _) => ("remove", remove(&path)),
            (Verdict::Verified, Some(level)) => ("write", self.write(level, &path)),
            _ => return,
        };
        if let Err(error) = done {
            report.notes.push(format!("cannot {action} {}: {error}", path.display()));
        }
    }

    /// Says whether it is the file at a path.
    pub fn is_at(&self, path: &Path) -> bool {
        path.is_file() && fs::canonicalize(path).ok() == fs::canonicalize(&self.path).ok()
    }

    fn write(&self, level: manifest::Level, path: &Path) -> io::Result<()> {
        let verified = Verified {
            format: VerifiedFormat,
            version: Version,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            level,
            verified_at: backups::shown(Timestamp::now()),
            manifest_sha256: self.sha256,
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // Nobody else may read it, as with the backup.
        let mut file =
            NamedTempFile::with_prefix_in(".pgdumpkit-verified.", folder.unwrap_or(Path::new(".")))?;
        verified.write(&mut file).map_err(io::Error::other)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }
}

/// Returns where the manifest of a backup is looked for; nothing lies beside a pipe.
fn beside(backup: &Path) -> Option<PathBuf> {
    let lies = backup != Path::new("-") && (backup.is_file() || backup.is_dir());
    lies.then(|| manifest::path_beside(backup))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
