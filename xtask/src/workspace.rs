//! Where things are in the workspace.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The workspace's root folder.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// What cargo knows about the workspace, as `cargo metadata` prints it.
pub fn metadata() -> Result<Value> {
    let mut command = process::cargo();
    command.args(["metadata", "--format-version", "1", "--no-deps"]).current_dir(root());
    let text = process::output(&mut command)?;
    serde_json::from_slice(&text).context("cannot read the answer of `cargo metadata`")
}

/// The folder cargo builds into.
pub fn target() -> Result<PathBuf> {
    let metadata = metadata()?;
    let target =
        metadata["target_directory"].as_str().context("no `target_directory` in cargo's metadata")?;
    Ok(PathBuf::from(target))
}

/// Builds every program of the workspace with optimisation, and returns the folder they are in.
pub fn build_release() -> Result<PathBuf> {
    let mut command = process::cargo();
    command.args(["build", "--quiet", "--release", "--workspace", "--exclude", "xtask", "--bins"]);
    process::run(command.current_dir(root()))?;
    Ok(target()?.join("release"))
}
