//! The backups on a shelf, and what lies beside them.
//!
//! Ours is what is called as a backup and has a manifest beside it. Nothing else is listed or touched, and no link is
//! followed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use manifest::{Error, MANIFEST_ENDING, Manifest, Sha256, VERIFIED_ENDING, Verified};

use crate::backup_name::{BackupName, Form, Target, partial};
use crate::retention::Candidate;
use crate::shelf::{Item, Items, Shelf};
use crate::stored;

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Its name.
    pub name: BackupName,
    /// Its bytes.
    pub bytes: u64,
    /// The rows of its tables, as its manifest says.
    pub rows: Option<u64>,
    /// Why it is not complete, if it is not: each file of the manifest is to be there in its exact length.
    pub fault: Option<String>,
    /// When it was verified with this manifest, if it was and passed.
    pub verified: Option<Timestamp>,
}

impl Backup {
    /// Returns what matters to whether it is kept.
    pub fn candidate(&self) -> Candidate {
        Candidate {
            taken: self.name.taken,
            bytes: self.bytes,
            complete: self.fault.is_none(),
            verified: self.verified.is_some(),
        }
    }
}

/// Reads the backups of a shelf, by target and time.
///
/// # Errors
/// When it cannot be read.
pub fn read(shelf: &Shelf) -> io::Result<Vec<Backup>> {
    let items = shelf.items()?;
    let names = items.keys().filter_map(|name| BackupName::parse(name));
    let mut backups: Vec<Backup> = names.filter_map(|name| look(shelf, &items, name)).collect();
    backups.sort_by_cached_key(|backup| {
        (backup.name.target.clone(), backup.name.taken, backup.name.to_string())
    });
    Ok(backups)
}

/// Looks at what is called as a backup; none if it is not ours, or gone by now.
fn look(shelf: &Shelf, items: &Items, name: BackupName) -> Option<Backup> {
    let shown = name.to_string();
    let item = items.get(&shown).filter(|item| item.is_of(name.form))?;
    let beside = format!("{shown}{MANIFEST_ENDING}");
    if shelf.is_unfinished(items, &shown) || !matches!(items.get(&beside), Some(Item::File(_))) {
        return None;
    }
    let read = shelf.read(&beside).map_err(Error::Io);
    let (rows, fault, verified) = match read.and_then(|mut file| Manifest::read_and_hash(&mut file)) {
        Ok((manifest, hash)) => {
            let rows = manifest.tables.iter().fold(0_u64, |sum, table| sum.saturating_add(table.rows));
            (Some(rows), fault(item, &name, &manifest), verified(shelf, items, &shown, hash))
        }
        Err(error) => (None, Some(format!("cannot read its manifest: {error}")), None),
    };
    Some(Backup { bytes: item.bytes(), name, rows, fault, verified })
}

/// Says why a backup is not complete.
fn fault(item: &Item, name: &BackupName, manifest: &Manifest) -> Option<String> {
    if let Item::Hidden(why) = item {
        return Some(format!("cannot look into its folder: {why}"));
    }
    let is_folder = name.form == Form::Directory;
    if manifest.backup != name.to_string() {
        return Some(format!("its manifest is of another backup: {}", manifest.backup));
    }
    if manifest.files.is_empty() || !is_folder && manifest.files.len() != 1 {
        return Some(format!("its manifest names so many files: {}", manifest.files.len()));
    }
    manifest.files.iter().find_map(|file| match item.file(&file.name) {
        Some(bytes) if bytes == file.bytes => None,
        Some(bytes) => Some(format!("file {}: expected {} bytes; actual {bytes}", file.name, file.bytes)),
        None => Some(format!("no file: {}", file.name)),
    })
}

/// Returns when a backup was verified with the manifest of this hash.
fn verified(shelf: &Shelf, items: &Items, name: &str, manifest: Sha256) -> Option<Timestamp> {
    let record = format!("{name}{VERIFIED_ENDING}");
    // A store is not asked for what it does not list.
    let mut file = items.contains_key(&record).then(|| shelf.read(&record).ok()).flatten()?;
    let verified = Verified::read(&mut file).ok().filter(|verified| verified.manifest_sha256 == manifest)?;
    verified.verified_at.parse().ok()
}

/// Removes a backup and what lies beside it.
///
/// It loses its name first: what is left of a removal that was killed is no backup, and goes with
/// [`clear_leftovers`].
///
/// # Errors
/// When it cannot be removed.
pub fn remove(shelf: &Shelf, backup: &Backup) -> io::Result<()> {
    let folder = match shelf {
        Shelf::Folder(folder) => folder,
        Shelf::Store(store, at) => return stored::remove(store, at, &backup.name),
    };
    let name = backup.name.to_string();
    let path = folder.join(&name);
    let leaving = folder.join(partial(&name));
    discard(&leaving)?;
    fs::rename(&path, &leaving)?;
    File::open(folder)?.sync_all()?;
    discard(&leaving)?;
    // The manifest last: without it, a record that it was verified says nothing.
    discard(&manifest::verified_path_beside(&path))?;
    discard(&manifest::path_beside(&path))
}

/// Removes what runs that were killed left of the backups of a target: what has no final name yet or none any more, and
/// what lies beside a backup that is not there. Returns the names.
///
/// Nobody else may be taking or removing a backup of the target.
///
/// # Errors
/// When the shelf cannot be read, or something not removed.
pub fn clear_leftovers(shelf: &Shelf, target: &Target) -> io::Result<Vec<String>> {
    let folder = match shelf {
        Shelf::Folder(folder) => folder,
        Shelf::Store(store, at) => return stored::clear_leftovers(store, at, target),
    };
    let mut leftovers: Vec<(String, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let of = leftover_of(folder, name).is_some_and(|backup| backup.target == *target);
        if of && entry.file_type().is_ok_and(|kind| kind.is_file() || kind.is_dir()) {
            leftovers.push((name.to_owned(), entry.path()));
        }
    }
    leftovers.sort();
    leftovers.iter().try_for_each(|(_, path)| discard(path))?;
    Ok(leftovers.into_iter().map(|(name, _)| name).collect())
}

/// Returns of which backup a file or folder is a leftover.
fn leftover_of(folder: &Path, name: &str) -> Option<BackupName> {
    let unfinished = name.strip_prefix('.').and_then(|name| name.strip_suffix(".partial"));
    let whole = unfinished.unwrap_or(name);
    let backup = [MANIFEST_ENDING, VERIFIED_ENDING].iter().find_map(|ending| whole.strip_suffix(ending));
    match (unfinished, backup) {
        (Some(_), _) => BackupName::parse(backup.unwrap_or(whole)),
        (None, Some(backup)) => {
            let is_gone = fs::symlink_metadata(folder.join(backup))
                .is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
            BackupName::parse(backup).filter(|_| is_gone)
        }
        (None, None) => None,
    }
}

/// Removes a file, a link, or a folder with all that is in it; that it is gone already is as good.
fn discard(path: &Path) -> io::Result<()> {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
