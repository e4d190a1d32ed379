//! What killed runs left behind.

use std::io::Write;

use anyhow::anyhow;
use cli::{Failure, Outcome};

use crate::server::Servers;

/// Removes it, on a given server as well, and lists what was removed, one a line.
///
/// # Errors
/// When something cannot be removed.
pub fn remove(servers: &Servers) -> Result<Outcome, Failure> {
    let found = scratch::reap();
    let mut removed: Vec<String> = found.removed.iter().map(|folder| folder.display().to_string()).collect();
    removed.extend(servers.remove_dead()?);
    let mut out = std::io::stdout().lock();
    for one in &removed {
        writeln!(out, "removed: {}", cli::escape(one))?;
    }
    out.flush()?;
    match found.failed.first() {
        None => Ok(Outcome::Good),
        Some((folder, why)) => Err(anyhow!("cannot remove: {}: {why}", folder.display()).into()),
    }
}
