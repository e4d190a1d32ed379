//! A backup in a store: copied here with what lies beside it, and the record that it was verified taken back there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use cli::Failure;
use jiff::Timestamp;
use manifest::{MANIFEST_ENDING, VERIFIED_ENDING};
use scratch::Folder;
use store::{Fetched, Location, Object, Store};

use crate::backups::{By, Chosen, Taken};
use crate::source::Recorded;
use crate::verdict::{LeftAlone, Report};

/// What a folder has that is an archive.
const MARK: &str = "/toc.dat";

/// A copy of a backup in a store.
pub struct Stored {
    store: Store,
    at: Location,
    /// Where the copy is, in a folder that goes with this.
    path: PathBuf,
    /// The record that it was verified, as it was in the store.
    verified: Option<Vec<u8>>,
    _folder: Folder,
}

impl Stored {
    /// Copies a backup if it is in a store.
    ///
    /// # Errors
    /// When the store does not give it, or there is no room.
    pub fn fetch(path: &Path) -> Result<Option<Stored>, Failure> {
        let Some(at) = Location::of_path(path).transpose()? else { return Ok(None) };
        let store = Store::open(&at)?;
        let folder = Folder::create()?;
        let path = folder.path().join(at.name());
        if let Fetched::Object(mut object) = store.fetch(&at, &path)? {
            object.copy(&path)?;
        }
        for (ending, to) in [
            (MANIFEST_ENDING, manifest::path_beside(&path)),
            (VERIFIED_ENDING, manifest::verified_path_beside(&path)),
        ] {
            match store.copy(&at.with_ending(ending), &to) {
                Err(store::Error::Missing(_)) => {}
                copied => copied?,
            }
        }
        let verified = fs::read(manifest::verified_path_beside(&path)).ok();
        Ok(Some(Stored { store, at, path, verified, _folder: folder }))
    }

    /// Returns where the copy is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Calls a manifest that was copied as it is called in the store.
    pub fn call(&self, recorded: Recorded) -> Recorded {
        match recorded.is_at(&manifest::path_beside(&self.path)) {
            true => recorded.called(self.at.with_ending(MANIFEST_ENDING).to_string()),
            false => recorded,
        }
    }

    /// Names what is in the store where a failure names the copy.
    pub fn rename(&self, failure: Failure) -> Failure {
        failure.replacing(&self.path.display().to_string(), &self.at.to_string())
    }

    /// Does so in a report.
    pub fn rename_in(&self, report: &mut Report) {
        let (copy, shown) = (self.path.display().to_string(), self.at.to_string());
        let texts = report.findings.iter_mut().map(|finding| &mut finding.why).chain(&mut report.notes);
        for text in texts.filter(|text| text.contains(&copy)) {
            *text = text.replace(&copy, &shown);
        }
    }

    /// Does in the store what became of the record beside the copy.
    pub fn hand_back(&self, report: &mut Report) {
        let to = self.at.with_ending(VERIFIED_ENDING);
        let now = fs::read(manifest::verified_path_beside(&self.path)).ok();
        let done = match (now, &self.verified) {
            (Some(now), before) if before.as_ref() != Some(&now) => self.store.write(&to, now),
            (None, Some(_)) => self.store.remove(&to),
            _ => Ok(()),
        };
        if let Err(error) = done {
            report.notes.push(error.to_string());
        }
    }
}

/// Lists the backups right below a location: what has a manifest beside it, is called as a backup, or is a folder with an
/// archive's table of contents.
///
/// # Errors
/// When the store does not say.
pub fn backups(under: &Path, left_alone: &mut Vec<LeftAlone>) -> Result<Option<Vec<Chosen>>, Failure> {
    let Some(under) = Location::of_path(under).transpose()? else { return Ok(None) };
    let store = Store::open(&under)?;
    let objects = store.list(&under).with_context(|| format!("cannot read {under}"))?;
    let names: BTreeSet<&str> = objects.iter().map(|object| object.name.as_str()).collect();
    let mut chosen = Vec::new();
    for object in &objects {
        let folder = object.name.strip_suffix(MARK);
        let name = folder.unwrap_or(&object.name);
        let beside = [MANIFEST_ENDING, VERIFIED_ENDING].iter().any(|ending| name.ends_with(ending));
        if name.contains('/') || beside || crate::backups::is_unfinished(name.as_ref()) {
            continue;
        }
        let has_manifest = names.contains(format!("{name}{MANIFEST_ENDING}").as_str());
        let path = PathBuf::from(under.join(name).to_string());
        let why = match () {
            () if names.contains(format!(".{name}.partial").as_str()) => {
                "a backup that is being taken or removed, or never was to its end"
            }
            () if folder.is_some() || has_manifest || crate::backups::is_named(name.as_ref()) => {
                let group = crate::backups::by_name(name);
                chosen.push(Chosen { path, taken: written(object), database: None, group });
                continue;
            }
            () => "no backup by name",
        };
        left_alone.push(LeftAlone { path: path.display().to_string(), why: why.to_owned() });
    }
    Ok(Some(chosen))
}

/// Finds out when a backup was taken that may be in a store: when it was written there.
pub fn taken(path: &Path) -> Option<Taken> {
    let at = Location::of_path(path)?.ok()?;
    let store = Store::open(&at).ok()?;
    let below = store.list(&at).ok()?;
    let mark = below.into_iter().find(|object| MARK.strip_prefix('/') == Some(&object.name));
    written(&mark.or_else(|| store.object(&at).ok()?)?)
}

fn written(object: &Object) -> Option<Taken> {
    Some(Taken { at: Timestamp::try_from(object.modified).ok()?, by: By::File })
}
