//! A backup on its way: under a name that no backup has, until all of it is there.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use cli::Failure;
use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use scratch::AtSignal;

use crate::backup_name::{Target, partial};

/// Keeps others from the same target in the same folder; given back when dropped, or when the process ends.
pub struct Lock(#[allow(dead_code, reason = "what matters is that it is open")] File);

impl Lock {
    /// Takes the lock; none if another run has it.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn take(folder: &Path, target: &Target) -> Result<Option<Lock>, Failure> {
        let path = folder.join(format!(".{}.lock", target.file_name().replace('/', "%")));
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.with_context(|| format!("cannot lock: {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(anyhow!(error).context(format!("cannot lock: {}", path.display())).into())
            }
        }
    }
}

/// A file or folder under a temporary name. Unless it is finished, it goes when dropped, and when a signal ends the
/// process; what a killed process leaves is the next run's to remove.
pub struct Unfinished {
    folder: PathBuf,
    path: PathBuf,
    at_signal: Option<AtSignal>,
    finished: bool,
}

impl Unfinished {
    /// Makes an empty file that only its owner reads.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn file(folder: &Path, name: &str) -> Result<(Unfinished, File), Failure> {
        let unfinished = Unfinished::new(folder, name);
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&unfinished.path);
        let file = file.with_context(|| format!("cannot make: {}", unfinished.path.display()))?;
        Ok((unfinished, file))
    }

    /// Makes an empty folder that only its owner enters.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn folder(folder: &Path, name: &str) -> Result<Unfinished, Failure> {
        let unfinished = Unfinished::new(folder, name);
        let made = DirBuilder::new().mode(0o700).create(&unfinished.path);
        made.with_context(|| format!("cannot make: {}", unfinished.path.display()))?;
        Ok(unfinished)
    }

    fn new(folder: &Path, name: &str) -> Unfinished {
        let path = folder.join(partial(name));
        let goes = path.clone();
        let at_signal = scratch::at_signal(move || remove(&goes));
        Unfinished { folder: folder.to_owned(), path, at_signal: Some(at_signal), finished: false }
    }

    /// Returns where it is for now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, which nothing may have yet. What it holds must be on the disk.
    ///
    /// # Errors
    /// When the name is taken, or the system refuses.
    pub fn finish(mut self, name: &str) -> Result<PathBuf, Failure> {
        let to = self.folder.join(name);
        // Whoever obeys a signal must not be removing what gets its name: from here on it is left to the next run, and if
        // one is obeyed already, this waits for the end.
        self.at_signal = None;
        let renamed = renameat2(AT_FDCWD, &self.path, AT_FDCWD, &to, RenameFlags::RENAME_NOREPLACE);
        // Some file systems know no such promise.
        let renamed = match renamed {
            Err(nix::Error::EINVAL | nix::Error::ENOSYS) if !to.exists() => fs::rename(&self.path, &to),
            renamed => renamed.map_err(io::Error::from),
        };
        renamed.with_context(|| format!("cannot give a backup its name: {}", to.display()))?;
        self.finished = true;
        File::open(&self.folder)
            .and_then(|folder| folder.sync_all())
            .context("cannot write the folder to the disk")?;
        Ok(to)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            remove(&self.path);
        }
    }
}

/// What cannot be removed stays under a name that is no backup's.
fn remove(path: &Path) {
    let _ = match path.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    };
}
