//! How much of the disk a cluster takes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;

/// Bytes of the unit in which the system counts what a file takes (stat(2)).
const BLOCK: u64 = 512;

/// Measures what the files of a cluster take: its data, its log and whatever else its server writes.
///
/// Files are looked at one by one, since what the disk has less of may be anybody's.
#[derive(Clone, Debug)]
pub struct Footprint(PathBuf);

impl Footprint {
    pub(crate) fn of(folder: &Path) -> Footprint {
        Footprint(folder.to_owned())
    }

    /// Returns the bytes that are taken of the disk now, holes of files not counted.
    pub fn taken(&self) -> u64 {
        let (mut bytes, mut open) = (0, vec![self.0.clone()]);
        while let Some(folder) = open.pop() {
            // What is gone meanwhile takes nothing.
            let Ok(entries) = fs::read_dir(folder) else { continue };
            for entry in entries.flatten() {
                let Ok(metadata) = entry.metadata() else { continue };
                bytes += BLOCK * metadata.blocks();
                if metadata.is_dir() {
                    open.push(entry.path());
                }
            }
        }
        bytes
    }

    /// Returns the bytes that an ordinary account could still write to that disk; the highest number if it does not tell.
    pub fn free(&self) -> u64 {
        statvfs(&self.0).map_or(u64::MAX, |disk| disk.blocks_available() * disk.fragment_size())
    }
}
