//! Where backups are made, and where they go.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use cli::{Failure, Progress};
use manifest::Sha256;
use nix::unistd::geteuid;

use crate::backup_folder::{self, Backup};
use crate::backup_name::{BackupName, Target};
use crate::shelf::Shelf;
use crate::stored;

/// Where backups are made, and where they go: the same folder, or a store, for which they are made and proven in a folder
/// of this machine.
#[derive(Debug)]
pub struct Destination {
    /// Where they lie in the end.
    pub shelf: Shelf,
    folder: PathBuf,
}

impl Destination {
    /// Takes what the user names: a folder that is there, or a location such as `s3://bucket/nightly`.
    ///
    /// # Errors
    /// When there is no such folder, or the store cannot be used.
    pub fn open(path: &Path) -> Result<Destination, Failure> {
        let shelf = Shelf::open(path)?;
        let folder = match &shelf {
            Shelf::Folder(folder) if !folder.is_dir() => {
                return Err(anyhow!("no such folder: {}", folder.display()).into());
            }
            Shelf::Folder(folder) => folder.clone(),
            Shelf::Store(..) => staging(&shelf.shown())?,
        };
        Ok(Destination { shelf, folder })
    }

    /// Returns where backups are made.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Finds a name of this moment, or of the next second that no backup of the target has.
    ///
    /// # Errors
    /// When the folder or the store cannot be read.
    pub fn free_name(&self, mut name: BackupName) -> Result<BackupName, Failure> {
        let here = Shelf::Folder(self.folder.clone());
        let mut taken = Vec::new();
        for shelf in [&here, &self.shelf] {
            let items = shelf.items().with_context(|| format!("cannot read {}", shelf.in_words()))?;
            taken.extend(items.keys().filter_map(|name| BackupName::parse(name)));
        }
        while taken.iter().any(|other| other.target == name.target && other.taken == name.taken) {
            name.taken += jiff::SignedDuration::from_secs(1);
        }
        Ok(name)
    }

    /// Brings a backup that was made to where it goes, if that is elsewhere; returns where it is then.
    ///
    /// # Errors
    /// When the store refuses it. It is not lost: [`bring_rest`](Self::bring_rest) tries again.
    pub fn bring(&self, made: &Path, progress: &Progress) -> Result<PathBuf, Failure> {
        let Shelf::Store(store, at) = &self.shelf else { return Ok(made.to_owned()) };
        let name = made.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let parsed = BackupName::parse(name).ok_or_else(|| anyhow!("no name of a backup: {name}"))?;
        stored::send(&self.folder, &parsed, store, at, progress).map_err(|failure| {
            failure.with_hint(format!("it is kept in {}, and the next run sends it", self.folder.display()))
        })?;
        let here = Shelf::Folder(self.folder.clone());
        let is_it = |backup: &Backup| backup.name == parsed;
        let left = backup_folder::read(&here).context("cannot read the folder that it was made in")?;
        for backup in left.into_iter().filter(is_it) {
            backup_folder::remove(&here, &backup).context("cannot remove it where it was made")?;
        }
        Ok(self.shelf.path(name))
    }

    /// Brings what runs before could not bring; returns the names.
    ///
    /// # Errors
    /// When the store still refuses it.
    pub fn bring_rest(&self, target: &Target, progress: &Progress) -> Result<Vec<String>, Failure> {
        if matches!(self.shelf, Shelf::Folder(_)) {
            return Ok(Vec::new());
        }
        let made = backup_folder::read(&Shelf::Folder(self.folder.clone()));
        let made = made.with_context(|| format!("cannot read folder {}", self.folder.display()))?;
        let of_target = made.iter().filter(|backup| backup.name.target == *target && backup.fault.is_none());
        let mut brought = Vec::new();
        for backup in of_target {
            let name = backup.name.to_string();
            self.bring(&self.folder.join(&name), progress)?;
            brought.push(name);
        }
        Ok(brought)
    }
}

/// Returns the folder that backups for a store are made in: always the same for a store and an account, so that what a run
/// leaves there the next one finds.
fn staging(store: &str) -> Result<PathBuf, Failure> {
    let hash = Sha256::of(store.as_bytes()).to_string();
    let name = format!("pgdump-take-{}-{}", geteuid(), hash.get(..16).unwrap_or(&hash));
    let folder = std::env::temp_dir().join(name);
    let shown = folder.display();
    match DirBuilder::new().mode(0o700).create(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Failure::from(anyhow!(error).context(format!("cannot make a folder: {shown}"))));
        }
        _ => {}
    }
    // Anybody may have made it where everybody makes temporary files.
    let metadata = fs::symlink_metadata(&folder).with_context(|| format!("cannot read: {shown}"))?;
    let private = metadata.is_dir()
        && metadata.uid() == geteuid().as_raw()
        && metadata.permissions().mode() & 0o077 == 0;
    match private {
        true => Ok(folder),
        false => Err(anyhow!("not a folder that only you enter: {shown}").into()),
    }
}
