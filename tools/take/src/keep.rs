//! What becomes of the backups in a folder.

use std::path::Path;

use anyhow::Context;
use cli::Failure;
use jiff::Timestamp;

use crate::backup_folder::{self, Backup};
use crate::backup_name::Target;
use crate::retention::{Candidate, Decision, Policy};

/// Decides on backups as they were read from their folder: those of a target among themselves.
pub fn decide(backups: &[Backup], policy: &Policy, now: Timestamp) -> Vec<Decision> {
    let targets = backups.chunk_by(|one, other| one.name.target == other.name.target);
    let decide = |backups: &[Backup]| {
        let candidates: Vec<Candidate> = backups.iter().map(Backup::candidate).collect();
        policy.decide(&candidates, now)
    };
    targets.flat_map(decide).collect()
}

/// Decides on the backups of a target, and removes what is not kept, the oldest first; a dry run removes nothing.
///
/// Nobody else may be taking or removing a backup of the target.
///
/// # Errors
/// When the folder cannot be read, or a backup not removed.
pub fn apply(
    folder: &Path,
    target: &Target,
    policy: &Policy,
    now: Timestamp,
    dry_run: bool,
) -> Result<Vec<(Backup, Decision)>, Failure> {
    let mut backups = read(folder)?;
    backups.retain(|backup| backup.name.target == *target);
    let decisions = decide(&backups, policy, now);
    let decided: Vec<(Backup, Decision)> = backups.into_iter().zip(decisions).collect();
    for (backup, decision) in &decided {
        if !dry_run && matches!(decision, Decision::Remove(_)) {
            backup_folder::remove(folder, backup)
                .with_context(|| format!("cannot remove backup {}", backup.name))?;
        }
    }
    Ok(decided)
}

/// Reads the backups of a folder.
///
/// # Errors
/// When it cannot be read.
pub fn read(folder: &Path) -> Result<Vec<Backup>, Failure> {
    let read = backup_folder::read(folder);
    Ok(read.with_context(|| format!("cannot read folder {}", folder.display()))?)
}
