//! `cargo xtask corpus`.

use std::env;
use std::path::PathBuf;

use anyhow::Result;

use crate::workspace;

const VARIABLE: &str = "PGDUMPKIT_CORPUS";

/// Returns the corpus, if it is there.
pub fn folder() -> Option<PathBuf> {
    let set = env::var_os(VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
    Some(set.unwrap_or_else(|| workspace::root().join("../shared/corpus"))).filter(|folder| folder.is_dir())
}

/// Says where the corpus is expected, and whether it is there.
pub fn run() -> Result<()> {
    let (folder, reason) = match env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        Some(folder) => (PathBuf::from(folder), format!("`{VARIABLE}` is set")),
        None => (workspace::root().join("../shared/corpus"), format!("`{VARIABLE}` is not set")),
    };
    match folder.canonicalize() {
        Ok(folder) if folder.is_dir() => println!("{} ({reason})", folder.display()),
        _ => println!("not there: {} ({reason}); the tests that need it are skipped", folder.display()),
    }
    Ok(())
}
