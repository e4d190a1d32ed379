//! The data folder of a new cluster: made by `initdb`, or copied from one that was.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use crate::account::Account;
use crate::child::run;
use crate::cluster::server_command;
use crate::folder::{Folder, write_private};
use crate::{Error, Programs};

/// Whose a new cluster is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Superuser {
    pub name: String,
    /// None lets everybody in without one.
    pub password: Option<String>,
}

/// Keeps the data folders of new clusters, so that the next clusters of the same programs and superuser are copies:
/// `initdb` takes most of the time that a cluster takes to start.
///
/// They are removed when it is dropped.
#[derive(Debug, Default)]
pub struct Template(Mutex<Vec<Made>>);

#[derive(Debug)]
struct Made {
    bindir: PathBuf,
    superuser: Superuser,
    folder: Folder,
}

impl Template {
    /// Makes the data folder of a cluster.
    pub(crate) fn copy_to(
        &self,
        to: &Folder,
        programs: &Programs,
        account: Account,
        superuser: &Superuser,
    ) -> Result<(), Error> {
        let mut known = self.0.lock().unwrap_or_else(|poison| poison.into_inner());
        let wanted = |made: &Made| made.bindir == programs.bindir() && made.superuser == *superuser;
        let at = match known.iter().position(wanted) {
            Some(at) => at,
            None => {
                let folder = Folder::create()?;
                folder.furnish(account)?;
                initialise(&folder, programs, account, superuser)?;
                let bindir = programs.bindir().to_owned();
                known.push(Made { bindir, superuser: superuser.clone(), folder });
                known.len() - 1
            }
        };
        let (from, to) = (known[at].folder.data(), to.data());
        copy(&from, &to, account).map_err(Error::io("copy a new cluster to", &to))
    }
}

/// Copies files and folders, which are all that `initdb` makes; all of them are the server's alone.
fn copy(from: &Path, to: &Path, account: Account) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    account.own(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &to, account)?;
        } else {
            fs::copy(entry.path(), &to)?;
            account.own(&to)?;
        }
    }
    Ok(())
}

/// Makes the data folder with `initdb`.
pub(crate) fn initialise(
    folder: &Folder,
    programs: &Programs,
    account: Account,
    superuser: &Superuser,
) -> Result<(), Error> {
    let file = folder.run().join("password");
    if let Some(password) = &superuser.password {
        write_private(&file, password.as_bytes())?;
        account.give(&file)?;
    }
    let initdb = |locale: &str| {
        let mut command = server_command(programs, "initdb", folder);
        match superuser.password {
            Some(_) => command.arg("--auth=scram-sha-256").arg("--pwfile").arg(&file),
            None => command.arg("--auth=trust"),
        };
        command.args(["--no-sync", "--encoding=UTF8", "-U", &superuser.name]);
        if programs.major() >= 14 {
            command.arg("--no-instructions");
        }
        // Sums over pages are the default since 18, and proof of nothing here.
        if programs.major() >= 18 {
            command.arg("--no-data-checksums");
        }
        command.arg(format!("--locale={locale}")).arg("-D").arg(folder.data());
        account.run_as(&mut command);
        run(&mut command)
    };
    // Not every system has C.UTF-8; `initdb` removes what it made when it fails.
    let made = initdb("C.UTF-8").or_else(|_| initdb("C")).map(drop);
    if superuser.password.is_some() {
        fs::remove_file(&file).map_err(Error::io("remove", &file))?;
    }
    made
}
