//! Backups in a store: on their way there, and away from there.
//!
//! A store does not rename. What is not complete is told by an object beside it, called as an unfinished backup is in a
//! folder: it comes before the first object of the backup, and goes after the last.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use anyhow::{Context, anyhow};
use cli::{Failure, Progress};
use manifest::{MANIFEST_ENDING, Manifest, Sha256, VERIFIED_ENDING};
use store::{Location, Stop, Store};

use crate::backup_name::{BackupName, Form, Target, partial};

/// What the object beside a backup says that is being removed: anybody may bring that to its end.
const LEAVING: &[u8] = b"leaving\n";
/// And what it says of one that is on its way. Only who sends it knows whether it still is.
const COMING: &[u8] = b"coming\n";

/// Nobody sends a backup for so long.
const FORGOTTEN: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What an archive in directory format is told by: it comes last, and goes first.
const MARK: &str = "toc.dat";

/// How long a signal waits for a store to be told that the rest does not come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends a backup of a folder and its manifest to a store, and reads back what the store has of it then.
///
/// # Errors
/// When the store refuses, or what it has is not what was sent; then nothing of it is left there, as far as the store lets
/// one do that.
pub fn send(
    folder: &Path,
    name: &BackupName,
    store: &Store,
    at: &Location,
    progress: &Progress,
) -> Result<(), Failure> {
    let stop = Stop::default();
    let (at_signal, ended) = (stop.clone(), mpsc::channel::<()>());
    let (_sending, ended) = ended;
    let _at_signal = scratch::at_signal(move || {
        at_signal.stop();
        // That the other end is gone is what is waited for.
        let _ = ended.recv_timeout(PATIENCE);
    });
    let shown = name.to_string();
    let sent = begin(store, at, &shown).and_then(|()| send_all(folder, name, store, at, progress, &stop));
    if sent.is_err() {
        // Why it failed matters more than what could not be removed, which is no backup.
        let _ = remove(store, at, name);
    }
    sent
}

fn begin(store: &Store, at: &Location, name: &str) -> Result<(), Failure> {
    Ok(store.write(&at.join(&partial(name)), COMING.to_vec())?)
}

fn send_all(
    folder: &Path,
    name: &BackupName,
    store: &Store,
    at: &Location,
    progress: &Progress,
    stop: &Stop,
) -> Result<(), Failure> {
    let shown = name.to_string();
    let (here, there) = (folder.join(&shown), at.join(&shown));
    let manifest_here = manifest::path_beside(&here);
    let text = std::fs::read(&manifest_here);
    let text = text.with_context(|| format!("cannot read: {}", manifest_here.display()))?;
    let mut files = Manifest::read(&mut text.as_slice())?.files;
    files.sort_by_key(|file| file.name == MARK);
    let places: Vec<_> = files
        .iter()
        .map(|file| match name.form {
            Form::Directory => (file, here.join(&file.name), there.join(&file.name)),
            _ => (file, here.clone(), there.clone()),
        })
        .collect();
    let total = files.iter().map(|file| file.bytes).sum();
    progress.begin("upload", Some(total));
    for (file, from, to) in &places {
        let opened = File::open(from).with_context(|| format!("cannot read: {}", from.display()))?;
        let mut counted = Counted { from: opened, progress, at: to, stop };
        store.upload(&mut counted, file.bytes, to, stop)?;
    }
    progress.begin("check of the upload", Some(total));
    for (file, _, to) in &places {
        let mut back = Counted { from: store.read(to)?, progress, at: to, stop };
        let actual =
            manifest::File::of(&file.name, &mut back).with_context(|| format!("cannot read {to}"))?;
        if actual != **file {
            let (sent, back) = (file.sha256, actual.sha256);
            let why = format!(
                "sent {} bytes, SHA-256 {sent}; read back {} bytes, {back}",
                file.bytes, actual.bytes
            );
            return Err(anyhow!("the store does not have what was sent: {to}: {why}").into());
        }
    }
    let (to, sent) = (there.with_ending(MANIFEST_ENDING), Sha256::of(&text));
    store.write(&to, text)?;
    if manifest::File::of(&shown, &mut store.read(&to)?)?.sha256 != sent {
        return Err(anyhow!("the store does not have what was sent: {to}").into());
    }
    Ok(store.remove(&at.join(&partial(&shown)))?)
}

/// Shows how far a reader is, and stops it.
struct Counted<'p, R> {
    from: R,
    progress: &'p Progress,
    at: &'p Location,
    stop: &'p Stop,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.stop.look(self.at)?;
        let read = self.from.read(buf)?;
        self.progress.add(read as u64);
        Ok(read)
    }
}

/// Removes a backup and what lies beside it.
///
/// # Errors
/// When the store refuses. What is left then is no backup, and goes with [`clear_leftovers`].
pub fn remove(store: &Store, at: &Location, name: &BackupName) -> io::Result<()> {
    let shown = name.to_string();
    let there = at.join(&shown);
    let leaving = at.join(&partial(&shown));
    store.write(&leaving, LEAVING.to_vec())?;
    if name.form == Form::Directory {
        store.remove(&there.join(MARK))?;
        for object in store.list(&there)? {
            store.remove(&there.join(&object.name))?;
        }
    } else {
        store.remove(&there)?;
    }
    store.remove(&there.with_ending(VERIFIED_ENDING))?;
    store.remove(&there.with_ending(MANIFEST_ENDING))?;
    Ok(store.remove(&leaving)?)
}

/// Removes what is left of backups of a target that were being removed, or were on their way and are so no more. Returns
/// their names.
///
/// # Errors
/// When the store refuses.
pub fn clear_leftovers(store: &Store, at: &Location, target: &Target) -> io::Result<Vec<String>> {
    let mut cleared = BTreeSet::new();
    for object in store.list(at)? {
        let unfinished = object.name.strip_prefix('.').and_then(|name| name.strip_suffix(".partial"));
        let Some(name) = unfinished.and_then(BackupName::parse).filter(|name| name.target == *target) else {
            continue;
        };
        let mut says = Vec::new();
        store.read(&at.join(&object.name))?.take(64).read_to_end(&mut says)?;
        // By clocks that do not agree, it may lie ahead.
        let age = SystemTime::now().duration_since(object.modified).unwrap_or_default();
        if says == LEAVING || age > FORGOTTEN {
            remove(store, at, &name)?;
            cleared.insert(object.name);
        }
    }
    Ok(cleared.into_iter().collect())
}
