//! The staging folder that files are written into before they are renamed into place.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{Content, Error, Kind, kind_of};

/// What the names of staging folders begin with; the process id follows.
pub(super) const STAGE_PREFIX: &str = ".pgdumpkit-stage-";

/// The file inside a staging folder that is locked as long as its process works.
pub(super) const LOCK_NAME: &str = "lock";

/// A staging folder; dropping it removes it, and the tree's folder too if it was made for nothing.
pub(super) struct Stage<'a> {
    path: PathBuf,
    /// Held until the end, so that no other process takes the stage for a leftover.
    lock: Option<File>,
    made_root: Option<&'a Path>,
}

impl Stage<'_> {
    /// Makes a stage inside a tree, after removing what killed runs left behind.
    pub(super) fn new(root: &Path) -> Result<Stage<'_>, Error> {
        let made_root = (kind_of(root)?.is_none()).then_some(root);
        fs::create_dir_all(root).map_err(Error::io("make the folder", root))?;
        let path = root.join(format!("{STAGE_PREFIX}{}", std::process::id()));
        // From here on, a failure leaves no folder behind.
        let mut stage = Stage { path: PathBuf::new(), lock: None, made_root };
        for entry in fs::read_dir(root).map_err(Error::io("read", root))? {
            let entry = entry.map_err(Error::io("read", root))?;
            let file_type = entry.file_type().map_err(Error::io("read", &entry.path()))?;
            if is_stage(&entry.file_name()) && file_type.is_dir() {
                remove_leftover(&entry.path())?;
            }
        }
        fs::create_dir(&path).map_err(Error::io("make the folder", &path))?;
        stage.path = path;
        let lock = stage.path.join(LOCK_NAME);
        let file = File::create_new(&lock).map_err(Error::io("write", &lock))?;
        // Some network disks know no locks. There, two runs at the same time are not told from one that was killed.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::Busy { path: stage.path.clone() });
        }
        stage.lock = Some(file);
        Ok(stage)
    }

    pub(super) fn file(&self, number: usize) -> PathBuf {
        self.path.join(number.to_string())
    }

    pub(super) fn write(&self, number: usize, content: &Content) -> Result<(), Error> {
        let path = self.file(number);
        let mut file = File::create_new(&path).map_err(Error::io("write", &path))?;
        match content {
            Content::Bytes(bytes) => {
                io::Write::write_all(&mut file, bytes).map_err(Error::io("write", &path))
            }
            // Not `fs::copy`: that would give the file the narrow permissions of a temporary one.
            Content::File(source) => {
                let mut source = File::open(source).map_err(Error::io("read", source))?;
                io::copy(&mut source, &mut file).map(drop).map_err(Error::io("write", &path))
            }
        }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        // Windows removes no file that is open.
        self.lock = None;
        // A failure cannot be reported from here; the next run removes what is left.
        if !self.path.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.path);
        }
        if let Some(root) = self.made_root {
            // This succeeds only if the folder is still empty.
            let _ = fs::remove_dir(root);
        }
    }
}

/// Says whether a folder of this name is a stage.
pub(super) fn is_stage(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(STAGE_PREFIX.as_bytes())
}

/// Removes the stage of a killed run, unless its process is alive.
fn remove_leftover(stage: &Path) -> Result<(), Error> {
    let lock = stage.join(LOCK_NAME);
    if kind_of(&lock)? == Some(Kind::File) {
        let file = File::open(&lock).map_err(Error::io("read", &lock))?;
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(Error::Busy { path: stage.to_owned() });
        }
    }
    fs::remove_dir_all(stage).map_err(Error::io("remove", stage))
}
