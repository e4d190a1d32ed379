//! What killed runs left behind: their folders and the servers in them, and nothing else.

use std::fs::{self, File, Metadata, TryLockError};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use crate::child::run;
use crate::folder::{KEPT, MARK, OWNER, PREFIX, data_of};

/// A folder that was not claimed yet is somebody's who is just starting, until it is this old: the short time if no
/// process of the number in its name runs.
const STARTING: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(60)];

/// How long a server that is told to end may take.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What was found of runs that are gone.
#[derive(Debug, Default)]
pub struct Leftovers {
    /// The folders that were removed.
    pub removed: Vec<PathBuf>,
    /// The folders that could not be removed, with the system's reason.
    pub failed: Vec<(PathBuf, String)>,
}

/// Removes the folders of processes that are gone, ending the servers that still run in them.
///
/// Only folders that this user's runs made below the folder for temporary files are touched; none of a process that
/// lives, and none that was kept on purpose and whose server runs.
pub fn reap() -> Leftovers {
    let mut found = Leftovers::default();
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return found };
    for entry in entries.flatten() {
        if entry.file_name().as_bytes().starts_with(PREFIX.as_bytes()) {
            remove_if_abandoned(&entry.path(), &mut found);
        }
    }
    found.removed.sort();
    found
}

fn remove_if_abandoned(folder: &Path, found: &mut Leftovers) {
    // Anybody can make a folder of this name in /tmp; only one that we made ourselves is to be trusted.
    let Ok(metadata) = fs::symlink_metadata(folder) else { return };
    if !metadata.is_dir() || metadata.uid() != geteuid().as_raw() || metadata.mode() & 0o067 != 0 {
        return;
    }
    // Held to the end, so that no two processes clean the same folder.
    let _lock = match claim_of(folder) {
        Claim::None if is_forgotten(folder, &metadata) => None,
        Claim::Dead(lock) => Some(lock),
        Claim::None | Claim::Alive | Claim::Foreign => return,
    };
    let data = data_of(folder);
    if folder.join(KEPT).exists() && !servers_of(&data).is_empty() {
        return;
    }
    let begin = Instant::now();
    loop {
        let servers = servers_of(&data);
        if servers.is_empty() || begin.elapsed() > STOP_LIMIT * 2 {
            break;
        }
        let signal = if begin.elapsed() > STOP_LIMIT { Signal::SIGKILL } else { Signal::SIGQUIT };
        for server in servers {
            // It may have ended by itself.
            let _ = kill(server, signal);
        }
        thread::sleep(Duration::from_millis(50));
    }
    match fs::remove_dir_all(folder) {
        Ok(()) => found.removed.push(folder.to_owned()),
        Err(_) if !folder.exists() => {}
        Err(error) => found.failed.push((folder.to_owned(), error.to_string())),
    }
}

/// Who claimed a folder.
enum Claim {
    /// Nobody yet.
    None,
    /// A process that is gone; the lock is ours now.
    Dead(File),
    /// A process that lives.
    Alive,
    /// It is no folder of ours.
    Foreign,
}

fn claim_of(folder: &Path) -> Claim {
    let mut options = File::options();
    options.read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    let mut owner = match options.open(folder.join(OWNER)) {
        Ok(owner) => owner,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Claim::None,
        Err(_) => return Claim::Foreign,
    };
    let mut text = Vec::new();
    match owner.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Claim::Alive,
        Err(TryLockError::Error(_)) => return Claim::Foreign,
    }
    match (&mut owner).take(64).read_to_end(&mut text) {
        Ok(0) => Claim::None,
        Ok(_) if text.starts_with(MARK.as_bytes()) => Claim::Dead(owner),
        _ => Claim::Foreign,
    }
}

/// Says whether a folder that nobody claimed was left by a process that was killed at that moment.
fn is_forgotten(folder: &Path, metadata: &Metadata) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
    let Some(number) = name.and_then(|name| name.split('-').next()?.parse().ok()) else { return false };
    let gone = kill(Pid::from_raw(number), None) == Err(Errno::ESRCH);
    let wait = STARTING[usize::from(!gone)];
    let old = metadata.modified().is_ok_and(|at| at.elapsed().is_ok_and(|age| age > wait));
    old && fs::read_dir(folder).is_ok_and(|entries| entries.flatten().all(|entry| entry.file_name() == OWNER))
}

/// Finds the processes of a data folder's server: those that were started on it, and those that work in it.
fn servers_of(data: &Path) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else { return servers_by_ps(data) };
    let is_server = |process: &Path| {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        let started = words.windows(2).any(|pair| pair[0] == b"-D" && pair[1] == data.as_os_str().as_bytes());
        let name = fs::read(process.join("comm")).unwrap_or_default();
        let ours = [&b"postgres\n"[..], b"initdb\n"].contains(&&*name);
        ours && (started || fs::read_link(process.join("cwd")).is_ok_and(|at| at == data))
    };
    let numbered = entries.flatten().filter_map(|entry| {
        let number = entry.file_name().to_str()?.parse().ok()?;
        is_server(&entry.path()).then(|| Pid::from_raw(number))
    });
    numbered.collect()
}

/// Finds the server where there is no `/proc`.
fn servers_by_ps(data: &Path) -> Vec<Pid> {
    let Ok(output) = run(Command::new("ps").args(["-axo", "pid=,args="])) else { return Vec::new() };
    let wanted = format!("postgres -D {} ", data.display());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter(|line| line.contains(&wanted));
    lines.filter_map(|line| line.split_whitespace().next()?.parse().ok().map(Pid::from_raw)).collect()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::folder::claim;

    #[test]
    fn only_the_folders_of_dead_owners_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let path = parent.path().join(name);
            fs::create_dir_all(path.join("run/data")).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
            path
        };
        let (alive, dead, foreign) = (folder("alive"), folder("dead"), folder("foreign"));
        let (unclaimed, open, link) = (folder("pgdumpkit-1-x"), folder("open"), parent.path().join("link"));
        let _lock = claim(&alive.join(OWNER)).unwrap();
        drop(claim(&dead.join(OWNER)).unwrap());
        fs::write(foreign.join(OWNER), "123\n").unwrap();
        drop(claim(&open.join(OWNER)).unwrap());
        fs::set_permissions(&open, Permissions::from_mode(0o777)).unwrap();
        symlink(&alive, &link).unwrap();
        let mut found = Leftovers::default();
        for folder in [&alive, &dead, &foreign, &unclaimed, &open, &link] {
            remove_if_abandoned(folder, &mut found);
        }
        assert_eq!(found.removed, [dead]);
        assert!(found.failed.is_empty());
        for folder in [&alive, &foreign, &unclaimed, &open, &link] {
            assert!(folder.exists(), "{folder:?}");
        }
    }

    #[test]
    fn another_process_is_no_server() {
        let data = tempfile::tempdir().unwrap();
        let number = std::process::id();
        fs::write(data.path().join("postmaster.pid"), format!("{number}\n")).unwrap();
        assert_eq!(servers_of(data.path()), []);
    }
}
