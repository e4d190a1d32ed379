//! The folder a cluster lives in, and what killed runs left behind of theirs.
//!
//! ```text
//! <tmp>/pgdumpkit-XXXXXX/     ours; closed to everybody but us and the server
//!     owner.pid               locked for as long as the process that made the folder lives
//!     log                     what the server and initdb wrote
//!     run/                    the server's own: socket and data
//!         data/
//! ```

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use tempfile::TempDir;

use crate::Error;
use crate::account::Account;
use crate::child::run;

const PREFIX: &str = "pgdumpkit-";

/// A cluster's socket file is called after this port; nothing listens on it.
pub(crate) const PORT: u16 = 5432;

/// The longest path of a Unix socket, in bytes: `sun_path` is 108 on Linux and 104 on macOS, one of them a NUL.
const SOCKET_PATH_MAX: usize = 103;

/// A folder whose `owner.pid` was not locked yet is somebody's who is just starting, until it is this old.
const STARTING: Duration = Duration::from_secs(60);

/// A cluster's folder, removed when dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: TempDir,
    /// Its lock tells other processes that we live. The kernel drops it with us, however we die.
    _owner: File,
}

impl Folder {
    /// Creates the folder, with `run/` in it belonging to `account`.
    pub(crate) fn create(account: Account) -> Result<Folder, Error> {
        let parent = std::env::temp_dir();
        let dir = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(Error::io("create folder in", &parent))?;
        let owner = claim(&dir.path().join("owner.pid"))?;
        let folder = Folder { dir, _owner: owner };
        let socket = folder.run().join(format!(".s.PGSQL.{PORT}"));
        if socket.as_os_str().len() > SOCKET_PATH_MAX {
            return Err(Error::PathTooLong { path: socket });
        }
        let run = folder.run();
        DirBuilder::new().mode(0o700).create(&run).map_err(Error::io("create folder", &run))?;
        account.give(&run)?;
        if let Account::Other { .. } = account {
            // The server must pass through; nobody else may even look.
            account.give_to_group(folder.path())?;
            fs::set_permissions(folder.path(), Permissions::from_mode(0o710))
                .map_err(Error::io("set mode of", folder.path()))?;
        }
        Ok(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn run(&self) -> PathBuf {
        self.path().join("run")
    }

    pub(crate) fn data(&self) -> PathBuf {
        data_of(self.path())
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path().join("log")
    }
}

fn data_of(folder: &Path) -> PathBuf {
    folder.join("run").join("data")
}

fn claim(path: &Path) -> Result<File, Error> {
    let mut file = File::create(path).map_err(Error::io("create", path))?;
    file.lock().map_err(Error::io("lock", path))?;
    writeln!(file, "{}", process::id()).map_err(Error::io("write", path))?;
    Ok(file)
}

/// Removes the folders of processes that are gone, stopping the servers that still run in them.
///
/// Nothing here is worth failing for: what cannot be removed now is left to the next run.
pub(crate) fn remove_leftovers() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            remove_if_abandoned(&entry.path());
        }
    }
}

fn remove_if_abandoned(folder: &Path) {
    // Anybody can make a folder of this name in /tmp; only one that we made ourselves is to be trusted.
    let Ok(metadata) = fs::symlink_metadata(folder) else { return };
    if !metadata.is_dir() || metadata.uid() != geteuid().as_raw() {
        return;
    }
    let path = folder.join("owner.pid");
    let claimed = fs::metadata(&path).is_ok_and(|owner| owner.len() > 0);
    let Ok(modified) = metadata.modified() else { return };
    if !claimed {
        if modified.elapsed().is_ok_and(|age| age > STARTING) && is_empty_but_for(folder, "owner.pid") {
            let _ = fs::remove_dir_all(folder);
        }
        return;
    }
    let Ok(owner) = File::open(&path) else { return };
    match owner.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => return,
    }
    // From here on we hold the lock, so no two processes clean the same folder.
    if let Some(server) = running_server(&data_of(folder)) {
        let _ = kill(server, Signal::SIGQUIT);
    }
    let _ = fs::remove_dir_all(folder);
}

fn is_empty_but_for(folder: &Path, name: &str) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == name))
}

/// Finds the server of a data folder: `postmaster.pid` names it, and its command line must name the folder, since
/// by now the number may belong to any other process.
fn running_server(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let number: i32 = text.lines().next()?.trim().parse().ok().filter(|number| *number > 1)?;
    let line = match fs::read(format!("/proc/{number}/cmdline")) {
        Ok(line) => line,
        Err(_) => run(Command::new("ps").args(["-o", "args=", "-p", &number.to_string()])).ok()?.stdout,
    };
    String::from_utf8_lossy(&line).contains(data.to_str()?).then(|| Pid::from_raw(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folders_of_dead_owners_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = parent.path().join(name);
            fs::create_dir_all(path.join("run/data")).unwrap();
            path
        };
        let (alive, dead, starting) = (folder("alive"), folder("dead"), folder("starting"));
        let _lock = claim(&alive.join("owner.pid")).unwrap();
        drop(claim(&dead.join("owner.pid")).unwrap());
        File::create(starting.join("owner.pid")).unwrap();
        for folder in [&alive, &dead, &starting] {
            remove_if_abandoned(folder);
        }
        assert_eq!((alive.exists(), dead.exists(), starting.exists()), (true, false, true));
    }

    #[test]
    fn a_recycled_process_number_is_no_server() {
        let data = tempfile::tempdir().unwrap();
        fs::write(data.path().join("postmaster.pid"), format!("{}\n", process::id())).unwrap();
        assert_eq!(running_server(data.path()), None);
    }
}
