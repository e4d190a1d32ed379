//! What a server's process is kept from, so that code of a foreign dump that runs in it reaches nothing.
//!
//! Namespaces, Landlock and seccomp hold for the thread that enters them and what it starts. A thread of its own goes
//! behind the fences and starts the server there; the tool itself stays outside. For an ordinary user it is a process
//! of its own (`again`).

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use crate::Error;

/// What the server's process is kept from, in words for a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fences {
    /// What it does not reach, and by what means.
    pub held: Vec<String>,
    /// What it may reach, and why nothing keeps it from that.
    pub missing: Vec<String>,
    /// Whether nothing in the server can connect to anything outside of it: neither to Unix sockets of others nor over any
    /// network.
    pub sealed: bool,
    /// Whether it reaches no file of others, nor runs any of their programs.
    pub enclosed: bool,
}

/// The places that a server needs.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The server's program, the only one that may be run.
    pub program: PathBuf,
    /// Files and folders to read: the installation and the libraries of the system.
    pub read: Vec<PathBuf>,
    /// The folder to read and write.
    pub write: PathBuf,
    /// An empty folder, to be the root of all files.
    pub root: PathBuf,
}

/// What every program reads, where it exists: libraries and their index, locales, time zones, dictionaries of text search.
const SYSTEM: [&str; 10] = [
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share",
    "/etc/ld.so.cache",
    // One of the time zones below /usr/share is a link to it on Debian, and all of them are listed or none.
    "/etc/localtime",
    // Debian's files of `tsearch_data` are links to these.
    "/var/cache/postgresql/dicts",
];

impl Places {
    /// Gathers the places of a server whose programs are in `bindir`; `named` are folders that `pg_config` tells.
    pub fn of(bindir: &Path, named: Vec<PathBuf>, write: PathBuf, root: PathBuf) -> Places {
        let mut read: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
        let program = bindir.join("postgres");
        read.push(program.clone());
        read.extend(named);
        // What is below /usr is named above; elsewhere an installation is a folder of its own.
        if let Some(prefix) = bindir.parent().filter(|prefix| prefix.parent().is_some_and(is_deep)) {
            read.push(prefix.to_owned());
        }
        if bindir.starts_with("/nix/store") {
            read.push("/nix/store".into());
        }
        read.retain(|path| path.exists());
        Places { program, read, write, root }
    }
}

fn is_deep(path: &Path) -> bool {
    path.components().count() > 1
}

/// Becomes a scratch server, where this process was started by itself for that, and never returns then.
///
/// A program that calls this before anything else, while it has one thread, can give an ordinary user's servers namespaces.
///
/// # Errors
/// [`Error::Run`] where it was started for that and cannot be one; the program is to end then.
pub fn become_server() -> Result<(), Error> {
    here::become_server()
}

/// Starts a server behind all fences that can be put up here, and returns which. What it writes goes to `log`.
pub(crate) fn spawn(command: &mut Command, places: &Places, log: &File) -> io::Result<(Child, Fences)> {
    here::spawn(command, places, log)
}

#[cfg(target_os = "linux")]
pub(crate) use here::behind_namespaces;

#[cfg(target_os = "linux")]
mod here {
    use std::thread;

    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus,
        RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
        path_beneath_rules,
    };
    use nix::sched::{CloneFlags, unshare};
    use nix::unistd::geteuid;

    use super::{Child, Command, Fences, File, Places, io};
    use crate::interpreter::interpreter;
    use crate::standing::Standing;
    use crate::{Error, again, own_root, seccomp};

    /// The newest version of Landlock whose rights are known here; older kernels hold what they can.
    const NEWEST: ABI = ABI::V6;

    pub fn become_server() -> Result<(), Error> {
        again::become_server()
    }

    pub fn spawn(command: &mut Command, places: &Places, log: &File) -> io::Result<(Child, Fences)> {
        let mut no_namespaces = None;
        if !geteuid().is_root() {
            match again::spawn(command, places, log) {
                Ok(started) => return Ok(started),
                Err(why) => no_namespaces = Some(why.to_string()),
            }
        }
        let behind = || {
            let fences = raise(places, no_namespaces);
            command.spawn().map(|child| (child, fences))
        };
        let joined = thread::scope(|scope| scope.spawn(behind).join());
        joined.unwrap_or_else(|_| Err(io::Error::other("the thread that starts the server panicked")))
    }

    /// Puts up the fences around the calling thread; namespaces only if nothing is known against them.
    fn raise(places: &Places, no_namespaces: Option<String>) -> Fences {
        let own = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWPID;
        let network = no_namespaces.is_none() && unshare(own).is_ok();
        // Nothing is mounted any more behind Landlock.
        let root = match no_namespaces {
            None => own_root::enter(places).map_err(|why| why.to_string()),
            Some(why) => Err(why),
        };
        let landlock = restrict(places);
        let seccomp = seccomp::refuse();
        Standing { network, processes: network, root, landlock, seccomp }.tell()
    }

    /// Puts up the other fences in a process that has a root folder and namespaces of its own, but for processes: its
    /// number must stay.
    pub fn behind_namespaces(places: &Places) -> Fences {
        let (landlock, seccomp) = (restrict(places), seccomp::refuse());
        Standing { network: true, processes: false, root: Ok(()), landlock, seccomp }.tell()
    }

    /// Puts up Landlock, and returns its version in this kernel.
    fn restrict(places: &Places) -> Result<i32, String> {
        let mut run = vec![places.program.clone()];
        // Only a program of an unknown kind has none that is seen; the server does not start then, which is told.
        run.extend(interpreter(&places.program).map_err(|why| why.to_string())?);
        let dev = ["/dev/zero", "/dev/random", "/dev/urandom"];
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let write = AccessFs::from_all(NEWEST)
            & !(AccessFs::Execute | AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::IoctlDev);
        let restrict = |read: BitFlags<AccessFs>| -> Result<RestrictionStatus, RulesetError> {
            Ruleset::default()
                .set_compatibility(CompatLevel::BestEffort)
                .handle_access(AccessFs::from_all(NEWEST))?
                .handle_access(AccessNet::from_all(NEWEST))?
                .scope(Scope::from_all(NEWEST))?
                .create()?
                .add_rules(path_beneath_rules(&places.read, read))?
                .add_rules(path_beneath_rules(dev, AccessFs::ReadFile))?
                .add_rules(path_beneath_rules(["/dev/null"], AccessFs::ReadFile | AccessFs::WriteFile))?
                .add_rules(path_beneath_rules(&run, AccessFs::Execute | AccessFs::ReadFile))?
                .add_rules(path_beneath_rules([&places.write], write))?
                .restrict_self()
        };
        let status = restrict(read).map_err(|error| error.to_string())?;
        match (status.ruleset, status.landlock) {
            (RulesetStatus::NotEnforced, _) => Err("not in this kernel".to_owned()),
            (_, LandlockStatus::Available { effective_abi, .. }) => Ok(effective_abi as i32),
            _ => Ok(0),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod here {
    use super::{Child, Command, Fences, File, Places, io};
    use crate::Error;

    pub fn become_server() -> Result<(), Error> {
        Ok(())
    }

    /// Knows no fences of this system.
    pub fn spawn(command: &mut Command, _: &Places, _: &File) -> io::Result<(Child, Fences)> {
        let missing = vec!["files and network: fences are known on Linux only".to_owned()];
        command.spawn().map(|child| (child, Fences { missing, ..Fences::default() }))
    }
}
