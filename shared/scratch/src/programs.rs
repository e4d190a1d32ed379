//! The programs of an installed PostgreSQL server.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::child::{command_line, run};

/// Names the environment variable that overrides the search.
const BINDIR_VARIABLE: &str = "PGDUMPKIT_PG_BINDIR";

/// Holds the folder of one installed PostgreSQL server's programs, and its major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programs {
    bindir: PathBuf,
    major: u32,
}

impl Programs {
    /// Finds a PostgreSQL server on this machine.
    ///
    /// Looks, in this order, in the folder named by the environment variable `PGDUMPKIT_PG_BINDIR`, the folders of
    /// `PATH`, the folder that `pg_config --bindir` names, and the folders where Debian (`/usr/lib/postgresql/*/bin`),
    /// the RPM packages (`/usr/pgsql-*/bin`) and Homebrew put it, there the highest major version first. A folder
    /// counts when both `initdb` and `postgres` are in it.
    ///
    /// # Errors
    ///
    /// [`Error::NoServer`] lists where it looked. [`Error::NotServerFolder`] if `PGDUMPKIT_PG_BINDIR` is set to a
    /// folder that does not hold a server: what was asked for is never silently replaced by something else.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), scratch::Error> {
    /// let programs = scratch::Programs::find()?;
    /// println!("PostgreSQL {} in {}", programs.major(), programs.bindir().display());
    /// # Ok(())
    /// # }
    /// ```
    pub fn find() -> Result<Programs, Error> {
        if let Some(dir) = bindir_asked_for() {
            return Programs::in_dir(&dir);
        }
        let mut looked = vec![format!("`{BINDIR_VARIABLE}` (not set)"), "`PATH`".to_owned()];
        let path = env::var_os("PATH").unwrap_or_default();
        let mut candidates: Vec<PathBuf> = env::split_paths(&path).collect();
        match run(Command::new("pg_config").arg("--bindir")) {
            Ok(output) => {
                let dir = String::from_utf8_lossy(&output.stdout).trim_end().to_owned();
                looked.push(dir.clone());
                candidates.push(PathBuf::from(dir));
            }
            Err(_) => looked.push("`pg_config --bindir` (failed)".to_owned()),
        }
        for place in Place::ALL {
            looked.push(place.to_string());
            candidates.extend(place.bindirs());
        }
        match candidates.iter().find(|dir| holds_server(dir)) {
            Some(dir) => Programs::in_dir(dir),
            None => Err(Error::NoServer { looked }),
        }
    }

    /// Lists every server on this machine where [`find`](Programs::find) looks, each major version once, the highest
    /// first; `PGDUMPKIT_PG_BINDIR` leaves only the one it names.
    ///
    /// # Errors
    ///
    /// As for [`find`](Programs::find).
    pub fn all() -> Result<Vec<Programs>, Error> {
        let first = Programs::find()?;
        let named = env::var_os(BINDIR_VARIABLE).is_some_and(|dir| !dir.is_empty());
        let mut all = vec![first];
        if !named {
            let dirs = Place::ALL.iter().flat_map(Place::bindirs);
            all.extend(dirs.filter_map(|dir| Programs::in_dir(&dir).ok()));
        }
        // The sort is stable: of one major version, the one that `find` prefers stays.
        all.sort_by_key(|programs| std::cmp::Reverse(programs.major));
        all.dedup_by_key(|programs| programs.major);
        Ok(all)
    }

    /// Finds a server as [`find`](Programs::find) does, or returns `None` where doing without is allowed.
    ///
    /// For tests: a laptop without PostgreSQL skips the tests that need one, a continuous integration run (the
    /// environment variable `CI` is set and not empty) must not.
    ///
    /// # Errors
    ///
    /// As [`find`](Programs::find), except that [`Error::NoServer`] is returned only under `CI`.
    pub fn find_optional() -> Result<Option<Programs>, Error> {
        match Programs::find() {
            Ok(programs) => Ok(Some(programs)),
            Err(Error::NoServer { .. }) if env::var_os("CI").is_none_or(|ci| ci.is_empty()) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes the server whose programs are in `dir`; where those are symbolic links, the folder they lead to.
    ///
    /// # Errors
    ///
    /// [`Error::NotServerFolder`] if `initdb` or `postgres` is missing there; otherwise whatever running
    /// `postgres --version` gave.
    ///
    /// ```
    /// let error = scratch::Programs::in_dir("/nowhere".as_ref()).unwrap_err();
    /// assert_eq!(error.to_string(), "folder does not hold both `initdb` and `postgres`: /nowhere");
    /// ```
    pub fn in_dir(dir: &Path) -> Result<Programs, Error> {
        if !holds_server(dir) {
            return Err(Error::NotServerFolder { dir: dir.to_owned() });
        }
        // The server's programs do not run in our own working directory.
        let dir = std::path::absolute(dir).map_err(Error::io("find the absolute path of", dir))?;
        let dir = real_folder(&dir);
        let mut command = Command::new(dir.join("postgres"));
        command.arg("--version");
        let answer = String::from_utf8_lossy(&run(&mut command)?.stdout).trim_end().to_owned();
        match major_of(&answer) {
            Some(major) => Ok(Programs { bindir: dir, major }),
            None => Err(Error::Version { command: command_line(&command), answer }),
        }
    }

    /// Returns the folder the programs are in.
    pub fn bindir(&self) -> &Path {
        &self.bindir
    }

    /// Returns the major version, as in 15 for PostgreSQL 15.17.
    pub fn major(&self) -> u32 {
        self.major
    }

    /// Returns the folders of the server's libraries and shared files, as its `pg_config` tells; none where it has none.
    pub(crate) fn folders(&self) -> Vec<PathBuf> {
        let options = ["--pkglibdir", "--sharedir", "--libdir", "--localedir"];
        let Ok(output) = run(Command::new(self.program("pg_config")).args(options)) else {
            return Vec::new();
        };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().filter(|line| line.starts_with('/')).map(PathBuf::from).collect()
    }

    /// Returns the path of one of the programs, as in `program("psql")`; it is not checked to exist.
    pub fn program(&self, name: &str) -> PathBuf {
        self.bindir.join(name)
    }
}

/// Returns the folder that the environment names instead of a search.
pub(crate) fn bindir_asked_for() -> Option<PathBuf> {
    env::var_os(BINDIR_VARIABLE).filter(|dir| !dir.is_empty()).map(PathBuf::from)
}

fn holds_server(dir: &Path) -> bool {
    dir.join("initdb").is_file() && dir.join("postgres").is_file()
}

/// Follows a link to `postgres` to the folder of the real one. A folder of links, as packagers make in
/// `/usr/local/bin`, often has only some of the programs.
fn real_folder(dir: &Path) -> PathBuf {
    fs::canonicalize(dir.join("postgres"))
        .ok()
        .and_then(|real| real.parent().filter(|real| holds_server(real)).map(Path::to_owned))
        .unwrap_or_else(|| dir.to_owned())
}

/// Reads the major version out of `postgres (PostgreSQL) 15.17 (Debian 15.17-0+deb12u1)` or `… 18beta1`.
pub(crate) fn major_of(answer: &str) -> Option<u32> {
    let version = answer.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

/// A family of folders, one per major version: the major version stands where the `*` is.
pub(crate) struct Place {
    parent: &'static str,
    prefix: &'static str,
    suffix: &'static str,
}

impl Place {
    pub(crate) const ALL: [Place; 4] = [
        Place { parent: "/usr/lib/postgresql", prefix: "", suffix: "bin" },
        Place { parent: "/usr", prefix: "pgsql-", suffix: "bin" },
        Place { parent: "/opt/homebrew/opt", prefix: "postgresql@", suffix: "bin" },
        Place { parent: "/usr/local/opt", prefix: "postgresql@", suffix: "bin" },
    ];

    /// Lists the folders that exist here, the highest major version first.
    pub(crate) fn bindirs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.parent) else { return Vec::new() };
        let mut found: Vec<(u32, PathBuf)> = entries
            .flatten()
            .filter_map(|entry| Some((self.major(&entry.file_name())?, entry.path().join(self.suffix))))
            .collect();
        found.sort_by(|a, b| b.cmp(a));
        found.into_iter().map(|(_, dir)| dir).collect()
    }

    fn major(&self, name: &OsStr) -> Option<u32> {
        name.to_str()?.strip_prefix(self.prefix)?.parse().ok()
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}*/{}", self.parent, self.prefix, self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.17 (Debian 15.17-0+deb12u1)"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("postgres (PostgreSQL) devel"), None);
    }

    /// Guards against taking `/usr/local/bin` with links to `initdb` and `postgres`, but none to `psql`.
    #[test]
    fn links_lead_to_the_real_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (real, links) = (dir.path().join("real"), dir.path().join("links"));
        for folder in [&real, &links] {
            fs::create_dir(folder).unwrap();
        }
        for name in ["initdb", "postgres"] {
            fs::write(real.join(name), "").unwrap();
            std::os::unix::fs::symlink(real.join(name), links.join(name)).unwrap();
        }
        let real = fs::canonicalize(real).unwrap();
        assert_eq!(real_folder(&links), real);
        assert_eq!(real_folder(&real), real);
    }

    #[test]
    fn place_reads_its_own_names_only() {
        let [debian, rpm, ..] = Place::ALL;
        assert_eq!(debian.major("15".as_ref()), Some(15));
        assert_eq!(debian.major("pgsql-15".as_ref()), None);
        assert_eq!(rpm.major("pgsql-16".as_ref()), Some(16));
        assert_eq!(rpm.to_string(), "/usr/pgsql-*/bin");
    }
}
