//! What becomes of the backups on a shelf.

use anyhow::Context;
use cli::Failure;
use jiff::Timestamp;

use crate::backup_folder::{self, Backup};
use crate::backup_name::Target;
use crate::retention::{Candidate, Decision, Policy};
use crate::shelf::Shelf;

/// Decides on backups as they were read from their shelf: those of a target among themselves.
pub fn decide(backups: &[Backup], policy: &Policy, now: Timestamp) -> Vec<Decision> {
    let targets = backups.chunk_by(|one, other| one.name.target == other.name.target);
    let decide = |backups: &[Backup]| {
        let candidates: Vec<Candidate> = backups.iter().map(Backup::candidate).collect();
        policy.decide(&candidates, now)
    };
    targets.flat_map(decide).collect()
}

/// Decides on the backups of a target, and removes what is not kept, the oldest first.
///
/// Nobody else may be taking or removing a backup of the target.
///
/// # Errors
/// When the shelf cannot be read, or a backup not removed.
pub fn apply(
    shelf: &Shelf,
    target: &Target,
    policy: &Policy,
    now: Timestamp,
) -> Result<Vec<(Backup, Decision)>, Failure> {
    let mut backups = read(shelf)?;
    backups.retain(|backup| backup.name.target == *target);
    let decisions = decide(&backups, policy, now);
    let decided: Vec<(Backup, Decision)> = backups.into_iter().zip(decisions).collect();
    for (backup, decision) in &decided {
        if matches!(decision, Decision::Remove(_)) {
            backup_folder::remove(shelf, backup)
                .with_context(|| format!("cannot remove backup {}", backup.name))?;
        }
    }
    Ok(decided)
}

/// Decides as [`apply`] would once a backup more is there, and removes nothing; `verified` says whether that one will be.
/// It is taken to have the bytes of the newest.
///
/// # Errors
/// When the shelf cannot be read.
pub fn foresee(
    shelf: &Shelf,
    target: &Target,
    policy: &Policy,
    now: Timestamp,
    verified: bool,
) -> Result<Vec<(Backup, Decision)>, Failure> {
    let mut backups = read(shelf)?;
    backups.retain(|backup| backup.name.target == *target);
    let mut candidates: Vec<Candidate> = backups.iter().map(Backup::candidate).collect();
    let newest = candidates.iter().filter(|one| one.complete).max_by_key(|one| one.taken);
    let bytes = newest.map(|one| one.bytes).unwrap_or_default();
    candidates.push(Candidate { taken: now, bytes, complete: true, verified });
    let decisions = policy.decide(&candidates, now);
    Ok(backups.into_iter().zip(decisions).collect())
}

/// Reads the backups of a shelf.
///
/// # Errors
/// When it cannot be read.
pub fn read(shelf: &Shelf) -> Result<Vec<Backup>, Failure> {
    let read = backup_folder::read(shelf);
    Ok(read.with_context(|| format!("cannot read {}", shelf.in_words()))?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use manifest::{File, Manifest};

    use super::*;
    use crate::backup_folder::clear_leftovers;

    /// Makes a backup and its manifest; one whose name ends in `.dir` is a folder.
    fn make(folder: &Path, name: &str) {
        let path = folder.join(name);
        let file = match name.ends_with(".dir") {
            true => {
                fs::create_dir(&path).unwrap();
                "toc.dat"
            }
            false => name,
        };
        fs::write(if path.is_dir() { path.join(file) } else { path.clone() }, "abc").unwrap();
        let files = vec![File::of(file, &mut &b"abc"[..]).unwrap()];
        let manifest = Manifest { backup: name.to_owned(), files, ..Manifest::default() };
        manifest.write(&mut fs::File::create(manifest::path_beside(&path)).unwrap()).unwrap();
    }

    fn names(folder: &Path) -> BTreeSet<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    fn shop() -> Target {
        Target::Database("shop".to_owned())
    }

    #[test]
    fn a_backup_goes_with_what_lies_beside_it_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["shop-20250101T000000Z.dir", "shop-20250102T000000Z.dump", "shop-20250103T000000Z.dump"]
        {
            make(folder, name);
        }
        fs::write(folder.join("shop-20250102T000000Z.dump.verified.json"), "{}").unwrap();
        make(folder, "other-20240101T000000Z.dump");
        fs::write(folder.join("shop-20240101T000000Z.dump"), "mine").unwrap();
        // A removal that was killed left something under the name that the next one takes.
        fs::create_dir(folder.join(".shop-20250101T000000Z.dir.partial")).unwrap();
        fs::write(folder.join(".shop-20250101T000000Z.dir.partial/toc.dat"), "abc").unwrap();
        // What a link in a backup leads to is not the backup's.
        symlink(folder.join("other-20240101T000000Z.dump"), folder.join("shop-20250101T000000Z.dir/link"))
            .unwrap();

        let policy = Policy { last: Some(1), ..Policy::default() };
        let before = names(folder);
        let now = "2025-02-01T00:00:00Z".parse().unwrap();
        let shelf = Shelf::Folder(folder.to_owned());
        let gone = |decided: Vec<(Backup, Decision)>| -> Vec<bool> {
            decided.iter().map(|(_, decision)| matches!(decision, Decision::Remove(_))).collect()
        };
        let foreseen = foresee(&shelf, &shop(), &policy, now, false).unwrap();
        assert_eq!(gone(foreseen), [true, true, true], "the one that would be taken is the last");
        assert_eq!(names(folder), before);
        let decided = apply(&shelf, &shop(), &policy, now).unwrap();
        assert_eq!(gone(decided), [true, true, false]);
        assert_eq!(
            names(folder),
            [
                "other-20240101T000000Z.dump",
                "other-20240101T000000Z.dump.manifest.json",
                "shop-20240101T000000Z.dump",
                "shop-20250103T000000Z.dump",
                "shop-20250103T000000Z.dump.manifest.json",
            ]
            .map(str::to_owned)
            .into()
        );
    }

    #[test]
    fn leftovers_of_a_target_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        make(folder, "shop-20250101T000000Z.dump");
        let kept = [
            "mine",
            ".mine.partial",
            "shop.dump.manifest.json",
            ".other-20250101T000000Z.dump.partial",
            "other-20250101T000000Z.dump.manifest.json",
            "shop-20250105T000000Z.dump",
        ];
        let leftovers = [
            ".shop-20250102T000000Z.dump.partial",
            ".shop-20250103T000000Z.sql.manifest.json.partial",
            "shop-20250104T000000Z.tar.manifest.json",
            "shop-20250104T000000Z.tar.verified.json",
        ];
        for name in kept.iter().chain(&leftovers) {
            fs::write(folder.join(name), "").unwrap();
        }
        fs::create_dir(folder.join(".shop-20250106T000000Z.dir.partial")).unwrap();
        fs::write(folder.join(".shop-20250106T000000Z.dir.partial/toc.dat"), "").unwrap();
        symlink("mine", folder.join(".shop-20250107T000000Z.dump.partial")).unwrap();
        let before = names(folder);
        let mut cleared = clear_leftovers(&Shelf::Folder(folder.to_owned()), &shop()).unwrap();
        let mut expected = leftovers.map(str::to_owned).to_vec();
        expected.push(".shop-20250106T000000Z.dir.partial".to_owned());
        expected.sort();
        cleared.sort();
        assert_eq!(cleared, expected);
        let after = names(folder);
        assert_eq!(before.difference(&after).cloned().collect::<Vec<_>>(), expected);
    }
}
