//! The system account a server runs as: PostgreSQL refuses to run as root.

use std::io;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::unistd::{User, geteuid};

use crate::Error;

/// The account that owns a cluster's files and runs its server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Account {
    /// The account this process runs as.
    Own,
    /// Another one, because this process runs as root.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// Chooses the account: our own, or as root `postgres`, or else `nobody`.
    pub(crate) fn choose() -> Result<Account, Error> {
        if !geteuid().is_root() {
            return Ok(Account::Own);
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Account::Other { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
            .ok_or(Error::NoAccount)
    }

    /// Makes `command` run as this account.
    pub(crate) fn run_as(self, command: &mut Command) {
        if let Account::Other { uid, gid } = self {
            command.uid(uid).gid(gid);
        }
    }

    /// Gives a file or folder to this account.
    pub(crate) fn give(self, path: &Path) -> Result<(), Error> {
        self.own(path).map_err(Error::io("change owner of", path))
    }

    /// Gives a file or folder to this account, with the system's own error.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Account::Own => Ok(()),
            Account::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }

    /// Gives a file or folder to this account's group, its owner staying the same.
    pub(crate) fn give_to_group(self, path: &Path) -> Result<(), Error> {
        match self {
            Account::Own => Ok(()),
            Account::Other { gid, .. } => {
                chown(path, None, Some(gid)).map_err(Error::io("change group of", path))
            }
        }
    }
}
