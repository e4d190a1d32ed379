//! The files of a backup.

use std::io::Read;
use std::path::{Component, Path};

use serde::{Deserialize, Serialize};
use sha2::Digest;

use crate::{Error, Sha256};

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name; that of a backup in directory format within its folder, such as `toc.dat`.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: Sha256,
}

impl File {
    /// Describes the file that a reader reads to its end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn of(name: &str, from: &mut dyn Read) -> Result<File, Error> {
        let mut hasher = FileHasher::default();
        let mut chunk = vec![0; 256 * 1024];
        loop {
            match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => hasher.add(&chunk[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Io(error)),
            }
        }
        Ok(hasher.finish(name))
    }

    /// Refuses a name that leads out of the backup.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let mut components = Path::new(&self.name).components();
        match !self.name.is_empty() && components.all(|part| matches!(part, Component::Normal(_))) {
            true => Ok(()),
            false => Err(Error::FileName(self.name.clone())),
        }
    }
}

/// Describes a file while it is written.
#[derive(Clone, Debug, Default)]
pub struct FileHasher {
    bytes: u64,
    hasher: sha2::Sha256,
}

impl FileHasher {
    /// Adds bytes behind those added before.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hasher.update(bytes);
    }

    /// Returns what the file of these bytes is.
    pub fn finish(self, name: &str) -> File {
        File { name: name.to_owned(), bytes: self.bytes, sha256: Sha256(self.hasher.finalize().into()) }
    }
}
