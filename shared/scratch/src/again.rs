//! Namespaces for a server of an ordinary user.
//!
//! The kernel gives an ordinary user namespaces only within a user namespace, and that only to a process of a single thread. So
//! the running program is started once more; before it does anything else it goes behind the fences and becomes the
//! server. The places come through its stdin; what was put up is told through its stdout, which ends when the server begins.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use crate::Error;
use crate::child::command_line;
use crate::fence::{self, Fences, Places};
use crate::own_root;

/// Set for the program that is to become a server.
const BECOME_SERVER: &str = "PGDUMPKIT_BECOME_SERVER";

/// Whether this program would become a server when started once more.
static CAN: AtomicBool = AtomicBool::new(false);

/// Becomes a server behind fences, where this process was started for that; else remembers that this program can be.
///
/// # Errors
/// When the server cannot be started that way. The process that wanted it tries another.
pub(crate) fn become_server() -> Result<(), Error> {
    if env::var_os(BECOME_SERVER).is_none() {
        CAN.store(true, Ordering::Relaxed);
        return Ok(());
    }
    let mut written = Vec::new();
    let read = io::stdin().read_to_end(&mut written);
    let places =
        read.ok().and_then(|_| parse(&written)).ok_or_else(|| io::Error::other("no places were told"));
    let program = places.as_ref().map_or_else(|_| PathBuf::from("postgres"), |places| places.program.clone());
    let mut server = Command::new(program);
    server.args(env::args_os().skip(1)).env_remove(BECOME_SERVER);
    server.stdin(Stdio::null()).stdout(io::stderr());
    let source = match places.and_then(|places| enter(&places)) {
        Ok(fences) => match tell(&to_lines(&fences)) {
            Ok(()) => server.exec(),
            Err(error) => error,
        },
        Err(error) => {
            // Whoever does not read it finds no fences, which says the same.
            let _ = tell(&format!("failed {error}\n"));
            error
        }
    };
    Err(Error::Run { command: command_line(&server), source })
}

/// Takes this process, which has one thread, behind the fences.
fn enter(places: &Places) -> io::Result<Fences> {
    let step = |what: &'static str| move |error: io::Error| io::Error::other(format!("{what}: {error}"));
    let (user, group) = (geteuid(), getegid());
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC)
        .map_err(|errno| step("user namespace")(errno.into()))?;
    // Each stays who it is: PostgreSQL refuses to be root, even of such a namespace.
    fs::write("/proc/self/setgroups", "deny").map_err(step("groups of the user namespace"))?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1")).map_err(step("user namespace"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
        .map_err(step("groups of the user namespace"))?;
    own_root::enter(places).map_err(step("mounts in a user namespace"))?;
    Ok(fence::behind_namespaces(places))
}

/// Starts the server through this program, started once more; the error says why that cannot be.
///
/// `command` is the server's; its output goes to `log`.
pub(crate) fn spawn(command: &Command, places: &Places, log: &File) -> io::Result<(Child, Fences)> {
    if !CAN.load(Ordering::Relaxed) {
        return Err(io::Error::other("this program starts no server in a user namespace"));
    }
    // Found even where the file was replaced by a newer one meanwhile.
    let mut again = Command::new("/proc/self/exe");
    again.arg0(command.get_program()).args(command.get_args()).env(BECOME_SERVER, "1");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => again.env(name, value),
            None => again.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        again.current_dir(folder);
    }
    again.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log.try_clone()?);
    let mut child = again.spawn()?;
    match talk(&mut child, places) {
        Ok(fences) => Ok((child, fences)),
        Err(error) => {
            // It gave up by itself, or is of no use.
            let _ = child.kill();
            let _ = child.wait();
            Err(error)
        }
    }
}

/// Tells the places, and returns what was put up.
fn talk(child: &mut Child, places: &Places) -> io::Result<Fences> {
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(&to_bytes(places))?;
    }
    let mut lines = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        stdout.read_to_string(&mut lines)?;
    }
    from_lines(&lines).map_err(io::Error::other)
}

fn tell(lines: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(lines.as_bytes())?;
    stdout.flush()
}

/// Writes places one behind the other, each ended by NUL, which no path holds.
fn to_bytes(places: &Places) -> Vec<u8> {
    let first = [&places.program, &places.write, &places.root];
    let paths = first.into_iter().chain(&places.read);
    paths.flat_map(|path| path.as_os_str().as_bytes().iter().copied().chain([0])).collect()
}

fn parse(bytes: &[u8]) -> Option<Places> {
    let mut paths = bytes.strip_suffix(b"\0")?.split(|byte| *byte == 0);
    let mut next = || paths.next().map(|path| PathBuf::from(OsStr::from_bytes(path)));
    let (program, write, root) = (next()?, next()?, next()?);
    let read = paths.map(|path| OsString::from_vec(path.to_vec()).into()).collect();
    Some(Places { program, read, write, root })
}

/// Writes fences as lines, each with a word in front; the last says that this is all.
fn to_lines(fences: &Fences) -> String {
    let held = fences.held.iter().map(|line| format!("held {line}\n"));
    let missing = fences.missing.iter().map(|line| format!("missing {line}\n"));
    let last = format!("sealed={} enclosed={}\n", fences.sealed, fences.enclosed);
    held.chain(missing).chain([last]).collect()
}

fn from_lines(lines: &str) -> Result<Fences, String> {
    let mut fences = Fences::default();
    for line in lines.lines() {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("held", what) => fences.held.push(what.to_owned()),
            ("missing", what) => fences.missing.push(what.to_owned()),
            (sealed, enclosed) if sealed.starts_with("sealed=") => {
                fences.sealed = sealed == "sealed=true";
                fences.enclosed = enclosed == "enclosed=true";
                return Ok(fences);
            }
            ("failed", why) => return Err(why.to_owned()),
            _ => break,
        }
    }
    Err("the program that was to become the server said nothing of its fences".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_fences_come_through() {
        let read = vec!["/usr/lib".into(), PathBuf::from(OsStr::from_bytes(b"/a\n \xff"))];
        let places = Places { program: "/p".into(), read, write: "/w".into(), root: "/r".into() };
        let back = parse(&to_bytes(&places)).unwrap();
        assert_eq!(format!("{back:?}"), format!("{places:?}"));
        assert!(parse(b"/p\0/w\0").is_none() && parse(b"").is_none() && parse(b"/p\0/w\0/r").is_none());
        for (sealed, enclosed) in [(false, false), (false, true), (true, false), (true, true)] {
            let (held, missing) = (vec!["a b".to_owned()], vec!["c: d".to_owned()]);
            let fences = Fences { held, missing, sealed, enclosed };
            assert_eq!(from_lines(&to_lines(&fences)), Ok(fences));
        }
        assert_eq!(from_lines("failed mounts: no\n"), Err("mounts: no".to_owned()));
        // Half of it is nothing.
        assert!(from_lines("held a\n").is_err() && from_lines("").is_err());
    }
}
