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
        let mut hasher = sha2::Sha256::new();
        let mut chunk = vec![0; 256 * 1024];
        let mut bytes = 0;
        loop {
            match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => {
                    bytes += read as u64;
                    hasher.update(&chunk[..read]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::Io(error)),
            }
        }
        Ok(File { name: name.to_owned(), bytes, sha256: Sha256(hasher.finalize().into()) })
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
