//! A temporary folder that goes with the process that made it.
//!
//! ```text
//! <tmp>/pgdumpkit-PID-XXXXXX/     ours; closed to everybody but us and the server
//!     owner.pid                   locked for as long as the process that made the folder lives
//!     kept                        only if the server in there was left running on purpose
//!     log                         what the server and initdb wrote
//!     passwords                   of the server's roles, as a password file of libpq
//!     root/                       where the server's process has its root folder; empty for everybody else
//!     run/                        the server's own: socket and data
//!         data/
//! ```

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;

use tempfile::TempDir;

use crate::account::Account;
use crate::{Error, leftovers, signals};

pub(crate) const PREFIX: &str = "pgdumpkit-";
pub(crate) const OWNER: &str = "owner.pid";
pub(crate) const KEPT: &str = "kept";
/// The first word of `owner.pid`: what does not begin so was not made by us.
pub(crate) const MARK: &str = "pgdumpkit ";

/// A cluster's socket file is called after this port; nothing listens on it.
pub(crate) const PORT: u16 = 5432;

/// The longest path of a Unix socket, in bytes: `sun_path` is 108 on Linux and 104 on macOS, one of them a NUL.
const SOCKET_PATH_MAX: usize = 103;

/// A folder for temporary files that nobody else can enter.
///
/// It is removed when dropped and when a signal ends the process; what a killed process leaves, the next run removes.
#[derive(Debug)]
pub struct Folder {
    dir: Option<TempDir>,
    path: PathBuf,
    /// Its lock tells other processes that we live. The kernel drops it with us, however we die.
    _owner: File,
}

impl Folder {
    /// Makes a folder, and removes what dead runs left.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn create() -> Result<Folder, Error> {
        // What cannot be removed is told by those who ask for it: `reap`.
        let _ = leftovers::reap();
        let parent = std::env::temp_dir();
        let prefix = format!("{PREFIX}{}-", process::id());
        // A signal that comes now would not know of the folder yet.
        let signals = signals::hold();
        let dir = tempfile::Builder::new()
            .prefix(&prefix)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(Error::io("create folder in", &parent))?;
        let owner = claim(&dir.path().join(OWNER))?;
        let path = dir.path().to_owned();
        signals.remember(&path);
        Ok(Folder { dir: Some(dir), path, _owner: owner })
    }

    /// Makes the folders of a server of `account`.
    pub(crate) fn furnish(&self, account: Account) -> Result<(), Error> {
        let socket = self.run().join(format!(".s.PGSQL.{PORT}"));
        if socket.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(Error::PathTooLong { path: socket });
        }
        for folder in [self.run(), self.root()] {
            DirBuilder::new().mode(0o700).create(&folder).map_err(Error::io("create folder", &folder))?;
        }
        account.give(&self.run())?;
        if let Account::Other { .. } = account {
            // The server must pass through; nobody else may even look.
            account.give_to_group(self.path())?;
            fs::set_permissions(self.path(), Permissions::from_mode(0o710))
                .map_err(Error::io("set mode of", self.path()))?;
        }
        Ok(())
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.path().join("run")
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.path().join("root")
    }

    pub(crate) fn data(&self) -> PathBuf {
        data_of(self.path())
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path().join("log")
    }

    pub(crate) fn passwords(&self) -> PathBuf {
        self.path().join("passwords")
    }

    /// Leaves the folder when it is dropped, for as long as a server runs in it.
    pub(crate) fn keep(&mut self) -> Result<(), Error> {
        write_private(&self.path.join(KEPT), b"")?;
        if let Some(dir) = self.dir.take() {
            signals::forget(&self.path);
            let _ = dir.keep();
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What could not be removed is left to the next run.
        drop(self.dir.take());
        signals::forget(&self.path);
    }
}

pub(crate) fn data_of(folder: &Path) -> PathBuf {
    folder.join("run").join("data")
}

/// Writes a file that only we can read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path).and_then(|mut file| file.write_all(bytes)).map_err(Error::io("write", path))
}

pub(crate) fn claim(path: &Path) -> Result<File, Error> {
    let mut file = File::create_new(path).map_err(Error::io("create", path))?;
    file.lock().map_err(Error::io("lock", path))?;
    writeln!(file, "{MARK}{}", process::id()).map_err(Error::io("write", path))?;
    Ok(file)
}
