//! What goes with the process when a signal ends it: Ctrl-C, SIGTERM, SIGHUP.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// How long a server may take to end.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// What there is to remove.
static MADE: Mutex<Made> =
    Mutex::new(Made { watched: false, folders: Vec::new(), actions: Vec::new(), last: Vec::new() });

/// What else is to be done.
type Action = Box<dyn FnOnce() + Send>;

/// What is told the signal's name.
type Last = Box<dyn FnOnce(&'static str) + Send>;

struct Made {
    /// Whether a thread waits for signals.
    watched: bool,
    /// Folders, each with the server that runs in it.
    folders: Vec<(PathBuf, Option<Pid>)>,
    /// What else is to be done, by a number.
    actions: Vec<(u64, Action)>,
    /// What is to be done when all that is done, by a number of the same row.
    last: Vec<(u64, Last)>,
}

/// Forgets the action of [`at_signal`] when dropped. While a signal is obeyed, that waits for the process's end.
#[derive(Debug)]
pub struct AtSignal(u64);

/// Has something done, on a thread of its own, when Ctrl-C, SIGTERM or SIGHUP ends this process.
pub fn at_signal(action: impl FnOnce() + Send + 'static) -> AtSignal {
    let mut held = hold();
    let number = held.next();
    held.0.actions.push((number, Box::new(action)));
    AtSignal(number)
}

/// Has something done as [`at_signal`] does, once everything that is to be removed is gone and all else is done; it is told
/// the name of the signal, such as `SIGTERM`.
pub fn last_at_signal(action: impl FnOnce(&'static str) + Send + 'static) -> AtSignal {
    let mut held = hold();
    let number = held.next();
    held.0.last.push((number, Box::new(action)));
    AtSignal(number)
}

impl Drop for AtSignal {
    fn drop(&mut self) {
        let mut held = hold();
        held.0.actions.retain(|(number, _)| *number != self.0);
        held.0.last.retain(|(number, _)| *number != self.0);
    }
}

/// Keeps signals waiting until dropped.
pub(crate) struct Held(MutexGuard<'static, Made>);

/// Keeps signals waiting, so that nothing is made that they do not know of.
pub(crate) fn hold() -> Held {
    let mut made = MADE.lock().unwrap_or_else(|poison| poison.into_inner());
    if !made.watched {
        made.watched = true;
        watch();
    }
    Held(made)
}

impl Held {
    /// Returns a number that no action has.
    fn next(&self) -> u64 {
        let taken = self.0.actions.iter().map(|(number, _)| number);
        let taken = taken.chain(self.0.last.iter().map(|(number, _)| number));
        taken.max().map_or(0, |number| number + 1)
    }

    /// Has a folder removed when a signal comes.
    pub fn remember(mut self, folder: &Path) {
        self.0.folders.push((folder.to_owned(), None));
    }

    /// Has the server in a folder ended when a signal comes.
    pub fn remember_server(mut self, folder: &Path, server: Pid) {
        let known = self.0.folders.iter_mut().find(|(known, _)| known == folder);
        if let Some((_, known)) = known {
            *known = Some(server);
        }
    }
}

/// Leaves a folder and its server to its owner. While a signal is obeyed, this waits for the process's end.
pub(crate) fn forget(folder: &Path) {
    hold().0.folders.retain(|(known, _)| known != folder);
}

/// Leaves the server of a folder to its owner; else as [`forget`].
pub(crate) fn forget_server(folder: &Path) {
    for (_, server) in hold().0.folders.iter_mut().filter(|(known, _)| known == folder) {
        *server = None;
    }
}

fn watch() {
    let ignored = ignored();
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0);
    // Without it, the warden cleans up, and it is the system that is out of memory or processes.
    let Ok(mut signals) = Signals::new(wanted) else { return };
    let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever() {
            // Never given back: whoever wants to clean up from here on waits for the end.
            let mut made = MADE.lock().unwrap_or_else(|poison| poison.into_inner());
            for (folder, server) in &made.folders {
                remove(folder, *server);
            }
            for (_, action) in made.actions.drain(..) {
                action();
            }
            for (_, action) in made.last.drain(..) {
                action(name(signal));
            }
            // The process ends as if nobody had caught the signal, and who waits for it sees that.
            let _ = emulate_default_handler(signal);
        }
    });
}

fn name(signal: i32) -> &'static str {
    match signal {
        SIGINT => "SIGINT",
        SIGTERM => "SIGTERM",
        _ => "SIGHUP",
    }
}

fn remove(folder: &Path, server: Option<Pid>) {
    if let Some(server) = server {
        let begin = Instant::now();
        let mut signal = Signal::SIGQUIT;
        let _ = kill(server, signal);
        while let Ok(WaitStatus::StillAlive) = waitpid(server, Some(WaitPidFlag::WNOHANG)) {
            if signal == Signal::SIGQUIT && begin.elapsed() > STOP_LIMIT {
                signal = Signal::SIGKILL;
                let _ = kill(server, signal);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }
    // What is being written at this moment may need a second look; what stays then is left to the next run.
    for _ in 0..3 {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => thread::sleep(Duration::from_millis(20)),
            _ => break,
        }
    }
}

/// Returns the signals that we were started to ignore, as by `nohup`, one bit each; proc(5). They stay ignored.
fn ignored() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = text.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
