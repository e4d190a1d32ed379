//! The client programs of PostgreSQL, such as `pg_dump`, which may be here without a server.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::child::run;
use crate::programs::{Place, bindir_asked_for, major_of};

/// A client program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    path: PathBuf,
    major: u32,
}

impl Client {
    /// Finds the newest program of this name: it can talk to every server that an older one can.
    ///
    /// Looks in the folder named by the environment variable `PGDUMPKIT_PG_BINDIR` and, if that is not set, in those of
    /// `PATH` and in those where packages put PostgreSQL. Of several of one major version the first counts.
    ///
    /// # Errors
    /// [`Error::NoClient`] lists where it looked.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), scratch::Error> {
    /// let pg_dump = scratch::Client::newest("pg_dump")?;
    /// println!("{} {}", pg_dump.path().display(), pg_dump.major());
    /// # Ok(())
    /// # }
    /// ```
    pub fn newest(name: &str) -> Result<Client, Error> {
        let (found, looked) = Client::all(name);
        found.into_iter().next().ok_or_else(|| Error::NoClient { name: name.to_owned(), looked })
    }

    /// Finds the program of this name that is of a server's major version or, if there is none, the next newer one; the
    /// newest of all where none is new enough.
    ///
    /// # Errors
    /// As for [`newest`](Self::newest).
    pub fn for_server(name: &str, major: u32) -> Result<Client, Error> {
        let (mut found, looked) = Client::all(name);
        let at = found.iter().rposition(|client| client.major >= major).unwrap_or(0);
        match found.is_empty() {
            true => Err(Error::NoClient { name: name.to_owned(), looked }),
            false => Ok(found.swap_remove(at)),
        }
    }

    /// Lists one program of each major version, the newest first, and where they were looked for.
    fn all(name: &str) -> (Vec<Client>, Vec<String>) {
        let mut looked = Vec::new();
        let mut folders: Vec<PathBuf> = Vec::new();
        let asked_for = bindir_asked_for();
        // Debian's `/usr/bin/pg_dump` chooses another program each time, by rules of its own: it is run only where asked for.
        let chooses = |path: &PathBuf| fs::canonicalize(path).is_ok_and(|real| real.ends_with("pg_wrapper"));
        let searched = asked_for.is_none();
        if let Some(folder) = asked_for {
            looked.push(folder.display().to_string());
            folders.push(folder);
        } else {
            looked.push("`PATH`".to_owned());
            folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
            for place in Place::ALL {
                looked.push(place.to_string());
                folders.extend(place.bindirs());
            }
        }
        // Folders lead to others, as `/bin` does: each program is asked once.
        let mut asked = BTreeSet::new();
        let paths = folders.iter().map(|folder| folder.join(name));
        let paths = paths.filter(|path| is_program(path, &mut asked) && !(searched && chooses(path)));
        let mut found: Vec<Client> = paths.filter_map(Client::at).collect();
        // The sort is stable: of one major version, the first that was found stays.
        found.sort_by_key(|client| std::cmp::Reverse(client.major));
        found.dedup_by_key(|client| client.major);
        (found, looked)
    }

    /// Asks the program for its version; none if there is none that answers.
    fn at(path: PathBuf) -> Option<Client> {
        let answer = run(Command::new(&path).arg("--version")).ok()?.stdout;
        let major = major_of(&String::from_utf8_lossy(&answer))?;
        Some(Client { path, major })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns its major version.
    pub fn major(&self) -> u32 {
        self.major
    }
}

/// Says whether a path leads to a program that was not `seen` yet.
fn is_program(path: &Path, seen: &mut BTreeSet<PathBuf>) -> bool {
    // A relative folder in `PATH` may be anybody's.
    if !path.is_absolute() || !path.is_file() {
        return false;
    }
    fs::canonicalize(path).is_ok_and(|real| seen.insert(real))
}
